"""Judges of the paths in Django settings: which are looked for in the directory the process was started in?

Django joins none of them to the project: templates, static and media files and the SQLite file are opened as they are written
(https://docs.djangoproject.com/en/stable/ref/settings/).
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.checks.base import Verdict
from auditor.checks.settings import Setting, of_setting, settled
from auditor.model import Outcome
from auditor.project.python.values import Literal, MappingValue, PathValue, Sequence, Value, in_production


@of_setting
def relative_paths(setting: Setting) -> Verdict | None:
    """FAILS for a path of a setting that is relative: the setting itself, an item of its list, or what its detector's `key` option names."""
    frame, name, node = setting.frame, setting.name, setting.node
    key = str(setting.match.detector.options.get("key", ""))
    found = [_relative(path) for value in _values(frame.value(node), key) for path in value]
    wrong = next((text for text in found if text), None)
    if wrong is None:
        return Verdict(outcome=Outcome.PASS, message="the paths do not depend on the working directory") if found else None
    suggest = {}
    source = frame.module.source(node)
    for quoted in (f'"{wrong}"', f"'{wrong}'"):
        if source.count(quoted) == 1 and "BASE_DIR" in frame.module.root.bindings and key != "NAME":
            suggest = {"$VALUE": source.replace(quoted, f"BASE_DIR / {quoted}")}
    message = f'"{wrong}" {setting.match.message}'
    return settled(frame, name) or Verdict(outcome=Outcome.FAIL, message=message, suggest=suggest)


def _values(value: Value, key: str) -> Iterator[list[Value]]:
    """The paths in a setting: itself, the items of a list, or the values under ``key`` in dicts at any depth."""
    for option in in_production(value):
        inner = option.value
        match inner:
            case MappingValue(items=items) if key:
                if key == "NAME" and not _is_sqlite(inner):
                    yield from (found for _, item in items if isinstance(item, MappingValue) for found in _values(item, key))
                    continue
                for known, item in items:
                    if isinstance(known, Literal) and known.value == key:
                        yield from _values(item, "")
                    elif isinstance(item, (MappingValue, Sequence)):
                        yield from _values(item, key)
            case Sequence(items=items):
                for item in items:
                    if isinstance(item, Sequence) and len(item.items) == 2:
                        yield [item.items[1]]  # ("prefix", path) of STATICFILES_DIRS
                    else:
                        yield from _values(item, key)
            case _ if not key:
                yield [inner]
            case _:
                pass


def _is_sqlite(value: MappingValue) -> bool:
    engine = value.get("ENGINE")
    return isinstance(engine, Literal) and isinstance(engine.value, str) and "sqlite" in engine.value


def _relative(value: Value) -> str:
    """The text of a path that depends on the working directory, "" for any other."""
    match value:
        case PathValue(anchor="relative" | "cwd", text=text):
            return text or "."
        case Literal(value=str() as text) if text and not text.startswith(("/", "~", ":", "file:")) and text[1:2] != ":":
            return text
        case _:
            return ""
