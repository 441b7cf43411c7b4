"""Which findings are known already: each known finding covers one of those found, and no more."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from auditor.model import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is compared of a finding: ``code`` says what stands there, ``trail`` what it rests on elsewhere, ``mark`` tells equal ones apart.

    ``path`` is "" for a finding outside any file.
    """

    check: str
    path: str
    code: str
    verdict: Outcome
    trail: tuple[str, ...] = ()
    mark: str = ""


def pairs(found: Sequence[Finding], known: Sequence[Finding], *, moved: Callable[[str, str], bool]) -> Mapping[int, int]:
    """The positions in ``found`` that are covered, each with the position in ``known`` that covers it.

    Equal findings are counted: three equal lines where two are known leave one. A site under review is covered by a failure (it got better), a
    failure by a site under review never is. One that rests on something that the known one does not rest on is another. ``moved(old, new)`` says
    whether findings of the path ``old`` may be those of ``new`` now.
    """
    rounds: tuple[tuple[Callable[[Finding], Hashable], Outcome | None, bool], ...] = (
        (lambda one: (one.check, one.path, one.code, one.verdict, one.trail, one.mark), None, False),
        (lambda one: (one.check, one.path, one.code, one.verdict, one.trail), None, False),
        (lambda one: (one.check, one.path, one.code, one.verdict), None, False),
        (lambda one: (one.check, one.path, one.code), Outcome.REVIEW, False),
        (lambda one: (one.check, one.code, one.verdict), None, True),
        (lambda one: (one.check, one.code), Outcome.REVIEW, True),
    )
    covered: dict[int, int] = {}
    left = dict(enumerate(known))
    for key, only, elsewhere in rounds:
        waiting: dict[Hashable, list[int]] = defaultdict(list)
        for number, one in left.items():
            waiting[key(one)].append(number)
        for position, one in enumerate(found):
            if position in covered or (only is not None and one.verdict is not only):
                continue
            candidates = waiting.get(key(one), [])
            fitting = (number for number in candidates if not Counter(one.trail) - Counter(known[number].trail))
            chosen = next((number for number in fitting if not elsewhere or moved(known[number].path, one.path)), None)
            if chosen is not None:
                candidates.remove(chosen)
                del left[chosen]
                covered[position] = chosen
    return covered
