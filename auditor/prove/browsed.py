"""What a page of an example asks for, and what it says on the console, in a real browser."""

from __future__ import annotations

from auditor.errors import GotchaAuditError


def browsed(url: str) -> tuple[list[str], list[str]]:
    """The addresses that the page asked for, and the messages of its console; raises GotchaAuditError without a browser."""
    raise GotchaAuditError(f"{url}: no browser")
