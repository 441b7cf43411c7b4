"""Judges of environment reads whose text is taken for something else: a flag that is true when it says "False", a number that is text once it is set.

The value of an environment variable is always text (https://docs.python.org/3/library/os.html#os.environ).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from auditor.checks.base import Match, Verdict
from auditor.model import Outcome, Place, Severity
from auditor.project.project import Project
from auditor.project.python.evaluate import SETTINGS_BASES
from auditor.project.python.frame import Frame
from auditor.project.python.module import Module
from auditor.project.python.world import World

_FLAG = re.compile(
    r"^(?:\w+_)?(?:DEBUG|TESTING|ENABLED|DISABLED|EAGER|VERBOSE|HTTPONLY)$|_SECURE$|^(?:ENABLE|DISABLE|USE|IS|ALLOW|SKIP|FORCE)_\w+$", re.IGNORECASE
)
_NO_FLAG = re.compile(r"(?:ORIGIN|HOST|DOMAIN|URL|URI|KEY|PATH|DIR|FILE|IP|NAME|LIST|TOKEN|SECRET|ID|USER|EMAIL|MODEL)S?$", re.IGNORECASE)
_FLAG_ARGUMENTS = frozenset({"debug", "reload", "use_reloader", "echo", "testing", "httponly", "secure"})
_FALSE = frozenset({"0", "false", "no", "off", "n", "f"})
_TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
_SPELLINGS = '{"1", "true", "yes", "on"}'


def flag_as_text(project: Project, match: Match) -> Verdict | None:
    """FAILS when the text of a variable decides a branch or becomes a flag as it is: "False" and "0" are true.

    Only names that say that they are flags, and reads whose default is a truth value, count; `if os.getenv("CI")` asks whether a variable is set.
    """
    del project
    frame = match.frame
    read = frame.node if frame is not None else None
    if frame is None or not isinstance(read, ast.Call):
        return None
    wrapped = _unwrapped(read)
    name = _text(wrapped[0]) if wrapped else None
    if wrapped is None or name is None or any(keyword.arg == "cast" for keyword in read.keywords):
        return None
    default = wrapped[1]
    truth = _truth(default)
    is_flag = bool(_FLAG.search(name)) and not _NO_FLAG.search(name)
    place, target = ("truth", "") if isinstance(read.func, ast.Name) else _context(frame.module, read)
    if place == "assigned" and _FLAG.search(target) and not _NO_FLAG.search(target):
        is_flag = is_flag or isinstance(default, ast.Constant)
    boolean = isinstance(default, ast.Constant) and isinstance(default.value, bool)
    if boolean and truth is False and place == "assigned" and not is_flag:
        return None  # `get("API_TOKEN", False)` asks for a text that may be missing
    if not place or (place == "assigned" and not (boolean or is_flag)) or (truth is None and not (is_flag and _is_empty(default))):
        return None
    if place == "assigned":
        parsed = _parsed(frame.evaluator.world, target)
        if parsed is not None:
            return Verdict(outcome=Outcome.PASS, message=f"{name} is compared where it is used", related=(parsed,))
        if _in_settings_class(frame):
            return Verdict(outcome=Outcome.PASS, message=f"{name} is parsed by the settings class")
    if default is None and place == "assigned" and not _is_known_flag(frame, target):
        return Verdict(outcome=Outcome.REVIEW, message=f'{name} is text when it is set, and "False" is true')
    text_default = default.value if isinstance(default, ast.Constant) and isinstance(default.value, str) and truth is False else ""
    message = f'{name} is text when it is set, and any text but the empty one is true: "{text_default or "False"}" switches it on'
    if text_default and place == "truth":
        message = f'{name} is always true here: the default "{text_default}" is text, and so is every value'
    inner = read.args[0] if isinstance(read.func, ast.Name) and read.func.id == "bool" else read
    reader = ast.unparse(inner.func) if isinstance(inner, ast.Call) else "os.getenv"
    if reader.endswith("config"):
        site = f'{reader}("{name}", default={bool(truth)}, cast=bool)'
    else:
        site = f'{reader}("{name}", "{"true" if truth else ""}").lower() in {_SPELLINGS}'
    severity = Severity.WARNING if default is None and place == "truth" else None
    return Verdict(outcome=Outcome.FAIL, message=message, severity=severity, suggest={"site": site})


def number_default(project: Project, match: Match) -> Verdict | None:
    """FAILS when a variable with a number as default reaches arithmetic, an ordering or a count: once it is set it is text.

    Flask's `app.run` and uvicorn take a port that is text (seen with Flask 3.1 and uvicorn 0.54), so ports are no sites.
    """
    del project
    frame = match.frame
    read = frame.node if frame is not None else None
    if frame is None or not isinstance(read, ast.Call) or len(read.args) < 2:
        return None
    name, default = _text(read.args[0]), read.args[1]
    if isinstance(default, ast.UnaryOp):
        default = default.operand
    if name is None or "PORT" in name.upper() or not isinstance(default, ast.Constant):
        return None
    if isinstance(default.value, bool) or not isinstance(default.value, (int, float)) or _in_settings_class(frame):
        return None
    kind = type(default.value).__name__
    uses = list(_uses(frame, read))
    broken = [use for use in uses if use[0]]
    suggest = {"site": f'{kind}({ast.unparse(read.func)}("{name}", "{ast.unparse(read.args[1])}"))'}
    if broken:
        message = f"{name} is {_article(kind)} by default and text once it is set: {broken[0][0]}"
        related = tuple(use[1] for use in broken[:3] if (use[1].path, use[1].line) != (frame.module.path, read.lineno))
        return Verdict(outcome=Outcome.FAIL, message=message, related=related, suggest=suggest)
    return None


def _article(kind: str) -> str:
    return "an int" if kind == "int" else "a float"


def _unwrapped(read: ast.Call) -> tuple[ast.expr, ast.expr | None] | None:
    """The name and the default of a read; `bool(…)` around one is looked through."""
    inner: ast.expr = read
    if isinstance(read.func, ast.Name) and read.func.id == "bool" and read.args:
        inner = read.args[0]
    if isinstance(inner, ast.Subscript):
        return inner.slice, None
    if not isinstance(inner, ast.Call) or not inner.args:
        return None
    default = inner.args[1] if len(inner.args) > 1 else next((keyword.value for keyword in inner.keywords if keyword.arg == "default"), None)
    return inner.args[0], default


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_empty(default: ast.expr | None) -> bool:
    return default is None or (isinstance(default, ast.Constant) and default.value in (None, ""))


def _truth(default: ast.expr | None) -> bool | None:
    """What a default means as a flag; None when it is none."""
    if isinstance(default, ast.Constant):
        if isinstance(default.value, bool):
            return default.value
        if isinstance(default.value, str) and default.value.lower() in _FALSE:
            return False
        if isinstance(default.value, str) and default.value.lower() in _TRUE:
            return True
    return None


def _context(module: Module, read: ast.expr) -> tuple[str, str]:
    """What becomes of a read: ("truth", ""), ("assigned", target), ("argument", keyword) or ("", "")."""
    for child, parent in module.ancestors(read):
        match parent:
            case ast.UnaryOp(op=ast.Not()):
                return "truth", ""
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
                if child is test:
                    return "truth", ""
                return ("", "") if not isinstance(parent, ast.IfExp) else _context(module, parent)
            case ast.BoolOp() | ast.NamedExpr():
                continue
            case ast.Call(func=ast.Name(id="bool"), args=[argument]) if argument is child:
                return "truth", ""
            case ast.keyword(arg=str() as argument_name):
                return ("argument", argument_name) if argument_name in _FLAG_ARGUMENTS else ("", "")
            case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
                return "assigned", _last(target)
            case _:
                return "", ""
    return "", ""


def _last(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name
        case _:
            return ""


def _parsed(world: World, target: str) -> Place | None:
    """Where the project compares the name or turns it into something else."""
    if not target:
        return None
    word = re.escape(target)
    # `NAME == "true"`, `NAME.lower()`, `NAME in (…)`, `int(NAME)`, `strtobool(NAME)`, also behind `config["NAME"]` and `settings.NAME`.
    use = re.compile(
        rf"\b{word}[\"']?\]?\s*(?:\.(?:lower|upper|strip|casefold|startswith)\b|==|!=|\bin\b|\bnot in\b)"
        rf"|\b(?:int|strtobool|str2bool|to_bool|parse_bool|loads|literal_eval|str)\((?:[\w.]+\.)?{word}\)"
    )
    for path in world.containing(target):
        text = world.files.source(path) or ""
        found = use.search(text)
        if found is not None:
            module = world.module(path)
            line = text.count("\n", 0, found.start()) + 1
            node = next((node for node in module.parents if getattr(node, "lineno", 0) == line), None) if module is not None else None
            return module.place(node, f"{target} is parsed here") if module is not None and node is not None else Place(path=path)
    return None


def _is_known_flag(frame: Frame, target: str) -> bool:
    """Whether the assigned name is a setting that a framework tests for truth, or is tested for truth in its module."""
    if target in ("DEBUG", "TESTING") and _imports(frame, "django", "flask"):
        return True
    return any(
        isinstance(node, ast.Name)
        and node.id == target
        and isinstance(node.ctx, ast.Load)
        and _context(frame.module, node)[0] in ("truth", "argument")
        for node in list(frame.module.parents)
    )


def _imports(frame: Frame, *packages: str) -> bool:
    world = frame.evaluator.world
    return any(world.containing(f"from {name}") or world.containing(f"import {name}") for name in packages)


def _in_settings_class(frame: Frame) -> bool:
    """Whether the read is the default of a pydantic settings field, which pydantic parses (and reads from the environment itself)."""
    for child, parent in frame.module.ancestors(frame.node):
        if isinstance(parent, ast.ClassDef) and child in parent.body:
            bases = [frame.evaluator.world.qualify(frame.module, base) or ast.unparse(base) for base in parent.bases]
            return any(base in SETTINGS_BASES or base.endswith("Settings") for base in bases)
    return False


# -- numbers -----------------------------------------------------------------------------------------------------------------------

_COUNTS = frozenset({"range", "time.sleep", "asyncio.sleep", "datetime.timedelta", "round", "min", "max", "abs", "sum"})
_COUNT_ARGUMENTS = frozenset({"timeout", "max_workers", "maxsize", "minutes", "seconds", "hours", "days", "weeks", "pool_size", "max_overflow"})
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Pow)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def _uses(frame: Frame, read: ast.Call) -> Iterator[tuple[str, Place]]:
    """What happens to the value: ("", place) for a harmless use, else why it breaks."""
    module = frame.module
    own = _number_use(frame, module, read)
    parent = module.parents.get(read)
    target = ""
    match parent:
        case ast.Assign(targets=[target_node]) | ast.AnnAssign(target=target_node):
            target = _last(target_node)
        case _:
            yield own, module.place(read)
            return
    in_class = isinstance(module.parents.get(parent), ast.ClassDef)
    local = not (in_class or module.scope_of(read) is module.root)
    modules = (module,) if local or not target.isupper() else frame.evaluator.world.modules_containing(target)
    for other in modules:
        for node in list(other.parents):
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load) and _last(node) == target:
                if local and other.scope_of(node) is not module.scope_of(read):
                    continue
                why = _number_use(frame, other, node)
                yield why, other.place(node, why)


def _number_use(frame: Frame, module: Module, node: ast.expr) -> str:
    parent = module.parents.get(node)
    match parent:
        case ast.BinOp(op=operator, left=left) if isinstance(operator, _ARITHMETIC):
            if isinstance(operator, ast.Add) and isinstance(left, (ast.Constant, ast.JoinedStr)) and not _is_number(left):
                return ""
            return "arithmetic with it raises TypeError, or repeats the text"
        case ast.Compare(ops=[operator]) if isinstance(operator, _ORDER):
            return "comparing it with a number raises TypeError"
        case ast.Compare(ops=[ast.Eq() | ast.NotEq()], comparators=[other]) if _is_number(other):
            return "it never equals a number"
        case ast.Slice():
            return "slicing with it raises TypeError"
        case ast.keyword(arg=argument) if argument in _COUNT_ARGUMENTS:
            return f"`{argument}=` needs a number"
        case ast.Call(args=arguments) if node in arguments:
            called = frame.evaluator.world.qualify(module, parent.func) or ""
            return f"`{called}` needs a number" if called in _COUNTS else ""
        case _:
            return ""


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
