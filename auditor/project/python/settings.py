"""Settings classes of pydantic: which class is one, and what it builds on."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from auditor.project.python.evaluate import SETTINGS_BASES

if TYPE_CHECKING:
    from auditor.project.python.module import Module
    from auditor.project.python.world import World

_DEEPEST = 5


def lineage(world: World, module: Module, owner: ast.ClassDef, depth: int = 0) -> list[tuple[Module, ast.ClassDef]] | None:
    """The class and those it builds on, when they end in BaseSettings; None when one of them is not known, or it is no settings class."""
    found = [(module, owner)]
    settings = False
    for base in owner.bases:
        name = world.qualify(module, base) or ""
        if name in SETTINGS_BASES:
            settings = True
            continue
        definition = world.definition(name)
        if definition is None or depth > _DEEPEST or not isinstance(definition[1].node, ast.ClassDef):
            return None
        inner = lineage(world, definition[0], definition[1].node, depth + 1)
        if inner is None:
            return None
        found += inner
        settings = True
    return found if settings else None
