"""Writes docs/scan.svg, docs/validate.svg and docs/report.png: what the tool writes for the bundled samples. Run it after the output has changed."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

from auditor.prove.install import install
from auditor.runtime.browser import program

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


def page(folder: Path) -> None:
    """Write docs/report.png with the top of the HTML report on ``folder``, the first entry unfolded."""
    chromium = program()
    if isinstance(chromium, str):
        raise SystemExit(chromium)
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.html"
        words = [sys.executable, "-m", "auditor", "scan", ".", "--select", SELECT, "--format", "html", "--output", str(report)]
        subprocess.run(words, cwd=folder, env=os.environ | {"PYTHONPATH": str(CHECKOUT)}, stderr=subprocess.DEVNULL, check=False)
        with sync_playwright() as player:
            browser = player.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
            shown = browser.new_page(viewport={"width": 1280, "height": 1060})
            shown.goto(report.as_uri())
            shown.locator(".entry > summary").first.click()
            shown.screenshot(path=CHECKOUT / "docs" / "report.png")
            browser.close()


if __name__ == "__main__":
    page(SAMPLES / "sample-flask-react")
    picture("scan", SAMPLES / "sample-flask-react", "scan", ".", "--select", SELECT)
    with tempfile.TemporaryDirectory() as scratch:
        shop = Path(scratch) / "shop"
        shutil.copytree(SAMPLES / "planned-shop", shop)
        web = shop / "app" / "web.py"
        web.write_text(web.read_text().replace("Flask, jsonify", "Flask, jsonify, send_from_directory") + PAGE)
        install(shop)
        picture("validate", shop, "validate", ".", "--quiet")
