"""Configuration that servers and process managers read themselves: uwsgi.ini, gunicorn.conf.py, pm2's ecosystem file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from auditor.model import Confidence, Place, span_of
from auditor.project.facts.files.commands import exec_form, words_of
from auditor.project.facts.record import EMPTY, Fault, Record, Section, Setting
from auditor.project.facts.unit import Port, Unit, Variable

_SECTION = re.compile(r"^\[uwsgi\]", re.MULTILINE)
_ADDRESS = re.compile(r"^(?P<address>\[[^\]]*\]|[\w.*-]*):(?P<port>\d{1,5})$")


def uwsgi(path: PurePosixPath, text: str) -> Record:
    """The `[uwsgi]` section of an ini file (https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html); of another nothing."""
    if not _SECTION.search(text):
        return EMPTY
    settings: list[Setting] = []
    inside, start = False, 1
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if line.startswith("["):
            inside = line == "[uwsgi]"
            start = number if inside else start
        elif inside and line and not line.startswith(("#", ";")):
            key, _, value = line.partition("=")
            settings.append(Setting(name=key.strip(), value=value.strip(), place=Place(path=path, span=span_of(number))))
    section = Section(name="uwsgi", place=Place(path=path, span=span_of(start)), settings=tuple(settings))
    ports = tuple(port for setting in settings if setting.name in ("http", "https", "http-socket", "socket") for port in _ports(setting))
    pairs = [(setting.value.partition("="), setting.place) for setting in settings if setting.name == "env"]
    variables = tuple(Variable(name=name, value=value if equals else None, place=place) for (name, equals, value), place in pairs if name)
    unit = Unit(
        kind="uwsgi",
        name=path.name,
        place=section.place,
        folder=section.get("chdir"),
        variables=variables,
        opens=True,
        ports=ports,
        user=section.get("uid"),
    )
    return Record(sections=(section,), units=(unit,))


def _ports(setting: Setting) -> Iterator[Port]:
    found = _ADDRESS.match(setting.value)
    if found is not None:
        yield Port(inner=int(found["port"]), outer=None, place=setting.place, address=found["address"])


def gunicorn(path: PurePosixPath, text: str) -> Record:
    """The settings of a gunicorn configuration in Python (https://docs.gunicorn.org/en/stable/settings.html); "" for what is computed."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        return Record(fault=Fault(line=error.lineno or 1, message=error.msg or "is no Python"))
    except (ValueError, RecursionError, MemoryError):
        return Record(fault=Fault(line=1, message="is no Python"))
    settings: list[Setting] = []
    for node in tree.body:
        target = (
            node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else node.target if isinstance(node, ast.AnnAssign) else None
        )
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        if isinstance(target, ast.Name) and value is not None:
            text = str(value.value) if isinstance(value, ast.Constant) and isinstance(value.value, (str, int, bool)) else ""
            settings.append(Setting(name=target.id, value=text, place=Place(path=path, span=span_of(node.lineno))))
    whole = Place(path=path, span=span_of(1))
    section = Section(name="gunicorn", place=whole, settings=tuple(settings))
    ports = tuple(port for setting in settings if setting.name == "bind" for port in _ports(setting))
    unit = Unit(kind="gunicorn", name=path.name, place=whole, folder=section.get("chdir"), opens=True, ports=ports, user=section.get("user"))
    return Record(sections=(section,), units=(unit,))


def pm2(path: PurePosixPath, text: str) -> Record:
    """The applications of an ecosystem file (https://pm2.keymetrics.io/docs/usage/application-declaration/): one unit an object with a `script`.

    `env_production` counts only with `--env production`, which the file does not say.
    """
    from tree_sitter import Node  # noqa: PLC0415 - only projects that use pm2 need the parser

    from auditor.project.facts.syntax import Source, walk  # noqa: PLC0415 - as above

    source = Source(path, text, "javascript")

    def fields(node: Node) -> dict[str, Node]:
        found: dict[str, Node] = {}
        for pair in node.named_children:
            key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            if pair.type == "pair" and key is not None and value is not None:
                found[source.of(key).strip("\"'")] = value
        return found

    def literal(node: Node | None) -> str:
        return source.of(node).strip("\"'`") if node is not None and node.type in ("string", "number", "true", "false") else ""

    def variables(node: Node | None, confidence: Confidence) -> Iterator[Variable]:
        for name, value in fields(node).items() if node is not None else ():
            known = value.type in ("string", "number", "true", "false")
            where = Place(path=path, span=span_of(value.start_point.row + 1))
            yield Variable(
                name=name, value=literal(value) if known else None, place=where, source="literal" if known else "caller", confidence=confidence
            )

    units = []
    for node in walk(source.root):
        given = fields(node) if node.type == "object" else {}
        script = literal(given.get("script"))
        if not script:
            continue
        count = literal(given.get("instances"))
        place = Place(path=path, span=span_of(given["script"].start_point.row + 1))
        interpreter = literal(given.get("interpreter"))
        words = (*((interpreter,) if interpreter and interpreter != "none" else ()), *words_of(script), *words_of(literal(given.get("args"))))
        units.append(
            Unit(
                kind="pm2",
                name=literal(given.get("name")) or script,
                place=place,
                command=exec_form(words, place),
                folder=literal(given.get("cwd")),
                variables=(*variables(given.get("env"), Confidence.HIGH), *variables(given.get("env_production"), Confidence.LOW)),
                opens=True,
                replicas=int(count) if count.isdigit() and len(count) < 6 else None,
            )
        )
    return Record(units=tuple(units))
