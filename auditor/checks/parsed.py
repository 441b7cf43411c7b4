"""Judges of pydantic settings classes: what pydantic-settings does with the text of a variable, and with a file of variables.

Source: https://docs.pydantic.dev/latest/concepts/pydantic_settings/
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from auditor.checks.base import Match, Verdict
from auditor.model import Outcome, Place
from auditor.project.project import Project, Unreadable
from auditor.project.python.frame import Frame
from auditor.project.python.settings import lineage
from auditor.project.python.values import Literal, PathValue, Value, join_posix

_COLLECTION = re.compile(r"^(?:typing\.|t\.)?(?:list|List|set|Set|tuple|Tuple|frozenset|Sequence|dict|Dict)\b(?!.*\bstr\b\s*\|)(?!.*\|\s*str\b)")
_ROOTS = ("requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "uv.lock")
_SUFFIXES = ("", ".example", ".sample", ".template", ".dist", "-example", "-sample")
_KEY = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=", re.MULTILINE)


def _owner(frame: Frame) -> ast.ClassDef | None:
    """The class around a site."""
    return next((parent for _, parent in frame.module.ancestors(frame.node) if isinstance(parent, ast.ClassDef)), None)


def split_after_decoding(project: Project, match: Match) -> Verdict | None:
    """FAILS for a "before" validator that splits the text of a list field: the text is parsed as JSON before any validator sees it.

    A union with `str` keeps the text when it is no JSON; NoDecode and `enable_decoding=False` switch the parsing off.
    """
    del project
    frame = match.frame
    if frame is None or not isinstance(frame.node, ast.Call):
        return None
    function = frame.module.parents.get(frame.node)
    owner = _owner(frame)
    if not isinstance(function, ast.FunctionDef) or owner is None or lineage(frame.evaluator.world, frame.module, owner) is None:
        return None
    mode = next((keyword.value for keyword in frame.node.keywords if keyword.arg == "mode"), None)
    if not isinstance(mode, ast.Constant) or mode.value != "before" or not re.search(r"\bsplit\(", ast.unparse(function)):
        return None
    if "enable_decoding" in ast.unparse(owner):
        return Verdict(outcome=Outcome.PASS, message="the class does not decode")
    names = [argument.value for argument in frame.node.args if isinstance(argument, ast.Constant)]
    for statement in owner.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.target.id in names:
            annotation = ast.unparse(statement.annotation)
            if _COLLECTION.match(annotation) and "None" not in annotation:
                field = frame.module.place(statement, "is parsed as JSON first")
                message = f"{statement.target.id} is parsed as JSON before this runs: a text with commas stops the start with SettingsError"
                return Verdict(outcome=Outcome.FAIL, message=message, related=(field,))
            return Verdict(outcome=Outcome.PASS, message="the text reaches the validator")
    return None


def extra_key_in_file(project: Project, match: Match) -> Verdict | None:
    """FAILS when the file of variables (or its example) holds a key that is no field: pydantic-settings refuses it unless `extra` says otherwise."""
    frame = match.frame
    file = frame.of("$FILE") if frame is not None else None
    owner = _owner(frame) if frame is not None else None
    if frame is None or file is None or owner is None or not isinstance(frame.node, ast.Call):
        return None
    given = {keyword.arg for keyword in frame.node.keywords}
    if None in given or "extra" in given:
        return Verdict(outcome=Outcome.PASS, message="`extra` is set") if "extra" in given else None
    if "env_prefix" in given or "case_sensitive" in given:
        return None
    classes = lineage(frame.evaluator.world, frame.module, owner)
    if classes is None or any(re.search(r"\bextra\b", ast.unparse(found)) for _, found in classes):
        return None
    known = {name.lower() for _, found in classes for name in _names(found)}
    nested = "env_nested_delimiter" in given
    for path in _files(project, frame, frame.value(file)):
        try:
            text = project.text(path)
        except Unreadable:
            continue
        for key in _KEY.finditer(text):
            name = key[1].lower()
            if name in known or (nested and any(name.startswith(field) for field in known)):
                continue
            message = f"{path} also sets {key[1]}, which is no field: the start stops with `Extra inputs are not permitted`"
            return Verdict(outcome=Outcome.FAIL, message=message, related=(Place(path=path, label=f"sets {key[1]}"),))
        return Verdict(outcome=Outcome.PASS, message=f"every key of {path} is a field")
    return None


def _names(owner: ast.ClassDef) -> Iterator[str]:
    """Fields, and every text in the class: it may be an alias."""
    for statement in owner.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _files(project: Project, frame: Frame, value: Value) -> Iterator[PurePosixPath]:
    """The file, or an example of it, below the folder the program is started in: the nearest one with requirements."""
    match value:
        case PathValue(anchor="file", text=str() as text):
            base = text
        case Literal(value=str() as text) if not text.startswith(("/", "~")):
            folder = next(
                (here for here in frame.module.path.parents if any(project.exists(here / name) for name in _ROOTS)),
                None,
            )
            if folder is None:
                return
            base = join_posix(folder.as_posix(), text)
        case _:
            return
    for suffix in _SUFFIXES:
        path = PurePosixPath(base + suffix)
        if ".." not in path.parts and project.exists(path) and not project.is_dir(path):
            yield path
