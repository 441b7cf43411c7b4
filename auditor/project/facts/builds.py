"""Where each front end of a project builds to, and what says so.

Vite https://vite.dev/config/build-options#build-outdir, Create React App https://create-react-app.dev/docs/advanced-configuration/, Next
https://nextjs.org/docs/app/api-reference/config/next-config-js/output, Angular https://angular.dev/reference/configs/workspace-config,
webpack https://webpack.js.org/configuration/output/#outputpath, Vue CLI https://cli.vuejs.org/config/#outputdir,
Parcel https://parceljs.org/features/cli/, Astro https://docs.astro.build/en/reference/configuration-reference/#outdir.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.model import Confidence, Place, span_of
from auditor.project.facts.steps import simple
from auditor.project.files import normal
from auditor.project.manifests import PackageJson
from auditor.project.text import Unreadable

if TYPE_CHECKING:
    from tree_sitter import Node

    from auditor.project.facts.module import Module
    from auditor.project.project import Project

DEFAULTS = {
    "@angular/cli": "dist",
    "@craco/craco": "build",
    "@sveltejs/kit": "build",
    "@vue/cli-service": "dist",
    "astro": "dist",
    "esbuild": "dist",
    "gatsby": "public",
    "next": "out",
    "nuxt": "dist",
    "parcel": "dist",
    "react-scripts": "build",
    "rollup": "dist",
    "vite": "dist",
    "webpack": "dist",
}
"""Build tool -> the folder it writes to unless told otherwise."""

BUILT = ("build", "dist", "out")
"""Folders that front ends are built to and that none keeps its source in."""

_MOVES_OUTPUT = re.compile(
    r"\b(?:laravel-vite-plugin|@sveltejs/kit|vike|vite-plugin-ssr|vinxi|nitro|@tanstack/[\w-]*start|electron-vite|vite-plugin-electron|@crxjs|"
    r"@react-router/dev|@remix-run|vite-plugin-ruby|vite-plugin-symfony|mergeConfig|environments|builder)\b"
)
"""What in a Vite configuration may send the output elsewhere."""

_WRAPPERS = r"(?:^|[\s/])"
_COMMANDS = (
    ("vite", re.compile(_WRAPPERS + r"(?:rolldown-)?vite(?:\.js)?\s+build\b(.*)")),
    ("react-scripts", re.compile(_WRAPPERS + r"(?:react-scripts|react-app-rewired|craco)\s+build\b(.*)")),
    ("next", re.compile(_WRAPPERS + r"next\s+build\b(.*)")),
    ("@angular/cli", re.compile(_WRAPPERS + r"ng\s+(?:build|b)\b(.*)")),
    ("@vue/cli-service", re.compile(_WRAPPERS + r"vue-cli-service\s+build\b(.*)")),
    ("parcel", re.compile(_WRAPPERS + r"parcel\s+build\b(.*)")),
    ("astro", re.compile(_WRAPPERS + r"astro\s+build\b(.*)")),
    ("gatsby", re.compile(_WRAPPERS + r"gatsby\s+build\b(.*)")),
    ("webpack", re.compile(_WRAPPERS + r"webpack(?:-cli)?(?![\w.-]|\s+(?:serve|watch|dev-server))(?:\s+build)?(?=\s|$)(.*)")),
)
_OTHERS = re.compile(
    r"(?:^|[\s/])(?:rollup|esbuild|tsup|unbuild|nuxt\w*|svelte-kit|remix|react-router|vinxi|gulp|grunt|browserify|rspack|rsbuild|farm|snowpack|ember|nx|turbo"
    r"|lerna|bun\s+build|make|bash|sh|node|tsx|ts-node|python\d?|deno|electron-vite|electron-builder|storybook|mix|encore)(?=\s|$)"
)
_TEXT_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One build of the front end in ``root``; ``output`` is the folder it writes to, None when that cannot be told.

    ``confidence`` is high when a configuration or the command says so or the default surely holds, low when it was guessed from a dependency.
    """

    root: PurePosixPath
    tool: str
    output: PurePosixPath | None
    place: Place
    confidence: Confidence
    script: str = ""

    @property
    def candidates(self) -> tuple[PurePosixPath, ...]:
        """Where it may write to: its output, or every folder tools use when that cannot be told."""
        return (self.output,) if self.output is not None else tuple(self.root / name for name in BUILT)

    @property
    def is_sure(self) -> bool:
        """Whether the output is known beyond doubt."""
        return self.output is not None and self.confidence is Confidence.HIGH


def builds(project: Project) -> tuple[Build, ...]:
    """The builds of every package.json, in order of folders; the scripts decide, and where none builds, the dependencies."""
    found: list[Build] = []
    for file in project.tree_files:
        manifest = project.manifest(file.path.parent) if file.path.name == "package.json" else None
        if manifest is None or PurePosixPath(str(manifest.dir)) != file.path.parent:
            continue
        said = list(dict.fromkeys(_scripted(project, manifest)))
        found += said or _guessed(manifest)
    return tuple(found)


def _guessed(manifest: PackageJson) -> Iterator[Build]:
    for tool, folder in DEFAULTS.items():
        if tool in manifest.dependencies or tool in manifest.dev_dependencies:
            place = Place(path=manifest.dir / "package.json", label=f"{tool} writes to {folder}/ unless told otherwise")
            yield Build(root=manifest.dir, tool=tool, output=manifest.dir / folder, place=place, confidence=Confidence.LOW)


def _scripted(project: Project, manifest: PackageJson) -> Iterator[Build]:
    lines = _lines(project, manifest.dir / "package.json")
    for name, text in list(manifest.scripts.items())[:_TEXT_STEPS]:
        for _, command, folder in simple(text[:2000], "/" + str(manifest.dir).removeprefix(".")):
            where = normal(folder) if folder else None
            place = Place(path=manifest.dir / "package.json", span=span_of(_line(lines, name)), label=f"{name} runs {command[:60]!r}")
            for tool, expression in _COMMANDS:
                called = expression.search(command)
                if called is None:
                    continue
                if where != manifest.dir:
                    yield Build(root=manifest.dir, tool=tool, output=None, place=place, confidence=Confidence.LOW, script=name)
                    break
                for output, evidence in _READERS[tool](_Call(project, manifest, called.group(1), command, place)):
                    sure = Confidence.HIGH if output is not None else Confidence.LOW
                    yield Build(root=manifest.dir, tool=tool, output=output, place=evidence, confidence=sure, script=name)
                break
            else:
                if name.startswith("build") and (other := _OTHERS.search(command)):
                    yield Build(root=manifest.dir, tool=other.group(0).strip(), output=None, place=place, confidence=Confidence.LOW, script=name)


@dataclass(frozen=True, slots=True)
class _Call:
    """A build command of a package.json: the words after the tool, the whole command, and where it stands."""

    project: Project
    manifest: PackageJson
    words: str
    command: str
    place: Place

    @property
    def root(self) -> PurePosixPath:
        return self.manifest.dir

    def option(self, *names: str) -> str | None:
        """The value of a command-line option; None when it is not given."""
        for name in names:
            found = re.search(rf"(?:^|\s){re.escape(name)}(?:=|\s+)[\"']?([^\s\"']+)", self.words)
            if found:
                return found.group(1)
        return None

    def below(self, text: str) -> PurePosixPath | None:
        """A path of a command or configuration, relative to the package; None for one that leaves the project or is not known."""
        if "$" in text or "%" in text or text.startswith(("/", "~")):
            return None
        return normal(str(self.root / text)) if not _leaves(self.root, text) else None

    def config(self, *stems: str) -> PurePosixPath | None:
        for stem in stems:
            for suffix in ("ts", "js", "mts", "mjs", "cjs", "cts"):
                path = self.root / f"{stem}.{suffix}"
                if self.project.exists(path):
                    return path
        return None


def _leaves(root: PurePosixPath, text: str) -> bool:
    depth = len(root.parts)
    for part in PurePosixPath(text).parts:
        depth += -1 if part == ".." else 0 if part == "." else 1
        if depth < 0:
            return True
    return False


_Found = Iterator[tuple[PurePosixPath | None, Place]]


def _default(call: _Call, folder: str, *, why: str = "") -> tuple[PurePosixPath | None, Place]:
    place = call.place
    return call.root / folder, Place(path=place.path, span=place.span, label=why or f"{place.label}, which writes to {folder}/")


def _vite(call: _Call) -> _Found:
    told = call.option("--outDir")
    named = call.option("--config", "-c")
    first = call.words.split()[:1]
    config = normal(str(call.root / named)) if named else call.config("vite.config")
    base: PurePosixPath | None = call.root
    if first and not first[0].startswith("-"):
        base = call.below(first[0])
        config = config if named or base is None else None
    module = call.project.facts.script(config) if config is not None else None
    names = (*call.manifest.dependencies, *call.manifest.dev_dependencies)
    if "--ssr" in call.words or "--app" in call.words or any(_MOVES_OUTPUT.search(name) for name in names):
        yield None, call.place
        return
    if config is not None and (module is None or _MOVES_OUTPUT.search(module.text)):
        yield None, call.place
        return
    root = _setting(module, "root") if module is not None else _Unset()
    if isinstance(root, tuple):
        base = _path(call, root) if base == call.root else base
    elif root is None:
        base = None
    if told is not None:
        known = base is not None and not re.search(r"[$%]|^[/~]", told) and not _leaves(base, told)
        yield (normal(str(base / told)) if base is not None and known else None), call.place
        return
    output = _setting(module, "outDir", "build") if module is not None else _Unset()
    if isinstance(output, tuple):
        yield _joined(call, base, output), output[0].place(output[1], "the output folder is set here")
    elif output is None or base is None:
        yield None, call.place
    else:
        yield base / "dist", _default(call, "dist")[1]


class _Unset:
    """A setting that surely is not there."""


def _setting(module: Module, key: str, inside: str = "") -> tuple[Module, Node] | _Unset | None:
    """The expression of a key of the configuration object (or of one in it); _Unset when there is none, None when it cannot be told."""
    found: list[Node] = []
    if sum(node.type == "object" and _is_config(module, node, "") for node in module.nodes) != 1:
        return None
    for node in module.nodes:
        if node.type == "spread_element" and node.parent is not None and node.parent.type == "object" and _is_config(module, node.parent, inside):
            return None
        if node.type == "shorthand_property_identifier" and module.of(node) in (key, inside) and _is_config(module, node.parent, ""):
            return None
        if node.type != "pair" or node.parent is None:
            continue
        name, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if name is None or value is None:
            continue
        text = module.of(name).strip("'\"")
        if text == key and _is_config(module, node.parent, inside):
            found.append(value)
        elif inside and text == inside and value.type != "object" and _is_config(module, node.parent, ""):
            return None
    if len(found) > 1:
        return None
    return (module, found[0]) if found else _Unset()


def _is_config(module: Module, node: Node | None, inside: str) -> bool:
    """Whether an object is the configuration itself, or the one under its key ``inside``."""
    if node is None or node.type != "object":
        return False
    parent = node.parent
    while parent is not None and parent.type in ("parenthesized_expression", "as_expression", "satisfies_expression", "await_expression"):
        parent = parent.parent
    if parent is None:
        return False
    if inside:
        name = parent.child_by_field_name("key") if parent.type == "pair" else None
        return name is not None and module.of(name).strip("'\"") == inside and _is_config(module, parent.parent, "")
    if parent.type == "arguments" and parent.parent is not None:
        function = parent.parent.child_by_field_name("function")
        return function is not None and "config" in module.of(function).lower()
    if parent.type == "assignment_expression":
        return module.of(parent).startswith(("module.exports", "exports"))
    if parent.type == "variable_declarator":
        name = parent.child_by_field_name("name")
        return name is not None and "config" in module.of(name).lower()
    if parent.type in ("return_statement", "arrow_function"):
        from auditor.project.facts.syntax import enclosing_function  # noqa: PLC0415 - tree-sitter is only loaded where there is a tree

        function = parent if parent.type == "arrow_function" else enclosing_function(parent)
        return function is not None and _is_config_function(module, function)
    return parent.type == "export_statement"


def _is_config_function(module: Module, function: Node) -> bool:
    parent = function.parent
    if parent is not None and parent.type == "arguments" and parent.parent is not None:
        called = parent.parent.child_by_field_name("function")
        return called is not None and "config" in module.of(called).lower()
    return parent is not None and (parent.type == "export_statement" or module.of(parent).startswith("module.exports"))


def _path(call: _Call, setting: tuple[Module, Node]) -> PurePosixPath | None:
    from auditor.project.facts.paths import path_of  # noqa: PLC0415 - tree-sitter is only loaded where there is a configuration to read

    found = path_of(*setting)
    if found is None or (found.anchor == "cwd" and _leaves(call.root, found.text)):
        return None
    return found.below(call.root)


def _joined(call: _Call, base: PurePosixPath | None, setting: tuple[Module, Node]) -> PurePosixPath | None:
    """A path that is relative to ``base`` unless it is anchored."""
    from auditor.project.facts.paths import path_of  # noqa: PLC0415 - as above

    found = path_of(*setting)
    if found is None:
        return None
    if found.anchor == "file":
        return normal(found.text)
    if found.anchor == "absolute" or base is None:
        return None
    if re.search(r"\bresolve\(|\bcwd\(", setting[0].of(setting[1])):
        base = call.root
    return normal(str(base / found.text)) if not _leaves(base, found.text) else None


def _keyed(call: _Call, default: str, key: str, inside: str, config: PurePosixPath | None) -> _Found:
    """The output of a tool whose configuration has one key for it."""
    if config is None:
        yield _default(call, default)
        return
    module = call.project.facts.script(config)
    setting = _setting(module, key, inside) if module is not None else None
    if isinstance(setting, tuple):
        yield _joined(call, call.root, setting), setting[0].place(setting[1], "the output folder is set here")
    elif setting is None:
        yield None, call.place
    else:
        yield _default(call, default)


def _react_scripts(call: _Call) -> _Found:
    told = re.search(r"\bBUILD_PATH=[\"']?([^\s\"']+)", call.command)
    if told:
        yield call.below(told.group(1)), call.place
        return
    for name in (".env.production", ".env"):
        for number, line in enumerate(_lines(call.project, call.root / name), 1):
            found = re.match(r"\s*BUILD_PATH\s*=\s*[\"']?([^\s\"'#]+)", line)
            if found:
                yield call.below(found.group(1)), Place(path=call.root / name, span=span_of(number), label="the output folder is set here")
                return
    config = call.config("craco.config", "config-overrides")
    if config is not None and "appBuild" in "\n".join(_lines(call.project, config)):
        yield None, call.place
        return
    yield _default(call, "build")


def _next(call: _Call) -> _Found:
    config = call.config("next.config")
    text = "\n".join(_lines(call.project, config)) if config is not None else ""
    if "distDir" in text:
        yield None, call.place
    elif re.search(r"\boutput\s*:\s*['\"]export['\"]\s*[,}\n]", text) or "next export" in " ".join(call.manifest.scripts.values()):
        yield _default(call, "out")
        yield _default(call, ".next")
    elif re.search(r"\boutput\s*:(?!\s*['\"])", text):
        yield None, call.place
    else:
        yield _default(call, ".next")


def _angular(call: _Call) -> _Found:
    told = call.option("--output-path")
    path = call.root / "angular.json"
    lines = _lines(call.project, path)
    try:
        data = json.loads("\n".join(lines))
        projects = data["projects"]
        targets = {name: (project.get("architect") or project.get("targets"))["build"] for name, project in projects.items() if _has_build(project)}
        outputs = {name: (target["builder"], (target.get("options") or {}).get("outputPath")) for name, target in targets.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        yield None, call.place
        return
    place = Place(path=path, span=span_of(next((number for number, line in enumerate(lines, 1) if '"outputPath"' in line), 1)), label="set here")
    for name, (builder, said) in outputs.items():
        base, browser = (said.get("base"), said.get("browser", "browser")) if isinstance(said, dict) else (said, "browser")
        base = told or base or f"dist/{name}"
        folder = call.below(base) if isinstance(base, str) else None
        # The application builder puts what the browser gets into a folder of its own.
        yield (folder / browser if folder is not None and str(builder).endswith(":application") and isinstance(browser, str) else folder), place
    if not outputs:
        yield None, call.place


def _has_build(project: object) -> bool:
    targets = (project.get("architect") or project.get("targets")) if isinstance(project, dict) else None
    return isinstance(targets, dict) and "build" in targets


def _vue_cli(call: _Call) -> _Found:
    told = call.option("--dest")
    if told:
        yield call.below(told), call.place
        return
    yield from _keyed(call, "dist", "outputDir", "", call.config("vue.config"))


def _parcel(call: _Call) -> _Found:
    told = call.option("--dist-dir", "-d", "--out-dir")
    if told:
        yield call.below(told), call.place
    elif "targets" in call.manifest.data or "main" in call.manifest.data:
        yield None, call.place
    else:
        yield _default(call, "dist")


def _astro(call: _Call) -> _Found:
    told = call.option("--outDir")
    if told:
        yield call.below(told), call.place
        return
    yield from _keyed(call, "dist", "outDir", "", call.config("astro.config"))


def _gatsby(call: _Call) -> _Found:
    yield _default(call, "public")


def _webpack(call: _Call) -> _Found:
    told = call.option("--output-path", "-o")
    if told:
        yield call.below(told), call.place
        return
    named = call.option("--config", "-c")
    config = normal(str(call.root / named)) if named else call.config("webpack.config")
    if config is None or not call.project.exists(config):
        yield None, call.place
        return
    module = call.project.facts.script(config)
    if module is None or "merge" in module.text:
        yield None, call.place
        return
    yield from _keyed(call, "dist", "path", "output", config)


_READERS: Mapping[str, Callable[[_Call], _Found]] = {
    "@angular/cli": _angular,
    "@vue/cli-service": _vue_cli,
    "astro": _astro,
    "gatsby": _gatsby,
    "next": _next,
    "parcel": _parcel,
    "react-scripts": _react_scripts,
    "vite": _vite,
    "webpack": _webpack,
}


def _lines(project: Project, path: PurePosixPath) -> list[str]:
    try:
        return project.text(path).split("\n")
    except Unreadable:
        return []


def _line(lines: list[str], key: str) -> int:
    return next((number for number, line in enumerate(lines, 1) if re.search(rf'"{re.escape(key)}"\s*:', line)), 1)
