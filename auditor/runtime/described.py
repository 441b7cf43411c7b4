"""What is started, as evidence that heads every report."""

from __future__ import annotations

import shlex

from auditor.model import Evidence
from auditor.report.masking import mask, mask_urls
from auditor.report.observed import START
from auditor.runtime.target import Start


def described(start: Start) -> tuple[Evidence, ...]:
    """The command, its folder, where it is written and why it was chosen; values of variables are not among them."""
    place = start.place
    where = f"{place.path}:{place.line}" if place and place.path is not None and place.line else str(place or "")
    told = (
        ("command", mask(mask_urls(shlex.join(start.words)))),
        ("folder", str(start.folder)),
        ("from", where or start.kind),
        ("why", start.why),
        *(("before", mask(mask_urls(shlex.join(words)))) for words in start.before),
    )
    return tuple(Evidence(kind=START, title=title, body=body) for title, body in told if body)
