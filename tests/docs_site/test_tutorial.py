"""The tutorial, done as it says: every command is run, every change is made, and what is printed is what the page shows."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent.parent
TUTORIAL = CHECKOUT / "docs" / "tutorial.md"
MARK = "\x1e"
_FENCED = re.compile(r"^```(console|diff)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def script(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The tutorial as one script of the shell, and each command with what it should print; the exit code of a command is seen by the next."""
    lines, expected = ["set -o pipefail"], []
    for kind, body in _FENCED.findall(text):
        if kind == "diff":
            lines.append(f"patch --quiet -p1 <<'GOTCHA_DIFF' || exit 99\n{body}GOTCHA_DIFF")
            continue
        for step in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, _, shown = step.partition("\n")
            expected.append((command, shown))
            lines += [f"{command} 2>&1; status=$?; printf '{MARK}'; (exit $status)"]
    return "\n".join(lines) + "\n", expected


def pattern(shown: str) -> re.Pattern[str]:
    """What is shown, as an expression: `…` alone on a line stands for any lines, within a line for anything up to its end."""
    parts = []
    for row in shown.splitlines():
        if row == "…":
            parts.append(r"(?:.*\n)*")
        else:
            parts.append(r"[^\n]*".join(re.escape(part) for part in row.split("…")) + r"[ ]*\n")
    return re.compile("".join(parts))


@pytest.mark.parametrize(
    ("shown", "printed", "fits"),
    [
        ("a\n…\nc\n", "a\nb\nb\nc\n", True),
        ("a\n…\nc\n", "a\nc\n", True),
        ("a …\n", "a 12 s\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n…\n", "b\n", False),
        ("", "something\n", False),
    ],
)
def test_what_is_shown_must_be_what_is_printed(shown: str, printed: str, fits: bool) -> None:
    assert bool(pattern(shown).fullmatch(printed)) is fits


@pytest.mark.real
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    for tool in ("git", "patch"):
        assert shutil.which(tool), f"{tool} is missing: apt-get install {tool}"
    source = tmp_path / "source"  # the state of the checkout, committed or not, stands in for the repository that is cloned
    left_out = shutil.ignore_patterns(".git", ".venv", "build", "node_modules", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info")
    shutil.copytree(CHECKOUT, source, ignore=left_out)
    git = ["git", "-C", str(source), "-c", "user.name=Ada", "-c", "user.email=ada@shop.example"]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "as it is"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    settings = tmp_path / "gitconfig"
    settings.write_text(f'[url "{source}"]\n\tinsteadOf = https://github.com/gotcha-audit/gotcha-audit\n')
    work = tmp_path / "work"
    work.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_", "PYTHON", "VIRTUAL_ENV", "GIT_"))}
    run, expected = script(TUTORIAL.read_text("utf-8"))
    done = subprocess.run(
        ["bash"],
        input=run,
        cwd=work,
        env={**kept, "GIT_CONFIG_GLOBAL": str(settings), "COLUMNS": "100", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_QUIET": "3"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    printed = done.stdout.split(MARK)
    assert len(printed) == len(expected) + 1, f"it ended after `{expected[len(printed) - 1][0]}`: {done.stderr}"
    for (command, shown), answer in zip(expected, printed, strict=False):
        assert pattern(shown).fullmatch(answer), f"$ {command}\n--- shown\n{shown}\n--- printed\n{answer}"
