"""Constant and provenance propagation: from an expression to what is known of its value.

Follows local, module and class bindings, branches, default arguments, imports from other modules of the project, `app.config[...]`, Django
settings and settings classes. Every step is kept as a place, so that a result can show where a value came from.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from auditor.project.python import calls
from auditor.project.python.guards import Resolver, class_role, guards_of
from auditor.project.python.module import Binding, Module, Scope
from auditor.project.python.values import (
    Derived,
    EnvRead,
    Guard,
    Instance,
    Literal,
    MappingValue,
    Option,
    Parameter,
    PathValue,
    Reference,
    Sequence,
    Text,
    Union,
    Unknown,
    Value,
    describe,
    join_posix,
    leaves,
    options,
    union,
)
from auditor.project.python.world import World

_DEPTH = 24
SECRET_NAME = re.compile(
    r"(?:secret|passw(?:or)?d|token|api_?key|private_?key|access_?key|jwt_?key|credential|signing_?key|encryption_?key)", re.IGNORECASE
)
_MUTATORS = frozenset({"append", "extend", "add", "insert", "update", "remove", "pop", "discard", "clear", "setdefault"})
SETTINGS_BASES = frozenset(
    {"pydantic.BaseSettings", "pydantic_settings.BaseSettings", "pydantic_settings.main.BaseSettings", "pydantic.v1.BaseSettings"}
)

_MOST_STEPS = 4_000
"""What one question may cost: values that depend on each other in circles could otherwise be followed round for ever."""

Environment = Mapping[str, Value]
_EMPTY: Environment = {}


class Evaluator:
    """Evaluates expressions of one world; results are memoised, cycles end in `Unknown`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._memo: dict[ast.AST, Value] = {}
        self._open: set[ast.AST] = set()
        self._guards: dict[ast.AST, tuple[Guard, ...]] = {}
        self._cuts = 0
        self._steps = 0
        self._mutations: dict[Module, dict[str, list[ast.AST]]] = {}

    # -- entry points ----------------------------------------------------------------------------------------------------------

    def evaluate(self, module: Module, node: ast.expr, env: Environment = _EMPTY, depth: int = 0) -> Value:
        """The value of ``node``, an expression of ``module``."""
        if not self._open:
            self._steps = 0
        self._steps += 1
        if depth >= _DEPTH or self._steps > _MOST_STEPS:
            self._cuts += 1
            return Unknown(reason="too deep")
        if env:
            return self._evaluate(module, node, env, depth)
        if node in self._memo:
            return self._memo[node]
        if node in self._open:
            self._cuts += 1
            return Unknown(reason="depends on itself")
        cuts = self._cuts
        self._open.add(node)
        try:
            value = self._evaluate(module, node, env, depth)
        finally:
            self._open.discard(node)
        if not self._open or self._cuts == cuts:  # what was cut short says something about this path only
            self._memo[node] = value
        return value

    def resolver(self, module: Module) -> Resolver:
        """For `guards`: the single expression a name is bound to."""

        def resolve(node: ast.expr) -> ast.expr | None:
            if isinstance(node, ast.Name):
                scope = module.scope_of(node).lookup(node.id)
                if scope is not None:
                    bindings = [binding for binding in scope.bindings[node.id] if binding.kind == "assign"]
                    if len(bindings) == 1 and len(scope.bindings[node.id]) == 1:
                        return bindings[0].value
            return None

        return resolve

    def guards(self, module: Module, node: ast.AST) -> tuple[Guard, ...]:
        """The guards under which ``node`` runs."""
        known = self._guards.get(node)
        if known is None:
            known = self._guards[node] = guards_of(module, node, self.resolver(module))
        return known

    def qualify(self, module: Module, node: ast.expr) -> str | None:
        """The dotted name of ``node``; a method of a known object is ``package.Class().method``."""
        direct = self.world.qualify(module, node)
        if direct is not None:
            return direct
        if isinstance(node, ast.Attribute):
            for option in options(self.evaluate(module, node.value)):
                if isinstance(option.value, Instance):
                    return f"{option.value.qualname}().{node.attr}"
                if isinstance(option.value, Reference):
                    return f"{option.value.qualname}.{node.attr}"
        return None

    # -- expressions -----------------------------------------------------------------------------------------------------------

    def _evaluate(self, module: Module, node: ast.expr, env: Environment, depth: int) -> Value:
        def go(inner: ast.expr) -> Value:
            return self.evaluate(module, inner, env, depth + 1)

        match node:
            case ast.Constant(value=value):
                return Literal(value=value) if not isinstance(value, type(...)) else Unknown()
            case ast.Name():
                return self._name(module, node, env, depth)
            case ast.Attribute():
                return self._attribute(module, node, env, depth)
            case ast.Call():
                return self._call(module, node, env, depth)
            case ast.Subscript():
                return self._subscript(module, node, env, depth)
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                return self._sequence(module, elements, env, depth)
            case ast.Dict(keys=keys, values=values):
                return self._dict(module, keys, values, env, depth)
            case ast.JoinedStr(values=parts):
                return calls.concatenate([go(part.value) if isinstance(part, ast.FormattedValue) else go(part) for part in parts])
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return calls.join_path(go(left), go(right))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return calls.add(go(left), go(right))
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                return calls.percent_format(go(left), go(right))
            case ast.BoolOp(op=ast.Or(), values=values):
                return self._or([go(value) for value in values])
            case ast.BoolOp(op=ast.And(), values=values):
                return union([Option(value=go(values[-1]), guards=self.guards(module, values[-1]))])
            case ast.IfExp(body=body, orelse=orelse):
                return union(
                    [
                        Option(value=go(body), guards=self.guards(module, body)[:1]),
                        Option(value=go(orelse), guards=self.guards(module, orelse)[:1]),
                    ]
                )
            case ast.NamedExpr(value=value) | ast.Await(value=value) | ast.Starred(value=value):
                return go(value)
            case (
                ast.ListComp(elt=element, generators=[generator])
                | ast.SetComp(elt=element, generators=[generator])
                | ast.GeneratorExp(elt=element, generators=[generator])
            ):
                return self._comprehension(module, element, generator, env, depth)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = go(operand)
                return Literal(value=not inner.value) if isinstance(inner, Literal) else Derived(sources=(inner,), operation="not")
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return Literal(value=-number)
            case ast.Compare(left=left, comparators=comparators):
                return Derived(sources=(go(left), *(go(other) for other in comparators)), operation="comparison")
            case _:
                return Unknown(reason=type(node).__name__)

    def _or(self, values: list[Value]) -> Value:
        result = values[-1]
        for value in reversed(values[:-1]):
            if isinstance(value, Literal):
                result = value if value.value else result
            elif (isinstance(value, EnvRead) and value.default is None and not value.required) or (
                isinstance(value, EnvRead) and isinstance(value.default, Literal) and not value.default.value
            ):
                result = EnvRead(name=value.name, default=result, reader=value.reader, trail=value.trail)
            else:
                result = union([Option(value=value), Option(value=result)])
        return result

    def _sequence(self, module: Module, elements: list[ast.expr], env: Environment, depth: int) -> Value:
        items: list[Value] = []
        is_open = False
        for element in elements:
            if isinstance(element, ast.Starred):
                inner = self.evaluate(module, element.value, env, depth + 1)
                if isinstance(inner, Sequence):
                    items += inner.items
                    is_open = is_open or inner.open
                else:
                    items.append(inner)
                    is_open = True
            else:
                items.append(self.evaluate(module, element, env, depth + 1))
        return Sequence(items=tuple(items), open=is_open)

    def _dict(self, module: Module, keys: list[ast.expr | None], values: list[ast.expr], env: Environment, depth: int) -> Value:
        pairs: list[tuple[Value, Value]] = []
        is_open = False
        for key, value in zip(keys, values, strict=True):
            inner = self.evaluate(module, value, env, depth + 1)
            if key is None:
                if isinstance(inner, MappingValue):
                    pairs += inner.items
                    is_open = is_open or inner.open
                else:
                    is_open = True
            else:
                pairs.append((self.evaluate(module, key, env, depth + 1), inner))
        return MappingValue(items=tuple(pairs), open=is_open)

    def _comprehension(self, module: Module, element: ast.expr, generator: ast.comprehension, env: Environment, depth: int) -> Value:
        source = self.evaluate(module, generator.iter, env, depth + 1)

        def mapped(value: Value) -> Value:
            if isinstance(value, Sequence) and isinstance(generator.target, ast.Name) and len(value.items) <= 50:
                name = generator.target.id
                items = tuple(self.evaluate(module, element, {**env, name: item}, depth + 1) for item in value.items)
                return Sequence(items=items, open=value.open, trail=value.trail)
            if isinstance(value, EnvRead) and isinstance(value.default, Sequence):
                return EnvRead(name=value.name, required=value.required, default=mapped(value.default), reader=value.reader, trail=value.trail)
            if isinstance(value, EnvRead):
                return value
            return Derived(sources=(value,), operation="items")

        return union([Option(value=mapped(option.value), guards=option.guards) for option in options(source)])

    # -- names -----------------------------------------------------------------------------------------------------------------

    def _name(self, module: Module, node: ast.Name, env: Environment, depth: int) -> Value:
        if node.id in env:
            return env[node.id]
        if node.id == "__file__":
            return PathValue(anchor="file", text=str(module.path))
        if node.id == "__name__":
            return Unknown(reason="__name__")
        scope = module.scope_of(node)
        owner = scope.lookup(node.id)
        if owner is None:
            qualname = self.world.qualify(module, node)
            return self._named(qualname, depth) if qualname else Unknown(reason=f"{node.id} is not defined here")
        use = node if owner is scope else None
        return self.name_in(module, owner, node.id, use=use, env=env, depth=depth)

    def name_in(self, module: Module, owner: Scope, name: str, *, use: ast.AST | None = None, env: Environment = _EMPTY, depth: int = 0) -> Value:
        """The value of ``name`` in ``owner``: at ``use`` if that lies in the same scope, otherwise once the scope's body has run."""
        if depth > _DEPTH:
            return Unknown(reason="too deep")  # modules that import a name from each other in a circle
        reaching = self._reaching(module, owner, name, use)
        found: list[Option] = []
        for binding in reaching:
            value = self._binding(module, binding, env, depth)
            found.append(Option(value=value, guards=guards_of(module, binding.node, self.resolver(module)) if binding.kind != "parameter" else ()))
        value = union(_without_settled(found))
        return self._mutated(module, owner, name, use, value, depth)

    def _reaching(self, module: Module, owner: Scope, name: str, use: ast.AST | None) -> list[Binding]:
        """The bindings that may be in force: later ones replace earlier ones on the same path through the branches."""
        use_path = _branches(module, use, owner) if use is not None else ()
        use_statement = module.statement_of(use) if use is not None else None
        current: list[tuple[Binding, tuple[tuple[ast.AST, str], ...]]] = []
        for binding in owner.bindings[name]:
            if binding.kind in ("augment", "delete"):
                continue
            if use is not None and binding.kind != "parameter":
                statement = module.statement_of(binding.node)
                if statement is use_statement and binding.kind != "loop":
                    continue
                if binding.line > getattr(use, "lineno", 0):
                    continue
            path = _branches(module, binding.node, owner)
            if any((test, _OTHER[side]) in use_path for test, side in path if side in _OTHER):
                continue
            rest = tuple(step for step in path if step not in use_path)
            if not rest:
                current = [(binding, rest)]
                continue
            current = [(old, old_rest) for old, old_rest in current if old_rest != rest]
            current.append((binding, rest))
            last_test, last_side = rest[-1]
            other = (*rest[:-1], (last_test, _OTHER.get(last_side, "")))
            if len(rest) == 1 and any(old_rest == other for _, old_rest in current):
                # Both sides of one `if` bind the name: what stood before it is gone.
                current = [(old, old_rest) for old, old_rest in current if old_rest]
        return [binding for binding, _ in current]

    def _binding(self, module: Module, binding: Binding, env: Environment, depth: int) -> Value:
        match binding.kind:
            case "assign" if binding.value is not None:
                value = self.evaluate(module, binding.value, env, depth + 1)
                return value.via(module.place(binding.node, _label(binding.name, value)))
            case "unpack" if binding.value is not None:
                return self._unpacked(module, binding, env, depth)
            case "import":
                qualname = self.world.target(module, binding.target)
                return self._named(qualname, depth, importer=module, binding=binding) if qualname else Unknown(reason="unresolved import")
            case "parameter":
                return self._parameter(module, binding, depth)
            case "function" | "class":
                return Reference(qualname=f"{module.path}:{binding.name}", node=binding.node, module=module)
            case "loop" if binding.value is not None:
                source = self.evaluate(module, binding.value, env, depth + 1)
                if isinstance(source, Sequence) and source.items:
                    return union([Option(value=item) for item in source.items])
                return Derived(sources=(source,), operation="an item")
            case "with" if binding.value is not None:
                return self.evaluate(module, binding.value, env, depth + 1)
            case _:
                return Unknown(reason=f"{binding.name} is bound by {binding.kind}")

    def _unpacked(self, module: Module, binding: Binding, env: Environment, depth: int) -> Value:
        assert binding.value is not None
        if isinstance(binding.value, (ast.Tuple, ast.List)) and 0 <= binding.index < len(binding.value.elts):
            value = self.evaluate(module, binding.value.elts[binding.index], env, depth + 1)
            return value.via(module.place(binding.node, _label(binding.name, value)))
        whole = self.evaluate(module, binding.value, env, depth + 1)
        if isinstance(whole, Sequence) and not whole.open and 0 <= binding.index < len(whole.items):
            return whole.items[binding.index]
        return Derived(sources=(whole,), operation="a part")

    def _parameter(self, module: Module, binding: Binding, depth: int) -> Value:
        function = module.parents.get(module.parents.get(binding.node, binding.node), None)
        found: list[Option] = []
        if binding.value is not None:
            found.append(Option(value=self.evaluate(module, binding.value, _EMPTY, depth + 1)))
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and depth < 8:
            for argument, caller in self._arguments(module, function, binding.name):
                found.append(Option(value=self.evaluate(caller, argument, _EMPTY, depth + 1)))
        if not found or len(found) > 8:
            return Parameter(name=binding.name)
        if binding.value is not None and len(found) == 1:
            found.append(Option(value=Parameter(name=binding.name)))
        return union(found)

    def _arguments(self, module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> list[tuple[ast.expr, Module]]:
        """What callers in the same module pass for parameter ``name``."""
        positional = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        position = positional.index(name) if name in positional else -1
        if positional and positional[0] in ("self", "cls"):
            position -= 1
        found: list[tuple[ast.expr, Module]] = []
        for call in module.calls_by_name.get(function.name, ()):
            for keyword in call.keywords:
                if keyword.arg == name:
                    found.append((keyword.value, module))
                    break
            else:
                if 0 <= position < len(call.args) and not any(isinstance(argument, ast.Starred) for argument in call.args):
                    found.append((call.args[position], module))
        return found

    def _named(self, qualname: str, depth: int, *, importer: Module | None = None, binding: Binding | None = None) -> Value:
        """The value of a dotted name: a name of the project is evaluated where it is defined."""
        if qualname.startswith("django.conf.settings."):
            return self.django_setting(qualname.rsplit(".", 1)[1], depth)
        path, _, name = qualname.partition(":")
        if name and path.endswith(".py"):
            other = self.world.module(PurePosixPath(path))
            if other is not None:
                head, _, rest = name.partition(".")
                if head in other.root.bindings and not rest:
                    value = self.name_in(other, other.root, head, depth=depth + 1)
                    if importer is not None and binding is not None and value.trail:
                        value = value.via(importer.place(binding.node, f"{binding.name} imported from {path}"))
                    return value
            return Unknown(reason=f"{name} of {path}")
        return Reference(qualname=qualname)

    def _mutated(self, module: Module, owner: Scope, name: str, use: ast.AST | None, value: Value, depth: int) -> Value:
        """The value after `name.append(...)`, `name += [...]`, `name[key] = ...` that come between its binding and the use."""
        if not any(isinstance(option.value, (Sequence, MappingValue, Literal)) for option in options(value)):
            return value
        for change in self._changes(module).get(name, ()):
            if module.scope_of(change).lookup(name) is not owner:
                continue
            if use is not None and module.scope_of(change) is owner and getattr(change, "lineno", 0) >= getattr(use, "lineno", 0):
                continue
            value = self._apply(module, change, value, depth)
        return value

    def _apply(self, module: Module, change: ast.AST, value: Value, depth: int) -> Value:
        guards = self.guards(module, change)
        if any(guard.kind == "development" for guard in guards):
            return value
        added: tuple[Value, ...] = ()
        is_open = False
        match change:
            case ast.Call(func=ast.Attribute(attr="append" | "add"), args=[item]):
                added = (self.evaluate(module, item, _EMPTY, depth + 1),)
            case ast.Call(func=ast.Attribute(attr="update"), args=[], keywords=keywords) if keywords:
                pairs = tuple(
                    (Literal(value=keyword.arg), self.evaluate(module, keyword.value, _EMPTY, depth + 1)) for keyword in keywords if keyword.arg
                )
                return _merged(value, MappingValue(items=pairs, open=any(keyword.arg is None for keyword in keywords)))
            case ast.Call(func=ast.Attribute(attr="insert"), args=[_, item]):
                added = (self.evaluate(module, item, _EMPTY, depth + 1),)
            case ast.Call(func=ast.Attribute(attr="extend" | "update"), args=[item]) | ast.AugAssign(value=item):
                extra = self.evaluate(module, item, _EMPTY, depth + 1)
                if isinstance(extra, Sequence):
                    added, is_open = extra.items, extra.open
                elif isinstance(extra, MappingValue):
                    return _merged(value, extra)
                elif isinstance(extra, Literal) and isinstance(extra.value, str):
                    return union([Option(value=calls.add(option.value, extra), guards=option.guards) for option in options(value)])
                else:
                    added, is_open = (extra,), True
            case ast.Assign(targets=[ast.Subscript(slice=key)], value=item):
                pair = (self.evaluate(module, key, _EMPTY, depth + 1), self.evaluate(module, item, _EMPTY, depth + 1))
                return _merged(value, MappingValue(items=(pair,)))
            case _:
                is_open = True
        place = module.place(change, "changed here")

        def extended(inner: Value) -> Value:
            if isinstance(inner, MappingValue):
                return replace(inner, open=True)  # a change that is not followed
            if not isinstance(inner, Sequence):
                return inner
            return Sequence(items=(*inner.items, *added), open=inner.open or is_open, trail=(*inner.trail, place))

        return union([Option(value=extended(option.value), guards=option.guards) for option in options(value)])

    def _changes(self, module: Module) -> dict[str, list[ast.AST]]:
        """Name -> the statements and calls that change the object it holds, in order."""
        if module not in self._mutations:
            found: dict[str, list[ast.AST]] = {}
            for call in module.calls:
                if isinstance(call.func, ast.Attribute) and call.func.attr in _MUTATORS and isinstance(call.func.value, ast.Name):
                    found.setdefault(call.func.value.id, []).append(call)
            for node in module.parents:
                match node:
                    case ast.AugAssign(target=ast.Name(id=name)):
                        found.setdefault(name, []).append(node)
                    case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))]):
                        found.setdefault(name, []).append(node)
                    case _:
                        pass
            for changes in found.values():
                changes.sort(key=lambda change: getattr(change, "lineno", 0))
            self._mutations[module] = found
        return self._mutations[module]

    # -- attributes, items -----------------------------------------------------------------------------------------------------

    def _attribute(self, module: Module, node: ast.Attribute, env: Environment, depth: int) -> Value:
        qualname = self.world.qualify(module, node)
        if qualname is not None and not (isinstance(node.value, ast.Name) and node.value.id in env):
            if qualname.startswith(("django.conf.settings.",)):
                return self.django_setting(node.attr, depth).via(module.place(node, f"read as settings.{node.attr}"))
            path, _, name = qualname.partition(":")
            if name.count(".") == 1:
                # Class.attribute of a project class
                holder = self._named(f"{path}:{name.split('.')[0]}", depth)
                return self._member_of(holder, node.attr, depth)
            if qualname == "flask.current_app":
                return Instance(qualname="flask.Flask")
            constant = calls.CONSTANTS.get(qualname)
            if constant is not None:
                return constant
            named = self._named(qualname, depth)
            if not isinstance(named, Unknown):
                return named
        base = self.evaluate(module, node.value, env, depth + 1)
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            owner = _enclosing_class(module, node)
            if owner is not None:
                return self._class_attribute(module, owner, node.attr, depth)
        return union([Option(value=self._member_of(option.value, node.attr, depth), guards=option.guards) for option in options(base)])

    def _member_of(self, base: Value, attribute: str, depth: int) -> Value:
        match base:
            case PathValue():
                return calls.path_attribute(base, attribute)
            case Instance(qualname="flask.Flask" | "flask.Blueprint", call=call, module=owner):
                if attribute == "root_path":
                    return PathValue(anchor="app-root", text="")
                if attribute in ("static_folder", "template_folder"):
                    if call is not None and owner is not None:
                        for keyword in call.keywords:
                            if keyword.arg == attribute:
                                return calls.join_path(PathValue(anchor="app-root", text=""), self.evaluate(owner, keyword.value, _EMPTY, depth + 1))
                    return PathValue(anchor="app-root", text=attribute.split("_", maxsplit=1)[0] + ("s" if attribute == "template_folder" else ""))
                if attribute == "instance_path":
                    return PathValue(anchor="absolute", text=None)
                return Reference(qualname=f"{base.qualname}().{attribute}")
            case Instance(qualname=qualname) | Reference(qualname=qualname):
                definition = self.world.definition(qualname)
                if definition is not None and isinstance(definition[1].node, ast.ClassDef):
                    return self._class_attribute(definition[0], definition[1].node, attribute, depth)
                if qualname in ("flask.current_app", "flask.Flask"):
                    return self._member_of(Instance(qualname="flask.Flask"), attribute, depth)
                suffix = "()" if isinstance(base, Instance) else ""
                return Reference(qualname=f"{qualname}{suffix}.{attribute}")
            case _ if attribute in ("static_folder", "root_path"):
                return PathValue(anchor="app-root", text=None)  # Flask gives both as absolute paths, whatever the app was made of
            case EnvRead() | Derived() | Text() | Parameter():
                return Derived(sources=(base,), operation=f".{attribute}")
            case _:
                return Unknown(reason=f".{attribute}")

    def _class_attribute(self, module: Module, node: ast.ClassDef, attribute: str, depth: int, *, called: bool = False) -> Value:
        """A class attribute, one set in `__init__`, a property, or a settings field; bases in the project are searched too.

        With ``called`` the attribute may be a method: what it returns.
        """
        if depth > _DEPTH:
            return Unknown(reason="too deep")
        scope = module.scopes[node]
        is_settings = self.is_settings_class(module, node)
        if attribute in scope.bindings:
            last = scope.bindings[attribute][-1].node
            if isinstance(last, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if called or any(ast.unparse(decorator).endswith("property") for decorator in last.decorator_list):
                    return self._returned(module, last, _EMPTY, depth + 1)
                return Unknown(reason=f"the method {attribute}")
            value = self.name_in(module, scope, attribute, depth=depth + 1)
            role = class_role(node.name)
            if is_settings:
                return self._settings_field(module, attribute, value)
            return union([Option(value=value, guards=(Guard(kind=role, text=f"class {node.name}"),))]) if role else value
        if is_settings:
            for statement in node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.target.id == attribute:
                    return EnvRead(
                        name=attribute.upper(),
                        required=True,
                        reader="settings field",
                        trail=(module.place(statement, "required settings field"),),
                    )
        assigned = module.set_on_self(node).get(attribute)
        if assigned is not None:
            value = self.evaluate(module, assigned.value, _EMPTY, depth + 1)
            return value.via(module.place(assigned, _label(f"self.{attribute}", value)))
        for base in node.bases:
            found = self.evaluate(module, base, _EMPTY, depth + 1)
            if isinstance(found, Reference) and isinstance(found.node, ast.ClassDef) and found.module is not None and found.node is not node:
                value = self._class_attribute(found.module, found.node, attribute, depth + 1, called=called)
                if not isinstance(value, Unknown):
                    return value
        return Unknown(reason=f"no {attribute} in class {node.name}")

    def is_settings_class(self, module: Module, node: ast.ClassDef, depth: int = 0) -> bool:
        """Whether a class is a pydantic settings class, directly or through project classes."""
        for base in node.bases:
            qualname = self.world.qualify(module, base)
            if qualname in SETTINGS_BASES:
                return True
            definition = self.world.definition(qualname) if qualname and depth < 6 else None
            if definition is not None and isinstance(definition[1].node, ast.ClassDef):
                if self.is_settings_class(definition[0], definition[1].node, depth + 1):
                    return True
        return False

    def _settings_field(self, module: Module, attribute: str, value: Value) -> Value:
        if isinstance(value, Instance) and value.qualname.rsplit(".", 1)[-1] == "Field" and value.call is not None:
            default = value.call.args[0] if value.call.args else None
            for keyword in value.call.keywords:
                if keyword.arg == "default":
                    default = keyword.value
            if default is None or (isinstance(default, ast.Constant) and default.value is ...):
                return EnvRead(name=attribute.upper(), required=True, reader="settings field", trail=value.trail)
            value = self.evaluate(module, default)
        return EnvRead(name=attribute.upper(), default=value, reader="settings field", trail=value.trail)

    def _subscript(self, module: Module, node: ast.Subscript, env: Environment, depth: int) -> Value:
        owner = self.world.qualify(module, node.value)
        index = self.evaluate(module, node.slice, env, depth + 1)
        key = index.value if isinstance(index, Literal) else None
        if owner == "os.environ":
            name = key if isinstance(key, str) else None
            return EnvRead(name=name, required=True, reader="os.environ[…]", trail=(module.place(node),))
        if isinstance(key, str) and isinstance(node.value, ast.Attribute) and node.value.attr == "config":
            found = self.app_config(key, depth)
            if not isinstance(found, Unknown):
                return found.via(module.place(node, f'read as config["{key}"]'))
        if isinstance(node.value, ast.Attribute) and node.value.attr == "parents" and isinstance(key, int):
            base = self.evaluate(module, node.value.value, env, depth + 1)
            for _ in range(key + 1):
                base = calls.path_attribute(base, "parent")
            return base
        base = self.evaluate(module, node.value, env, depth + 1)

        def item(value: Value) -> Value:
            match value:
                case MappingValue() if isinstance(key, str):
                    return value.get(key) or Unknown(reason=f"no key {key}")
                case Sequence(items=items) if isinstance(key, int) and -len(items) <= key < len(items) and not value.open:
                    return items[key]
                case Instance(qualname="environ.Env" | "environs.Env") if isinstance(key, str):
                    return EnvRead(name=key, required=True, reader="env[…]")
                case EnvRead() | Derived() | Parameter():
                    return Derived(sources=(value,), operation="an item")
                case _:
                    return Unknown(reason="an item")

        return union([Option(value=item(option.value), guards=option.guards) for option in options(base)])

    def app_config(self, key: str, depth: int = 0) -> Value:
        """What the project writes into `app.config[key]`: directly, by `update`/`from_mapping`, or through a config class."""
        if depth > 10:
            return Unknown(reason="too deep")
        found: list[Option] = []
        for module in self.world.modules_containing(key, "config" if "config" in key.lower() else key):
            for node in module.parents:
                match node:
                    case ast.Assign(targets=[ast.Subscript(value=ast.Attribute(attr="config"), slice=ast.Constant(value=name))], value=value) if (
                        name == key
                    ):
                        inner = self.evaluate(module, value, _EMPTY, depth + 1)
                        found.append(Option(value=inner.via(module.place(node, _label(f'config["{key}"]', inner))), guards=self.guards(module, node)))
                    case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="config"), attr="update" | "from_mapping"), keywords=keywords):
                        for keyword in keywords:
                            if keyword.arg == key:
                                inner = self.evaluate(module, keyword.value, _EMPTY, depth + 1)
                                found.append(
                                    Option(value=inner.via(module.place(keyword.value, _label(key, inner))), guards=self.guards(module, node))
                                )
                    case ast.ClassDef(name=class_name) if class_name.lower().endswith(("config", "settings")) and key in module.scopes[node].bindings:
                        inner = self._class_attribute(module, node, key, depth + 1)
                        found.append(Option(value=inner))
                    case _:
                        pass
        return union(found) if found else Unknown(reason=f"config[{key}] is set nowhere")

    def django_setting(self, name: str, depth: int = 0) -> Value:
        """The value of a Django setting: whatever settings modules of the project bind at their top level."""
        found: list[Option] = []
        if depth < 10:
            found += [
                Option(value=self.name_in(module, module.root, name, depth=depth + 1))
                for module in self.world.modules_containing(name)
                if "settings" in str(module.path) and name in module.root.bindings
            ]
        return union(found) if found else Unknown(reason=f"settings.{name} is set nowhere in the project")

    # -- calls -----------------------------------------------------------------------------------------------------------------

    def _call(self, module: Module, node: ast.Call, env: Environment, depth: int) -> Value:
        def go(inner: ast.expr) -> Value:
            return self.evaluate(module, inner, env, depth + 1)

        qualname = self.world.qualify(module, node.func) or ""
        place = module.place(node)
        if qualname in calls.ENV_GETTERS:
            return calls.env_read(qualname, node, go, place)
        simple = calls.FUNCTIONS.get(qualname)
        if simple is not None:
            return simple([go(argument) for argument in node.args], {keyword.arg: go(keyword.value) for keyword in node.keywords if keyword.arg})
        configured = self._config_get(module, node, env, depth)
        if configured is not None:
            return configured
        if ":" in qualname and "." not in qualname.partition(":")[2]:
            callee = go(node.func)
            if isinstance(callee, Instance) and callee.qualname in calls.ENV_OBJECTS:
                return calls.env_read(callee.qualname, node, go, place, self._env_scheme(callee))
            return self._project_call(module, qualname, node, env, depth)
        if ":" in qualname and isinstance(node.func, ast.Attribute):
            holder = go(node.func.value)
            if isinstance(holder, Instance) and holder.qualname in calls.ENV_OBJECTS:
                return self._method(module, node, node.func, env, depth)
        if qualname and qualname not in ("self", "cls") and not qualname.endswith(".py"):
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if not (method and isinstance(self._receiver(module, node, env, depth), (Literal, PathValue, EnvRead, Sequence, Text, Derived))):
                return Instance(qualname=qualname, call=node, module=module)
        if isinstance(node.func, ast.Attribute):
            return self._method(module, node, node.func, env, depth)
        callee = go(node.func)
        if isinstance(callee, Instance) and callee.qualname in calls.ENV_OBJECTS:
            return calls.env_read(callee.qualname, node, go, place, self._env_scheme(callee))
        if isinstance(callee, Reference) and isinstance(callee.node, (ast.FunctionDef, ast.ClassDef)) and callee.module is not None:
            return self._project_call(module, callee.qualname, node, env, depth)
        return Unknown(reason="a call")

    def _config_get(self, module: Module, node: ast.Call, env: Environment, depth: int) -> Value | None:
        """`app.config.get("KEY")`, whatever the app is called and wherever it is made; None when nothing is known of the key."""
        match node:
            case ast.Call(func=ast.Attribute(attr="get", value=ast.Attribute(attr="config")), args=[first, *_]):
                index = self.evaluate(module, first, env, depth + 1)
                if isinstance(index, Literal) and isinstance(index.value, str):
                    found = self.app_config(index.value, depth + 1)
                    if not isinstance(found, Unknown):
                        return found.via(module.place(node, f'read as config.get("{index.value}")'))
            case _:
                pass
        return None

    def _receiver(self, module: Module, node: ast.Call, env: Environment, depth: int) -> Value | None:
        if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Name):
            return self.evaluate(module, node.func.value, env, depth + 1)
        return None

    def _env_scheme(self, instance: Instance) -> dict[str, Value]:
        """Defaults given to `environ.Env(DEBUG=(bool, False))`."""
        scheme: dict[str, Value] = {}
        if instance.call is not None and instance.module is not None:
            for keyword in instance.call.keywords:
                if keyword.arg and isinstance(keyword.value, ast.Tuple) and len(keyword.value.elts) == 2:
                    scheme[keyword.arg] = self.evaluate(instance.module, keyword.value.elts[1])
        return scheme

    def _method(self, module: Module, node: ast.Call, func: ast.Attribute, env: Environment, depth: int) -> Value:
        receiver = self.evaluate(module, func.value, env, depth + 1)
        arguments = [self.evaluate(module, argument, env, depth + 1) for argument in node.args]

        def apply(value: Value) -> Value:
            if isinstance(value, Instance) and value.qualname in calls.ENV_OBJECTS:
                return calls.env_read(
                    value.qualname,
                    node,
                    lambda inner: self.evaluate(module, inner, env, depth + 1),
                    module.place(node),
                    self._env_scheme(value),
                    func.attr,
                )
            if isinstance(value, Instance):
                definition = self.world.definition(value.qualname)
                if definition is not None and isinstance(definition[1].node, ast.ClassDef):
                    return self._class_attribute(definition[0], definition[1].node, func.attr, depth + 1, called=True)
                return Instance(qualname=f"{value.qualname}().{func.attr}", call=node, module=module)
            if isinstance(value, Reference):
                return Instance(qualname=f"{value.qualname}.{func.attr}", call=node, module=module)
            if isinstance(value, EnvRead):
                default = calls.method(value.default, func.attr, arguments) if value.default is not None else None
                if func.attr == "get":
                    return Derived(sources=(value,), operation="get")
                return EnvRead(name=value.name, required=value.required, default=default, reader=value.reader, trail=value.trail)
            return calls.method(value, func.attr, arguments)

        return union([Option(value=apply(option.value), guards=option.guards) for option in options(receiver)])

    def _project_call(self, module: Module, qualname: str, node: ast.Call, env: Environment, depth: int) -> Value:
        definition = self.world.definition(qualname)
        if definition is None or depth > 10:
            return Unknown(reason=f"call of {qualname}")
        owner, binding = definition
        target = binding.node
        if isinstance(target, ast.ClassDef):
            return Instance(qualname=qualname, call=node, module=module)
        if not isinstance(target, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return Unknown(reason=f"call of {qualname}")
        bound: dict[str, Value] = {}
        parameters = [argument.arg for argument in (*target.args.posonlyargs, *target.args.args)]
        for name, argument in zip(parameters, node.args, strict=False):
            if not isinstance(argument, ast.Starred):
                bound[name] = self.evaluate(module, argument, env, depth + 1)
        for keyword in node.keywords:
            if keyword.arg:
                bound[keyword.arg] = self.evaluate(module, keyword.value, env, depth + 1)
        for name, default in zip(reversed(parameters), reversed(target.args.defaults), strict=False):
            if name not in bound:
                bound[name] = self.evaluate(owner, default, _EMPTY, depth + 1)
        return self._returned(owner, target, bound, depth)

    def _returned(self, owner: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, bound: Environment, depth: int) -> Value:
        """What a function of the project returns, with its parameters ``bound``."""
        scope = owner.scopes[function]
        returns = [node for node in ast.walk(function) if isinstance(node, ast.Return) and owner.scope_of(node) is scope]
        found: list[Option] = []
        for statement in sorted(returns, key=lambda statement: statement.lineno):
            if statement.value is not None:
                value = self.evaluate(owner, statement.value, bound, depth + 1)
                found.append(Option(value=value.via(owner.place(statement, f"returned by {function.name}()")), guards=self.guards(owner, statement)))
        return union(found) if found else Unknown(reason=f"{function.name}() returns nothing")


_OTHER = {"body": "orelse", "orelse": "body"}


def _branches(module: Module, node: ast.AST | None, owner: Scope) -> tuple[tuple[ast.AST, str], ...]:
    """The (statement, side) pairs that decide whether ``node`` runs once ``owner``'s body does, outermost first."""
    path: list[tuple[ast.AST, str]] = []
    if node is None:
        return ()
    for child, parent in module.ancestors(node):
        if parent is owner.node:
            break
        match parent:
            case ast.If(body=body, orelse=orelse):
                if any(statement is child for statement in body):
                    path.append((parent, "body"))
                elif any(statement is child for statement in orelse):
                    path.append((parent, "orelse"))
            case ast.ExceptHandler():
                path.append((parent, "handler"))
            case ast.For() | ast.While() | ast.match_case():
                path.append((parent, "maybe"))
            case _:
                pass
    return tuple(reversed(path))


def _without_settled(found: list[Option]) -> list[Option]:
    """Drop the None of `X = None` fallbacks when something else is bound as well (`except ImportError: x = None`)."""
    real = [option for option in found if not isinstance(option.value, Unknown)]
    return real or found


def _merged(value: Value, extra: MappingValue) -> Value:
    def merge(inner: Value) -> Value:
        if isinstance(inner, MappingValue):
            return MappingValue(items=(*inner.items, *extra.items), open=inner.open or extra.open, trail=inner.trail)
        return inner

    return union([Option(value=merge(option.value), guards=option.guards) for option in options(value)])


def _label(name: str, value: Value) -> str:
    """`NAME is …`; a secret is not quoted, and neither is what a secret was bound to another name for."""
    hide = bool(SECRET_NAME.search(name)) or any(
        (isinstance(inner, EnvRead) and inner.name is not None and SECRET_NAME.search(inner.name))
        or any("(masked)" in step.label for step in inner.trail)
        for inner in leaves(value)
    )
    return f"{name} is {describe(value, hide=hide)}"


def _enclosing_class(module: Module, node: ast.AST) -> ast.ClassDef | None:
    for _, parent in module.ancestors(node):
        if isinstance(parent, ast.ClassDef):
            return parent
    return None


__all__ = ["SECRET_NAME", "SETTINGS_BASES", "Evaluator", "Union", "join_posix"]
