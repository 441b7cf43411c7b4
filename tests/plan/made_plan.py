"""Plans for these tests: as texts of any spelling, and as small ones written out."""

import json
from pathlib import Path

from hypothesis import strategies as st

FIXTURES = Path(__file__).parent.parent.parent / "fixtures" / "plans"

KEYS = ("title", "status", "created", "description", "tasks")


def small(tmp_path: Path, *tasks: dict, status: str = "APPROVED", name: str = "plan.json", **more: object) -> Path:
    """Write a plan below ``docs/plans/``; tasks without an id or a name get them."""
    path = tmp_path / "docs" / "plans" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"id": number, "name": f"task {number}", "passes": False} | task for number, task in enumerate(tasks or ({},), 1)]
    path.write_text(json.dumps({"title": "Notes", "status": status, "tasks": rows} | more, indent=2) + "\n")
    return path


def _escaped(draw: st.DrawFn, text: str) -> str:
    """``text`` as a JSON string, characters escaped at random."""
    parts = []
    for character in text:
        spelled = json.dumps(character, ensure_ascii=False)[1:-1]
        if draw(st.integers(0, 9)) == 0:
            spelled = json.dumps(character)[1:-1] if ord(character) > 0x7E else draw(st.sampled_from(["\\u%04x", "\\u%04X"])) % ord(character)
        parts.append(spelled)
    return '"' + "".join(parts) + '"'


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.sampled_from(["0", "-0", "-0.0", "1.50", "1E+3", "1e-07", "12345678901234567890123", "3.00e00", "0.1e+309"])


@st.composite
def plan_texts(draw: st.DrawFn) -> tuple[str, list[str], bool, bool]:
    """A plan in any spelling: the text, the ids of its tasks, whether each has ``passes``, whether the stamps are there."""
    end = draw(st.sampled_from(["\n", "\r\n", "\r", ""]))
    indent = draw(st.sampled_from(["", " ", "  ", "\t", "    "]))
    before_comma, after_comma = draw(st.sampled_from(["", " "])), draw(st.sampled_from(["", " "]))
    before_colon, after_colon = draw(st.sampled_from(["", " "])), draw(st.sampled_from(["", " ", "\t"]))

    def lay(open_: str, parts: list[str], close: str, depth: int) -> str:
        if not parts:
            return open_ + draw(st.sampled_from(["", " ", end])) + close
        if draw(st.booleans()):  # on one line
            return open_ + (before_comma + "," + after_comma).join(parts) + close
        gap = end + indent * (depth + 1)
        return open_ + gap + (before_comma + "," + gap).join(parts) + end + indent * depth + close

    def key(name: str) -> str:
        return _escaped(draw, name) + before_colon + ":" + after_colon

    def member(name: str, spelled: str) -> str:
        return key(name) + spelled

    def anything(depth: int) -> str:
        kind = draw(st.integers(0, 6 if depth < 3 else 4))
        if kind == 5:
            return lay("[", [anything(depth + 1) for _ in range(draw(st.integers(0, 2)))], "]", depth)
        if kind == 6:  # decoys: the names that are edited elsewhere
            names = draw(st.lists(st.sampled_from(["passes", "status", "id", "x", "tasks", "validation_timestamp"]), unique=True, max_size=3))
            return lay("{", [member(name, anything(depth + 1)) for name in names], "}", depth)
        return draw(st.sampled_from(["true", "false", "null"])) if kind < 2 else draw(NUMBERS) if kind == 2 else _escaped(draw, draw(TEXTS))

    def unknown(prefix: str, depth: int) -> list[str]:
        return [member(f"{prefix}{number}", anything(depth)) for number in range(draw(st.integers(0, 2)))]

    number = draw(st.integers(1, 4))
    ids = draw(
        st.lists(
            st.one_of(st.integers(-3, 99), st.text("abc\u00e9 2", min_size=1, max_size=3).filter(str.strip)),
            min_size=number,
            max_size=number,
            unique_by=str,
        )
    )
    has_passes, has_stamps = draw(st.booleans()), draw(st.booleans())
    tasks = []
    for id_ in ids:
        parts = [
            member("id", str(id_) if isinstance(id_, int) else _escaped(draw, id_)),
            member("name", _escaped(draw, draw(TEXTS))),
            *unknown("t", 2),
            *([member("passes", draw(st.sampled_from(["true", "false"])))] if has_passes else []),
            *([member("dod", _escaped(draw, draw(TEXTS)))] if draw(st.booleans()) else []),
        ]
        tasks.append(lay("{", draw(st.permutations(parts)), "}", 2))
    parts = [
        member("title", _escaped(draw, draw(TEXTS))),
        member("status", _escaped(draw, draw(st.sampled_from(["DRAFT", "PENDING", "APPROVED", "COMPLETE", "VERIFIED"])))),
        member("tasks", lay("[", tasks, "]", 1)),
        *unknown("u", 1),
        *(
            [member("production_validated", draw(st.sampled_from(["true", "false", "null"]))), member("validation_timestamp", "null")]
            if has_stamps
            else []
        ),
    ]
    text = lay("{", draw(st.permutations(parts)), "}", 0)
    text = draw(st.sampled_from(["", "\ufeff"])) + draw(st.sampled_from(["", end])) + text + draw(st.sampled_from(["", end, " " + end]))
    return text, [str(id_) for id_ in ids], has_passes, has_stamps
