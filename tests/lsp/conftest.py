"""Lets the tests of the language server use the client made for them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
