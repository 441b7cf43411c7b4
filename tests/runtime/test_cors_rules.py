"""One truth table of the CORS protocol: judged by `auditor.runtime.cors`, and by a real browser."""

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from auditor.runtime.cors import (
    Answer,
    Ask,
    cautions,
    judge_answer,
    judge_preflight,
    mixes_origins,
    preflight_headers,
    unsafe_headers,
    why_preflight,
)

AUTH = (("Authorization", "x"),)
JSON = (("Content-Type", "application/json"),)
FOO = (("X-Foo", "x"),)


@dataclass(frozen=True)
class Row:
    """`@` stands for the origin of the page. Without ``actual``, the real answer carries origin and credentials headers of the preflight."""

    readable: bool
    preflight: dict | list
    method: str = "PUT"
    headers: tuple = AUTH
    credentials: bool = False
    status: int = 204
    actual: dict | list | None = None
    actual_status: int = 200
    opaque: bool = False


def allow(origin="@", methods="PUT", headers="authorization", credentials=None, **more):
    named = {"Origin": origin, "Methods": methods, "Headers": headers, "Credentials": credentials}
    return {f"Access-Control-Allow-{key}": value for key, value in named.items() if value is not None} | more


def twice(name, *values, **named):
    return [
        *((key, value) for key, value in allow(**named).items() if not key.endswith(name)),
        *((f"Access-Control-Allow-{name}", v) for v in values),
    ]


PLAIN = {"Access-Control-Allow-Origin": "@"}
SIMPLE = {"method": "GET", "headers": (), "preflight": {}, "status": 500}
CREDENTIALS = {"Access-Control-Allow-Origin": "@", "Access-Control-Allow-Credentials": "true"}

TABLE = {
    # The rows of the first experiment.
    "all is listed": Row(True, allow(headers="authorization,content-type")),
    "preflight 404": Row(False, allow(), status=404),
    "preflight 301": Row(False, allow(Location="/all is listed"), status=301),
    "origin twice": Row(False, twice("Origin", "@", "@")),
    "wildcards, Authorization": Row(True, allow("*", "*", "*")),
    "wildcards, another header": Row(True, allow("*", "*", "*"), headers=FOO),
    "wildcard origin, credentials": Row(False, allow("*", credentials="true"), credentials=True),
    "echoed origin, credentials": Row(True, allow(credentials="true"), credentials=True),
    "credentials not allowed": Row(False, allow(), credentials=True),
    "slash after the origin": Row(False, allow("@/")),
    "PUT not listed": Row(False, allow(methods=None)),
    "POST not listed": Row(True, allow(methods=None), method="POST"),
    "patch in lower case": Row(False, allow(methods="PATCH"), method="patch"),
    "real answer without origin": Row(False, allow(), actual={}),
    "real 500 without origin": Row(False, allow(), actual={}, actual_status=500),
    "list of origins": Row(False, allow("@, http://x.example")),
    # The preflight's status.
    "preflight 200": Row(True, allow(), status=200),
    "preflight 299": Row(True, allow(), status=299),
    "preflight 401": Row(False, allow(), status=401),
    "preflight 405": Row(False, allow(), status=405),
    "preflight 500": Row(False, allow(), status=500),
    "preflight 307": Row(False, allow(Location="/all is listed"), status=307),
    # The origin.
    "no origin in the preflight": Row(False, allow(None), actual=PLAIN),
    "empty origin": Row(False, allow("")),
    "blanks around the origin": Row(True, allow("  @ \t")),
    "origin in capitals": Row(False, allow("HTTP://127.0.0.1")),
    "another origin": Row(False, allow("http://x.example")),
    "list of origins with blanks": Row(False, allow("@ http://x.example")),
    "origins in two headers": Row(False, twice("Origin", "http://x.example", "@")),
    "origin and wildcard": Row(False, twice("Origin", "@", "*")),
    "wildcard twice": Row(False, twice("Origin", "*", "*")),
    "a pattern": Row(False, allow("http://*")),
    "null for a page with an origin": Row(False, allow("null")),
    "null for a page without": Row(True, allow("null"), opaque=True),
    "wildcard for a page without": Row(True, allow("*"), opaque=True),
    "another origin for a page without": Row(False, allow("http://x.example"), opaque=True),
    # Methods.
    "PATCH listed": Row(True, allow(methods="GET, PATCH"), method="PATCH"),
    "patch listed as patch": Row(True, allow(methods="patch"), method="patch"),
    "PATCH listed as patch": Row(False, allow(methods="patch"), method="PATCH"),
    "put is sent as PUT": Row(True, allow(), method="put"),
    "delete is sent as DELETE": Row(True, allow(methods="DELETE"), method="delete"),
    "PUT listed as put": Row(False, allow(methods="put")),
    "wildcard method": Row(True, allow(methods="*")),
    "wildcard method, credentials": Row(False, allow(methods="*", credentials="true"), credentials=True),
    "methods in two headers": Row(True, twice("Methods", "GET", "PUT")),
    "methods without commas": Row(False, allow(methods="GET PUT")),
    "methods with empty members": Row(True, allow(methods=",GET,, PUT,")),
    "GET need not be listed": Row(True, allow(methods="PUT"), method="GET"),
    "empty list of methods": Row(False, allow(methods="")),
    "methods as a list of Python": Row(False, allow(methods="['PUT']")),
    # Headers.
    "header in other case": Row(True, allow(headers="AUTHORIZATION")),
    "no headers listed": Row(False, allow(headers=None)),
    "another header listed": Row(False, allow(headers="X-Bar"), headers=FOO),
    "one of two listed": Row(False, allow(headers="X-Foo"), headers=AUTH + FOO),
    "both listed in two headers": Row(True, twice("Headers", "X-Foo", "Authorization"), headers=AUTH + FOO),
    "wildcard headers, credentials": Row(False, allow(headers="*", credentials="true"), headers=FOO, credentials=True),
    "json not listed": Row(False, allow(headers=None), method="POST", headers=JSON),
    "json listed": Row(True, allow(headers="content-type"), method="POST", headers=JSON),
    "safe header with PUT": Row(True, allow(headers=None), headers=(("Accept", "application/json"),)),
    "headers without commas": Row(False, allow(headers="Authorization X-Foo")),
    # Credentials.
    "credentials True": Row(False, allow(credentials="True"), credentials=True),
    "credentials 1": Row(False, allow(credentials="1"), credentials=True),
    "credentials twice": Row(False, twice("Credentials", "true", "true"), credentials=True),
    "credentials allowed, none sent": Row(True, allow("*", credentials="true")),
    "credentials in the preflight only": Row(False, allow(credentials="true"), credentials=True, actual=PLAIN),
    "credentials in the answer only": Row(False, allow(), credentials=True, actual=CREDENTIALS),
    # The real answer.
    "real 500 with origin": Row(True, allow(), actual_status=500),
    "real 404 with origin": Row(True, allow(), actual_status=404),
    "origin twice in the real answer": Row(False, allow(), actual=[*PLAIN.items(), *PLAIN.items()]),
    "wildcard in the real answer, credentials": Row(
        False, allow(credentials="true"), credentials=True, actual={"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "true"}
    ),
    # No preflight: what OPTIONS would have been answered does not matter.
    "simple GET": Row(True, actual=PLAIN, **SIMPLE),
    "simple GET, wildcard": Row(True, actual={"Access-Control-Allow-Origin": "*"}, **SIMPLE),
    "simple GET without origin": Row(False, actual={}, **SIMPLE),
    "simple GET, credentials": Row(True, actual=CREDENTIALS, credentials=True, **SIMPLE),
    "simple GET, wildcard with credentials": Row(False, actual={"Access-Control-Allow-Origin": "*"}, credentials=True, **SIMPLE),
    "simple POST of text": Row(True, {}, "POST", (("Content-Type", "text/plain; charset=utf-8"),), status=500, actual=PLAIN),
    "simple POST of a form": Row(True, {}, "POST", (("Content-Type", "application/x-www-form-urlencoded"),), status=500, actual=PLAIN),
    "a language": Row(True, {}, "GET", (("Accept-Language", "de-CH, en;q=0.5"),), status=500, actual=PLAIN),
    "a range": Row(True, {}, "GET", (("Range", "bytes=0-99"),), status=500, actual=PLAIN),
    "a range from the end": Row(False, {}, "GET", (("Range", "bytes=-99"),), status=500, actual=PLAIN),
    "a long safe header": Row(False, {}, "GET", (("Accept", "a" * 129),), status=500, actual=PLAIN),
    "an unsafe byte": Row(False, {}, "GET", (("Accept", "text/html (all)"),), status=500, actual=PLAIN),
    "a forbidden header": Row(True, {}, "GET", (("Cookie", "a=b"), ("Sec-Foo", "x")), status=500, actual=PLAIN),
}
STANDARD_SAYS_NO = {"wildcards, Authorization"}
"""Chromium lets it pass, the standard does not: `cautions` speaks of it."""


def pairs(headers, origin):
    found = headers.items() if isinstance(headers, dict) else headers
    return tuple((key, value.replace("@", origin)) for key, value in found)


def real(row):
    if row.actual is not None:
        return row.actual
    found = row.preflight.items() if isinstance(row.preflight, dict) else row.preflight
    return [(key, value) for key, value in found if key.endswith(("-Origin", "-Credentials"))]


def asked(row, origin="http://127.0.0.1:6102"):
    return Ask(origin="null" if row.opaque else origin, method=row.method, headers=row.headers, credentials=row.credentials)


def judged(row):
    ask = asked(row)
    if why_preflight(ask):
        wrong = judge_preflight(ask, Answer(status=row.status, headers=pairs(row.preflight, ask.origin)))
        if wrong:
            return wrong
    return judge_answer(ask, Answer(status=row.actual_status, headers=pairs(real(row), ask.origin)))


@pytest.mark.parametrize("name", TABLE)
def test_the_verdict_is_that_of_the_table(name):
    wrong = judged(TABLE[name])
    assert (not wrong) == TABLE[name].readable, wrong


@pytest.mark.parametrize("name", TABLE)
def test_only_the_known_exception_is_cautioned(name):
    row = TABLE[name]
    found = cautions(asked(row), Answer(status=row.status, headers=pairs(row.preflight, "http://a.example")))
    assert bool(found) == (name in STANDARD_SAYS_NO)


PREFLIGHT = {
    "Access-Control-Allow-Origin": "https://shop.example",
    "Access-Control-Allow-Methods": "PUT",
    "Access-Control-Allow-Headers": "authorization",
}


@pytest.mark.parametrize(
    ("changed", "credentials", "words"),
    [
        ({"Access-Control-Allow-Origin": "https://shop.example/"}, False, '"https://shop.example/": an origin does not end in a slash'),
        ({"Access-Control-Allow-Origin": "https://shop.example/app"}, False, "an origin has no path"),
        ({"Access-Control-Allow-Origin": "https://SHOP.example"}, False, "upper and lower case count"),
        ({"Access-Control-Allow-Origin": "shop.example"}, False, "the scheme is missing"),
        ({"Access-Control-Allow-Origin": "https://*.example"}, False, "a browser knows no patterns"),
        ({"Access-Control-Allow-Origin": "https://a.example,https://shop.example"}, False, "one origin is allowed, not a list"),
        ({"Access-Control-Allow-Origin": "*"}, True, "does not hold for requests with credentials"),
        ({"Access-Control-Allow-Origin": ""}, False, 'not "https://shop.example"'),
        ({"Access-Control-Allow-Credentials": "TRUE"}, True, '"TRUE": only "true", in lower case, counts'),
        ({}, True, "there is no Access-Control-Allow-Credentials"),
        ({"Access-Control-Allow-Methods": "GET, POST"}, False, '"GET, POST", without PUT'),
        ({"Access-Control-Allow-Methods": "put"}, False, 'the request says "PUT": upper and lower case count'),
        ({"Access-Control-Allow-Methods": "GET;PUT"}, False, "names are separated by commas"),
        ({"Access-Control-Allow-Headers": "X-Foo"}, False, '"X-Foo", without authorization'),
        ({"Access-Control-Allow-Headers": "*", "Access-Control-Allow-Credentials": "true"}, True, '"*" is no wildcard, and authorization'),
    ],
)
def test_the_reason_names_the_value_and_the_rule(changed, credentials, words):
    ask = Ask(origin="https://shop.example", method="PUT", headers=AUTH, credentials=credentials)
    (reason,) = judge_preflight(ask, Answer(status=204, headers=tuple((PREFLIGHT | changed).items())))
    assert words in reason


def test_every_fault_of_a_preflight_is_named():
    ask = Ask(origin="https://shop.example", method="PATCH", headers=AUTH + FOO)
    assert judge_preflight(ask, Answer(status=404)) == (
        "the preflight is answered 404, and a browser wants 200 to 299",
        "there is no Access-Control-Allow-Origin",
        "there is no Access-Control-Allow-Methods, and PATCH must be listed",
        "there is no Access-Control-Allow-Headers, and authorization must be listed",
        "there is no Access-Control-Allow-Headers, and x-foo must be listed",
    )


def test_a_redirected_preflight_says_where_to():
    answer = Answer(status=308, headers=(("location", "https://api.example/v1/"), *PREFLIGHT.items()))
    assert judge_preflight(Ask(origin="https://shop.example", method="PUT"), answer) == (
        "the preflight is redirected (308 to https://api.example/v1/), and a browser does not follow that",
    )


def test_a_huge_value_is_cut():
    (reason,) = judge_answer(Ask(origin="https://shop.example"), Answer(status=200, headers=(("Access-Control-Allow-Origin", "x" * 100_000),)))
    assert len(reason) < 400


def test_what_a_preflight_asks_for():
    headers = (("X-B", "1"), ("Content-Type", "application/json"), ("Accept", "*/*"), ("x-a", "1"), ("Cookie", "a=b"))
    assert preflight_headers(Ask(origin="https://shop.example", method="put", headers=headers)) == {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type,x-a,x-b",
    }
    assert why_preflight(Ask(origin="https://shop.example", method="put", headers=FOO)) == ("the method PUT", "the header x-foo")


def test_safe_headers_are_unsafe_together_above_1024_bytes():
    assert unsafe_headers([("Accept", "a" * 128)] * 8) == ()
    assert unsafe_headers([("Accept", "a" * 128)] * 8 + [("Accept-Language", "de")]) == ("accept", "accept-language")


@pytest.mark.parametrize(
    ("one", "other", "mixed"),
    [
        ({"Access-Control-Allow-Origin": "a"}, {}, True),
        ({"Access-Control-Allow-Origin": "a", "Vary": "Origin"}, {}, True),
        ({"Access-Control-Allow-Origin": "a", "Vary": "Origin"}, {"Vary": "Accept-Encoding, origin"}, False),
        ({"Access-Control-Allow-Origin": "a", "Vary": "*"}, {"Vary": "*"}, False),
        ({"Access-Control-Allow-Origin": "*"}, {"Access-Control-Allow-Origin": "*"}, False),
        ({"Access-Control-Allow-Origin": "a"}, {"Access-Control-Allow-Origin": "a"}, False),
        ({"Access-Control-Allow-Origin": "a", "Cache-Control": "no-store"}, {}, False),
    ],
)
def test_caches_mix_origins_up_when_answers_differ_without_vary(one, other, mixed):
    assert mixes_origins(Answer(status=200, headers=tuple(one.items())), Answer(status=200, headers=tuple(other.items()))) is mixed


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rows = tuple(TABLE.values())

    def answer(self, status, headers):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(status)
        for key, value in pairs(headers, self.headers.get("Origin", "")):
            self.send_header(key, value)
        self.send_header("Content-Length", "0" if status == 204 else "2")
        self.end_headers()
        if status != 204:
            self.wfile.write(b"{}")

    def row(self):
        return self.rows[int(self.path.strip("/"))]

    def do_OPTIONS(self):
        row = self.row()
        self.answer(row.status, [(key, "/0" if key == "Location" else value) for key, value in pairs(row.preflight, self.headers.get("Origin", ""))])

    def do_GET(self):
        row = self.row()
        self.answer(row.actual_status, real(row))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_patch = do_GET  # noqa: N815

    def log_message(self, *_):
        pass


class Site(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b'<!doctype html><iframe sandbox="allow-scripts" srcdoc="<p>opaque"></iframe>')

    def log_message(self, *_):
        pass


@contextmanager
def serving(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


ASK = """async ([url, method, headers, credentials]) => {
    try { return "status " + (await fetch(url, {method, headers, credentials: credentials ? "include" : "omit"})).status }
    catch (problem) { return String(problem) }
}"""


@pytest.mark.real
def test_a_real_browser_agrees_with_every_row():
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or pytest.skip("no chromium")
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with serving(Api) as api, serving(Site) as site, playwright.sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page()
        page.goto(site)
        found = {}
        for number, (name, row) in enumerate(TABLE.items()):
            frame = page.frames[1] if row.opaque else page
            seen = frame.evaluate(ASK, [f"{api}/{number}", row.method, row.headers, row.credentials])
            found[name] = seen.startswith("status ")
        browser.close()
    assert json.dumps(found, indent=1) == json.dumps({name: row.readable for name, row in TABLE.items()}, indent=1)
