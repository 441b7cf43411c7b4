"""How long `validate` takes for the healthy bases, a browser included: `python bench/validate.py [RUNS]` prints a Markdown table.

Packages are installed and front ends built before anything is measured; the time is wall time of the whole command, and its user and system time with
all that it started.
"""

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT))

from auditor.prove.bases import base, lay_out  # noqa: E402
from auditor.prove.install import install  # noqa: E402

NAMES = ("flask", "django", "fastapi", "express", "vite-nginx")


def measured(root: Path) -> tuple[float, float, str]:
    """Wall time and processor time in seconds, and the last line of the report."""
    before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    run = subprocess.run(
        [sys.executable, "-m", "auditor", "validate", ".", "--quiet"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds, after = time.monotonic() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run.returncode == 0, run.stdout + run.stderr
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, run.stdout.strip().splitlines()[-1]


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} processors, {runs} runs each\n")
    print("| application | wall, median | wall, least to most | processor | verdict |\n|---|---:|---:|---:|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for name in NAMES:
            root = install(lay_out(base(name), Path(scratch) / name)).root
            found = [measured(root) for _ in range(runs)]
            walls = [wall for wall, _, _ in found]
            spread = f"{min(walls):.1f} to {max(walls):.1f} s"
            processor = statistics.median(processor for _, processor, _ in found)
            print(f"| {name} | {statistics.median(walls):.1f} s | {spread} | {processor:.1f} s | {found[-1][2].rpartition(';')[0]} |")
