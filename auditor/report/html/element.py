"""HTML that cannot be escaped by accident: elements are made from text, and only what was made here counts as markup.

https://html.spec.whatwg.org/multipage/syntax.html: text and quoted attribute values need `&`, `<`, `>` and the quotes written as references.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from auditor.report.visible import visible

_VOID = frozenset({"meta", "img", "input", "br"})


class Html(str):
    """Markup that is complete in itself."""

    __slots__ = ()


Child = Html | str | None | Iterable["Child"]
Attribute = str | int | bool | None


def text(content: str) -> Html:
    """Text from anywhere, which shows what it holds and does nothing: control characters are written as escapes, line ends among them."""
    return Html(escape(visible(content), quote=True))


def lines(content: str) -> Html:
    """The same for text of several lines."""
    return Html(escape(visible(content, keep="\n"), quote=True))


def h(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """One element. Plain strings are text. `class_` is `class`, `data_check` is `data-check`; True is an empty attribute, False and None are none."""
    head = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{head}>")
    return Html(f"<{name}{head}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Html:
    """The children one after the other."""
    return Html("".join(_flat(children)))


def _flat(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if isinstance(child, Html):
            yield child
        elif isinstance(child, str):
            yield text(child)
        elif child is not None:
            yield from _flat(child)


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(visible(str(value)), quote=True)}"'
