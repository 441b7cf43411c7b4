"""Ports of this machine: a free one, and who holds one."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address

import psutil

from auditor.processes.members import command


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A process that listens on a port. ``pid`` is None when the system does not tell it to us."""

    address: str
    port: int
    pid: int | None
    command: str

    def __str__(self) -> str:
        return f"{self.command} (pid {self.pid})" if self.pid is not None else "a process of another user"


def free_port() -> int:
    """A port that nothing listens on, in either family of addresses."""
    for _ in range(20):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if not holders(port):
            return port
    raise OSError("no port of this machine is free")


def holders(port: int) -> tuple[Holder, ...]:
    """Whoever listens on ``port`` now, on any address."""
    found = []
    for connection in psutil.net_connections(kind="tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            name = "?"
            if connection.pid is not None:
                try:
                    name = command(psutil.Process(connection.pid))
                except psutil.Error:
                    continue
            found.append(Holder(address=connection.laddr.ip, port=port, pid=connection.pid, command=name))
    return tuple(sorted(found, key=lambda holder: (holder.pid or 0, holder.address)))


def reachable(address: str, port: int) -> str | None:
    """The loopback address by which a socket listening on ``address`` is reached from here; None when it is not."""
    plain = ip_address(address.split("%", maxsplit=1)[0])
    mapped = getattr(plain, "ipv4_mapped", None)
    if mapped is not None:
        plain = mapped
    if plain.is_loopback:
        return str(plain)
    if not plain.is_unspecified:
        return None
    for candidate in ("127.0.0.1", "::1"):  # a socket on `::` takes both, or the newer family alone
        if _answers(candidate, port):
            return candidate
    return None


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach a socket that listens on ``address``."""
    plain = ip_address(address.split("%", maxsplit=1)[0])
    return (getattr(plain, "ipv4_mapped", None) or plain).is_loopback


def _answers(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.settimeout(1)
            probe.connect((address, port))
    except OSError:
        return False
    return True
