"""The checks by name, in the order of the report. A check looks at a running application and yields what it saw."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.runtime.checks.asset import asset
from auditor.runtime.checks.debug_on import debug_on
from auditor.runtime.checks.deep_link import deep_link
from auditor.runtime.checks.page import page
from auditor.runtime.checks.soft_404 import soft_404
from auditor.runtime.scene import Check

CHECKS: Mapping[str, Check] = {
    "page": page,
    "asset": asset,
    "soft-404": soft_404,
    "deep-link": deep_link,
    "debug-on": debug_on,
}
