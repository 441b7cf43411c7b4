"""Events as the clients send them, and a project for them to be about."""

import json
from pathlib import Path

FAILS = """from flask import Flask, send_from_directory

app = Flask(__name__)


@app.get("/")
def page():
    return send_from_directory("frontend/dist", "index.html")
"""
WORKS = (
    FAILS.replace('"frontend/dist"', "FRONTEND")
    .replace("app = ", 'FRONTEND = Path(__file__).parent.parent / "frontend" / "dist"\napp = ')
    .replace("from flask", "from pathlib import Path\n\nfrom flask", 1)
)

PLAN = {
    "title": "A list of teas",
    "status": "APPROVED",
    "created": "2026-11-24",
    "description": "",
    "tasks": [
        {"id": 1, "name": "List of teas", "description": "", "dependencies": [], "dod": ["a test"], "files": [], "passes": False},
        {"id": 2, "name": "Page", "description": "", "dependencies": [1], "dod": "a test", "files": [], "passes": False},
    ],
}


def project(root: Path, *, web: str = FAILS, status: str | None = "APPROVED") -> Path:
    """A Flask application whose page fails from another directory, with one plan; one entry is selected, so that a scan takes no time."""
    for folder in ("app", "frontend/dist", "docs/plans"):
        (root / folder).mkdir(parents=True)
    (root / "requirements.txt").write_text("flask\n")
    (root / "gotcha-audit.toml").write_text('select = ["flask/relative-send-directory"]\njobs = 1\n')
    (root / "frontend/dist/index.html").write_text("<p>teas</p>\n")
    (root / "app/web.py").write_text(web)
    if status:
        (root / "docs/plans/teas.json").write_text(plan(status))
    return root


def plan(status: str, *, passes: bool = False) -> str:
    tasks = [{**task, "passes": passes} for task in PLAN["tasks"]]  # type: ignore[attr-defined]
    return json.dumps({**PLAN, "status": status, "tasks": tasks}, indent=2) + "\n"


def tool(root: Path, name: str, **arguments: object) -> dict[str, object]:
    """A tool call as Claude Code tells of it (2.1.331)."""
    return {
        "session_id": "0c9d6d3e-5b7e-4f9b-9a5e-1f0a1f1f0a1f",
        "transcript_path": "/home/ada/.claude/projects/shop/0c9d6d3e.jsonl",
        "cwd": str(root),
        "permission_mode": "acceptEdits",
        "hook_event_name": "PostToolUse",
        "tool_name": name,
        "tool_input": arguments,
        "tool_response": {"type": "update"},
        "tool_use_id": "toolu_1",
    }
