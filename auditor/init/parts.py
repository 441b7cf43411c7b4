"""The parts that a project can be set up with, and which of them one gets without asking."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from auditor.init.agents import agents
from auditor.init.config import config
from auditor.init.edits import Edit, Kept
from auditor.init.found import Found
from auditor.init.pipelines import GITLAB, PRE_COMMIT, github, gitlab, pre_commit

PARTS: dict[str, Callable[[Found], tuple[Edit | Kept, ...]]] = {
    "config": config,
    "pre-commit": pre_commit,
    "github": github,
    "gitlab": gitlab,
    "agents": agents,
}

BY_DEFAULT: dict[str, Callable[[Found], bool]] = {
    "config": lambda _: True,
    "pre-commit": lambda found: found.has(PRE_COMMIT.name) or found.is_repository,
    "github": lambda found: found.has(".github") or (found.is_repository and any("github.com" in remote for remote in found.remotes)),
    "gitlab": lambda found: found.has(GITLAB.name) or (found.is_repository and any("gitlab" in remote for remote in found.remotes)),
    "agents": lambda _: False,
}
"""Whether a part is proposed when nobody names any: where the project shows that it would be used."""


def proposed(found: Found, names: Iterable[str] = ()) -> tuple[Edit | Kept, ...]:
    """What is to be done for the parts of these ``names``, without any for those that suit the project."""
    chosen = set(names) or {name for name, suits in BY_DEFAULT.items() if suits(found)}
    return tuple(step for name, part in PARTS.items() if name in chosen for step in part(found))
