"""Lets these tests use the projects and entries made by hand that stand with the tests of the engines."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "engines"))
