"""Codex (https://developers.openai.com/codex/hooks): the form of Claude Code, with ``apply_patch`` for edits.

Its output schemas refuse keys that are not theirs, so that an answer holds no more than the event allows:
https://github.com/openai/codex/tree/main/codex-rs/hooks/schema/generated.
"""

from __future__ import annotations

from auditor.hook.claude import read, write

__all__ = ["read", "write"]
