"""What becomes of a value that may be None: whether it is checked, tolerated, or reaches a use that breaks.

Starts at an expression such as ``os.environ.get("X")`` and follows it through variables, attributes, settings, parameters and returned
values, within the module and into the modules that import it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.model import Place
from auditor.project.python.evaluate import Evaluator
from auditor.project.python.guards import leaves
from auditor.project.python.module import Module, Scope
from auditor.project.python.values import options


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One end of a value's way; ``message`` says what happens there.

    ``kind``: ``breaks``; ``ensured`` (the start is stopped when it is None, so no other use sees one); ``checked`` or ``tolerated``; ``unknown``.
    """

    kind: str
    message: str
    place: Place


_LOGGING = frozenset(
    {"debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print", "echo", "secho", "write", "capture_message"}
)
_TOLERANT = frozenset(
    {
        "print", "bool", "repr", "isinstance", "type", "id", "pprint.pprint", "logging.getLogger", "dotenv.load_dotenv", "any", "all", "filter",
        "sentry_sdk.init", "os.environ.get", "os.getenv", "locale.setlocale", "dict", "hasattr", "callable", "logging.basicConfig",
        "typing.cast", "json.dumps", "flask.Flask().run", "flask.jsonify", "copy.copy", "copy.deepcopy", "pydantic.Field",
    }
)  # fmt: skip
# Clients that document None as "use the default chain" (https://boto3.amazonaws.com/v1/documentation/api/latest/guide/credentials.html).
_DEFAULT_CHAIN = ("boto3.", "botocore.", "google.cloud.", "azure.identity.", "kubernetes.")
_PASS_THROUGH = frozenset({"typing.cast", "copy.copy"})
_TEXT_METHODS = frozenset({"lower", "upper", "strip", "lstrip", "rstrip", "casefold", "title", "capitalize"})
# Django raises ImproperlyConfigured for an empty one before the first request (django/conf/__init__.py); Flask-SQLAlchemy raises RuntimeError in
# init_app without a database URI (https://flask-sqlalchemy.readthedocs.io/en/stable/config/).
_CHECKED_SETTINGS = frozenset({"SQLALCHEMY_DATABASE_URI", "ROOT_URLCONF", "WSGI_APPLICATION"})
# Django treats None and "" alike for these: mail without log-in, S3 through the default credential chain, cookies without a domain.
_TOLERATED_SETTINGS = frozenset(
    {
        "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_HOST", "EMAIL_PORT", "DEFAULT_FROM_EMAIL", "MAIL_USERNAME", "MAIL_PASSWORD",
        "MAIL_DEFAULT_SENDER", "MAIL_SERVER", "SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        "AWS_S3_REGION_NAME", "AWS_SESSION_TOKEN", "SENTRY_DSN", "SERVER_NAME", "APPLICATION_ROOT", "STATIC_HOST", "GOOGLE_ANALYTICS_ID",
    }
)  # fmt: skip
_FLASK_SECRETS = frozenset({"SECRET_KEY", "JWT_SECRET_KEY", "secret_key"})
_SESSION_WORDS = (
    "session",
    "flash(",
    "flask_login",
    "flask_wtf",
    "CSRFProtect",
    "flask_jwt_extended",
    "flask_session",
    "Authlib",
    "authlib",
)
_MAX_DEPTH = 6


class Uses:
    """Follows values of one world."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.world = evaluator.world
        self._seen: set[tuple[PurePosixPath, int, str]] = set()

    def of(self, module: Module, node: ast.expr) -> tuple[Use, ...]:
        """Where the value of ``node`` ends up."""
        self._seen = set()
        return tuple(self._follow(module, node, 0))

    def guarded_read(self, module: Module, node: ast.expr) -> bool:
        """Whether the read itself stands where the same read is known to give a value: `if os.getenv("X"): f(os.getenv("X"))`."""
        return self._guarded(module, node, ast.unparse(node))

    # -- following -------------------------------------------------------------------------------------------------------------

    def _follow(self, module: Module, node: ast.expr, depth: int, *, text: bool = False) -> Iterator[Use]:
        """``text`` is set once `str()` has turned a None into the text "None"."""
        if depth > 24:
            yield self._use("unknown", "is passed on too often to follow", module, node)
            return
        parent = module.parents.get(node)

        def breaks(message: str) -> Use:
            return self._use("breaks", message, module, node)

        def fine(kind: str, message: str) -> Use:
            return self._use(kind, message, module, node)

        match parent:
            case ast.Call() if node in parent.args or any(keyword.value is node for keyword in parent.keywords):
                yield from self._argument(module, node, parent, depth, text=text)
            case ast.keyword():
                call = module.parents.get(parent)
                if isinstance(call, ast.Call):
                    yield from self._argument(module, node, call, depth, text=text)
                else:
                    yield fine("unknown", "is a class keyword")
            case ast.Attribute(attr=attribute):
                call = module.parents.get(parent)
                if text and attribute in _TEXT_METHODS and isinstance(call, ast.Call):
                    yield from self._follow(module, call, depth + 1, text=True)
                elif text:
                    yield self._text_method(module, parent)
                else:
                    yield breaks(f"`.{attribute}` of None raises AttributeError")
            case ast.FormattedValue():
                joined = module.parents.get(parent)
                yield self._formatted(module, joined if isinstance(joined, ast.expr) else node)
            case ast.Subscript(value=value):
                if value is node:
                    yield breaks("None cannot be indexed: TypeError") if not text else breaks('an item of the text "None" is read')
                elif _is_store(parent):
                    yield breaks("None is used as a key")
                else:
                    yield breaks("None is used as the key: the look-up raises")
            case ast.BinOp(op=operator):
                if text or isinstance(operator, ast.Mod):
                    yield self._formatted(module, parent)
                else:
                    yield breaks("an operation on None raises TypeError")
            case ast.Compare(left=left, ops=operators):
                if left is not node and operators and isinstance(operators[0], (ast.In, ast.NotIn)):
                    yield breaks("`in None` raises TypeError")
                elif any(isinstance(operator, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) for operator in operators):
                    yield breaks("None cannot be ordered: TypeError")
                elif self._stops(module, node):
                    yield fine("ensured", "is tested")
                else:
                    yield fine("tolerated", "is only compared")
            case ast.BoolOp(op=ast.Or(), values=values):
                if values[-1] is node:
                    yield from self._follow(module, parent, depth + 1, text=text)
                else:
                    yield (
                        fine("checked", "has a default behind `or`")
                        if not text
                        else breaks('str(None) is the text "None", which is true: the default is never used')
                    )
            case ast.BoolOp(values=values):
                if values[-1] is node and not isinstance(module.parents.get(parent), (ast.If, ast.IfExp, ast.While, ast.BoolOp, ast.UnaryOp)):
                    yield from self._follow(module, parent, depth + 1, text=text)
                else:
                    yield fine("checked", "is tested")
            case ast.UnaryOp(op=ast.Not()):
                yield fine("ensured" if self._stops(module, node) else "checked", "is tested")
            case ast.UnaryOp():
                yield breaks("an operation on None raises TypeError")
            case ast.IfExp(test=test):
                if test is node:
                    yield fine("checked", "is tested")
                else:
                    yield from self._follow(module, parent, depth + 1, text=text)
            case ast.If() | ast.While() | ast.Assert():
                yield fine("ensured" if self._stops(module, node) else "checked", "is tested")
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                yield breaks("None cannot be iterated: TypeError")
            case ast.Starred():
                yield breaks("None cannot be unpacked: TypeError")
            case ast.Await() | ast.NamedExpr():
                if isinstance(parent, ast.NamedExpr):
                    yield from self._name(module, module.scope_of(parent), parent.target.id, parent, depth, text=text)
                yield from self._follow(module, parent, depth + 1, text=text)
            case ast.Expr():
                yield fine("tolerated", "is not used")
            case ast.Return():
                yield from self._returned(module, parent, node, depth, text=text)
            case ast.Assign(targets=targets):
                if text:
                    yield self._stringified(module, parent)
                    return
                for target in targets:
                    yield from self._assigned(module, target, parent, depth)
            case ast.AnnAssign(target=target, annotation=annotation):
                if text:
                    yield self._stringified(module, parent)
                    return
                yield from self._annotated(module, target, annotation, parent, depth)
            case ast.AugAssign():
                yield breaks("an operation on None raises TypeError")
            case ast.Dict():
                yield from self._in_dict(module, node, parent, text=text)
            case ast.List() | ast.Tuple() | ast.Set():
                yield from self._in_list(module, node, parent, depth, text=text)
            case ast.arguments():
                function = module.parents.get(parent)
                if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    name = _defaulted_parameter(parent, node)
                    if name:
                        yield from self._name(module, module.scopes[function], name, None, depth)
                        return
                yield fine("unknown", "is a default argument")
            case _:
                yield fine("unknown", "is passed on in a way that is not followed")

    def _stops(self, module: Module, node: ast.expr) -> bool:
        """Whether the test ``node`` belongs to stops the program when the value is None."""
        statement = module.statement_of(node)
        return (
            isinstance(statement, (ast.If, ast.Assert))
            and _establishes(statement, ast.unparse(node))
            and not _rebinds_in(statement, ast.unparse(node))
            and not (isinstance(statement, ast.If) and isinstance(statement.body[-1], (ast.Return, ast.Continue, ast.Break)))
        )

    def _text_method(self, module: Module, attribute: ast.Attribute) -> Use:
        return self._use("breaks", 'str(None) is the text "None"', module, attribute)

    def _stringified(self, module: Module, statement: ast.stmt) -> Use:
        return self._use("breaks", 'str(None) is the text "None", which passes every later check for emptiness', module, statement)

    def _formatted(self, module: Module, node: ast.expr) -> Use:
        """The text "None" goes into a string; harmless only in a log line."""
        for _, parent in module.ancestors(node):
            if isinstance(parent, ast.Call):
                name = parent.func.attr if isinstance(parent.func, ast.Attribute) else parent.func.id if isinstance(parent.func, ast.Name) else ""
                if name in _LOGGING:
                    return self._use("tolerated", "is only logged", module, node)
            if isinstance(parent, ast.Raise):
                return self._use("tolerated", "is part of an error message", module, node)
            if isinstance(parent, ast.stmt):
                break
        return self._use("breaks", 'the text "None" goes into the string', module, node)

    def _argument(self, module: Module, node: ast.expr, call: ast.Call, depth: int, *, text: bool) -> Iterator[Use]:
        qualname = self.evaluator.qualify(module, call.func) or ""
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        name = method or (call.func.id if isinstance(call.func, ast.Name) else "")

        def use(kind: str, message: str) -> Use:
            return self._use(kind, message, module, call)

        if qualname == "str":
            yield from self._follow(module, call, depth + 1, text=True)
        elif qualname in ("int", "float"):
            yield use("breaks", f"{qualname}(None) raises {'ValueError' if text else 'TypeError'}")
        elif qualname in ("os.getenv", "os.environ.get") and node in call.args[1:2]:
            yield from self._follow(module, call, depth + 1, text=text)  # the default of another read: the outcome is the outer read's
        elif qualname in _PASS_THROUGH:
            yield from self._follow(module, call, depth + 1, text=text)
        elif qualname == "getattr" or (qualname == "setattr" and call.args[1:2] == [node]):
            yield use("breaks", f"{qualname} with None as the name raises TypeError")
        elif any(keyword.value is node and keyword.arg == "default" for keyword in call.keywords):
            yield use("unknown", f"is the default of {name}()")
        elif qualname in _TOLERANT or (name in _LOGGING and not qualname.startswith("builtins")) or qualname.startswith("logging."):
            yield use("tolerated", f"{name or qualname}() accepts None")
        elif qualname.startswith(_DEFAULT_CHAIN):
            yield use("tolerated", f"{qualname}() falls back to its default chain")
        elif qualname.partition(":")[0].endswith(".py"):
            yield from self._into_function(module, node, call, qualname, depth, text=text)
        elif qualname.endswith(("Field", "field")):
            yield use("breaks", "None becomes the default of a field that is not declared optional")
        elif name in ("append", "add", "extend", "insert", "update", "setdefault", "get", "pop", "count", "index", "remove", "put"):
            yield use("unknown", f"is put into a container by .{name}()")
        elif name in (
            "startswith",
            "endswith",
            "join",
            "split",
            "replace",
            "compile",
            "fromisoformat",
            "loads",
            "b64decode",
            "encode",
            "decode",
        ):
            yield use("breaks", f"{name}() does not accept None: TypeError")
        elif name in ("config", "from_mapping") or name.startswith(("with_", "set_")):
            yield use("unknown", f"is passed to {name}()")
        elif qualname:
            yield use("breaks", f"{_short(qualname)}() receives None")
        else:
            yield use("unknown", f"is passed to {name or 'a function'} that is not known here")

    def _into_function(self, module: Module, node: ast.expr, call: ast.Call, qualname: str, depth: int, *, text: bool) -> Iterator[Use]:
        definition = self.world.definition(qualname)
        if definition is None or depth > _MAX_DEPTH:
            yield self._use("unknown", f"is passed to {_short(qualname)}()", module, call)
            return
        owner, binding = definition
        target: ast.AST = binding.node
        if isinstance(target, ast.ClassDef):
            inits = [method for method in target.body if isinstance(method, ast.FunctionDef) and method.name == "__init__"]
            if not inits:
                yield self._use("unknown", f"is passed to {target.name}()", module, call)
                return
            target = inits[0]
        if not isinstance(target, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield self._use("unknown", f"is passed to {_short(qualname)}()", module, call)
            return
        name = _parameter_for(call, node, target)
        if name is None:
            yield self._use("unknown", f"is passed to {_short(qualname)}()", module, call)
        elif text:
            yield self._use("breaks", f'{target.name}() receives the text "None"', module, call)
        else:
            yield from self._name(owner, owner.scopes[target], name, None, depth + 1)

    def _returned(self, module: Module, statement: ast.Return, node: ast.expr, depth: int, *, text: bool) -> Iterator[Use]:
        function = next((parent for _, parent in module.ancestors(statement) if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef))), None)
        for child, parent in module.ancestors(statement):
            if isinstance(parent, ast.Try) and child in parent.body and any(_catches_key_error(handler) for handler in parent.handlers):
                yield self._use("breaks", "`.get()` never raises KeyError, so the handler below never runs and None is returned", module, node)
                return
            if parent is function:
                break
        if function is None or depth > _MAX_DEPTH:
            yield self._use("unknown", "is returned", module, statement)
            return
        if text:
            yield self._use("breaks", f'{function.name}() returns the text "None"', module, statement)
            return
        is_property = any(
            isinstance(decorator, ast.Name) and decorator.id in ("property", "cached_property") for decorator in function.decorator_list
        )
        found = False
        for other in self.world.modules_containing(function.name):
            for call in other.calls:
                called = call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""
                if called == function.name and self._refers(other, call.func, module, function):
                    found = True
                    yield from self._follow(other, call, depth + 2)
        if not found:
            yield self._use("unknown", f"is returned by {function.name}{'' if is_property else '()'}", module, statement)

    def _refers(self, other: Module, func: ast.expr, module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        qualname = self.world.qualify(other, func)
        if qualname == f"{module.path}:{function.name}":
            return True
        # A method: good enough when only one function of that name is in reach.
        return isinstance(func, ast.Attribute) and qualname is None and isinstance(module.parents.get(function), ast.ClassDef) and other is module

    # -- bindings --------------------------------------------------------------------------------------------------------------

    def _assigned(self, module: Module, target: ast.expr, statement: ast.stmt, depth: int) -> Iterator[Use]:
        match target:
            case ast.Name(id=name):
                scope = module.scope_of(statement)
                if isinstance(scope.node, ast.ClassDef):
                    yield from self._class_field(module, scope, name, statement, None, depth)
                else:
                    yield from self._name(module, scope, name, statement, depth)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                yield from self._attribute(module, name, statement, depth, owner_only=True)
            case ast.Attribute(attr=name):
                if name in _FLASK_SECRETS:
                    yield self._flask_secret(module, name, statement)
                elif name in ("api_key", "api_secret", "access_token", "api_base", "organization"):
                    yield self._use("breaks", f"{ast.unparse(target)} becomes None: every call that needs it fails", module, statement)
                else:
                    yield from self._attribute(module, name, statement, depth, owner_only=False)
            case ast.Subscript(value=holder, slice=ast.Constant(value=str() as key)):
                if self.world.qualify(module, holder) == "os.environ":
                    yield self._use("breaks", "os.environ only takes text: TypeError", module, statement)
                elif isinstance(holder, ast.Attribute) and holder.attr == "config":
                    yield from self._setting(module, key, statement, depth)
                else:
                    yield self._use("unknown", f"is stored under {key!r}", module, statement)
            case _:
                yield self._use("unknown", "is stored in a way that is not followed", module, statement)

    def _annotated(self, module: Module, target: ast.expr, annotation: ast.expr, statement: ast.AnnAssign, depth: int) -> Iterator[Use]:
        scope = module.scope_of(statement)
        if isinstance(target, ast.Name) and isinstance(scope.node, ast.ClassDef):
            yield from self._class_field(module, scope, target.id, statement, annotation, depth)
        else:
            yield from self._assigned(module, target, statement, depth)

    def _class_field(self, module: Module, scope: Scope, name: str, statement: ast.stmt, annotation: ast.expr | None, depth: int) -> Iterator[Use]:
        assert isinstance(scope.node, ast.ClassDef)
        optional = annotation is not None and any(word in ast.unparse(annotation) for word in ("None", "Optional", "Any"))
        if self._is_model(module, scope.node) and annotation is not None and not optional:
            message = f"{name} is declared {ast.unparse(annotation)}, but pydantic does not validate defaults: it is None"
            yield self._use("breaks", message, module, statement)
            return
        if optional:
            inner = tuple(self._attribute(module, name, statement, depth, owner_only=False))
            yield from inner or (self._use("tolerated", f"{name} is declared optional", module, statement),)
            return
        yield from self._setting(module, name, statement, depth)

    def _is_model(self, module: Module, node: ast.ClassDef) -> bool:
        if self.evaluator.is_settings_class(module, node):
            return True
        return any((self.world.qualify(module, base) or "").startswith("pydantic") for base in node.bases)

    def _setting(self, module: Module, key: str, statement: ast.stmt, depth: int) -> Iterator[Use]:
        """A key of `app.config` or of a config class: what the framework does with None, else where the project reads it."""
        if key in _CHECKED_SETTINGS:
            yield self._use("checked", f"the framework refuses to start without {key}", module, statement)
        elif key in _FLASK_SECRETS:
            yield self._flask_secret(module, key, statement)
        elif key in _TOLERATED_SETTINGS:
            yield self._use("tolerated", f"{key} may be None", module, statement)
        else:
            found = list(self._attribute(module, key, statement, depth, owner_only=False)) + list(self._config_reads(key, depth))
            yield from found or (self._use("unknown", f"becomes the setting {key}", module, statement),)

    def _flask_secret(self, module: Module, name: str, statement: ast.stmt) -> Use:
        for word in _SESSION_WORDS:
            if self.world.containing(word):
                return self._use("breaks", f"{name} becomes None: the first request that uses the session fails", module, statement)
        return self._use("unknown", f"{name} becomes None", module, statement)

    def _config_reads(self, key: str, depth: int) -> Iterator[Use]:
        for other in self.world.modules_containing(key, "config"):
            for node in list(other.parents):
                match node:
                    case ast.Subscript(value=ast.Attribute(attr="config") | ast.Name(id="config"), slice=ast.Constant(value=name)) if (
                        name == key and not _is_store(node)
                    ):
                        yield from self._once(other, node, depth)
                    case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="config"), attr="get"), args=[ast.Constant(value=name)]) if name == key:
                        yield from self._once(other, node, depth)
                    case _:
                        pass

    def _once(self, module: Module, node: ast.expr, depth: int) -> Iterator[Use]:
        key = (module.path, id(node), "")
        if key not in self._seen and depth <= _MAX_DEPTH:
            self._seen.add(key)
            if self._guarded(module, node, ast.unparse(node)):
                yield self._use("checked", "is checked before it is used", module, node)
            else:
                yield from self._follow(module, node, depth + 1)

    def _attribute(self, module: Module, name: str, statement: ast.stmt, depth: int, *, owner_only: bool) -> Iterator[Use]:
        """Reads of `.name`: on self, on the class, on an instance or the settings object."""
        modules = (module,) if owner_only else tuple(self.world.modules_containing(name))
        for other in modules:
            for node in list(other.parents):
                if (
                    not isinstance(node, ast.Attribute)
                    or node.attr != name
                    or _is_store(node)
                    or (node.lineno == getattr(statement, "lineno", 0) and other is module)
                ):
                    continue
                if owner_only and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                    continue
                if not owner_only and not self._holds(other, node, module, statement):
                    continue
                yield from self._once(other, node, depth)

    def _holds(self, other: Module, node: ast.Attribute, module: Module, statement: ast.stmt) -> bool:
        """Whether ``node.value`` is the thing that ``statement`` gave the attribute to: a class, an instance of it, settings, a module."""
        scope = module.scope_of(statement)
        base = self.world.qualify(other, node.value)
        if base in ("django.conf.settings", str(module.path)):
            return True
        if isinstance(scope.node, ast.ClassDef):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                return other is module
            wanted = f"{module.path}:{scope.node.name}"
            if base == wanted:
                return True
            for option in options(self.evaluator.evaluate(other, node.value)):
                if getattr(option.value, "qualname", None) == wanted:
                    return True
        return False

    def _name(self, module: Module, scope: Scope, name: str, statement: ast.AST | None, depth: int, *, text: bool = False) -> Iterator[Use]:
        key = (module.path, id(scope), name)
        if key in self._seen or depth > _MAX_DEPTH:
            return
        self._seen.add(key)
        loads = [
            node
            for node in list(module.parents)
            if isinstance(node, ast.Name) and node.id == name and _is_read(module, node) and module.scope_of(node).lookup(name) is scope
        ]
        loads.sort(key=lambda node: (node.lineno, node.col_offset))
        since = getattr(statement, "lineno", 0)
        rebound = [
            binding.line
            for binding in scope.bindings[name]
            if binding.line > since and binding.kind == "assign" and _unconditional(module, binding.node, scope)
        ]
        found = False
        for node in loads:
            here = module.scope_of(node) is scope
            if here and (node.lineno < since or (rebound and node.lineno > rebound[0])):
                continue
            if statement is not None and module.statement_of(node) is statement:
                continue
            found = True
            if self._guarded(module, node, name):
                yield self._use("checked", f"{name} is checked before it is used", module, node)
            elif not here and rebound:
                yield self._use("checked", f"{name} is given another value later", module, node)
            else:
                yield from self._follow(module, node, depth + 1, text=text)
        if scope is module.root:
            for use in self._imported(module, name, depth):
                found = True
                yield use
        if not found:
            yield from self._framework_name(module, scope, name, statement, depth)

    def _framework_name(self, module: Module, scope: Scope, name: str, statement: ast.AST | None, depth: int) -> Iterator[Use]:
        """A module-level name that nobody reads by name: a Django setting, or unused."""
        where = statement if isinstance(statement, ast.stmt) else None
        if where is None or scope is not module.root:
            if where is not None:
                yield self._use("unknown", f"{name} is not used here", module, where)
            return
        if "settings" in str(module.path) or "INSTALLED_APPS" in module.root.bindings:
            if name == "SECRET_KEY" or name in _CHECKED_SETTINGS:
                yield self._use("checked", f"Django refuses to start with an empty {name}", module, where)
            else:
                yield from self._setting(module, name, where, depth)
        else:
            yield self._use("unknown", f"{name} is not used in the project", module, where)

    def _imported(self, module: Module, name: str, depth: int) -> Iterator[Use]:
        """Uses in the modules that import the name."""
        if depth > _MAX_DEPTH:
            return
        wanted = f"{module.path}:{name}"
        for other in self.world.modules_containing(name):
            if other is module:
                continue
            imports = [binding for bound in other.root.bindings.values() for binding in bound if binding.kind == "import"]
            for binding in imports:
                if binding.target.rpartition(".")[2] == name and self.world.target(other, binding.target) == wanted:
                    yield from self._name(other, other.root, binding.name, binding.node, depth + 1)
            for node in list(other.parents):
                if isinstance(node, ast.Attribute) and node.attr == name and not _is_store(node) and self.world.qualify(other, node) == wanted:
                    yield from self._once(other, node, depth)

    # -- guards ----------------------------------------------------------------------------------------------------------------

    def _guarded(self, module: Module, node: ast.expr, text: str) -> bool:
        """Whether the value is known not to be None where ``node`` reads it: inside `if X`, after `if not X: raise`, behind `X and`."""
        crossed = False
        for child, parent in module.ancestors(node):
            match parent:
                case (
                    ast.If(test=test, body=body, orelse=orelse)
                    | ast.IfExp(test=test, body=body, orelse=orelse)
                    | ast.While(test=test, body=body, orelse=orelse)
                ):
                    in_body = child is body or (isinstance(body, list) and child in body)
                    in_else = child is orelse or (isinstance(orelse, list) and child in orelse)
                    if in_body and _proves(test, text, positive=True):
                        return True
                    if in_else and _proves(test, text, positive=False):
                        return True
                case ast.BoolOp(op=ast.And(), values=values):
                    if any(_proves(value, text, positive=True) for value in _before(values, child)):
                        return True
                case ast.BoolOp(op=ast.Or(), values=values):
                    if any(_proves(value, text, positive=False) for value in _before(values, child)):
                        return True
                case ast.Try(body=body, handlers=handlers) if child in body and handlers and any(_catches_none(handler) for handler in handlers):
                    return True
                case _:
                    pass
            for name in ("body", "orelse", "finalbody"):
                block = getattr(parent, name, None)
                if isinstance(block, list) and child in block:
                    earlier = block if crossed and isinstance(parent, ast.Module) else block[: block.index(child)]
                    if any(_establishes(statement, text) for statement in earlier):
                        return True
            if isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                crossed = True
        return False

    def _in_dict(self, module: Module, node: ast.expr, parent: ast.Dict, *, text: bool) -> Iterator[Use]:
        if text:
            yield self._use("breaks", 'the text "None" is stored', module, node)
            return
        key = next((key for key, value in zip(parent.keys, parent.values, strict=True) if value is node), None)
        key_text = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
        statement = module.statement_of(parent)
        names = [target.id for target in statement.targets if isinstance(target, ast.Name)] if isinstance(statement, ast.Assign) else []
        if "DATABASES" in names and key_text in ("NAME", "USER", "PASSWORD", "HOST"):
            yield self._use("breaks", f"DATABASES[…][{key_text!r}] is None: Django connects to a default, or fails at the first query", module, node)
            return
        if names and self._checked_container(module, names[0]):
            yield self._use("checked", f"is checked as part of {names[0]}", module, node)
            return
        yield self._use("unknown", f"is stored under {key_text!r}" if key_text else "is stored in a dict", module, node)

    def _in_list(self, module: Module, node: ast.expr, parent: ast.expr, depth: int, *, text: bool) -> Iterator[Use]:
        holder = module.parents.get(parent)
        if isinstance(holder, ast.Assign) and isinstance(parent, ast.Tuple) and not text:
            for target in holder.targets:
                if isinstance(target, ast.Tuple) and len(target.elts) == len(parent.elts):
                    # `A, B = read("A"), read("B")`
                    yield from self._assigned(module, target.elts[parent.elts.index(node)], holder, depth)
                    return
        if isinstance(holder, ast.Call) and isinstance(holder.func, ast.Name) and holder.func.id in ("all", "any", "filter"):
            yield self._use("checked", "is tested", module, node)
            return
        if isinstance(holder, ast.Assign) and isinstance(holder.targets[0], ast.Name) and self._checked_container(module, holder.targets[0].id):
            yield self._use("checked", "is checked as part of a list", module, node)
            return
        if isinstance(holder, ast.Compare):
            yield self._use("tolerated", "is only compared", module, node)
            return
        yield self._use("unknown", "is stored in a list", module, node)

    def _checked_container(self, module: Module, name: str) -> bool:
        """Whether a dict or list is gone through for empty entries: `[k for k, v in x.items() if not v]`, `all(x)`."""
        for node in list(module.parents):
            match node:
                case ast.comprehension(iter=source, ifs=[_, *_]) if any(
                    isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(source)
                ):
                    return True
                case ast.For(iter=source, body=body) if any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(source)):
                    if any(isinstance(inner, (ast.Raise, ast.If)) for statement in body for inner in ast.walk(statement)):
                        return True
                case ast.Call(func=ast.Name(id="all" | "any"), args=[argument]) if any(
                    isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(argument)
                ):
                    return True
                case _:
                    pass
        return False

    def _use(self, kind: str, message: str, module: Module, node: ast.AST) -> Use:
        return Use(kind=kind, message=message, place=module.place(node, message))


def _before(values: list[ast.expr], child: ast.AST) -> list[ast.expr]:
    return values[: next((index for index, value in enumerate(values) if value is child), 0)]


def _short(qualname: str) -> str:
    return qualname.partition(":")[2] or qualname


def _is_store(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del))


def _is_read(module: Module, node: ast.Name) -> bool:
    """Whether the value of a name is needed: read, or changed in place."""
    return isinstance(node.ctx, ast.Load) or isinstance(module.parents.get(node), ast.AugAssign)


def _unconditional(module: Module, node: ast.AST, scope: Scope) -> bool:
    statement = module.statement_of(node)
    return statement is not None and module.parents.get(statement) is scope.node


def _mentions(node: ast.AST, text: str) -> bool:
    return any(isinstance(inner, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)) and ast.unparse(inner) == text for inner in ast.walk(node))


def _proves(test: ast.expr, text: str, *, positive: bool) -> bool:
    """Whether ``text`` is not None where ``test`` is true (``positive``) or false."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _proves(operand, text, positive=not positive)
        case ast.BoolOp(op=ast.And(), values=values):
            return any(_proves(value, text, positive=True) for value in values) if positive else False
        case ast.BoolOp(op=ast.Or(), values=values):
            return (
                all(_proves(value, text, positive=True) for value in values)
                if positive
                else any(_proves(value, text, positive=False) for value in values)
            )
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            if isinstance(right, ast.Constant) and right.value is None and _mentions(left, text):
                return isinstance(operator, (ast.IsNot, ast.NotEq)) if positive else isinstance(operator, (ast.Is, ast.Eq))
            if isinstance(operator, (ast.Eq, ast.In)) and _mentions(left, text):
                return positive
            return False
        case ast.Call(func=ast.Name(id="all"), args=[argument]):
            return positive and _mentions(argument, text)
        case ast.Call(func=ast.Name(id="isinstance" | "bool" | "len"), args=[argument, *_]):
            return positive and _mentions(argument, text)
        case ast.NamedExpr(target=target):
            return positive and target.id == text
        case ast.Name() | ast.Attribute() | ast.Subscript() | ast.Call():
            return positive and ast.unparse(test) == text
        case _:
            return False


def _establishes(statement: ast.stmt, text: str) -> bool:
    """Whether ``text`` is known after ``statement``: `if not X: raise/return/exit`, `if not X: X = …`, `assert X`, a raise further inside."""
    match statement:
        case ast.Assert(test=test):
            return _proves(test, text, positive=True)
        case ast.If(test=test, body=body, orelse=orelse):
            if _proves(test, text, positive=False):
                return leaves(body) or _rebinds(body, text) or any(isinstance(inner, ast.Raise) for block in body for inner in ast.walk(block))
            if _proves(test, text, positive=True) and orelse:
                return leaves(orelse) or _rebinds(orelse, text) or any(isinstance(inner, ast.Raise) for block in orelse for inner in ast.walk(block))
            if not orelse or leaves(body):
                return False
            return any(_establishes(inner, text) for inner in body) and any(_establishes(inner, text) for inner in orelse)
        case ast.Try(body=body):
            return any(_establishes(inner, text) for inner in body)
        case ast.For(iter=source, body=body):
            return _mentions(source, text) and any(isinstance(inner, ast.Raise) for block in body for inner in ast.walk(block))
        case _:
            return False


def _rebinds(block: list[ast.stmt], text: str) -> bool:
    return any(
        isinstance(inner, ast.Assign) and any(ast.unparse(target) == text for target in inner.targets)
        for statement in block
        for inner in ast.walk(statement)
    )


def _rebinds_in(statement: ast.stmt, text: str) -> bool:
    return isinstance(statement, ast.If) and (_rebinds(statement.body, text) or _rebinds(statement.orelse, text))


def _catches_key_error(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and ast.unparse(handler.type) == "KeyError"


def _catches_none(handler: ast.ExceptHandler) -> bool:
    """Whether a handler deals with what None raises, other than by swallowing everything."""
    if handler.type is None:
        return True
    text = ast.unparse(handler.type)
    return any(word in text for word in ("TypeError", "AttributeError"))


def _defaulted_parameter(arguments: ast.arguments, node: ast.expr) -> str | None:
    positional = [*arguments.posonlyargs, *arguments.args]
    for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        if default is node:
            return argument.arg
    for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword_default is node:
            return argument.arg
    return None


def _parameter_for(call: ast.Call, node: ast.expr, function: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    for keyword in call.keywords:
        if keyword.value is node:
            return keyword.arg
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    if names and names[0] in ("self", "cls"):
        names = names[1:]
    position = next((index for index, argument in enumerate(call.args) if argument is node), -1)
    return names[position] if 0 <= position < len(names) else None
