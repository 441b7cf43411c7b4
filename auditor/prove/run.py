"""One entry proven: FAILS seen to fail and WORKS seen to work, each in a folder of its own, with nothing left behind."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from auditor.catalogue.proofs import Looked
from auditor.errors import GotchaAuditError, MissingToolError
from auditor.model import Example, Gotcha
from auditor.processes import Application
from auditor.processes.ports import free_port
from auditor.prove.bases import base, lay_out
from auditor.prove.install import Installed, install
from auditor.prove.observe import Stage, look
from auditor.prove.plan import ProofPlan, Side, plan_of
from auditor.prove.webserver import configuration, prepared
from auditor.runtime.client import Client, Limits
from auditor.runtime.ready import wait_until_ready
from auditor.runtime.target import Ready

_START = 30.0
_BUILD = 180.0
_REFUSED_PATIENCE = 4.0
_PACKAGES = {"buildah": "buildah", "kubectl": "kubernetes-client", "pg_lsclusters": "postgresql", "unshare": "util-linux"}
_NOT_FOUND = 127
"""What a shell ends with when there is no such program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What came of one entry. ``missing`` names a program that is not installed, ``trouble`` says why it could not be run otherwise."""

    gotcha: str
    fails: tuple[Looked, ...] = ()
    works: tuple[Looked, ...] = ()
    missing: str = ""
    trouble: str = ""
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether FAILS failed and WORKS worked, as the entry says."""
        return not self.missing and not self.trouble and all(looked.held for looked in (*self.fails, *self.works))


def prove(gotcha: Gotcha) -> Proven:
    """Run both sides of an entry. Raises CatalogueError for a plan that cannot be read; whatever the examples do is a verdict."""
    plan = plan_of(gotcha)
    if plan is None:
        return Proven(gotcha=gotcha.id, missing=gotcha.proof.unprovable or "there is no plan")
    clock = time.monotonic()
    try:
        fails = played(plan, plan.fails, gotcha.fails)
        works = played(plan, plan.works, gotcha.works)
    except MissingToolError as error:
        return Proven(gotcha=gotcha.id, missing=str(error), seconds=time.monotonic() - clock)
    except GotchaAuditError as error:
        return Proven(gotcha=gotcha.id, trouble=str(error), seconds=time.monotonic() - clock)
    return Proven(gotcha=gotcha.id, fails=fails, works=works, seconds=time.monotonic() - clock)


def played(plan: ProofPlan, side: Side, example: Example) -> tuple[Looked, ...]:
    """One side: laid out, built, started, looked at, stopped. Raises GotchaAuditError where it cannot be run, such as for want of a program."""
    with tempfile.TemporaryDirectory(prefix="gotcha-audit-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve() / "app"
        installed = lay(root, plan, example)
        port = free_port()
        environment = _environment(root, side, installed, port)
        _possible(plan, root, port, environment)
        for command in side.before:
            with Application(_words(command, root, port), folder=root, environment=environment, port=port) as application:
                ended = application.wait(_BUILD)
                application.drain()
                if application.code == _NOT_FOUND:
                    raise GotchaAuditError(f"a program of `{command}` is not installed: {application.lines[-1].text if application.lines else ''}")
                if not ended or application.code != 0:
                    last = "; ".join(line.text for line in application.lines[-4:])
                    return (Looked(what=command, held=False, seen=f"exit {application.code}: {last}"),)
        with _staged(plan, side, root, port, environment) as stage:
            return tuple(look(stage, observation) for observation in side.observations)


def _possible(plan: ProofPlan, root: Path, port: int, environment: Mapping[str, str]) -> None:
    """Raise MissingToolError where something that the proof needs is not on this machine, or may not be used."""
    for command in plan.needs:
        with Application(_words(command, root, port), folder=root, environment=environment, port=port) as application:
            if not application.wait(_START) or application.code != 0:
                raise MissingToolError(f"`{command}` does not work on this machine")


def lay(root: Path, plan: ProofPlan, example: Example) -> Installed:
    """Lay the files of an example, and what it leaves out, over those of its base. Raises UsageError for a base that does not exist."""
    installed = install(lay_out(base(plan.base), root))
    for path, text in {**plan.files, **example.files}.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        if text.startswith("#!"):
            target.chmod(0o755)
    return installed


def _environment(root: Path, side: Side, installed: Installed, port: int) -> dict[str, str]:
    plain = {
        "PATH": installed.environment["PATH"],
        "HOME": str(root.parent),
        "LANG": "C.UTF-8",
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    found = plain
    for name, value in side.environment.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = value.replace("{root}", str(root)).replace("{port}", str(port))
    return found


def _words(command: str, root: Path, port: int) -> list[str]:
    """A command as a shell reads it, in place of which it is executed where it is one."""
    return ["/bin/sh", "-c", command.replace("{root}", str(root)).replace("{port}", str(port))]


@contextmanager
def _staged(plan: ProofPlan, side: Side, root: Path, port: int, environment: Mapping[str, str]) -> Iterator[Stage]:
    """The example running: a program, a server, nginx, or nginx before a server."""
    folder = root / plan.folder.replace("{root}", str(root))
    with ExitStack() as stack:
        inner = port
        if side.proxy:
            inner = free_port()
            server = stack.enter_context(_start(side.serve, root, folder, inner, environment))
            _ready(server, inner)
        command = "nginx" if side.proxy else side.serve or side.run
        if command == "nginx":
            file = configuration(root)
            if file is None:
                raise GotchaAuditError("the example holds no nginx configuration")
            words = prepared(root, file, port=port, upstream=inner if side.proxy else None).words
            application = stack.enter_context(Application(words, folder=root, environment=environment, port=port))
        else:
            application = stack.enter_context(_start(command, root, folder, port, environment))
        if not (side.serve or side.proxy):
            yield Stage(root=root, application=application, client=None, port=port, ended=False)
            return
        address, ended = _ready(application, port, waits=not _expects_silence(side))
        client = Client(address, port, limits=Limits(seconds=20.0))
        try:
            yield Stage(root=root, application=application, client=client, port=port, ended=ended)
        finally:
            client.close()


def _start(command: str, root: Path, folder: Path, port: int, environment: Mapping[str, str]) -> Application:
    words = _words(command, root, port)
    first = command.split(maxsplit=1)[0] if command.split() else ""
    if "/" not in first and "=" not in first and not _is_shell(command) and shutil.which(first, path=environment["PATH"]) is None:
        hint = f": apt install {_PACKAGES[first]}" if first in _PACKAGES else ""
        raise MissingToolError(f"{first} is not installed{hint}")
    told = {"PORT": str(port)} if "PORT" in environment else {}
    return Application(words, folder=folder, environment={**environment, **told}, port=port)


def _is_shell(command: str) -> bool:
    return command.startswith(("cd ", "set ", "export ", ". ", "exec "))


def _ready(application: Application, port: int, *, waits: bool = True) -> tuple[str, bool]:
    """Wait for a server; the address that reaches it, and whether it ended instead."""
    readiness = wait_until_ready(application, Ready(timeout=_START if waits else _REFUSED_PATIENCE))
    if readiness.state == "ready" and readiness.listener is not None and readiness.listener.port == port:
        return readiness.address, False
    return "127.0.0.1", readiness.state in ("died", "refused")


def _expects_silence(side: Side) -> bool:
    """Whether nothing of it is meant to listen where it is asked."""
    return any(observation.said.get("unreachable") or observation.said.get("refused") for observation in side.observations)
