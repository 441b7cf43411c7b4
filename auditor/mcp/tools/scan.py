"""``scan``."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import GotchaAuditError, UsageError
from auditor.mcp import schemas
from auditor.mcp.calls import Called, call
from auditor.mcp.page import page
from auditor.mcp.roots import located
from auditor.mcp.tools.base import READS, Answer, Asked, Json, Tool
from auditor.report.visible import visible

LIMIT = 300


async def _scan(asked: Asked) -> Answer:
    path = located(asked.text("path", "."), asked.roots)
    folder, names = (path, asked.texts("files")) if path.is_dir() else (_project(path, asked.roots), (str(path),))
    files = [str(_file(folder, name, asked.roots)) for name in names]
    words = ["scan", "--format=json", *(f"--select={one}" for one in asked.texts("select")), *(f"--ignore={one}" for one in asked.texts("ignore"))]
    if fail_on := asked.text("fail_on"):
        words.append(f"--fail-on={fail_on}")
    if asked.flag("strict", default=False):
        words.append("--strict")
    called = await call([*words, "--", *(files or ["."])], folder=folder, limit=asked.number("time_limit", LIMIT), say=asked.say)
    return Answer(content=paged(called, asked))


def paged(called: Called, asked: Asked) -> Json:
    """The page that was asked for; raises GotchaAuditError with what the command said when it gave no report."""
    if called.answer is None:
        raise GotchaAuditError(called.error or f"it ended with exit code {called.code} and no report")
    return page(
        called.answer,
        code=called.code,
        show=asked.texts("show") or ("fail", "review"),
        limit=asked.number("limit", 20),
        offset=asked.number("offset", 0),
    )


def _file(folder: Path, name: str, roots: tuple[Path, ...]) -> Path:
    found = located(str(folder / name), roots)
    if not found.is_relative_to(folder):
        raise UsageError(f"{visible(name)} is outside the project: give its folder as `path`")
    if found.is_dir():
        raise UsageError(f"{visible(name)} is a folder: give it as `path`, to be examined as a whole")
    return found


def _project(file: Path, roots: tuple[Path, ...]) -> Path:
    """The project that a single file belongs to: the root it is below."""
    return next(root for root in roots if file.is_relative_to(root))


SCAN = Tool(
    name="scan",
    title="Scan for production gotchas",
    description=(
        "Find code that passes its tests and breaks in production (served directories, environment variables, CORS, builds, deployment files and "
        "more). Gives the places that FAIL and those to REVIEW, each with the values that led there and the form that works. Executes nothing of the "
        "project. Call it before you say that a task is done. Mend the code; silence a place only with a reason, as `explain` shows."
    ),
    takes=schemas.record(
        {},
        {
            "path": {**schemas.PATH, "description": "A project folder, examined as a whole, or a single file; relative to the root."},
            "files": {
                **schemas.TEXTS,
                "maxItems": 500,
                "description": "Only these files of the project in `path`, relative to it; gotchas between files need a whole scan.",
            },
            "select": {**schemas.TEXTS, "maxItems": 200, "description": "Only these gotchas: ids, globs such as flask/*, or stacks."},
            "ignore": {**schemas.TEXTS, "maxItems": 200, "description": "Not these gotchas."},
            "fail_on": schemas.one_of(
                ("error", "warning", "note"), description="The least severity that makes the verdict `failing` (default: warning)."
            ),
            "strict": {**schemas.FLAG, "default": False, "description": "Let places to review make the verdict `failing` too."},
            **schemas.PAGE,
            "time_limit": schemas.time_limit(LIMIT),
        },
    ),
    gives=schemas.record(schemas.REPORT),
    hints=READS,
    run=_scan,
)
