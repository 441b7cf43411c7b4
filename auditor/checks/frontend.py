"""Checks of front-end code: what the browser receives after the build."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tree_sitter import Node

from auditor.checks.origins import is_loopback_origin
from auditor.model import Change, CheckDetector, Gotcha, Outcome, Place, Safety, Site, span_of
from auditor.project.facts.client import Client
from auditor.project.facts.conditions import context_of
from auditor.project.facts.module import Module
from auditor.project.facts.syntax import arguments
from auditor.project.project import Project
from auditor.project.text import Unreadable

_BUILT_IN = frozenset({"MODE", "DEV", "PROD", "SSR", "BASE_URL"})
_ASSET = re.compile(
    r"\.(?:png|jpe?g|svg|gif|webp|avif|ico|mp[34]|webm|ogg|wav|pdf|woff2?|ttf|otf|glb|gltf|json|csv|txt|xml|html|zip|hdr|ktx2)(?:[?#].*)?$",
    re.IGNORECASE,
)
_URL = re.compile(r"^(?:https?|wss?)://[^/?#\s'\"`]+", re.IGNORECASE)
_QUIET_ATTRIBUTES = frozenset({"placeholder", "title", "alt", "label", "aria-label", "content", "helperText", "description"})
_CARRIERS = frozenset(
    {
        "binary_expression",
        "template_string",
        "template_substitution",
        "parenthesized_expression",
        "as_expression",
        "satisfies_expression",
        "object",
        "pair",
        "array",
    }
)
_DEVELOPMENT_NAME = re.compile(r"(?i:(?:^|_)(?:dev|develop|development|local|localhost)(?:_|$))|^(?:dev|development|local|localhost)(?=[A-Z])")
_COMPARING = frozenset({"includes", "startsWith", "endsWith", "indexOf", "match", "test", "replace", "replaceAll", "split", "has", "search"})


def _site(gotcha: Gotcha, outcome: Outcome, message: str, place: Place, *, related: tuple[Place, ...] = (), change: Change | None = None) -> Site:
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=place, related=related, change=change, scope=place.span)


def _write(before: str, after: str) -> Change:
    return Change(title="", safety=Safety.UNSAFE, before=before, after=after)


# -- environment -----------------------------------------------------------------------------------------------------------------


def _environment(module: Module, root: str) -> Iterator[tuple[Node, str]]:
    """(node, variable) for every ``root.NAME``, ``root["NAME"]`` and destructuring of ``root``; ``root`` without the name once, as ""."""
    for node in module.nodes:
        if node.type not in ("member_expression", "subscript_expression") or _is_local(module, node):
            continue
        holder = node.child_by_field_name("object")
        if holder is None or _plain(module, holder) != root:
            if _plain(module, node) == root:
                yield from _whole(module, node)
            continue
        key = node.child_by_field_name("property") or node.child_by_field_name("index")
        if key is None:
            continue
        if key.type == "property_identifier":
            yield node, module.of(key)
        elif key.type == "string":
            yield node, module.of(key)[1:-1]


def _plain(module: Module, node: Node) -> str:
    """The source without blanks, `?`, brackets and casts: `(import.meta as any).env` reads `import.meta.env`."""
    return re.sub(r"\bas\s+[\w.]+|[\s?()]", "", module.of(node))


def _whole(module: Module, node: Node) -> Iterator[tuple[Node, str]]:
    parent = node.parent
    if parent is None or parent.type in ("member_expression", "subscript_expression"):
        return
    if parent.type == "variable_declarator":
        pattern = parent.child_by_field_name("name")
        if pattern is not None and pattern.type == "object_pattern":
            for child in pattern.named_children:
                name = child.child_by_field_name("key") or child.child_by_field_name("left") or child
                yield child, module.of(name).strip("'\"")


def process_env(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """`process.env.X` in code that Vite sends to the browser, where it is undefined unless `define` or a plugin replaces it."""
    for client in project.facts.clients:
        if not client.is_vite:
            continue
        for module in client.modules("process"):
            for node, name in _environment(module, "process.env"):
                place = module.place(node)
                replaced = client.replaces(f"process.env.{name}") or client.replaces("process.env") or client.replaces("process")
                if name == "NODE_ENV":
                    yield _site(gotcha, Outcome.PASS, "Vite replaces process.env.NODE_ENV itself", place)
                elif replaced is not None:
                    yield _site(gotcha, Outcome.PASS, "is replaced at build time", place, related=(replaced,))
                elif context_of(module, node).tests_process:
                    yield _site(gotcha, Outcome.PASS, "is only read where `process` exists", place)
                elif client.framework:
                    yield _site(gotcha, Outcome.REVIEW, f"works in code that {client.framework} runs on the server", place)
                else:
                    message = detector.message.replace("$NAME", name) or f"process.env.{name} is undefined in what Vite builds"
                    clean = re.sub(r"^(?:REACT_APP_|VUE_APP_|NEXT_PUBLIC_|VITE_)", "", name)
                    change = _write(module.of(node), f"import.meta.env.VITE_{clean}")
                    yield _site(gotcha, Outcome.FAIL, message, place, related=client.evidence, change=change)


def env_without_prefix(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """`import.meta.env.X` of a name that Vite does not hand to the client."""
    for client in project.facts.clients:
        if not client.is_vite or client.framework:
            continue
        for module in client.modules("import.meta"):
            for node, name in _environment(module, "import.meta.env"):
                place = module.place(node)
                if not name or name in _BUILT_IN:
                    continue
                replaced = client.replaces(f"import.meta.env.{name}") or client.replaces("import.meta.env")
                if client.prefixes is None:
                    yield _site(gotcha, Outcome.REVIEW, "envPrefix cannot be told", place, related=client.evidence)
                elif name.startswith(client.prefixes):
                    yield _site(gotcha, Outcome.PASS, "has the prefix that Vite hands to the client", place)
                elif replaced is not None:
                    yield _site(gotcha, Outcome.PASS, "is replaced at build time", place, related=(replaced,))
                else:
                    message = (
                        detector.message.replace("$NAME", name) or f"{name} lacks the prefix {client.prefixes[0]}: it is undefined in the browser"
                    )
                    change = _write(module.of(node), f"import.meta.env.{client.prefixes[0]}{name}")
                    yield _site(gotcha, Outcome.FAIL, message, place, related=client.evidence, change=change)


def _is_local(module: Module, node: Node) -> bool:
    """Whether the leftmost name is bound in the module: a parameter called `process`, say."""
    while (inner := node.child_by_field_name("object")) is not None:
        node = inner
    return node.type == "identifier" and module.declaration(node) is not None


# -- paths -----------------------------------------------------------------------------------------------------------------------


def public_path(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A path below `/public/` in code: the build copies what is in `public/` to the root, so that the path is not there."""
    for client in project.facts.clients:
        if not client.is_vite:
            continue
        handled = _strips_prefix(client)
        served = _served_below_public(project) or _configured_public(client)
        for module in client.modules("public/"):
            for node, found in _public_paths(module):
                if context_of(module, node).is_compared:
                    continue
                rest = re.sub(r"[?#].*$", "", found.group("rest"))
                there = project.exists(client.root / "public" / rest)
                if not there and not _ASSET.search(rest):
                    continue
                place = module.place(node)
                line = place.span.start.line + module.of(node)[: found.start() + 1].count("\n") if place.span is not None else 1
                place = place if place.span is None or line == place.span.start.line else replace(place, span=span_of(line))
                if handled is not None:
                    yield _site(gotcha, Outcome.PASS, "the project takes the prefix off before use", place, related=(handled,))
                elif served is not None:
                    yield _site(gotcha, Outcome.REVIEW, "this project serves /public", place, related=(served,))
                else:
                    message = detector.message or f"the build puts this file at /{rest}: the path answers 404, or the index page"
                    before, (start, end) = module.of(node), (found.start("path") + 1, found.start("rest") + 1)
                    change = _write(before, f"{before[:start]}/{before[end:]}")
                    yield _site(gotcha, Outcome.FAIL, message, place, related=client.evidence[:1], change=change)


_PUBLIC = re.compile(r"^(?P<path>(?:(?:\.{1,2}/)+|/)?public/(?P<rest>.+))$", re.DOTALL)
_PUBLIC_IN_STYLE = re.compile(r"""url\(\s*["']?(?P<path>/public/(?P<rest>[^"')\s]+))""")
_CLASS = frozenset({"class", "className"})
_HOLE = re.compile(r"\$\{[^{}]*\}")


def _public_paths(module: Module) -> Iterator[tuple[Node, re.Match[str]]]:
    """(node, match) of strings that name a path below public/, or hold `url(/public/…)`; Vite sees neither when it is inside code.

    Paths behind an address of another server (`API + "/public/a.png"`) and Tailwind classes, which become CSS, do not count.
    """
    for node in module.nodes:
        if node.type not in ("string", "template_string") or _is_import(module, node):
            continue
        text = module.of(node)[1:-1]
        if "public/" not in text:
            continue
        parent = node.parent
        if parent is not None and parent.type == "binary_expression" and parent.child_by_field_name("right") == node:
            continue
        flat = _HOLE.sub(lambda hole: "x" * len(hole.group(0)), text)  # keeps every offset
        found = _PUBLIC.match(flat) if "\n" not in text else None
        if found is None and context_of(module, node).attribute not in _CLASS:
            found = _PUBLIC_IN_STYLE.search(flat)
        if found is not None:
            yield node, found


def _configured_public(client: Client) -> Place | None:
    """Where the Vite configuration makes /public a path of its own: the base of the site, or a proxied one."""
    if client.config is None:
        return None
    path, text = client.config
    found = re.search(r"""\bbase\s*:\s*["'`]/public\b|["'`]\^?/public[^"'`]*["'`]\s*:""", text)
    return Place(path=path, span=span_of(text.count("\n", 0, found.start()) + 1), label="/public is served here") if found else None


def _is_import(module: Module, node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    if parent.type in ("import_statement", "export_statement"):
        return True
    holder = parent.parent if parent.type == "arguments" else None
    if holder is None:
        return False
    function = holder.child_by_field_name("function") or holder.child_by_field_name("constructor")
    return function is not None and module.of(function) in ("require", "import", "URL", "import.meta.glob")


def _strips_prefix(client: Client) -> Place | None:
    for module in client.modules("public"):
        for node in module.nodes:
            if node.type == "call_expression":
                function = node.child_by_field_name("function")
                name = function.child_by_field_name("property") if function is not None else None
                if (
                    name is not None
                    and module.of(name) in _COMPARING
                    and any(re.search(r"\^?\\?/?public\\?/?", module.of(given)) for given in arguments(node))
                ):
                    return module.place(node, "the prefix is handled here")
    return None


_MOUNT = re.compile(r"""(?:static_url_path\s*=\s*|mount\(\s*|use\(\s*|location\s+)["']?/public\b""")


def _served_below_public(project: Project) -> Place | None:
    for file in project.tree_files:
        if file.language in ("python", "javascript", "typescript", "nginx"):
            try:
                text = project.text(file.path)
            except Unreadable:
                continue
            if _MOUNT.search(text):
                return Place(path=file.path, label="/public is served here")
    return None


# -- addresses -------------------------------------------------------------------------------------------------------------------


def localhost_url(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A constant address of this very machine in front-end code that production runs."""
    for client in project.facts.clients:
        for module in client.modules("localhost", "127.0.0.1", "0.0.0.0"):  # noqa: S104 - looked for, not bound
            seen: set[int] = set()
            for node in module.nodes:
                if node.type not in ("string", "template_string") or node.id in seen:
                    continue
                text = module.of(node)[1:-1]
                found = _URL.match(text)
                if found is None or not is_loopback_origin(re.sub(r"\$\{.*", "", found.group(0)).rstrip(":")):
                    continue
                if _is_import(module, node) or re.search(r"\s", _HOLE.sub("", text)):
                    continue  # a sentence that names an address is shown to somebody, not asked
                site = _address(client, module, node, gotcha, detector)
                if site is not None:
                    yield site


def _address(client: Client, module: Module, node: Node, gotcha: Gotcha, detector: CheckDetector) -> Site | None:
    context = context_of(module, node)
    place = module.place(node)
    if context.is_compared or context.is_logged or context.is_type or context.attribute in _QUIET_ATTRIBUTES:
        return None
    if context.fallback is not None and (missing := _never_set(client, context.fallback)):
        return _site(gotcha, Outcome.FAIL, f"{context.fallback} {missing}, so that this address is always the one in use", place)
    if context.fallback is not None:
        return _site(gotcha, Outcome.PASS, f"is only the fallback behind {context.fallback}", place)
    if context.development:
        return _site(gotcha, Outcome.PASS, "is used in development only", place)
    verdict, related = _declared(module, node)
    if verdict == "unused":
        return None
    if verdict:
        return _site(gotcha, Outcome.PASS if verdict == "used in development only" else Outcome.REVIEW, f"is {verdict}", place, related=related)
    if context.in_list:
        return None
    message = detector.message or "production asks the visitor's own machine: every call fails there"
    after = "`${import.meta.env.VITE_API_URL}" + re.sub(r"^(?:https?|wss?)://[^/$`]+", "", module.of(node)[1:-1]) + "`"
    return _site(gotcha, Outcome.FAIL, message, place, change=_write(module.of(node), after))


_OPEN_WEBPACK = frozenset({"react-app-rewired", "@craco/craco", "dotenv-webpack", "customize-cra"})
"""Packages that let a project change the webpack configuration of react-scripts, and with it what `process.env` holds."""


def _never_set(client: Client, read: str) -> str:
    """Why a variable is always undefined in this front end; "" when it may be set."""
    found = re.fullmatch(r"(process\.env|import\.meta\.env)\.(\w+)", read)
    if found is None or client.framework or client.replaces(read) is not None:
        return ""
    source, name = found.groups()
    if client.is_vite and source == "import.meta.env" and client.prefixes is not None:
        return "" if name in _BUILT_IN or name.startswith(client.prefixes) else f"lacks the prefix {client.prefixes[0]} and is never set"
    if "react-scripts" in client.dependencies and source == "process.env" and not client.dependencies & _OPEN_WEBPACK:
        return "" if name in ("NODE_ENV", "PUBLIC_URL") or name.startswith("REACT_APP_") else "lacks the prefix REACT_APP_ and is never set"
    return ""


def _declared(module: Module, node: Node) -> tuple[str, tuple[Place, ...]]:
    """What becomes of the variable that holds the address, alone or inside an object.

    "unused", "used in development only" (by its name, or because every use stands in a development branch), "replaced later, under a condition", or
    "" when it is used as it is.
    """
    current = node
    direct = True
    while current.parent is not None and current.parent.type in _CARRIERS:
        direct = direct and current.parent.type not in ("object", "pair", "array")
        current = current.parent
    parent = current.parent
    name = parent.child_by_field_name("name") if parent is not None and parent.type == "variable_declarator" else None
    declaration = module.declaration(name) if name is not None and name.type == "identifier" else None
    if name is None or declaration is None:
        return "", ()
    references = module.references(declaration)
    exported = module.exported_names(declaration)
    named = bool(_DEVELOPMENT_NAME.search(module.of(name)))
    if named and exported:
        return "used in development only", ()
    if not references and not exported:
        return "unused", ()
    contexts = [context_of(module, reference) for reference in references if reference.parent is None or reference.parent.type != "export_specifier"]
    if contexts and not exported and all(context.development or context.fallback for context in contexts):
        return "used in development only", (module.place(references[0], "every use stands in a development branch or behind a setting"),)
    if named:
        return "named for development, but also used outside of it", (module.place(references[0], "used here"),)
    for reference in references if direct else ():
        target = reference.parent
        if target is not None and target.type == "assignment_expression" and target.child_by_field_name("left") == reference:
            return "replaced later, under a condition", (module.place(target, "is given another value here"),)
    return "", ()
