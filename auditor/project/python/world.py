"""All Python files of a project: parsed on demand, found by import, searched by word."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Protocol

from auditor.project.python.module import Binding, Module, Scope

_BUILTINS = frozenset(dir(builtins))
_PARSE_ERRORS = (SyntaxError, ValueError, RecursionError, MemoryError)


class Files(Protocol):
    """The part of a project that reading Python needs."""

    def python_paths(self) -> tuple[PurePosixPath, ...]:
        """Every Python file of the project, in order."""

    def source(self, path: PurePosixPath) -> str | None:
        """The decoded text of a file, or None when it cannot be read."""


class World:
    """Modules of one project. Parsing is memoised; a file that does not parse is None here and reported by the engine."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.paths = frozenset(files.python_paths())
        self._modules: dict[PurePosixPath, Module | None] = {}
        self._found: dict[tuple[str, PurePosixPath], PurePosixPath | None] = {}
        self._words: dict[str, tuple[PurePosixPath, ...]] = {}
        self._sources: dict[PurePosixPath, str] | None = None

    def module(self, path: PurePosixPath) -> Module | None:
        """The parsed module at ``path``; None when it is not there or does not parse."""
        if path not in self._modules:
            text = self.files.source(path) if path in self.paths else None
            module = None
            if text is not None:
                try:
                    module = Module(path, text)
                except _PARSE_ERRORS:
                    module = None
            self._modules[path] = module
        return self._modules[path]

    def adopt(self, module: Module) -> None:
        """Take a module that was parsed already."""
        self._modules[module.path] = module

    def containing(self, *words: str) -> tuple[PurePosixPath, ...]:
        """The files whose text holds every word, in order."""
        found: tuple[PurePosixPath, ...] | None = None
        for word in words:
            if word not in self._words:
                self._words[word] = tuple(path for path, text in self._texts() if word in text)
            here = self._words[word]
            found = here if found is None else tuple(path for path in found if path in set(here))
        return found or ()

    def modules_containing(self, *words: str) -> Iterator[Module]:
        """The parsed modules whose text holds every word."""
        for path in self.containing(*words):
            module = self.module(path)
            if module is not None:
                yield module

    def _texts(self) -> Iterator[tuple[PurePosixPath, str]]:
        if self._sources is None:
            self._sources = {}
            for path in sorted(self.paths):
                text = self.files.source(path)
                if text is not None:
                    self._sources[path] = text
        yield from self._sources.items()

    # -- imports ---------------------------------------------------------------------------------------------------------------

    def find(self, dotted: str, importer: PurePosixPath) -> PurePosixPath | None:
        """The project file that ``import dotted`` in ``importer`` would load; leading dots are relative; None for foreign modules.

        Looks next to the importer and upwards (the script's folder, then every folder a server may be started in), then in `src/`.
        """
        key = (dotted, importer)
        if key not in self._found:
            self._found[key] = self._find(dotted, importer)
        return self._found[key]

    def _find(self, dotted: str, importer: PurePosixPath) -> PurePosixPath | None:
        stripped = dotted.lstrip(".")
        level = len(dotted) - len(stripped)
        parts = tuple(part for part in stripped.split(".") if part)
        if level:
            folder = importer.parent
            for _ in range(level - 1):
                folder = folder.parent
            return self._file_at(folder, parts)
        if not parts:
            return None
        folders = [importer.parent, *importer.parent.parents, PurePosixPath("src")]
        for folder in folders:
            found = self._file_at(folder, parts)
            if found is not None and found != importer:
                return found
        return None

    def _file_at(self, folder: PurePosixPath, parts: tuple[str, ...]) -> PurePosixPath | None:
        target = folder.joinpath(*parts)
        package = target / "__init__.py"
        if package in self.paths:
            return package
        if parts:
            file = target.with_name(target.name + ".py")
            if file in self.paths:
                return file
        return None

    # -- names -----------------------------------------------------------------------------------------------------------------

    def qualify(self, module: Module, node: ast.expr, *, depth: int = 0) -> str | None:
        """The dotted name ``node`` stands for, through aliases, `from … import … as …` and re-exports of the project.

        Names defined in the project come back as ``path/to/file.py:name``. None when the expression is no plain name, or a local value.
        """
        if depth > 12:
            return None
        match node:
            case ast.Name(id=name):
                return self._qualify_name(module, module.scope_of(node), name, depth)
            case ast.Attribute(value=value, attr=attribute):
                base = self.qualify(module, value, depth=depth + 1)
                if base is None:
                    return None
                return self._member(base, attribute, depth)
            case _:
                return None

    def _member(self, base: str, attribute: str, depth: int) -> str | None:
        """``attribute`` of what ``base`` names; ``base`` ending in ``.py`` is a project module."""
        if base.endswith(".py"):
            path = PurePosixPath(base)
            module = self.module(path)
            if module is not None and attribute in module.root.bindings:
                return self._qualify_name(module, module.root, attribute, depth + 1) or f"{base}:{attribute}"
            if path.name == "__init__.py":
                inner = self._file_at(path.parent, (attribute,))
                if inner is not None:
                    return str(inner)
            through = self._through_star(module, attribute, depth + 1) if module is not None else None
            return through or f"{base}:{attribute}"
        if base.endswith("/"):
            found = self._file_at(PurePosixPath(base), (attribute,))
            return str(found) if found else None
        return f"{base}.{attribute}"

    def _qualify_name(self, module: Module, scope: Scope, name: str, depth: int) -> str | None:
        owner = scope.lookup(name)
        if owner is None:
            return self._through_star(module, name, depth) or (name if name in _BUILTINS else None)
        bindings = owner.bindings[name]
        imports = [binding for binding in bindings if binding.kind == "import"]
        if imports and all(binding.kind in ("import", "other") or _is_fallback(binding) for binding in bindings):
            return self.target(module, imports[0].target, depth)
        if all(binding.kind in ("function", "class") for binding in bindings):
            return f"{module.path}:{name}" if owner is module.root else None
        if owner is module.root and len(bindings) == 1 and isinstance(bindings[0].value, (ast.Name, ast.Attribute)):
            return self.qualify(module, bindings[0].value, depth=depth + 1)  # `send = flask.send_from_directory`
        return None

    def target(self, module: Module, dotted: str, depth: int = 0) -> str | None:
        """What an imported dotted name stands for: a project module (its path), a name of one, or a foreign name as it is."""
        if depth > 12:
            return None
        as_module = self.find(dotted, module.path)
        head, _, last = dotted.rpartition(".")
        if dotted.startswith(".") and not head.strip("."):
            head = "." * (len(dotted) - len(dotted.lstrip(".")))
        owner_path = self.find(head, module.path) if head else None
        if owner_path is not None and last:
            owner = self.module(owner_path)
            if owner is not None and (last in owner.root.bindings):
                return self._qualify_name(owner, owner.root, last, depth + 1) or f"{owner_path}:{last}"
            if as_module is None and owner is not None:
                return self._through_star(owner, last, depth + 1) or f"{owner_path}:{last}"
        if as_module is not None:
            return str(as_module)
        return None if dotted.startswith(".") else dotted

    def _through_star(self, module: Module, name: str, depth: int) -> str | None:
        if depth > 12 or (name in _BUILTINS and name != "exit"):
            return None
        for binding in reversed(module.root.bindings.get("*", [])):
            source = binding.target[: -len("*")].rstrip(".") or binding.target.rstrip("*")
            if binding.target.startswith(".") and not source.strip("."):
                source = binding.target[:-1]
            path = self.find(source, module.path)
            if path is None:
                if not source.startswith("."):
                    return f"{source}.{name}"
                continue
            other = self.module(path)
            if other is not None and name in other.root.bindings:
                return self._qualify_name(other, other.root, name, depth + 1) or f"{path}:{name}"
            if other is not None and "*" in other.root.bindings:
                found = self._through_star(other, name, depth + 1)
                if found:
                    return found
        return None

    def definition(self, qualname: str) -> tuple[Module, Binding] | None:
        """The module and last binding of a project name ``path/to/file.py:name``."""
        path, _, name = qualname.partition(":")
        if not name or "." in name:
            return None
        module = self.module(PurePosixPath(path))
        if module is None or name not in module.root.bindings:
            return None
        return module, module.root.bindings[name][-1]


def _is_fallback(binding: Binding) -> bool:
    """`try: import x` / `except ImportError: x = None`."""
    return binding.kind == "assign" and isinstance(binding.value, ast.Constant) and binding.value.value is None
