"""Front ends behind nginx: whether their own routes are answered, and how long their page is kept.

https://nginx.org/en/docs/http/ngx_http_core_module.html#try_files
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.checks.nginx import once, project_text, site
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.facts.client import Client
from auditor.project.facts.files.dockerfile import copied
from auditor.project.facts.record import Directive, Instruction, Stage
from auditor.project.facts.webserver import Block, placements
from auditor.project.project import Project

_ROUTERS = frozenset({"react-router", "react-router-dom", "vue-router", "@tanstack/react-router", "@angular/router", "wouter", "@solidjs/router"})
_HISTORY = re.compile(r"\b(?:BrowserRouter|createBrowserRouter|createWebHistory|provideRouter|RouterModule\.forRoot|createRouter|Switch|Route)\b")
_HASH = re.compile(
    r"\b(?:HashRouter|createHashRouter|createWebHashHistory|createHashHistory|MemoryRouter|createMemoryRouter|withHashLocation|useHash)\b"
)
_ROUTE = re.compile(r"""\bpath\s*[=:]\s*\{?\s*["'`]/?[\w:-]""")
_PRERENDERED = frozenset({"react-snap", "vite-ssg", "vite-plugin-ssr", "vite-plugin-prerender", "prerender-spa-plugin", "@angular/ssr", "gatsby"})
_STOCK = re.compile(r"^(?:docker\.io/)?(?:library/)?nginx(?::|@|$)")
_STOCK_ROOT = "/usr/share/nginx/html"
_CONFIGURES = re.compile(r"/etc/nginx|\.conf\b|\.template\b|envsubst|docker-entrypoint\.d")
_DEEP = "/deep/link"
_ELSEWHERE = (
    "rewrite",
    "if",
    "return",
    "content_by_lua_block",
    "content_by_lua_file",
    "internal",
    "autoindex",
    "random_index",
    "mirror",
    "auth_request",
)
_LONG = 24 * 3600
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The last stage of a Dockerfile that puts the build of a front end into a folder for nginx."""

    client: Client
    path: PurePosixPath
    stage: Stage
    copy: Instruction
    folder: str


def images(project: Project) -> Iterator[Image]:
    """The images of front ends with routes of their own."""
    clients = [client for client in project.facts.clients if _has_routes(client)]
    for file in project.tree_files if clients else ():
        if file.language != "dockerfile" or file.role != "production":
            continue
        stages = project.facts.record(file.path).stages
        if len(stages) < 2:
            continue
        folder = ""
        for instruction in stages[-1].instructions:
            if instruction.word == "WORKDIR":
                folder = instruction.rest
            pair = copied(instruction)
            source = next((flag.partition("=")[2] for flag in instruction.flags if flag.startswith("--from=")), "")
            if pair is None or not source or pair[1].startswith("/etc/"):
                continue
            client = _built(file.path, stages, source, clients)
            target = pair[1] if pair[1].startswith("/") else str(PurePosixPath(folder or "/") / pair[1])
            if client is not None:
                yield Image(client=client, path=file.path, stage=stages[-1], copy=instruction, folder=target.rstrip("/") or "/")


def _has_routes(client: Client) -> bool:
    """Whether the front end has addresses that only its router knows, all of them paths."""
    if not client.dependencies & _ROUTERS or client.framework or client.dependencies & _PRERENDERED:
        return False
    texts = [module.text for module in client.modules("oute")]
    return (
        any(_HISTORY.search(text) for text in texts) and any(_ROUTE.search(text) for text in texts) and not any(_HASH.search(text) for text in texts)
    )


def _built(path: PurePosixPath, stages: tuple[Stage, ...], source: str, clients: list[Client]) -> Client | None:
    """The front end that a stage builds: the one of the Dockerfile's folder, or the only one whose folder the stage copies."""
    stage = next((one for number, one in enumerate(stages[:-1]) if source in (one.name, str(number))), None)
    if stage is None or not any(one.word == "RUN" and re.search(r"\bbuild\b", one.rest) for one in stage.instructions):
        return None
    here = [client for client in clients if client.root == path.parent]
    if here:
        return here[0]
    sources = [name.strip("./") for one in stage.instructions for name in (copied(one) or ((), ""))[0]]
    named = [client for client in clients if any(str(client.root) == name or name.startswith(f"{client.root}/") for name in sources)]
    return named[0] if len(named) == 1 else None


# -- routes ------------------------------------------------------------------------------------------------------------------------


def spa_without_fallback(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Routes of a front end that nginx looks for on the disk and answers with 404."""
    return once(_spa_without_fallback(project, gotcha, detector), project)


def _spa_without_fallback(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    for image in images(project):
        evidence = Place(path=image.client.root / "package.json", label="the router of this front end makes the addresses")
        if not any(_configures(one) for one in image.stage.instructions):
            if _STOCK.match(image.stage.image) and image.folder == _STOCK_ROOT and not _is_mounted(project):
                place = image.copy.place
                yield Site(gotcha=gotcha.id, outcome=Outcome.FAIL, message=detector.message, place=place, related=(evidence,), scope=place.span)
            continue
        files = {path for path, by in placements(project) if by == image.path}
        for server in project.facts.webserver.servers:
            if server.directive.place.path not in files and not files & set((server.directive.place.path or PurePosixPath()).parents):
                continue
            block = server.serving(_DEEP)
            answer = _falls_back(block, image.folder) if block is not None else None
            if answer is not None and block is not None:
                outcome = Outcome.PASS if answer else Outcome.FAIL
                yield site(gotcha, outcome, "falls back to the page" if answer else detector.message, block.directive, image.copy.place, evidence)


def _configures(instruction: Instruction) -> bool:
    """Whether an instruction may give nginx another configuration than the one the image comes with."""
    if instruction.word in ("CMD", "ENTRYPOINT"):
        return "nginx" not in instruction.rest or re.search(r"\.sh\b|-c\b", instruction.rest) is not None
    return _CONFIGURES.search(f"{instruction.rest} {' '.join(instruction.documents)}") is not None


def _is_mounted(project: Project) -> bool:
    """Whether something else may put a configuration into the container: a mount, a ConfigMap, a chart, a platform."""
    return any(
        "/etc/nginx" in text
        for file in project.tree_files
        if file.language in ("yaml", "shell", "json", "toml")
        for text in project_text(project, file.path)
    )


def _falls_back(block: Block, folder: str) -> bool | None:
    """Whether a path that is no file is answered with the page; None when the block serves other files, or it cannot be told."""
    for around in block.around:
        if around.directive.name in ("location", "server") and (around.passes is not None or around.all(*_ELSEWHERE)):
            return None
    root = block.effective("root", "alias")
    if not root or root[0].args[:1] == () or root[0].args[0].rstrip("/") != folder:
        return None
    tried = next(iter(block.all("try_files")), None)
    if tried is not None and tried.args[-1:] != ("=404",):
        return True
    if tried is not None and any(re.search(r"\.html?$", word) for word in tried.args):
        return True
    pages = block.effective("error_page")
    if pages is None:
        return None
    return any("404" in one.args or "403" in one.args for one in pages)


# -- caching -----------------------------------------------------------------------------------------------------------------------


def index_cached(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """The page of a front end is kept by browsers for longer than a day."""
    return once(_index_cached(project, gotcha, detector), project)


def _index_cached(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterator[Site]:
    if not any(not client.framework for client in project.facts.clients):
        return
    for server in project.facts.webserver.servers:
        entry, page = server.serving(_DEEP), server.serving("/index.html")
        if entry is None or page is None or not any("/index.html" in one.args for one in entry.all("try_files")):
            continue
        if page.passes is not None or page.all("if", "map"):
            continue
        kept = _lifetime(page)
        if kept is not None and kept[1] > _LONG:
            yield site(gotcha, Outcome.FAIL, detector.message.replace("$SETTING", f"{kept[0].name} {' '.join(kept[0].args)}"), kept[0])
        else:
            yield site(gotcha, Outcome.PASS, "the page is asked for again", page.directive)


def _lifetime(block: Block) -> tuple[Directive, float] | None:
    """How long answers of a block may be kept, in seconds, and what says so; None when nothing does or something forbids it."""
    headers = [one for one in block.effective("add_header") or () if one.args[:1] and one.args[0].lower() == "cache-control"]
    values = " ".join(" ".join(one.args[1:]) for one in headers)
    if re.search(r"no-cache|no-store|max-age=0|\$", values):
        return None
    for header in headers:
        age = re.search(r"max-age=(\d+)", values)
        if age is not None:
            return header, float(age.group(1))
    expires = (block.effective("expires") or (None,))[0]
    if expires is None or not expires.args:
        return None
    return expires, _seconds(expires.args[-1])


def _seconds(text: str) -> float:
    """A time as nginx writes it: `30d`, `1y`, `max`; anything that is no length is 0 (https://nginx.org/en/docs/syntax.html)."""
    if text == "max":
        return float("inf")
    return (
        float(sum(int(number) * _UNITS[unit or "s"] for number, unit in re.findall(r"(\d+)([smhdwMy]?)", text)))
        if re.match(r"^[\dsmhdwMy]+$", text)
        else 0
    )
