"""Exceptions in what applications print: recorded from real ones, and as the languages document them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Outcome, Severity
from auditor.processes.output import Line
from auditor.runtime.checks.log_traceback import log_traceback
from auditor.runtime.client import Exchange
from auditor.runtime.scene import Scene
from auditor.runtime.seen import Seen
from auditor.runtime.target import Endpoint, Start, Target
from auditor.runtime.traces import Trace, requests, traces

LOGS = Path(__file__).with_name("logs")


def lines(text: str, *, at: float = 100.0, stream: str = "err") -> list[Line]:
    return [Line(time=at, stream=stream, text=each) for each in text.split("\n")]


def headlines(text: str) -> list[tuple[str, str]]:
    return [(trace.kind, trace.headline) for trace in traces(lines(text))]


HOST = (
    "Python",
    "django.core.exceptions.DisallowedHost: Invalid HTTP_HOST header: '127.0.0.1:18924'. You may need to add '127.0.0.1' to ALLOWED_HOSTS.",
)
MISSING = ("Python", "KeyError: 'missing'")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("django-debug", [MISSING]),
        ("django-hostdebug", [HOST, HOST]),
        ("flask-dev", [MISSING]),
        ("flask-debug", [MISSING]),
        ("uvicorn", [MISSING]),
        ("gunicorn-flask", [MISSING, ("Python", "RuntimeError: could not read the number")]),
        ("express-prod", [("Node", "Error: no such thing"), ("Node", "TypeError: late")]),
        ("node-handler", [("Node", "UnhandledPromiseRejection Error: late")]),
        ("node-missing", [("Node", "Error: Cannot find module './nope'")]),
        ("node-warn", [("Node", "UnhandledPromiseRejectionWarning: Error: late")]),
        (
            "nginx",
            [
                ("nginx", "connect() failed (111: Connection refused) while connecting to upstream"),
                ("nginx", 'rewrite or internal redirection cycle while processing "/loop"'),
                ("nginx", 'directory index of "/srv/shop/ng/html/dir/" is forbidden'),
            ],
        ),
    ],
)
def test_recorded_logs(name: str, expected: list[tuple[str, str]]) -> None:
    assert headlines((LOGS / f"{name}.txt").read_text()) == expected


def test_a_recorded_rejection_without_an_error_is_one_event_that_ends_with_its_properties() -> None:
    (trace,) = traces(lines((LOGS / "node-reject-text.txt").read_text()))
    assert trace.headline.startswith("UnhandledPromiseRejection: This error originated either by throwing")
    assert trace.chain[0].endswith('The promise rejected with the reason "just text".')
    assert trace.lines[-1] == "}"


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("django-debug", [("", "/boom")]),
        ("flask-dev", [("GET", "/boom")]),
        ("gunicorn-flask", [("GET", "/boom"), ("GET", "/chain")]),
        ("nginx", [("GET", "/api"), ("GET", "/loop2"), ("GET", "/list/")]),
        ("uvicorn", [None]),
    ],
)
def test_logs_that_name_the_request(name: str, about: list[tuple[str, str] | None]) -> None:
    assert [trace.about for trace in traces(lines((LOGS / f"{name}.txt").read_text()))] == about


def test_a_chain_is_one_event_and_knows_each_exception_of_it() -> None:
    _, trace = traces(lines((LOGS / "gunicorn-flask.txt").read_text()))
    assert trace.chain == ("ValueError: invalid literal for int() with base 10: 'x'", "RuntimeError: could not read the number")
    assert trace.where == 'File "/srv/shop/flaskapp.py", line 12, in chain'


PLAIN = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    f()\n{}: no'
GO = "goroutine 7 [running]:\nmain.boom(...)\n\t/srv/shop/main.go:9 +0x1d\ncreated by net/http.(*Server).Serve in goroutine 1\n\t/usr/go/x.go:1 +0x4"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Error: the stock is empty, trying again\nall is well", []),
        ("INFO: no exception so far\n    at all", []),
        ("(node:7) MaxListenersExceededWarning: Error: leak\n    at a (/srv/a.js:1:2)", []),
        ("(node:7) [DEP0005] DeprecationWarning: Buffer() Error: old\n    at a (/srv/a.js:1:2)", []),
        ("Trace: here\n    at a (/srv/a.js:1:2)", []),
        (PLAIN.format("shop.<locals>.Broke"), [("Python", "shop.<locals>.Broke: no")]),
        ("Traceback (most recent call last):", [("Python", "a traceback that is cut short")]),
        ("\n".join(f"web.1  | {line}" for line in PLAIN.format("OSError").split("\n")), [("Python", "OSError: no")]),
        ("ERROR it broke " + PLAIN.format("OSError"), [("Python", "OSError: no")]),
        (
            PLAIN.format("OSError") + "\nof two lines\n\nDuring handling of the above exception, another exception occurred:\n\n" + PLAIN.format("LookupError"),
            [("Python", "LookupError: no")],
        ),
        (PLAIN.format("OSError") + "\n" + PLAIN.format("LookupError"), [("Python", "OSError: no"), ("Python", "LookupError: no")]),
        (
            ("  + Exception Group Traceback (most recent call last):\n"
            '  |   File "a.py", line 3, in f\n'
            "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n"
            "  +-+---------------- 1 ----------------\n"
            "    | Traceback (most recent call last):\n"
            '    |   File "a.py", line 1, in g\n'
            "    | KeyError: 'a'\n"
            "    +------------------------------------"),
            [("Python", "KeyError: 'a'")],
        ),
        (
            '{"level":"error","exc":"Traceback (most recent call last):\\n  File \\"a.py\\", line 1, in f\\n    f()\\nOSError: no","event":"x"}',
            [("Python", "OSError: no")],
        ),
        ("Failure: cold\n    at a (/srv/a.js:1:2)\n    at /srv/b.js:3:4", [("Node", "Failure: cold")]),
        ("/srv/a.js:1\nthrow 'cold'\n^\ncold\n(Use `node --trace-uncaught ...` to show where the exception was thrown)\n\nNode.js v22", [("Node", "Uncaught cold")]),
        ("(node:7) UnhandledPromiseRejectionWarning: cold", [("Node", "UnhandledPromiseRejectionWarning: cold")]),
        (
            ('Exception in thread "main" java.lang.IllegalStateException: shop\n\tat shop.Main.open(Main.java:9)\n'
            "Caused by: java.io.IOException: disk\n\tat shop.Disk.read(Disk.java:4)\n\t... 1 more\nbye"),
            [("Java", 'Exception in thread "main" java.lang.IllegalStateException: shop')],
        ),
        (
            "Unhandled exception. System.InvalidOperationException: shop\n   at Shop.Main.Open(String name) in /srv/Main.cs:line 9\nbye",
            [(".NET", "System.InvalidOperationException: shop")],
        ),
        (f"panic: shop\n\n{GO}\nexit status 2", [("Go", "panic: shop")]),
        (f"2026/11/24 15:00:00 http: panic serving 127.0.0.1:4000: shop\n{GO}", [("Go", "panic: shop")]),
        (f"fatal error: all goroutines are asleep - deadlock!\n\n{GO}", [("Go", "fatal error: all goroutines are asleep - deadlock!")]),
        ("panic: keep calm", []),
        ("thread 'main' panicked at src/main.rs:4:5:\nshop\nnote: run with `RUST_BACKTRACE=1`", [("Rust", "panicked: shop")]),
        (
            "thread 'main' (5) panicked at m.rs:1:54:\nshop\nstack backtrace:\n   0: <std::io::Error as core::fmt>::f\n             at /rustc/x.rs:9:5\nnote: x",
            [("Rust", "panicked: shop")],
        ),
        ("thread 'main' panicked at 'shop', src/main.rs:4:5", [("Rust", "panicked: shop")]),
        (
            "[24-Nov-2026 15:00:00 UTC] PHP Fatal error:  Uncaught Exception: shop in /srv/a.php:3\nStack trace:\n#0 {main}\n  thrown in /srv/a.php on line 3",
            [("PHP", "Fatal error: Uncaught Exception: shop in /srv/a.php:3")],
        ),
        ("2026/11/24 15:00:00 [notice] 1#1: exit\n2026/11/24 15:00:00 [warn] 1#1: x", []),
        ("2026/11/24 15:00:00 [emerg] 1#1: bind() to 0.0.0.0:80 failed (98: Address in use)", [("nginx", "bind() to 0.0.0.0:80 failed (98: Address in use)")]),
        (
            '2026/11/24 15:00:00 [error] 1#1: *1 "/srv/a/index.html" is not found (2: No such file or directory), client: ::1, server: , request: "GET /a/ HTTP/1.1"',
            [],
        ),
        ("[2026-11-24 15:00:00 +0000] [9] [CRITICAL] WORKER TIMEOUT (pid:12)", [("gunicorn", "WORKER TIMEOUT (pid:12)")]),
        ("\x1b[31mTypeError: late\x1b[0m\n\x1b[90m    at f (/srv/a.js:1:2)\x1b[39m", [("Node", "TypeError: late")]),
    ],
)  # fmt: skip
def test_what_is_an_exception_and_what_is_not(text: str, expected: list[tuple[str, str]]) -> None:
    assert headlines(text) == expected


def test_causes_are_part_of_the_chain() -> None:
    text = "Error: shop\n    at f (/srv/a.js:1:2) {\n  [cause]: RangeError: disk\n      at g (/srv/a.js:3:4)\n}\nlistening"
    (trace,) = traces(lines(text))
    assert trace.chain == ("Error: shop", "RangeError: disk")
    assert trace.lines[-1] == "}"


def test_streams_are_read_apart() -> None:
    mixed = [line for pair in zip(lines(PLAIN.format("OSError")), lines("a\nb\nc\nd", stream="out"), strict=True) for line in pair]
    assert [trace.headline for trace in traces(mixed)] == ["OSError: no"]


PIECES = [
    *PLAIN.format("OSError").split("\n"), *GO.split("\n"), "", "panic: x", "  | a: b", "  + Exception Group Traceback (most recent call last):", "a.b.Error: {",
    "    at f (/a.js:1:2) {", "}", "[cause]: x", "Caused by: a.E: b", "thread 'a' panicked at a:1:2:", "PHP Fatal error:  x", '{"a": "Traceback (most recent call last):\\n',
    "During handling of the above exception, another exception occurred:", "(Use `node --trace-uncaught ...` to show where the exception was thrown)",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=30), max_size=40))
def test_whatever_is_printed_nothing_is_raised_and_each_line_belongs_to_one_event(texts: list[str]) -> None:
    found = traces([Line(time=float(number), stream="err", text=text) for number, text in enumerate(texts)])
    assert sum(len(trace.lines) for trace in found) <= len(texts)
    assert all(trace.headline.strip() for trace in found)
    assert all(before.ends < after.begins for before, after in pairwise(found))


@pytest.mark.parametrize(
    "text",
    ["Error: x", "    at " + " in " * 900, "a." * 1900, "Traceback (most recent call last):", "  | " + "| " * 1900, "A: " + "x:" * 1900, "Aaa: b"],
)
def test_a_flood_takes_no_time(text: str) -> None:
    flood = [Line(time=1.0, stream="err", text=text)] * 5_000
    clock = time.process_time()
    tuple(traces(flood))
    assert time.process_time() - clock < 3


# -- whose request -------------------------------------------------------------------------------------------------------------------


def exchange(path: str, status: int, started: float, ended: float, method: str = "GET") -> Exchange:
    return Exchange(method=method, path=path, status=status, started=started, ended=ended)


def event(at: float, about: tuple[str, str] | None = None) -> Trace:
    return Trace(kind="Python", headline="E", chain=("E",), lines=("E",), begins=at, ends=at, about=about)


ASKED = [exchange("/a", 200, 10, 11), exchange("/b", 500, 11.001, 11.01), exchange("/c", 200, 11.011, 12), exchange("/d?x=1", 500, 20, 21)]


@pytest.mark.parametrize(
    ("at", "about", "paths"),
    [
        (10.5, None, ["/a"]),
        (11.012, None, ["/b"]),  # printed after the answer, while the next request is under way
        (11.5, None, ["/c"]),
        (11.0, ("GET", "/a"), ["/a"]),
        (10.5, ("", "/b"), []),
        (20.5, ("", "/d"), ["/d?x=1"]),
        (12.4, None, ["/c"]),  # a busy machine
        (10.99, None, ["/a"]),  # the next request has not begun
        (15.0, None, []),
        (1.0, None, []),
    ],
)
def test_the_request_under_way(at: float, about: tuple[str, str] | None, paths: list[str]) -> None:
    assert [each.path for each in requests(event(at, about), ASKED)] == paths


def test_several_candidates_are_all_named() -> None:
    both = [exchange("/a", 200, 10, 11), exchange("/b", 200, 10, 11)]
    assert {each.path for each in requests(event(10.5), both)} == {"/a", "/b"}


# -- the check -----------------------------------------------------------------------------------------------------------------------


def checked(printed: Iterable[Line], exchanges: Iterable[Exchange] = (), **target: Any) -> list[Seen]:
    nothing: Any = None
    application: Any = SimpleNamespace(lines=tuple(printed), wait=lambda _: False)
    client: Any = SimpleNamespace(exchanges=list(exchanges))
    made = Target(start=Start(words=("shop",)), **target)
    return list(log_traceback(Scene(root=Path(), project=nothing, target=made, application=application, client=client, again=nothing)))


BROKEN = PLAIN.format("OSError")


def test_a_quiet_log_passes() -> None:
    (seen,) = checked(lines("listening\nGET / 200"))
    assert (seen.outcome, seen.message) == (Outcome.PASS, "no exception in the 2 lines that it printed")


def test_nothing_printed_is_nothing_to_look_at() -> None:
    assert [seen.outcome for seen in checked([])] == [Outcome.SKIP]


def test_lines_that_were_left_out_are_said() -> None:
    (seen,) = checked(lines("a\n… 12 lines left out …\nb"))
    assert seen.message == "no exception in the 3 lines that it printed (12 lines left out)"


@pytest.mark.parametrize(
    ("at", "exchanges", "severity", "message"),
    [
        (10.5, [exchange("/a", 500, 10, 11)], Severity.ERROR, "Python: OSError: no (during GET /a)"),
        (10.5, [exchange("/a", 0, 10, 11)], Severity.ERROR, "Python: OSError: no (during GET /a)"),
        (10.5, [exchange("/a", 200, 10, 11)], Severity.WARNING, "Python: OSError: no (during GET /a); it was answered 200 all the same"),
        (5.0, [exchange("/a", 200, 10, 11)], Severity.WARNING, "Python: OSError: no (while starting)"),
        (
            10.5,
            [exchange("/a", 500, 10, 11), exchange("/b", 500, 10, 11)],
            Severity.ERROR,
            "Python: OSError: no (during one of GET /a, GET /b)",
        ),
        (
            15.0,
            [exchange("/a", 200, 10, 11)],
            Severity.ERROR,
            "Python: OSError: no (while none of the requests of the checks was under way: by a browser, or by work in the background)",
        ),
    ],
)
def test_an_exception_is_said_with_its_request(at: float, exchanges: list[Exchange], severity: Severity, message: str) -> None:
    (seen,) = checked(lines(BROKEN, at=at), exchanges)
    assert (seen.outcome, seen.severity, seen.message) == (Outcome.FAIL, severity, message)
    assert [(sign.kind, sign.text) for sign in seen.signs] == [("log", "OSError: no")]
    assert seen.evidence[0].body == BROKEN


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_refused_request_is_no_mistake(status: int) -> None:
    (seen,) = checked(lines(BROKEN, at=10.5), [exchange("/a", status, 10, 11)])
    assert seen.outcome is Outcome.PASS


def test_a_failure_that_somebody_wrote_is_no_mistake() -> None:
    (seen,) = checked(lines(BROKEN, at=10.5), [exchange("/a", 500, 10, 11)], endpoints=(Endpoint(path="/a", status=(500,)),))
    assert seen.outcome is Outcome.PASS


@pytest.mark.parametrize("name", ["KeyboardInterrupt", "asyncio.exceptions.CancelledError", "SystemExit", "BrokenPipeError", "ConnectionResetError"])
def test_the_end_of_the_program_and_of_the_visit_are_no_mistakes(name: str) -> None:
    assert [seen.outcome for seen in checked(lines(PLAIN.format(name)))] == [Outcome.PASS]


def test_the_same_exception_is_said_once_with_all_its_requests() -> None:
    printed = [line for at in (5, 10.5, 20.5) for line in lines(BROKEN, at=at)]
    (seen,) = checked(printed, [exchange("/a", 500, 10, 11), exchange("/b", 500, 20, 21)])
    assert seen.message == "Python: OSError: no (during GET /a, GET /b, 3 times)"
    assert seen.severity is Severity.ERROR


def test_many_different_exceptions_are_bounded() -> None:
    many = "\n".join(PLAIN.format(f"E{chr(97 + number)}Error") for number in range(26))
    seen = checked(lines(many))
    assert len(seen) == 21
    assert seen[-1].message == "6 more exceptions are not shown"


def test_a_long_traceback_shows_both_ends() -> None:
    frames = "\n".join(f'  File "a.py", line {number}, in f' for number in range(500))
    (seen,) = checked(lines(f"Traceback (most recent call last):\n{frames}\nRecursionError: deep"))
    body = seen.evidence[0].body.split("\n")
    assert (body[0], body[-1], len(body)) == ("Traceback (most recent call last):", "RecursionError: deep", 61)
