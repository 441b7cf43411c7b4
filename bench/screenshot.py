"""Writes docs/scan.svg: what `gotcha-audit scan` prints for the bundled sample. Run it after the output has changed."""

import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

CHECKOUT = Path(__file__).resolve().parent.parent
SAMPLE = "fixtures/projects/sample-flask-react"
SELECT = "flask/relative-send-directory,vite"  # enough to see what a report is like
WIDTH = 118

if __name__ == "__main__":
    scan = subprocess.run(
        [sys.executable, "-m", "auditor", "scan", ".", "--select", SELECT],
        cwd=CHECKOUT / SAMPLE,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT), "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    console.print(Text(f"$ gotcha-audit scan . --select {SELECT}\n", style="bold"))
    console.print(Text.from_ansi(scan.stdout), soft_wrap=True)
    image = console.export_svg(title="gotcha-audit", unique_id="scan")
    # The picture must not fetch anything: without rich's web fonts it falls back to the reader's own.
    image = re.sub(r"@font-face \{.*?\}\s*", "", image, flags=re.DOTALL)
    (CHECKOUT / "docs" / "scan.svg").write_text(image, encoding="utf-8")
