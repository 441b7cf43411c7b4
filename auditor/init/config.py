"""The configuration of a project, with what was found of it."""

from __future__ import annotations

import json
import tempfile
import textwrap
import tomllib
from pathlib import Path, PurePosixPath

from auditor.errors import ConfigError
from auditor.init.edits import Edit, Kept, Unsafe, appended, read
from auditor.init.found import Found
from auditor.project.config import FILES, load_config
from auditor.report.visible import visible
from auditor.runtime.configured import configured

_PYPROJECT = PurePosixPath("pyproject.toml")
_MOST_NAMED = 8
_WIDTH = 110


def config(found: Found) -> tuple[Edit | Kept, ...]:
    """`[tool.gotcha-audit]` in a pyproject.toml that is there, else a gotcha-audit.toml."""
    own = next((name for name in FILES if found.has(name)), None)
    if own is not None:
        return (Kept(path=PurePosixPath(own), reason="it configures gotcha-audit already"),)
    path = _PYPROJECT if found.has(_PYPROJECT.name) else PurePosixPath(FILES[0])
    prefix = "tool.gotcha-audit" if path == _PYPROJECT else ""
    table = written(found, prefix)
    try:
        before = read(found.root, path)
        if before is None:
            return (Edit(path=path, before=None, after=table),)
        old = _parsed(before)
        if isinstance(tool := old.get("tool", {}), dict) and "gotcha-audit" in tool:
            return (Kept(path=path, reason="it configures gotcha-audit already"),)
        after = appended(before, table)
        _assert_only_added(old, after, table)
    except Unsafe as reason:
        return (Kept(path=path, reason=str(reason), paste=table),)
    return (Edit(path=path, before=before, after=after),)


def written(found: Found, prefix: str) -> str:
    """The configuration as text, below ``prefix``; empty for a file of our own. What was detected stands in it as far as it loads."""
    head = [f"[{prefix}]"] if prefix else []
    head += [f"# {line}" for line in _stack(found)]
    head += [
        "# The least severity that makes the exit code 1: error, warning or note.",
        'fail-on = "warning"',
        "# Not looked at, as in .gitignore; what git ignores, installed packages and generated code are left out in any case.",
        "exclude = []",
    ]
    lines, keys = _validate(found)
    table = [f"[{prefix}.validate]" if prefix else "[validate]", *(f"# {line}" for line in lines)]
    whole = "\n".join([*head, "", *table, *keys]) + "\n"
    return whole if not keys or _loads(whole, prefix) else "\n".join([*head, "", *table]) + "\n"


def _stack(found: Found) -> list[str]:
    """The frameworks and tools, each with the file that says so."""
    named: dict[str, str] = {}
    for package in found.stack:
        named.setdefault(package.name, visible(f"{package.name} ({package.evidence.path})"))
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    text = f"Found here: {', '.join(list(named.values())[:_MOST_NAMED])}{more}. `gotcha-audit stack` says why."
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False) if named else []


def _validate(found: Found) -> tuple[list[str], list[str]]:
    """Comments and keys. The start itself is no key: it is read from the project each time, so that a change of it is looked at."""
    target = found.application.found
    lines = ["How `gotcha-audit validate` starts the application, and what it asks; docs/validate.md has all keys."]
    if target is None:
        return [
            *lines,
            "Nothing says how production starts it. If it is a server, say it here:",
            'start-command = "gunicorn -b 127.0.0.1:{port} web:app"',
        ], []
    lines.append(visible(f"Found each time: {target.start.why}. To start it otherwise, set start-command."))
    keys = []
    if target.health is not None:
        keys.append(f"health-endpoint = {json.dumps(target.health.path, ensure_ascii=False)}")
    if pages := [page.path for page in target.pages if page.method == "GET"]:
        keys.append(f"pages = {json.dumps(pages, ensure_ascii=False)}")
    return lines, keys


def _loads(text: str, prefix: str) -> bool:
    """Whether the text is a configuration that is understood, `validate` and all."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / ("pyproject.toml" if prefix else FILES[0])).write_bytes(text.encode("utf-8", "backslashreplace"))
        try:
            configured(load_config(root), root)
        except ConfigError:
            return False
    return True


def _parsed(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise Unsafe(f"it is not valid TOML: {error}") from error


def _assert_only_added(old: dict[str, object], after: str, table: str) -> None:
    """Read the result again: all that was there must be there, and the table besides. Raises Unsafe."""
    new = _parsed(after)
    added = _parsed(table)["tool"]
    tool = old.get("tool", {})
    if not isinstance(tool, dict) or not isinstance(added, dict) or new != {**old, "tool": {**tool, **added}}:
        raise Unsafe("a table cannot be added at its end without changing something else")
