"""Looking at a running example: each observation of a plan held against what is seen."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode

from auditor.catalogue.proofs import Looked
from auditor.processes import Application
from auditor.prove.plan import METHODS, Observation
from auditor.runtime.client import Client, Exchange, Limits

_SOON = 6.0
_LONGEST = 300
_ACCEPTED = 0.1
"""Seconds in which a worker has taken a connection up, so that the next one goes to another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A running example. ``client`` is None for a program that ends; ``ended`` says that it ended by itself before anything was asked."""

    root: Path
    application: Application
    client: Client | None
    port: int
    ended: bool
    patience: float = 20.0


def look(stage: Stage, observation: Observation) -> Looked:
    """Make one observation."""
    try:
        return _LOOKS[observation.kind](stage, observation.said)
    except OSError as error:
        return Looked(what=" ".join(map(str, next(iter(observation.said.items())))), held=False, seen=str(error))


def _request(stage: Stage, said: Mapping[str, object]) -> Looked:
    method = next(method for method in METHODS if method in said)
    path = str(said[method])
    what = f"{method.upper()} {path}"
    if said.get("refused") or said.get("unreachable"):
        return _unreachable(stage, said, what)
    if stage.client is None or stage.ended:
        return Looked(what=what, held=False, seen=f"it ended with code {stage.application.code}: {_last(stage.application)}")
    client = _client(stage, said)
    try:
        if "session" in said:
            client.send("GET", str(said["session"]), follow=False)
        if "during" in said:
            return _during(client, method, path, said, what)
        if "first_byte" in said:
            return _first_byte(stage, path, str(said["first_byte"]))
        exchanges = _several(client, method, path, said)
    finally:
        client.close()
    return _judged(stage, said, what, exchanges)


def _client(stage: Stage, said: Mapping[str, object]) -> Client:
    """A client that carries nothing; from `outside` it comes from another address than the one servers trust and bind."""
    outside = said.get("from") == "outside"
    address = "127.0.0.2" if outside else (stage.client.address if stage.client else "127.0.0.1")
    return Client(address, stage.port, source=address if outside else "", tls=said.get("scheme") == "https", limits=Limits(seconds=stage.patience))


def _several(client: Client, method: str, path: str, said: Mapping[str, object]) -> list[Exchange]:
    """The same request `times` times, in groups of so many `together`."""
    times, together = (value if isinstance(value := said.get(key, 1), int) else 1 for key in ("times", "together"))
    if together == 1:
        return [_sent(client, method, path, said) for _ in range(times)]
    return [exchange for _ in range(0, times, together) for exchange in _together(client, method, path, said, together)]


def _together(client: Client, method: str, path: str, said: Mapping[str, object], number: int) -> list[Exchange]:
    """Requests that all begin before any ends: of workers that do one thing at a time, each gets one."""
    headers, content = _message(said)
    headers = {"Host": f"{client.address}:{client.port}", "Connection": "close", **headers}
    if content is not None:
        headers["Content-Length"] = str(len(content))
    if client.cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    head = "".join([f"{method.upper()} {path} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in headers.items())])
    with ExitStack() as stack:
        connections = []
        for _ in range(number):
            connection = stack.enter_context(socket.create_connection((client.address, client.port), timeout=client.limits.seconds))
            connection.sendall(head.encode())
            connections.append(connection)
            time.sleep(_ACCEPTED)
        for connection in connections:
            with suppress(OSError):
                connection.sendall(b"\r\n" + (content or b""))
        return [_answer(connection, method.upper(), path) for connection in connections]


def _answer(connection: socket.socket, method: str, path: str) -> Exchange:
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        body = response.read()
    except (HTTPException, OSError) as error:
        return Exchange(method=method, path=path, status=0, error=str(error) or type(error).__name__)
    return Exchange(method=method, path=path, status=response.status, headers=tuple(response.getheaders()), body=body)


def _sent(client: Client, method: str, path: str, said: Mapping[str, object]) -> Exchange:
    headers, content = _message(said)
    return client.send(method.upper(), path, headers=headers, content=content)


def _message(said: Mapping[str, object]) -> tuple[dict[str, str], bytes | None]:
    """The headers and the body of a request."""
    headers = {str(name): str(value) for name, value in _mapping(said.get("headers")).items()}
    content: bytes | None = None
    if "json" in said:
        content = json.dumps(said["json"]).encode()
        headers.setdefault("Content-Type", "application/json")
    elif "form" in said:
        content = urlencode({str(name): str(value) for name, value in _mapping(said["form"]).items()}).encode()
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    elif isinstance(size := said.get("size"), int):
        content = b"x" * size
        if "upload" in said:  # a file in the field of this name
            head = f'--border\r\nContent-Disposition: form-data; name="{said["upload"]}"; filename="file.bin"\r\n\r\n'
            content = head.encode() + content + b"\r\n--border--\r\n"
            headers.setdefault("Content-Type", "multipart/form-data; boundary=border")
    return headers, content


def _judged(stage: Stage, said: Mapping[str, object], what: str, exchanges: list[Exchange]) -> Looked:
    wrong: list[str] = []
    for expected in (said, _mapping(said.get("all"))):
        wrong += [reason for exchange in exchanges if (reason := _differs(exchange, expected))]
    some = _mapping(said.get("some"))
    if some and all(_differs(exchange, some) for exchange in exchanges):
        wrong.append(f"none of {len(exchanges)} answers is {dict(some)}")
    if "log" in said and not _logged(stage, said["log"]):
        wrong.append(f"the log does not say {said['log']!r}")
    last = exchanges[-1]
    statuses = ", ".join(dict.fromkeys(exchange.answer for exchange in exchanges))
    headers = ", ".join(f"{name}: {last.header(str(name)) or '-'}" for name in _mapping(said.get("header")))
    body = f" {_short(last.text)}" if "body" in said else ""
    return Looked(what=what, held=not wrong, seen="; ".join(filter(None, [f"{statuses}{body}", headers, *wrong[:2]])))


def _differs(exchange: Exchange, expected: Mapping[str, object]) -> str:
    if "status" in expected and exchange.status != expected["status"]:
        return f"{exchange.answer} instead of {expected['status']}"
    if "body" in expected and str(expected["body"]) not in exchange.text:
        return f"the body does not hold {expected['body']!r}"
    for name, value in _mapping(expected.get("header")).items():
        found = exchange.values(str(name))
        if value is None and found:
            return f"{name} is there"
        if value is not None and not any(_is(str(value), item, name=str(name)) for item in found):
            return f"{name} is {', '.join(found) or 'not there'}"
    if not exchange.status and "status" not in expected:
        return exchange.error
    return ""


def _is(expected: str, value: str, *, name: str) -> bool:
    """Cookies carry more than what is asked for; every other header is compared whole."""
    return re.search(expected, value) is not None if name.lower() == "set-cookie" else expected == value


def _unreachable(stage: Stage, said: Mapping[str, object], what: str) -> Looked:
    if said.get("unreachable"):
        client = Client("127.0.0.1", stage.port, limits=Limits(seconds=3))
        try:
            exchange = client.get("/")
        finally:
            client.close()
        return Looked(what=f"{what} is not reached", held=exchange.status == 0, seen=exchange.answer)
    address = "127.0.0.2" if said.get("from") == "outside" else "127.0.0.1"
    try:
        with socket.create_connection((address, stage.port), timeout=3):
            return Looked(what=f"{what} is refused", held=False, seen=f"{address}:{stage.port} is connected")
    except OSError as error:
        return Looked(what=f"{what} is refused", held=True, seen=str(error))


def _during(client: Client, method: str, path: str, said: Mapping[str, object], what: str) -> Looked:
    """How long an answer takes while another request is under way."""
    other = client.fresh()
    thread = threading.Thread(target=lambda: other.get(str(said["during"])), daemon=True)
    thread.start()
    time.sleep(0.2)
    exchange = client.send(method.upper(), path)
    seconds = exchange.ended - exchange.started
    thread.join(client.limits.seconds)
    other.close()
    slower, faster = said.get("slower_than"), said.get("faster_than")
    held = (
        exchange.status > 0
        and (not isinstance(slower, (int, float)) or seconds > slower)
        and (not isinstance(faster, (int, float)) or seconds < faster)
    )
    return Looked(what=f"{what} during GET {said['during']}", held=held, seen=f"{exchange.answer} after {seconds:.2f} s")


def _first_byte(stage: Stage, path: str, wanted: str) -> Looked:
    """When the first part of a body arrives: `at once`, or `late`, with the last."""
    clock = time.monotonic()
    first = 0.0
    with socket.create_connection(("127.0.0.1", stage.port), timeout=stage.patience) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while part := connection.recv(65536):
            data += part
            if not first and b"\r\n\r\n" in data and data.split(b"\r\n\r\n", 1)[1]:
                first = time.monotonic() - clock
        whole = time.monotonic() - clock
    late = first > whole * 0.7
    return Looked(what=f"first byte of {path}", held=late is (wanted == "late"), seen=f"after {first:.2f} s of {whole:.2f} s")


def _websocket(stage: Stage, said: Mapping[str, object]) -> Looked:
    """The status of an upgrade: RFC 6455, section 4.1."""
    path = str(said["websocket"])
    with socket.create_connection(("127.0.0.1", stage.port), timeout=stage.patience) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        connection.sendall(f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
        line = connection.recv(4096).split(b"\r\n")[0].decode("latin-1")
    status = next(iter(re.findall(r"^HTTP/1\.\d (\d{3})", line)), "0")
    return Looked(what=f"websocket {path}", held=int(status) == said.get("status"), seen=line or "no answer")


def _process(stage: Stage, said: Mapping[str, object]) -> Looked:
    wanted = said.get("exit")
    what = "it does not end" if said.get("timeout") else f"exit {wanted}" if "exit" in said else "output"
    ended = stage.application.wait(_SOON if said.get("timeout") else stage.patience)
    if said.get("timeout"):
        return Looked(what=what, held=not ended, seen="still runs" if not ended else f"exit {stage.application.code}")
    stage.application.drain()
    wrong = (
        [] if "exit" not in said or (ended and stage.application.code == wanted) else [f"exit {stage.application.code}" if ended else "still runs"]
    )
    wrong += _output(stage, said, ended=ended)
    return Looked(what=what, held=not wrong, seen=f"exit {stage.application.code}; {_last(stage.application)}")


def _output(stage: Stage, said: Mapping[str, object], *, ended: bool) -> list[str]:
    if "output" not in said:
        return []
    expected = str(said["output"]).replace("{root}", str(stage.root))
    text = "\n".join(line.text for line in stage.application.lines)
    if not ended:
        stage.application.wait(_SOON, until=lambda: expected in "\n".join(line.text for line in stage.application.lines))
        text = "\n".join(line.text for line in stage.application.lines)
    if expected == "":
        return ["it prints something"] if text.strip() else []
    return [] if expected in text else [f"it does not print {expected!r}"]


def _term(stage: Stage, said: Mapping[str, object]) -> Looked:
    """SIGTERM to the command alone, as a container gets it, and how it ends."""
    stopped = stage.application.stop(grace=_SOON, to=str(said["term"]))
    wrong = [] if "exit" not in said or stopped.code == said["exit"] else [f"exit {stopped.code}"]
    wrong += _output(stage, said, ended=True)
    return Looked(what="SIGTERM", held=not wrong, seen=f"exit {stopped.code} after {stopped.seconds:.1f} s; {_last(stage.application)}")


def _log(stage: Stage, said: Mapping[str, object]) -> Looked:
    if "after" in said:
        time.sleep(float(str(said["after"]).removesuffix("s")))
    expected = said["log"]
    if expected is None:
        time.sleep(1.0)
        lines = [line.text for line in stage.application.lines if line.text.strip()]
        return Looked(what="nothing is logged", held=not lines, seen=_short("\n".join(lines)) or "nothing")
    if "lines" in said:
        found = sum(str(expected) in line.text for line in stage.application.lines)
        return Looked(what=f"{said['lines']} lines say {expected!r}", held=found == said["lines"], seen=f"{found} lines")
    return Looked(what=f"log says {expected!r}", held=_logged(stage, expected), seen=_last(stage.application))


def _logged(stage: Stage, expected: object) -> bool:
    def says() -> bool:
        return any(str(expected) in line.text for line in stage.application.lines)

    stage.application.wait(_SOON, until=says)
    return says()


def _processes(stage: Stage, said: Mapping[str, object]) -> Looked:
    """How many processes serve: those that listen below a parent that does, or the one there is."""
    members = [process for process in stage.application.members if process.pid != stage.application.pid]
    serving = [process for process in members if "resource_tracker" not in " ".join(process.cmdline())]
    return Looked(what=f"{said['processes']} processes", held=len(serving) == said["processes"], seen=f"{len(serving)} processes")


def _page(stage: Stage, said: Mapping[str, object]) -> Looked:
    from auditor.prove.browsed import browsed  # noqa: PLC0415 - a browser is the dearest thing there is

    path = str(said["page"])
    requests, messages = browsed(f"http://127.0.0.1:{stage.port}{path}")
    wrong = []
    if "request" in said and not any(str(said["request"]) in url for url in requests):
        wrong.append(f"nothing asks for {said['request']}")
    if "console" in said:
        expected = said["console"]
        if expected is None and messages:
            wrong.append("the console is not empty")
        if expected is not None and not any(str(expected) in message for message in messages):
            wrong.append(f"the console does not say {expected!r}")
    return Looked(what=f"page {path}", held=not wrong, seen=_short("; ".join([*wrong, *messages[:3], *requests[:4]])))


def _file(stage: Stage, said: Mapping[str, object]) -> Looked:
    """A file of the tree, after a build: whether it is there, and what it holds."""
    found = sorted(stage.root.glob(str(said["file"])))
    text = "\n".join(path.read_text("utf-8", "replace") for path in found if path.is_file())
    if said.get("absent"):
        return Looked(what=f"{said['file']} is absent", held=not found, seen=", ".join(path.name for path in found) or "not there")
    expected = str(said.get("contains", "")).replace("{root}", str(stage.root)).replace("{port}", str(stage.port))
    held = bool(found) and expected in text
    return Looked(what=f"{said['file']} holds {expected!r}", held=held, seen=_short(text) if found else "not there")


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _last(application: Application) -> str:
    """The last line that says something."""
    return next((_short(line.text) for line in reversed(application.lines) if line.text.strip()), "it prints nothing")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


_LOOKS = {
    "request": _request,
    "page": _page,
    "websocket": _websocket,
    "process": _process,
    "term": _term,
    "log": _log,
    "processes": _processes,
    "file": _file,
}
