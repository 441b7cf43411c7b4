"""Flows over a real server: what is carried, what is claimed, where they stop."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.model import Outcome
from auditor.runtime import jsonpath, prose
from auditor.runtime.checks.flows import flow as check
from auditor.runtime.flow import walk
from auditor.runtime.target import Assertion, Capture, Endpoint, Flow, Step
from tests.runtime.made_shop import Asked, scene, serving

TOKEN = "tok-4711-secret"


def login(asked: Asked) -> Any:
    if not asked.body:
        return 422, {"detail": "field required"}
    return (200, {"token": TOKEN}) if asked.json.get("password") == "p" else (401, {})


def me(asked: Asked) -> Any:
    return {"user": {"name": "Ada", "id": 7, "ok": True}} if asked.headers.get("Authorization") == f"Bearer {TOKEN}" else (401, {"seen": "nobody"})


def create(asked: Asked) -> Any:
    name = asked.json["name"]
    if name in asked.memory:
        return 409, {}
    asked.memory[name] = len(asked.memory) + 1
    return 201, {"id": asked.memory[name], "got": asked.json}, {"Location": f"/api/items/{asked.memory[name]}"}


def form(asked: Asked) -> Any:
    right = asked.cookies.get("csrftoken") == "c-123456" and asked.headers.get("X-CSRFToken") == "c-123456"
    return (
        ("in", 200)[::-1] if right and asked.form == {"csrfmiddlewaretoken": "h&=7", "name": "a b"} and asked.headers.get("Referer") else (403, "no")
    )


def later(asked: Asked) -> Any:
    asked.memory["tries"] = asked.memory.get("tries", 0) + 1
    return {"state": "done" if asked.memory["tries"] >= 3 else "busy"}


ROUTES = {
    "POST /login": login,
    "GET /me": me,
    "POST /api/items": create,
    "GET /api/items/1": {"id": 1},
    "GET /form": (200, '<input name="csrfmiddlewaretoken" value="h&=7">', {"Set-Cookie": "csrftoken=c-123456; Path=/"}),
    "POST /form": form,
    "GET /job": later,
    "GET /away": (302, "", {"Location": "http://example.com/x"}),
    "GET /boom": (500, "Traceback"),
}
JSON = {"Content-Type": "application/json"}
LOGIN = Step(
    name="log in",
    request=Endpoint(path="/login", method="POST", status=(200,), headers=JSON, content='{"password": "p"}'),
    captures=(Capture(name="token", source="json", key="token"),),
)


def walked(*steps: Step) -> list[tuple[str, str]]:
    with serving(ROUTES) as (client, _):
        return [(done.outcome, done.observed) for done in walk(Flow(name="f", steps=steps), client).steps]


def get(path: str, *claims: Assertion, **more: Any) -> Step:
    return Step(name=path, request=Endpoint(path=path), assertions=claims, **more)


def claim(how: Any, key: str = "", value: object = None, on: Any = "json") -> Assertion:
    return Assertion(on=on, how=how, key=key, value=value)


def test_a_captured_token_is_sent_from_then_on_and_is_a_secret() -> None:
    with serving(ROUTES) as (client, _):
        result = walk(Flow(name="f", steps=(LOGIN, get("/me", claim("equals", "user.name", "Ada")))), client)
    assert [done.outcome for done in result.steps] == ["passed", "passed"]
    assert result.secrets == (TOKEN,)
    assert result.captured == {"token": TOKEN}


def test_values_keep_their_type_and_a_second_run_does_not_collide() -> None:
    content = '{"name": "shop-{{unique}}"}'
    make = Step(
        name="make",
        request=Endpoint(path="/api/items", method="POST", status=(201,), headers=JSON, content=content),
        captures=(Capture(name="id", source="json", key="id"), Capture(name="where", source="header", key="Location")),
    )
    again = Step(
        name="again",
        request=Endpoint(path="/api/items", method="POST", headers=JSON, content='{"name": "a\\"{{where}}", "parent": "{{id}}"}'),
        assertions=(claim("equals", "got", {"name": 'a"/api/items/1', "parent": 1}),),
    )
    flow = Flow(name="f", steps=(make, get("/api/items/{{id}}", claim("equals", "id", 1)), get("{{where}}", claim("exists", "id")), again))
    with serving(ROUTES) as (client, _):
        first = walk(flow, client)
        second = walk(Flow(name="g", steps=(make,)), client)
    assert [done.outcome for done in (*first.steps, *second.steps)] == ["passed"] * 5


def test_a_guarded_form_is_filled_in_by_captures() -> None:
    open_form = get(
        "/form",
        captures=(
            Capture(name="csrf", source="cookie", key="csrftoken"),
            Capture(name="hidden", source="body", pattern='name="csrfmiddlewaretoken" value="([^"]+)"'),
        ),
    )
    headers = {"X-CSRFToken": "{{csrf}}", "Content-Type": "application/x-www-form-urlencoded"}
    send = Step(
        name="send",
        request=Endpoint(path="/form", method="POST", headers=headers, content="csrfmiddlewaretoken={{hidden}}&name=a+b", contains=("in",)),
    )
    assert walked(open_form, send) == [("passed", "200 text/html"), ("passed", "200 text/html")]


def test_retries_until_all_holds() -> None:
    done = claim("equals", "state", "done")
    assert walked(get("/job", done, retries=1, delay=0))[0][0] == "failed"
    with serving(ROUTES) as (client, log):
        (step,) = walk(Flow(name="f", steps=(get("/job", done, retries=5, delay=0),)), client).steps
    assert (step.outcome, step.attempts, len(log)) == ("passed", 3, 3)


@pytest.mark.parametrize(
    ("made", "holds"),
    [
        (claim("equals", "user.id", 7), True),
        (claim("equals", "user.id", "7"), False),
        (claim("equals", "user.ok", value=True), True),
        (claim("equals", "user.ok", 1), False),
        (claim("contains", "user.name", "d"), True),
        (claim("contains", "user", "id"), True),
        (claim("matches", "user.name", "^A"), True),
        (claim("exists", "user.mail"), False),
        (claim("exists", "user.mail", value=False), True),
        (claim("contains", value="Ada", on="body"), True),
        (claim("equals", "content-type", "application/json", on="header"), True),
        (claim("exists", "X-None", on="header"), False),
    ],
)
def test_claims(made: Assertion, holds: bool) -> None:
    assert [outcome for outcome, _ in walked(LOGIN, get("/me", made))] == ["passed", "passed" if holds else "failed"]


@pytest.mark.parametrize(
    ("step", "outcome", "observed"),
    [
        (get("/boom"), "failed", "500 text/html"),
        (get("/nothing"), "failed", "404 application/json"),
        (get("/items/{{never}}"), "refused", "nothing was captured as `never`"),
        (prose.step("Click the button"), "refused", "it names no request, such as `GET /items`"),
        (prose.step("Login: POST /login → 200 with token"), "refused", "it does not say what to send, and the application asks for it (422)"),
        (prose.step("Login: POST /no-login → 200 with token"), "failed", "404 application/json"),
        (get("/me", captures=(Capture(name="x", source="json", key="user.id"),)), "failed", "401 application/json"),
        (
            get("/api/items/1", captures=(Capture(name="x", source="json", key="no"),)),
            "failed",
            "200 application/json, but nothing to capture as `x` from json no",
        ),
    ],
)
def test_it_stops_where_it_cannot_go_on(step: Step, outcome: str, observed: str) -> None:
    assert walked(step, get("/api/items/1")) == [(outcome, observed), ("unreached", "")]


def test_a_captured_address_must_stay_in_the_application() -> None:
    away = Step(name="away", request=Endpoint(path="/away"), captures=(Capture(name="to", source="header", key="Location"),))
    assert walked(away, get("{{to}}")) == [
        ("passed", "302 text/html"),
        ("refused", "the address leads to another host: only the application itself is asked"),
    ]


def test_each_flow_is_one_line_and_its_secrets_are_hidden() -> None:
    echo = {**ROUTES, "GET /echo": lambda asked: (500, f"<pre>{asked.headers.get('Authorization')}</pre>")}
    flows = (
        Flow(name="good", steps=(LOGIN, get("/me"))),
        Flow(name="bad", steps=(LOGIN, get("/echo"), get("/me"))),
        Flow(name="open", steps=(LOGIN, prose.step("See the dashboard"), get("/boom"))),
    )
    with serving(echo) as (client, log):
        good, bad, left = check(scene(client, flows=flows))
    assert [seen.outcome for seen in (good, bad, left)] == [Outcome.PASS, Outcome.FAIL, Outcome.SKIP]
    assert bad.message == "step 2, '/echo', gives 500 text/html; expected a status below 400"
    assert [(sign.kind, sign.status, sign.on) for sign in bad.signs] == [("http", 500, "api")]
    assert left.message == "not attempted: step 2, 'See the dashboard': it names no request, such as `GET /items` (1 step before it done)"
    assert "GET /boom" not in log
    shown = "\n".join(item.body for seen in (good, bad, left) for item in seen.evidence)
    assert TOKEN not in shown
    assert "<pre>Bearer ***</pre>" in shown
    assert bad.secrets == (TOKEN,)


def test_without_flows_it_is_skipped() -> None:
    with serving({}) as (client, _):
        assert [seen.outcome for seen in check(scene(client))] == [Outcome.SKIP]


@pytest.mark.parametrize(
    ("path", "value"),
    [("a.b[0].c", 1), ("$.a.b[0]['c']", jsonpath.ABSENT), ('a["b"][0].c', 1), ("a.b[1]", jsonpath.ABSENT), ("a.b.0.c", 1), ("a.*", jsonpath.ABSENT)],
)
def test_json_paths(path: str, value: object) -> None:
    assert jsonpath.at({"a": {"b": [{"c": 1}]}}, path) == value
