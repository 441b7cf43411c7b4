"""Writes docs/matrix.md: the faults that `validate` is tried on, and the checks that each turns red. `--check`: only says whether it is stale.

The table is what tests/runtime/test_matrix.py holds `validate` to, fault by fault, and the healthy applications beside them.
"""

import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from auditor.runtime.checks import names  # noqa: E402
from tests.runtime.mutations import MUTATIONS  # noqa: E402

PAGE = CHECKOUT / "docs" / "matrix.md"


def page() -> str:
    """The whole page."""
    bases = list(dict.fromkeys(mutation.base for mutation in MUTATIONS))
    lines = [
        "# The faults that `validate` is tried on",
        "",
        f"{len(MUTATIONS)} faults in {len(bases)} applications (`fixtures/bases/`). Each is one small change, and turns exactly the checks of its",
        "row red; every other check passes, is skipped, or is not attempted. The healthy applications are green three times in a row.",
        "`pytest -m real tests/runtime/test_matrix.py` runs all of it with gunicorn, uvicorn, node, nginx and Chromium;",
        "`python bench/matrix.py` writes this page.",
        "",
    ]
    for base in bases:
        lines += [f"## {base}", "", "| fault | red |", "|---|---|"]
        for mutation in MUTATIONS:
            if mutation.base == base:
                red = ", ".join(f"`{name}`" for name in names() if name in mutation.red)
                lines.append(f"| {mutation.name} | {red} |")
        lines.append("")
    lines += ["## By check", "", "| check | red in |", "|---|---|"]
    for name in names():
        where = [str(mutation) for mutation in MUTATIONS if name in mutation.red]
        lines.append(f"| `{name}` | {len(where)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.is_file() and PAGE.read_text("utf-8") == page() else f"{PAGE} is stale: python bench/matrix.py")
    PAGE.write_text(page(), "utf-8")
