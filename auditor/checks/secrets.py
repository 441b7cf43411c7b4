"""Judges of secret keys: is the key that production runs with written in the source?"""

from __future__ import annotations

import ast
import re

from auditor.checks.base import Match, Verdict
from auditor.checks.settings import is_settings_module, overridden
from auditor.model import Outcome, Place
from auditor.project.project import Project
from auditor.project.python.frame import Frame
from auditor.project.python.module import Module
from auditor.project.python.values import Derived, EnvRead, Literal, Option, PathValue, Text, Value, in_production

_PLACEHOLDER = re.compile(r"\{\{|\$\{|^<[^>]+>$")
_FLASK_TARGET = re.compile(r"\.secret_key$|\.config\[|config\.(?:update|from_mapping)")


def hardcoded_secret(project: Project, match: Match) -> Verdict | None:
    """FAILS when production runs with a secret that is a constant in the source. ``owner`` (django, flask or python) picks whose sites these are."""
    frame = match.frame
    value = _value(frame, match) if frame is not None else None
    if frame is None or value is None or _owner(project, frame) != match.detector.options.get("owner", "python"):
        return None
    if _named_elsewhere(frame, value):
        return None
    if _names_a_field(frame, value):
        return None
    kinds = [_kind(option) for option in in_production(value)]
    if "literal" in kinds and (frame.guards and any(guard.kind == "development" for guard in frame.guards)):
        return Verdict(outcome=Outcome.PASS, message="is reached in development only")
    if not kinds or "literal" not in kinds:
        if any(kind == "default" for kind in kinds):
            return None  # another entry judges defaults
        return Verdict(outcome=Outcome.PASS, message="comes from outside the source") if kinds else None
    other = overridden(frame)
    if other is not None:
        return Verdict(outcome=Outcome.PASS, message=f"is replaced at {other}", related=(other,))
    checked = _rejected(frame)
    if checked is not None:
        return Verdict(outcome=Outcome.PASS, message="is refused by a check of the project", related=(checked,))
    if len(set(kinds)) > 1:
        settled = [
            option
            for option in in_production(value)
            if _kind(option) == "literal" and all(guard.kind in ("unset", "production") for guard in option.guards)
        ]
        if not settled:
            return Verdict(outcome=Outcome.REVIEW, message="is a constant in one of several branches")
    return Verdict(outcome=Outcome.FAIL)


def insecure_default(project: Project, match: Match) -> Verdict | None:
    """FAILS when a secret falls back to a constant of the source as soon as its variable is unset."""
    del project
    frame = match.frame
    value = _value(frame, match) if frame is not None else None
    if frame is None or value is None or _named_elsewhere(frame, value):
        return None
    kinds = [_kind(option) for option in in_production(value)]
    if "default" not in kinds:
        if "environment" in kinds:
            return Verdict(outcome=Outcome.PASS, message="has no default in the source")
        return None
    other = overridden(frame)
    if other is not None:
        return Verdict(outcome=Outcome.PASS, message=f"is replaced at {other}", related=(other,))
    checked = _rejected(frame)
    if checked is not None:
        return Verdict(outcome=Outcome.PASS, message="the default is refused by a check of the project", related=(checked,))
    return Verdict(outcome=Outcome.FAIL)


def _value(frame: Frame | None, match: Match) -> Value | None:
    if frame is None:
        return None
    key = str(match.detector.options.get("value", "$VALUE"))
    node = frame.of(key)
    if node is None:
        return None
    scope = frame.module.scope_of(frame.node)
    if isinstance(scope.node, ast.ClassDef) and isinstance(frame.node, (ast.Assign, ast.AnnAssign)):
        if frame.evaluator.is_settings_class(frame.module, scope.node):
            # A field of a pydantic settings class is read from the environment; what is written is its default.
            inner = frame.value(node)
            if isinstance(inner, Literal):
                return EnvRead(name=None, default=inner, reader="settings field")
            target = frame.node.targets[0] if isinstance(frame.node, ast.Assign) else frame.node.target
            if isinstance(target, ast.Name):
                return frame.evaluator._class_attribute(frame.module, scope.node, target.id, 0)  # noqa: SLF001 - one evaluator, two modules
    return frame.value(node)


def _kind(option: Option) -> str:
    value = option.value
    match value:
        case Literal(value=str() as text):
            return "literal" if _is_secret(text) else "none"
        case Literal(value=bytes() as raw):
            return "literal" if raw else "none"
        case Literal():
            return "none"
        case EnvRead(default=Literal(value=str() as text)):
            return "default" if _is_secret(text) else "environment"
        case EnvRead(default=Derived() | Text()):
            return "environment"
        case EnvRead():
            return "environment"
        case Text() | PathValue():
            return "unknown"
        case Derived(sources=sources, operation="encode") if sources:
            return _kind(Option(value=sources[0], guards=option.guards))
        case _:
            return "unknown"


_REPORTED = re.compile(
    r"^(?:self\.)?(?:[A-Za-z]+_)*(?:SECRET|SECRET_KEY|SIGNING_KEY|JWT_KEY|ENCRYPTION_KEY|secret|secret_key|signing_key|jwt_key|jwt_secret|jwt_secret_key)$"
)


def _names_a_field(frame: Frame, value: Value) -> bool:
    """`USER_JWT_KEY = "user"`: the name of a field in a token, not a key to sign with."""
    name = _target_name(frame) or ""
    return (
        re.search(r"(?:SECRET|SIGNING)_?KEY$|SECRET$", name, re.IGNORECASE) is None
        and isinstance(value, Literal)
        and isinstance(value.value, str)
        and re.fullmatch(r"[a-z_]{1,16}", value.value) is not None
    )


def _named_elsewhere(frame: Frame, value: Value) -> bool:
    """Whether the constant is bound to a secret's name at another place, where it is a site of its own."""
    place = frame.place()
    for option in in_production(value):
        for step in option.value.trail:
            if (step.path, step.line) != (place.path, place.line) and _REPORTED.match(step.label.partition(" is ")[0]):
                return True
    return False


def _is_secret(text: str) -> bool:
    return len(text.strip()) > 0 and not _PLACEHOLDER.search(text)


def _owner(project: Project, frame: Frame) -> str:
    """Whose secret this is: Django's for settings modules, Flask's for `app.secret_key` and config classes, else Python's."""
    names = {package.name for package in project.stack}
    if ("django" in names or "django." in frame.module.text) and is_settings_module(frame.module):
        return "django"
    target = ""
    if isinstance(frame.node, ast.Assign):
        target = ast.unparse(frame.node.targets[0])
    elif isinstance(frame.node, ast.Call):
        target = ast.unparse(frame.node.func)
    if _FLASK_TARGET.search(target):
        return "flask"
    scope = frame.module.scope_of(frame.node)
    if isinstance(scope.node, ast.ClassDef) and not frame.evaluator.is_settings_class(frame.module, scope.node):
        if "flask" in names and "fastapi" not in names:
            return "flask"
    return "python"


def _rejected(frame: Frame) -> Place | None:
    """A validator or comparison that stops the start while the secret still has its default."""
    scope = frame.module.scope_of(frame.node)
    name = _target_name(frame)
    if name is None:
        return None
    if isinstance(scope.node, ast.ClassDef):
        for method in scope.node.body:
            if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) and _raises(method):
                decorators = " ".join(ast.unparse(decorator) for decorator in method.decorator_list)
                named = re.search(rf"\b{re.escape(name)}\b", decorators + ast.unparse(method))
                if named and ("valid" in decorators or method.name in ("__init__", "model_post_init", "__post_init__", "validate")):
                    return frame.module.place(method, f"{name} is checked here")
    for module in (frame.module, *(other for other in frame.evaluator.world.modules_containing(name) if other is not frame.module)):
        found = _comparison(module, name)
        if found is not None:
            return found
    return None


def _comparison(module: Module, name: str) -> Place | None:
    for node in list(module.parents):
        if isinstance(node, ast.If) and any(
            isinstance(inner, ast.Raise) or _exits(inner) for statement in node.body for inner in ast.walk(statement)
        ):
            for inner in ast.walk(node.test):
                if (
                    isinstance(inner, ast.Compare)
                    and _reads(inner, name)
                    and any(isinstance(operator, (ast.Eq, ast.In, ast.Lt)) for operator in inner.ops)
                ):
                    return module.place(node, f"{name} is checked here")
                if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == "startswith" and _reads(inner, name):
                    return module.place(node, f"{name} is checked here")
    return None


def _reads(node: ast.AST, name: str) -> bool:
    return any(
        (isinstance(inner, ast.Name) and inner.id == name) or (isinstance(inner, ast.Attribute) and inner.attr == name) for inner in ast.walk(node)
    )


def _exits(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.exit", "exit", "quit", "os._exit")


def _raises(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Raise) for inner in ast.walk(node))


def _target_name(frame: Frame) -> str | None:
    node = frame.node
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
        case _:
            return None
