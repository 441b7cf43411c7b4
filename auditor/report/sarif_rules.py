"""The rules of a SARIF log: what code scanning says about each kind of finding, once."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.model import Confidence, Gotcha, Severity
from auditor.report.json_v1 import Json
from auditor.report.own_checks import described
from auditor.report.view import View
from auditor.report.visible import cropped, encodable

_LONGEST = 1024
"""The longest description that code scanning takes:
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support#reportingdescriptor-object"""

_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}
_WORD = re.compile(r"[A-Za-z0-9]+")


def rule(check: str, severity: Severity, confidence: Confidence, view: View) -> dict[str, Json]:
    """A reportingDescriptor (SARIF 2.1.0 §3.49) with everything that code scanning shows; severity and confidence are those of its first result."""
    note = view.entries.get(check)
    if note is None:
        title, page = described(check)
        text = f"{title}. The check is called {check}."
        return _descriptor(check, title, text, {"text": text, "markdown": f"{text}\n\n[Documentation]({page})"}, page, severity, confidence, ())
    gotcha = note.gotcha
    page = note.link or next(iter(gotcha.sources), "")
    help_texts: dict[str, Json] = {"text": encodable(_plain(gotcha)), "markdown": encodable("\n\n".join(_markdown(gotcha, note.link)))}
    tags = tuple(dict.fromkeys(("production", gotcha.category, gotcha.stack)))
    return _descriptor(check, gotcha.title, gotcha.summary or gotcha.title, help_texts, page, gotcha.severity, gotcha.confidence, tags)


def _descriptor(
    check: str,
    title: str,
    summary: str,
    help_texts: dict[str, Json],
    page: str,
    severity: Severity,
    confidence: Confidence,
    tags: tuple[str, ...],
) -> dict[str, Json]:
    found: dict[str, Json] = {
        "id": encodable(check),
        "name": "".join(word[:1].upper() + word[1:] for word in _WORD.findall(check)),
        "shortDescription": {"text": encodable(cropped(_sentence(title), _LONGEST))},
        "fullDescription": {"text": encodable(cropped(_sentence(" ".join(summary.split())), _LONGEST))},
        "help": help_texts,
        "defaultConfiguration": {"level": severity.value},
        "properties": {
            "tags": [encodable(tag) for tag in tags or ("production",)],
            "precision": confidence.value,
            "problem.severity": _PROBLEMS[severity],
        },
    }
    if page:
        found["helpUri"] = encodable(page)
    return found


def _sentence(text: str) -> str:
    """Viewers run texts together: each ends like a sentence."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _plain(gotcha: Gotcha) -> str:
    parts = (gotcha.summary, gotcha.why, f"gotcha-audit explain {gotcha.id}")
    return "\n\n".join(part for part in parts if part)


def _markdown(gotcha: Gotcha, link: str) -> Iterator[str]:
    yield gotcha.summary
    sections = (("Fails", gotcha.fails_text), ("Works", gotcha.works_text), ("Why", gotcha.why), ("When it is fine", gotcha.fine_when))
    for heading, text in sections:
        if text.strip():
            yield f"## {heading}"
            yield text.strip()
    if gotcha.sources:
        yield "## Sources"
        yield "\n".join(f"- <{source}>" for source in gotcha.sources)
    yield f"[The whole entry]({link})" if link else f"`gotcha-audit explain {gotcha.id}`"
