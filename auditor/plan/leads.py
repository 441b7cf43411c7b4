"""To which test runner a command leads: through package scripts, Makefiles, tox, shells and launchers, or to none.

The figures in an output count only when the command is a runner, and when nothing on the way to it can print in its place or hide its exit code.
"""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tree_sitter import Node

from auditor.errors import UsageError
from auditor.project.facts import shell

_DEEPEST = 8
_LARGEST = 1_000_000
_INSTALLED = frozenset({"node_modules", "vendor", ".venv", "venv", ".tox", ".nox", "target"})
_PRINTERS = frozenset({"echo", "printf", "true", "false", ":", "cat", "tee", "yes", "sed", "awk", "exit"})
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
_RESULT_LIKE = re.compile(r"\d+ *(?:tests?|pass|fail|exampl|skip|error|total)|\b(?:pass(?:ed|ing)?|ok|success\w*|ran)\b|[=#$`]", re.IGNORECASE)
_PYTHON = re.compile(r"python(?:[23](?:\.\d+)?)?|py|pypy3?")
_PREPARES = frozenset(
    {
        *("pip", "pip3", "tsc", "vue-tsc", "eslint", "prettier", "ruff", "mypy", "black", "flake8", "isort", "pyright", "rm", "mkdir", "cp", "mv"),
        *("rimraf", "composer", "rustup", "golangci-lint", "gofmt", "biome", "stylelint", "webpack", "vite", "rollup", "esbuild", "tsup", "swc"),
    }
)
_PACKAGE_MANAGERS = frozenset({"npm", "pnpm", "yarn", "bun"})
_RUNS = {"uv": "run", "poetry": "run", "pdm": "run", "pipenv": "run", "rye": "run", "hatch": "run", "bundle": "exec"}
_LAUNCHERS = frozenset({"npx", "bunx", "c8", "nyc", "time", "nice", "nohup", "command", "exec", "xvfb-run", "cross-env", "dotenv", "env", "timeout"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_DECIDES = re.compile(r"(?:export\s+|declare\s+(?:-\w+\s+)*)?(PATH|BASH_ENV|ENV|LD_PRELOAD)=")
"""Variables that decide which program a name stands for."""
_VALUED = frozenset(
    {
        *("--with", "--python", "-p", "--package", "--extra", "--group", "--env-file", "--project", "--directory", "-w", "--workspace", "--filter"),
        *("-s", "-k", "-n", "--signal", "-c", "--rcfile", "--source", "--include", "--omit", "--data-file"),
    }
)
_NEVER: Mapping[str, tuple[str, ...]] = {
    "pytest": ("--collect-only", "--co", "--version", "-V", "--help", "-h", "--fixtures", "--markers", "--setup-plan", "--setup-only", "no:terminal"),
    "unittest": ("-h", "--help"),
    "jest": ("--passWithNoTests", "--listTests", "--showConfig", "--help", "--version", "--watch", "--watchAll"),
    "vitest": ("--passWithNoTests", "--help", "--version", "--watch", "-w", "--dangerouslyIgnoreUnhandledErrors"),
    "node": ("--watch", "--help", "--version"),
    "mocha": ("--dry-run", "--help", "--version", "--watch", "-w", "--pass-on-failing-test-suite"),
    "go": ("-c", "-list", "-n", "-h"),
    "cargo": ("--no-run", "--list", "--help", "--version"),
    "gradle": ("--dry-run", "-m", "--help", "--version"),
    "maven": ("-DskipTests", "-Dmaven.test.skip", "-Dmaven.test.failure.ignore", "-fn", "--fail-never", "--help", "--version"),
    "dotnet": ("--list-tests", "-t", "--help"),
    "rspec": ("--dry-run", "--help", "--version", "--failure-exit-code"),
    "phpunit": ("--list-tests", "--list-suites", "--list-groups", "--help", "--version", "--do-not-fail-on-empty-test-suite"),
}
_PICKS = frozenset(
    {"-k", "-t", "-run", "--run", "--tests", "--filter", "--testNamePattern", "--grep", "-g", "-e", "--example", "--test", "--lib", "-m"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """``runners`` are keys of `counts.READERS` in the order in which they run; ``trail`` says how the command leads to them.

    ``picks`` says that the command names the tests it runs; else it is a run of the full suite.
    """

    runners: tuple[str, ...]
    trail: tuple[str, ...]
    picks: bool


class NoRunnerError(UsageError):
    """A command that does not lead to a test runner, or over which the runner's word cannot be trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    runner: str
    words: tuple[str, ...]
    cwd: Path


def lead(argv: Sequence[str], cwd: Path, root: Path) -> Lead:
    """To which runners ``argv``, run in ``cwd`` of the project at ``root``, leads; raises NoRunnerError with the reason and the mend."""
    follower = _Follower(root.resolve())
    if len(argv) == 1 and len(argv[0].split()) > 1:
        raise NoRunnerError(f"`{argv[0]}` is one word; write the command as words of its own: -- {argv[0]}")
    found = follower.words(tuple(argv), cwd.resolve(), 0)
    if not found:
        raise NoRunnerError(f"`{shlex.join(argv)}` runs no tests; name the test runner itself, such as -- pytest tests/test_x.py")
    return Lead(runners=tuple(one.runner for one in found), trail=tuple(follower.trail), picks=all(map(_picks, found)))


def _picks(found: _Found) -> bool:
    rest = found.words[1:]
    for word in rest:
        if word.split("=")[0] in _PICKS or word.startswith("-Dtest="):
            return True
    operands = [
        word
        for word in rest
        if not word.startswith("-") and word not in ("test", "run", "./...", ".", "-m", "verify", "package", "check", "discover")
    ]
    return any(_is_part(word, found) for word in operands)


def _is_part(word: str, found: _Found) -> bool:
    """Whether an operand names a part of the tests: a file, a name, a folder below another; `tests` alone is all of them."""
    path = word.split("::", maxsplit=1)[0].rstrip("/")
    return "::" in word or not (found.cwd / path).is_dir() or len(Path(path).parts) > 1


class _Follower:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.trail: list[str] = []

    # -- one command ---------------------------------------------------------------------------------------------------------------

    def words(self, words: tuple[str, ...], cwd: Path, depth: int, *, harmless: bool = False) -> list[_Found]:
        if depth > _DEEPEST:
            raise NoRunnerError(
                f"the command leads from one script to the next {_DEEPEST} times: {' -> '.join(self.trail[:4])} …; name the test runner itself"
            )
        while words and _ASSIGNMENT.match(words[0]):
            _refuse_deciding(words[0])
            words = words[1:]
        if not words:
            return []
        first, rest = words[0], words[1:]
        text = shlex.join(words)
        local = self._local(first, cwd)
        name = Path(first).name.removesuffix(".exe").removesuffix(".cmd")
        if local is not None:
            return self._script(local, rest, cwd, depth)
        if name in _SHELLS:
            return self._shell(rest, cwd, depth)
        if name in _PRINTERS:
            if harmless and name in ("echo", "printf") and not _RESULT_LIKE.search(" ".join(rest)):
                return []
            raise NoRunnerError(f"`{text}` prints or hides what a test runner should say; leave it out and name the test runner itself")
        if name in ("set", "export", "cd", "unset", "pushd", "popd"):
            return []
        if name in (".", "source"):
            if rest and rest[0].endswith("bin/activate"):
                return []
            raise NoRunnerError(f"`{text}` may change everything that runs after it; leave it out and name the test runner itself")
        if name in _LAUNCHERS:
            return self.words(_launched(name, rest), cwd, depth + 1, harmless=harmless)
        if name in _RUNS and rest[:1] == (_RUNS[name],):
            return self.words(_past_options(rest[1:]), cwd, depth + 1, harmless=harmless)
        if name == "hatch" and rest[:1] == ("test",):
            return self._runner("pytest", ("pytest", *rest[1:]), cwd)
        if _PYTHON.fullmatch(name):
            return self._python(rest, cwd, depth, text)
        if name == "coverage" and rest[:1] == ("run",):
            return self._python(_past_options(rest[1:], stop="-m"), cwd, depth, text)
        if name in _PACKAGE_MANAGERS:
            return self._package(name, rest, cwd, depth)
        if name in ("make", "gmake"):
            return self._make(rest, cwd, depth)
        if name == "tox":
            return self._tox(rest, cwd, depth)
        runner = _runner_of(name, rest)
        if runner:
            return self._runner(runner, words, cwd)
        if name in _PREPARES or name == "coverage" or (name in ("cargo", "go", "dotnet", "uv", "poetry", "bundle") and rest):
            return []
        raise NoRunnerError(
            f"`{text}` is no test runner that is known here; name the runner itself (pytest, jest, go test …), or a script that leads to one"
        )

    def _runner(self, runner: str, words: tuple[str, ...], cwd: Path) -> list[_Found]:
        for word in words[1:]:
            flag = next((never for never in _NEVER[runner] if word == never or word.startswith(f"{never}=")), None)
            if flag and not (word.startswith("-D") and word.endswith("=false")):
                raise NoRunnerError(
                    f"`{shlex.join(words)}`: with {flag} a pass says nothing, because tests are not run or may be missing; leave it out"
                )
        self.trail.append(shlex.join(words))
        return [_Found(runner=runner, words=words, cwd=cwd)]

    def _python(self, rest: tuple[str, ...], cwd: Path, depth: int, text: str) -> list[_Found]:
        while rest and rest[0].startswith("-") and rest[0] not in ("-m", "-c"):
            rest = rest[2:] if rest[0] in ("-W", "-X") else rest[1:]
        if rest[:1] == ("-m",) and len(rest) > 1:
            module = rest[1].split(".")[0]
            if (cwd / f"{module}.py").is_file() or (cwd / module / "__init__.py").is_file() or (cwd / module / "__main__.py").is_file():
                raise NoRunnerError(f"`{text}` runs the {module} that lies in {self._shown(cwd)}, not the test runner of that name; rename it")
            return self.words((module, *rest[2:]), cwd, depth + 1) if module != "unittest" else self._runner("unittest", rest[1:], cwd)
        if rest and Path(rest[0]).name == "manage.py" and rest[1:2] == ("test",):
            return self._runner("unittest", ("manage.py", *rest[1:]), cwd)
        raise NoRunnerError(f"`{text}` runs a program, which can print anything; run the tests with -- python -m pytest or -- python -m unittest")

    # -- scripts of the project ------------------------------------------------------------------------------------------------------

    def _local(self, first: str, cwd: Path) -> Path | None:
        """The file of the project that a command is, None when it is installed; what lies in an environment was installed too."""
        where = str(cwd / first) if "/" in first else shutil.which(first)
        if where is None:
            return None
        try:
            below = Path(where).absolute().relative_to(self.root)
            path = self.root / below
            if not path.is_file() or _INSTALLED & set(below.parts) or any((parent / "pyvenv.cfg").is_file() for parent in list(path.parents)[:4]):
                return None
        except (ValueError, OSError):
            return None
        return path

    def _script(self, path: Path, rest: tuple[str, ...], cwd: Path, depth: int) -> list[_Found]:
        text = self._text(path)
        shown = self._shown(path)
        first = text.split("\n", maxsplit=1)[0]
        if path.name == "gradlew" and "GradleWrapperMain" in text:
            return self._runner("gradle", ("gradlew", *rest), cwd)
        if path.name == "mvnw" and "maven" in text.lower() and "wrapper" in text.lower():
            return self._runner("maven", ("mvnw", *rest), cwd)
        if path.name == "manage.py" and "execute_from_command_line" in text and rest[:1] == ("test",):
            return self._runner("unittest", ("manage.py", *rest), cwd)
        if re.match(r"#!.*\b(?:sh|bash|dash|zsh)\b", first) or path.suffix in (".sh", ".bash"):
            self.trail.append(shown)
            return self._lines(text, cwd, depth + 1, shown, arguments=rest, strict=" -e" in first)
        raise NoRunnerError(f"{shown} is a program of the project, which can print anything; name the test runner itself")

    def _shell(self, rest: tuple[str, ...], cwd: Path, depth: int) -> list[_Found]:
        strict = False
        while rest and rest[0].startswith("-"):
            flag, rest = rest[0], rest[1:]
            strict = strict or (not flag.startswith("--") and "e" in flag)
            if not flag.startswith("--") and "c" in flag and rest:
                return self._lines(rest[0], cwd, depth + 1, f"sh -c {shlex.quote(rest[0])}", strict=strict, given=True)
        if rest and (path := self._local("./" + rest[0] if "/" not in rest[0] else rest[0], cwd)) is not None:
            self.trail.append(self._shown(path))
            return self._lines(self._text(path), cwd, depth + 1, self._shown(path), arguments=rest[1:], strict=strict)
        raise NoRunnerError("a shell without a script of the project says nothing; name the test runner itself")

    def _lines(
        self, text: str, cwd: Path, depth: int, origin: str, *, arguments: tuple[str, ...] = (), strict: bool = False, given: bool = False
    ) -> list[_Found]:
        """Follow shell text. ``given`` text stands in the command itself, where nothing but `&&` may join."""
        if len(text) > shell.LONGEST:
            raise NoRunnerError(f"{origin} is too long to be followed; name the test runner itself")
        data = text.encode("utf-8", "surrogatepass")
        tree = shell.root(data)
        statements = [child for child in tree.named_children if child.type != "comment"]
        if tree.has_error:
            raise NoRunnerError(f"{origin} cannot be read as a shell script; name the test runner itself")
        if any(child.type == "&" for child in tree.children):
            raise NoRunnerError(f"{origin}: `&` loses the exit code of what stands before it; take it away, or name the test runner itself")
        if given and len(statements) > 1:
            raise NoRunnerError(
                f"{origin}: after `;` the exit code of what stands before it is lost; join commands with &&, or name the test runner itself"
            )
        found: list[_Found] = []
        for number, statement in enumerate(statements):
            here = []
            for node in _chain(statement, data, origin):
                words = _command_words(node, data, arguments, origin)
                if words[:1] == ("set",) and any(word.startswith("-") and "e" in word for word in words[1:]):
                    strict = True
                elif words[:1] == ("set",) and "+e" in words:
                    strict = False
                elif words[:1] in (("cd",), ("pushd",)):
                    cwd = self._moved(words, cwd, origin)
                elif words[:1] == ("exit",) and words[1:] in ((), ("1",)) and not found:
                    raise NoRunnerError(f"{origin} ends before any test is run")
                here += self.words(words, cwd, depth, harmless=not given)
            if here and not strict and number < len(statements) - 1:
                raise NoRunnerError(
                    f"{origin}: the exit code of `{_text(statement, data)}` is lost, for more follows it; add `set -e`, or make it the last line"
                )
            found += here
        return found

    def _moved(self, words: tuple[str, ...], cwd: Path, origin: str) -> Path:
        target = cwd / (words[1] if len(words) > 1 else "~")
        if "$" in str(target) or not target.is_dir() or not target.resolve().is_relative_to(self.root):
            raise NoRunnerError(f"{origin}: `{shlex.join(words)}` leads out of the project, or nowhere; name the test runner itself")
        return target.resolve()

    # -- npm and its like: https://docs.npmjs.com/cli/using-npm/scripts -----------------------------------------------------------------

    def _package(self, name: str, rest: tuple[str, ...], cwd: Path, depth: int) -> list[_Found]:
        text = shlex.join((name, *rest))
        while rest and rest[0].startswith("-"):
            if rest[0] in ("--prefix", "-C", "--dir", "--cwd") and len(rest) > 1:
                cwd, rest = self._moved(("cd", rest[1]), cwd, text), rest[2:]
            elif rest[0] in ("--if-present", "-r", "--recursive", "-w", "--workspace", "--filter", "--workspaces"):
                raise NoRunnerError(
                    f"`{text}`: with {rest[0]} it cannot be told what runs; change to the folder of the package, and run its tests there"
                )
            else:
                rest = rest[1:]
        verb, rest = (rest[0], rest[1:]) if rest else ("", ())
        if verb in ("exec", "dlx", "x"):
            return self.words(_past_options(rest), cwd, depth + 1)
        if verb in ("install", "ci", "i", "add"):
            return []
        if verb in ("run", "run-script") and rest:
            options = [word for word in rest if word.startswith("--if-present")]
            if options:
                raise NoRunnerError(f"`{text}`: with --if-present a missing script passes; leave it out")
            rest = tuple(word for word in rest if word not in ("-s", "--silent"))
            script, rest = (rest[0], rest[1:]) if rest else ("", ())
        elif verb in ("test", "t", "tst") and name != "bun":
            script = "test"
        elif name in ("yarn", "pnpm") and verb:
            script = verb
        else:
            raise NoRunnerError(f"`{text}` runs no script that is known here; name the test runner itself")
        manifest = next((folder / "package.json" for folder in (cwd, *cwd.parents) if (folder / "package.json").is_file()), None)
        if manifest is None or not manifest.is_relative_to(self.root):
            raise NoRunnerError(f"`{text}`: there is no package.json in {self._shown(cwd)} or above")
        settings = manifest.with_name(".npmrc")
        if settings.is_file() and re.search(r"^\s*script-shell\s*=", self._text(settings), re.MULTILINE):
            raise NoRunnerError(f"{self._shown(settings)} sets script-shell, so that scripts may run anything; name the test runner itself")
        scripts = _scripts(self._text(manifest))
        if script not in scripts:
            if name in ("yarn", "pnpm") and verb not in ("run", "test", "t", "tst"):
                return self.words((verb, *rest), cwd, depth + 1)
            raise NoRunnerError(f"`{text}`: {self._shown(manifest)} has no script `{script}`")
        given = tuple(word for word in rest if word != "--")
        found: list[_Found] = []
        for key in (f"pre{script}", script, f"post{script}"):
            if key in scripts:
                origin = f"script `{key}` of {self._shown(manifest)}"
                self.trail.append(f"{origin}: {scripts[key]}")
                more = " " + shlex.join(given) if given and key == script else ""
                found += self._lines(scripts[key] + more, manifest.parent, depth + 1, origin)
        return found

    # -- make: https://www.gnu.org/software/make/manual/make.html ------------------------------------------------------------------------

    def _make(self, rest: tuple[str, ...], cwd: Path, depth: int) -> list[_Found]:
        text = shlex.join(("make", *rest))
        targets: list[str] = []
        variables: dict[str, str] = {"MAKE": "make"}
        words = list(rest)
        while words:
            word = words.pop(0)
            if word == "-C" and words:
                cwd = self._moved(("cd", words.pop(0)), cwd, text)
            elif _ASSIGNMENT.match(word):
                variables[word.partition("=")[0]] = word.partition("=")[2]
            elif word.startswith("-"):
                if word not in ("-s", "--silent", "--quiet", "-B", "--no-print-directory") and not re.fullmatch(r"-j\d*", word):
                    raise NoRunnerError(f"`{text}`: with {word} the exit code or the recipe may be another; leave it out")
            else:
                targets.append(word)
        path = next((cwd / name for name in ("GNUmakefile", "makefile", "Makefile") if (cwd / name).is_file()), None)
        if path is None:
            raise NoRunnerError(f"`{text}`: there is no Makefile in {self._shown(cwd)}")
        makefile = _makefile(self._text(path), variables)
        special = next((name for name in (".IGNORE", ".ONESHELL") if name in makefile), None)
        if special or re.search(
            r"^(?:override\s+|export\s+)*(?:SHELL|\.SHELLFLAGS)\s*[:+?]?=(?!\s*(?:/usr)?/bin/(?:ba)?sh\s*$)", self._text(path), re.MULTILINE
        ):
            raise NoRunnerError(f"{self._shown(path)} sets {special or 'SHELL'}, so that exit codes may be lost; name the test runner itself")
        targets = targets or [name for name in makefile if not name.startswith(".")][:1]
        found: list[_Found] = []
        for target in targets:
            found += self._target(target, makefile, path, depth, ())
        return found

    def _target(self, target: str, makefile: Mapping[str, _Rule], path: Path, depth: int, above: tuple[str, ...]) -> list[_Found]:
        origin = f"target `{target}` of {self._shown(path)}"
        rule = makefile.get(target)
        if rule is None:
            if above and not (path.parent / target).exists():
                raise NoRunnerError(f"{origin} is not there")
            if not above:
                raise NoRunnerError(f"{origin} is not there; name the test runner itself")
            return []
        if target in above:
            return []
        found: list[_Found] = []
        for needed in rule.needs:
            found += self._target(needed, makefile, path, depth, (*above, target))
        for line in rule.recipe:
            marks = re.match(r"[@+\-\s]*", line)
            assert marks is not None
            if "-" in marks.group():
                raise NoRunnerError(f"{origin}: the exit code of `{line}` is ignored (`-`); take the mark away, or name the test runner itself")
            self.trail.append(f"{origin}: {line}")
            found += self._lines(line[marks.end() :], path.parent, depth + 1, origin)
        return found

    # -- tox: https://tox.wiki/en/stable/reference/config.html ------------------------------------------------------------------------------

    def _tox(self, rest: tuple[str, ...], cwd: Path, depth: int) -> list[_Found]:
        names = [word for flag, word in pairwise(rest) if flag in ("-e", "--env")]
        given = rest[rest.index("--") + 1 :] if "--" in rest else ()
        lines = self._tox_lines(names, cwd)
        if not lines:
            raise NoRunnerError(f"tox has no commands in {self._shown(cwd)} (tox.ini, tox.toml or pyproject.toml); name the test runner itself")
        found: list[_Found] = []
        for line in lines:
            if line.startswith("-"):
                raise NoRunnerError(f"tox: the exit code of `{line}` is ignored (`-`); take the mark away, or name the test runner itself")
            text = re.sub(r"\{posargs(?::([^}]*))?\}", lambda found: shlex.join(given) if given else found.group(1) or "", line)
            text = re.sub(r"\{env(?:python|_python)\}", "python", text)
            self.trail.append(f"tox: {text}")
            try:
                words = tuple(shlex.split(text, comments=True))
            except ValueError as error:
                raise NoRunnerError(f"tox: `{line}` cannot be read: {error}") from error
            found += self.words(words, cwd, depth + 1, harmless=True)
        return found

    def _tox_lines(self, names: Sequence[str], cwd: Path) -> list[str]:
        ini, legacy = configparser.ConfigParser(interpolation=None, strict=False), ""
        try:
            if (cwd / "tox.ini").is_file():
                legacy = self._text(cwd / "tox.ini")
            else:
                own = (cwd / "tox.toml").is_file()
                table = tomllib.loads(self._text(cwd / ("tox.toml" if own else "pyproject.toml")))
                table = table if own else table.get("tool", {}).get("tox", {})
                legacy = str(table.get("legacy_tox_ini", ""))
                if not legacy:
                    blocks = [table.get("env", {}).get(name, {}) for name in names] + [table.get("env_run_base", {})]
                    rows: list[object] = next((block["commands"] for block in blocks if "commands" in block), [])
                    return [shlex.join(map(str, row)) for row in rows if isinstance(row, list)]
            ini.read_string(legacy)
        except (configparser.Error, tomllib.TOMLDecodeError, AttributeError, TypeError) as error:
            raise NoRunnerError(f"the settings of tox in {self._shown(cwd)} cannot be read: {error}") from error
        for section in (*(f"testenv:{name}" for name in names), "testenv"):
            if ini.has_section(section):
                if ini.get(section, "ignore_outcome", fallback="false").strip().lower() == "true":
                    raise NoRunnerError(f"tox: [{section}] has ignore_outcome = true; take it away")
                if ini.has_option(section, "commands"):
                    joined = re.sub(r"\\\n\s*", " ", ini.get(section, "commands"))
                    return [line.strip() for line in joined.split("\n") if line.strip()]
        return []

    # -- files ----------------------------------------------------------------------------------------------------------------------------

    def _text(self, path: Path) -> str:
        try:
            if path.stat().st_size > _LARGEST:
                raise NoRunnerError(f"{self._shown(path)} is too large to be followed; name the test runner itself")
            return path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise NoRunnerError(f"{self._shown(path)} cannot be read: {error.strerror or error}") from error

    def _shown(self, path: Path) -> str:
        try:
            return str(path.resolve().relative_to(self.root))
        except ValueError:
            return str(path)


def _refuse_deciding(text: str) -> None:
    found = _DECIDES.match(text)
    if found:
        raise NoRunnerError(f"`{text}`: {found.group(1)} decides which program runs; leave it out, or name the test runner itself")


def _runner_of(name: str, rest: tuple[str, ...]) -> str | None:
    """The runner that a program is with these arguments."""
    verbs = [word for word in rest if not word.startswith("-")]
    decide: Mapping[str, Callable[[], bool]] = {
        "pytest": lambda: name in ("pytest", "py.test"),
        "unittest": lambda: name == "unittest",
        "jest": lambda: name == "jest" or (name == "react-scripts" and verbs[:1] == ["test"]),
        "vitest": lambda: name == "vitest",
        "node": lambda: name == "node" and "--test" in rest,
        "mocha": lambda: name in ("mocha", "_mocha"),
        "go": lambda: name == "go" and verbs[:1] == ["test"],
        "cargo": lambda: name == "cargo" and [word for word in verbs if not word.startswith("+")][:1] in (["test"], ["t"]),
        "gradle": lambda: name == "gradle",
        "maven": lambda: name == "mvn",
        "dotnet": lambda: name == "dotnet" and verbs[:1] == ["test"],
        "rspec": lambda: name == "rspec",
        "phpunit": lambda: name in ("phpunit", "phpunit.phar"),
    }
    return next((runner for runner, is_it in decide.items() if is_it()), None)


def _launched(name: str, rest: tuple[str, ...]) -> tuple[str, ...]:
    rest = _past_options(rest)
    if name == "timeout" and rest:
        rest = rest[1:]
    return rest


def _past_options(rest: tuple[str, ...], stop: str = "") -> tuple[str, ...]:
    """What a launcher runs: the words after its own options."""
    while rest and rest[0].startswith("-") and rest[0] != stop:
        if rest[0] == "--":
            return rest[1:]
        rest = rest[2:] if rest[0] in _VALUED else rest[1:]
    return rest


def _scripts(text: str) -> dict[str, str]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoRunnerError(f"package.json cannot be read: {error}") from error
    scripts = data.get("scripts") if isinstance(data, dict) else None
    return {key: value for key, value in scripts.items() if isinstance(value, str)} if isinstance(scripts, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    needs: tuple[str, ...]
    recipe: tuple[str, ...]


_SET = re.compile(r"^([A-Za-z_]\w*)\s*(\?=|:{0,2}=)\s*(.*)$")
_RULE = re.compile(r"^([^\s#:=][^:=#]*?)\s*::?(?!=)\s*([^#;=]*)$")


def _makefile(text: str, given: Mapping[str, str]) -> dict[str, _Rule]:
    """The rules of a Makefile; variables are those it sets plainly, and those of the command line, which win."""
    variables = dict(given)
    rules: dict[str, _Rule] = {}
    names: list[str] = []
    for line in re.sub(r"\\\n\s*", " ", text).split("\n"):
        if line.startswith("\t"):
            for name in names:
                rules[name] = _Rule(needs=rules[name].needs, recipe=(*rules[name].recipe, _expanded(line.strip(), variables)))
        elif found := _SET.match(line):
            if found.group(1) not in given and (found.group(2) != "?=" or found.group(1) not in variables):
                variables[found.group(1)] = _expanded(found.group(3), variables)
        elif found := _RULE.match(_expanded(line, variables)):
            names = found.group(1).split()
            for name in names:
                before = rules.get(name, _Rule(needs=(), recipe=()))
                rules[name] = _Rule(needs=(*before.needs, *found.group(2).replace("|", " ").split()), recipe=before.recipe)
    return rules


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    text = re.sub(r"\$[({](\w+)[)}]", lambda found: variables.get(found.group(1), ""), text)
    return text.replace("$$", "$")


# -- shell ---------------------------------------------------------------------------------------------------------------------------------


def _chain(node: Node, data: bytes, origin: str) -> Iterable[Node]:
    """The commands of a statement in which every failure counts; anything else is refused by name."""
    if node.type in ("command", "declaration_command", "variable_assignment", "variable_assignments", "unset_command"):
        for name in re.split(r"\s+(?=\w+=)", _text(node, data)):
            _refuse_deciding(name)
        if node.type == "command" or "$(" in _text(node, data) or "`" in _text(node, data):
            yield node
        return
    if node.type in ("list", "subshell", "compound_statement"):
        for child in node.children:
            if child.type in ("||", ";", "&", ";;"):
                lost = "`||` lets a failure pass" if child.type == "||" else f"`{child.type}` loses the exit code of what stands before it"
                raise NoRunnerError(f"{origin}: {lost}; join commands with &&, or name the test runner itself")
        for child in node.named_children:
            if child.type != "comment":
                yield from _chain(child, data, origin)
        return
    if node.type == "redirected_statement":
        for child in node.children:
            if child.type == "file_redirect" and _text(child, data).replace(" ", "") not in ("2>&1", "</dev/null"):
                raise NoRunnerError(f"{origin}: `{_text(child, data)}` takes the output away; leave it out")
            if child.type in ("heredoc_redirect", "herestring_redirect"):
                raise NoRunnerError(f"{origin}: `{_text(child, data)}` feeds a text to a program; leave it out")
        body = node.child_by_field_name("body")
        if body is not None:
            yield from _chain(body, data, origin)
        return
    said = {"pipeline": "a pipe loses the exit code of all but its last command", "negated_command": "`!` turns a failure into success"}
    why = said.get(node.type, f"`{_text(node, data)[:60]}` decides while it runs what counts")
    raise NoRunnerError(f"{origin}: {why}; name the test runner itself")


def _command_words(node: Node, data: bytes, arguments: tuple[str, ...], origin: str) -> tuple[str, ...]:
    waiting, kinds = [node], set()
    while waiting:
        part = waiting.pop()
        kinds.add(part.type)
        waiting += part.named_children
    if kinds & {"command_substitution", "process_substitution"}:
        raise NoRunnerError(f"{origin}: `{_text(node, data)}` runs a command inside a command; name the test runner itself")
    words: list[str] = []
    for child in node.named_children:
        text = _text(child, data)
        if child.type in ("variable_assignment", "comment", "file_redirect"):
            continue
        if text in ('"$@"', "$@", '"${@}"', "$*", '"$*"'):
            words += arguments
        elif child.type == "command_name" and "$" in text:
            raise NoRunnerError(f"{origin}: `{text}` can be any command; name the test runner itself")
        else:
            words += _unquoted(text)
    return tuple(words)


def _unquoted(text: str) -> list[str]:
    try:
        return ["".join(shlex.split(text))]
    except ValueError:
        return [text]


def _text(node: Node, data: bytes) -> str:
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")
