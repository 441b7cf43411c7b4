"""A report made by hand, with every kind of result."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath

from auditor.model import (
    Change,
    Checked,
    Confidence,
    Coverage,
    Evidence,
    Example,
    Gotcha,
    Outcome,
    Package,
    Place,
    ProofSpec,
    Report,
    Result,
    Run,
    Safety,
    Severity,
    Suppression,
    Tool,
    span_of,
)
from auditor.report import EntryNote

SEND = "flask/relative-send-directory"
CORS = "flask/cors-any-origin"


def place(path: str, line: int = 0, column: int = 1, end: int | None = None, label: str = "") -> Place:
    span = span_of(line, column, line, end) if line else None
    return Place(path=PurePosixPath(path), span=span, label=label)


def failing(path: str = "app/web.py") -> Result:
    return Result(
        check=SEND,
        outcome=Outcome.FAIL,
        message="Every page answers 404: `DIST` is joined to app.root_path, not to the directory the server was started in",
        place=place(path, 21, 12, 45),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        related=(place("app/config.py", 7, 1, label='DIST is "frontend/dist"'), place("app/web.py", 21, 32, label="passed here")),
        evidence=(Evidence(kind="code", title=f"{path}:21", body='    return send_from_directory(DIST, "index.html")'),),
        change=Change(
            title="anchor the directory to the module",
            safety=Safety.UNSAFE,
            before='return send_from_directory(DIST, "index.html")',
            after='return send_from_directory(os.path.join(app.root_path, "..", DIST), "index.html")',
        ),
        fingerprint="f00d",
    )


def review() -> Result:
    return Result(
        check=CORS,
        outcome=Outcome.REVIEW,
        message="origins come from a setting that could not be followed",
        place=place("app/api.py", 3, 1, 10),
        severity=Severity.WARNING,
        confidence=Confidence.MEDIUM,
    )


def passing() -> Result:
    return Result(
        check=SEND,
        outcome=Outcome.PASS,
        message="anchored",
        place=place("app/ok.py", 4),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
    )


def silenced() -> Result:
    return failing("app/old.py").suppressed(Suppression(origin="comment", reason="served by nginx", place=place("app/old.py", 20)))


def broken() -> Result:
    return Result(
        check="scan/syntax",
        outcome=Outcome.ERROR,
        message="line 3: '(' was never closed",
        place=place("app/broken.py", 3),
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
    )


def made_report(
    *results: Result, notes: tuple[str, ...] = (), checked: tuple[Checked, ...] | None = None, skipped: dict[str, int] | None = None
) -> Report:
    if checked is None:
        checked = (
            Checked(
                gotcha=SEND,
                title="Relative directory passed to send_from_directory",
                fails=1,
                reviews=0,
                passes=1,
                places=(place("app/web.py", 21), place("app/ok.py", 4)),
            ),
            Checked(gotcha=CORS, title="CORS open to any origin", fails=0, reviews=1, passes=0, places=(place("app/api.py", 3),)),
            Checked(gotcha="flask/ok", title="All is well", fails=0, reviews=0, passes=2, places=(place("a.py", 1), place("b.py", 2))),
            Checked(gotcha="flask/unseen", title="Never met here", fails=0, reviews=0, passes=0),
        )
    run = Run(
        producer="scan",
        subject=".",
        started=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
        seconds=0.4219,
        stack=(Package(name="flask", version="3.1.0", evidence=place("requirements.txt", 1)),),
        tree="abc",
        results=results,
        counts={"parsed": 2},
        coverage=Coverage(selected=14, scanned=12, skipped={"generated": 1} if skipped is None else skipped, failed=1),
        checked=checked,
        notes=notes,
    )
    return Report(tool=Tool(name="gotcha-audit", version="0.1.0"), root="/srv/app", runs=(run,))


def note(title: str, works_text: str, link: str = "", gotcha: str = SEND) -> EntryNote:
    """What is said of an entry that has every other text in common with its like."""
    entry = Gotcha(
        id=gotcha,
        title=title,
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        category="static-files",
        stack=gotcha.split("/", maxsplit=1)[0],
        applies=(),
        since="0.1.0",
        symptoms=(),
        summary=f"{title}: what one sees.",
        why=f"{title}: why it bites.",
        fine_when=f"{title}: when it is fine.",
        fails=Example(files={PurePosixPath("a.py"): "wrong()\n"}, marks=frozenset({(PurePosixPath("a.py"), 1)})),
        works=Example(files={PurePosixPath("a.py"): "right()\n"}, marks=frozenset()),
        detectors=(),
        fix=None,
        proof=ProofSpec(plan={}),
        sources=("https://example.org/source",),
        aliases=(),
        digest="abc",
        origin=f"rules/{gotcha}.md",
        fails_text="`a.py`:\n```python\nwrong()\n```\n",
        works_text=works_text,
    )
    return EntryNote(gotcha=entry, link=link)


NOTES = {
    SEND: note("Relative directory", "`a.py`:\n```python\nanchored()\n```\n", f"https://example.org/{SEND}.md"),
    CORS: note("CORS open to any origin", "```python\nCORS(app, origins=[SITE])\n```\n", gotcha=CORS),
}
