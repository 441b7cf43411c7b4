"""What an application expects of the proxy before it: uploads, WebSockets, event streams, the scheme and the name that were asked for.

Each answer is the place in the code that says so. ``homes`` are the folders of the application, the root of the project when it is not known which.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.checks.settings import is_development_file
from auditor.model import Place, span_of
from auditor.project.facts.module import Module as Script
from auditor.project.project import Project
from auditor.project.python.module import Module
from auditor.project.python.values import Literal, Sequence, Value, in_production, options
from auditor.project.text import Unreadable

Homes = tuple[PurePosixPath, ...]

_SMALL = 1024 * 1024
_FORM_FIELDS = ("forms.FileField", "forms.ImageField", "serializers.FileField", "serializers.ImageField", "fields.FileField", "fields.ImageField")
_MODEL_FIELDS = ("models.FileField", "models.ImageField")
_MADE_FROM_MODELS = ("admin.register", "admin.site.register", "ModelForm", "ModelSerializer")
_UPLOADERS = frozenset({"multer", "formidable", "busboy", "express-fileupload", "@fastify/multipart", "multiparty", "koa-multer", "@koa/multer"})
_PYTHON_LIMIT = re.compile(r"\bMAX_CONTENT_LENGTH\b\W*[=:]\s*([\d_ *]+)")
_SCRIPT_LIMIT = re.compile(r"\b(?:fileSize|maxFileSize)\s*:\s*([\d_ *]+)")
_SOCKET_IO = "/socket.io/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One thing the application expects, and where it says so. ``detail``: a path, the name of a header, the words for a message."""

    place: Place
    detail: str = ""


def inside(path: PurePosixPath, homes: Collection[PurePosixPath]) -> bool:
    """Whether a file belongs to the application."""
    return any(home == PurePosixPath() or home in path.parents for home in homes)


def _modules(project: Project, homes: Homes, *words: str) -> Iterator[Module]:
    for module in project.python.world.modules_containing(*words):
        if inside(module.path, homes):
            yield module


def _scripts(project: Project, homes: Homes, *words: str) -> Iterator[Script]:
    """Scripts that run on a server: no file of a front end that a browser gets."""
    browser = {path for client in project.facts.clients if not client.framework for path in client.paths} if project.facts.clients else set()
    for module in project.facts.scripts(*words):
        if inside(module.path, homes) and module.path not in browser:
            yield module


def _line(module: Script, word: str, label: str) -> Place:
    number = module.text.count("\n", 0, max(module.text.find(word), 0)) + 1
    return Place(path=module.path, span=span_of(number), label=label)


# -- uploads -----------------------------------------------------------------------------------------------------------------------


def uploads(project: Project, homes: Homes) -> Demand | None:
    """Where the application takes files; None as well when it limits them itself to what nginx lets through."""
    if _is_limited(project, homes):
        return None
    for place in _python_uploads(project, homes):
        return Demand(place=place)
    for module in _scripts(project, homes, *_UPLOADERS, "FileInterceptor", "FilesInterceptor"):
        taken = next((name for name in module.specifiers if name in _UPLOADERS), "")
        if taken or "FileInterceptor(" in module.text or "FilesInterceptor(" in module.text:
            return Demand(place=_line(module, taken or "Interceptor(", "takes uploads"))
    return None


def _python_uploads(project: Project, homes: Homes) -> Iterator[Place]:
    for module in _modules(project, homes, "UploadFile"):
        for node in module.parents:
            if isinstance(node, ast.arg) and node.annotation is not None and re.search(r"\bUploadFile\b", module.source(node.annotation)):
                yield module.place(node, "takes an upload")
    for module in _modules(project, homes, "request.files"):
        for node in module.parents:
            if isinstance(node, ast.Attribute) and node.attr == "files" and project.python.qualify(module, node) == "flask.request.files":
                yield module.place(node, "takes an upload")
    for module in _modules(project, homes, "request.FILES"):
        for node in module.parents:
            if isinstance(node, ast.Attribute) and node.attr == "FILES":
                yield module.place(node, "takes an upload")
    made = any(any(_modules(project, homes, word)) for word in _MADE_FROM_MODELS)
    fields = (*_FORM_FIELDS, *_MODEL_FIELDS) if made else _FORM_FIELDS
    for word in ("FileField", "ImageField"):
        for module in _modules(project, homes, word):
            for call in module.calls:
                if (project.python.qualify(module, call.func) or "").endswith(fields):
                    yield module.place(call, "takes an upload")


def _is_limited(project: Project, homes: Homes) -> bool:
    """Whether the application refuses what is larger than nginx's own limit."""
    texts = [(_PYTHON_LIMIT, module.text) for module in _modules(project, homes, "MAX_CONTENT_LENGTH")]
    texts += [(_SCRIPT_LIMIT, module.text) for module in _scripts(project, homes, "fileSize", "maxFileSize")]
    sizes = [_product(found) for expression, text in texts for found in expression.findall(text)]
    return bool(sizes) and max(sizes) <= _SMALL


def _product(text: str) -> int:
    result = 1
    for factor in text.split("*"):
        digits = re.sub(r"[ _]", "", factor)
        result *= int(digits) if digits else 1
    return result


# -- connections that stay open ----------------------------------------------------------------------------------------------------


def websockets(project: Project, homes: Homes) -> Demand | None:
    """Where the application opens WebSockets; the detail is their path, "" when it is not known."""
    for module in _modules(project, homes, "websocket"):
        for call in module.calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("websocket", "add_api_websocket_route") and call.args:
                holder = options(project.python.evaluate(module, call.func.value))
                if any(
                    "fastapi" in str(getattr(one.value, "qualname", "")) or "starlette" in str(getattr(one.value, "qualname", "")) for one in holder
                ):
                    path = call.args[0]
                    known = path.value if isinstance(path, ast.Constant) and isinstance(path.value, str) else ""
                    return Demand(place=module.place(call, "opens a WebSocket"), detail=known)
        found = module.root.bindings.get("websocket_urlpatterns")
        if found and project.python.world.containing("ProtocolTypeRouter"):
            return Demand(place=module.place(found[0].node, "opens WebSockets"))
    for word, names in (("SocketIO", ("flask_socketio.SocketIO",)), ("socketio", ("socketio.AsyncServer", "socketio.Server"))):
        for module in _modules(project, homes, word):
            for call in module.calls:
                if project.python.qualify(module, call.func) in names and not _refuses_upgrade(call):
                    return Demand(place=module.place(call, "opens WebSockets"), detail=_SOCKET_IO)
    for script in _scripts(project, homes, "socket.io", "WebSocketServer", "WebSocket.Server", "@nestjs/websockets", "@fastify/websocket"):
        imported = script.specifiers
        if "socket.io" in imported and re.search(r"\bnew\s+(?:\w+\.)?Server\s*\(|require\(['\"]socket\.io['\"]\)\s*\(|\bio\s*\(", script.text):
            return Demand(place=_line(script, "socket.io", "opens WebSockets"), detail=_SOCKET_IO)
        if "@nestjs/websockets" in imported and "@WebSocketGateway" in script.text:
            return Demand(place=_line(script, "@WebSocketGateway", "opens WebSockets"), detail=_SOCKET_IO)
        if "ws" in imported and (server := re.search(r"\bnew\s+(?:WebSocketServer|(?:WebSocket|ws|WS)\.Server)\s*\(", script.text)):
            return Demand(place=_line(script, server.group(), "opens WebSockets"))
    return None


def _refuses_upgrade(call: ast.Call) -> bool:
    return any(keyword.arg == "allow_upgrades" and isinstance(keyword.value, ast.Constant) and not keyword.value.value for keyword in call.keywords)


def streams(project: Project, homes: Homes) -> Demand | None:
    """Where an application sends server-sent events whose end nginx waits for, without telling it not to (`X-Accel-Buffering: no`).

    nginx passes on every chunk of an answer in chunks as it comes, buffering or not. gunicorn and Node send none to a client that speaks HTTP/1.0,
    as nginx does by default before 1.29.7; uvicorn and the development servers do.
    """
    if any("x-accel-buffering" in text.lower() for text in _texts(project, homes)):
        return None
    for module in _modules(project, homes, "text/event-stream") if _is_gunicorn(project) else ():
        for call in module.calls:
            kinds = [keyword.value for keyword in call.keywords if keyword.arg in ("mimetype", "content_type")]
            if any(isinstance(kind, ast.Constant) and str(kind.value).startswith("text/event-stream") for kind in kinds):
                return Demand(place=module.place(call, "sends events"))
    for script in _scripts(project, homes, "text/event-stream"):
        sent = re.search(r"\b(?:setHeader|writeHead|set|header|raw)\b[^;]{0,200}text/event-stream", script.text, re.DOTALL)
        if sent is not None:
            return Demand(place=_line(script, sent.group(), "sends events"))
    return None


def _is_gunicorn(project: Project) -> bool:
    """Whether production starts gunicorn with workers of its own, and no server that speaks ASGI."""
    lines = [" ".join(launch.words) for launch in project.facts.launches]
    return any("gunicorn" in line for line in lines) and not any(re.search(r"uvicorn|daphne|hypercorn|granian", line) for line in lines)


def _texts(project: Project, homes: Homes) -> Iterator[str]:
    for file in project.tree_files:
        if file.language in ("python", "javascript", "typescript") and file.role == "production" and inside(file.path, homes):
            try:
                yield project.text(file.path)
            except Unreadable:
                continue


# -- what was asked for ------------------------------------------------------------------------------------------------------------


def scheme(project: Project, homes: Homes) -> Demand | None:
    """Where the application takes the scheme of a request from a header; the detail is the header's name."""
    for module in _modules(project, homes, "SECURE_PROXY_SSL_HEADER"):
        name = _header(project.python.name_in(module, module.root, "SECURE_PROXY_SSL_HEADER"))
        bindings = module.root.bindings.get("SECURE_PROXY_SSL_HEADER")
        if name and bindings:
            return Demand(place=module.place(bindings[0].node, "the scheme is taken from this header"), detail=name)
    for module in _modules(project, homes, "ProxyFix"):
        for call in module.calls:
            if (project.python.qualify(module, call.func) or "").endswith("ProxyFix") and _takes_scheme(call):
                return Demand(place=module.place(call, "the scheme is taken from X-Forwarded-Proto"), detail="x-forwarded-proto")
    for launch in project.facts.launches:
        flag = next((word for word in launch.words if word.split("=")[0] in ("--proxy-headers", "--forwarded-allow-ips")), "")
        if flag and launch.place.path is not None and any(inside(base / "x", homes) for base in launch.bases[:1]):
            return Demand(place=launch.place, detail="x-forwarded-proto")
    for script in _scripts(project, homes, "trust proxy"):
        if "express-session" in script.specifiers and re.search(r"\bcookie\s*:\s*\{[^}]*\bsecure\s*:\s*true\b", script.text):
            return Demand(place=_line(script, "trust proxy", "cookies are only sent when the scheme is https"), detail="x-forwarded-proto")
    return None


def _header(value: Value) -> str:
    for option in in_production(value):
        if isinstance(option.value, Sequence) and option.value.items and isinstance(option.value.items[0], Literal):
            return str(option.value.items[0].value).removeprefix("HTTP_").replace("_", "-").lower()
    return ""


def _takes_scheme(call: ast.Call) -> bool:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    node = given.get("x_proto") or (call.args[2] if len(call.args) > 2 else None)
    return node is None or (isinstance(node, ast.Constant) and bool(node.value))


def host(project: Project, homes: Homes, name: str) -> Demand | None:
    """Where the application refuses ``name`` as the host of a request, or writes the host into what it answers; the detail says what happens."""
    bare = re.sub(r":\d+$", "", name)
    settings = [
        module
        for module in _modules(project, homes, "ALLOWED_HOSTS")
        if "ALLOWED_HOSTS" in module.root.bindings and not is_development_file(module.path)
    ]
    places = [module.place(module.root.bindings["ALLOWED_HOSTS"][0].node, "which host names are answered") for module in settings]
    if settings and "_" in bare:
        return Demand(place=places[-1], detail="Django takes a name with an underscore for no host name: every request answers 400")
    if settings and all(_refused(project.python.name_in(module, module.root, "ALLOWED_HOSTS"), bare) for module in settings):
        return Demand(place=places[-1], detail="it is not in ALLOWED_HOSTS: every request answers 400")
    for word, names in (
        ("build_absolute_uri", ()),
        ("_external", ("flask.url_for",)),
        ("host_url", ("flask.request.host_url",)),
        ("url_root", ("flask.request.url_root",)),
    ):
        for module in _modules(project, homes, word):
            for node in module.parents:
                if _writes_host(project, module, node, word, names):
                    return Demand(place=module.place(node, "writes the host name into an answer"), detail="links to it lead nowhere for clients")
    return None


def _refused(value: Value, name: str) -> bool:
    """Whether a list of host names surely does not let ``name`` in, whichever value production has."""
    lists = in_production(value)
    for option in lists:
        if not isinstance(option.value, Sequence) or option.value.open or not option.value.items:
            return False
        for item in option.value.items:
            if not isinstance(item, Literal) or not isinstance(item.value, str):
                return False
            pattern = item.value.lower()
            if pattern == "*" or pattern == name.lower() or (pattern.startswith(".") and (name.lower() + ".").endswith(pattern + ".")):
                return False
    return bool(lists)


def _writes_host(project: Project, module: Module, node: ast.AST, word: str, names: tuple[str, ...]) -> bool:
    if word == "build_absolute_uri":
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == word
            and "request" in module.source(node.func.value)
        )
    if word == "_external":
        return (
            isinstance(node, ast.Call)
            and project.python.qualify(module, node.func) in names
            and any(keyword.arg == word and isinstance(keyword.value, ast.Constant) and keyword.value.value is True for keyword in node.keywords)
        )
    return isinstance(node, ast.Attribute) and node.attr == word and project.python.qualify(module, node) in names
