"""Small projects to set up."""

import os
from pathlib import Path

from auditor.init import Edit, Kept, find, proposed

SHOP = {
    "requirements.txt": "flask==3.1.0\ngunicorn==23.0.0\n",
    "Procfile": "web: gunicorn app.web:app\n",
    "app/__init__.py": "",
    "app/web.py": 'from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get("/health")\ndef health():\n    return {"status": "ok"}\n',
    ".git/HEAD": "ref: refs/heads/main\n",
}


def made(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def steps(root: Path, *names: str) -> tuple[Edit | Kept, ...]:
    return proposed(find(root), names)


def the_edit(root: Path, name: str) -> Edit:
    (step,) = steps(root, name)
    assert isinstance(step, Edit), step
    return step


def the_kept(root: Path, name: str) -> Kept:
    (step,) = steps(root, name)
    assert isinstance(step, Kept), step
    return step


def tree(root: Path) -> dict[str, bytes]:
    return {os.fsdecode(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
