"""What a page of an example asks for, and what it says on the console, in a real browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from auditor.errors import GotchaAuditError, MissingToolError
from auditor.runtime.browser import Site, visit


def browsed(url: str) -> tuple[list[str], list[str]]:
    """The addresses that the page asked for in vain, and the messages of its console; raises GotchaAuditError without a browser."""
    parts = urlsplit(url)
    found = visit([parts.path or "/"], Site(address=parts.hostname or "127.0.0.1", port=parts.port or 80))
    if isinstance(found, str):
        raise MissingToolError(found)
    (page,) = found
    if page.problem:
        raise GotchaAuditError(f"{url} cannot be looked at: {page.problem}")
    requests = [request.url for request in (*page.failures, *page.errors, *page.pending)]
    return requests, [*(message.text for message in page.messages), *(error.text for error in page.uncaught)]
