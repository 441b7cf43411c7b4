"""What is wrong with an entry: collected, so that one run names everything."""

from __future__ import annotations

from auditor.errors import CatalogueError


class Problems:
    """Problems of one file. ``add`` takes a line, what is wrong, and what to write instead."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.found: list[str] = []

    def add(self, line: int, what: str, mend: str) -> None:
        """Note one problem."""
        self.found.append(f"{self.origin}:{max(line, 1)}: {what}: {mend}")

    def check(self) -> None:
        """Raise CatalogueError when there is any."""
        if self.found:
            raise CatalogueError("\n".join(self.found))
