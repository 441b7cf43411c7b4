"""Servers of Python behind a proxy in another container, whose word on the scheme they do not take.

Sources: https://www.uvicorn.org/deployment/#proxies-and-forwarded-headers, https://docs.gunicorn.org/en/stable/settings.html#forwarded-allow-ips
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.checks.starts import Served, gunicorn_settings, served, text_of
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site, span_of
from auditor.project.facts.unit import Unit
from auditor.project.project import Project
from auditor.project.python.module import Module

_SERVERS = frozenset({"fastapi", "gunicorn", "uvicorn"})
_TRUSTS = re.compile(
    r"\b(?:ProxyFix|ProxyHeadersMiddleware|HTTPSRedirectMiddleware|SECURE_PROXY_SSL_HEADER|x_forwarded_proto|X-Forwarded-Proto)\b", re.IGNORECASE
)
_TLS = re.compile(r"^\s*(?:listen\b[^;\n]*\b443\b|ssl_certificate\b)", re.MULTILINE)
_SAYS_SCHEME = re.compile(r"^\s*proxy_set_header\s+[\"']?X-Forwarded-Proto\b", re.MULTILINE | re.IGNORECASE)
_TRAEFIK_TLS = re.compile(r"websecure|certresolver|\.tls=|:443\b", re.IGNORECASE)


def untrusted_headers(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Yield servers in compose files that ignore the `X-Forwarded-Proto` of the proxy beside them, and whose code gives out its own address."""
    for server in served(project):
        launch = server.launch
        if launch.tool not in _SERVERS or launch.kind != "compose":
            continue
        proxy = next(_proxies(project, launch.name), None)
        if proxy is None:
            continue
        modules = [module for path in sorted(server.paths) if (module := project.python.world.module(path)) is not None]
        if _is_trusted(project, server) or any(_TRUSTS.search(module.text) for module in modules):
            yield Site(
                gotcha=gotcha.id, outcome=Outcome.PASS, message="the proxy's word on the scheme counts", place=launch.place, scope=launch.place.span
            )
            continue
        used = next((place for module in modules for place in _addresses(project, module)), None)
        if used is None:
            continue
        doubt = launch.opens or not launch.certain
        yield Site(
            gotcha=gotcha.id,
            outcome=Outcome.REVIEW if doubt else Outcome.FAIL,
            message=f"{detector.message}, unless FORWARDED_ALLOW_IPS is set elsewhere" if doubt else detector.message,
            place=launch.place,
            related=(used, proxy, *launch.trail),
            scope=launch.place.span,
        )


def _is_trusted(project: Project, server: Served) -> bool:
    """Whether the server is told whom to trust: by an option, the environment, or gunicorn's configuration."""
    launch = server.launch
    settings = gunicorn_settings(project, launch) if launch.tool == "gunicorn" else None
    configured = settings is not None and bool({"forwarded_allow_ips", "secure_scheme_headers"} & set(settings.root.bindings))
    return configured or "FORWARDED_ALLOW_IPS" in launch.values or any(word.startswith("--forwarded-allow-ips") for word in launch.words)


def _proxies(project: Project, name: str) -> Iterator[Place]:
    """Where another container takes HTTPS and hands requests on to the service: a configuration of nginx or Caddy, or Traefik in a compose file."""
    host = re.escape(name)
    passes = re.compile(rf"^\s*(?:proxy_pass\s+https?://{host}(?::\d+)?[/;]|server\s+{host}(?::\d+)?\b[^;{{]*;)", re.MULTILINE)
    caddy = re.compile(rf"^\s*reverse_proxy\b[^\n]*\b{host}:\d+", re.MULTILINE)
    for file in project.tree_files:
        if file.role != "production":
            continue
        if file.language == "nginx":
            text = text_of(project, file.path)
            found = passes.search(text)
            if found is not None and _TLS.search(text) and _SAYS_SCHEME.search(text):
                yield _place(file.path, text, found.start())
        elif file.path.name == "Caddyfile":
            text = text_of(project, file.path)
            found = caddy.search(text)
            if found is not None and not re.search(r"^\s*(?::80|http://)", text, re.MULTILINE):
                yield _place(file.path, text, found.start())
        elif file.language == "yaml" and "compose" in file.path.name.lower():
            yield from _traefik(project, file.path, name)


def _traefik(project: Project, path: PurePosixPath, name: str) -> Iterator[Place]:
    units = [unit for unit in project.facts.record(path).units if unit.kind == "compose"]
    proxy = next((unit for unit in units if re.search(r"(?:^|/)traefik(?::|$)", unit.image)), None)
    mine = next((unit for unit in units if unit.name == name), None)
    if proxy is not None and mine is not None and "traefik." in _lines(project, path, mine, units) and _TRAEFIK_TLS.search(text_of(project, path)):
        yield proxy.place


def _lines(project: Project, path: PurePosixPath, unit: Unit, units: list[Unit]) -> str:
    """The text of one service: up to the next one."""
    after = min((other.place.line for other in units if other.place.line > unit.place.line), default=1_000_000)
    return "\n".join(text_of(project, path).split("\n")[unit.place.line - 1 : after - 1])


def _place(path: PurePosixPath, text: str, offset: int) -> Place:
    before = text[: offset + len(text[offset:]) - len(text[offset:].lstrip())]
    return Place(path=path, span=span_of(before.count("\n") + 1), label="takes HTTPS and hands requests on from here")


def _addresses(project: Project, module: Module) -> Iterator[Place]:
    """Where the code makes an absolute address of its own: `request.url_for(…)`, `request.base_url`, `url_for(…, _external=True)`."""
    label = "an address with the scheme that the server saw"
    for call in module.calls:
        if _makes_address(project, module, call):
            yield module.place(call, label)
    for node in module.parents:
        match node:
            case ast.Attribute(value=ast.Name(id="request" | "req"), attr="base_url" | "host_url" | "url_root"):
                yield module.place(node, label)
            case _:
                pass


def _makes_address(project: Project, module: Module, call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id="request" | "req"), attr="url_for"):
            return True
        case _:
            external = (keyword.value for keyword in call.keywords if keyword.arg == "_external")
            is_external = any(isinstance(value, ast.Constant) and value.value is True for value in external)
            return is_external and project.python.world.qualify(module, call.func) == "flask.url_for"
