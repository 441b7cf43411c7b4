"""What the check says of servers that answer other origins in each of the usual ways."""
# ruff: noqa: ARG001, ARG005, E741 - every answer takes the same four arguments; one letter a header keeps them readable

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from auditor.model import Outcome, Severity
from auditor.runtime.checks.cors import STRANGER, cors
from auditor.runtime.client import Client, Exchange
from auditor.runtime.scene import Page, Scene
from auditor.runtime.target import Cors, Endpoint, Start, Target

SHOP = "https://shop.example"
O, C, M, H = (f"Access-Control-Allow-{name}" for name in ("Origin", "Credentials", "Methods", "Headers"))


@contextmanager
def serving(answer):
    """``answer(method, path, origin, headers)`` gives status and headers."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            origin = self.headers.get("Origin", "")
            asked.append((self.command, self.path, origin))
            status, headers = answer(self.command, self.path, origin, self.headers)
            self.send_response(status)
            for key, value in headers.items() if isinstance(headers, dict) else headers:
                self.send_header(key, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_OPTIONS = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()


def run(answer, *rules, pages=()):
    with serving(answer) as (port, asked):
        client = Client("127.0.0.1", port)
        nobody = object()
        scene = Scene(
            root=None,
            project=nobody,
            target=Target(start=Start(words=("true",)), cors=rules),
            application=nobody,
            client=client,
            again=nobody,
            pages=tuple(Page(endpoint=Endpoint(path=path), exchange=Exchange(method="GET", path=path, status=200)) for path in pages),
        )
        found = tuple(cors(scene))
        client.close()
    return found, asked


def only(found, outcome):
    return [seen for seen in found if seen.outcome is outcome]


def listed(method, path, origin, headers):
    """A healthy application: one origin, by name."""
    if origin != SHOP:
        return (400 if method == "OPTIONS" else 200), {"Vary": "Origin"}
    return (204 if method == "OPTIONS" else 200), {O: origin, C: "true", M: "PUT, DELETE", H: "content-type, authorization", "Vary": "Origin"}


def changed(**differences):
    """The healthy application with some headers replaced (None: left out) or another status, for the allowed origin."""
    names = {"origin": O, "credentials": C, "methods": M, "headers": H, "vary": "Vary"}

    def answer(method, path, origin, headers):
        status, found = listed(method, path, origin, headers)
        if origin == SHOP:
            found |= {names[key]: value for key, value in differences.items() if key in names}
            status = differences.get(method.lower(), status)
        return status, {key: value for key, value in found.items() if value is not None}

    return answer


READ = Cors(path="/api", allowed=(SHOP,), denied=("https://evil.example",), credentials=True)
WRITE = Cors(path="/api", method="PUT", headers=("Content-Type", "Authorization"), allowed=(SHOP,), credentials=True)


@pytest.mark.parametrize("rule", [READ, WRITE])
def test_a_healthy_application_passes(rule):
    found, _ = run(listed, rule)
    assert [seen.message for seen in found if seen.outcome is not Outcome.PASS] == []


def test_a_simple_request_has_no_preflight_and_another_has():
    assert "OPTIONS" not in {method for method, *_ in run(listed, READ)[1]}
    assert [each[0] for each in run(listed, WRITE)[1] if each[2] == SHOP] == ["OPTIONS", "PUT"]


def test_a_stranger_whose_preflight_is_refused_never_changes_anything():
    _, asked = run(listed, WRITE)
    assert [origin for method, _, origin in asked if method == "PUT"] == [SHOP]


@pytest.mark.parametrize(
    ("answer", "rule", "words"),
    [
        (changed(origin=None), READ, "there is no Access-Control-Allow-Origin"),
        (changed(origin=f"{SHOP}/"), READ, "an origin does not end in a slash"),
        (changed(origin="*"), READ, "does not hold for requests with credentials"),
        (changed(credentials="True"), READ, 'only "true"'),
        (changed(origin=None, get=500), READ, "so the front end sees a network error instead of the 500"),
        (changed(options=404), WRITE, "the preflight is refused: the preflight is answered 404"),
        (changed(methods="GET"), WRITE, '"GET", without PUT'),
        (changed(headers="content-type"), WRITE, "without authorization"),
    ],
)
def test_an_allowed_origin_that_cannot_read_fails(answer, rule, words):
    found, _ = run(answer, rule)
    first = found[0]
    assert (first.outcome, first.severity) == (Outcome.FAIL, Severity.ERROR)
    assert words in first.message
    assert any(sign.kind == "console" and "has been blocked by CORS policy" in sign.text for sign in first.signs)


def test_an_error_answer_that_can_be_read_passes():
    found, _ = run(changed(get=500), READ)
    assert found[0].outcome is Outcome.PASS
    assert found[0].observed.startswith("500")


def test_headers_sent_twice_fail():
    found, _ = run(lambda *_: (200, [(O, SHOP), (O, SHOP)]), Cors(path="/api", allowed=(SHOP,)))
    assert "is sent 2 times" in found[0].message


def reflecting(*, credentials):
    return lambda method, path, origin, headers: (200, {"Vary": "Origin"} | ({O: origin} if origin else {}) | ({C: "true"} if credentials else {}))


def test_reflection_with_credentials_fails_for_everybody_else():
    found, _ = run(reflecting(credentials=True), READ)
    bad = only(found, Outcome.FAIL)
    assert [(seen.subject, seen.severity) for seen in bad] == [
        ("GET /api from https://evil.example", Severity.ERROR),
        (f"GET /api from {STRANGER}", Severity.ERROR),
    ]
    assert "as the visitor who is logged in" in bad[1].message
    assert [(sign.kind, sign.on, sign.text) for sign in bad[1].signs] == [("header", O, STRANGER)]


def test_a_made_up_origin_without_cookies_is_a_warning():
    found, _ = run(lambda *_: (200, {O: "*"}), Cors(path="/api", allowed=(SHOP,)))
    (bad,) = only(found, Outcome.FAIL)
    assert (bad.subject, bad.severity) == (f"GET /api from {STRANGER}", Severity.WARNING)
    assert [(sign.on, sign.text) for sign in bad.signs] == [(O, "*")]


@pytest.mark.parametrize(("credentials", "outcome"), [(False, Outcome.PASS), (True, Outcome.FAIL)])
def test_anyone_may_read_what_is_for_anyone_but_not_with_cookies(credentials, outcome):
    found, _ = run(reflecting(credentials=credentials), Cors(path="/api", allowed=("*",)))
    assert [seen.outcome for seen in found] == [outcome]


@pytest.mark.parametrize("alike", ["https://shop.example.not-allowed.invalid", "https://not-allowedshop.example", "https://shopxexample", "null"])
def test_look_alikes_are_told_from_the_origin(alike):
    def answer(method, path, origin, headers):
        return 200, {O: origin, C: "true", "Vary": "Origin"} if origin in (SHOP, alike) else {"Vary": "Origin"}

    found, _ = run(answer, READ)
    assert [seen.subject for seen in only(found, Outcome.FAIL)] == [f"GET /api from {alike}"]


def test_answers_that_differ_by_origin_without_vary_are_a_warning():
    def answer(method, path, origin, headers):
        return 200, {O: SHOP} if origin == SHOP else {}

    found, _ = run(answer, Cors(path="/api", allowed=(SHOP,)))
    (bad,) = only(found, Outcome.FAIL)
    assert (bad.severity, "Vary: Origin" in bad.message) == (Severity.WARNING, True)


def test_a_wildcard_for_authorization_is_a_warning():
    found, _ = run(
        lambda *_: (200, {O: "*", H: "*"}),
        Cors(path="/api", headers=("Authorization",), allowed=("*",)),
        Cors(path="/", allowed=(SHOP,), headers=("Authorization",)),
    )
    assert [seen.severity for seen in only(found, Outcome.FAIL) if "does not cover Authorization" in seen.message] == [Severity.WARNING]


def test_a_redirect_must_be_readable_as_well():
    def answer(method, path, origin, headers):
        if path == "/api":
            return 308, {"Location": "/api/"}
        return 200, {O: origin}

    found, asked = run(answer, Cors(path="/api", allowed=(SHOP,)))
    assert found[0].outcome is Outcome.FAIL
    assert ("GET", "/api/", SHOP) not in asked


def test_a_readable_redirect_is_followed():
    def answer(method, path, origin, headers):
        allow = {O: SHOP, "Vary": "Origin"} if origin == SHOP else {"Vary": "Origin"}
        return (302, allow | {"Location": "/there"}) if path == "/api" else (200, allow)

    found, asked = run(answer, Cors(path="/api", allowed=(SHOP,)))
    assert only(found, Outcome.PASS) == list(found)
    assert ("GET", "/there", SHOP) in asked


def test_redirects_without_end_cannot_be_judged():
    found, _ = run(lambda *_: (302, {O: "*", "Location": "/api"}), Cors(path="/api", allowed=(SHOP,)))
    assert {seen.outcome for seen in found} == {Outcome.ERROR}


def test_no_answer_cannot_be_judged():
    with serving(listed) as (port, _):
        pass
    client = Client("127.0.0.1", port)
    scene = Scene(
        root=None, project=object(), target=Target(start=Start(words=("x",)), cors=(READ,)), application=object(), client=client, again=object()
    )
    assert {seen.outcome for seen in cors(scene)} == {Outcome.ERROR}
    client.close()


@pytest.mark.parametrize(
    ("headers", "outcome", "words"),
    [
        ({}, Outcome.SKIP, "no answer speaks of other origins"),
        ({O: "*"}, Outcome.PASS, "any website may read it, without cookies"),
        ({O: SHOP}, Outcome.PASS, "a stranger may not read it"),
        ({O: STRANGER}, Outcome.PASS, "the origin is echoed"),
        ({O: STRANGER, C: "true"}, Outcome.FAIL, "as the visitor who is logged in"),
        ({O: "*", C: "true"}, Outcome.FAIL, "browsers refuse every answer to a request with cookies"),
    ],
)
def test_without_configuration_only_letting_anybody_in_with_cookies_fails(headers, outcome, words):
    (seen,), _ = run(lambda *_: (200, headers), pages=["/"])
    assert seen.outcome is outcome
    assert words in seen.message


def test_a_framework_that_names_the_origin_only_to_those_with_a_cookie_is_caught():
    def answer(method, path, origin, headers):
        return 200, {O: origin if headers.get("Cookie") else "*", C: "true"}

    (seen,), _ = run(answer, pages=["/"])
    assert (seen.outcome, seen.severity) == (Outcome.FAIL, Severity.ERROR)
