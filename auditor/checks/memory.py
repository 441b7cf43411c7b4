"""What requests keep in the memory of one process, where production answers them with several.

Sources: https://docs.gunicorn.org/en/stable/design.html, https://fastapi.tiangolo.com/deployment/concepts/#memory-per-process
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from auditor.checks.handlers import Function, routes, with_callees
from auditor.checks.starts import Served, served
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site
from auditor.project.project import Project
from auditor.project.python.module import Binding, Module

_CONTAINERS = frozenset({"Counter", "OrderedDict", "defaultdict", "deque", "dict", "list", "set", "WeakSet", "WeakValueDictionary"})
_CHANGES = frozenset(
    {
        "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove", "setdefault", "update",
    }
)  # fmt: skip
_IS_CACHE = re.compile(r"cache|memo|\blru|pool|(?<![a-z])lock|limiter|buckets", re.IGNORECASE)
_SHARES = re.compile(
    r"\b(?:a?io)?redis\b|\bbroadcaster\b|\bpubsub\b|\bnats\b|\bkafka|\bpika\b|\bmultiprocessing\.Manager\b|\bshared_memory\b", re.IGNORECASE
)
_MAX_MODULES = 400


@dataclass(slots=True, kw_only=True)
class _Access:
    """What one route does to a name, or to an attribute of an object: the first change, the first look, and the going through all of it."""

    change: ast.AST | None = None
    look: ast.AST | None = None
    loop: ast.AST | None = None
    counts: ast.AST | None = None


@dataclass(slots=True, kw_only=True)
class _State:
    """Something kept at module level, and what each route does to it."""

    module: Module
    name: str
    node: ast.AST
    routes: dict[Function, tuple[Module, _Access]] = field(default_factory=dict)


def state_with_workers(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """Yield module-level state that one route changes and another reads, where several processes serve the module."""
    servers = [server for server in served(project) if server.workers != 1]
    groups: dict[PurePosixPath, list[Served]] = defaultdict(list)
    for server in servers:
        for path in _paths(project, server):
            groups[path].append(server)
    if not groups or len(groups) > _MAX_MODULES:
        return
    modules = [module for path in sorted(groups) if (module := project.python.world.module(path)) is not None]
    for state in _states(project, modules):
        found = _shared(state)
        if found is None:
            continue
        message, places = found
        known = max((server for server in groups[state.module.path]), key=lambda server: server.workers or 0)
        several = known.workers is not None and known.workers > 1
        shares = _SHARES.search(state.module.text) is not None
        said = f"{known.workers} processes" if several else "a number of processes that is not said"
        yield Site(
            gotcha=gotcha.id,
            outcome=Outcome.FAIL if several and not shares else Outcome.REVIEW,
            message=f"{detector.message.replace('$NAME', state.name)}: {message} ({known.launch.place.path} starts {said})",
            place=state.module.place(state.node),
            related=(*places, *known.places),
            scope=state.module.span(state.node),
        )


def _paths(project: Project, server: Served) -> Iterable[PurePosixPath]:
    """The modules behind a server; Django imports views by their names in URL configurations."""
    if re.search(r"\bget_[wa]sgi_application\b", server.module.text):
        above = server.module.path.parent.parent
        return [path for path in project.python.world.paths if above in path.parents]
    return server.paths


def _states(project: Project, modules: list[Module]) -> Iterator[_State]:
    states: dict[tuple[PurePosixPath, str], _State] = {}
    for module in modules:
        for function in routes(project.python, module):
            for inner in with_callees(module, function):
                for node in ast.walk(inner):
                    if isinstance(node, ast.Name):
                        _note(project, module, function, node, states)
    yield from (states[key] for key in sorted(states, key=lambda key: (str(key[0]), key[1])))


def _note(project: Project, module: Module, route: Function, node: ast.Name, states: dict[tuple[PurePosixPath, str], _State]) -> None:
    """Note what the route does to the state that ``node`` stands for, if it stands for any."""
    home = _home(project, module, node)
    if home is None:
        return
    owner, name = home
    own = [binding for binding in owner.root.bindings.get(name, []) if owner.scope_of(binding.node) is owner.root]
    if len(own) != 1 or _IS_CACHE.search(name):
        return
    kind = _kind(own[0])
    methods = _methods(project, owner, own[0]) if kind == "object" else None
    if not kind or (kind == "object" and methods is None):
        return
    state = states.setdefault((owner.path, name), _State(module=owner, name=name, node=own[0].node))
    access = state.routes.setdefault(route, (module, _Access()))[1]
    if methods is not None:
        _through_method(module, node, methods, access)
    else:
        _directly(module, node, access, is_number=kind == "number")


def _home(project: Project, module: Module, node: ast.Name) -> tuple[Module, str] | None:
    """The module and name that a name of a function stands for, when it is bound at module level, here or where it is imported from."""
    scope = module.scope_of(node)
    names_global = node.id in scope.globals
    if not names_global and scope.lookup(node.id) is not module.root:
        return None
    bindings = module.root.bindings.get(node.id, [])
    if bindings and all(binding.kind == "import" for binding in bindings):
        path, _, name = (project.python.world.target(module, bindings[0].target) or "").partition(":")
        owner = project.python.world.module(PurePosixPath(path)) if name else None
        return (owner, name) if owner is not None else None
    return (module, node.id) if bindings else None


def _kind(binding: Binding) -> str:
    """``container``, ``number``, ``object`` (a call of a class, perhaps of the project) or "" for what holds no state of requests."""
    if binding.kind != "assign":
        return ""
    match binding.value:
        case ast.List() | ast.Dict() | ast.Set():
            return "container"
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _CONTAINERS:
            return "container"
        case ast.Constant(value=bool() | None | str()):
            return "container"  # a flag, changed by way of `global`
        case ast.Constant(value=int() | float()):
            return "number"
        case ast.Call(func=ast.Name() | ast.Attribute()):
            return "object"
        case _:
            return ""


# -- names -------------------------------------------------------------------------------------------------------------------------


def _directly(module: Module, node: ast.Name, access: _Access, *, is_number: bool) -> None:
    """What is done to the object at a name: `X[k] = v`, `X.append(v)`, `X += 1`, or a look at it."""
    parent = module.parents.get(node)
    if isinstance(node.ctx, (ast.Store, ast.Del)):
        access.change = access.change or node
        if isinstance(parent, ast.AugAssign) and is_number:
            access.counts = access.counts or node
        return
    top, nested = _chain(module, node)
    if isinstance(getattr(top, "ctx", None), (ast.Store, ast.Del)):
        access.change = access.change or top
        if not nested:
            return
    call = module.parents.get(top)
    if isinstance(top, ast.Attribute) and top.attr in _CHANGES and isinstance(call, ast.Call) and call.func is top:
        access.change = access.change or call
        if not nested and isinstance(module.parents.get(call), (ast.Expr, ast.Await)):
            return
    access.look = access.look or node
    if _is_looped(module, top):
        access.loop = access.loop or node


def _chain(module: Module, node: ast.expr) -> tuple[ast.expr, bool]:
    """The whole of `X[a].b[c]` around its first name, and whether it is deeper than one step."""
    top: ast.expr = node
    steps = 0
    while True:
        parent = module.parents.get(top)
        if isinstance(parent, (ast.Subscript, ast.Attribute)) and parent.value is top:
            top, steps = parent, steps + 1
        else:
            return top, steps > 1


def _is_looped(module: Module, node: ast.expr) -> bool:
    """Whether something goes through all that is held: `for one in X`, `for one in list(X.values())`."""
    current: ast.AST = node
    for _ in range(4):
        parent = module.parents.get(current)
        if isinstance(parent, (ast.For, ast.AsyncFor, ast.comprehension)):
            return parent.iter is current
        if not isinstance(parent, (ast.Call, ast.Attribute, ast.Starred, ast.List)):
            return False
        current = parent
    return False


# -- objects -----------------------------------------------------------------------------------------------------------------------


def _methods(project: Project, module: Module, binding: Binding) -> dict[str, _Access] | None:
    """What the methods of the object's class do to the containers it makes for itself; None when it is no class of the project, or makes none."""
    call = binding.value
    world = project.python.world
    qualname = world.qualify(module, call.func) if isinstance(call, ast.Call) else None
    definition = world.definition(qualname) if qualname is not None else None
    if definition is None or not isinstance(definition[1].node, ast.ClassDef) or _SHARES.search(definition[0].text):
        return None
    owner, node = definition[0], definition[1].node
    held = {name for name in _held(node) if not _IS_CACHE.search(name)}
    if not held or _IS_CACHE.search(node.name) or node.bases:
        return None
    found: dict[str, _Access] = {}
    for method in node.body:
        if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) and method.name != "__init__":
            access = found.setdefault(method.name, _Access())
            for inner in ast.walk(method):
                if isinstance(inner, ast.Attribute) and inner.attr in held and isinstance(inner.value, ast.Name) and inner.value.id == "self":
                    _attribute(owner, inner, access)
    return found


def _held(node: ast.ClassDef) -> Iterator[str]:
    """The attributes that `__init__` (or the class body) gives an empty container."""
    for statement in ast.walk(node):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target if isinstance(statement, ast.AnnAssign) else None
        value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
        is_empty = (isinstance(value, (ast.List, ast.Dict)) and not ast.unparse(value).strip("[]{}")) or (
            isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] in _CONTAINERS
        )
        if is_empty and isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
            yield target.attr
        elif is_empty and isinstance(target, ast.Name) and statement in node.body:
            yield target.id


def _attribute(module: Module, node: ast.Attribute, access: _Access) -> None:
    if isinstance(node.ctx, (ast.Store, ast.Del)):
        access.change = access.change or node
        return
    top, nested = _chain(module, node)
    call = module.parents.get(top)
    changes = isinstance(top, ast.Attribute) and top is not node and top.attr in _CHANGES and isinstance(call, ast.Call) and call.func is top
    if changes or isinstance(getattr(top, "ctx", None), (ast.Store, ast.Del)):
        access.change = access.change or top
        if not nested:
            return
    access.look = access.look or node
    if _is_looped(module, top):
        access.loop = access.loop or node


def _through_method(module: Module, node: ast.Name, methods: dict[str, _Access], access: _Access) -> None:
    parent = module.parents.get(node)
    done = methods.get(parent.attr) if isinstance(parent, ast.Attribute) and isinstance(module.parents.get(parent), ast.Call) else None
    if done is None:
        return
    access.change = access.change or (node if done.change is not None else None)
    access.look = access.look or (node if done.look is not None else None)
    access.loop = access.loop or (node if done.loop is not None else None)


# -- verdict -----------------------------------------------------------------------------------------------------------------------


def _shared(state: _State) -> tuple[str, tuple[Place, ...]] | None:
    """What goes wrong with several processes, and where; None when each process gets along with its own.

    A route that changes what it looks at may fill a cache: only those count that look without changing anything, answer with a count, or
    send to every connection that is held.
    """
    changing = [(route, module, access) for route, (module, access) in state.routes.items() if access.change is not None]
    for route, module, access in changing:
        assert access.change is not None
        if _is_filled_when_empty(module, route, state.name):
            continue
        written = module.place(access.change, f"{route.name} changes it")
        if access.counts is not None and (answer := _answers(module, route, state.name)) is not None:
            return "each process counts for itself", (written, module.place(answer, "is given out here"))
        if access.loop is not None and _is_websocket(route):
            return "a message reaches the connections of one process only", (written, module.place(access.loop, "goes to all that are held"))
        for other, (where, look) in state.routes.items():
            if other is route:
                continue
            if look.loop is not None and _is_websocket(route):
                return "a message reaches the connections of one process only", (written, where.place(look.loop, "goes to all that are held"))
            if look.look is not None and look.change is None:
                return (
                    f"what {route.name} keeps, {other.name} finds only when the same process answers",
                    (written, where.place(look.look, f"{other.name} reads it")),
                )
    return None


def _is_filled_when_empty(module: Module, route: Function, name: str) -> bool:
    """Whether each process fills the state for itself as soon as it finds it empty."""
    test = re.compile(rf"\bnot {name}\b(?![.\[])|\b{name} is None\b|\blen\({name}\) == 0")
    return any(test.search(ast.unparse(inner)) for inner in with_callees(module, route))


def _answers(module: Module, route: Function, name: str) -> ast.AST | None:
    """Where a route gives a number out: in what it returns or keeps under it."""
    for inner in with_callees(module, route):
        for node in ast.walk(inner):
            if isinstance(node, ast.Return) and node.value is not None:
                if any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node.value)):
                    return node
    return None


def _is_websocket(route: Function) -> bool:
    return any("websocket" in ast.unparse(decorator) for decorator in route.decorator_list)
