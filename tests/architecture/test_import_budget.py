import json
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent.parent
HEAVY = ("libcst", "semgrep", "rich", "yaml", "tree_sitter", "multiprocessing", "jsonschema", "mcp", "pydantic")

_PROGRAM = """
import json, sys
import auditor.cli
status = auditor.cli.main(sys.argv[1:]) if len(sys.argv) > 1 else 0
print("\\n" + json.dumps([status, [name for name in sys.modules if "." not in name]]))
"""


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments],
        cwd=CHECKOUT,
        env={"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    status, modules = json.loads(run.stdout.splitlines()[-1])
    assert status == 0
    assert sorted(set(HEAVY) & set(modules)) == []
