"""Paths on their way through nginx: what `proxy_pass` takes off and puts on, against the routes of the application.

With a URI after the host, that URI stands in the place of the location; without one the path is handed on as it came
(https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.checks.demands import Homes, inside
from auditor.checks.nginx import locations, once, project_text, site
from auditor.checks.proxied import Door, doors
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.project import Project
from auditor.project.python.module import Module
from auditor.project.python.values import Instance, Literal, options

_EVERYWHERE: Homes = (PurePosixPath(),)
_APPS = frozenset({"fastapi.FastAPI", "fastapi.applications.FastAPI", "flask.Flask", "flask.app.Flask"})
_ROUTES = frozenset(
    {"include_router", "register_blueprint", "mount", "get", "post", "put", "patch", "delete", "route", "websocket", "api_route", "add_url_rule"}
)
_ASIDE = re.compile(r"^/?(?:$|health|ready|live|ping|status|docs|redoc|openapi|static|assets|media|metrics|favicon|ws|socket|\{|<)")
_CODE = frozenset({"python", "javascript", "typescript", "tsx", "vue", "svelte", "dotenv"})
_SERVED = frozenset({"python", "javascript", "typescript", "json", "yaml", "toml", "dotenv", "shell", "dockerfile", "ini", "procfile"})
_FRAMEWORKS = re.compile(
    r"\bfrom (?:fastapi|flask|django)\b|\bimport (?:flask|django)\b|require\(['\"]express['\"]\)|from ['\"](?:express|@nestjs/core)['\"]"
)
# Werkzeug joins double slashes by itself.
_STRICT = re.compile(
    r"\bfrom (?:fastapi|django)\b|\bimport (?:fastapi|django)\b|require\(['\"]express['\"]\)|from ['\"](?:express|@nestjs/core)['\"]"
)
_UNTOLD = re.compile(
    r"\b(?:url_)?prefix\s*=\s*(?![\"'frb])|root_path|SCRIPT_NAME|APPLICATION_ROOT|setGlobalPrefix\(\s*[^'\"]|\.use\(\s*(?:`|[\w.]+\s*,)|\(\s*f[\"']\{"
)


def proxy_pass_trailing_slash(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A slash too many or too few after `proxy_pass`, so that no request finds its route."""
    return once(_proxy_pass_trailing_slash(project, gotcha, detector), project)


def _proxy_pass_trailing_slash(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    web = project.facts.webserver
    for block in locations(project):
        given = block.passes
        target = web.target(block, given) if given is not None and given.name == "proxy_pass" else None
        if given is None or target is None or len(block.prefix) < 2 or block.all("rewrite"):
            continue
        uri = target.uri or ""
        if block.prefix.endswith("/") and uri and not uri.endswith("/") and not re.search(r"[?=$#.]|[-_]$", uri):
            yield site(gotcha, Outcome.FAIL, _arrives(detector, block.prefix, uri), given)
    for door in doors(project):
        if len(door.block.prefix) < 2 or door.block.all("rewrite"):
            continue
        uri, prefix = door.target.uri or "", door.block.prefix
        segment = prefix.strip("/").split("/")[0]
        if not prefix.endswith("/") and uri == "/" and _is_called(project, prefix) and _is_strict(project, door.homes):
            yield site(gotcha, Outcome.FAIL, _arrives(detector, f"{prefix}/", "//"), door.directive)
        elif uri == "/" and prefix == f"/{segment}/" and (route := _all_below(project, door.homes, segment)) is not None:
            yield site(gotcha, Outcome.FAIL, f"{_arrives(detector, prefix, '/')}, and its routes start with /{segment}", door.directive, route)
        elif not uri and prefix.strip("/") == segment and _knows_nothing_of(project, door, segment):
            yield site(
                gotcha, Outcome.FAIL, f"{_arrives(detector, f'/{segment}/', f'/{segment}/')}, and no route of it has /{segment}", door.directive
            )
        elif target_is_plain(uri, prefix):
            yield site(gotcha, Outcome.PASS, "location and URI end alike", door.directive)


def target_is_plain(uri: str, prefix: str) -> bool:
    """Whether nothing but the prefix is exchanged."""
    return not uri or uri.endswith("/") == prefix.endswith("/")


def _arrives(detector: CheckDetector, prefix: str, uri: str) -> str:
    return detector.message.replace("$PATH", f"{prefix}users").replace("$SEEN", f"{uri}users")


def _texts(project: Project, languages: frozenset[str], homes: Homes = _EVERYWHERE) -> Iterator[str]:
    for file in project.tree_files:
        if file.language in languages and file.role == "production" and inside(file.path, homes):
            yield from project_text(project, file.path)


def _is_called(project: Project, prefix: str) -> bool:
    """Whether code asks for something below the prefix: a location may also be one single address."""
    return any(re.search(rf"[\"'`/]{re.escape(prefix.strip('/'))}/[\w$]", text) for text in _texts(project, _CODE))


def _is_strict(project: Project, homes: Homes) -> bool:
    """Whether the code is one of the frameworks that take `//users` for another path than `/users`."""
    return any(_STRICT.search(text) for text in _texts(project, _CODE, homes))


def _is_framework(project: Project, homes: Homes) -> bool:
    """Whether the code has routes."""
    return any(_FRAMEWORKS.search(text) for text in _texts(project, _CODE, homes))


def _knows_nothing_of(project: Project, door: Door, segment: str) -> bool:
    """Whether the code behind a door surely has no route with the segment: no text in it has it as a part of a path."""
    if door.homes == _EVERYWHERE or not _is_framework(project, door.homes):
        return False
    named = re.compile(rf"[\"'`/(^]{re.escape(segment)}(?:[\"'`/?$)]|\Z)")
    return not any(named.search(text) or _UNTOLD.search(text) for text in _texts(project, _SERVED, door.homes)) and not any(
        "root-path" in text or "root_path" in text for text in _texts(project, frozenset({"yaml", "dockerfile", "shell"}))
    )


def _all_below(project: Project, homes: Homes, segment: str) -> Place | None:
    """A route of the application when all that matter start with the segment; None when one does not or cannot be told."""
    found: Place | None = None
    for module in project.python.world.modules_containing("app"):
        if not inside(module.path, homes):
            continue
        for call in module.calls:
            if not isinstance(call.func, ast.Attribute) or call.func.attr not in _ROUTES or not _is_app(project, module, call.func.value):
                continue
            path = _path(project, module, call)
            if path is None or _UNTOLD.search(module.text):
                return None
            if path.strip("/").split("/")[0] == segment:
                found = found or module.place(call, "a route of the application")
            elif not _ASIDE.match(path):
                return None
    return found


def _is_app(project: Project, module: Module, node: ast.expr) -> bool:
    return any(isinstance(option.value, Instance) and option.value.qualname in _APPS for option in options(project.python.evaluate(module, node)))


def _path(project: Project, module: Module, call: ast.Call) -> str | None:
    """The path a call registers: given, or that of the router or blueprint itself; None when it is not known."""
    routers = call.func.attr in ("include_router", "register_blueprint") if isinstance(call.func, ast.Attribute) else False
    given = next((keyword.value for keyword in call.keywords if keyword.arg in ("prefix", "url_prefix", "path", "rule")), None)
    node = given if given is not None or routers or not call.args else call.args[0]
    if node is not None:
        value = project.python.evaluate(module, node)
        return value.value if isinstance(value, Literal) and isinstance(value.value, str) else None
    made = project.python.evaluate(module, call.args[0]) if routers and call.args else None
    if not isinstance(made, Instance) or made.call is None or made.module is None:
        return None
    own = next((keyword.value for keyword in made.call.keywords if keyword.arg in ("prefix", "url_prefix")), None)
    known = project.python.evaluate(made.module, own) if own is not None else None
    return known.value if isinstance(known, Literal) and isinstance(known.value, str) else None
