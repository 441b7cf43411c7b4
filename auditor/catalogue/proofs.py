"""What was seen when an entry was run: `<slug>.proof.json` beside it, written by `gotcha-audit prove`, never by hand.

A proof counts as long as what it ran is what the entry says now: the `prove:` block and the files of both examples, not the prose.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auditor.errors import CatalogueError
from auditor.model import Gotcha
from auditor.model.codec import build, plain

SUFFIX = ".proof.json"
_MAX_BYTES = 200_000

State = Literal["proven", "stale", "unproven", "unprovable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One observation: ``what`` was looked at, whether it was as the entry says, and what was ``seen``, in a line."""

    what: str
    held: bool
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """FAILS seen to fail and WORKS seen to work.

    ``subject`` is the digest of what was run, ``base`` that of the base it was laid over. ``versions`` are those of the programs and packages
    that took part. ``seconds`` is how long it took, which tells the quick ones from the others.
    """

    gotcha: str
    subject: str
    base: str
    ran: str
    date: str
    tool: str
    versions: Mapping[str, str]
    fails: tuple[Looked, ...]
    works: tuple[Looked, ...]
    seconds: float


def subject_of(gotcha: Gotcha) -> str:
    """The digest of what a proof of this entry runs."""
    said = {
        "prove": plain(gotcha.proof.plan),
        "fails": {str(path): text for path, text in sorted(gotcha.fails.files.items())},
        "works": {str(path): text for path, text in sorted(gotcha.works.files.items())},
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def file_of(gotcha: Gotcha) -> Path:
    """Where the proof of an entry stands."""
    return Path(gotcha.origin).with_suffix(SUFFIX)


def proof_of(gotcha: Gotcha) -> Proof | None:
    """The proof that is kept for an entry, whatever it is worth now. Raises CatalogueError for a file that is no proof."""
    path = file_of(gotcha)
    if not path.is_file():
        return None
    try:
        found = build(Proof, json.loads(path.read_bytes()[:_MAX_BYTES]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatalogueError(f"{path}: this is no proof ({error}): run `gotcha-audit prove {gotcha.id}`") from error
    assert isinstance(found, Proof)
    return found


def state_of(gotcha: Gotcha) -> State:
    """What an entry is worth: `proven` by a run of what it says now, `stale` by a run of what it said once, `unproven`, or `unprovable`."""
    if gotcha.proof.unprovable:
        return "unprovable"
    proof = proof_of(gotcha)
    if proof is None:
        return "unproven"
    return "proven" if proof.subject == subject_of(gotcha) and proof.gotcha == gotcha.id else "stale"


def as_json(proof: Proof) -> str:
    """The text of a proof file."""
    return json.dumps(plain(proof), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
