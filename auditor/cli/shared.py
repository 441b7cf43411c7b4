"""What several commands need: the catalogue of a project, an entry by name, lists in options."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from auditor.catalogue import Catalogue, load, rules_directory
from auditor.catalogue.proofs import proof_of, state_of
from auditor.errors import CatalogueError, UsageError
from auditor.model import Gotcha
from auditor.project.config import load_config
from auditor.report import ENTRY_PAGES, Observation, ProofNote


def project_catalogue(root: Path | None = None) -> Catalogue:
    """Load the built-in entries and those the configuration in ``root`` (the current directory) adds."""
    return load(load_config(root or Path.cwd()).catalogues)


def entry(catalogue: Catalogue, name: str) -> Gotcha:
    """Find an entry by id or alias; raises UsageError with what was meant perhaps."""
    return catalogue.named(name)


def page(gotcha: Gotcha) -> str:
    """Where an entry can be read on the web; empty for an entry of the user's own."""
    origin = Path(gotcha.origin)
    if not origin.is_absolute() or not origin.is_relative_to(rules_directory().absolute()):
        return ""
    return f"{ENTRY_PAGES}/{gotcha.id}{origin.suffix}"


def proof_note(gotcha: Gotcha) -> ProofNote:
    """What running the examples of an entry showed; a proof that cannot be read is none, and says why."""
    try:
        state, proof = state_of(gotcha), proof_of(gotcha)
    except CatalogueError as error:
        return ProofNote(state="unproven", reason=str(error))
    if proof is None or state == "unprovable":
        return ProofNote(state=state, reason=gotcha.proof.unprovable)
    fails, works = (tuple(Observation(what=look.what, seen=look.seen) for look in looks) for looks in (proof.fails, proof.works))
    return ProofNote(state=state, date=proof.date, ran=proof.ran, versions=proof.versions, fails=fails, works=works)


def split(values: Iterable[str]) -> tuple[str, ...]:
    """Flatten repeatable, comma separated option values."""
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def directory(path: Path) -> Path:
    """Check that ``path`` is a directory; raises UsageError."""
    if not path.exists():
        raise UsageError(f"{path}: no such directory")
    if not path.is_dir():
        raise UsageError(f"{path} is no directory")
    return path


def columns(rows: list[tuple[str, ...]]) -> str:
    """Lay rows out under each other, two spaces between columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)] if rows else []
    return "".join("  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows)


format_option = click.option(
    "--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to write the answer."
)
