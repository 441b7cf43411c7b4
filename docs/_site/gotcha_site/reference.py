"""Reference pages besides the command line: configuration, formats, exit codes. Each is held to what the code knows; a gap ends the build."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from auditor.model import Outcome, Severity, report
from auditor.project import config
from auditor.report import ENTRY_PAGES
from gotcha_site import schemas
from gotcha_site.text import block, code, page, table

_BLOB = ENTRY_PAGES.rpartition("/")[0]
PACKAGE = Path(config.__file__).parent.parent
REPORT_SCHEMA, ENTRY_SCHEMA = PACKAGE / "report" / "schema-v1.json", PACKAGE / "catalogue" / "schema.json"

_KEYS = {
    "select": ("list of ids, globs or stacks", "only these entries are checked", 'select = ["flask", "vite/*"]'),
    "ignore": ("list of ids, globs or stacks", "these entries are not checked", 'ignore = ["flask/cors-any-origin"]'),
    "catalogues": ("list of folders", "folders of the project with entries of your own", 'catalogues = ["gotchas/"]'),
    "exclude": ("list of globs", "files that are not looked at, as in `.gitignore`", 'exclude = ["legacy/"]'),
    "fail-on": (" &#124; ".join(code(word.value) for word in Severity), "the least severity that makes the exit code 1", 'fail-on = "error"'),
    "strict": ("true or false", "sites under review make the exit code 1 too", "strict = true"),
    "baseline": ("file", "the findings that were there before, and do not count", 'baseline = "gotcha-baseline.json"'),
    "jobs": ("whole number", "worker processes; one for each processor unless given", "jobs = 4"),
    "show": ("list of outcomes", "which sites are listed one by one", 'show = ["fail", "review"]'),
    "per-path-ignores": ("list of tables", "entries that do not count in some paths, and why: see below", ""),
    "max-file-size": ("bytes", "larger files are skipped, and counted as skipped", "max-file-size = 500000"),
    "file-timeout": ("seconds", "how long one file may take", "file-timeout = 10"),
    "validate": ("table", "the application to start: [its keys](../validate.md#configuration)", ""),
}
_IGNORE_KEYS = {
    "paths": ("list of globs", "where, as in `.gitignore`"),
    "ids": ("list of ids or globs", "which entries"),
    "reason": ("text", "why they are fine there; reports repeat it"),
}
_CODES = {
    "EXIT_CLEAN": "nothing at or above `--fail-on`",
    "EXIT_RESULTS": "results: something fails at or above `--fail-on`, or is under review with `--strict`",
    "EXIT_USAGE": "a flag, a path, the configuration, a catalogue entry or a plan is wrong; the message says where and what to write",
    "EXIT_INCOMPLETE": "something could not be examined; this wins over 1",
    "EXIT_ESCALATE": "the attempts of a plan are used up: a person must decide",
    "EXIT_INTERRUPTED": "interrupted",
}


_T = TypeVar("_T")


class Undescribed(Exception):  # noqa: N818 (it names what it found)
    """The code knows something that the reference does not describe."""


def _known(what: str, described: Mapping[str, _T], known: Collection[str]) -> dict[str, _T]:
    """The descriptions of what is known; one that is described and not known is left out."""
    if missing := set(known) - set(described):
        raise Undescribed(f"{what}: describe {', '.join(sorted(missing))} in docs/_site/gotcha_site/reference.py")
    return {name: described[name] for name in described if name in set(known)}


def configuration() -> str:
    """`reference/configuration.md`, from the keys that `auditor.project.config` accepts and their defaults."""
    keys = _known("configuration keys", _KEYS, config.KEYS)
    ignores = _known("keys of per-path-ignores", _IGNORE_KEYS, config.IGNORE_KEYS)
    defaults = config.Config()
    fields = {field.name.replace("_", "-"): getattr(defaults, field.name) for field in dataclasses.fields(defaults)}
    rows = [[code(key), kind, _default(fields[key]), says] for key, (kind, says, _) in keys.items()]
    body = [
        "# Configuration",
        (
            f"In `pyproject.toml` under `[tool.gotcha-audit]`, or in one of {', '.join(code(name) for name in config.FILES)} in the root of the "
            "scan. Every key is optional, an unknown one is an error that names the file and the line, and flags win over the configuration."
        ),
        table(["key", "type", "default", "means"], rows),
        "An example of every key, as it stands in `pyproject.toml`:",
        block(_example(shown for _, _, shown in keys.values()), "toml", title="pyproject.toml"),
        "## per-path-ignores",
        table(["key", "type", "means"], [[code(key), kind, says] for key, (kind, says) in ignores.items()]),
        "All three are required.",
    ]
    return page(body, title="Configuration", description="Every key of the configuration of gotcha-audit.")


def _example(keys: Iterable[str]) -> str:
    rows = ["[tool.gotcha-audit]", *[shown for shown in keys if shown], "", "[tool.gotcha-audit.validate]"]
    rows += ['health-endpoint = "/health"', "", "[[tool.gotcha-audit.per-path-ignores]]", 'paths = ["tools/**"]', 'ids = ["python/env-unchecked"]']
    return "\n".join([*rows, 'reason = "these scripts run on developers\' machines only"'])


def _default(value: object) -> str:
    if isinstance(value, Severity):
        return code(value.value)
    if isinstance(value, tuple) and value and all(isinstance(item, Outcome) for item in value):
        return code("[" + ", ".join(f'"{item.value}"' for item in value) + "]")
    if isinstance(value, bool):
        return code(str(value).lower())
    if isinstance(value, (int, float)):
        return code(f"{value:g}" if isinstance(value, float) else str(value))
    return "–"


def exit_codes() -> str:
    """`reference/exit-codes.md`, from the constants of `auditor.model.report`."""
    known = {name: value for name, value in vars(report).items() if name.startswith("EXIT_")}
    codes = _known("exit codes", _CODES, known)
    rows = [[code(str(known[name])), says] for name, says in sorted(codes.items(), key=lambda item: int(known[item[0]]))]
    body = [
        "# Exit codes",
        "They are the same for every command and every format, and stay as they are within a major version.",
        table(["code", "means"], rows),
        (
            "A file that cannot be parsed, or takes longer than the time limit, is a result with the outcome `error`: the scan goes on, the report "
            "names the file, and the exit code is 3. It is never counted as clean."
        ),
    ]
    return page(body, title="Exit codes", description="What the exit code of gotcha-audit says.")


def report_schema() -> str:
    """`reference/report-schema.md`: the JSON report."""
    schema = schemas.read(REPORT_SCHEMA)
    body = [
        "# JSON report",
        (
            f"What `--format json` writes, in version `v1`. [The schema as JSON]({_BLOB}/auditor/report/{REPORT_SCHEMA.name}) is what the tests hold "
            "every report to; this page is written from it. Within one major version of the tool the format stays as it is."
        ),
        *schemas.tables(schema, "report"),
    ]
    return page(body, title="JSON report", description="The schema of the JSON report, version v1.")


def entry_schema() -> str:
    """`reference/entry-schema.md`: the front matter of an entry."""
    schema = schemas.read(ENTRY_SCHEMA)
    body = [
        "# Front matter of an entry",
        (
            "The keys between the `---` lines of a file in the catalogue. Below them stand the summary and the sections *Fails*, *Works*, *Why* and "
            "*When it is fine*: [how to write an entry](../how-to/write-an-entry.md). "
            f"[The schema as JSON]({_BLOB}/auditor/catalogue/{ENTRY_SCHEMA.name}) "
            "is for editors; this page is written from it."
        ),
        *schemas.tables(schema, "entry"),
    ]
    return page(body, title="Front matter of an entry", description="Every key of a catalogue entry.")
