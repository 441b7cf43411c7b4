"""The exception tree, and the exit code each branch stands for.

    GotchaAuditError                3   something could not be examined
    ├── UsageError                  2   a flag, a path or an id that does not exist
    │   ├── ConfigError             2   the configuration file: file:key and the mend
    │   ├── CatalogueError          2   an entry: file:line and what to write instead
    │   └── PlanError               2   a plan: file:line and the mend
    ├── EngineError                 3   an engine is missing or failed as a whole
    ├── MissingToolError            3   a program that is needed is not installed: which, and how to install it
    └── AttemptsExhausted           4   a plan failed as often as it may; a person must decide

A file that cannot be examined is no exception but a result with outcome ``error``: one bad file never ends a scan.
"""

from __future__ import annotations

from typing import ClassVar


class GotchaAuditError(Exception):
    """Base of every error a user may see; its text is one paragraph that says what, where and the mend."""

    exit_code: ClassVar[int] = 3


class UsageError(GotchaAuditError):
    """What was asked for does not exist or cannot be combined."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration file that cannot be obeyed."""


class CatalogueError(UsageError):
    """A catalogue entry that breaks the form; carries every problem found in it."""


class PlanError(UsageError):
    """A plan that cannot be read, or must not be written; carries every problem found in it."""


class EngineError(GotchaAuditError):
    """An engine that could not be run at all."""


class MissingToolError(GotchaAuditError):
    """A program that is needed is not installed; the text says how to install it."""


class AttemptsExhausted(GotchaAuditError):  # noqa: N818 (nothing went wrong: what may be tried has been tried)
    """Another attempt is refused; the text is what the person who must decide needs, several paragraphs of it."""

    exit_code = 4
