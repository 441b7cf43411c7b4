"""``--format`` and ``--output``: one report in one or several formats, on standard output and in files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import click

from auditor.cli.output import emit, say, write_file
from auditor.errors import UsageError
from auditor.model import Report
from auditor.report import RENDERERS, Renderer, View

_MANIFESTS = ("pyproject.toml", "package.json", "requirements.txt", "Procfile", "Dockerfile", "README.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A report in one format; ``path`` is None for standard output."""

    format: str
    path: Path | None


def report_options(default: str = "text", formats: Iterable[str] = tuple(RENDERERS)) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """``--format`` (as ``formats``), ``--output`` and ``--hide-suppressed``, for a command that writes a report."""
    names = tuple(formats)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        output = click.option(
            "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to this file instead of standard output."
        )
        hide = click.option("--hide-suppressed", is_flag=True, help="Leave suppressed results out of SARIF, which holds them otherwise.")
        told = f"How to write the report: {', '.join(names)}. With :FILE it goes to that file; repeatable.  [default: {default}]"
        return click.option("--format", "formats", multiple=True, metavar="FORMAT[:FILE]", callback=_reader(names), help=told)(output(hide(function)))

    return decorate


def _reader(names: tuple[str, ...]) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], tuple[Wanted, ...]]:
    """What reads the values of ``--format``."""

    def read(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[Wanted, ...]:
        found = []
        for value in values:
            name, colon, file = value.partition(":")
            if name not in names:
                raise click.BadParameter(f"{name!r} is not one of {', '.join(names)}.", context, parameter)
            if colon and not file:
                raise click.BadParameter(f"{value!r} names no file after the colon.", context, parameter)
            found.append(Wanted(format=name, path=Path(file) if file else None))
        return tuple(found)

    return read


def wanted(formats: tuple[Wanted, ...], output: Path | None, default: str = "text") -> tuple[Wanted, ...]:
    """What to write where: ``output`` is the file of the one format that names none. Raises UsageError when two would go to the same place."""
    asked = formats or (Wanted(format=default, path=None),)
    bare = [one for one in asked if one.path is None]
    if len(bare) > 1:
        names = " and ".join(one.format for one in bare)
        raise UsageError(f"{names} cannot both go to {output or 'standard output'}: write --format {bare[0].format}:FILE")
    if output is not None and not bare:
        raise UsageError(f"--output {output}: every --format names its own file already")
    placed = tuple(replace(one, path=output) if one.path is None else one for one in asked)
    files = [os.path.realpath(one.path) for one in placed if one.path is not None]
    for one in placed:
        if one.path is not None and files.count(os.path.realpath(one.path)) > 1:
            raise UsageError(f"{one.path} is named for two formats")
    return placed


def deliver(report: Report, view: View, outputs: Iterable[Wanted], told: str, renderers: Mapping[str, Renderer] = RENDERERS) -> None:
    """Write the report everywhere it is wanted, files first; ``told`` is said of each file on standard error."""
    for one in sorted(outputs, key=lambda one: one.path is None):
        if one.path is None:
            emit(renderers[one.format](report, view))
        else:
            write_file(one.path, renderers[one.format](report, replace(view, colour=False)))
            say(f"{one.path}: {told}")


def below_repository(root: Path) -> PurePosixPath:
    """How the root of a report is reached from the root of its repository, or of the current directory where there is none."""
    absolute = root.resolve()
    for folder in (absolute, *absolute.parents):
        if (folder / ".git").exists():
            return PurePosixPath(absolute.relative_to(folder).as_posix())
    here = Path.cwd().resolve()
    return PurePosixPath(absolute.relative_to(here).as_posix()) if absolute.is_relative_to(here) else PurePosixPath()


def anchor(root: Path, *files: Path | None) -> PurePosixPath | None:
    """The file that stands for the project where a result has none: one of ``files`` (the plan, the configuration), else a manifest."""
    folder = root.resolve()
    for path in (*files, *(root / name for name in _MANIFESTS)):
        if path is not None and path.is_file() and path.resolve().is_relative_to(folder):
            return PurePosixPath(path.resolve().relative_to(folder).as_posix())
    return None
