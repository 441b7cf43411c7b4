"""What to ask of an application, from its code and its deployment files: health, pages, routes, client routes, origins and the host name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from auditor.checks.origins import is_loopback_origin
from auditor.checks.starts import text_of
from auditor.model import Place, span_of
from auditor.project.facts.launch import Launch
from auditor.project.facts.reached import reached, started
from auditor.project.facts.routes import Route, literal_texts, routes
from auditor.project.project import Project
from auditor.project.python.values import in_production
from auditor.runtime.target import Cors, Endpoint, Start

_MOST = 30
_MOST_LINKS = 10
_HTML = re.compile(
    r"render_template|TemplateResponse|HTMLResponse|index\.html|send_static_file|\brender\(|TemplateView|FileResponse\([^)]*html|<html|<!doctype",
    re.IGNORECASE,
)
_FALLBACK = re.compile(r"index\.html|send_static_file|TemplateView|FileResponse|\brender(?:_template)?\(|sendFile", re.IGNORECASE)
_ALL = re.compile(r"^/(?:<path:\w+>|\{\w+:path\}|\*\w*|\{\*\w+\}|\(\.\*\)|\^?\(?\??:?\.\*.*|\^.*\.\*.*)$")
_HEALTH = re.compile(r"^(?:/api(?:/v\d+)?)?/(?:health|healthz|health[-_]?check|ping|status|ready|readyz|livez)/?$", re.IGNORECASE)
_PROBED = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::[\w${}:-]+)?(?P<path>/[\w./-]*)?")
_CHECKS = re.compile(r"HEALTHCHECK|healthcheck|health_check|\bcurl\b|\bwget\b|urlopen|test:", re.IGNORECASE)
_NAMED = re.compile(r"""^\s*["']?(?:healthCheckPath|healthcheckPath|health_check_path)["']?\s*[:=]\s*["']?(?P<path>/[\w./-]*)""", re.MULTILINE)
_PROBE = re.compile(r"httpGet:\s*\n(?:\s+(?:port|scheme):[^\n]*\n)*\s+path:\s*[\"']?(?P<path>/[\w./-]*)")
_FLY = re.compile(r"^\s*\[\[(?:http_service|services)\.(?:http_)?checks\]\][^\[]*?^\s*path\s*=\s*[\"'](?P<path>/[\w./-]*)", re.MULTILINE)
_ROUTER = re.compile(r"""["'](?:react-router(?:-dom)?|vue-router|wouter|@solidjs/router)["']""")
_LINK = re.compile(r"""\bpath\s*(?:=\s*\{?|:)\s*["'](/[\w/-]+)["']""")
_CHANGES = (
    r"log_?-?out|sign_?-?out|un_?auth|delete|remove|clear|reset|drop|seed|init|shutdown|restart|kill|stream|events|sse|\bws\b|oauth|google|github|callback"
    r"|confirm|verify|export|download|create|fake|generate|send|sync|trigger|update|upload|approve|enable|disable|crawl|scrape|train|backup|migrate"
)
"""What a request of GET should not set off, or what does not answer by itself."""
_FRONT_SERVERS = frozenset({"nginx", "next", "nuxt", "vite", "serve", "http-server", "remix-serve", "react-router-serve", "astro"})


@dataclass(frozen=True)
class Served:
    """The code that a start runs: its Python modules and scripts, and the routes these register."""

    project: Project
    start: Start
    paths: frozenset[PurePosixPath]
    scripts: frozenset[PurePosixPath]

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """All routes that answer GET, also those with parameters."""
        return (*routes(self.project, self.paths), *_express(self.project, self.scripts))

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The routes without parameters that are no pages."""
        found: dict[str, Endpoint] = {}
        html = {route.path for route in self.routes if _HTML.search(route.body)}
        for route in self.routes:
            if route.is_plain and route.path not in html and not re.search(_CHANGES, route.path, re.IGNORECASE):
                found.setdefault(route.path, Endpoint(path=route.path, place=route.place))
        return tuple(found.values())[:_MOST]

    @cached_property
    def falls_back(self) -> Place | None:
        """Where every unknown address is answered with the page of the front end."""
        for route in self.routes:
            if _ALL.match(route.path) and _FALLBACK.search(route.body):
                return route.place
        words = " ".join(self.start.words) + " " + self.start.why
        if re.search(r"\bserve\b.*\s(?:-s|--single)\b|\bvite preview\b", words):
            return self.start.place
        for module in self.project.python.world.modules_containing("errorhandler", "index.html"):
            for call in module.calls if module.path in self.paths else ():
                if (
                    isinstance(call.func, ast.Attribute)
                    and call.func.attr == "errorhandler"
                    and call.args
                    and ast.unparse(call.args[0]) in ("404", "NotFound")
                ):
                    function = module.parents.get(call)
                    if function is not None and _FALLBACK.search(module.source(function)):
                        return module.place(call, "unknown addresses are answered here")
        return None

    def names_folder(self, folder: PurePosixPath) -> bool:
        """Whether the code names a folder as something it serves from."""
        said = re.compile(rf"[\"'`/]{re.escape(folder.name)}[\"'`/]")
        parent = folder.parent.name
        for path in sorted(self.paths | self.scripts):
            if path.is_relative_to(folder.parent) and folder.parent.parts:
                continue
            text = text_of(self.project, path)
            for found in said.finditer(text):
                near = text[max(0, found.start() - 160) : found.end() + 80]
                if re.search(r"static|template|send|directory|serve|frontend|client|DIRS|dist", near, re.IGNORECASE) and (
                    not parent or parent in near or parent in text
                ):
                    return True
        return False


def served(project: Project, start: Start, launch: Launch | None = None) -> Served:
    """What the start imports, where that can be told, else the production code below its folder; that of front ends left out.

    Django finds much of its code by names in settings, so that all of it counts.
    """
    fronts = {build.root for build in project.facts.builds if build.root != start.folder}
    fronts |= {client.root for client in project.facts.clients if client.root != start.folder}
    here = [file for file in project.tree_files if file.role == "production" and file.path.is_relative_to(start.folder)]
    runs_scripts = bool(re.search(r"\b(?:node|npm|yarn|pnpm|next|bun|tsx|serve|vite)\b", " ".join(start.words))) or start.kind == "package.json"
    scripts = frozenset(
        file.path
        for file in here
        if file.language in ("javascript", "typescript", "tsx") and runs_scripts and not any(file.path.is_relative_to(front) for front in fronts)
    )
    paths = frozenset(file.path for file in here if file.language == "python" and not runs_scripts)
    first = started(project, launch or Launch(words=start.words, place=start.place or Place(path=None), bases=(start.folder,)))
    if first is not None and paths and not any("django" in text_of(project, path) for path in (first, start.folder / "manage.py")):
        paths = reached(project, first) & {file.path for file in project.tree_files if file.role == "production"}
    return Served(project, start, paths, scripts)


# -- Express ---------------------------------------------------------------------------------------------------------------------------


def _express(project: Project, paths: frozenset[PurePosixPath]) -> Iterator[Route]:
    """The routes of Express applications, and of the routers they mount under a literal path (https://expressjs.com/en/guide/routing.html)."""
    if not paths:
        return
    from auditor.project.facts.express import Step, applications, imported, modules, steps  # noqa: PLC0415 - tree-sitter is only loaded for scripts
    from auditor.project.facts.module import Module  # noqa: PLC0415
    from auditor.project.facts.syntax import bare  # noqa: PLC0415

    def own(module: Module, name: str, prefix: str, depth: int) -> Iterator[Route]:
        for step in steps(module, name):
            text = step.text(0)
            literal = text[1:-1] if text[:1] in ("'", '"', "`") and "${" not in text else None
            if step.method in ("get", "use") and literal is None and text.startswith("/") and step.method == "get":
                literal = text  # a regular expression
            if step.method == "get" and literal is not None and len(step.arguments) > 1:
                path = "/" + (prefix.rstrip("/") + "/" + literal.strip("/")).strip("/")
                asks = ":" in path or bool(re.search(r"\b(?:req|request)\.query\b|\bquery\b", step.whole))
                yield Route(path=path, place=module.place(step.node, "a route"), framework="express", body=step.whole, asks=asks)
            elif step.method == "use" and depth < 4 and step.arguments:
                yield from mounted(module, step, literal or "", prefix, depth) if literal is not None or text[:1] not in ("'", '"', "`") else ()

    def mounted(module: Module, step: Step, literal: str, prefix: str, depth: int) -> Iterator[Route]:
        last = bare(step.arguments[-1])
        text = module.of(last)
        inside = prefix.rstrip("/") + "/" + literal.strip("/")
        if not literal and re.search(r"sendFile\([^)]*index\.html", text):
            yield Route(path="/*", place=module.place(step.node, "a fallback"), framework="express", body=text, asks=True)
        required = re.match(r"""require\(\s*['"](\.[^'"]+)['"]\s*\)(?:\.default)?$""", text)
        declaration = module.declaration(last) if last.type == "identifier" else None
        specifier = required.group(1) if required else declaration.module if declaration is not None and declaration.kind == "import" else ""
        if specifier:
            other = imported(project, module, specifier)
            if other is not None:
                for name, kind in applications(other).items():
                    if kind == "router":
                        yield from own(other, name, inside, depth + 1)
        elif last.type == "identifier" and applications(module).get(text) == "router":
            yield from own(module, text, inside, depth + 1)

    for module in modules(project):
        if module.path in paths:
            for name, kind in applications(module).items():
                if kind == "app":
                    yield from own(module, name, "", 0)


# -- pages and client routes -----------------------------------------------------------------------------------------------------------


def pages(served: Served) -> tuple[Endpoint, ...]:
    """The page at `/`, when something serves html there."""
    place = _page(served)
    return (Endpoint(path="/", answer="html", place=place),) if place is not None else ()


def _page(served: Served) -> Place | None:
    first = [route for route in served.routes if route.path == "/"]
    if first and all(_HTML.search(route.body) for route in first):
        return first[0].place
    if served.falls_back is not None and not any(route.path == "/" for route in served.routes):
        return served.falls_back
    for module in served.project.python.world.modules_containing("StaticFiles("):
        for call in module.calls if module.path in served.paths else ():
            if isinstance(call.func, ast.Attribute) and call.func.attr == "mount" and call.args and ast.unparse(call.args[0]) in ("'/'", "''"):
                if "html=True" in ast.unparse(call).replace(" ", ""):
                    return module.place(call, "html is served here")
    if served.scripts and (place := _static_root(served)) is not None and not any(route.path == "/" for route in served.routes):
        return place
    tools = {word for text in (*served.start.words, served.start.why) for word in text.split()}
    return served.start.place if tools & _FRONT_SERVERS else None


def _static_root(served: Served) -> Place | None:
    """`app.use(express.static(…))` without a path, over a folder in which an `index.html` lies or to which a front end is built."""
    for path in sorted(served.scripts):
        text = text_of(served.project, path)
        for found in re.finditer(r"\.use\(\s*(?:express|serveStatic)(?:\.static)?\(([^;\n]*)", text):
            names = re.findall(r"[\"'`]([\w./-]+)[\"'`]", found.group(1))
            if not names:
                continue
            below = [base / "/".join(name.strip("/") for name in names) for base in (path.parent, served.start.folder)]
            built = any(names[-1].strip("/").endswith(("build", "dist")) for _ in names)
            if built or any(served.project.exists(folder / "index.html") for folder in below):
                return Place(path=path, span=span_of(text.count("\n", 0, found.start()) + 1), label="html is served here")
    return None


def deep_links(project: Project, served: Served) -> tuple[str, ...]:
    """The client routes without parameters, when the server answers unknown addresses with the page of the front end."""
    if served.falls_back is None:
        return ()
    found: dict[str, None] = {}
    known = {route.path for route in served.routes}
    for file in project.tree_files:
        if file.role == "production" and file.language in ("javascript", "typescript", "tsx", "vue", "svelte"):
            text = text_of(project, file.path)
            if _ROUTER.search(text):
                found |= {link: None for link in _LINK.findall(text) if not link.startswith("/api") and link not in known}
    return tuple(found)[:_MOST_LINKS]


# -- health ----------------------------------------------------------------------------------------------------------------------------


def health(project: Project, launch: Launch | None, served: Served) -> Endpoint | None:
    """The address that a deployment file probes, else a route that is named like one."""
    if launch is not None:
        for path in _deployment_files(project, launch):
            text = text_of(project, path)
            for line, found in _probes(text, launch):
                return Endpoint(path=found or "/", place=Place(path=path, span=span_of(line), label="probed here"))
    for route in served.routes:
        if route.is_plain and _HEALTH.match(route.path):
            return Endpoint(path=route.path, place=route.place)
    return None


def _deployment_files(project: Project, launch: Launch) -> Iterator[PurePosixPath]:
    seen = [launch.place.path, launch.whole.place.path if launch.whole is not None else None]
    if launch.kind == "compose":
        seen += [
            path
            for path in project.facts.deployment_files
            if any(unit.kind == "compose" and unit.name == launch.name for unit in project.facts.record(path).units)
        ]
    if launch.kind in ("procfile", "heroku"):
        seen = []
    yield from dict.fromkeys(path for path in seen if path is not None)


def _probes(text: str, launch: Launch) -> Iterator[tuple[int, str]]:
    """(line, path) of every probe of a file; those of other services of a compose file are left out."""
    if launch.kind == "compose":
        section = re.search(
            rf"^(?P<indent>[ \t]+){re.escape(launch.name)}:[ \t]*\n(?:(?P=indent)[ \t]+[^\n]*\n|[ \t]*\n|[ \t]*#[^\n]*\n)*", text + "\n", re.MULTILINE
        )
        first, part = (section.start(), section.group()) if section is not None else (0, text if "HEALTHCHECK" in text else "")
    else:
        first, part = 0, text
    for expression in (_NAMED, _PROBE, _FLY):
        for found in expression.finditer(part):
            yield text.count("\n", 0, first + found.start("path")) + 1, found["path"]
    lines = part.split("\n")
    for number, line in enumerate(lines):
        around = "\n".join(lines[max(0, number - 3) : number + 1])
        probed = _PROBED.search(line)
        if (
            probed is not None
            and re.search(r"HEALTHCHECK|healthcheck", around, re.IGNORECASE)
            and _CHECKS.search(around)
            and not line.lstrip().startswith("#")
        ):
            yield text.count("\n", 0, first) + number + 1, probed["path"] or "/"


# -- origins and host ------------------------------------------------------------------------------------------------------------------


def cors(project: Project, served: Served) -> tuple[Cors, ...]:
    """The origins that are allowed by literals, asked for the first endpoint; nothing when any origin is, or when one cannot be told."""
    path = next(
        (endpoint.path for endpoint in served.endpoints if endpoint.path.startswith("/api")), served.endpoints[0].path if served.endpoints else ""
    )
    if not path:
        return ()
    for place, origins, credentials in _policies(project, served):
        concrete = tuple(origin for origin in origins if re.fullmatch(r"https?://[\w.-]+(?::\d+)?", origin))
        if concrete and len(concrete) == len(origins):
            return (Cors(path=path, credentials=credentials, allowed=concrete[:3], place=place),)
    return ()


def _policies(project: Project, served: Served) -> Iterator[tuple[Place, tuple[str, ...], bool]]:
    evaluator = project.python
    for word, keywords in (("CORSMiddleware", ("allow_origins",)), ("CORS(", ("origins",))):
        for module in evaluator.world.modules_containing(word):
            for call in module.calls if module.path in served.paths else ():
                if word.rstrip("(") not in {ast.unparse(call.func).rsplit(".", 1)[-1], *(ast.unparse(one) for one in call.args[:1])}:
                    continue
                given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
                node = next((given[keyword] for keyword in keywords if keyword in given), None)
                if node is None or "allow_origin_regex" in given:
                    continue
                found = [literal_texts(one.value) for one in in_production(evaluator.evaluate(module, node))]
                if len(found) == 1 and found[0]:
                    said = next((given[name] for name in ("allow_credentials", "supports_credentials") if name in given), None)
                    yield module.place(call, "the origins are allowed here"), found[0], said is not None and ast.unparse(said) == "True"
    for module in evaluator.world.modules_containing("CORS_ALLOWED_ORIGINS"):
        if module.path in served.paths and "settings" in str(module.path) and "CORS_ALLOWED_ORIGINS" in module.root.bindings:
            found = [literal_texts(one.value) for one in in_production(evaluator.name_in(module, module.root, "CORS_ALLOWED_ORIGINS"))]
            if len(found) == 1 and found[0]:
                place = module.place(module.root.bindings["CORS_ALLOWED_ORIGINS"][-1].node, "the origins are allowed here")
                yield place, found[0], bool(re.search(r"^CORS_ALLOW_CREDENTIALS\s*=\s*True", module.text, re.MULTILINE))


def host(project: Project, served: Served) -> str:
    """The first host name that is let in, where this machine's own names are not; "" when they are or that cannot be told."""
    evaluator = project.python
    values = []
    for module in evaluator.world.modules_containing("ALLOWED_HOSTS"):
        if module.path in served.paths and "settings" in str(module.path) and "ALLOWED_HOSTS" in module.root.bindings:
            values += [literal_texts(one.value) for one in in_production(evaluator.name_in(module, module.root, "ALLOWED_HOSTS"))]
    for module in evaluator.world.modules_containing("TrustedHostMiddleware"):
        for call in module.calls if module.path in served.paths else ():
            node = next((keyword.value for keyword in call.keywords if keyword.arg == "allowed_hosts"), None)
            if node is not None:
                values += [literal_texts(one.value) for one in in_production(evaluator.evaluate(module, node))]
    if not values or any(not value for value in values):
        return ""
    if any(text.strip() == "*" or is_loopback_origin(text) for value in values for text in value or ()):
        return ""
    first = next(text for value in values for text in value or ())
    clean = first.strip().removeprefix("*").removeprefix(".")
    return clean if re.fullmatch(r"[\w.-]+", clean) else ""
