"""What the command lines of application servers say: where they listen, how many workers they start, what they load."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One program: the distribution that brings it, its options for address, port and workers, and what it does without them.

    ``address`` options may carry a port (`--bind 0.0.0.0:80`). ``host`` and ``port`` are the defaults.
    """

    distribution: str
    address: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()
    host: str = ""
    port: int | None = None
    attribute: str = ""


SERVERS: dict[str, Server] = {
    "celery": Server(distribution="celery"),
    "daphne": Server(distribution="daphne", address=("-b", "--bind"), number=("-p", "--port"), host="127.0.0.1", port=8000, attribute="app"),
    "flask": Server(distribution="flask", address=("-h", "--host"), number=("-p", "--port"), host="127.0.0.1", port=5000),
    "gunicorn": Server(
        distribution="gunicorn", address=("-b", "--bind"), workers=("-w", "--workers"), host="127.0.0.1", port=8000, attribute="application"
    ),
    "hypercorn": Server(
        distribution="hypercorn", address=("-b", "--bind"), workers=("-w", "--workers"), host="127.0.0.1", port=8000, attribute="app"
    ),
    "runserver": Server(distribution="django", host="127.0.0.1", port=8000),
    "uvicorn": Server(
        distribution="uvicorn", address=("--host",), number=("--port",), workers=("--workers",), host="127.0.0.1", port=8000, attribute="app"
    ),
    "waitress-serve": Server(distribution="waitress", address=("--host", "--listen"), number=("--port",), host="0.0.0.0", port=8080, attribute="app"),  # noqa: S104 - its default
}
"""The sources are the servers' own documentation: https://docs.gunicorn.org/en/stable/settings.html, https://www.uvicorn.org/settings/,
https://flask.palletsprojects.com/en/stable/cli/, https://docs.djangoproject.com/en/stable/ref/django-admin/#runserver,
https://hypercorn.readthedocs.io/en/latest/how_to_guides/configuring.html, https://docs.pylonsproject.org/projects/waitress/en/latest/runner.html"""

_TAKES_VALUE = frozenset(
    {"-b", "-w", "-k", "-t", "-c", "-p", "-u", "--bind", "--host", "--port", "--workers", "--worker-class", "--threads", "--timeout"}
    | {"--config", "--chdir", "--log-level", "--app-dir", "--env", "--reload-dir", "--name", "--user", "--group", "-e", "-n", "-g", "-m"}
    | {"--access-logfile", "--error-logfile", "--log-config", "--worker-tmp-dir", "--max-requests", "--max-requests-jitter", "--graceful-timeout"}
    | {"--keep-alive", "--pid", "--log-file", "--statsd-host", "--root-path", "--forwarded-allow-ips", "--ssl-keyfile", "--ssl-certfile"}
    | {"--certfile", "--keyfile", "--ws", "--loop", "--http", "--interface", "--lifespan", "--worker-connections", "--limit-concurrency"}
    | {"--backlog", "--timeout-keep-alive", "--access-logformat", "--umask", "--env-file", "--listen", "--call", "-A", "--app", "-R", "-t"}
)
_FLAGS = {"gunicorn": frozenset({"-R"}), "daphne": frozenset[str](), "uvicorn": frozenset[str]()}
_TARGET = re.compile(r"^([A-Za-z_][\w.]*)(?::([A-Za-z_]\w*)(\(.*\))?)?$")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Where a server listens: ``port`` None when it cannot be told; ``said`` False when both are its defaults."""

    host: str
    port: int | None
    said: bool

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


def tool(words: tuple[str, ...]) -> str:
    """The program that runs; `python -m tool` counts as the tool, `manage.py runserver` as `runserver`."""
    first = PurePosixPath(words[0]).name
    if re.match(r"^(?:python|pypy)[\d.]*$", first):
        rest = tuple(word for word in words[1:] if word not in ("-u", "-O", "-B", "-X"))
        if rest[:1] == ("-m",) and len(rest) > 1:
            return "runserver" if rest[1] == "django" and "runserver" in rest else rest[1]
        if rest and rest[0].endswith("manage.py"):
            return "runserver" if "runserver" in rest else rest[0]
    if first in ("manage.py", "django-admin") and "runserver" in words:
        return "runserver"
    return first


def expanded(text: str, variables: Mapping[str, str | None]) -> str:
    """A word with variables filled in, as far as they are known: the value given, else the default beside the name."""

    def fill(found: re.Match[str]) -> str:
        braced, default, plain = found.groups()
        given = variables.get(braced or plain)
        return str(found.group() if given is default is None else default if given is None else given)

    return _VARIABLE.sub(fill, text)


def bound(words: tuple[str, ...], variables: Mapping[str, str | None]) -> Bound | None:
    """Where the server of a command listens; None for commands that are not known, or whose address a file may say."""
    name = tool(words)
    server = SERVERS.get(name)
    if server is None or not server.host or (name == "flask" and "run" not in words):
        return None
    if name == "runserver":
        address = next((word for word in words[words.index("runserver") + 1 :] if not word.startswith("-")), "")
        return _bound(server, expanded(address, variables) if ":" in address or not address else f"{server.host}:{expanded(address, variables)}", "")
    if name == "daphne" and _option(words, ("-e", "--endpoint")) is not None:
        return None  # a description in the language of Twisted
    said, number = _option(words, server.address), _option(words, server.number)
    if name == "gunicorn" and said is None and variables.get("PORT"):
        return _bound(server, f"0.0.0.0:{variables['PORT']}", "")  # https://docs.gunicorn.org/en/stable/settings.html#bind
    if said is None and number is None and any(re.match(r"^(?:-c|--config|--uds|--fd|--unix-socket|-u$)", word) for word in words):
        return None
    return _bound(server, expanded(said or "", variables), expanded(number or "", variables))


def _bound(server: Server, address: str, number: str) -> Bound:
    host, port = address, ""
    found = re.match(r"^(\[[^\]]*\]|[^:]*):([^:]*)$", address)
    if found is not None:
        host, port = found.group(1) or "0.0.0.0", found.group(2)  # noqa: S104 - `:80` stands for every interface
    port = number or port
    told = server.port if not port else int(port) if port.isdigit() else None
    return Bound(host=host or server.host, port=told, said=bool(address or number))


def workers(words: tuple[str, ...], variables: Mapping[str, str | None]) -> int | None:
    """How many worker processes a server starts; None when it cannot be told. `WEB_CONCURRENCY` counts for gunicorn and uvicorn."""
    server = SERVERS.get(tool(words))
    if server is None or not server.workers:
        return None
    said = _option(words, server.workers)
    text = expanded(said, variables) if said is not None else variables.get("WEB_CONCURRENCY") or "1"
    return int(text) if text.isdigit() else None


def _option(words: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    """The last value of an option: `-b X`, `-bX`, `--bind X`, `--bind=X`."""
    found = None
    for index, word in enumerate(words):
        for name in names:
            if word == name and index + 1 < len(words):
                found = words[index + 1]
            elif word.startswith(name + "="):
                found = word.partition("=")[2]
            elif len(name) == 2 and word.startswith(name) and len(word) > 2 and not word.startswith("--"):
                found = word[2:]
    return found


def target(words: tuple[str, ...]) -> tuple[str, str] | None:
    """The module and the name that a server is told to load; None when the command says none that can be told."""
    name = tool(words)
    server = SERVERS.get(name)
    if server is None or not server.attribute:
        return None
    found = next(_positional(words[words.index(name) + 1 :] if name in words else words[1:], name), None)
    matched = _TARGET.match(found) if found is not None else None
    return (matched.group(1), matched.group(2) or server.attribute) if matched is not None else None


def _positional(words: tuple[str, ...], name: str) -> Iterator[str]:
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in _TAKES_VALUE and word not in _FLAGS.get(name, ())
        else:
            yield word


def option(words: tuple[str, ...], *names: str) -> str | None:
    """The value of an option of any command."""
    return _option(words, names)
