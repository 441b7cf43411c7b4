"""Every proof in the catalogue speaks of its entry as it is now, and the quick ones are made again."""

from __future__ import annotations

import pytest

from auditor.catalogue import load, rules_directory
from auditor.catalogue.proofs import SUFFIX, file_of, proof_of, state_of
from auditor.prove.bases import bases
from auditor.prove.plan import plan_of
from auditor.prove.proofs import base_digest, chosen
from auditor.prove.run import prove

GOTCHAS = load(()).gotchas
BASES = {one.name: base_digest(one) for one in bases()}
QUICK = chosen(GOTCHAS, quick=True)


@pytest.mark.parametrize("gotcha", GOTCHAS, ids=lambda gotcha: gotcha.id)
def test_the_plan_can_be_read_and_the_proof_is_not_stale(gotcha) -> None:
    assert gotcha.proof.unprovable or plan_of(gotcha) is not None
    assert state_of(gotcha) in ("proven", "unproven", "unprovable"), f"gotcha-audit prove {gotcha.id}"
    proof = proof_of(gotcha)
    if proof is not None:
        assert all(looked.held for looked in (*proof.fails, *proof.works))
        assert proof.base == BASES[str(gotcha.proof.plan["base"])], f"its base changed: gotcha-audit prove {gotcha.id}"


def test_no_proof_is_without_its_entry() -> None:
    known = {file_of(gotcha) for gotcha in GOTCHAS}
    assert [path for path in rules_directory().rglob(f"*{SUFFIX}") if path not in known] == []


@pytest.mark.real
@pytest.mark.parametrize("gotcha", QUICK, ids=lambda gotcha: gotcha.id)
def test_what_was_proven_quickly_is_proven_again(gotcha) -> None:
    proven = prove(gotcha)
    if proven.missing:
        pytest.skip(proven.missing)
    assert proven.holds, proven
