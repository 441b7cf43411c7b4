"""The ``symptoms`` of an entry: how production shows the mistake, in words that a running application can be held to.

`http: {status, on}` (a request for a page, an asset or an endpoint of an API is answered so) · `log`, `console` (a text or a regular expression of
what the server, or the browser, prints) · `header: {name, value}` (an answer carries it) · `check` (a check of `validate` that is about this very
mistake).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from auditor.catalogue.problems import Problems

KINDS = ("http", "log", "console", "header", "check")
SUBJECTS = ("page", "asset", "api")


def assert_symptom(symptom: Mapping[str, object], line: int, problems: Problems) -> None:
    """Add a problem for everything in ``symptom`` that could never be seen."""
    if len(symptom) != 1 or next(iter(symptom)) not in KINDS:
        problems.add(line, "a symptom has one kind", f'write one of `{"`, `".join(KINDS)}`, such as `- log: "no such table"`')
        return
    ((kind, value),) = symptom.items()
    if kind == "http":
        on = value.get("on") if isinstance(value, dict) else None
        good = isinstance(value, dict) and set(value) <= {"status", "on"} and isinstance(value.get("status"), int)
        if not good or not isinstance(on, list) or not on or not set(on) <= set(SUBJECTS):
            problems.add(line, "`http` is no status of a subject", "write `http: {status: 404, on: [page, asset]}`; subjects are page, asset and api")
    elif kind == "header":
        if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not set(value) <= {"name", "value"}:
            problems.add(line, "`header` has no name", 'write `header: {name: Access-Control-Allow-Origin, value: "*"}`')
    elif not isinstance(value, str) or not value.strip():
        problems.add(line, f"`{kind}` is no text", f'write `{kind}: "…"`')
    elif kind == "check" and not re.fullmatch(r"[a-z][a-z-]*", value):
        problems.add(line, f"`check` is {value!r}", "write the name of a check of `validate`, such as `debug-on`")
