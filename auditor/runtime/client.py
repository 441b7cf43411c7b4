"""A client for one application on loopback: bounded in requests, bytes and time, and blind to proxies and to every other host."""

from __future__ import annotations

import http.cookiejar
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from threading import Lock
from urllib.parse import urljoin, urlsplit

import httpx2

_MOST_HOPS = 5
_PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443", "X-Forwarded-For": "203.0.113.7"}
"""What a proxy that ends TLS adds; the visitor's address is one of RFC 5737, which belongs to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``requests`` in all, ``size`` bytes of one body, ``seconds`` for one answer."""

    requests: int = 2000
    size: int = 5_000_000
    seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its answer. ``status`` is 0 when none came, and ``error`` says why.

    ``path`` is the path and query that were asked for, ``headers`` those of the answer in their order, duplicates included; ``body`` may be cut short
    (``truncated``), and ``breaks`` says why when that was the server's doing. ``started`` and ``ended`` are `time.time()`. ``hops`` are the answers
    that redirected to this one. ``carried``: a cookie or a token went with it, so that somebody else would be answered differently.
    """

    method: str
    path: str
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    truncated: bool = False
    error: str = ""
    breaks: str = ""
    started: float = 0.0
    ended: float = 0.0
    hops: tuple[Exchange, ...] = ()
    carried: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def header(self, name: str) -> str:
        """The first value of a header, "" when it is not there."""
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a header, one for each time it was sent."""
        return tuple(value for key, value in self.headers if key.lower() == name.lower())

    @property
    def type(self) -> str:
        """The media type without parameters, in lower case."""
        return self.header("content-type").split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text, whatever it is."""
        charset = next(
            (part.split("=", 1)[1].strip("\"' ") for part in self.header("content-type").split(";") if "charset=" in part.lower()), "utf-8"
        )
        try:
            return self.body.decode(charset, "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    @property
    def answer(self) -> str:
        """The answer in a few words: `404 text/html`, or why there was none."""
        return f"{self.status} {self.type}".strip() if self.status else self.error


class Client:
    """Talks to one application at ``address`` (an IP address of loopback, seen on the socket) and ``port``.

    ``host`` is sent as Host instead of the address; ``https`` adds those of a proxy that ends TLS. ``tls`` speaks
    TLS itself, to a certificate that nobody has to trust; ``source`` is the address of loopback to come from. Raises nothing for what the application
    does.
    """

    def __init__(
        self, address: str, port: int, *, host: str = "", https: bool = False, source: str = "", tls: bool = False, limits: Limits | None = None
    ) -> None:
        if not ip_address(address.split("%", maxsplit=1)[0]).is_loopback:
            raise ValueError(f"{address} is not an address of this machine's loopback")
        self.address, self.port, self.host, self.https, self.source, self.tls = address, port, host, https, source, tls
        self.limits = limits or Limits()
        self.exchanges: list[Exchange] = []
        self._lock = Lock()
        # Behind a proxy that ends TLS, cookies marked Secure travel; here the same is asked over plain HTTP.
        jar = http.cookiejar.CookieJar(policy=http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https")))
        self._client = httpx2.Client(
            base_url=self.origin,
            timeout=self.limits.seconds,
            follow_redirects=False,
            trust_env=False,
            cookies=jar,
            headers={"User-Agent": "gotcha-audit"},
            transport=httpx2.HTTPTransport(
                local_address=source or None,
                verify=False,
                trust_env=False,
                # A server may drop a kept connection just as the next request is sent (RFC 9112, 9.3.1); uvicorn does after an exception.
                limits=httpx2.Limits(max_keepalive_connections=0),
            ),
        )

    @property
    def origin(self) -> str:
        """Scheme, address and port as they are connected to."""
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.tls else 'http'}://{shown}:{self.port}"

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies that are carried by now, by name."""
        return {cookie.name: cookie.value or "" for cookie in self._client.cookies.jar}

    def fresh(self) -> Client:
        """A client of the same application that carries nothing; what it asks is noted, and counted, with what this one asks."""
        return self._sharing(https=self.https)

    def secured(self) -> Client:
        """The same, behind a proxy that ends TLS."""
        return self._sharing(https=True)

    def _sharing(self, *, https: bool) -> Client:
        other = Client(self.address, self.port, host=self.host, https=https, source=self.source, tls=self.tls, limits=self.limits)
        other.exchanges, other._lock = self.exchanges, self._lock
        return other

    def close(self) -> None:
        """Drop the connections."""
        self._client.close()

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, follow: bool = True) -> Exchange:
        """Ask for ``path``; redirects within the application are followed."""
        return self.send("GET", path, headers=headers, follow=follow)

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        follow: bool = False,
        seconds: float | None = None,
    ) -> Exchange:
        """Make one request; with ``follow``, redirects within the application are followed as a browser does (RFC 9110, 15.4)."""
        hops: list[Exchange] = []
        while True:
            exchange = self._once(method, path, headers or {}, content, seconds)
            target = self._redirect(exchange, path) if follow and len(hops) < _MOST_HOPS else None
            if target is None:
                return replace(exchange, hops=tuple(hops))
            hops.append(exchange)
            if exchange.status in (301, 302, 303) and method not in ("GET", "HEAD"):
                method, content = "GET", None
            path = target

    def _redirect(self, exchange: Exchange, path: str) -> str | None:
        """The path that a redirect leads to, None for one that leaves the application or is none."""
        if exchange.status not in (301, 302, 303, 307, 308) or not exchange.header("location"):
            return None
        target = self.local(urljoin(f"{self.origin}{path}", exchange.header("location")))
        # The same address again is no end by itself: an application may set a cookie first, and look for it.
        return None if target == path and not exchange.values("set-cookie") else target

    def local(self, url: str) -> str | None:
        """The path and query of a URL that means this application, None for one that means another host."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return None
        if parts.scheme not in ("http", "https"):
            return None
        names = {self.address, self.host.split(":")[0]} - {""}
        if not ((parts.hostname in names and port in (self.port, None)) or (self.host and parts.netloc == self.host)):
            return None
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _once(self, method: str, path: str, headers: Mapping[str, str], content: bytes | None, seconds: float | None) -> Exchange:
        with self._lock:
            if len(self.exchanges) >= self.limits.requests:
                return Exchange(method=method, path=path, status=0, error=f"the limit of {self.limits.requests} requests is reached")
        sent = ({"Host": self.host} if self.host else {}) | (
            _PROXIED | {"X-Forwarded-Host": self.host or f"{self.address}:{self.port}"} if self.https else {}
        )
        carried = bool(self.cookies) or any(name.lower() in ("authorization", "cookie") for name in headers)
        started = time.time()
        patience = seconds or self.limits.seconds
        body = b""
        status, error, breaks, truncated = 0, "", "", False
        found: tuple[tuple[str, str], ...] = ()
        try:
            with self._client.stream(method, path, headers={**sent, **headers}, content=content, timeout=patience) as response:
                status = response.status_code
                found = tuple((key.decode("latin-1"), value.decode("latin-1")) for key, value in response.headers.raw)
                for part in response.iter_bytes():
                    body += part
                    if len(body) > self.limits.size or time.time() - started > patience:
                        truncated = True
                        break
        except httpx2.TimeoutException:
            status, error = (status, "") if status else (0, f"no answer within {patience:g} s")
            truncated = True
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as problem:
            error, breaks = ("", _breaks(problem)) if status else (_reason(problem), "")
            truncated = bool(status)
        exchange = Exchange(
            method=method,
            path=path,
            status=status,
            headers=found,
            body=body[: self.limits.size],
            truncated=truncated,
            error=error,
            breaks=breaks,
            started=started,
            ended=time.time(),
            carried=carried,
        )
        with self._lock:
            self.exchanges.append(exchange)
        return exchange


def _breaks(problem: BaseException) -> str:
    """Why the body of an answer could not be read to its end."""
    if isinstance(problem, httpx2.DecodingError):
        return "it cannot be decoded as its Content-Encoding says"
    if isinstance(problem, httpx2.RemoteProtocolError):
        return "the connection was closed before all of it had come"
    return _reason(problem)


def _reason(problem: BaseException) -> str:
    """Why there was no answer, in words that do not change from one library to the next."""
    if isinstance(problem, httpx2.ConnectError):
        return "the connection was refused"
    if isinstance(problem, httpx2.RemoteProtocolError):
        return "the connection was closed without an answer"
    return " ".join(str(problem).split()) or type(problem).__name__
