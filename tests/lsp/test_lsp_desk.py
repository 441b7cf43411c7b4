"""What is examined when, with scans that are made by hand."""

import asyncio
from pathlib import PurePosixPath

import pytest

from auditor.lsp.desk import QUIET, Desk
from auditor.lsp.jobs import Answer


class Hand:
    """Scans that wait until the test lets them go on."""

    def __init__(self):
        self.jobs = []
        self.held = asyncio.Event()
        self.held.set()
        self.problem = ""
        self._given_up = asyncio.Event()

    async def examine(self, job):
        self.jobs.append(job)
        self._given_up.clear()
        waits = {asyncio.ensure_future(self.held.wait()), asyncio.ensure_future(self._given_up.wait())}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()
        return None if self._given_up.is_set() else Answer(problem=self.problem)

    def give_up(self):
        self._given_up.set()

    @property
    def files(self):
        return [sorted(map(str, job.files)) for job in self.jobs]


class Table:
    def __init__(self):
        self.scans = Hand()
        self.shown, self.cleared, self.told = [], [], []
        show = lambda found: self.shown.append((found.document.uri.rsplit("/", 1)[1], found.document.version))  # noqa: E731
        self.desk = Desk(self.scans, show=show, clear=self.cleared.append, trouble=self.told.append)


def on_desk(scenario, *folders):
    async def run():
        table = Table()
        table.desk.reroot(folders)
        loop = asyncio.create_task(table.desk.run())
        try:
            return await asyncio.wait_for(scenario(table), 20)
        finally:
            loop.cancel()

    return asyncio.run(run())


async def until(known):
    while not known():  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.01)


@pytest.fixture
def root(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    return tmp_path.resolve()


def test_an_opened_document_is_examined_with_its_text(root):
    async def scenario(table):
        table.desk.put((root / "one" / "a.py").as_uri(), 1, "x", "python", wait=0)
        await until(lambda: table.shown)
        (job,) = table.scans.jobs
        assert (job.root, job.files, job.texts) == (root / "one", (PurePosixPath("a.py"),), {PurePosixPath("a.py"): "x"})
        assert table.shown == [("a.py", 1)]

    on_desk(scenario, root / "one")


def test_typing_is_examined_when_it_pauses(root):
    async def scenario(table):
        uri = (root / "one" / "a.py").as_uri()
        for version in range(5):
            table.desk.put(uri, version, f"x{version}", "python")
            await asyncio.sleep(QUIET / 10)
        await until(lambda: table.shown)
        assert [dict(job.texts) for job in table.scans.jobs] == [{PurePosixPath("a.py"): "x4"}]
        assert table.shown == [("a.py", 4)]

    on_desk(scenario, root / "one")


def test_a_scan_of_a_text_that_changed_is_given_up_and_never_shown(root):
    async def scenario(table):
        uri, other = ((root / "one" / name).as_uri() for name in ("a.py", "b.py"))
        table.scans.held.clear()
        table.desk.put(other, 1, "y", "python", wait=0)
        table.desk.put(uri, 1, "x", "python", wait=0)
        await until(lambda: table.scans.jobs)
        table.desk.put(uri, 2, "xx", "python")
        await until(lambda: len(table.scans.jobs) == 2)  # the other one was in the same scan and is asked for again
        table.scans.held.set()
        await until(lambda: ("a.py", 2) in table.shown and ("b.py", 1) in table.shown)
        assert ("a.py", 1) not in table.shown

    on_desk(scenario, root / "one")


def test_another_document_does_not_stop_a_scan(root):
    async def scenario(table):
        uri, other = ((root / "one" / name).as_uri() for name in ("a.py", "b.py"))
        table.scans.held.clear()
        table.desk.put(uri, 1, "x", "python", wait=0)
        await until(lambda: table.scans.jobs)
        table.desk.put(other, 1, "y", "python", wait=0)
        await asyncio.sleep(0.05)
        table.scans.held.set()
        await until(lambda: len(table.shown) == 2)
        assert table.scans.files == [["a.py"], ["b.py"]]

    on_desk(scenario, root / "one")


def test_what_is_closed_is_cleared_and_stays_so(root):
    async def scenario(table):
        uri = (root / "one" / "a.py").as_uri()
        table.scans.held.clear()
        table.desk.put(uri, 1, "x", "python", wait=0)
        await until(lambda: table.scans.jobs)
        table.desk.close(uri)
        table.scans.held.set()
        await asyncio.sleep(0.1)
        assert (table.shown, table.cleared) == ([], [uri])

    on_desk(scenario, root / "one")


def test_a_save_has_all_open_documents_of_its_project_examined(root):
    async def scenario(table):
        for name in ("one/a.py", "one/b.py", "two/c.py"):
            table.desk.put((root / name).as_uri(), 1, "x", "python", wait=0)
        await until(lambda: len(table.shown) == 3)
        table.scans.jobs.clear()
        table.desk.again((root / "one" / "pyproject.toml",))
        await until(lambda: len(table.shown) == 5)
        assert table.scans.files == [["a.py", "b.py"]]

    on_desk(scenario, root / "one", root / "two")


def test_documents_of_several_folders_are_examined_in_their_own(root):
    async def scenario(table):
        for name in ("one/a.py", "two/b.py"):
            table.desk.put((root / name).as_uri(), 1, "x", "python", wait=0)
        await until(lambda: len(table.shown) == 2)
        assert {(job.root.name, *map(str, job.texts)) for job in table.scans.jobs} == {("one", "a.py"), ("two", "b.py")}

    on_desk(scenario, root / "one", root / "two")


def test_a_folder_that_is_opened_takes_the_documents_in_it(root):
    async def scenario(table):
        table.desk.put((root / "one" / "a.py").as_uri(), 1, "x", "python", wait=0)
        table.desk.put("untitled:Untitled-1", 1, "x", "python", wait=0)
        await asyncio.sleep(0.1)
        assert table.scans.jobs == []
        table.desk.reroot([root])
        await until(lambda: table.shown)
        assert table.scans.files == [["one/a.py"]]

    on_desk(scenario)


def test_a_problem_is_told_once_and_again_when_it_comes_back(root):
    async def scenario(table):
        uri = (root / "one" / "a.py").as_uri()
        for version, problem in enumerate(["broken", "broken", "", "broken"]):
            table.scans.problem = problem
            table.desk.put(uri, version, "x", "python", wait=0)
            await until(lambda version=version: ("a.py", version) in table.shown)
        assert table.told == ["broken", "broken"]

    on_desk(scenario, root / "one")
