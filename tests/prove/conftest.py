"""Lets these tests use the bases as the tests of the validator start them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "runtime"))
