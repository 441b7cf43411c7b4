"""A world of Python modules that exists in memory only, and short ways to ask it things."""

import ast
from pathlib import PurePosixPath
from textwrap import dedent

from auditor.project.python.evaluate import Evaluator
from auditor.project.python.values import EnvRead, Literal, MappingValue, PathValue, Sequence, options
from auditor.project.python.world import World


class Sources:
    """The files of a project: name -> text; None is a file that cannot be read."""

    def __init__(self, files):
        self.files = {PurePosixPath(name): text if text is None else dedent(text).lstrip("\n") for name, text in files.items()}

    def python_paths(self):
        return tuple(sorted(self.files))

    def source(self, path):
        return self.files[path]


def world(files):
    return World(Sources(files))


def evaluator(files):
    return Evaluator(world(files))


def module(text, path="app.py"):
    """The parsed module `text`, alone in its world."""
    return world({path: text}).module(PurePosixPath(path))


def marked(module, name="here"):
    """The argument of `here(...)`: the expression a test asks about."""
    found = [call for call in module.calls if isinstance(call.func, ast.Name) and call.func.id == name]
    assert len(found) == 1, f"{len(found)} calls of {name}()"
    return found[0].args[0]


def value(text, path="app.py", files=None):
    """The value of the expression inside `here(...)`; `files` are the other files of the project."""
    return asked(text, path, files)[0]


def asked(text, path="app.py", files=None):
    """(value, module, evaluator) of the expression inside `here(...)`."""
    made = evaluator({path: text, **(files or {})})
    found = made.world.module(PurePosixPath(path))
    assert found is not None, f"{path} does not parse"
    return made.evaluate(found, marked(found)), found, made


def plain(found):
    """A value as short data, trails left out: literals as they are, lists as lists, everything else as a tuple that names itself."""
    choices = options(found)
    if len(choices) > 1 or choices[0].guards:
        return ("any of", *((plain(option.value), *dict.fromkeys(guard.kind for guard in option.guards)) for option in choices))
    match found:
        case Literal(value=constant):
            return constant
        case Sequence(items=items, open=is_open):
            return [plain(item) for item in items] + ([...] if is_open else [])
        case MappingValue(items=pairs, open=is_open):
            return {plain(key): plain(item) for key, item in pairs} | ({...: ...} if is_open else {})
        case EnvRead(name=name, required=True):
            return ("env", name, "required")
        case EnvRead(name=name, default=default):
            return ("env", name, None if default is None else plain(default))
        case PathValue(anchor=anchor, text=text):
            return (anchor, text)
        case _:
            return type(found).__name__


def trail(found):
    """(path, line, label) of each step, of every alternative in turn."""
    return [(str(step.path), step.line, step.label) for option in options(found) for step in option.value.trail]
