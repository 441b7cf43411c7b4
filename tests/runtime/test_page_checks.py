"""Pages, assets, missing files, deep links and what is for developers, against servers that do each thing wrong."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from auditor.model import Severity
from auditor.processes.output import Line
from auditor.runtime.checks.asset import asset
from auditor.runtime.checks.debug_on import debug_on
from auditor.runtime.checks.deep_link import deep_link
from auditor.runtime.checks.page import page
from auditor.runtime.checks.soft_404 import soft_404
from auditor.runtime.client import Client, Exchange, Limits
from auditor.runtime.fingerprints import debug_page, error_page, listing, refused_host
from auditor.runtime.pages import visit
from auditor.runtime.scene import Check, Scene
from auditor.runtime.seen import Seen
from auditor.runtime.target import Endpoint, Start, Target

Answer = tuple[int, dict[str, str], bytes]
Route = Answer | bytes | Callable[[Any], Answer]

PAGE = b"<!doctype html><title>Shop</title><link rel=stylesheet href=/a.css><script type=module src=/a.js></script><h1>Tea</h1>"
JS = (200, {"Content-Type": "text/javascript"}, b"go()")
CSS = (200, {"Content-Type": "text/css"}, b"h1 { color: green }")
SHOP: dict[str, Route] = {"/": PAGE, "/a.js": JS, "/a.css": CSS}
NOT_FOUND: Answer = (404, {"Content-Type": "text/plain"}, b"not found")
EXPRESS = b'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot GET /</pre>\n</body>\n</html>\n'


@contextlib.contextmanager
def serving(routes: dict[str, Route], fallback: Route = NOT_FOUND) -> Iterator[Client]:
    """``routes``: path -> status, headers, body; bytes are HTML; a function is given the request."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made = routes.get(self.path.split("?")[0], fallback)
            made = (200, {"Content-Type": "text/html"}, made) if isinstance(made, bytes) else made(self) if callable(made) else made
            status, headers, body = made
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *parts: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    client = Client("127.0.0.1", server.server_address[1], limits=Limits(seconds=5))
    try:
        yield client
    finally:
        client.close()
        server.shutdown()
        server.server_close()
        thread.join()


def seen(check: Check, routes: dict[str, Route], fallback: Route = NOT_FOUND, *, log: str = "", **target: Any) -> list[Seen]:
    with serving(routes, fallback) as client:
        made = Target(start=Start(words=("shop",)), **({"pages": (Endpoint(path="/"),)} | target))
        visited = visit(client, made)
        lines = tuple(Line(time=1.0, stream="err", text=text) for text in log.split("\n"))
        nothing: Any = None
        application: Any = SimpleNamespace(lines=lines)
        return list(
            check(
                Scene(root=Path(), project=nothing, target=made, application=application, client=visited.client, again=nothing, pages=visited.pages)
            )
        )


def told(found: list[Seen]) -> list[str]:
    """Outcome, weight of a failure, message."""
    return [f"{each.outcome.value}{' (warning)' if each.severity is Severity.WARNING else ''}: {each.message}" for each in found]


def moved(to: str, status: int = 302) -> Answer:
    return status, {"Location": to}, b""


def https_only(handler: Any) -> Answer:
    """An application that believes its proxy, as `SECURE_SSL_REDIRECT` does."""
    if handler.headers.get("X-Forwarded-Proto") != "https":
        return moved(f"https://{handler.headers['Host']}{handler.path}", 301)
    return 200, {"Content-Type": "text/html"}, PAGE


# -- pages ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (PAGE, "pass: GET / is answered 200 text/html"),
        ((404, {"Content-Type": "text/html"}, b"<h1>no</h1>"), "fail: GET / is answered 404 text/html"),
        ((500, {"Content-Type": "text/html"}, EXPRESS), "fail: GET / is answered 500 text/html, the error page of Express"),
        (EXPRESS, "fail: GET / is answered 200, but it is the error page of Express"),
        (b" \n", "fail: GET / is answered with an empty body"),
        (b"<!doctype html><div id=root></div>", "fail: GET / is blank: it has no text, no image and no script"),
        (b"<!doctype html><div id=root></div><script>go()</script>", "pass: GET / is answered 200 text/html"),
        ((200, {"Content-Type": "application/json"}, b'{"detail":"Not Found"}'), "fail: GET / is answered with application/json, not HTML (the error answer of Starlette (FastAPI))"),
        ((200, {}, PAGE), "fail: GET / is answered with no content type, not HTML"),
        (b"<title>Index of /</title><h1>Index of /</h1>", "fail: GET / lists the files of a folder"),
        ((400, {"Content-Type": "text/plain"}, b"Invalid host header"), "fail: GET / is answered 400: the application refuses the host 127.0.0.1; set `host` to one that it serves"),
        (moved("/home"), "fail: GET / is answered 404 text/plain"),
        (moved("/"), "fail: GET / is redirected without end (1 times, last to /)"),
        (
            lambda handler: typed("text/html", PAGE) if "seen=1" in handler.headers.get("Cookie", "") else (302, {"Location": "/", "Set-Cookie": "seen=1"}, b""),
            "pass: GET / is answered 200 text/html",
        ),
        ((302, {"Location": "/", "Set-Cookie": "seen=1"}, b""), "fail: GET / is redirected without end (6 times, last to /)"),
        (moved("/b"), "pass: GET / is answered 200 text/html"),
        (moved("/loop"), "fail: GET / is redirected without end (6 times, last to /ring)"),
        (moved("https://shop.example/"), "fail: GET / is redirected to another host, https://shop.example/: if that is the application itself, set `host`"),
        (
            lambda handler: moved(f"https://{handler.headers['Host']}/"),
            "fail: GET / is redirected to https without end, although the request came through a proxy that says it was https already",
        ),
        (https_only, "pass: GET / is answered 200 text/html"),
        (
            (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, PAGE),
            "fail: GET / is answered 200 text/html with a broken body: it cannot be decoded as its Content-Encoding says",
        ),
        (
            (200, {"Content-Type": "text/html", "Content-Length": "9999"}, PAGE),
            "fail: GET / is answered 200 text/html with a broken body: the connection was closed before all of it had come",
        ),
        ((200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(PAGE)), "pass: GET / is answered 200 text/html"),
    ],
)  # fmt: skip
def test_pages(root: Route, expected: str) -> None:
    routes = SHOP | {"/": root, "/b": PAGE, "/loop": moved("/ring"), "/ring": moved("/loop")}
    assert told(seen(page, routes)) == [expected]


def test_pages_as_they_are_wanted() -> None:
    pages = (
        Endpoint(path="/", contains=("Tea",)),
        Endpoint(path="/", contains=("Coffee",)),
        Endpoint(path="/gone", status=(404,)),
        Endpoint(path="/old", status=(302,)),
    )
    gone: Answer = (404, {"Content-Type": "text/html"}, b"<p>gone")
    assert told(seen(page, SHOP | {"/gone": gone, "/old": lambda _: moved("https://shop.example/")}, pages=pages)) == [
        "pass: GET / is answered 200 text/html",
        "fail: GET / does not contain 'Coffee'",
        "pass: GET /gone is answered 404 text/html",
        "pass: GET /old is answered 302",
    ]


def test_without_pages_it_is_skipped() -> None:
    for check in (page, asset, soft_404, deep_link):
        assert [each.outcome.value for each in seen(check, SHOP, pages=())] == ["skip"]


def test_an_application_that_redirects_to_https_is_asked_as_a_proxy_would() -> None:
    with serving({"/": https_only}) as client:
        visited = visit(client, Target(start=Start(words=("shop",)), pages=(Endpoint(path="/"),)))
        assert visited.client.https
        assert visited.notes == ("the application redirects to https: it is asked as a proxy that ends TLS would (X-Forwarded-Proto: https)",)
        assert [each.exchange.status for each in visited.pages] == [200]


# -- assets --------------------------------------------------------------------------------------------------------------------------


def typed(kind: str, body: bytes = b"x", **headers: str) -> Answer:
    return 200, {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}, body


@pytest.mark.parametrize(
    ("name", "tag", "answer", "expected"),
    [
        ("/a.js", "<script src=/a.js></script>", JS, "pass: the assets of / come: 1 assets"),
        ("/a.js", "<script src=/a.js></script>", NOT_FOUND, "fail: the script /a.js is answered 404 text/plain; named in /:1"),
        ("/a.js", "<script src=/a.js></script>", PAGE, "fail: the script /a.js is answered with an HTML page (200 text/html); named in /:1"),
        ("/a.js", "<script src=/a.js></script>", typed("text/javascript", PAGE), "fail: the script /a.js is answered with an HTML page (200 text/javascript); named in /:1"),
        ("/a.js", "<script src=/a.js></script>", typed("text/plain"), "pass: the assets of / come: 1 assets"),
        ("/a.js", "<script src=/a.js></script>", typed("text/plain", X_Content_Type_Options="nosniff"), "fail: the script /a.js has the type text/plain with nosniff: browsers do not run it; named in /:1"),
        ("/a.js", "<script type=module src=/a.js></script>", typed("text/plain"), "fail: the module /a.js has the type text/plain: browsers run a module only with a JavaScript type; named in /:1"),
        ("/a.js", "<script type=module src=/a.js></script>", (200, {}, b"x"), "fail: the module /a.js has the type (none): browsers run a module only with a JavaScript type; named in /:1"),
        ("/a.js", "<script src=/a.js></script>", typed("text/javascript", b""), "fail (warning): the script /a.js is empty; named in /:1"),
        ("/a.css", "<link rel=stylesheet href=/a.css>", typed("text/plain"), "fail: the style /a.css has the type text/plain: browsers apply only text/css; named in /:1"),
        ("/a.png", "<img src=/a.png>", typed("image/png"), "pass: the assets of / come: 1 assets"),
        ("/a.png", "<img src=/a.png>", typed("application/octet-stream", b"\x89PNG\r\n\x1a\n"), "pass: the assets of / come: 1 assets"),
        ("/a.png", "<img src=/a.png>", typed("text/plain", b"no"), "fail: the image /a.png has the type text/plain and is no image by its content; named in /:1"),
        ("/a.png", "<img src=/a.png>", typed("image/png", b"version https://git-lfs.github.com/spec/v1\noid x"), "fail: the image /a.png is a pointer of Git LFS, not the file; named in /:1"),
        ("/a.ico", "<link rel=icon href=/a.ico>", NOT_FOUND, "fail (warning): the image /a.ico is answered 404 text/plain; named in /:1"),
        ("/a.woff2", "<link rel=preload as=font href=/a.woff2>", typed("font/woff2", b"wOF2"), "pass: the assets of / come: 1 assets"),
        ("/a.woff2", "<link rel=preload as=font href=/a.woff2>", typed("font/woff2", b"oops"), "fail: the font /a.woff2 is no font by its content; named in /:1"),
        ("/m.json", "<link rel=manifest href=/m.json>", typed("application/json", b"{"), "fail: the manifest /m.json is no JSON; named in /:1"),
        ("/a.js", "<script src=/a.js></script>", typed("text/javascript", gzip.compress(b"go()")), "fail: the script /a.js is compressed with gzip, but no Content-Encoding says so; named in /:1"),
        ("/a.js", "<script src=/a.js></script>", typed("text/javascript", gzip.compress(b"go()"), Content_Encoding="gzip"), "pass: the assets of / come: 1 assets"),
        ("/a.js", "<script src=/a.js></script>", typed("text/javascript", gzip.compress(gzip.compress(b"go()")), Content_Encoding="gzip"), "fail: the script /a.js is compressed twice, and Content-Encoding: gzip says so once; named in /:1"),
        ("/a.js", "<script src=/a.js></script>", typed("text/javascript", b"go()", Content_Encoding="gzip"), "fail: the script /a.js comes with a broken body: it cannot be decoded as its Content-Encoding says (gzip); named in /:1"),
        ("/a.js", "<script src=/a.js></script>", typed("text/javascript", b"go()", Content_Length="99"), "fail: the script /a.js comes with a broken body: the connection was closed before all of it had come; named in /:1"),
    ],
)  # fmt: skip
def test_assets(name: str, tag: str, answer: Route, expected: str) -> None:
    found = seen(asset, {"/": f"<!doctype html><p>Tea{tag}".encode(), name: answer})
    assert told(found) == [expected]


def test_styles_of_any_type_without_a_doctype() -> None:
    found = seen(asset, {"/": b"<p>Tea<link rel=stylesheet href=/a.css>", "/a.css": typed("text/plain")})
    assert told(found) == ["pass: the assets of / come: 1 assets"]


def test_what_styles_and_modules_name_is_asked_for_as_well() -> None:
    routes = SHOP | {
        "/a.css": typed("text/css", b"@import '/b.css';\n@font-face { src: url(/f.woff2) }\n.unused { background: url(/u.png) }"),
        "/a.js": typed("text/javascript", b'import "./b.js"'),
    }
    assert told(seen(asset, routes)) == [
        "fail: the style /b.css is answered 404 text/plain; named in /a.css:1",
        "fail (warning): the font /f.woff2 is answered 404 text/plain; named in /a.css:2",
        "fail (warning): the image /u.png is answered 404 text/plain; named in /a.css:3",
        "fail: the module /b.js is answered 404 text/plain; named in /a.js:1",
    ]


def test_an_asset_of_two_pages_is_told_once() -> None:
    found = seen(asset, {"/": PAGE, "/b": PAGE, "/a.js": JS}, pages=(Endpoint(path="/"), Endpoint(path="/b")))
    assert told(found) == ["fail: the style /a.css is answered 404 text/plain; named in /:1"]


# -- missing files and deep links ----------------------------------------------------------------------------------------------------

LONG = {"Content-Type": "text/html", "Cache-Control": "public, max-age=31536000, immutable"}


@pytest.mark.parametrize(
    ("fallback", "expected"),
    [
        (NOT_FOUND, "pass: a missing file is answered 404 text/plain"),
        (PAGE, "fail (warning): a missing file is answered 200 text/html; a missing asset does not show as one"),
        (
            (200, LONG, PAGE),
            ("fail: a missing file is answered 200 text/html, and caches keep it (public, max-age=31536000, immutable): after a deployment the page stays"
            " broken; a missing asset does not show as one"),
        ),
        ((200, LONG | {"Cache-Control": "no-cache"}, PAGE), "fail (warning): a missing file is answered 200 text/html; a missing asset does not show as one"),
        ((500, {}, b"no"), "fail: a missing file makes the application fail: 500"),
        (moved("/login"), "pass: a missing file is answered 404 text/plain"),
    ],
)  # fmt: skip
def test_missing_files(fallback: Route, expected: str) -> None:
    found = seen(soft_404, SHOP | {"/login": NOT_FOUND}, fallback)
    assert set(told(found)) == {expected}
    assert [each.subject for each in found] == ["GET /<missing>.css", "GET /<missing>.js"]


RELATIVE = b"<!doctype html><p>Tea<script src=a.js></script>"


@pytest.mark.parametrize(
    ("routes", "fallback", "expected"),
    [
        (SHOP, PAGE, ["pass: /teas/1 is answered 200 text/html, the same document as /"]),
        (SHOP | {"/teas/1": b"<!doctype html><p>A tea"}, NOT_FOUND, ["pass: /teas/1 is answered 200 text/html, a document of its own"]),
        (SHOP, NOT_FOUND, ["fail: reloading /teas/1 is answered 404 text/plain: only links within the front end lead there"]),
        (SHOP, typed("application/json", b"{}"), ["fail: reloading /teas/1 is answered 200 application/json: only links within the front end lead there"]),
        (SHOP, EXPRESS, ["fail: reloading /teas/1 is answered 200 text/html, the error page of Express: only links within the front end lead there"]),
        (
            {"/": RELATIVE, "/a.js": JS, "/teas/1": RELATIVE},
            NOT_FOUND,
            ["fail: the script /teas/a.js is answered 404 text/plain; named in /teas/1:1"],
        ),
        (
            {"/": RELATIVE, "/a.js": JS},
            RELATIVE,
            ["fail: the script /teas/a.js is answered with an HTML page (200 text/html); named in /teas/1:1"],
        ),
    ],
)  # fmt: skip
def test_deep_links(routes: dict[str, Route], fallback: Route, expected: list[str]) -> None:
    assert told(seen(deep_link, routes, fallback, deep_links=("/teas/1",))) == expected


# -- for developers ------------------------------------------------------------------------------------------------------------------

WERKZEUG = b"<!doctype html><title>KeyError: 'x' // Werkzeug Debugger</title><script>var CONSOLE_MODE = false, EVALEX = true, EVALEX_TRUSTED = false</script>"
DJANGO = b"<!DOCTYPE html><p>You're seeing this error because you have <code>DEBUG = True</code> in your Django settings file."


@pytest.mark.parametrize(
    ("routes", "fallback", "log", "expected"),
    [
        (SHOP, NOT_FOUND, "", ["pass: no debugger, no stack trace, no development server is shown"]),
        (SHOP, PAGE, "", ["pass: no debugger, no stack trace, no development server is shown"]),
        (
            SHOP | {"/": lambda handler: typed("text/javascript", b"if (EVALEX) {}") if "__debugger__" in handler.path else typed("text/html", PAGE)},
            NOT_FOUND,
            "",
            ["fail: the debugger of Werkzeug answers: whoever knows its PIN runs code"],
        ),
        (SHOP, (500, {"Content-Type": "text/html"}, WERKZEUG), "", ["fail: visitors are shown the debugger of Werkzeug"]),
        (SHOP, (404, {"Content-Type": "text/html"}, DJANGO), "", ["fail: visitors are shown the debug page of Django"]),
        (SHOP | {"/@vite/client": typed("text/javascript", b"import x")}, NOT_FOUND, "", ["fail: the development server of Vite answers"]),
        (SHOP, typed("text/plain", b"Traceback (most recent call last):\n  File"), "", ["fail: visitors are shown a Python traceback"]),
        (SHOP, NOT_FOUND, " * Debugger is active!", ["fail: the debugger of Werkzeug is active"]),
        (
            SHOP,
            NOT_FOUND,
            "\x1b[31m\x1b[1mWARNING: This is a development server. Do not use it in a production deployment.\x1b[0m",
            ["fail (warning): a development server is running"],
        ),
        (SHOP, NOT_FOUND, "INFO:     Started reloader process [7] using StatReload", ["fail: the reloader of uvicorn watches the files"]),
    ],
)  # fmt: skip
def test_what_is_for_developers(routes: dict[str, Route], fallback: Route, log: str, expected: list[str]) -> None:
    assert told(seen(debug_on, routes, fallback, log=log)) == expected


# -- answers recorded from the real ones ----------------------------------------------------------------------------------------------

ANSWERS = Path(__file__).with_name("answers")


def recorded(name: str) -> Exchange:
    head, _, body = (ANSWERS / f"{name}.http").read_text().partition("\n\n")
    first, *rest = head.split("\n")
    headers = tuple((line.split(":", 1)[0], line.split(":", 1)[1].strip()) for line in rest)
    return Exchange(method="GET", path="/", status=int(first.split()[1]), headers=headers, body=body.encode())


@pytest.mark.parametrize(
    ("name", "error", "debug"),
    [
        ("django-debug.3", "the debug page of Django", "the debug page of Django"),
        ("django-host.1", "the error page of Django", ""),
        ("gunicorn-django.3", "the error page of Django", ""),
        ("express-dev.2", "the error page of Express", "the stack trace of Express"),
        ("express-prod.2", "the error page of Express", ""),
        ("flask-dev.1", "the error page of Werkzeug (Flask)", ""),
        ("gunicorn-flask.3", "the error page of Werkzeug (Flask)", ""),
        ("nginx.2", "the error page of nginx", ""),
        ("uvicorn-debug.1", "a Python traceback", "a Python traceback"),
        ("uvicorn.3", "the error answer of Starlette (FastAPI)", ""),
        ("pyhttp.2", "the error page of Python's http.server", ""),
    ],
)
def test_recorded_answers(name: str, error: str, debug: str) -> None:
    exchange = recorded(name)
    assert (error_page(exchange), debug_page(exchange)) == (error, debug)
    assert not listing(exchange)
    assert not refused_host(exchange)
