"""Environment variables that the code reads and nothing else in the project mentions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tree_sitter import Node

from auditor.model import CheckDetector, Gotcha, Outcome, Place, Severity, Site
from auditor.project.facts.conditions import context_of
from auditor.project.facts.module import Module as ScriptModule
from auditor.project.project import Project
from auditor.project.python import calls
from auditor.project.python.module import Module
from auditor.project.python.values import EnvRead, Instance, options
from auditor.project.text import Unreadable

_CODE = frozenset({"python", "javascript", "typescript", "tsx", "vue", "svelte", "astro", "html", "css"})
# Set by operating systems, shells, platforms and frameworks themselves: nobody has to be told of them.
_GIVEN = re.compile(
    r"^(?:PATH|HOME|USER|USERNAME|SHELL|TERM|TZ|LANG|LC_\w+|PWD|TMPDIR|TEMP|TMP|HOSTNAME|PORT|HOST|CI|EDITOR|DISPLAY|NO_COLOR|COLUMNS|APPDATA|LOCALAPPDATA|PYTHON\w*|"
    r"VIRTUAL_ENV|NODE_ENV|NODE_\w+|npm_\w+|NEXT_RUNTIME|FLASK_ENV|FLASK_APP|FLASK_DEBUG|DJANGO_SETTINGS_MODULE|WERKZEUG_\w+|DYNO|RENDER\w*|VERCEL\w*|RAILWAY_\w+|FLY_\w+|"
    r"HEROKU_\w+|K_SERVICE|KUBERNETES_\w+|AWS_REGION|AWS_DEFAULT_REGION|AWS_LAMBDA_\w+|AWS_EXECUTION_ENV|GITHUB_\w+|GAE_\w+|WEBSITE_\w+|HTTPS?_PROXY|GOOGLE_APPLICATION_CREDENTIALS|TRAVIS|BABEL_ENV|NLS_LANG|XDG_\w+|DEBUG|PUBLIC_URL|CODESPACE\w*)$"
)
_SCRIPT_READ = re.compile(r"process\.env(?:\.([A-Z][A-Z0-9_]+)|\[['\"]([A-Z][A-Z0-9_]+)['\"]\])")
_CLIENT_READ = re.compile(r"import\.meta\.env(?:\.(VITE_[A-Z0-9_]+)|\[['\"](VITE_[A-Z0-9_]+)['\"]\])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One read of a variable; ``defaulted`` when the code does without it, ``required`` when it stops without it."""

    name: str
    place: Place
    defaulted: bool
    required: bool = False


def undocumented(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """The first read in each file of every variable that has no default and that no document, example or deployment file names."""
    documents = list(_documents(project))
    for module_reads in (*_python_reads(project), *_script_reads(project)):
        seen: set[str] = set()
        for read in module_reads:
            if read.name in seen or read.defaulted or _GIVEN.match(read.name):
                continue
            seen.add(read.name)
            where = _mention(documents, read.name)
            outcome = Outcome.FAIL if where is None else Outcome.PASS
            message = detector.message.replace("$NAME", read.name) if where is None else "is documented"
            related = () if where is None else (where,)
            # Without a required variable nothing starts; without another one a part of the program is missing.
            severity = Severity.WARNING if read.required else Severity.NOTE
            yield Site(
                gotcha=gotcha.id,
                outcome=outcome,
                message=message,
                place=read.place,
                related=related,
                severity=severity,
                scope=read.place.span,
            )


def _documents(project: Project) -> Iterator[tuple[Place, str]]:
    """Everything that may tell a person or a platform of a variable: all files but code."""
    for file in project.tree_files:
        if file.language in _CODE:
            continue
        try:
            yield Place(path=file.path), project.text(file.path)
        except Unreadable:
            continue


def _mention(documents: list[tuple[Place, str]], name: str) -> Place | None:
    expression = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])")
    return next(
        (Place(path=place.path, label=f"{name} is named here") for place, text in documents if name in text and expression.search(text)), None
    )


def _python_reads(project: Project) -> Iterator[list[Read]]:
    examined = {file.path for file in project.tree_files if file.role == "production"}
    words = ("environ", "getenv", "decouple", "starlette.config", "environs")
    world = project.python.world
    for path in sorted({path for word in words for path in world.containing(word)} & examined):
        module = world.module(path)
        if module is not None:
            nodes: list[ast.Call | ast.Subscript] = [*module.calls, *_subscripts(module)]
            yield [read for node in nodes if (read := _read(project, module, node)) is not None]


def _subscripts(module: Module) -> Iterator[ast.Subscript]:
    found = [node for node in module.parents if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)]
    yield from sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _read(project: Project, module: Module, node: ast.Call | ast.Subscript) -> Read | None:
    """The read a node is, if it is one by itself and not a value that was read elsewhere."""
    evaluator = project.python
    if isinstance(node, ast.Subscript):
        if evaluator.world.qualify(module, node.value) != "os.environ":
            return None
    elif evaluator.world.qualify(module, node.func) not in calls.ENV_GETTERS:
        holder = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        if not any(
            isinstance(option.value, Instance) and option.value.qualname in calls.ENV_OBJECTS
            for option in options(evaluator.evaluate(module, holder))
        ):
            return None
    for option in options(evaluator.evaluate(module, node)):
        value = option.value
        if isinstance(value, EnvRead) and value.name and re.fullmatch(r"[A-Z][A-Z0-9_]+", value.name):
            defaulted = value.default is not None or _does_without(module, node)
            return Read(name=value.name, place=module.place(node), defaulted=defaulted, required=value.required)
    return None


def _does_without(module: Module, node: ast.Call | ast.Subscript) -> bool:
    """Whether the code says that the variable may be missing: a default of None, `or`, a test, a comparison, or `pop`."""
    if isinstance(node, ast.Call):
        if any(keyword.arg == "default" for keyword in node.keywords) or (isinstance(node.func, ast.Attribute) and node.func.attr == "pop"):
            return True
    parent = module.parents.get(node)
    if isinstance(parent, ast.BoolOp):
        return parent.values[-1] is not node or isinstance(module.parents.get(parent), (ast.If, ast.IfExp, ast.While))
    return isinstance(parent, (ast.Compare, ast.UnaryOp, ast.If, ast.IfExp, ast.While))


def _script_reads(project: Project) -> Iterator[list[Read]]:
    """Reads of `process.env` outside the clients of Vite, which have none, and of `import.meta.env` inside them."""
    in_vite = {path for client in project.facts.clients if client.is_vite for path in client.paths}
    for module in project.facts.scripts("process.env", "import.meta.env"):
        expression = _CLIENT_READ if module.path in in_vite else _SCRIPT_READ
        found = []
        for node in module.nodes:
            if node.type in ("member_expression", "subscript_expression"):
                matched = expression.fullmatch(module.of(node))
                if matched and not _is_written(node):
                    defaulted = _script_does_without(module, node) or context_of(module, node).development
                    found.append(Read(name=matched.group(1) or matched.group(2), place=module.place(node), defaulted=defaulted))
        yield found


def _is_written(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "assignment_expression" and parent.child_by_field_name("left") == node


def _script_does_without(module: ScriptModule, node: Node) -> bool:
    """Whether a script says that the variable may be missing: `||`, `??`, a comparison, a test, also behind `Number(…)`."""
    parent = node.parent
    while parent is not None and parent.type in ("arguments", "call_expression", "parenthesized_expression", "unary_expression"):
        node, parent = parent, parent.parent
    if parent is None:
        return False
    if parent.type == "binary_expression":
        operator = parent.child_by_field_name("operator")
        return operator is not None and module.of(operator) in ("||", "??", "===", "!==", "==", "!=")
    return parent.type in ("ternary_expression", "if_statement") and parent.child_by_field_name("condition") == node
