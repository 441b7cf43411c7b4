"""Which files a patch in the form of Codex's ``apply_patch`` writes.

The form: https://github.com/openai/codex/blob/main/codex-rs/apply-patch/apply_patch_tool_instructions.md.
"""

from __future__ import annotations

from auditor.hook.fields import MAX_PATHS

_HEADERS = ("*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: ")


def patched(patch: str) -> tuple[str, ...]:
    """The paths in the headers of a patch, each once, in its order."""
    found: dict[str, None] = {}
    for line in patch.splitlines():
        for header in _HEADERS:
            if line.startswith(header):
                found.setdefault(line.removeprefix(header).strip())
        if len(found) >= MAX_PATHS:
            break
    return tuple(path for path in found if path)
