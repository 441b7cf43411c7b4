"""What well-known calls give: paths, strings, environment reads. Pure functions from values to values."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from auditor.model import Place
from auditor.project.python.values import (
    Derived,
    EnvRead,
    Literal,
    MappingValue,
    Option,
    PathValue,
    Sequence,
    Text,
    Unknown,
    Value,
    join_posix,
    options,
    union,
)

ENV_GETTERS = frozenset({"os.environ.get", "os.getenv", "os.environ.pop", "os.environ.setdefault", "decouple.config", "starlette.config.environ.get"})
ENV_OBJECTS = frozenset({"environ.Env", "environs.Env", "environ.FileAwareEnv", "starlette.config.Config", "decouple.Config", "decouple.AutoConfig"})
_RAISING = frozenset({"decouple.config", *ENV_OBJECTS})
CONSTANTS: Mapping[str, Value] = {
    "os.sep": Literal(value="/"),
    "os.path.sep": Literal(value="/"),
    "os.curdir": Literal(value="."),
    "os.pardir": Literal(value=".."),
}


def env_read(
    reader: str,
    node: ast.Call,
    evaluate: Callable[[ast.expr], Value],
    place: Place,
    scheme: Mapping[str, Value] | None = None,
    method: str = "",
) -> Value:
    """A read of the environment by any of the usual helpers.

    `os.environ.get`/`os.getenv` give None when the variable is unset; python-decouple, django-environ, environs and Starlette's `Config`
    raise unless a default is given (https://django-environ.readthedocs.io, https://github.com/HBNetwork/python-decouple).
    """
    if method in ("read_env", "read_envfile", "prefixed"):
        return Unknown(reason=method)
    first = evaluate(node.args[0]) if node.args else None
    name = first.value if isinstance(first, Literal) and isinstance(first.value, str) else None
    default: Value | None = None
    position = 1
    if reader in ("environ.Env", "environ.FileAwareEnv", "starlette.config.Config"):
        position = 2 if method in ("", "dict", "get", "get_value", "list", "tuple") else 1  # a cast comes before the default
    if len(node.args) > position and not reader.startswith("decouple"):
        default = evaluate(node.args[position])
    cast: ast.expr | None = None
    for keyword in node.keywords:
        if keyword.arg == "default":
            default = evaluate(keyword.value)
        elif keyword.arg == "cast":
            cast = keyword.value
    if default is None and scheme and name is not None and name in scheme:
        default = scheme[name]
    if isinstance(default, Literal) and default.value is None:
        default = None if reader not in _RAISING else default
    if default is not None and (_is_list_cast(cast) or method == "list"):
        default = _split_default(default)
    required = reader in _RAISING and default is None
    if reader in _RAISING and isinstance(default, Literal) and default.value is None:
        default = None
    converts = cast is not None or method in ("bool", "int", "float", "json", "list", "dict", "url")
    return EnvRead(name=name, required=required, default=default, reader=reader, cast=converts, trail=(place,))


def _is_list_cast(cast: ast.expr | None) -> bool:
    text = ast.unparse(cast) if cast is not None else ""
    return "Csv" in text or "split" in text or text in ("list", "CommaSeparatedStrings")


def _split_default(default: Value) -> Value:
    if isinstance(default, Literal) and isinstance(default.value, str):
        return Sequence(items=tuple(Literal(value=part.strip()) for part in default.value.split(",") if part.strip()), trail=default.trail)
    return default


# -- strings ---------------------------------------------------------------------------------------------------------------------


def concatenate(parts: list[Value]) -> Value:
    """An f-string or a join of strings: literal when all parts are, a path when it starts with one, else `Text`."""
    if not parts:
        return Literal(value="")
    result = parts[0]
    for part in parts[1:]:
        result = add(result, part)
    if len(parts) == 1 and not isinstance(result, (Literal, PathValue)):
        return Text(parts=(result,))
    return result


def add(left: Value, right: Value) -> Value:
    """``left + right`` for strings, lists and paths."""
    trail = (*left.trail, *right.trail)
    match left, right:
        case Literal(value=str() as a), Literal(value=str() as b):
            return Literal(value=a + b, trail=trail)
        case Literal(value=int() as a), Literal(value=int() as b):
            return Literal(value=a + b, trail=trail)
        case Sequence(items=a_items, open=a_open), Sequence(items=b_items, open=b_open):
            return Sequence(items=(*a_items, *b_items), open=a_open or b_open, trail=trail)
        case Sequence(items=a_items), _:
            return Sequence(items=(*a_items, right), open=True, trail=trail)
        case _, Sequence(items=b_items):
            return Sequence(items=(left, *b_items), open=True, trail=trail)
        case PathValue(), Literal(value=str() as b) if b.startswith("/"):
            return join_path(left, Literal(value=b.lstrip("/"), trail=right.trail))
        case PathValue(text=None), _:
            return PathValue(anchor=left.anchor, text=None, trail=trail)
        case PathValue(), Literal(value=str() as b) if left.text is not None:
            return PathValue(anchor=left.anchor, text=left.text + b, trail=trail)
        case PathValue(), _:
            return PathValue(anchor=left.anchor, text=None, trail=trail)
        case Text(parts=a_parts), Text(parts=b_parts):
            return Text(parts=(*a_parts, *b_parts), trail=trail)
        case Text(parts=a_parts), _:
            return Text(parts=(*a_parts, right), trail=trail)
        case _:
            return Text(parts=(left, right), trail=trail)


def percent_format(left: Value, right: Value) -> Value:
    """``"…%s…" % x``: a text whose parts are the format and what goes in."""
    inside = right.items if isinstance(right, Sequence) else (right,)
    return Text(parts=(left, *inside), trail=left.trail)


def method(value: Value, name: str, arguments: list[Value]) -> Value:
    """The result of calling method ``name`` on a string, list, dict or path."""
    constants = [argument.value for argument in arguments if isinstance(argument, Literal)]
    known = len(constants) == len(arguments)
    match value:
        case Literal(value=str() as text) if known:
            try:
                if name == "split":
                    return Sequence(items=tuple(Literal(value=part) for part in text.split(*constants)), trail=value.trail)  # type: ignore[arg-type]
                if name in ("strip", "lstrip", "rstrip", "lower", "upper", "removeprefix", "removesuffix", "replace", "title", "casefold"):
                    return Literal(value=getattr(text, name)(*constants), trail=value.trail)
            except (TypeError, ValueError):
                return Unknown(reason=f"str.{name}")
            return Derived(sources=(value, *arguments), operation=name)
        case Literal(value=str()) if name in ("format", "join"):
            return Text(parts=(value, *arguments), trail=value.trail)
        case Sequence() if name == "copy":
            return value
        case MappingValue() if name == "get" and constants and isinstance(constants[0], str):
            found = value.get(constants[0])
            return found or (arguments[1] if len(arguments) > 1 else Literal(value=None))
        case PathValue():
            return path_method(value, name, arguments)
        case Unknown():
            return Unknown(reason=f"method {name}")
        case _:
            return Derived(sources=(value, *arguments), operation=name, trail=value.trail)


# -- paths -----------------------------------------------------------------------------------------------------------------------


def as_path(value: Value) -> Value:
    """A string read as a path, as `Path(...)` and `os.path.join` do."""
    match value:
        case Literal(value=str() as text):
            if text.startswith("/") or (len(text) > 2 and text[1] == ":" and text[2] in "\\/"):
                return PathValue(anchor="absolute", text=join_posix(text), trail=value.trail)
            return PathValue(anchor="relative", text=join_posix(text or "."), trail=value.trail)
        case PathValue():
            return value
        case EnvRead(default=Value() as default):
            return EnvRead(name=value.name, required=value.required, default=as_path(default), reader=value.reader, trail=value.trail)
        case Text(parts=(PathValue(anchor=anchor), *_)):
            return PathValue(anchor=anchor, text=None, trail=value.trail)
        case _:
            return value


def join_path(left: Value, *rest: Value) -> Value:
    """`os.path.join(left, *rest)` and `left / right`; unions are followed on the left side."""
    if not rest:
        return as_path(left)
    return union([Option(value=_join(option.value, rest), guards=option.guards) for option in options(left)])


def _join(left: Value, rest: tuple[Value, ...]) -> Value:
    current = as_path(left)
    for step in rest:
        part = step
        if len(options(step)) == 1:
            part = options(step)[0].value
        part = as_path(part)
        trail = (*current.trail, *part.trail)
        if isinstance(part, PathValue) and part.anchor != "relative":
            current = PathValue(anchor=part.anchor, text=part.text, trail=trail)
        elif isinstance(current, PathValue):
            known = isinstance(part, PathValue) and part.text is not None and current.text is not None
            text = join_posix(current.text or "", part.text or "") if known and isinstance(part, PathValue) else None
            current = PathValue(anchor=current.anchor, text=text, trail=trail)
        elif isinstance(current, EnvRead):
            default = join_path(current.default, part) if current.default is not None else None
            current = EnvRead(name=current.name, required=current.required, default=default, reader=current.reader, trail=trail)
        else:
            current = Derived(sources=(current, part), operation="join", trail=trail)
    return current


def path_attribute(value: Value, name: str) -> Value:
    """`.parent`, `.name` … of a path."""
    if not isinstance(value, PathValue):
        return Unknown(reason=f".{name}")
    if name == "parent":
        if value.text is None:
            return value
        text = join_posix(value.text or ".", "..") if value.text not in ("", ".") else ".."
        return PathValue(anchor=value.anchor, text=text if text != "." else "", trail=value.trail)
    if name == "parents":
        return Unknown(reason="parents")
    return Derived(sources=(value,), operation=f".{name}")


def path_method(value: PathValue, name: str, arguments: list[Value]) -> Value:
    """`.resolve()`, `.joinpath()`, `.as_posix()` … of a path."""
    if name in ("resolve", "absolute", "realpath"):
        return absolute(value)
    if name in ("joinpath", "relative_to") and name == "joinpath":
        return join_path(value, *arguments)
    if name in ("as_posix", "expanduser", "__str__", "strip", "rstrip", "as_uri"):
        return value
    if name == "with_name" and value.text is not None:
        return join_path(path_attribute(value, "parent"), *arguments)
    return Derived(sources=(value,), operation=name)


def absolute(value: Value) -> Value:
    """`os.path.abspath`, `.resolve()`, `.absolute()`: a relative path becomes one below the working directory."""
    path = as_path(value)
    if isinstance(path, PathValue) and path.anchor == "relative":
        return PathValue(anchor="cwd", text=path.text, trail=path.trail)
    return path


def _dirname(arguments: list[Value], _: Mapping[str, Value]) -> Value:
    return path_attribute(as_path(arguments[0]), "parent") if arguments else Unknown()


def _path(arguments: list[Value], _: Mapping[str, Value]) -> Value:
    if not arguments:
        return PathValue(anchor="relative", text=".")
    return join_path(*arguments)


def _absolute(arguments: list[Value], _: Mapping[str, Value]) -> Value:
    return union([Option(value=absolute(option.value), guards=option.guards) for option in options(arguments[0])]) if arguments else Unknown()


def _cwd(_: list[Value], __: Mapping[str, Value]) -> Value:
    return PathValue(anchor="cwd", text=".")


def _home(_: list[Value], __: Mapping[str, Value]) -> Value:
    return PathValue(anchor="absolute", text=None)


def _same(arguments: list[Value], _: Mapping[str, Value]) -> Value:
    return arguments[0] if arguments else Unknown()


def _str(arguments: list[Value], _: Mapping[str, Value]) -> Value:
    if not arguments:
        return Literal(value="")
    value = arguments[0]
    if isinstance(value, (PathValue, Text)) or (isinstance(value, Literal) and isinstance(value.value, str)):
        return value
    if isinstance(value, Literal):
        return Literal(value=str(value.value), trail=value.trail)
    return Derived(sources=(value,), operation="str")


def _list(arguments: list[Value], _: Mapping[str, Value]) -> Value:
    if not arguments:
        return Sequence(items=())
    value = arguments[0]
    if isinstance(value, (Sequence, EnvRead)):
        return value
    return Derived(sources=(value,), operation="items")


def _dict(arguments: list[Value], keywords: Mapping[str, Value]) -> Value:
    base = arguments[0].items if arguments and isinstance(arguments[0], MappingValue) else ()
    is_open = bool(arguments) and not isinstance(arguments[0], MappingValue)
    return MappingValue(items=(*base, *((Literal(value=key), value) for key, value in keywords.items())), open=is_open)


def _derive(operation: str) -> Function:
    def derived(arguments: list[Value], _: Mapping[str, Value]) -> Value:
        return Derived(sources=tuple(arguments), operation=operation)

    return derived


Function = Callable[[list[Value], Mapping[str, Value]], Value]

FUNCTIONS: Mapping[str, Function] = {
    "os.path.join": _path,
    "os.path.dirname": _dirname,
    "os.path.abspath": _absolute,
    "os.path.realpath": _absolute,
    "os.path.normpath": _same,
    "os.path.expanduser": _same,
    "os.fspath": _same,
    "os.getcwd": _cwd,
    "pathlib.Path.cwd": _cwd,
    "pathlib.Path.home": _home,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PosixPath": _path,
    "pathlib.PurePosixPath": _path,
    "posixpath.join": _path,
    "str": _str,
    "bool": _derive("bool"),
    "int": _derive("int"),
    "float": _derive("float"),
    "list": _list,
    "tuple": _list,
    "set": _list,
    "sorted": _list,
    "frozenset": _list,
    "dict": _dict,
    "typing.cast": lambda arguments, _: arguments[1] if len(arguments) > 1 else Unknown(),
}
