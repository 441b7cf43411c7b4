"""The command that the hooks call, as an installation would put it on PATH: this checkout, by this interpreter."""

import sys
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent


def installed(folder: Path) -> Path:
    bin_folder = folder / "bin"
    bin_folder.mkdir(exist_ok=True)
    script = bin_folder / "gotcha-audit"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{CHECKOUT}" exec "{sys.executable}" -m auditor "$@"\n')
    script.chmod(0o755)
    return bin_folder
