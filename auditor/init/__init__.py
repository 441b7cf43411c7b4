"""Set a project up: what its configuration, its hooks and its pipelines need, as edits that only add. Nothing here writes."""

from auditor.init.edits import Edit, Kept, is_unchanged
from auditor.init.found import Found, find
from auditor.init.parts import BY_DEFAULT, PARTS, proposed

__all__ = ["BY_DEFAULT", "PARTS", "Edit", "Found", "Kept", "find", "is_unchanged", "proposed"]
