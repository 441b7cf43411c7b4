"""Pages that servers and frameworks write themselves, told by their text as recorded from the real ones."""

from __future__ import annotations

import re

from auditor.runtime.client import Exchange

_ERRORS: dict[str, re.Pattern[str]] = {
    "the error page of Werkzeug (Flask)": re.compile(r"<title>\d{3} [A-Z][\w ]+</title>\s*<h1>[A-Z][\w ]+</h1>\s*<p>The "),
    "the error page of Django": re.compile(
        r"<title>(?:Server Error \(500\)|Bad Request \(400\)|Not Found|403 Forbidden)</title>\s*</head>\s*"
        r"<body>\s*<h1>(?:Server Error|Bad Request|Not Found|403)"
    ),
    "the error page of Express": re.compile(r"<title>Error</title>\s*</head>\s*<body>\s*<pre>"),
    "the error page of nginx": re.compile(r"<center><h1>\d{3} [^<]+</h1></center>\s*<hr><center>(?:nginx|openresty)"),
    "the error answer of Starlette (FastAPI)": re.compile(r'\A\{"detail":"(?:Not Found|Method Not Allowed|Internal Server Error)"\}\Z'),
    "the error page of Python's http.server": re.compile(r"<title>Error response</title>[\s\S]{0,200}<p>Error code: \d{3}</p>"),
    "the error page of Next.js": re.compile(r'class="next-error-h1"|"page":"/(?:_error|404|500)"'),
}
_DEBUG: dict[str, re.Pattern[str]] = {
    "the debugger of Werkzeug": re.compile(r"// Werkzeug Debugger</title>|EVALEX_TRUSTED = |\?__debugger__=yes"),
    "the debug page of Django": re.compile(r"because you have <code>DEBUG = True</code>"),
    "the debug page of Starlette": re.compile(r"<title>Starlette Debugger</title>"),
    "a Python traceback": re.compile(r"\A\s*Traceback \(most recent call last\):"),
    "the stack trace of Express": re.compile(r"<pre>\w*(?:Error|Exception)\b[^<]*(?:<br>\s*(?:&nbsp;|\s)+at )"),
}
_LISTING = re.compile(r"<title>\s*(?:Index of /|Directory listing for /|listing directory /)", re.IGNORECASE)
_REFUSED = re.compile(
    r"Invalid host header|DisallowedHost|Invalid HTTP_HOST header|Blocked request\. This host|Blocked hosts?:|This host \([^)]*\) is not allowed",
    re.IGNORECASE,
)


def error_page(exchange: Exchange) -> str:
    """Whose error page an answer is, "" when it is none that is known."""
    return _which(_ERRORS, exchange) or debug_page(exchange)


def debug_page(exchange: Exchange) -> str:
    """Which page for developers an answer is, "" for none."""
    return _which(_DEBUG, exchange)


def listing(exchange: Exchange) -> bool:
    """Whether an answer lists the files of a folder."""
    return bool(_LISTING.search(exchange.text[:5000]))


def refused_host(exchange: Exchange) -> bool:
    """Whether an answer says that the Host of the request is not served."""
    return exchange.status in (400, 403, 421) and bool(_REFUSED.search(exchange.text[:20_000]))


def _which(patterns: dict[str, re.Pattern[str]], exchange: Exchange) -> str:
    text = exchange.text[:500_000] if exchange.type in ("text/html", "text/plain", "application/json", "") else ""
    return next((name for name, pattern in patterns.items() if pattern.search(text)), "")
