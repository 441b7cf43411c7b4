import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_plan import small

from auditor.errors import GotchaAuditError, PlanError
from auditor.plan.edit import Change
from auditor.plan.store import FOLDER, load, locked, save

CHECKOUT = Path(__file__).parent.parent.parent

_WORKER = """
import sys
from pathlib import Path
from auditor.plan.edit import Change
from auditor.plan.store import load, save
root, ids = Path(sys.argv[1]), sys.argv[2:]
print("up", flush=True)
for id_ in ids:
    save(load(root / "docs/plans/plan.json", root), Change(passes={id_: True}), root)
"""

_KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from auditor.plan.edit import Change
from auditor.plan.store import load, save

root = Path(sys.argv[1])
path = root / "docs/plans/plan.json"

def for_ever(chance):
    while True:
        plan = load(path, root)
        task = chance.choice(plan.tasks)
        save(plan, Change(passes={str(task.id): not task.passes}), root)

print("up", flush=True)
chance = random.Random(7)
for number in range(200):
    child = os.fork()
    if not child:
        for_ever(random.Random(number))
    time.sleep(chance.uniform(0.0, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print(path.read_bytes().hex(), flush=True)
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "up\n"
    return process


@pytest.mark.real
def test_eight_processes_of_fifty_updates_lose_nothing(tmp_path: Path) -> None:
    path = small(tmp_path, *({} for _ in range(400)))
    before = path.read_bytes()
    workers = [start(_WORKER, str(tmp_path), *map(str, range(1 + 50 * number, 51 + 50 * number))) for number in range(8)]
    codes = [(worker.wait(timeout=120), worker.stdout.close())[0] for worker in workers]
    assert codes == [0] * 8
    assert path.read_bytes() == before.replace(b'"passes": false', b'"passes": true')


@pytest.mark.real
def test_two_hundred_kills_at_random_moments_leave_a_whole_file_and_no_lock(tmp_path: Path) -> None:
    path = small(tmp_path, *({} for _ in range(20)))
    shape = path.read_bytes().replace(b'"passes": false', b'"passes": true')
    process = start(_KILLED, str(tmp_path))
    left = [bytes.fromhex(line) for line in process.communicate(timeout=60)[0].split()]
    assert process.returncode == 0
    assert [data for data in left if data.replace(b'"passes": false', b'"passes": true') != shape] == []
    assert len(left) == 200
    assert len(set(left)) > 50, "too little was written between the kills to show anything"
    plan = load(path, tmp_path)
    wanted = not plan.tasks[0].passes
    assert save(plan, Change(passes={"1": wanted}), tmp_path, seconds=1).tasks[0].passes is wanted
    assert sorted(entry.name for entry in path.parent.iterdir()) == [FOLDER, "plan.json"]


def test_the_file_keeps_its_permissions_and_nothing_else_is_left_beside_it(tmp_path: Path) -> None:
    path = small(tmp_path)
    path.chmod(0o640)
    after = save(load(path, tmp_path), Change(passes={"1": True}), tmp_path)
    assert after.tasks[0].passes
    assert after.data == path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(entry.name for entry in path.parent.iterdir()) == [FOLDER, "plan.json"]
    assert sorted(entry.name for entry in (path.parent / FOLDER).iterdir()) == [".gitignore", "plan.json.lock"]


def test_a_symlink_within_the_project_stays_one(tmp_path: Path) -> None:
    path = small(tmp_path, name="real.json")
    link = tmp_path / "plan.json"
    link.symlink_to(Path("docs/plans/real.json"))
    save(load(link, tmp_path), Change(passes={"1": True}), tmp_path)
    assert link.is_symlink()
    assert load(path, tmp_path).tasks[0].passes
    assert not (tmp_path / FOLDER).exists()


def test_a_symlink_that_leads_outside_is_refused(tmp_path: Path) -> None:
    outside = small(tmp_path / "elsewhere")
    project = tmp_path / "project"
    project.mkdir()
    (project / "plan.json").symlink_to(outside)
    with pytest.raises(PlanError, match=r"plan\.json: is outside the project \(a symbolic link leads there\)"):
        load(project / "plan.json", project)


def test_a_folder_of_ours_that_leads_outside_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "project"
    path = small(project)
    (tmp_path / "elsewhere").mkdir()
    (path.parent / FOLDER).symlink_to(tmp_path / "elsewhere")
    before = path.read_bytes()
    with pytest.raises(PlanError, match="leads outside the project"):
        save(load(path, project), Change(passes={"1": True}), project)
    assert path.read_bytes() == before


STRANGE = {
    "missing": (lambda path: path.unlink(), "no such file"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "is no file"),
    "a pipe": (lambda path: (path.unlink(), os.mkfifo(path)), "is no file"),
    "a loop": (lambda path: (path.unlink(), path.symlink_to(path)), "cannot be read"),
    "huge": (lambda path: path.write_bytes(b" " * 5_000_001), "is larger than 5,000,000 bytes"),
    "binary": (lambda path: path.write_bytes(b"{\n\xff\xfe}"), r"plan\.json:2: is not UTF-8 \(byte 2\)"),
}


@pytest.mark.parametrize(("make", "reason"), STRANGE.values(), ids=STRANGE)
def test_what_is_no_plan_file_is_refused_with_the_reason(tmp_path: Path, make: object, reason: str) -> None:
    path = small(tmp_path)
    make(path)
    with pytest.raises(PlanError, match=reason):
        load(path, tmp_path)


def test_what_others_changed_meanwhile_is_kept(tmp_path: Path) -> None:
    path = small(tmp_path, {}, {})
    read = load(path, tmp_path)
    text = path.read_text().replace('"title": "Notes"', '"title":  "Other notes"')
    path.write_text(text)
    save(load(path, tmp_path), Change(passes={"2": True}), tmp_path)
    after = save(read, Change(passes={"1": True}), tmp_path)
    assert path.read_text() == text.replace('"passes": false', '"passes": true')
    assert after.title == "Other notes"


def test_what_others_set_to_the_same_is_no_conflict(tmp_path: Path) -> None:
    path = small(tmp_path)
    read = load(path, tmp_path)
    save(read, Change(passes={"1": True}), tmp_path)
    assert save(read, Change(passes={"1": True}), tmp_path).tasks[0].passes


CONFLICTS = {
    "status": ('"status": "APPROVED"', '"status": "DRAFT"', Change(status="COMPLETE"), "status was APPROVED when it was read and is DRAFT now"),
    "a stamp": (
        '"tasks"',
        '"production_validated": false, "tasks"',
        Change(production_validated=True),
        "production_validated was absent when it was read and is false now",
    ),
    "a task that is gone": ('"id": 1', '"id": 9', Change(passes={"1": True}), "passes of task 1 was false when it was read and is no such task now"),
}


@pytest.mark.parametrize(("old", "new", "change", "reason"), CONFLICTS.values(), ids=CONFLICTS)
def test_a_value_that_others_changed_is_named_and_nothing_is_written(tmp_path: Path, old: str, new: str, change: Change, reason: str) -> None:
    path = small(tmp_path)
    read = load(path, tmp_path)
    path.write_text(path.read_text().replace(old, new))
    before = path.read_bytes()
    with pytest.raises(PlanError, match=f"somebody else changed it meanwhile: {reason}"):
        save(read, change, tmp_path)
    assert path.read_bytes() == before


def test_a_plan_that_others_broke_is_not_written(tmp_path: Path) -> None:
    path = small(tmp_path)
    read = load(path, tmp_path)
    path.write_text('{"title": ')
    with pytest.raises(PlanError, match=r"plan\.json:1: "):
        save(read, Change(passes={"1": True}), tmp_path)
    assert path.read_text() == '{"title": '


def test_a_writer_without_our_lock_that_is_quicker_is_not_overwritten(tmp_path: Path) -> None:
    path = small(tmp_path, {}, {})
    quicker = iter([path.read_text().replace('"title": "Notes"', '"title": "Other"')])

    def guard(_plan: object) -> None:
        for text in quicker:
            path.write_text(text)

    after = save(load(path, tmp_path), Change(passes={"1": True}), tmp_path, guard=guard)
    assert (after.title, [task.passes for task in after.tasks]) == ("Other", [True, False])
    assert after.data == path.read_bytes()


def test_the_guard_sees_what_is_there_now_and_can_forbid(tmp_path: Path) -> None:
    path = small(tmp_path)
    read = load(path, tmp_path)
    path.write_text(path.read_text().replace("Notes", "Other"))
    before = path.read_bytes()

    def guard(plan: object) -> None:
        raise PlanError(f"not {plan.title}")

    with pytest.raises(PlanError, match="not Other"):
        save(read, Change(passes={"1": True}), tmp_path, guard=guard)
    assert path.read_bytes() == before


def test_a_lock_that_another_process_holds_is_waited_for_and_told(tmp_path: Path) -> None:
    path = small(tmp_path)
    plan = load(path, tmp_path)
    with locked(path, tmp_path), pytest.raises(GotchaAuditError, match="another process has been writing it for 0"):
        save(plan, Change(passes={"1": True}), tmp_path, seconds=0.05)  # a second descriptor is like another process
    with locked(path, tmp_path):
        waiting = threading.Thread(target=save, args=(plan, Change(passes={"1": True}), tmp_path))
        waiting.start()
        time.sleep(0.05)
        assert not load(path, tmp_path).tasks[0].passes
    waiting.join(10)
    assert load(path, tmp_path).tasks[0].passes


def test_what_a_killed_process_left_is_replaced(tmp_path: Path) -> None:
    path = small(tmp_path)
    (path.parent / FOLDER).mkdir()
    (path.parent / FOLDER / "plan.json.new").write_text("half a pl")
    assert save(load(path, tmp_path), Change(passes={"1": True}), tmp_path).tasks[0].passes
    assert not (path.parent / FOLDER / "plan.json.new").exists()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("ours_is_there", [False, True])
def test_a_folder_that_cannot_be_written_is_told_and_the_plan_stays(open_folder: Path, ours_is_there: bool) -> None:
    path = small(open_folder)
    if ours_is_there:
        save(load(path, open_folder), Change(passes={"1": True}), open_folder)
    before = path.read_bytes()
    plan = load(path, open_folder)
    path.parent.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)  # root may write everywhere
    try:
        with pytest.raises(GotchaAuditError, match=r"cannot be written: Permission denied; (the plan|it) stays as it was") as raised:
            save(plan, Change(passes={"1": not plan.tasks[0].passes}), open_folder)
    finally:
        if root:
            os.seteuid(0)
        path.parent.chmod(0o755)
    assert raised.value.exit_code == 3
    assert path.read_bytes() == before


def test_a_full_or_failing_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = small(tmp_path)
    plan = load(path, tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(GotchaAuditError, match="No space left on device; it stays as it was"):
        save(plan, Change(passes={"1": True}), tmp_path)
    assert path.read_bytes() == plan.data
    assert not (path.parent / FOLDER / "plan.json.new").exists()
