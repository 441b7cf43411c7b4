"""What a GitHub workflow says: jobs, and their steps in order."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.model import Place
from auditor.project.facts.unit import Variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """An `if:` as the parser hands it over, line ends included."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One line below `with:`; ``value`` is None when it is no scalar."""

    name: str
    value: str | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. ``shell`` is what holds for it after all defaults, "" for the runner's own choice; ``first`` is the line its script begins at.

    ``forgiven`` is `continue-on-error` as written, "" without. ``variables`` are those of the workflow, the job and the step, the nearest last.
    """

    place: Place
    name: str = ""
    id: str = ""
    uses: str = ""
    run: str = ""
    first: int = 0
    shell: str = ""
    folder: str = ""
    condition: Condition | None = None
    inputs: tuple[Input, ...] = ()
    variables: tuple[Variable, ...] = ()
    forgiven: str = ""

    def given(self, name: str) -> str | None:
        """The value below `with:`, None without."""
        return next((entry.value for entry in self.inputs if entry.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job, or the steps of a composite action. ``events`` are what starts the workflow; ``uses`` a workflow that is called instead.

    ``versions`` are the versions of languages that are written without quotes, wherever the job names them.
    """

    name: str
    place: Place
    steps: tuple[Step, ...] = ()
    events: tuple[str, ...] = ()
    condition: Condition | None = None
    container: bool = False
    runner: str = ""
    uses: str = ""
    forgiven: str = ""
    versions: tuple[Input, ...] = ()
