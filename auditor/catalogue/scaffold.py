"""The text a new entry starts from."""

from __future__ import annotations

import json

from auditor import __version__

_TEMPLATE = """\
---
title: {title}
severity: error                  # error | warning | note
confidence: medium               # high | medium | low
category: config                 # static-files env build cors routing proxy cookies database config …
since: {version}
detect:
  - python: some_package.some_function($VALUE, ...)   # the subject, in semgrep's pattern syntax
    fails: {{$VALUE: relative-path}}                    # value classes: see CONTRIBUTING.md
    works: {{$VALUE: anchored-path}}
    message: "`$VALUE` does … in production"
prove: {{unprovable: say why, or write base, serve, fails and works}}
sources:
  - https://example.com/where-the-behaviour-is-documented
---
One paragraph: what one sees in production.

## Fails
`app.py`:
```python
from some_package import some_function

some_function("data/file")  # gotcha
```

## Works
`app.py`:
```python
from pathlib import Path

from some_package import some_function

some_function(Path(__file__).parent / "data" / "file")
```

## Why
What the framework really does, in the version you ran.

## When it is fine
Where the same code is right.
"""


def new_entry(title: str) -> str:
    """A complete entry to change: it parses as it stands, so that `catalogue check` has something to say about every edit."""
    return _TEMPLATE.format(title=json.dumps(title, ensure_ascii=False), version=__version__)
