"""Which files a tool call writes: the tools of all clients, by name, and the names of their arguments.

A matcher in a client's configuration cannot be relied on (VS Code ignores it:
https://code.visualstudio.com/docs/agents/reference/hooks-reference), so tools are told apart here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditor.hook.events import Draft, Replacement
from auditor.hook.fields import MAX_PATHS, mappings, text, texts
from auditor.hook.patch import patched

# In lower case and without underscores: clients differ in little else, and from version to version.
FILE_TOOLS = frozenset(
    {
        *("write", "edit", "multiedit", "notebookedit"),  # Claude Code
        *("strreplace", "searchreplace", "editfile", "delete", "deletefile"),  # Cursor, besides Write
        *("create", "strreplaceeditor", "insert"),  # Copilot CLI, besides edit
        *("createfile", "inserteditintofile", "replacestringinfile", "multireplacestringinfile", "editfiles"),  # VS Code
        *("applypatch", "writefile"),  # Codex, and others since
    }
)
SHELL_TOOLS = frozenset({"bash", "shell", "powershell", "runinterminal", "localshell", "execcommand", "runterminalcmd"})

_PATHS = ("file_path", "filePath", "path", "notebook_path", "target_file")
_READS = frozenset({"view"})  # the one command of str_replace_editor that writes nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool call that writes, or may write: ``drafts`` of files, or a ``command``."""

    drafts: tuple[Draft, ...] = ()
    command: str = ""


def call(name: str, arguments: Mapping[str, object]) -> Call | None:
    """What the tool ``name`` writes with these arguments; None for a tool that writes no files, or is not known.

    A tool without a name, as some versions of Cursor send it, is known by what it brings (https://github.com/deftai/directive/issues/2685).
    """
    tool = name.lower().replace("_", "")
    if tool in SHELL_TOOLS:
        command = _command(arguments)
        return Call(command=command) if command else None
    if tool not in FILE_TOOLS and (tool or not _brings_text(arguments)):
        return None
    if text(arguments, "command") in _READS:
        return None
    drafts = tuple(dict.fromkeys(_drafts(tool, arguments)))[:MAX_PATHS]
    return Call(drafts=drafts) if drafts else None


def _command(arguments: Mapping[str, object]) -> str:
    return text(arguments, "command", "cmd") or " ".join(texts(arguments, "command", "cmd"))


def _brings_text(arguments: Mapping[str, object]) -> bool:
    return _content(arguments) is not None or any(_replacements(arguments))


def _drafts(tool: str, arguments: Mapping[str, object]) -> Iterator[Draft]:
    if tool == "applypatch":
        for path in patched(text(arguments, "command", "input", "patch", "diff") or "\n".join(texts(arguments, "command"))):
            yield Draft(path=path)
    path = text(arguments, *_PATHS)
    if path:
        yield Draft(path=path, content=_content(arguments), replacements=tuple(_replacements(arguments)))
    for item in mappings(arguments, "replacements", "files"):
        inner = text(item, *_PATHS)
        if inner:
            yield Draft(path=inner, replacements=tuple(_replacement(item)))
    for inner in texts(arguments, "files", "paths"):
        yield Draft(path=inner)


def _content(arguments: Mapping[str, object]) -> str | None:
    for name in ("content", "contents", "file_text"):
        value = arguments.get(name)
        if isinstance(value, str):
            return value
    return None


def _replacements(arguments: Mapping[str, object]) -> Iterator[Replacement]:
    yield from _replacement(arguments)
    for item in mappings(arguments, "edits"):
        yield from _replacement(item)


def _replacement(item: Mapping[str, object]) -> Iterator[Replacement]:
    old = text(item, "old_string", "oldString", "old_str")
    new = text(item, "new_string", "newString", "new_str")
    if old:
        yield Replacement(old=old, new=new, every=item.get("replace_all") is True)
