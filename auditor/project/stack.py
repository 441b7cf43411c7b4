"""Which frameworks and tools a project is built with, and how we know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath

from auditor.model import Package, Place, span_of
from auditor.project.files import SourceFile
from auditor.project.manifests import npm_version, parse_package_json, python_manifest
from auditor.project.scopes import Scopes

DISTRIBUTIONS = {
    "bs4": "beautifulsoup4", "celery": "celery", "corsheaders": "django-cors-headers", "decouple": "python-decouple", "django": "django",
    "dotenv": "python-dotenv", "environ": "django-environ", "fastapi": "fastapi", "flask": "flask", "flask_cors": "flask-cors",
    "flask_jwt_extended": "flask-jwt-extended", "flask_login": "flask-login", "flask_migrate": "flask-migrate", "flask_session": "flask-session",
    "flask_socketio": "flask-socketio", "flask_sqlalchemy": "flask-sqlalchemy", "httpx": "httpx", "aiohttp": "aiohttp", "jose": "python-jose",
    "jwt": "pyjwt", "pydantic": "pydantic", "pydantic_settings": "pydantic-settings", "pymongo": "pymongo", "redis": "redis", "requests": "requests",
    "rest_framework": "djangorestframework", "sqlalchemy": "sqlalchemy", "sqlmodel": "sqlmodel", "starlette": "starlette", "uvicorn": "uvicorn",
    "werkzeug": "werkzeug", "yaml": "pyyaml", "apscheduler": "apscheduler", "socketio": "python-socketio", "gunicorn": "gunicorn", "jinja2": "jinja2",
    "psycopg2": "psycopg2", "boto3": "boto3", "openai": "openai", "stripe": "stripe", "sanic": "sanic", "quart": "quart", "tornado": "tornado",
}  # fmt: skip
"""Import name -> distribution, for packages that entries are about."""

_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)(?:\.[\w.]*)?[ \t]+import\b|import[ \t]+([A-Za-z_][\w., \t]*))", re.MULTILINE)
_KEY = re.compile(r'"([^"\\]+)"\s*:')
_SCRIPTS = frozenset({"javascript", "typescript", "tsx", "vue", "svelte", "astro"})
_SCRIPT_IMPORT = re.compile(r"""(?:\brequire\(\s*|\bfrom\s+)['"](express|cors|fastify|koa|react|vue|svelte|next|axios|socket\.io|mongoose)['"]""")
_DJANGO = re.compile(r"^INSTALLED_APPS\b|DJANGO_SETTINGS_MODULE|[\"']django\.", re.MULTILINE)
_NGINX = re.compile(r"^(?:FROM|[ \t]*image:)[ \t]+[\"']?(?:[\w.\-]+/)*nginx(?:-unprivileged)?(?:[:@\s\"']|\Z)|/etc/nginx/", re.MULTILINE)
_CORS_HEADERS = re.compile(r"[\"']corsheaders[\"'.]")
_PROGRAM = re.compile(r"^\[(?:program|fcgi-program|eventlistener):", re.MULTILINE)
_PLATFORM = re.compile(r"^(fly|railway|render)(?:\.[\w-]+)?\.(?:json|toml|ya?ml)$")
Read = Callable[[PurePosixPath], str | None]


def detect(files: Iterable[SourceFile], read: Read) -> tuple[Package, ...]:
    """The packages of a tree, each once a scope, in order of scope and name. ``read`` gives a file's text or None."""
    files = tuple(files)
    found: dict[tuple[str, str], Package] = {}
    applications = Scopes(files)
    declared: dict[PurePosixPath, set[str]] = {file.path.parent: set() for file in files if file.path.name == "package.json"}
    for file in files:
        for package in _packages(file, str(applications.of(file.path)), read):
            key = (package.scope, package.name)
            if file.path.name == "package.json":
                declared[file.path.parent].add(package.name)
            if key not in found or (package.version and not found[key].version):
                found[key] = package
    for file in files:
        if file.language in _SCRIPTS:
            above = [parent for parent in file.path.parents if parent in declared]
            known = {name for parent in above for name in declared[parent]}
            for package in _script_imports(file.path, str(above[0]) if above else ".", known, read):
                found.setdefault((package.scope, package.name), package)
    return tuple(found[key] for key in sorted(found))


def _packages(file: SourceFile, scope: str, read: Read) -> Iterator[Package]:
    path = file.path
    kind = {"dockerfile": "docker", "procfile": "procfile", "nginx": "nginx", "html": "html"}.get(file.language)
    if kind:
        yield Package(name=kind, evidence=Place(path=path, label=path.name))
    if file.language in ("dockerfile", "yaml"):
        served = _NGINX.search(read(path) or "")
        if served is not None:
            yield Package(name="nginx", evidence=Place(path=path, label=served.group().strip()))
    if path.name == "package.json":
        yield from _node(path, read)
    elif file.language == "python":
        yield Package(name="python", evidence=Place(path=path, label="a Python file"))
        yield from _imports(path, scope, read)
    if file.language in ("text", "toml", "ini", "python", "yaml"):
        yield from _python(path, scope, read)
    if file.language == "yaml":
        yield from _yaml(path, read)
    if path.suffix in (".conf", ".ini") and file.language in ("text", "ini") and _PROGRAM.search(read(path) or ""):
        yield Package(name="supervisor", evidence=Place(path=path, label=path.name))
    platform = _PLATFORM.match(path.name)
    if platform is not None:
        yield Package(name=platform.group(1), evidence=Place(path=path, label=path.name))
    if path.suffix == ".service":
        yield Package(name="systemd", evidence=Place(path=path, label=path.name))


def _node(path: PurePosixPath, read: Read) -> Iterator[Package]:
    scope = str(path.parent)
    yield Package(name="node", scope=scope, evidence=Place(path=path, label="package.json"))
    text = read(path)
    try:
        manifest = parse_package_json(text or "", path.parent)
    except (ValueError, RecursionError):
        return
    lines: dict[str, int] = {}
    for number, content in enumerate((text or "").split("\n"), 1):
        for key in _KEY.findall(content):
            lines.setdefault(key, number)
    for dependencies in (manifest.dependencies, manifest.dev_dependencies):
        for name, version in dependencies.items():
            place = Place(path=path, span=span_of(lines.get(name, 1)), label=f"{name} {version}")
            yield Package(name=name.lower(), version=npm_version(version), scope=scope, evidence=place)


def _python(path: PurePosixPath, scope: str, read: Read) -> Iterator[Package]:
    if path.name != "setup.py" and path.suffix == ".py":
        return
    if not (path.suffix in (".txt", ".in", ".toml", ".cfg", ".py", ".yml", ".yaml") or path.name == "Pipfile"):
        return
    if path.suffix in (".yml", ".yaml") and not path.name.startswith("environment"):
        return
    text = read(path)
    for declared in python_manifest(path, text) or () if text is not None else ():
        place = Place(path=path, span=span_of(declared.line), label=f"{declared.name} {declared.version}".strip())
        yield Package(name=declared.name, version=declared.version, scope=scope, evidence=place)


def _imports(path: PurePosixPath, scope: str, read: Read) -> Iterator[Package]:
    text = read(path)
    if text is None:
        return
    seen: set[str] = set()
    for found in _IMPORT.finditer(text):
        modules = [found.group(1)] if found.group(1) else [part.split()[0].split(".")[0] for part in found.group(2).split(",") if part.split()]
        for module in modules:
            name = DISTRIBUTIONS.get(module)
            if name and name not in seen:
                seen.add(name)
                line = text.count("\n", 0, found.start()) + 1
                yield Package(name=name, scope=scope, evidence=Place(path=path, span=span_of(line), label=f"imports {module}"))
    for expression, name in ((_DJANGO, "django"), (_CORS_HEADERS, "django-cors-headers")):
        mention = expression.search(text) if name not in seen else None
        if mention is not None:
            place = Place(path=path, span=span_of(text.count("\n", 0, mention.start()) + 1), label=f"settings of {name}")
            yield Package(name=name, scope=scope, evidence=place)


def _script_imports(path: PurePosixPath, scope: str, known: set[str], read: Read) -> Iterator[Package]:
    """Scripts that import a framework count even where no package.json at or above them declares it."""
    text = read(path) or ""
    for found in _SCRIPT_IMPORT.finditer(text):
        if found.group(1) not in known:
            line = text.count("\n", 0, found.start()) + 1
            yield Package(name=found.group(1), scope=scope, evidence=Place(path=path, span=span_of(line), label=f"imports {found.group(1)}"))


def _yaml(path: PurePosixPath, read: Read) -> Iterator[Package]:
    name = path.name.lower()
    if re.match(r"(?:docker-)?compose[\w.\-]*\.ya?ml$", name):
        yield Package(name="compose", evidence=Place(path=path, label=path.name))
    elif ".github/workflows" in str(path):
        yield Package(name="github-actions", evidence=Place(path=path, label=path.name))
    else:
        text = read(path) or ""
        if re.search(r"^apiVersion:", text, re.MULTILINE) and re.search(r"^kind:", text, re.MULTILINE):
            yield Package(name="kubernetes", evidence=Place(path=path, label=path.name))
