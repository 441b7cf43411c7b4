"""How fast a scan is beside its peers: `python bench/speed.py [--runs N] [--large] [--trees DIRECTORY] [--write]`.

Prepares what it needs in a folder of the cache: the source of Django from the package index, trees made by a generator, the bundled sample. Every
figure is of a whole process with all that it started: wall time, and processor time (user and system). Commands that are compared take turns, and the
least of the runs counts, for what disturbs a run only ever adds to it. `--large` makes the tree of 100,000 files too; `--trees` names a directory of
repositories for the row that compares with semgrep; `--write` puts the table into docs/benchmarks.md.

Peers are taken from PATH or from beside this Python, and left out, by name, where they are not installed: ruff, bandit, semgrep.
"""

import argparse
import datetime as dt
import os
import platform
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
DJANGO = "5.2"
PAGE = CHECKOUT / "docs/benchmarks.md"
HERE = Path(sys.executable).parent
OURS = (sys.executable, "-m", "auditor")
FINE = frozenset({0, 1})
"""What the compared programs answer when they worked: nothing found, something found."""


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of one run, and the most memory of any of its processes, in MB."""

    wall: float
    processor: float
    memory: float


def took(command: tuple[str, ...], folder: Path, environment: dict[str, str] | None = None) -> Took:
    """Run a command in a process of its own, so that its children are counted and no other's; raises SystemExit when it does not work."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        clock = time.perf_counter()
        run = subprocess.run(
            command, cwd=folder, env=os.environ | (environment or {}), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
        wall, used = time.perf_counter() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
        trouble = "" if run.returncode in FINE else f"exit code {run.returncode}: {run.stderr.decode(errors='replace')[-300:]}"
        os.write(writer, f"{wall} {used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024} {trouble}".encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        answer = stream.read()
    os.waitpid(child, 0)
    wall_text, processor, memory, trouble = answer.split(" ", 3)
    if trouble:
        raise SystemExit(f"{' '.join(command)} in {folder}: {trouble}")
    return Took(float(wall_text), float(processor), float(memory))


def least(found: list[Took]) -> Took:
    """The least of each figure, but the most memory."""
    return Took(min(one.wall for one in found), min(one.processor for one in found), max(one.memory for one in found))


def side_by_side(runs: int, *sides: Callable[[], Took]) -> list[Took]:
    """Each side in turn, ``runs`` times over."""
    found: list[list[Took]] = [[] for _ in sides]
    for _ in range(runs):
        for kept, side in zip(found, sides, strict=True):
            kept.append(side())
    return [least(kept) for kept in found]


# -- what is scanned ---------------------------------------------------------------------------------------------------------------


def home() -> Path:
    """Where corpora are kept between runs."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gotcha-audit-bench"
    base.mkdir(parents=True, exist_ok=True)
    return base


def django() -> Path:
    """The source tree of Django as its maintainers publish it, as a repository of its own."""
    tree = home() / f"django-{DJANGO}"
    if not tree.is_dir():
        with tempfile.TemporaryDirectory(dir=home()) as scratch:
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", scratch, f"django=={DJANGO}.*"],
                check=True,
                stderr=subprocess.DEVNULL,
            )
            (archive,) = Path(scratch).glob("[dD]jango-*.tar.gz")
            with tarfile.open(archive) as packed:
                packed.extractall(scratch, filter="data")
            (unpacked,) = (path for path in Path(scratch).iterdir() if path.is_dir())
            committed(unpacked)
            unpacked.rename(tree)
    return tree


def committed(tree: Path) -> Path:
    """The tree as a repository with one commit."""
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=bench", "-c", "user.email=bench@bench.example", "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=tree, check=True)
    return tree


_WEB = '''"""Views of part {number}."""

import os

from flask import Flask, jsonify, request

app = Flask(__name__)
LIMIT = int(os.environ.get("PART_{number}_LIMIT", "20"))


@app.get("/part/{number}")
def part():
    """What there is of part {number}."""
    rows = [row for row in request.args.getlist("row") if row]
    return jsonify(rows[:LIMIT])
'''
_PLAIN = '''"""Arithmetic of part {number}."""


class Total:
    """A sum that remembers how it came about."""

    def __init__(self) -> None:
        self.parts: list[int] = []

    def add(self, value: int) -> "Total":
        """With one more part."""
        self.parts.append(value)
        return self

    def value(self) -> int:
        """What they come to."""
        return sum(self.parts) + {number}
'''


def synthetic(files: int) -> Path:
    """A tree of Python files, fifty a folder, one in ten of them with a view and a variable."""
    tree = home() / f"made-{files}"
    if not tree.is_dir():
        scratch = Path(tempfile.mkdtemp(dir=home()))
        (scratch / "requirements.txt").write_text("flask==3.1.0\n")
        for number in range(files):
            folder = scratch / f"part{number // 2500:02}" / f"unit{number // 50 % 50:02}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"module{number}.py").write_text((_PLAIN if number % 10 else _WEB).replace("{number}", str(number)))
        committed(scratch).rename(tree)
    return tree


def sample(scratch: Path) -> Path:
    """The bundled sample, a Flask and React shop, to be changed at will."""
    return committed(Path(shutil.copytree(CHECKOUT / "fixtures/projects/sample-flask-react", scratch / "sample")))


# -- rows --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: ``met`` is None where there was nothing to compare with."""

    work: str
    ours: str
    peer: str
    target: str
    met: bool | None


def tool(name: str) -> str | None:
    """A peer beside this Python or on PATH."""
    beside = HERE / name
    return str(beside) if beside.exists() else shutil.which(name)


def scan(folder: Path, *arguments: str, cache: Path | None = None) -> Callable[[], Took]:
    """Our scan, with a cache of its own."""
    environment = {"PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": ""} | ({"XDG_CACHE_HOME": str(cache)} if cache else {})
    return lambda: took((*OURS, "scan", *(arguments or (".",))), folder, environment)


def cold(runs: int) -> Iterator[Row]:
    """The whole catalogue over Django, nothing kept, beside ruff and bandit."""
    tree = django()
    work = "Django's source tree, cold"
    ours = scan(tree, ".", "--no-cache")
    for name, command, times, target in (
        ("ruff", ("check", "--no-cache", "--select", "S", "-q", "."), 3, "at most 3 times its processor time"),
        ("bandit", ("-r", ".", "-q", "-f", "json"), 1 / 20, "at least 20 times less processor time"),
    ):
        program = tool(name)
        if program is None:
            yield Row(work, "", f"{name} is not installed", "", None)
            continue
        mine, other = side_by_side(runs if name == "ruff" else 1, ours, lambda program=program, command=command: took((program, *command), tree))
        ratio = mine.processor / other.processor
        how = f"{ratio:.1f} times its time" if times > 1 else f"{1 / ratio:.1f} times less"
        yield Row(work, shown(mine), f"{name}: {shown(other)}; {how}", target, ratio <= times)


def unchanged(runs: int, scratch: Path) -> Iterator[Row]:
    """A second scan of Django beside `git status` and the start of an interpreter."""
    tree, cache = django(), scratch / "unchanged"
    again = scan(tree, cache=cache)
    again()
    mine, status, start = side_by_side(
        runs, again, lambda: took(("git", "status", "--short"), tree), lambda: took((sys.executable, "-c", "pass"), tree)
    )
    base = status.wall + start.wall
    peer = f"git status {status.wall:.3f} s and interpreter {start.wall:.3f} s; {mine.wall / base:.0f} times both"
    yield Row("Django's source tree, nothing changed", shown(mine), peer, "at most twice both", mine.wall <= 2 * base)


def one_file(runs: int, scratch: Path) -> Iterator[Row]:
    """One changed file of the bundled sample, as a hook sees it."""
    tree, cache = sample(scratch), scratch / "one"
    for name, limit in (("backend/app.py", 0.30), ("frontend/src/api.js", 0.60)):
        path = tree / name
        if not path.is_file():
            path = next(path for path in sorted(tree.rglob(f"*{Path(name).suffix}*")) if path.is_file() and "node_modules" not in path.parts)
        relative = str(path.relative_to(tree))
        ours = scan(tree, relative, cache=cache)
        ours()
        found = []
        for number in range(runs):
            mark = "#" if path.suffix == ".py" else "//"
            path.write_text(f"{path.read_text()}\n{mark} edit {number}\n")
            found.append(ours())
        mine = least(found)
        yield Row(f"one changed file ({relative})", shown(mine), "", f"at most {limit:.2f} s wall", mine.wall <= limit)
    imports = least(
        [
            took((sys.executable, "-c", "import auditor.cli.scan"), tree, {"PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": ""})
            for _ in range(runs)
        ]
    )
    start = least([took((sys.executable, "-c", "pass"), tree) for _ in range(runs)])
    own = imports.wall - start.wall
    yield Row("our own imports for it", f"{own:.2f} s wall", "", "at most 0.12 s", own <= 0.12)


def against_semgrep(trees: Path, scratch: Path) -> Iterator[Row]:
    """All repositories below a directory, one after the other, beside semgrep with the rules we export."""
    program = tool("semgrep")
    rules = scratch / "rules.yaml"
    with rules.open("w") as stream:
        subprocess.run([*OURS, "catalogue", "export-semgrep"], check=True, stdout=stream, env=os.environ | {"PYTHONPATH": str(CHECKOUT)})
    if program is None:
        yield Row("repositories, cold", "", "semgrep is not installed", "", None)
        return
    command = (program, "scan", "--config", str(rules), "--metrics=off", "--disable-version-check", "--quiet", ".")
    mine = theirs = 0.0
    count = 0
    for tree in sorted(path for path in trees.iterdir() if path.is_dir()):
        try:
            one, other = side_by_side(1, scan(tree, ".", "--no-cache"), lambda tree=tree: took(command, tree, {"SEMGREP_ENABLE_VERSION_CHECK": "0"}))
        except SystemExit as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        mine, theirs, count = mine + one.wall, theirs + other.wall, count + 1
    peer = f"semgrep: {theirs:.1f} s wall; {theirs / mine:.1f} times less" if mine else ""
    yield Row(f"{count} repositories, cold", f"{mine:.1f} s wall", peer, "at least 10 times less wall time", bool(mine) and theirs >= 10 * mine)


def growth(runs: int, sizes: tuple[int, ...]) -> Iterator[Row]:
    """Time and memory for trees of more and more files."""
    first: float | None = None
    for size in sizes:
        (mine,) = side_by_side(max(1, runs // 2) if size < 50_000 else 1, scan(synthetic(size), ".", "--no-cache"))
        each = 1000 * mine.processor / size
        flat = None if first is None else each <= 1.2 * first
        first = each if first is None else first
        yield Row(f"{size:,} made files, cold", f"{shown(mine)}, {each:.2f} ms a file", "", "the same time for each file", flat)
        yield Row(f"memory for {size:,} made files", f"{mine.memory:.0f} MB in the largest process", "", "less than 400 MB", mine.memory < 400)


def shown(one: Took) -> str:
    """Wall and processor time."""
    return f"{one.wall:.2f} s wall, {one.processor:.2f} s processor"


def version(name: str) -> str:
    """The version of an installed package; empty when it is not there."""
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return ""


def table(rows: list[Row]) -> str:
    """The rows as Markdown, with the machine, the versions and the day."""
    versions = ", ".join(filter(None, map(version, ("gotcha-audit", "ruff", "bandit", "semgrep"))))
    heading = (
        f"{dt.datetime.now(dt.UTC).date()}, {platform.system()} {platform.machine()}, {os.cpu_count()} processors, "
        f"Python {platform.python_version()}, {versions}, Django {DJANGO}."
    )
    lines = [
        heading,
        "",
        "| work | gotcha-audit | beside it | target | met |",
        "|---|---|---|---|---|",
    ]
    words = {True: "yes", False: "**no**", None: "-"}
    lines += [f"| {row.work} | {row.ours} | {row.peer} | {row.target} | {words[row.met]} |" for row in rows]
    return "\n".join(lines) + "\n"


_BEGIN, _END = "<!-- the table of bench/speed.py -->", "<!-- end of the table -->"


def main() -> None:
    """Measure, print, and write when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--trees", type=Path)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        parts = [one_file(asked.runs, scratch), unchanged(asked.runs, scratch), cold(asked.runs)]
        parts += [growth(asked.runs, (1_000, 10_000, *((100_000,) if asked.large else ())))]
        parts += [against_semgrep(asked.trees, scratch)] if asked.trees else []
        for part in parts:
            for row in part:
                print(f"{row.work}: {row.ours} {row.peer}", file=sys.stderr, flush=True)
                rows.append(row)
    text = table(rows)
    print(text, end="")
    if asked.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(_BEGIN)
        PAGE.write_text(f"{before}{_BEGIN}\n{text}{_END}{rest.partition(_END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
