"""The checks by name, in the order of the report: before the start, of the running application, and after its end."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.runtime.checks import prestart
from auditor.runtime.checks.api import api, api_html, health
from auditor.runtime.checks.asset import asset
from auditor.runtime.checks.console import console
from auditor.runtime.checks.cors import cors
from auditor.runtime.checks.debug_on import debug_on
from auditor.runtime.checks.deep_link import deep_link
from auditor.runtime.checks.elsewhere import cwd
from auditor.runtime.checks.environment import env_missing
from auditor.runtime.checks.flows import flow
from auditor.runtime.checks.log_traceback import log_traceback
from auditor.runtime.checks.openapi import openapi
from auditor.runtime.checks.page import page
from auditor.runtime.checks.soft_404 import soft_404
from auditor.runtime.checks.started import binds_loopback_only, ignores_port
from auditor.runtime.checks.stopped import restart
from auditor.runtime.scene import Check, EarlyCheck

CHECKS: Mapping[str, Check] = {
    "binds-loopback-only": binds_loopback_only,
    "ignores-port": ignores_port,
    "health": health,
    "page": page,
    "asset": asset,
    "soft-404": soft_404,
    "deep-link": deep_link,
    "api": api,
    "api-html": api_html,
    "openapi": openapi,
    "flow": flow,
    "cors": cors,
    "console": console,
    "debug-on": debug_on,
    "log-traceback": log_traceback,
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
