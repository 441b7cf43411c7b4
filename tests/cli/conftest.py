"""Lets these tests use the report made by hand that stands with the tests of the renderers."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "report"))
