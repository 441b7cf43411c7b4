"""The checks by name, in the order of the report: before the start, of the running application, and after its end."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.runtime.checks import prestart
from auditor.runtime.checks.elsewhere import cwd
from auditor.runtime.checks.environment import env_missing
from auditor.runtime.checks.started import binds_loopback_only, ignores_port
from auditor.runtime.checks.stopped import restart
from auditor.runtime.scene import Check, EarlyCheck

CHECKS: Mapping[str, Check] = {
    "binds-loopback-only": binds_loopback_only,
    "ignores-port": ignores_port,
}
"""What is asked of the running application."""

AFTERWARDS: Mapping[str, Check] = {
    "restart": restart,
    "env-missing": env_missing,
    "cwd": cwd,
}
"""What is asked of further starts, when the first has ended."""

BEFORE: Mapping[str, EarlyCheck] = {
    "build": prestart.build,
    "dependencies": prestart.dependencies,
    "environment": prestart.environment,
}
"""What is looked at before the start."""

START: tuple[str, ...] = ("starts", "port-owner")
END: tuple[str, ...] = ("shutdown", "survivors")


def names() -> tuple[str, ...]:
    """Every check, in order."""
    return (*BEFORE, *START, *CHECKS, *END, *AFTERWARDS)
