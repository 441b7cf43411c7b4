"""Which files changed for a task, and which of them are tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from auditor.plan.evidence import digest_of, file_digests
from auditor.plan.store import FOLDER
from auditor.project.roles import role_of

_GIT_SECONDS = 20
_GIT_OPTIONS = (
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.pager=cat"),
    *("-c", "core.quotePath=false"),
    *("-c", "safe.bareRepository=explicit"),
    *("-c", "diff.external="),
)
_MOST = 5_000
_SOURCE_SUFFIX = re.compile(
    r"\.(?:pyi?|[mc]?[jt]s|[jt]sx|vue|svelte|astro|go|rs|java|kts?|groovy|scala|cs|fs|vb|rb|php|c|h|cc|cpp|hpp|swift|m|exs?|erl|clj|lua|pl|sh|sql|"
    r"html?|jinja2?|j2|erb|s?css)$",
    re.IGNORECASE,
)
_TEST_NAME = re.compile(
    r"(?:_test\.(?:go|rb|exs?|dart|rs|cc|cpp|c)|_spec\.(?:rb|lua)|(?:Test|Tests|IT|Spec)\.(?:java|kt|kts|groovy|scala|cs|fs|vb|php|swift)|"
    r"^(?:Test\w+\.java|test_\w+\.(?:rb|rs|c|cc|cpp)|tests\.rs))$"
)
_INLINE = re.compile(rb"#\[(?:cfg\(test\)|test|tokio::test)\]")
"""Rust keeps unit tests in the file they test: https://doc.rust-lang.org/book/ch11-03-test-organization.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What differs from ``base`` (a commit, or "" without git), each file with its SHA-256 now (None: it is gone).

    A Rust source with tests in it is among both. ``others`` are settings, data and the like; documents are left out.
    """

    base: str
    tests: Mapping[str, str | None] = field(default_factory=dict)
    sources: Mapping[str, str | None] = field(default_factory=dict)
    others: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def work(self) -> dict[str, str | None]:
        """Everything but tests."""
        return {**self.others, **self.sources}


def is_test(path: str) -> bool:
    """Whether a file is one of the tests, by its place and its name."""
    pure = PurePosixPath(path)
    return role_of(pure) == "test" or _TEST_NAME.search(pure.name) is not None


def is_source(path: str) -> bool:
    """Whether a file is code of the application."""
    pure = PurePosixPath(path)
    return not is_test(path) and _SOURCE_SUFFIX.search(pure.name) is not None and role_of(pure) not in ("documentation", "example")


def head(root: Path) -> str:
    """The commit that is checked out; "" where there is no git, or no commit yet."""
    said = _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return said.decode("ascii", "replace").strip() if said else ""


def changes(root: Path, base: str, files: tuple[str, ...], before: Mapping[str, object] | None = None, argv: Sequence[str] = ()) -> Changes:
    """What changed in the project at ``root`` since the commit ``base``, committed or not, tracked or not.

    Where the commit is not known (another clone, a rewritten history), since the one that is checked out. Without git: which of ``files`` differ
    from the digests ``before``, or all of them when there are none; and the tests that the command ``argv`` names, for it cannot be told when they
    were written.
    """
    names = _changed_in_git(root, base)
    if names is None:
        now = file_digests(files, root)
        names = [name for name in now.keys() | (before or {}).keys() if before is None or before.get(name) != now.get(name)]
        names += _named_tests(root, argv)
    return _sorted_out(names, root, base)


def _sorted_out(names: Iterable[str], root: Path, base: str) -> Changes:
    tests: dict[str, str | None] = {}
    sources: dict[str, str | None] = {}
    others: dict[str, str | None] = {}
    for name in sorted(set(names))[:_MOST]:
        path = PurePosixPath(name)
        if FOLDER in path.parts:
            continue
        if is_test(name):
            tests[name] = digest_of(root / name)
        elif is_source(name):
            sources[name] = digest_of(root / name)
            if path.suffix == ".rs" and _has_inline_tests(root / name):
                tests[name] = sources[name]
        elif role_of(path) != "documentation":
            others[name] = digest_of(root / name)
    return Changes(base=base, tests=tests, sources=sources, others=others)


def _named_tests(root: Path, argv: Sequence[str]) -> Iterator[str]:
    """The test files that a command names, as paths, with a test after `::`, or as modules."""
    for word in argv:
        path = word.split("::", maxsplit=1)[0]
        for name in (path, path.replace(".", "/") + ".py", path.rpartition(".")[0].replace(".", "/") + ".py"):
            pure = PurePosixPath(name)
            if "\0" not in name and not pure.is_absolute() and ".." not in pure.parts and (root / pure).is_file() and is_test(str(pure)):
                yield str(pure)
                break


def _has_inline_tests(path: Path) -> bool:
    try:
        return _INLINE.search(path.read_bytes()[:2_000_000]) is not None
    except OSError:
        return False


def _changed_in_git(root: Path, base: str) -> list[str] | None:
    if _git(root, "rev-parse", "--is-inside-work-tree") is None:
        return None
    known = base if base and _git(root, "cat-file", "-e", f"{base}^{{commit}}") is not None else head(root)
    untracked = _git(root, "ls-files", "-z", "--others", "--exclude-standard") or b""
    if known:
        tracked = _git(root, "diff", "--no-ext-diff", "--no-textconv", "--name-only", "-z", "--relative", "--no-renames", known, "--") or b""
    else:
        tracked = _git(root, "ls-files", "-z", "--cached") or b""
    return [os.fsdecode(name) for name in (tracked + untracked).split(b"\0") if name]


def _git(root: Path, *words: str) -> bytes | None:
    """What git answers; None when it is not there or refuses. Nothing that the repository configures is run."""
    git = shutil.which("git")
    if git is None or not Path(git).is_absolute():
        return None
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    command = [git, *_GIT_OPTIONS, "-C", str(root), *words]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_GIT_SECONDS, env=environment, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
