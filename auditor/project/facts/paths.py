"""Paths in JavaScript: what `path.join(__dirname, "..", "dist")` and its like stand for."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from tree_sitter import Node

from auditor.project.facts.module import Module
from auditor.project.facts.syntax import arguments, bare
from auditor.project.files import normal

_HERE = frozenset({"__dirname", "import.meta.dirname"})
_DEPTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptPath:
    """``anchor`` file: ``text`` is below the root of the project; cwd: below the directory the process runs in; absolute: as it is."""

    anchor: str
    text: str

    def below(self, folder: PurePosixPath) -> PurePosixPath | None:
        """The path in the project, for a process that runs in ``folder``; None for an absolute one."""
        if self.anchor == "file":
            return normal(self.text)
        return normal(str(folder / self.text)) if self.anchor == "cwd" else None


def path_of(module: Module, node: Node, depth: int = 0) -> ScriptPath | None:
    """The path an expression gives; None when a part of it is not known (https://nodejs.org/api/path.html)."""
    node = bare(node)
    if depth > _DEPTH:
        return None
    text = module.of(node)
    match node.type:
        case "string":
            return _plain(text[1:-1]) if "\\" not in text else None
        case "template_string":
            return _template(module, node, depth)
        case "identifier" | "member_expression" if text in _HERE:
            return ScriptPath(anchor="file", text=str(module.path.parent))
        case "identifier":
            declaration = module.declaration(node)
            if declaration is None or declaration.value is None or declaration.kind == "let" or declaration.keys:
                return None
            return path_of(module, declaration.value, depth + 1)
        case "member_expression" if text.endswith((".pathname", ".href")):
            inner = node.child_by_field_name("object")
            return path_of(module, inner, depth + 1) if inner is not None else None
        case "binary_expression":
            return _sum(module, node, depth)
        case "call_expression" | "new_expression":
            return _call(module, node, depth)
        case _:
            return None


def _plain(text: str) -> ScriptPath:
    return ScriptPath(anchor="absolute" if text.startswith("/") else "cwd", text=posixpath.normpath(text) if text else ".")


def _call(module: Module, node: Node, depth: int) -> ScriptPath | None:
    function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
    name = module.of(function).rsplit(".", 1)[-1] if function is not None else ""
    given = arguments(node)
    if name == "cwd" and not given:
        return ScriptPath(anchor="cwd", text=".")
    if name in ("join", "resolve"):
        return _join(module, given, depth, resolves=name == "resolve")
    if name in ("fileURLToPath", "normalize", "String") and len(given) == 1:
        return path_of(module, given[0], depth + 1)
    if name == "dirname" and len(given) == 1:
        if re.search(r"import\.meta\.url|__filename", module.of(given[0])) or _is_filename(module, given[0]):
            return ScriptPath(anchor="file", text=str(module.path.parent))
        inner = path_of(module, given[0], depth + 1)
        return ScriptPath(anchor=inner.anchor, text=posixpath.dirname(inner.text) or ".") if inner is not None else None
    if name == "URL" and len(given) == 2 and module.of(given[1]) == "import.meta.url":
        inner = path_of(module, given[0], depth + 1)
        return ScriptPath(anchor="file", text=posixpath.join(str(module.path.parent), inner.text)) if inner is not None else None
    return None


def _is_filename(module: Module, node: Node) -> bool:
    """Whether a name stands for `fileURLToPath(import.meta.url)`."""
    declaration = module.declaration(node) if node.type == "identifier" else None
    return declaration is not None and declaration.value is not None and "import.meta.url" in module.of(declaration.value)


def _join(module: Module, given: list[Node], depth: int, *, resolves: bool) -> ScriptPath | None:
    whole = ScriptPath(anchor="cwd", text=".")
    for index, argument in enumerate(given):
        part = path_of(module, argument, depth + 1)
        if part is None:
            return None
        if index == 0 or part.anchor == "file" or (part.anchor == "absolute" and resolves):
            whole = part
        else:
            whole = ScriptPath(anchor=whole.anchor, text=posixpath.normpath(posixpath.join(whole.text, part.text.lstrip("/"))))
    return whole


def _template(module: Module, node: Node, depth: int) -> ScriptPath | None:
    text = module.of(node)[1:-1]
    holes = [child for child in node.named_children if child.type == "template_substitution"]
    if not holes:
        return _plain(text)
    if len(holes) > 1 or not text.startswith("${") or not holes[0].named_children:
        return None
    return _added(path_of(module, holes[0].named_children[0], depth + 1), text[len(module.of(holes[0])) :])


def _sum(module: Module, node: Node, depth: int) -> ScriptPath | None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = node.child_by_field_name("operator")
    if left is None or right is None or operator is None or module.of(operator) != "+" or bare(right).type != "string":
        return None
    return _added(path_of(module, left, depth + 1), module.of(bare(right))[1:-1])


def _added(base: ScriptPath | None, tail: str) -> ScriptPath | None:
    return ScriptPath(anchor=base.anchor, text=posixpath.normpath(base.text + tail)) if base is not None else None
