"""Where what a launch starts listens: by its command line, by the code it runs, by the image."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.model import Place
from auditor.project.facts.launch import Launch
from auditor.project.facts.reached import started
from auditor.project.python.values import EnvRead, Literal, Value

if TYPE_CHECKING:
    from auditor.project.project import Project

_SCRIPT = re.compile(r"^[\w./-]+\.[cm]?[jt]s$")
_LISTEN = re.compile(r"[^;]*?\.listen\(\s*(?:Number\(|parseInt\()?\s*(?P<argument>process\.env\.\w+\s*(?:\|\||\?\?)\s*['\"]?\d+['\"]?|[\w.]+)")
_PORT = re.compile(r"(?:process\.env\.(?P<name>\w+)\s*(?:\|\||\?\?)\s*)?['\"]?(?P<number>\d{2,5})['\"]?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A port and the place that says so."""

    port: int
    place: Place


def listening(project: Project, launch: Launch) -> Listening | None:
    """The port on which a launch listens; None when it cannot be told."""
    bound = launch.bound
    if bound is not None:
        return Listening(port=bound.port, place=launch.place) if bound.port is not None else None
    if launch.words[0] == "node" and len(launch.words) > 1:
        script = next((word for word in launch.words[1:] if _SCRIPT.match(word)), None)
        path = launch.file(project, script) if script is not None else None
        return _of_script(project, launch, path) if path is not None else None
    path = started(project, launch) if launch.tool.startswith("python") else None
    return _of_module(project, launch, path) if path is not None else None


def _of_script(project: Project, launch: Launch, path: PurePosixPath) -> Listening | None:
    """The argument of the one `.listen(…)` of a script: a number, or `process.env.PORT || number`, also by way of a constant."""
    module = project.facts.script(path)
    found = (
        [(node, matched) for node in module.nodes if node.type == "call_expression" and (matched := _LISTEN.match(module.of(node)))] if module else []
    )
    if module is None or len(found) != 1:
        return None
    node, matched = found[0]
    text = matched["argument"]
    if re.fullmatch(r"[A-Za-z_]\w*", text):
        expression = re.compile(rf"{text}(?:\s*:\s*\w+)?\s*=\s*(?:Number\(|parseInt\()?\s*([^;,\n)]+)")
        said = [one for other in module.nodes if other.type == "variable_declarator" and (one := expression.match(module.of(other)))]
        if len(said) != 1:
            return None
        text = said[0].group(1).strip()
    port = _PORT.fullmatch(text)
    if port is None:
        return None
    given = launch.values.get(port["name"]) if port["name"] else None
    if port["name"] and port["name"] in launch.values and (given is None or not given.isdigit()):
        return None
    return Listening(port=int(given or port["number"]), place=module.place(node))


def _of_module(project: Project, launch: Launch, path: PurePosixPath) -> Listening | None:
    """The `port=` of the one `app.run(…)` or `uvicorn.run(…)` of a Python script that production runs."""
    module = project.python.world.module(path)
    runs = [call for call in module.calls if isinstance(call.func, ast.Attribute) and call.func.attr == "run"] if module is not None else []
    ports = [(call, keyword.value) for call in runs for keyword in call.keywords if keyword.arg == "port"]
    if module is None or len(ports) != 1:
        return None
    call, node = ports[0]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "int" and len(node.args) == 1:
        node = node.args[0]
    number = _number(project.python.evaluate(module, node), launch)
    return Listening(port=number, place=module.place(call)) if number is not None else None


def _number(value: Value, launch: Launch) -> int | None:
    match value:
        case Literal(value=int() as number):
            return number
        case Literal(value=str() as text) if text.isdigit():
            return int(text)
        case EnvRead(name=str() as name, default=default):
            if name in launch.values:
                given = launch.values[name]
                return int(given) if given is not None and given.isdigit() else None
            return _number(default, launch) if default is not None else None
        case _:
            return None
