"""What a renderer is told beside the report: what to show, how wide, in colour or not, and the catalogue's own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

from auditor.model import Gotcha, Outcome, Report, Severity

ENTRY_PAGES = "https://github.com/gotcha-audit/gotcha-audit/blob/main/rules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was seen when an example of an entry was run: ``what`` was looked at, and what was ``seen``, in a line."""

    what: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofNote:
    """What running the examples of an entry showed; ``state`` is `proven`, `stale`, `unproven` or `unprovable`, the last with its ``reason``."""

    state: str
    reason: str = ""
    date: str = ""
    ran: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    fails: tuple[Observation, ...] = ()
    works: tuple[Observation, ...] = ()


def _unproven() -> ProofNote:
    return ProofNote(state="unproven")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryNote:
    """What a renderer may say of an entry: all of it, and where its page is; ``link`` is empty for an entry that has none.

    ``proof`` is called by formats that show it, for entries that they show: looking it up costs a file.
    """

    gotcha: Gotcha
    link: str
    proof: Callable[[], ProofNote] = _unproven

    @property
    def title(self) -> str:
        """The mistake in one line."""
        return self.gotcha.title

    @property
    def works_text(self) -> str:
        """The Works section, as written."""
        return self.gotcha.works_text


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How to render. ``show`` names the outcomes listed one by one (``error`` always is); ``entries`` is keyed by gotcha id.

    ``fail_on`` is the least severity that makes a validation say FAIL, as it does the exit code. Code hosts want paths from the repository:
    ``prefix`` leads from there to the root of the report, and ``anchor`` is the file below the root at which results without one are shown.
    ``suppressed`` says whether formats that can tell a suppressed result from others hold them.
    ``project`` is what to call the project.
    """

    show: tuple[Outcome, ...] = (Outcome.FAIL,)
    colour: bool = False
    width: int = 100
    entries: Mapping[str, EntryNote] = field(default_factory=dict)
    fail_on: Severity = Severity.WARNING
    prefix: PurePosixPath = field(default_factory=PurePosixPath)
    anchor: PurePosixPath | None = None
    suppressed: bool = True
    project: str = ""

    def shows(self, outcome: Outcome) -> bool:
        """Whether results of this outcome are listed one by one: what could not be examined is never left out."""
        return outcome in self.show or outcome is Outcome.ERROR


class Renderer(Protocol):
    """A report as text. Reads nothing but its arguments, decides nothing about exit codes."""

    def __call__(self, report: Report, view: View) -> str:
        """Render ``report`` as ``view`` asks."""
        ...
