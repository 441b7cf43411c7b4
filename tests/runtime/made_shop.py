"""A small shop with an API, and a scene of it."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from auditor.runtime.client import Client, Limits
from auditor.runtime.scene import Scene
from auditor.runtime.target import Start, Target

Answer = tuple[int, str, str]
Route = Callable[["Asked"], Any]


class Asked(SimpleNamespace):
    """One request: method, path, query, headers, body, and the shop's memory."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body).items()}

    @property
    def cookies(self) -> dict[str, str]:
        return {name: item.value for name, item in SimpleCookie(self.headers.get("Cookie", "")).items()}


@contextlib.contextmanager
def serving(routes: dict[str, Any], fallback: Any = (404, {"error": "not found"})) -> Iterator[tuple[Client, list[str]]]:
    """Serve ``routes``: "GET /path" -> body, (status, body[, headers]) or a function of the request. A dict or list is JSON, a text is HTML."""
    log: list[str] = []
    memory: dict[str, Any] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            log.append(f"{self.command} {self.path}")
            asked = Asked(method=self.command, path=parts.path, query=parse_qs(parts.query), headers=self.headers, body=body, memory=memory)
            made = routes.get(f"{self.command} {parts.path}", fallback)
            made = made(asked) if callable(made) else made
            status, content, headers = (*made, {})[:3] if isinstance(made, tuple) else (200, made, {})
            data = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(content, str) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *parts: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    client = Client("127.0.0.1", server.server_address[1], limits=Limits(seconds=5))
    try:
        yield client, log
    finally:
        client.close()
        server.shutdown()
        server.server_close()
        thread.join()


def scene(client: Client, **target: Any) -> Scene:
    """A scene with nothing but the client: what these checks look at."""
    nothing: Any = None
    return Scene(
        root=Path(), project=nothing, target=Target(start=Start(words=("shop",)), **target), application=nothing, client=client, again=nothing
    )
