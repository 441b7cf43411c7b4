"""One validation of a base with one fault in it: what the matrix is made of, and its table in the documentation."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from auditor.gate.validation import Validation, validated
from auditor.model import Outcome, Run
from auditor.project.config import load_config
from auditor.prove.bases import base, lay_out
from auditor.prove.install import install
from tests.runtime.mutations import Mutation


def healthy(name: str, folder: Path) -> Path:
    """A base laid out with everything installed and built."""
    return install(lay_out(base(name), folder)).root


def mutated(mutation: Mutation, folder: Path, *, held: int | None = None) -> Path:
    """The base of a mutation with its fault, made before or after packages were installed and the front end was built."""
    root = lay_out(base(mutation.base), folder)
    if mutation.when == "before":
        mutation.apply(root, held=held)
    install(root)
    if mutation.when == "after":
        mutation.apply(root, held=held)
    return root


def run(root: Path, mutation: Mutation | None = None, *, browser: bool = True) -> Run:
    """Validate what is in ``root``, with the variables of the mutation."""
    config = load_config(root)
    given = dict(config.validate)
    if mutation is not None:
        environment = {**given.get("env", {}), **mutation.variables}  # type: ignore[dict-item]
        given["env"] = {name: value for name, value in environment.items() if name not in mutation.without}
    asked = Validation(
        config=replace(config, validate=given), caller={"PATH": os.environ["PATH"], "HOME": str(root)}, browser=browser, explained=False
    )
    return validated(root, asked).runs[0]


def red(found: Run) -> frozenset[str]:
    """The checks that failed, or could not be carried out."""
    return frozenset(result.check.removeprefix("runtime/") for result in found.results if result.outcome in (Outcome.FAIL, Outcome.ERROR))


def told(found: Run) -> list[str]:
    """What did not pass, for the message of a failing test."""
    bad = (Outcome.FAIL, Outcome.ERROR)
    return [f"{result.check} {result.place}: {result.message}" for result in found.results if result.outcome in bad]


@contextmanager
def squatter() -> Iterator[int]:
    """A port that this process holds."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])
