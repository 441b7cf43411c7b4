"""Pages that do each thing a page can do wrong, in a real browser."""

import base64
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psutil
import pytest

from auditor.model import Outcome
from auditor.runtime.browser import CHROMIUM, Message, Patience, Site, program, subject, visit, whose
from auditor.runtime.checks.console import console
from auditor.runtime.client import Client, Exchange
from auditor.runtime.scene import Page, Scene
from auditor.runtime.target import Endpoint, Start, Target

HEAD = "<!doctype html><title>t</title>"
PATIENCE = Patience(load=4, settle=1, spare=8)


@dataclass(frozen=True)
class Case:
    """A page and what the check must say of it: outcome, texts in the message or the evidence, signs."""

    body: str
    outcome: Outcome = Outcome.FAIL
    says: tuple = ()
    signs: tuple = ()


CASES = {
    "/healthy": Case("<h1>Hello</h1><script>console.log('fine'); console.warn('so so')</script>", Outcome.PASS),
    "/picture": Case("<img src=/pixel.svg width=9 height=9>", Outcome.PASS),
    "/shadow": Case(
        "<my-app></my-app><script>document.querySelector('my-app').attachShadow({mode:'open'}).innerHTML='<p>x</p>'</script>", Outcome.PASS
    ),
    "/late": Case("<div id=root></div><script>setTimeout(() => root.textContent = 'here', 600)</script>", Outcome.PASS),
    "/stranger": Case(
        "<p>x<img src=http://203.0.113.9/a.png><link rel=stylesheet href=https://fonts.example/a.css>", Outcome.PASS, ("2 requests to",)
    ),
    "/visitor": Case("<p>x<script>fetch('/401')</script>", Outcome.PASS),
    "/allowed": Case("<p>x<script>console.error('known trouble 17')</script>", Outcome.PASS),
    "/from-elsewhere": Case(
        "<div id=root></div><script src=https://cdn.example/x.js></script><script>React.x</script>", Outcome.SKIP, ("cdn.example",)
    ),
    "/alert": Case("<p>x<script>alert('hi'); confirm('sure?'); onbeforeunload = () => 'stay'</script>", Outcome.PASS),
    "/csp": Case("<p>strict", Outcome.PASS),
    "/exception": Case("<p>x<script>throw new TypeError('boom')</script>", says=("uncaught TypeError: boom (/exception:1",), signs=(("console", 0),)),
    "/late-exception": Case("<p>x<script>setTimeout(() => { throw new Error('late') }, 100)</script>", says=("uncaught Error: late",)),
    "/rejected": Case("<p>x<script>Promise.reject(new Error('nobody'))</script>", says=("uncaught Error: nobody",)),
    "/console": Case("<p>x<script>console.error('it', 'broke')</script>", says=("console.error: it broke",)),
    "/missing": Case("<p>x<script src=/missing.js></script>", says=("GET /missing.js → 404 text/plain",), signs=(("http", 404),)),
    "/module": Case("<p>x<script type=module src=/html.js></script>", says=("Failed to load module script", "MIME type"), signs=(("console", 0),)),
    "/api": Case("<p>x<script>fetch('/500')</script>", says=("GET /500 → 500",), signs=(("http", 500),)),
    "/empty": Case("<div id=root></div><script></script>", says=('nothing is to be seen: <div id="root"></div> was never filled',)),
    "/hidden": Case("<p style=display:none>x</p><noscript>Enable scripts</noscript><input type=hidden>", says=("nothing is to be seen",)),
    "/cors": Case("<p>x<script>fetch('OTHER/data').catch(() => 0)</script>", says=("has been blocked by CORS policy",), signs=(("console", 0),)),
    "/loop": Case("", says=("ERR_TOO_MANY_REDIRECTS",), signs=(("console", 0),)),
    "/unfinished": Case("<p>x<img src=/hangs>", says=("does not finish loading; still waiting for /hangs",)),
    "/busy": Case("<p>x<script>setTimeout(() => { for (;;); }, 20)</script>", says=("keeps the browser busy",)),
    "/many": Case("<p>x<script>for (let i = 0; i < 1000; i++) console.error('line', i)</script>", says=("line 0 ", "(and 199 more)")),
    "/huge": Case("<div></div>" * 100_000 + "<p>x", Outcome.PASS),
    "/socket": Case("<p>x<script>new WebSocket('ws://' + location.host + '/404')</script>", says=("WebSocket connection to",)),
    "/cut": Case("<p>x<script src=/cut.js></script>", says=("GET /cut.js failed",)),
}


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    other = ""
    noise = ""
    asked = None

    def do_GET(self):
        path = self.path
        if self.asked is not None:
            self.asked.append(path)
        if path == "/hangs":
            time.sleep(6)
            self.close_connection = True
        elif path == "/cut.js":
            self.connection.close()
            self.close_connection = True
        elif path == "/loop":
            self.reply(302, "", Location="/loop")
        elif path in CASES:
            policy = {"Content-Security-Policy": "default-src 'none'"} if path == "/csp" else {}
            self.reply(200, HEAD + CASES[path].body.replace("OTHER", self.other), **policy, **{"Content-Type": "text/html"})
        elif path == "/noise":
            self.reply(200, HEAD + self.noise, **{"Content-Type": "text/html"})
        elif path == "/html.js":
            self.reply(200, HEAD, **{"Content-Type": "text/html"})
        elif path == "/pixel.svg":
            self.reply(200, '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', **{"Content-Type": "image/svg+xml"})
        else:
            self.reply(int(path[1:]) if path[1:].isdigit() else 200 if path == "/data" else 404, "{}", **{"Content-Type": "text/plain"})

    def reply(self, status, body, **headers):
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *_):
        pass


@contextmanager
def serving(**attributes):
    server = Quiet(("127.0.0.1", 0), type("Handler", (Server,), attributes))
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def scene(port, paths, tmp, **more):
    target = Target(start=Start(words=("true",)), allowed_console=("known trouble \\d+",))
    pages = tuple(Page(endpoint=Endpoint(path=path), exchange=Exchange(method="GET", path=path, status=200)) for path in paths)
    nobody = object()
    with_defaults = {"pages": pages, "kept": tmp / "kept", **more}
    return Scene(root=tmp, project=nobody, target=target, application=nobody, client=Client("127.0.0.1", port), again=nobody, **with_defaults)


def environ(pid):
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


needs_browser = pytest.mark.skipif(isinstance(program(), str), reason=str(program()))


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    tmp = tmp_path_factory.mktemp("browser")
    found = {}
    paths = list(CASES)
    with serving() as second, serving(other=f"http://127.0.0.1:{second}") as port:
        for start in range(0, len(paths), 10):
            stage = scene(port, paths[start : start + 10], tmp, kept=tmp / str(start))
            found |= {seen.subject.removeprefix("GET "): seen for seen in console(stage, patience=PATIENCE)}
            stage.client.close()
    return found


@pytest.mark.real
@needs_browser
@pytest.mark.parametrize("path", CASES)
def test_each_page_gets_its_verdict(verdicts, path):
    case, seen = CASES[path], verdicts[path]
    told = "\n".join([seen.message, seen.observed, *(each.body for each in seen.evidence)])
    assert seen.outcome is case.outcome, told
    assert [text for text in case.says if text not in told] == [], told
    kinds = {(sign.kind, sign.status) for sign in seen.signs}
    assert set(case.signs) <= kinds
    assert bool(kinds) == (case.outcome is Outcome.FAIL)


@pytest.mark.real
@needs_browser
def test_the_picture_is_kept_and_named(verdicts):
    (path,) = [each.body for each in verdicts["/healthy"].evidence if each.kind == "screenshot"]
    assert Path(path).read_bytes().startswith(b"\x89PNG")


@pytest.mark.real
@needs_browser
def test_a_page_is_seen_under_the_name_that_production_knows():
    with serving() as port:
        (seen,) = visit(["/healthy"], Site(address="127.0.0.1", port=port, host="shop.example"))
    assert (seen.final, seen.status, seen.visible, seen.problem) == ("http://shop.example/healthy", 200, True, "")


@pytest.fixture
def short():
    """A folder with a short name: the browser has a socket in its profile, and the path of one is limited to 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="g") as folder:
        yield Path(folder)


@pytest.mark.real
@needs_browser
def test_nothing_is_left_when_our_process_is_killed(short):
    code = (
        "import sys; from auditor.runtime.browser import *\n"
        "visit(['/unfinished'], Site(address='127.0.0.1', port=int(sys.argv[1])), environment={'GOTCHA_AUDIT_TEST': sys.argv[2]})"
    )
    mark = f"m{os.getpid()}"

    def marked():
        return [pid for pid in psutil.pids() if f"GOTCHA_AUDIT_TEST={mark}".encode() in environ(pid)]

    asked = []
    with serving(asked=asked) as port:
        with subprocess.Popen([sys.executable, "-c", code, str(port), mark], env={**os.environ, "TMPDIR": str(short)}) as us:
            deadline = time.monotonic() + 20
            while "/hangs" not in asked and time.monotonic() < deadline:
                time.sleep(0.05)
            many = len(marked())
            us.send_signal(signal.SIGKILL)
        assert many > 2  # the pilot, the driver, and the browser at least
        deadline = time.monotonic() + 10
        while marked() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert marked() == []
        assert list(short.iterdir()) == []


@pytest.mark.real
@needs_browser
def test_an_application_that_is_gone_is_a_problem_of_the_visit():
    with serving() as port:
        pass
    (seen,) = visit(["/"], Site(address="127.0.0.1", port=port))
    assert "ERR_CONNECTION_REFUSED" in seen.problem


@pytest.mark.real
@pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="playwright is not installed")
def test_a_program_that_is_no_browser_is_a_reason(monkeypatch):
    monkeypatch.setenv(CHROMIUM, shutil.which("false"))
    reason = visit(["/"], Site(address="127.0.0.1", port=1))
    assert isinstance(reason, str)
    assert "\n" not in reason


def test_without_playwright_the_reason_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert program({}) == "playwright is not installed: pip install 'gotcha-audit[browser]'"


def test_without_a_browser_the_reason_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    assert "apt install chromium" in program({"PATH": str(tmp_path)})
    assert program({CHROMIUM: "/no/such"}) == f"{CHROMIUM} names no program: /no/such"


def test_switched_off_is_said(tmp_path):
    (seen,) = console(scene(1, ["/"], tmp_path, browser=False))
    assert (seen.outcome, seen.message) == (Outcome.SKIP, "switched off with --no-browser")


def test_without_pages_there_is_nothing_to_look_at(tmp_path):
    (seen,) = console(scene(1, [], tmp_path))
    assert (seen.outcome, seen.message) == (Outcome.SKIP, "there is no page to open")


def asked(path, status):
    return Page(endpoint=Endpoint(path=path), exchange=Exchange(method="GET", path=path, status=status, error="refused"))


def test_what_was_not_answered_is_not_opened(tmp_path):
    (seen,) = console(scene(1, [], tmp_path, pages=(asked("/", 0),)))
    assert (seen.outcome, seen.message, seen.evidence) == (Outcome.SKIP, "there is no page: refused", ())


@pytest.mark.real
@needs_browser
def test_what_is_answered_with_an_error_is_opened_for_its_picture_alone_and_after_the_others(tmp_path):
    pages = (asked("/no/such", 404), asked("/healthy", 200))
    with serving() as port:
        stage = scene(port, [], tmp_path, pages=pages, kept=None)
        works, none = console(stage, patience=PATIENCE)
        stage.client.close()
    assert (works.outcome, works.subject) == (Outcome.PASS, "GET /healthy")
    assert (none.outcome, none.subject, none.message) == (Outcome.SKIP, "GET /no/such", "there is no page: 404")
    for seen in (works, none):
        (picture,) = [each for each in seen.evidence if each.kind == "image"]
        assert base64.b64decode(picture.body).startswith(b"\x89PNG")


@pytest.mark.real
@needs_browser
def test_a_photograph_is_kept_as_jpeg(tmp_path):
    noise = "<canvas width=1200 height=700></canvas><script>const c=document.querySelector('canvas').getContext('2d'),d=c.createImageData(1200,700);for(let i=0;i<d.data.length;i++)d.data[i]=i%4===3?255:Math.random()*255;c.putImageData(d,0,0)</script>"
    with serving(noise=noise) as port:
        stage = scene(port, ["/noise"], tmp_path)
        (seen,) = console(stage, patience=PATIENCE)
        stage.client.close()
    (picture,) = [each for each in seen.evidence if each.kind == "image"]
    data = base64.b64decode(picture.body)
    assert data.startswith(b"\xff\xd8\xff")
    assert (tmp_path / "kept" / "page-1.jpg").read_bytes() == data


@pytest.mark.parametrize(
    ("url", "of"),
    [
        ("http://127.0.0.1:8000/a", "own"),
        ("ws://127.0.0.1:8000/a", "own"),
        ("data:text/plain,x", "own"),
        ("http://127.0.0.1:9000/", "loopback"),
        ("http://localhost:8000/", "loopback"),
        ("http://[::1]:8000/", "loopback"),
        ("https://127.0.0.1:8000/", "loopback"),
        ("https://cdn.example/x.js", "other"),
        ("http://203.0.113.9/", "other"),
        ("http://[bad", "other"),
    ],
)
def test_whose_a_url_is(url, of):
    assert whose(url, "http://127.0.0.1:8000") == of


def test_a_message_is_about_the_url_it_names():
    text = "WebSocket connection to 'wss://ws.example/' failed"
    assert subject(Message(kind="error", text=text, url="http://a/", native=True)) == "wss://ws.example/"
    assert subject(Message(kind="error", text=text, url="http://a/")) == "http://a/"
