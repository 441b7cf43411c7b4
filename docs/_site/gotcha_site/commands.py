"""The reference of the command line, from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from inspect import cleandoc

import click

from auditor.cli import commands
from gotcha_site.text import block, code, line, page, table

NAME = "gotcha-audit"


def names() -> list[str]:
    """The commands, in the order of the help."""
    return list(commands.commands) + commands.list_commands(_context(commands, NAME))


def overview() -> str:
    """`reference/cli/index.md`: what there is, and the options of all."""
    context = _context(commands, NAME)
    rows = [[f"[{code(name)}]({name}.md)", line(_summary(commands, context, name))] for name in names()]
    body = [
        "# Command line",
        *_paragraphs(commands.help or ""),
        block(_usage(context)),
        table(["command", "does"], rows),
        "## Options",
        _options(commands, context),
        *_epilog(commands),
        "The answer goes to standard output, alone; notes go to standard error. Colour is for terminals, and `NO_COLOR` turns it off.",
        "Written from the commands when this site is built.",
    ]
    return page(body, title="Command line", description="Every command of gotcha-audit.")


def command_page(name: str) -> str:
    """`reference/cli/<name>.md`: a command and, where it is a group, all commands below it."""
    parent = _context(commands, NAME)
    command = commands.get_command(parent, name)
    assert command is not None
    body = list(_command(command, _context(command, name, parent), 1))
    return page(body, title=f"{NAME} {name}", description=_summary(commands, parent, name))


def _command(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    yield f"{'#' * level} {context.command_path}"
    yield from _paragraphs(command.help or "")
    yield block(_usage(context))
    if isinstance(command, click.Group):
        below = {name: command.get_command(context, name) for name in command.list_commands(context)}
        rows = [[f"[{code(name)}](#{_anchor(f'{context.command_path} {name}')})", line(_summary(command, context, name))] for name in below]
        yield table(["command", "does"], rows)
    yield _options(command, context)
    yield from _epilog(command)
    if isinstance(command, click.Group):
        for name, found in below.items():
            assert found is not None
            yield from _command(found, _context(found, name, context), level + 1)


def _anchor(heading: str) -> str:
    return re.sub(r"[-\s]+", "-", heading.lower())


def _context(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    return click.Context(command, info_name=name, parent=parent, **command.context_settings)


def _usage(context: click.Context) -> str:
    return " ".join([context.command_path, *context.command.collect_usage_pieces(context)])


def _summary(group: click.Group, context: click.Context, name: str) -> str:
    command = group.get_command(context, name)
    assert command is not None
    return command.get_short_help_str(200)


def _paragraphs(text: str) -> Iterator[str]:
    """The help of a command: click folds the lines of a paragraph, and keeps those that follow a backspace."""
    for paragraph in re.split(r"\n[ \t]*\n", cleandoc(text).split("\f", maxsplit=1)[0].strip("\n")):
        if "\b" in paragraph:
            yield block(paragraph.replace("\b\n", "").replace("\b", ""))
        elif paragraph.strip():
            yield line(paragraph)


def _options(command: click.Command, context: click.Context) -> str:
    rows = []
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option):
            if parameter.hidden:
                continue
            record = parameter.get_help_record(context)
            assert record is not None
            told, help_text = record
            rows.append([code(told), line(help_text)])
    return table(["option", "does"], rows)


def _epilog(command: click.Command) -> Iterator[str]:
    """The examples and exit codes below the options; each begins with its heading."""
    for paragraph in re.split(r"\n[ \t]*\n", cleandoc(command.epilog or "").strip("\n")):
        rows = [row for row in paragraph.replace("\b", "").split("\n") if row.strip()]
        if not rows:
            continue
        if rows[0].endswith(":") and len(rows) > 1:
            yield f"**{line(rows[0].rstrip(':'))}**"
            rows = rows[1:]
        width = min(len(row) - len(row.lstrip()) for row in rows)
        yield block("\n".join(row[width:] for row in rows), "console" if rows[0].lstrip().startswith(NAME) else "text")
