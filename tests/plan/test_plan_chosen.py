from pathlib import Path

import pytest
from made_plan import small

from auditor.errors import PlanError
from auditor.plan.chosen import choose


def test_the_only_approved_plan_is_the_plan(tmp_path: Path) -> None:
    small(tmp_path, status="PENDING", name="a.json")
    small(tmp_path, name="b.json")
    small(tmp_path, status="COMPLETE", name="c.json")
    (tmp_path / "docs/plans/broken.json").write_text("{")
    (tmp_path / "docs/plans/.hidden.json").write_text((tmp_path / "docs/plans/b.json").read_text())
    assert choose(tmp_path, None).path == tmp_path / "docs/plans/b.json"
    assert choose(tmp_path, None, ("DRAFT", "PENDING")).path == tmp_path / "docs/plans/a.json"


def test_a_named_plan_is_the_plan_whatever_its_status_and_folder(tmp_path: Path) -> None:
    small(tmp_path, name="a.json")
    path = tmp_path / "plan.txt"
    small(tmp_path, status="DRAFT", name="b.json").rename(path)
    assert choose(tmp_path, path).path == path


def test_of_several_approved_plans_none_is_guessed(tmp_path: Path) -> None:
    small(tmp_path, name="b.json")
    small(tmp_path, name="a.json")
    with pytest.raises(PlanError) as raised:
        choose(tmp_path, None)
    assert str(raised.value) == "several plans in docs/plans/ are APPROVED: name one with --plan FILE\n  a.json\n  b.json"


def test_without_an_approved_plan_the_others_are_named_with_their_status(tmp_path: Path) -> None:
    small(tmp_path, name="a.json", status="PENDING")
    (tmp_path / "docs/plans/b.json").write_text("{")
    (tmp_path / "docs/plans/c.json").mkdir()
    with pytest.raises(PlanError) as raised:
        choose(tmp_path, None)
    assert str(raised.value).splitlines() == [
        "no plan in docs/plans/ is APPROVED: approve one with gotcha-audit plan approve, or name one with --plan FILE",
        "  a.json: PENDING",
        "  b.json: is no valid plan (gotcha-audit plan lint says why)",
        "  c.json: is no file",
    ]


@pytest.mark.parametrize("there", [False, True])
def test_without_any_plan_it_is_said(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "docs" / "plans").mkdir(parents=True)
    with pytest.raises(PlanError, match="there is no plan in docs/plans/: name one with --plan FILE"):
        choose(tmp_path, None)


def test_a_plan_outside_the_project_is_refused(tmp_path: Path) -> None:
    outside = small(tmp_path / "a")
    (tmp_path / "b" / "docs" / "plans").mkdir(parents=True)
    with pytest.raises(PlanError, match="is outside the project: run from the root"):
        choose(tmp_path / "b", outside)
    (tmp_path / "b" / "docs" / "plans" / "x.json").symlink_to(outside)
    with pytest.raises(PlanError, match=r"x\.json: is outside the project \(a symbolic link leads there\)"):
        choose(tmp_path / "b", None)
