"""The front ends of a project: their files as the browser gets them, and what their bundler replaces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from auditor.model import Place, span_of
from auditor.project.facts.module import Module
from auditor.project.files import normal
from auditor.project.project import Project
from auditor.project.text import Unreadable

_FRONT_END = ("vite", "react", "react-scripts", "vue", "svelte", "@angular/core", "preact", "solid-js", "react-dom", "@vue/cli-service")
_SERVER_FRAMEWORKS = (
    "@sveltejs/kit",
    "nuxt",
    "astro",
    "@remix-run/dev",
    "@react-router/dev",
    "vike",
    "vinxi",
    "@tanstack/react-start",
    "next",
    "electron",
)
_SERVER_MODULES = frozenset(
    {
        "electron",
        "express",
        "fastify",
        "koa",
        "http",
        "https",
        "fs",
        "path",
        "os",
        "child_process",
        "mongoose",
        "net",
        "cluster",
        "@nestjs/core",
        "dotenv",
        "cors",
        "pg",
    }
)
_REPLACING = (
    "vite-plugin-environment",
    "vite-plugin-env-compatible",
    "vite-plugin-node-polyfills",
    "rollup-plugin-polyfill-node",
    "vite-plugin-process-env",
    "@esbuild-plugins/node-globals-polyfill",
)
_CONFIG = re.compile(
    r"(?:^|/)(?:[\w.-]+\.config|\.eslintrc|setupProxy|(?:webpack|rollup|rspack|proxy)[\w.-]*|craco\.config|setupTests|vite-env\.d|gulpfile|Gruntfile)\.[cm]?[jt]sx?$|\.d\.ts$"
)
_ENTRY = re.compile(r"""<script\b[^>]*\bsrc\s*=\s*["']([^"']+)["']""", re.IGNORECASE)
_SUFFIXES = ("", ".tsx", ".ts", ".jsx", ".js", ".mjs", ".vue", ".svelte", "/index.tsx", "/index.ts", "/index.jsx", "/index.js", "/index.vue")
_CODE = frozenset({"javascript", "typescript", "tsx", "vue", "svelte", "astro"})


@dataclass(kw_only=True, eq=False)
class Client:
    """One front end: ``root`` is the folder of its package.json."""

    project: Project
    root: PurePosixPath
    dependencies: frozenset[str]

    @cached_property
    def is_vite(self) -> bool:
        """Whether Vite builds it."""
        return "vite" in self.dependencies and "react-scripts" not in self.dependencies and "next" not in self.dependencies

    @cached_property
    def framework(self) -> str:
        """A framework that runs part of the code on a server; "" if there is none."""
        return next((name for name in _SERVER_FRAMEWORKS if name in self.dependencies), "")

    @cached_property
    def config(self) -> tuple[PurePosixPath, str] | None:
        """The Vite configuration and its text without comments."""
        for suffix in ("ts", "js", "mts", "mjs", "cjs"):
            path = self.root / f"vite.config.{suffix}"
            if self.project.exists(path):
                try:
                    text = self.project.text(path)
                except Unreadable:
                    continue
                return path, re.sub(r"/\*.*?\*/|(?<![:'\"])//[^\n]*", lambda found: re.sub(r"[^\n]", " ", found.group(0)), text, flags=re.DOTALL)
        return None

    @property
    def evidence(self) -> tuple[Place, ...]:
        """Where the configuration says nothing that would help."""
        if self.config is not None:
            return (Place(path=self.config[0], label="the Vite configuration does not replace it"),)
        return (Place(path=self.root / "package.json", label="built with Vite"),)

    @cached_property
    def prefixes(self) -> tuple[str, ...] | None:
        """The prefixes of variables that reach the client (`envPrefix`, by default VITE_); None when they cannot be told."""
        if self.config is None:
            return ("VITE_",)
        found = re.search(r"\benvPrefix\s*:\s*(\[[^\]]*\]|['\"`][^'\"`]*['\"`]|\S+)", self.config[1])
        if found is None:
            return ("VITE_",)
        names = re.findall(r"['\"`]([^'\"`]+)['\"`]", found.group(1))
        return tuple(names) or None

    def replaces(self, expression: str) -> Place | None:
        """Where the build replaces ``expression``: a key of `define`, or a plugin that provides `process.env`."""
        for plugin in _REPLACING:
            if plugin in self.dependencies and expression.startswith("process"):
                return Place(path=self.root / "package.json", label=f"{plugin} provides process.env")
        if self.config is None:
            return None
        path, text = self.config
        written = next((plugin for plugin in _REPLACING if plugin in text), "")
        if written and expression.startswith("process"):
            return Place(path=path, label=f"{written} provides process.env")
        key = re.search(rf"""['"`\[]{re.escape(expression)}['"`\]]\s*:""", text)
        if key is None and "." not in expression:
            block = re.search(r"\bdefine\s*:\s*\{", text)
            key = re.compile(rf"\b{re.escape(expression)}\s*:").search(text, block.end()) if block else None
        if key is None or "define" not in text:
            return None
        return Place(path=path, span=span_of(text.count("\n", 0, key.start()) + 1), label="replaced by `define`")

    def modules(self, *words: str) -> Iterator[Module]:
        """The client's modules that hold one of the words, parsed."""
        for path in self.paths:
            file = self.project.file(path)
            if file is None:
                continue
            try:
                text = self.project.text(path)
            except Unreadable:
                continue
            if any(word in text for word in words):
                module = self.module(path)
                if module is not None:
                    yield module

    def module(self, path: PurePosixPath) -> Module | None:
        """One parsed module."""
        return self.project.facts.script(path)

    @cached_property
    def paths(self) -> tuple[PurePosixPath, ...]:
        """The files the browser gets: those the entries of index.html reach, or all source files when no entry is known."""
        own = [file.path for file in self.project.tree_files if file.language in _CODE and file.role == "production" and self._owns(file.path)]
        names = {str(path) for path in own}
        candidates = [path for path in own if not _CONFIG.search(str(path)) and not _replaced_by_build(path, names)]
        reached = self._reached(frozenset(candidates))
        kept = candidates if not reached else [path for path in candidates if path in reached]
        return tuple(path for path in kept if reached or not self._is_server(path))

    def _owns(self, path: PurePosixPath) -> bool:
        manifest = self.project.manifest(path)
        return manifest is not None and PurePosixPath(str(manifest.dir)) == self.root

    def _is_server(self, path: PurePosixPath) -> bool:
        folders = {part.lower() for part in path.relative_to(self.root).parts[:-1]} if self._owns(path) else set()
        if folders & {"server", "backend", "api", "scripts", "functions", "bin", "tools"} and "src" not in folders:
            return True
        module = self.module(path)
        return module is not None and any(name.removeprefix("node:").split("/")[0] in _SERVER_MODULES for name in module.specifiers)

    def _reached(self, files: frozenset[PurePosixPath]) -> frozenset[PurePosixPath]:
        waiting = [entry for entry in self._entries() if entry in files]
        found = set(waiting)
        while waiting:
            path = waiting.pop()
            module = self.module(path)
            if module is None:
                continue
            text = module.text
            if "import.meta.glob" in text or "require.context" in text:
                return frozenset()  # modules are found by pattern: everything may be reached
            for specifier in module.specifiers:
                target = self._resolve(specifier, path, files)
                if target is not None and target not in found:
                    found.add(target)
                    waiting.append(target)
        return frozenset(found)

    def _entries(self) -> Iterator[PurePosixPath]:
        page = self.root / "index.html"
        if self.project.exists(page):
            try:
                for source in _ENTRY.findall(self.project.text(page)):
                    if "//" not in source:
                        yield normal(str(self.root / source.lstrip("/")))
            except Unreadable:
                return
        for name in ("src/index.js", "src/index.jsx", "src/index.tsx", "src/index.ts", "src/main.js", "src/main.ts", "src/main.jsx", "src/main.tsx"):
            if "vite" not in self.dependencies:
                yield self.root / name

    def _resolve(self, specifier: str, importer: PurePosixPath, files: frozenset[PurePosixPath]) -> PurePosixPath | None:
        bases: list[PurePosixPath] = []
        if specifier.startswith("."):
            bases.append(importer.parent / specifier)
        elif specifier.startswith("/"):
            bases.append(self.root / specifier.lstrip("/"))
        else:
            tail = re.sub(r"^(?:[@~#]|@?\w[\w-]*)/", "", specifier)
            bases += [self.root / "src" / tail, self.root / "src" / specifier, self.root / tail, self.root / specifier]
            bases += [self.root / "src" / specifier.lstrip("@~#")]
        for base in bases:
            whole = str(normal(str(base)))
            clean = whole.removesuffix(".js")
            for suffix in _SUFFIXES:
                for stem in (whole, clean):
                    target = PurePosixPath(stem + suffix)
                    if target in files:
                        return target
        return None


def _replaced_by_build(path: PurePosixPath, names: set[str]) -> bool:
    """Angular's `environment.ts` is replaced by `environment.prod.ts` in production builds."""
    return path.name == "environment.ts" and any(str(path.with_name(f"environment.{word}.ts")) in names for word in ("prod", "production"))


def find(project: Project) -> tuple[Client, ...]:
    """The front ends of a project: every package.json that names a front-end library."""
    found = []
    for file in project.tree_files:
        manifest = project.manifest(file.path) if file.path.name == "package.json" else None
        if manifest is not None:
            names = frozenset(manifest.dependencies) | frozenset(manifest.dev_dependencies)
            if any(name in names for name in _FRONT_END):
                found.append(Client(project=project, root=file.path.parent, dependencies=names))
    return tuple(found)
