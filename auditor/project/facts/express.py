"""Express applications as they are written: the variables that hold one, and the calls on them in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from tree_sitter import Node

from auditor.model import Requirement
from auditor.project.facts.module import Module
from auditor.project.facts.syntax import arguments, bare
from auditor.project.files import normal
from auditor.project.project import Project

_EXPRESS = Requirement(package="express")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call on an application or router at the top of its module, in order. ``kind``: use, route, listen or other; ``method`` as written."""

    module: Module
    node: Node
    method: str
    arguments: tuple[Node, ...]

    def text(self, index: int) -> str:
        """Source of one argument, "" when there is none."""
        return self.module.of(self.arguments[index]) if index < len(self.arguments) else ""

    @property
    def whole(self) -> str:
        """Source of the call."""
        return self.module.of(self.node)


def modules(project: Project) -> Iterator[Module]:
    """The server modules that may hold an Express application or router."""
    for module in project.facts.scripts("express", "Router", "res.header", "setHeader", "socket.io"):
        if project.has(_EXPRESS, module.path) or "express" in module.specifiers:
            yield module


def applications(module: Module) -> dict[str, str]:
    """Name -> ``app`` or ``router`` for every variable made by `express()` or `express.Router()`."""
    found: dict[str, str] = {}
    for node in module.nodes:
        if node.type != "variable_declarator":
            continue
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        if name is None or value is None or name.type != "identifier":
            continue
        inner = bare(value)
        text = re.sub(r"\s", "", module.of(inner))
        if inner.type in ("call_expression", "new_expression") and re.fullmatch(r"(?:new)?(?:express\(\)|require\(['\"]express['\"]\)\(\))", text):
            found[module.of(name)] = "app"
        elif re.fullmatch(r"(?:new)?(?:express\.)?Router\(.*\)|require\(['\"]express['\"]\)\.Router\(.*\)", text):
            found[module.of(name)] = "router"
    return found


def steps(module: Module, name: str) -> list[Step]:
    """The calls on ``name``, in source order, chained ones too."""
    found = []
    for node in module.nodes:
        if node.type != "call_expression":
            continue
        function = node.child_by_field_name("function")
        if function is None or function.type != "member_expression":
            continue
        holder, key = function.child_by_field_name("object"), function.child_by_field_name("property")
        if holder is not None and key is not None and module.of(holder) == name:
            found.append(Step(module=module, node=node, method=module.of(key), arguments=tuple(arguments(node))))
    return sorted(found, key=lambda step: step.node.start_byte)


def imported(project: Project, module: Module, specifier: str) -> Module | None:
    """The project module a relative specifier names."""
    if not specifier.startswith("."):
        return None
    base = normal(str(module.path.parent / specifier))
    for suffix in ("", ".js", ".ts", ".mjs", ".cjs", "/index.js", "/index.ts"):
        target = PurePosixPath(str(base) + suffix)
        if project.file(target) is not None:
            return project.facts.script(target)
    return project.facts.script(PurePosixPath(str(base).removesuffix(".js") + ".ts")) if str(base).endswith(".js") else None
