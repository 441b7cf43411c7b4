"""The checks by name, in the order of the report. A check looks at a running application and yields what it saw."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.runtime.scene import Check

CHECKS: Mapping[str, Check] = {}
