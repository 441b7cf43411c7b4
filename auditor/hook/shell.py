"""Which files a shell command plainly writes: the target of a redirection, the argument of a program that writes it, code given inline.

This reads what is written, and runs nothing: a name in a variable, a script or an archive is not seen. Words are told apart as POSIX shells do
(https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html), as far as the standard library's ``shlex`` knows them.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from glob import iglob
from pathlib import Path, PurePosixPath

from auditor.hook.patch import patched

_LONGEST = 100_000
_DEEPEST = 3
_PATH = 4096
_MOST = 200

_REDIRECTIONS = frozenset({">", ">>", ">|", "&>", "&>>", "<>", ">&"})
_SEPARATORS = frozenset({"|", "||", "&&", ";", ";;", "&", "|&", "(", ")", "\n"})
_WRITES_ALL = frozenset({"rm", "unlink", "shred", "truncate", "tee", "sponge", "ed", "ex", "mv"})
_REMOVES = frozenset({"rm", "mv", "find"})
_WRITES_LAST = frozenset({"cp", "install", "ln", "rsync"})
_IN_PLACE = frozenset({"sed", "gsed", "perl", "ruby"})
_BEFORE = frozenset({"sudo", "env", "command", "nohup", "time", "exec", "then", "do", "else", "!", "{", "busybox"})
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ksh"})
_INTERPRETER = re.compile(
    r"(?:^|[\s;&|(/])(?:python[\d.]*|node|deno|bun|ruby|perl|php)"
    r"(?:[ \t]+-[\w-]*)*[ \t]*(?:[ \t]-\w*[cepr]\b|[ \t]--eval\b|[ \t]eval\b|[ \t]-(?=\s|$)|<<)"
)
_WRITING_CODE = re.compile(
    r"""\bwrite|\bdump\(|writeFile|["'](?:[wax]b?\+?|[wax]\+?b?|rb?\+|r\+b?)["']|\bunlink|\bremove|\brename|\breplace\(|\btruncate|\brmtree|\bcopy|\bmove\("""
)
_NAMED = re.compile(r"docs/plans/|\.gotcha-audit", re.IGNORECASE)
_PART_OF_PATH = re.compile(r"[\w./~-]*")
_HEREDOC = re.compile(r"<<-?[ \t]*(['\"]?)(\w+)\1")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An unresolved path that a command writes; where it ``removes`` or moves it, all below it too."""

    path: Path
    removes: bool = False


def written(command: str, folder: Path, depth: int = 0) -> tuple[Target, ...]:
    """What ``command``, run in ``folder``, plainly writes, moves or removes."""
    text = command[:_LONGEST]
    found = itertools.chain(_patch(text, folder), _simple_commands(_without_heredocs(text), folder, depth), _inline(text, folder))
    return tuple(dict.fromkeys(itertools.islice(found, _MOST)))


def _simple_commands(text: str, folder: Path, depth: int) -> Iterator[Target]:
    words: list[str] = []
    for token in (*_tokens(text), ";"):
        if token not in _SEPARATORS:
            words.append(token)
            continue
        if words:
            yield from _of_command(words, folder, depth)
            if words[0] == "cd" and len(words) == 2 and "$" not in words[1]:
                folder = folder / words[1]
        words = []


def _without_heredocs(text: str) -> str:
    """The lines that are commands: what a here-document holds is the input of one, whatever it looks like."""
    if "<<" not in text:
        return text
    kept: list[str] = []
    waiting: list[str] = []
    for line in text.split("\n"):
        if waiting:
            if line.strip(" \t") == waiting[0]:
                waiting.pop(0)
            continue
        waiting = [found[1] for found in _HEREDOC.findall(line)]
        kept.append(_HEREDOC.sub(" ", line))
    return "\n".join(kept)


def _tokens(text: str) -> list[str]:
    reader = shlex.shlex(text, posix=True, punctuation_chars="();<>|&\n")
    reader.commenters = ""
    reader.whitespace = " \t\r"
    reader.whitespace_split = True
    try:
        return list(itertools.islice(reader, 5000))
    except ValueError:  # a quotation that does not end
        return text.split()


def _of_command(words: list[str], folder: Path, depth: int) -> Iterator[Target]:
    plain: list[str] = []
    targets: list[str] = []
    removed: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in _REDIRECTIONS:
            targets.append(next(rest, ""))
        elif word.strip("<>|&"):
            plain.append(word)
    while plain and (plain[0] in _BEFORE or _ASSIGNMENT.match(plain[0])):
        plain.pop(0)
    if plain and PurePosixPath(plain[0]).name == "timeout":
        plain = plain[2:]
    if plain:
        program = PurePosixPath(plain[0]).name
        arguments = plain[1:]
        if program in _SHELLS and "-c" in arguments and depth < _DEEPEST:
            for inner in arguments[arguments.index("-c") + 1 :][:1]:
                yield from written(inner, folder, depth + 1)
        (removed if program in _REMOVES else targets).extend(_arguments_written(program, arguments))
    for removes, names in ((False, targets), (True, removed)):
        for name in names:
            for path in _expanded(name, folder):
                yield Target(path=path, removes=removes)


def _arguments_written(program: str, arguments: list[str]) -> list[str]:
    names = [word for word in arguments if not word.startswith("-")]
    if program in _WRITES_ALL:
        return [*names, *_placed(names)] if program == "mv" else names
    if program in _WRITES_LAST:
        return [*names[-1:], *_placed(names)]
    if program in _IN_PLACE and any(re.match(r"-\w*i|--in-place", word) for word in arguments):
        return names
    if program == "dd":
        return [word.removeprefix("of=") for word in arguments if word.startswith("of=")]
    if program == "find" and ("-delete" in arguments or "rm" in arguments):
        return list(itertools.takewhile(lambda word: not word.startswith("-"), arguments))
    return []


def _placed(names: list[str]) -> list[str]:
    """Where files land that are put into a folder."""
    return [f"{names[-1]}/{PurePosixPath(name).name}" for name in names[:-1]] if len(names) > 1 else []


def _expanded(word: str, folder: Path) -> Iterator[Path]:
    if not word or "$" in word or "\0" in word or len(word) > _PATH:
        return
    path = folder / word
    if any(sign in word for sign in "*?[") and ("plans" in word or ".gotcha-audit" in word):
        with contextlib.suppress(OSError, ValueError):  # ValueError: characters that no file name has
            yield from (Path(name) for name in itertools.islice(iglob(str(path)), _MOST))  # noqa: PTH207 - the pattern is absolute
    else:
        yield path


def _patch(text: str, folder: Path) -> Iterator[Target]:
    """The files of a patch that is given to ``apply_patch`` on its input, as Codex does where its model has no tool for it."""
    if "apply_patch" in text or "applypatch" in text:
        yield from (Target(path=folder / path) for path in patched(text) if "\0" not in path and len(path) <= _PATH)


def _inline(text: str, folder: Path) -> Iterator[Target]:
    """What is named in code for an interpreter that stands in the command itself, and seems to write."""
    if _INTERPRETER.search(text) and _WRITING_CODE.search(text):
        for found in itertools.islice(_NAMED.finditer(text), _MOST):
            before = _PART_OF_PATH.match(text[max(0, found.start() - _PATH) : found.start()][::-1])
            after = _PART_OF_PATH.match(text, found.end(), found.end() + _PATH)
            assert before is not None  # both match nothing at least
            assert after is not None
            yield Target(path=folder / (before[0][::-1] + found[0] + after[0]))
