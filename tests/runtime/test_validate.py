"""One validation from start to end, of small applications with one thing wrong each."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.model import Outcome, Run
from auditor.processes.ports import free_port, holders
from auditor.project.config import Config
from auditor.project.project import open_project
from auditor.runtime.checks import BEFORE, CHECKS, names
from auditor.runtime.target import Endpoint, Ready, Start, Target, Variable
from auditor.runtime.validate import NOT_ATTEMPTED, Options, validate
from tests.processes.made_hostile import ENVIRONMENT, marked, script

HEALTHY = """
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
if "SHOP_KEY" not in os.environ:
    sys.exit("SHOP_KEY is not set")
serve(address=os.environ.get("ADDRESS", "0.0.0.0"))
"""


def validated(folder: Path, body: str, *, environment: Mapping[str, str] | None = None, **target: object) -> Run:
    script(folder, body)
    start = target.pop("start", Start(words=(sys.executable, "app.py"), ready=Ready(timeout=5), grace=1, kind="procfile"))
    assert isinstance(start, Start)
    made = Target(start=start, **target)  # type: ignore[arg-type]
    given = ENVIRONMENT | {"SHOP_KEY": "k"} | dict(environment or {})
    return validate(folder, open_project(folder, config=Config()), made, Options(environment=given, browser=False))


def failing(run: Run) -> set[str]:
    return {result.check.removeprefix("runtime/") for result in run.results if result.outcome is Outcome.FAIL}


def outcome(run: Run, name: str) -> tuple[str, str]:
    (result,) = [result for result in run.results if result.check == f"runtime/{name}"]
    return result.outcome.value, result.message


SHOP = {"public": True, "takes_port": True, "required": (Variable(name="SHOP_KEY"),)}


def test_a_healthy_application_fails_nothing(tmp_path: Path) -> None:
    run = validated(tmp_path, HEALTHY, **SHOP)
    assert failing(run) == set()
    passing = {result.check.removeprefix("runtime/") for result in run.results if result.outcome is Outcome.PASS}
    assert passing >= {"starts", "port-owner", "binds-loopback-only", "ignores-port", "shutdown", "survivors", "restart", "env-missing"}
    assert run.counts["not attempted"] == 0
    assert marked(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("binds-loopback-only", HEALTHY.replace('"0.0.0.0"', '"127.0.0.1"')),
        ("ignores-port", HEALTHY.replace("serve(", "serve(0 or {free}, ")),
        ("shutdown", HEALTHY.replace("lambda *_: os._exit(0)", "signal.SIG_IGN")),
        ("shutdown", HEALTHY.replace("os._exit(0)", "os._exit(4)")),
        (
            "survivors",
            HEALTHY.replace("serve(", 'subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True); serve('),
        ),
        ("restart", HEALTHY.replace("serve(", 'open("lock", "x").close(); serve(')),
        ("env-missing", HEALTHY.replace('sys.exit("SHOP_KEY is not set")', 'sys.exit("something is not set")')),
        ("env-missing", HEALTHY.replace('sys.exit("SHOP_KEY is not set")', "pass")),
        ("starts", "serve(" + "no_such_name)"),
        ("starts", HEALTHY.replace("serve(", "Handler.handle = lambda self: os._exit(9); serve(")),
    ],
)
def test_one_thing_wrong_turns_one_check_red(tmp_path: Path, name: str, body: str) -> None:
    run = validated(tmp_path, body.replace("{free}", str(free_port())), **SHOP)
    consequences = {"env-missing"} if name == "restart" else set()  # the lock that stops the second start stops those after it as well
    assert failing(run) - consequences == {name}, [(result.check, result.message) for result in run.results if result.outcome is Outcome.FAIL]
    assert marked(str(tmp_path)) == []


def test_nothing_is_attempted_when_it_never_started(tmp_path: Path) -> None:
    run = validated(tmp_path, 'print("no database"); sys.exit(2)', **SHOP)
    assert outcome(run, "starts") == ("fail", run.results[[r.check for r in run.results].index("runtime/starts")].message)
    assert "ends with code 2" in outcome(run, "starts")[1]
    assert outcome(run, "shutdown") == ("skip", f"{NOT_ATTEMPTED} runtime/starts failed")
    assert {result.check for result in run.results if result.outcome is Outcome.PASS} == {"runtime/environment"}
    assert run.counts["not attempted"] == len(names()) - len(BEFORE) - 2


def test_a_port_that_somebody_holds_is_named_and_left_alone(tmp_path: Path) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        start = Start(words=(sys.executable, "app.py"), port=port, ready=Ready(timeout=5))
        run = validated(tmp_path, HEALTHY, start=start, **SHOP)
        assert failing(run) == {"port-owner"}
        assert f"port {port} is held by" in outcome(run, "port-owner")[1]
        assert outcome(run, "starts") == ("skip", f"{NOT_ATTEMPTED} runtime/port-owner failed")
        assert holders(port)


def test_what_must_come_first_runs_first(tmp_path: Path) -> None:
    first = (sys.executable, "-c", "open('migrated', 'w').close()")
    body = HEALTHY.replace("serve(", 'open("migrated").close(); serve(')
    start = Start(words=(sys.executable, "app.py"), before=(first,), ready=Ready(timeout=5), grace=1)
    assert "starts" not in failing(validated(tmp_path, body, start=start, **SHOP))


def test_a_check_that_breaks_is_an_error_and_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_scene: object) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setitem(CHECKS, "health", breaks)
    run = validated(tmp_path, HEALTHY, **SHOP)
    assert outcome(run, "health") == ("error", "the check itself broke, which is a bug in gotcha-audit: ZeroDivisionError: of ours")
    assert outcome(run, "shutdown")[0] == "pass"
    assert marked(str(tmp_path)) == []


def test_a_failure_before_the_start_is_told(tmp_path: Path) -> None:
    first = (sys.executable, "-c", "print('no such table'); raise SystemExit(3)")
    run = validated(tmp_path, HEALTHY, start=Start(words=(sys.executable, "app.py"), before=(first,)), **SHOP)
    assert failing(run) == {"starts"}
    assert "exit code 3" in outcome(run, "starts")[1]


def test_another_directory_shows_what_is_looked_for_relative_to_the_start(tmp_path: Path) -> None:
    body = """
    def do_GET(self):
        found = os.path.exists("index.html")
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()
    Handler.do_GET = do_GET
    serve()
    """
    (tmp_path / "index.html").write_text("<p>shop</p>")
    run = validated(tmp_path, body, health=Endpoint(path="/"), endpoints=(Endpoint(path="/"),))
    assert "cwd" in {result.check.removeprefix("runtime/") for result in run.results}
