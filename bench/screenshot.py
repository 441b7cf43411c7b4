"""Writes docs/scan.svg and docs/validate.svg: what the tool prints for the bundled samples. Run it after the output has changed."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from auditor.prove.install import install

CHECKOUT = Path(__file__).resolve().parent.parent
SAMPLES = CHECKOUT / "fixtures" / "projects"
SELECT = "flask/relative-send-directory,vite"  # enough to see what a report is like
WIDTH = 118
PAGE = """

@app.get("/")
def page():
    return send_from_directory("frontend/pages", "index.html")
"""


def picture(name: str, folder: Path, *words: str) -> None:
    """Write docs/NAME.svg with what `gotcha-audit WORDS` prints in ``folder``."""
    run = subprocess.run(
        [sys.executable, "-m", "auditor", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT), "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    console.print(Text(f"$ gotcha-audit {' '.join(words)}\n", style="bold"))
    console.print(Text.from_ansi(run.stdout), soft_wrap=True)
    image = console.export_svg(title="gotcha-audit", unique_id=name)
    # The picture must not fetch anything: without rich's web fonts it falls back to the reader's own.
    image = re.sub(r"@font-face \{.*?\}\s*", "", image, flags=re.DOTALL)
    (CHECKOUT / "docs" / f"{name}.svg").write_text(image, encoding="utf-8")


if __name__ == "__main__":
    picture("scan", SAMPLES / "sample-flask-react", "scan", ".", "--select", SELECT)
    with tempfile.TemporaryDirectory() as scratch:
        shop = Path(scratch) / "shop"
        shutil.copytree(SAMPLES / "planned-shop", shop)
        web = shop / "app" / "web.py"
        web.write_text(web.read_text().replace("Flask, jsonify", "Flask, jsonify, send_from_directory") + PAGE)
        install(shop)
        picture("validate", shop, "validate", ".", "--quiet")
