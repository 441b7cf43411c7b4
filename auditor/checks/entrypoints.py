"""What a container starts with: the script of its entrypoint, and the command that asks how it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from auditor.checks.processes import SHELLS, lasting
from auditor.model import CheckDetector, Gotcha, Outcome, Place, Site, span_of
from auditor.project.facts.endings import endings
from auditor.project.facts.files.commands import listed
from auditor.project.facts.files.dockerfile import copied
from auditor.project.facts.record import Instruction, Record, Stage
from auditor.project.facts.unit import Command, Unit
from auditor.project.files import SourceFile
from auditor.project.project import Project
from auditor.project.text import Unreadable

_INITS = frozenset({"catatonit", "dumb-init", "init", "s6-svscan", "tini"})
_ARGUMENTS = frozenset({("$@",), ("$*",), ("${@}",), ("${*}",)})
_TOOL = re.compile(r"(?:^|&&|\|\||;|\|)\s*(curl|wget)\b")
_MAYBE = re.compile(r"(?:^|&&|\|\||[;|]|sh)\s*[\w./-]*\.sh\b|\$\{?\w|install-deps|--with-deps|^\s*(?:ba)?sh\s", re.MULTILINE)
_WITHOUT = (
    (re.compile(r"^(?:docker\.io/)?(?:library/)?(?:python|node|ruby):[\w.\-]*slim[\w.\-]*$"), frozenset({"curl", "wget"})),
    (re.compile(r"^(?:docker\.io/)?(?:library/)?(?:python|node|ruby|golang|php):[\w.\-]*alpine[\d.]*$"), frozenset({"curl"})),
    (re.compile(r"^(?:docker\.io/)?(?:library/)?alpine(?::[\w.\-]+)?$"), frozenset({"curl"})),
    (re.compile(r"^(?:docker\.io/)?(?:library/)?(?:debian|ubuntu)(?::[\w.\-]+)?$"), frozenset({"curl", "wget"})),
    (re.compile(r"^gcr\.io/distroless/"), frozenset({"curl", "wget"})),
)
"""Images by name, and which of the two tools they lack."""


def _dockerfiles(project: Project) -> Iterator[tuple[SourceFile, Record, Unit, tuple[Instruction, ...]]]:
    """Each production Dockerfile with what it builds by default, and the instructions of the stages that went into it."""
    for file in project.list("dockerfile"):
        record = project.facts.record(file.path)
        if record.units and record.stages and record.fault is None:
            chain = _chain(record.stages)
            yield file, record, record.units[-1], tuple(instruction for stage in chain for instruction in stage.instructions)


def _chain(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """The last stage and those it is built on, the first one first."""
    found = [stages[-1]]
    for number in range(len(stages) - 2, -1, -1):
        if found[0].image.lower() in (stages[number].name.lower(), str(number)):
            found.insert(0, stages[number])
    return tuple(found)


def _site(gotcha: Gotcha, outcome: Outcome, message: str, place: Place, *related: Place) -> Site:
    return Site(gotcha=gotcha.id, outcome=outcome, message=message, place=place, related=related, scope=place.span)


def _started(unit: Unit) -> Command | None:
    return unit.entrypoint or unit.command


def _script(project: Project, file: SourceFile, instructions: tuple[Instruction, ...], words: tuple[str, ...]) -> tuple[PurePosixPath, bool] | None:
    """The file of the project that a command runs, and whether a shell is told to read it; None for one that cannot be told."""
    shell = PurePosixPath(words[0]).name in SHELLS - {"su", "runuser"}
    rest = [word for word in words[1:] if not re.fullmatch(r"-[a-z]+", word)] if shell else list(words)
    if not rest or not re.fullmatch(r"[\w./-]+", rest[0]) or (shell and any(re.fullmatch(r"-[a-z]*c", word) for word in words[1:])):
        return None
    name = PurePosixPath(rest[0]).name
    found = [other.path for other in project.tree_files if other.path.name == name and other.role == "production"]
    sources = [source for one in instructions for source in (copied(one) or ((), ""))[0] if not any(flag.startswith("--from") for flag in one.flags)]
    named = {str(PurePosixPath(source)) for source in sources if PurePosixPath(source).name == name}
    if named:
        found = [path for path in found if any(str(path) == source or str(path).endswith("/" + source) for source in named)]
    if len(found) > 1:
        found = [path for path in found if file.path.parent in path.parents and path.parent == file.path.parent]
    return (found[0], shell) if len(found) == 1 else None


def entrypoint_without_exec(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A script is the first process of a container and waits for the server: the signal to stop never gets to the server."""
    for file, _, unit, instructions in _dockerfiles(project):
        start = _started(unit)
        if start is None or not start.words or PurePosixPath(start.words[0]).name in _INITS:
            continue
        script = _script(project, file, instructions, start.words)
        text = _text(project, script[0]) if script is not None and script[0].suffix in (".sh", ".bash", "") else ""
        ends = endings(text) if script is not None and "trap " not in text else ()
        for end in ends:
            assert script is not None
            place = Place(path=script[0], span=span_of(end.line))
            if end.words[:1] == ("exec",):
                yield _site(gotcha, Outcome.PASS, "the server takes the place of the script", place, start.place)
            elif lasting(end) or end.words[:1] in _ARGUMENTS:
                yield _site(gotcha, Outcome.FAIL, detector.message, place, start.place)


def entrypoint_not_executable(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """A script that the kernel is asked to run, without the bit that allows it, or with a carriage return after its interpreter."""
    del detector
    for file, _, unit, instructions in _dockerfiles(project):
        for start in (unit.entrypoint, unit.command if unit.entrypoint is None else None):
            script = _script(project, file, instructions, start.words) if start is not None and start.words else None
            if script is None or start is None:
                continue
            path, shell = script
            where = Place(path=path, label="the script")
            said = " ".join(f"{' '.join(one.flags)} {one.rest} {' '.join(one.documents)}" for one in instructions)
            mended = "dos2unix" in said or re.search(r"\bsed\b.*\\r|\btr\b.*\\r", said) is not None
            if _carriage_return(project, path) and not mended:
                effect = "the shell stumbles over it" if shell else "the kernel finds no interpreter of that name"
                yield _site(gotcha, Outcome.FAIL, f"the lines of {path.name} end with a carriage return: {effect}", start.place, where)
            elif shell or re.search(r"\bchmod\b|--chmod", said):
                yield _site(gotcha, Outcome.PASS, "the image sees to it", start.place, where)
            elif not project.executable(path) and ("/" in start.words[0] or path.suffix == ".sh"):
                yield _site(gotcha, Outcome.FAIL, f"{path.name} is not executable, and COPY keeps it so: permission denied", start.place, where)
            else:
                yield _site(gotcha, Outcome.PASS, "the script is executable", start.place, where)


def _carriage_return(project: Project, path: PurePosixPath) -> bool:
    try:
        return project.data(path).split(b"\n", 1)[0].endswith(b"\r")
    except Unreadable:
        return False


def _text(project: Project, path: PurePosixPath) -> str:
    try:
        return project.text(path)
    except Unreadable:
        return ""


def healthcheck_tool_missing(project: Project, gotcha: Gotcha, detector: CheckDetector) -> Iterable[Site]:
    """HEALTHCHECK runs a tool that neither the base image nor any RUN brings."""
    for _, record, _, instructions in _dockerfiles(project):
        check = next((one for one in reversed(instructions) if one.word == "HEALTHCHECK"), None)
        rest = re.sub(r"^(?:--\S+\s+)*CMD\s+", "", check.rest) if check is not None else ""
        words = listed(rest)
        line = " ".join(words) if words else rest
        tools = dict.fromkeys(_TOOL.findall(re.sub(r"^(?:/bin/)?(?:ba|a)?sh -c [\"']?", "", line.replace("/usr/bin/", ""))))
        if check is None or not tools:
            continue
        image = _chain(record.stages)[0].image
        lacks = next((lacking for pattern, lacking in _WITHOUT if pattern.match(image)), None)
        texts = [(one.word, f"{one.rest} {' '.join(one.documents)}") for one in instructions if one.word in ("RUN", "COPY", "ADD")]
        brought = "\n".join(text for _, text in texts)
        missing = [tool for tool in tools if lacks is not None and tool in lacks and not re.search(rf"\b{tool}\b", brought)]
        if lacks is None or len(missing) < len(tools):
            if lacks is not None and not missing:
                yield _site(gotcha, Outcome.PASS, f"{', '.join(tools)} is there", check.place)
        elif any(_MAYBE.search(text) for word, text in texts if word == "RUN"):
            yield _site(gotcha, Outcome.REVIEW, f"whether a script or a variable of the build brings {missing[0]} cannot be told", check.place)
        else:
            yield _site(gotcha, Outcome.FAIL, detector.message.replace("$TOOL", missing[0]).replace("$IMAGE", image), check.place)
