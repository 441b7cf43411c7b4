"""What people write becomes parts of a target, and what cannot be obeyed an error with the mend."""

from __future__ import annotations

import contextlib
import json
import textwrap
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import ConfigError
from auditor.project.config import load_config
from auditor.runtime.configured import KEYS, Described, configured, joined, merged, planned
from auditor.runtime.target import Assertion, Capture, Cors, Endpoint, Ready, Start, Target


def described(root: Path, text: str, name: str = "gotcha-audit.toml") -> Described:
    (root / name).write_text(textwrap.dedent(text))
    return configured(load_config(root), root)


TOML = r"""
[validate]
start-command = "gunicorn app:app --bind 0.0.0.0:{port}"
cwd = "server"
env = {DEBUG = false, WORKERS = 2, NAME = "shop"}
env-file = "server/.env"
port = 8000
ready = {http = "/ready", log = "listening on \\d+", command = ["true"]}
start-timeout = 5
grace = 2.5
before = ["python manage.py migrate", ["sh", "x.sh"], "A=1 run && done"]
health-endpoint = {path = "/health", expected-status = 200, contains = "ok"}
frontend-url = "http://localhost:5173/app#top"
pages = ["/about"]
deep-links = ["/users/1"]
openapi = "/openapi.json"
required-env = ["SHOP_KEY"]
host = "shop.example.com"
https = true
console-allow = ["^Download the React"]
secrets = ["LICENCE"]
skip = {cwd = "starts from its folder alone"}
attempts = 2
critical-endpoints = [{method = "post", path = "/api/items", expected-status = [201, 409], json = {name = "x"}, answer = "json"}, "GET /api/items -> 200"]
cors = {path = "/api", method = "PUT", headers = ["X-A"], credentials = true, allowed = ["https://a.example"], denied = ["https://b.example"]}

[[validate.user-flows]]
name = "buy"
[[validate.user-flows.steps]]
post = "/login"
form = {user = "a b", csrf = "{{csrf}}"}
status = 200
capture = {token = "json:token", next = 'regex:id=(\d+)'}
expect = [{json = "user.name", equals = "a"}, {body = "hello"}, {header = "X-A"}]
retries = 2
delay = 0.1
"""


def test_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server/.env").write_text("NAME=other\nURL=${HOME}/x\nEMPTY\n")
    found = described(tmp_path, TOML)
    made = merged(None, found)
    start = made.start
    assert start.words == ("gunicorn", "app:app", "--bind", "0.0.0.0:{port}")
    assert (start.folder, start.port, start.grace, start.kind) == (PurePosixPath("server"), 8000, 2.5, "config")
    assert start.environment == {"NAME": "shop", "URL": "${HOME}/x", "DEBUG": "false", "WORKERS": "2"}
    assert start.ready == Ready(http="/ready", log=r"listening on \d+", command=("true",), timeout=5)
    assert start.before == (("python", "manage.py", "migrate"), ("sh", "x.sh"), ("/bin/sh", "-c", "A=1 run && done"))
    assert start.place is not None
    assert (str(start.place.path), start.place.line) == ("gotcha-audit.toml", 3)
    assert made.health is not None
    assert (made.health.path, made.health.status, made.health.contains) == ("/health", (200,), ("ok",))
    assert [page.path for page in made.pages] == ["/app", "/about"]
    first, second = made.endpoints
    assert (str(first), first.status, first.content, first.answer) == ("POST /api/items", (201, 409), '{"name": "x"}', "json")
    assert (str(second), second.status) == ("GET /api/items", (200,))
    (cors,) = made.cors
    wanted = Cors(path="/api", method="PUT", headers=("X-A",), credentials=True, allowed=("https://a.example",), denied=("https://b.example",))
    assert (cors.path, cors.method, cors.headers, cors.credentials, cors.allowed, cors.denied) == (
        wanted.path,
        wanted.method,
        wanted.headers,
        wanted.credentials,
        wanted.allowed,
        wanted.denied,
    )
    (flow,) = made.flows
    (step,) = flow.steps
    assert step.request is not None
    assert step.request.content == "user=a+b&csrf={{csrf}}"
    assert step.captures == (Capture(name="token", source="json", key="token"), Capture(name="next", source="body", pattern=r"id=(\d+)"))
    assert step.assertions == (
        Assertion(on="json", how="equals", key="user.name", value="a"),
        Assertion(on="body", how="contains", value="hello"),
        Assertion(on="header", how="exists", key="X-A", value=True),
    )
    assert (step.retries, step.delay, found.attempts) == (2, 0.1, 2)
    assert (made.deep_links, made.openapi, made.host, made.https) == (("/users/1",), "/openapi.json", "shop.example.com", True)
    assert [variable.name for variable in made.required] == ["SHOP_KEY"]
    assert (made.allowed_console, made.secrets, made.skip) == (("^Download the React",), ("LICENCE",), {"cwd": "starts from its folder alone"})


def test_what_is_written_wins_and_the_rest_stays() -> None:
    detected = Target(
        start=Start(words=("python", "app.py"), environment={"A": "1", "B": "1"}, port=5000, kind="procfile"),
        openapi="/o",
        endpoints=(Endpoint(path="/x"),),
    )
    written = Described(ready={"timeout": 5.0}, start={"environment": {"B": "2"}}, target={"openapi": "/p"}, notes=("n",))
    made = merged(detected, written)
    assert (made.start.words, made.start.port, made.start.environment, made.start.ready.timeout) == (
        ("python", "app.py"),
        5000,
        {"A": "1", "B": "2"},
        5,
    )
    assert (made.openapi, made.endpoints, made.notes) == ("/p", detected.endpoints, ("n",))
    other = merged(detected, joined(written, Described(ready={}, start={"words": ("x",), "kind": "plan"}, target={})))
    assert (other.start.words, other.start.port, other.start.kind, other.start.environment["B"]) == (("x",), None, "plan", "2")
    with pytest.raises(ConfigError, match="start-command"):
        merged(None, Described(ready={}, start={}, target={}))


def test_a_plan_tolerates_what_is_for_people(tmp_path: Path) -> None:
    block = {
        "start_command": "./start.sh",
        "health_endpoint": "/health",
        "frontend_url": "http://localhost:3000",
        "owner": "Ada",
        "openapi": "",
        "critical_endpoints": [{"method": "GET", "path": "/api/items", "expected_status": 200, "description": "all"}],
        "production_validation": {
            "user_flows": [{"name": "login", "steps": ["Login: POST /login → 200 with token", "See the dashboard"]}],
            "smoke_tests": ["GET / returns 200", "everything looks right"],
        },
    }
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(block, indent=1))
    made = merged(None, planned(path, tmp_path, block))
    assert (made.start.words, made.start.kind, made.health and made.health.path, made.pages[0].path) == (("./start.sh",), "plan", "/health", "/")
    assert [(flow.name, [step.refused != "" for step in flow.steps]) for flow in made.flows] == [
        ("login", [False, True]),
        ("GET / returns 200", [False]),
        ("everything looks right", [True]),
    ]
    assert made.notes == ("plan.json: `validation.owner` is not known and was left out",)
    with pytest.raises(ConfigError, match=r"plan\.json:\d+: `validation\.critical-endpoints\[0\]\.expected-status` is no HTTP status"):
        planned(path, tmp_path, {"critical_endpoints": [{"path": "/", "expected_status": "fine"}]})


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("start_comand = 'x'", "`validate.start-comand` is not known: did you mean `start-command`"),
        ("start-command = 5", "start-command` is 5: write a text"),
        ("start-command = []", "no list of words"),
        ('start-command = "a \'b"', "close the quotes"),
        ("cwd = '../..'", "lies outside the project"),
        ("env-file = '/etc/passwd'", "lies outside the project"),
        ("cwd = 'none'", "is no folder"),
        ("env = {A = [1]}", "`validate.env.A` is a list"),
        ("env = 'A=1'", "`validate.env` is a text"),
        ("port = 70000", "from 1 to 65535"),
        ("port = true", "is true"),
        ("grace = nan", "write a number"),
        ("ready = {htp = '/'}", "did you mean `http`"),
        ("ready = {log = '('}", "no regular expression"),
        ("ready = {log = '(a+)+$'}", "may run for ever"),
        ("console-allow = ['(a|a)*b']", "may run for ever"),
        ("health-endpoint = 'https://example.com/health'", "another host"),
        ("frontend-url = '//example.com'", "another host"),
        ("pages = ['../x']", "does not begin with `/`"),
        ("pages = ['/a b']", "holds blanks"),
        ("critical-endpoints = [{method = 'TRACE', path = '/'}]", "no method that is sent"),
        ("critical-endpoints = [{method = 'GET'}]", "`validate.critical-endpoints[0].path` is missing"),
        ("critical-endpoints = [{get = '/', post = '/'}]", "second address"),
        ("critical-endpoints = [{path = '/', headers = {A = \"x\\ny\"}}]", "cannot be sent"),
        ("critical-endpoints = 5", "write a list"),
        ("critical-endpoints = [5]", "is 5, no table"),
        ("user-flows = [{name = 'x'}]", "steps` is missing"),
        ("user-flows = [{name = 'x', steps = [{get = '/', capture = {a = 'jsn:x'}}]}]", "is no source"),
        ("user-flows = [{name = 'x', steps = [{get = '/', expect = [{json = 'a[*]'}]}]}]", "no path into JSON"),
        ("user-flows = [{name = 'x', steps = [{get = '/', expect = [{equals = 1}]}]}]", "makes no claim"),
        ("user-flows = [{name = 'x', steps = [{post = '/', json = {a = 2024-01-01}}]}]", "is no JSON"),
        ("user-flows = [{name = 'x', steps = [{get = '/', retries = 1000}]}]", "from 0 to 100"),
        ("cors = {path = '/', allowed = ['a.example']}", "no origin"),
        ("cors = {allowed = []}", "path` is missing"),
        ("skip = {cwd = ' '}", "has no reason"),
        ("health-endpoint = '/a'\nhealth_endpoint = '/b'", "there twice"),
        (f"pages = {['/x'] * 501}", "501 items"),
        (f"cors = {'[' * 30}{']' * 30}", "nested deeper"),
    ],
)
def test_what_cannot_be_obeyed_is_an_error(tmp_path: Path, text: str, error: str) -> None:
    with pytest.raises(ConfigError) as problem:
        described(tmp_path, f"[validate]\n{text}\n")
    assert error in str(problem.value)
    assert "gotcha-audit.toml:" in str(problem.value)


def test_yaml_and_pyproject_say_the_same(tmp_path: Path) -> None:
    yaml, pyproject = tmp_path / "a", tmp_path / "b"
    yaml.mkdir()
    pyproject.mkdir()
    first = described(yaml, "validate:\n  start_command: [python, app.py]\n  pages: [/]\n", "gotcha-audit.yaml")
    second = described(pyproject, '[tool.gotcha-audit.validate]\nstart-command = ["python", "app.py"]\npages = ["/"]\n', "pyproject.toml")
    assert first.start["words"] == second.start["words"] == ("python", "app.py")
    assert first.target["pages"][0].path == second.target["pages"][0].path == "/"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["/a", "GET /a -> 200", "json:x", "(a+)+"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["path", "name", "steps", "get", "expect", "json", "http"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_nothing_but_a_config_error_is_raised(block: dict[str, object]) -> None:
    with contextlib.suppress(ConfigError):
        planned(Path("/none/plan.json"), Path("/none"), block)
