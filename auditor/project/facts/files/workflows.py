"""GitHub workflows and composite actions (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

import yaml

from auditor.model import Place
from auditor.project.facts.files import yamls
from auditor.project.facts.files.commands import shell
from auditor.project.facts.jobs import Condition, Input, Job, Step
from auditor.project.facts.record import Fault, Record
from auditor.project.facts.unit import Unit, Variable

_VERSION = re.compile(r"^(?:python|node|go|ruby|php|java|dotnet)(?:[-_]?versions?)?$", re.IGNORECASE)
_MOST_NODES = 20_000
_MOST_JOBS = 256  # GitHub runs no more of one workflow
_MOST_STEPS = 1_000
_SECRET = re.compile(r"\$\{\{[^}]*\bsecrets[.\[]")


def extract(path: PurePosixPath, text: str) -> Record:
    """The jobs of a workflow, or the steps of a composite action as one job; one unit a script."""
    found = yamls.documents(text)
    if isinstance(found, Fault):
        return Record(fault=found)
    jobs = tuple(job for root in found[:1] for job in islice(_jobs(path, root), _MOST_JOBS))
    return Record(jobs=jobs, units=tuple(_unit(job, step) for job in jobs for step in job.steps if step.run))


def _text(node: yaml.Node | None, *keys: str) -> str:
    return yamls.text_of(yamls.get(node, *keys)) or ""


def _jobs(path: PurePosixPath, root: yaml.Node) -> Iterator[Job]:
    events = tuple(_names(yamls.get(root, "on")))
    shared = tuple(_variables(path, yamls.get(root, "env")))
    if yamls.get(root, "runs", "steps") is not None:
        steps = tuple(_steps(path, yamls.get(root, "runs", "steps"), (), "", ""))
        yield Job(name=_text(root, "name"), place=yamls.place_of(path, root), steps=steps)
    for name, node in yamls.pairs(yamls.get(root, "jobs")):
        variables = (*shared, *_variables(path, yamls.get(node, "env")), *_variables(path, yamls.get(node, "container", "env")))
        chosen = _text(node, "defaults", "run", "shell") or _text(root, "defaults", "run", "shell")
        folder = _text(node, "defaults", "run", "working-directory") or _text(root, "defaults", "run", "working-directory")
        yield Job(
            name=name,
            place=yamls.place_of(path, node),
            steps=tuple(_steps(path, yamls.get(node, "steps"), variables, chosen, folder)),
            events=events,
            condition=_condition(path, node),
            container=yamls.get(node, "container") is not None,
            runner=" ".join(_names(yamls.get(node, "runs-on"))),
            uses=_text(node, "uses"),
            forgiven=_text(node, "continue-on-error"),
            versions=(*_versions(path, yamls.get(root, "env")), *_versions(path, node)),
        )


def _versions(path: PurePosixPath, node: yaml.Node | None) -> Iterator[Input]:
    """The bare scalars below the keys that name a version, one alone or in a list, in a matrix, `with:` or `env:`."""
    waiting, known = [node], 0
    while waiting and known < _MOST_NODES:
        current = waiting.pop(0)
        known += 1
        waiting += yamls.items(current)
        for name, value in yamls.pairs(current) if isinstance(current, yaml.MappingNode) else ():
            if not _VERSION.match(name):
                waiting.append(value)
                continue
            for item in (value,) if isinstance(value, yaml.ScalarNode) else yamls.items(value):
                if isinstance(item, yaml.ScalarNode) and not item.style:
                    yield Input(name=name, value=str(item.value), place=yamls.place_of(path, item))


def _names(node: yaml.Node | None) -> Iterator[str]:
    """`on: push`, `on: [push]` and `on: {push: …}` name the same; so do labels of a runner."""
    if isinstance(node, yaml.ScalarNode):
        yield str(node.value)
    yield from (name for name, _ in yamls.pairs(node) if isinstance(node, yaml.MappingNode))
    yield from (text for item in yamls.items(node) if (text := yamls.text_of(item)))


def _steps(path: PurePosixPath, node: yaml.Node | None, variables: tuple[Variable, ...], chosen: str, folder: str) -> Iterator[Step]:
    for item in yamls.items(node)[:_MOST_STEPS]:
        script = yamls.get(item, "run")
        yield Step(
            place=yamls.place_of(path, item),
            name=_text(item, "name"),
            id=_text(item, "id"),
            uses=_text(item, "uses"),
            run=str(script.value) if isinstance(script, yaml.ScalarNode) else "",
            first=_first(script),
            shell=_text(item, "shell") or chosen,
            folder=_text(item, "working-directory") or folder,
            condition=_condition(path, item),
            inputs=tuple(
                Input(name=name, value=yamls.text_of(value), place=yamls.place_of(path, value))
                for name, value in yamls.pairs(yamls.get(item, "with"))
            ),
            variables=(*variables, *_variables(path, yamls.get(item, "env"))),
            forgiven=_text(item, "continue-on-error"),
        )


def _first(node: yaml.Node | None) -> int:
    """The line the text of a scalar begins at: a block begins after its `|` (and folds lines after `>`, so that all count as the first)."""
    if not isinstance(node, yaml.ScalarNode):
        return 0
    return int(node.start_mark.line) + (2 if node.style in ("|", ">") else 1)


def _condition(path: PurePosixPath, node: yaml.Node) -> Condition | None:
    found = yamls.get(node, "if")
    return Condition(text=str(found.value), place=yamls.place_of(path, found)) if isinstance(found, yaml.ScalarNode) else None


def _variables(path: PurePosixPath, node: yaml.Node | None) -> Iterator[Variable]:
    for name, value in yamls.pairs(node) if isinstance(node, yaml.MappingNode) else ():
        text = str(value.value) if isinstance(value, yaml.ScalarNode) else ""
        place = yamls.place_of(path, value)
        if _SECRET.search(text):
            yield Variable(name=name, value=None, place=place, source="secret")
        elif "${{" in text:
            yield Variable(name=name, value=None, place=place, source="caller")
        else:
            yield Variable(name=name, value=text, place=place)


def _unit(job: Job, step: Step) -> Unit:
    place = Place(path=step.place.path, span=step.place.span)
    return Unit(
        kind="github-actions",
        name=f"{job.name}/{step.name or step.id or step.run.strip().splitlines()[0][:60]}" if step.run.strip() else job.name,
        place=place,
        command=shell(step.run, place),
        folder=step.folder,
        variables=step.variables,
        opens=True,
        runs="once",
    )
