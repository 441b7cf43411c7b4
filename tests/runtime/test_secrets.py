"""What is masked, and what is left as it is."""

from __future__ import annotations

import base64
import html
import json
import time
from dataclasses import fields, is_dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Change, Confidence, Evidence, Outcome, Place, Result, Safety, Severity, Suppression
from auditor.runtime.secrets import Masker, cookies

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nabc\n-----END RSA PRIVATE KEY-----"


def masker(**environment: str) -> Masker:
    return Masker.of([environment])


@pytest.mark.parametrize(
    "name",
    ["SECRET_KEY", "API_TOKEN", "DB_PASSWORD", "DB_PASS", "PGPASSWORD", "REDIS_PWD", "AWS_CREDENTIALS", "SENTRY_DSN", "BASIC_AUTH", "stripe_apikey", "AUTHORIZATION"],
)  # fmt: skip
def test_names_that_say_it(name: str) -> None:
    assert masker(**{name: "hunter-2-hunter"})("it is hunter-2-hunter!") == "it is ***!"


@pytest.mark.parametrize("name", ["PATH", "PORT", "PWD", "OLDPWD", "GIT_AUTHOR_NAME", "XAUTHORITY", "PASSENGER_APP_ENV", "KEYBOARD", "DATABASE_URL"])
def test_names_that_do_not(name: str) -> None:
    assert masker(**{name: "/srv/shop"})("in /srv/shop") == "in /srv/shop"


@pytest.mark.parametrize("value", ["", " ", "      ", "true", "False", "none", "1", "3000", "0.5", "dev", "shop", "disabled", "a b"])
def test_values_that_are_ordinary(value: str) -> None:
    text = "      true False none 1 3000 0.5 dev shop disabled a b"
    assert masker(SECRET_KEY=value)(text) == text


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        ("ab1!", "is ab1! here", "is *** here"),
        ("x7y9", "x7y9-1 ax7y9 x7y9", "x7y9-1 ax7y9 ***"),
        ("secret", "no secrets", "no ***s"),
        ("abcdef", "xabcdefx", "x***x"),
    ],
)
def test_short_values_where_they_stand_alone_and_longer_ones_anywhere(value: str, text: str, expected: str) -> None:
    assert masker(API_KEY=value)(text) == expected


def test_keys_that_say_how_they_are_encoded() -> None:
    assert masker(APP_KEY="base64:q83vEjRWeJq83w==")("base64:q83vEjRWeJq83w== q83vEjRWeJq83w==") == "*** ***"


def test_declared_names_and_captured_values() -> None:
    made = Masker.of([{"PIN": "4711", "COLOUR": "ultramarine"}], declared=["PIN"], captured=["captured-1"])
    assert made("4711 14711 ultramarine captured-1") == "*** 14711 ultramarine ***"


@pytest.mark.parametrize(
    ("url", "text", "expected"),
    [
        ("postgres://shop:s3cr%40t@db:5432/shop", "s3cr@t s3cr%40t db:5432", "*** *** db:5432"),
        ("postgres://postgres:postgres@db/postgres", "postgres at postgres://postgres:postgres@db/", "postgres at postgres://postgres:***@db/"),
        ("http://127.0.0.1:5173/x", "http://127.0.0.1:5173/@vite/client", "http://127.0.0.1:5173/@vite/client"),
        ("http://[broken", "broken", "broken"),
    ],
)
def test_passwords_of_urls(url: str, text: str, expected: str) -> None:
    assert masker(DATABASE_URL=url)(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("authorization: Basic dXNlcjpwYXNz", "authorization: Basic ***"),
        ('{"Authorization": "Token abc", "Accept": "*/*"}', '{"Authorization": "Token ***", "Accept": "*/*"}'),
        ("X-Api-Key: abc\nHost: shop", "X-Api-Key: ***\nHost: shop"),
        ("X-CSRFToken: abc", "X-CSRFToken: ***"),
        ("Cookie: a=1; session=xyz", "Cookie: a=***; session=***"),
        (
            "Set-Cookie: session=xyz==; Path=/; Max-Age=9; HttpOnly; SameSite=None",
            "Set-Cookie: session=***; Path=/; Max-Age=9; HttpOnly; SameSite=None",
        ),
        ("sent Bearer 0123456789abcdefgh", "sent Bearer ***"),
        (f"token {JWT}.", "token ***."),
        (f"{KEY}\nafter", "***\nafter"),
        (KEY[:60], "***"),
        ('{"access_token": "abcdefgh1", "token_type": "bearer"}', '{"access_token": "***", "token_type": "bearer"}'),
        ('{"password": "a1b2c3d4', '{"password": "***'),
        ("GET /reset?token=abcdefgh1&x=1", "GET /reset?token=***&x=1"),
        ("password=hunter2hunter2&user=a", "password=***&user=a"),
        ('<input type="hidden" name="csrf_token" value="IjAxMjM0NTY3">', '<input type="hidden" name="csrf_token" value="***">'),
        ("redis://:pw@cache:6379 and https://a:b@c/", "redis://:***@cache:6379 and https://a:***@c/"),
    ],
)
def test_secrets_by_their_form(text: str, expected: str) -> None:
    assert Masker([])(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Vary: Cookie, Authorization",
        "Access-Control-Allow-Headers: authorization, content-type",
        '"Authorization": {"type": "string"}',
        "GET / is answered 404 text/html, the error page of Werkzeug (Flask)",
        "Basic authentication is missing; the Bearer token is not sent",
        "Cookie: is not sent",
        '{"password": "This field is required.", "token": "missing", "secret": "required"}',
        "GET /?token=none, expected a token=value",
        "http://127.0.0.1:5173/@vite/client http://[::1]:8000/?to=a@b.example",
        "…",
    ],
)
def test_ordinary_words_are_left_alone(text: str) -> None:
    assert Masker(["an-actual-secret-1"])(text) == text


def test_a_value_that_is_cut_short_is_masked_as_well() -> None:
    made = Masker(["abcdefghijklmnopqrstuvwxyz"])
    assert made("the value abcdefghijklm… is wrong") == "the value ***… is wrong"
    result = made.masked(_result("m", Evidence(kind="log", title="t", body="x abcdefghijkl", truncated=True)))
    assert result.evidence[-1].body == "x ***"


def test_a_picture_stays_what_it_is() -> None:
    made = Masker(["abcdefghijklm"])
    result = made.masked(_result("m", Evidence(kind="image", title="at /abcdefghijklm", body="iVBORabcdefghijklm")))
    assert (result.evidence[-1].title, result.evidence[-1].body) == ("at /***", "iVBORabcdefghijklm")


def test_cookies_as_long_as_sessions() -> None:
    headers = [("Set-Cookie", "theme=dark; Path=/"), ("set-cookie", 'session="0123456789abcdef"; HttpOnly'), ("X", "session=0123456789abcdef")]
    assert list(cookies(headers)) == ["0123456789abcdef"]


# -- properties ----------------------------------------------------------------------------------------------------------------------


def _result(text: str, *evidence: Evidence) -> Result:
    place = Place(path=PurePosixPath("web.py"), label=text)
    return Result(
        check="runtime/page",
        outcome=Outcome.FAIL,
        message=text,
        place=place,
        severity=Severity.ERROR,
        confidence=Confidence.HIGH,
        related=(place,),
        evidence=(Evidence(kind="log", title=text, body=text), *evidence),
        change=Change(title=text, safety=Safety.SAFE, before=text, after=text),
        suppression=Suppression(origin="x", reason=text),
    )


def texts(value: Any) -> list[str]:
    """Every text in a result."""
    if is_dataclass(value):
        return [text for field in fields(value) for text in texts(getattr(value, field.name))]
    if isinstance(value, tuple):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


WRITTEN = [
    str,
    lambda value: quote(value, safe=""),
    quote_plus,
    lambda value: quote(value).replace("%2F", "%2f"),
    lambda value: json.dumps(value)[1:-1],
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    html.escape,
    lambda value: html.escape(value).replace("&#x27;", "&#39;"),
    lambda value: repr(value)[1:-1],
]
ORDINARY = ("undefined", "enabled", "disabled")
SECRET = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=6, max_size=30).filter(
    lambda value: value.strip("*…") == value and value.lower() not in ORDINARY
)
AROUND = st.text(max_size=20)


@given(st.lists(SECRET, min_size=1, max_size=3), st.sampled_from(WRITTEN), AROUND, AROUND)
def test_no_secret_survives_however_it_is_written(secrets: list[str], write: Any, before: str, after: str) -> None:
    text = f"{before}{write(secrets[0])}{after}"
    result = Masker.of([{"A_KEY": secret} for secret in secrets]).masked(_result(text))
    for secret in secrets:
        assert not any(secret in each or write(secret) in each for each in texts(result) if each not in ("runtime/page", "web.py"))


@given(SECRET, st.text(max_size=9), st.text(max_size=9))
def test_no_secret_survives_in_base64(secret: str, before: str, after: str) -> None:
    encoded = base64.b64encode(f"{before}:{secret}{after}".encode()).decode() if not any(0xD800 <= ord(c) <= 0xDFFF for c in before + after) else ""
    shown = Masker([secret])(f"got {encoded}")
    assert encoded == "" or encoded not in shown
    assert "Basic " + encoded not in shown


@given(st.lists(SECRET, max_size=3), st.text(max_size=60))
def test_masking_twice_changes_nothing(secrets: list[str], text: str) -> None:
    made = Masker(secrets)
    assert made(made(text)) == made(text)


@given(st.lists(st.text("abcdefghij ,.\n", max_size=12), max_size=12).map(" ".join))
def test_text_without_secrets_is_unchanged(text: str) -> None:
    made = Masker.of([{"SECRET_KEY": "K3Y-of-the-shop", "DATABASE_URL": "postgres://u:p4ssw0rd@db/x", "FLAG_KEY": "true"}])
    assert made(text) == text
    assert made.masked(_result(text)) == _result(text)


def test_it_takes_no_time() -> None:
    made = Masker([f"secret-number-{number}" for number in range(100)])
    clock = time.process_time()
    for text in (
        "Cookie: " + "a" * 100_000,
        "://a:" * 5_000,
        "eyJ" * 50_000,
        "-----BEGIN PRIVATE KEY-----" * 2_000,
        "secret-number-1 " * 10_000,
        '"' + "token" * 20_000,
        "&a_" * 30_000,
    ):
        made(text)
    assert time.process_time() - clock < 3
