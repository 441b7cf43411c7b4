"""Sentences: executed when nothing is left to guess, refused with the reason otherwise."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.runtime.prose import step
from auditor.runtime.target import Endpoint

SENDS = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("GET /api/items", Endpoint(path="/api/items")),
        ("/health -> 200", Endpoint(path="/health", status=(200,))),
        ("Get /health: 200", Endpoint(path="/health", status=(200,))),
        ("1. Visit `/dashboard`.", Endpoint(path="/dashboard")),
        ("Step 2: Open /dashboard", Endpoint(path="/dashboard")),
        ("the user sends GET /x", Endpoint(path="/x")),
        ("Remove it: DELETE /api/items/1→204", Endpoint(path="/api/items/1", method="DELETE", status=(204,))),
        ("GET /x → 200 or 204", Endpoint(path="/x", status=(200, 204))),
        ("GET http://localhost:3000/health?deep=1 returns 200 OK", Endpoint(path="/health?deep=1", status=(200,))),
        ('GET /health should return 200 OK with "ok"', Endpoint(path="/health", status=(200,), contains=("ok",))),
        ("GET / returns HTML", Endpoint(path="/", answer="html")),
        ('POST /api/items {"name": "x"} -> 201', Endpoint(path="/api/items", method="POST", status=(201,), headers=SENDS, content='{"name": "x"}')),
        ("GET /me with token → 200", Endpoint(path="/me", status=(200,), headers={"Authorization": "Bearer {{token}}"})),
    ],
)
def test_a_clear_sentence_is_a_request(text: str, request_: Endpoint) -> None:
    made = step(text)
    assert (made.refused, made.request, made.assertions, made.captures) == ("", request_, (), ())


@pytest.mark.parametrize(
    ("text", "claims", "captured"),
    [
        ("Login: POST /login → 200 with token", [("json", "exists", "token", None)], ["token"]),
        ("POST /login returns 200 and the access_token", [("json", "exists", "access_token", None)], []),
        ("POST /api/items -> 201, id", [("json", "exists", "id", None)], []),
        ("GET /api/items returns 200 and a JSON list", [("body", "matches", "", r"\A\s*\[")], []),
        ('GET /health -> 200 {"status": "ok"}', [("json", "equals", '["status"]', "ok")], []),
    ],
)
def test_what_must_come_becomes_claims(text: str, claims: list[object], captured: list[str]) -> None:
    made = step(text)
    assert made.refused == ""
    assert [(claim.on, claim.how, claim.key, claim.value) for claim in made.assertions] == claims
    assert [capture.name for capture in made.captures] == captured
    assert made.request is not None
    assert made.request.answer == "json"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Click the button", "names no request"),
        ("User logs in and sees the dashboard", "names no request"),
        ("curl -f http://localhost:8000/health", "names no request"),
        ("GET /a then GET /b", "several requests"),
        ("GET /items/{id} -> 200", "placeholder"),
        ("GET /items/:id", "placeholder"),
        ("With an expired token: GET /api/me → 401", "cannot tell what 'With an expired token:'"),
        ("Wrong password: POST /login -> 401", "cannot tell what 'Wrong password:'"),
        ("If logged in, open /dashboard", "cannot tell what 'If logged in,'"),
        ("GET /api/items returns 200 and at least 3 items", "cannot tell what 'at least 3 items'"),
        ("Load / and check the page shows items", "cannot tell what"),
        ("POST /api/items {name: x} -> 201", "no JSON"),
        ("GET https://example.com/health → 200", "another host"),
        ("GET //example.com/ → 200", "another host"),
        ("x" * 5000, "longer than"),
        ("", "names no request"),
    ],
)
def test_what_is_left_to_guess_is_refused(text: str, reason: str) -> None:
    made = step(text)
    assert made.request is None
    assert reason in made.refused


SAID = """GET post /a /a/{id} http://localhost:1/x https://example.com/ -> → 200 201 with token { } {"a":1} [ , JSON list Open Login: and returns "ok" id //x
    {{token}} Step 1: /../.. `/q?x=1` http://[ \\ '\x00' ) #"""
WORDS = st.sampled_from(SAID.split())


def test_what_is_sent_is_not_part_of_the_name() -> None:
    assert step('Login: POST /login {"password": "hunter22"} → 200 with token').name == "Login: POST /login {…}"


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=12).map(" ".join), st.lists(WORDS, max_size=12).map("".join)))
def test_it_never_raises_and_never_invents_a_path(text: str) -> None:
    made = step(text)
    assert (made.request is None) == bool(made.refused)
    if made.request is not None:
        path = made.request.path
        assert path in text or (path.startswith("/") and path[1:] in text and re.search("https?://", text))
        assert not path.startswith("//")


@pytest.mark.parametrize("text", ["GET /a " + "with " * 300, "GET /a " + "{" * 1900, "x " * 900 + "GET /a", "GET /a " + "200 / " * 300, "GET " * 450])
def test_a_long_sentence_takes_no_time(text: str) -> None:
    assert step(text[:2000]).refused
