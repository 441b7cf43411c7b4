"""What docs/validate.md promises is there."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.model import Coverage, Run
from auditor.report.checklist import checklist
from auditor.report.verdict import Verdict
from auditor.runtime.attempts import LIMIT
from auditor.runtime.checks import names

TEXT = (Path(__file__).parent.parent.parent / "docs" / "validate.md").read_text("utf-8")
NOTHING = Run(
    producer="validate",
    subject=".",
    started=datetime(2026, 11, 24, tzinfo=UTC),
    seconds=0,
    stack=(),
    tree="",
    results=(),
    counts={},
    coverage=Coverage(selected=0, scanned=0),
)


@pytest.mark.parametrize("name", names())
def test_every_check_has_its_row(name: str) -> None:
    assert len(re.findall(rf"^\| `{name}` \| [^|]+ \| [^|]+ \|$", TEXT, re.MULTILINE)) == 1


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_row(verdict: Verdict) -> None:
    assert f"| `{verdict}` |" in TEXT


def test_the_checklist_is_that_of_the_report() -> None:
    assert "> " + " · ".join(item.title for item in checklist(NOTHING)) in TEXT


def test_the_limit_of_attempts_is_the_default() -> None:
    assert f"(default {LIMIT})" in TEXT
