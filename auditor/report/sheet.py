"""The lines of the text format: styled pieces, cut and wrapped here, printed by rich without markup."""

from __future__ import annotations

import io
import textwrap

from rich.console import Console
from rich.text import Text

from auditor.report.view import View
from auditor.report.visible import visible

_NARROWEST = 60


class Sheet:
    """Lines of styled pieces, joined at the end by rich; widths are this class's business, wrapping is never rich's."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.width = max(view.width, _NARROWEST)
        self._lines: list[Text] = []

    def line(self, *pieces: tuple[str, str]) -> None:
        """Add one line of (text, style) pieces; the text is taken as it is."""
        line = Text(no_wrap=True)
        for content, style in pieces:
            line.append(content, style=style)
        line.rstrip()
        self._lines.append(line)

    def gap(self) -> None:
        """Add an empty line, unless there is one."""
        if self._lines and self._lines[-1].plain:
            self._lines.append(Text())

    def heading(self, title: str, detail: str = "") -> None:
        """Add the title of a section."""
        self.line((title, "bold"), ("  " + detail if detail else "", "dim"))

    def prose(self, text: str, *, first: str, rest: str, style: str = "") -> None:
        """Add text from anywhere, made visible and wrapped."""
        wrapped = textwrap.wrap(
            visible(text, keep="\n"),
            self.width,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for row in wrapped:
            self.line((row, style))

    def text(self) -> str:
        """Everything, with escape sequences where colour was asked for."""
        stream = io.StringIO()
        console = Console(
            file=stream,
            width=self.width,
            force_terminal=self.view.colour,
            color_system="standard" if self.view.colour else None,
            no_color=not self.view.colour,
            legacy_windows=False,
            highlight=False,
            markup=False,
            emoji=False,
        )
        for line in self._lines:
            console.print(line, crop=False, overflow="ignore", soft_wrap=True)
        return stream.getvalue()
