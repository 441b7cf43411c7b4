"""Which folder of the project a folder of an image stands for, from what is copied and mounted there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from auditor.project.facts.files.dockerfile import copied, pairs
from auditor.project.facts.record import Stage
from auditor.project.facts.servers import expanded
from auditor.project.files import normal

if TYPE_CHECKING:
    from auditor.project.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """``inside`` is an absolute folder of the image, ``outside`` the folder of the project whose contents lie there."""

    inside: PurePosixPath
    outside: PurePosixPath


def layout(project: Project, stages: tuple[Stage, ...], number: int, context: PurePosixPath) -> tuple[Copied, ...]:
    """What stage ``number`` copies out of the build context, directly, from its base stage or through another stage; in order."""
    return tuple(_copied(project, stages, number, context, depth=0))


def _copied(project: Project, stages: tuple[Stage, ...], number: int, context: PurePosixPath, *, depth: int) -> Iterator[Copied]:
    stage = stages[number]
    base = _named(stages[:number], stage.image)
    if base is not None and depth < 8:
        yield from _copied(project, stages, base, context, depth=depth + 1)
    folder, variables = PurePosixPath(_folder_before(stages, base)), dict[str, str | None]()
    for instruction in stage.instructions:
        if instruction.word in ("ENV", "ARG"):
            variables |= {name: value for name, value in pairs(instruction.rest) if value}
        elif instruction.word == "WORKDIR":
            folder = _inside(folder, expanded(instruction.rest.strip("\"'"), variables))
        parts = copied(instruction)
        if parts is None:
            continue
        sources, target = parts
        inside = _inside(folder, expanded(target, variables))
        source = next((flag.partition("=")[2] for flag in instruction.flags if flag.startswith("--from=")), "")
        if source:
            other = _named(stages[:number], source)
            if other is not None and depth < 8:
                known = tuple(_copied(project, stages, other, context, depth=depth + 1))
                for path in sources:
                    yield from _through(known, PurePosixPath(expanded(path, variables)), inside)
            continue
        for path in sources:
            outside = normal(str(context / path))
            if project.is_dir(outside):
                yield Copied(inside=inside, outside=outside)
            elif target.endswith(("/", ".")) or len(sources) > 1:
                yield Copied(inside=inside, outside=outside.parent)


def _folder_before(stages: tuple[Stage, ...], base: int | None) -> str:
    folder = PurePosixPath("/")
    if base is not None:
        for instruction in stages[base].instructions:
            if instruction.word == "WORKDIR":
                folder = _inside(folder, instruction.rest.strip("\"'"))
    return str(folder)


def _inside(folder: PurePosixPath, path: str) -> PurePosixPath:
    return PurePosixPath("/") / normal(str(folder / path))


def _named(stages: tuple[Stage, ...], name: str) -> int | None:
    """The stage of a name or number."""
    for number in range(len(stages) - 1, -1, -1):
        if stages[number].name.lower() == name.lower() != "" or str(number) == name:
            return number
    return None


def _through(known: Iterable[Copied], path: PurePosixPath, target: PurePosixPath) -> Iterator[Copied]:
    """What another stage's folders become when ``path`` of it is copied to ``target``."""
    for item in known:
        if item.inside == path or path in item.inside.parents:
            yield Copied(inside=target / item.inside.relative_to(path), outside=item.outside)
        elif item.inside in path.parents:
            yield Copied(inside=target, outside=item.outside / path.relative_to(item.inside))


def bases(known: Iterable[Copied], folder: str, variables: Mapping[str, str | None]) -> Iterator[PurePosixPath]:
    """The folders of the project that ``folder`` of the image stands for, the last copied first."""
    where = _inside(PurePosixPath("/"), expanded(folder, variables) or "/")
    for item in reversed(tuple(known)):
        if item.inside == where:
            yield item.outside
        elif item.inside in where.parents:
            yield normal(str(item.outside / where.relative_to(item.inside)))
        elif where in item.inside.parents:
            tail = item.inside.relative_to(where).parts
            if item.outside.parts[-len(tail) :] == tail:
                yield PurePosixPath(*item.outside.parts[: -len(tail)])
