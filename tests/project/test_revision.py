"""A tree of a commit is laid out as it was, whatever its names and the repository's configuration say."""

import hashlib
import os
import shutil
import stat
import subprocess
import zlib
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.project import git as git_module
from auditor.project.config import Config
from auditor.project.project import open_project
from auditor.project.revision import laid_out, revision


def git(root: Path, *arguments: str, given: bytes = b"") -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always", *arguments]
    return subprocess.run(command, check=True, capture_output=True, input=given, env=environment).stdout.decode().strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    git(root, "init", "-q")
    return root


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "now", "--allow-empty")


def laid(root: Path, name: str = "HEAD") -> dict[str, str]:
    """What is laid out, links as `-> target`."""
    with laid_out(root, revision(root, name)) as tree:
        return contents(tree.root)


def contents(root: Path) -> dict[str, str]:
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [one for one in folders if one != ".git" or folder != str(root)]
        for one in [*files, *(name for name in folders if (Path(folder) / name).is_symlink())]:
            path = Path(folder) / one
            text = f"-> {path.readlink()}" if path.is_symlink() else path.read_bytes().decode("latin-1")
            found[str(path.relative_to(root))] = text
    return found


def test_files_links_modes_and_names_are_as_they_were(repository: Path) -> None:
    names = ["a b.py", "ä.py", "new\nline.py", '"q".py', "-x.py", "deep/er/x.py", os.fsdecode(b"bad\xff.py")]
    for name in names:
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(name.encode("utf-8", "replace").decode())
    (repository / "run.sh").write_text("#!/bin/sh\n")
    (repository / "run.sh").chmod(0o755)
    (repository / "empty.py").touch()
    (repository / "link").symlink_to("deep/er")
    commit(repository)
    before = contents(repository)
    for name in names:
        (repository / name).write_text("changed")
    (repository / "untracked.py").touch()
    with laid_out(repository, revision(repository, "HEAD")) as tree:
        assert contents(tree.root) == before
        assert tree.missing == 0
        assert tree.root.name == "shop"
        assert (tree.root / "run.sh").stat().st_mode & stat.S_IXUSR
        assert not (tree.root / "empty.py").stat().st_mode & stat.S_IXUSR
    assert not tree.root.exists()


def test_tracked_files_are_listed_though_a_pattern_ignores_them_and_ignored_ones_are_there_unlisted(repository: Path) -> None:
    (repository / ".gitignore").write_text("local.py\ndist/\nnode_modules/\n*.log\n")
    for name in ("local.py", "dist/app.py", "dist/[x] #!.py", "node_modules/p/index.js", "a.log", "app.py"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text("x = 1\n")
    git(repository, "add", "-f", "local.py")
    commit(repository)
    with laid_out(repository, revision(repository, "HEAD")) as tree:
        project, now = (open_project(root, config=Config()) for root in (tree.root, repository))
        assert [str(file.path) for file in project.files] == [str(file.path) for file in now.files] == ["app.py", "local.py"]
        assert set(contents(tree.root)) == {".gitignore", "local.py", "app.py", "a.log", "dist/app.py", "dist/[x] #!.py"}
        assert (tree.root / "node_modules").is_dir()
        assert project.listed == now.listed
    assert (repository / "dist/app.py").read_text() == "x = 1\n"


def test_a_large_file_keeps_its_size_only(repository: Path) -> None:
    (repository / "film.bin").write_bytes(b"x" * 5_000_001)
    commit(repository)
    with laid_out(repository, revision(repository, "HEAD")) as tree:
        assert (tree.root / "film.bin").stat().st_size == 5_000_001
        assert (tree.root / "film.bin").read_bytes()[:10] == b"\0" * 10


def test_a_submodule_is_laid_out_from_its_own_repository(repository: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "x.py").write_text("x = 1\n")
    commit(inner)
    git(repository, "submodule", "--quiet", "add", str(inner), "lib")
    commit(repository)
    (repository / "lib" / "x.py").write_text("x = 2\n")
    assert laid(repository)["lib/x.py"] == "x = 1\n"
    shutil.rmtree(repository / "lib")
    assert "lib/x.py" not in laid(repository)


# -- hostile repositories -----------------------------------------------------------------------------------------------------------------


def written(root: Path, kind: str, data: bytes) -> bytes:
    """An object, its form unchecked; gives its id."""
    whole = f"{kind} {len(data)}".encode() + b"\0" + data
    oid = hashlib.sha1(whole).hexdigest()
    path = root / ".git" / "objects" / oid[:2] / oid[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(whole))
    return bytes.fromhex(oid)


def forged(root: Path, *entries: tuple[str, str, bytes]) -> str:
    """A commit of a tree with these (mode, name, object) in it."""
    tree = written(root, "tree", b"".join(f"{mode} {name}".encode() + b"\0" + oid for mode, name, oid in entries))
    return git(root, "commit-tree", "-m", "forged", tree.hex())


def test_names_that_lead_out_of_the_tree_or_into_its_repository_are_left_out(repository: Path) -> None:
    blob = written(repository, "blob", b"owned")
    below = written(repository, "tree", b"100644 config\0" + blob)
    entries = [("40000", "..", below), ("40000", ".git", below), ("40000", ".GIT", below), ("100644", ".", blob), ("100644", "a.py", blob)]
    name = forged(repository, *entries)
    with laid_out(repository, revision(repository, name)) as tree:
        assert contents(tree.root) == {"a.py": "owned"}
        assert sorted(path.name for path in tree.root.parent.iterdir()) == ["shop"]
        assert b"owned" not in (tree.root / ".git" / "config").read_bytes()
        assert tree.missing == 4


def test_nothing_is_written_through_a_link(repository: Path, tmp_path: Path) -> None:
    """A tree that names a folder twice, once as a link out of it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    link = written(repository, "blob", str(outside).encode())
    blob = written(repository, "blob", b"owned")
    deep = written(repository, "tree", b"120000 z\0" + link)
    below = written(repository, "tree", b"40000 deep\0" + deep + b"100644 x.py\0" + blob + b"120000 y\0" + link)
    for entries in ([("120000", "a", link), ("40000", "a", below)], [("40000", "a", below), ("120000", "a", link)]):
        laid(repository, forged(repository, *entries))
        assert list(outside.iterdir()) == []


def test_a_link_whose_name_leads_out_is_left_out(repository: Path) -> None:
    link = written(repository, "blob", b"x")
    below = written(repository, "tree", b"120000 y\0" + link)
    with laid_out(repository, revision(repository, forged(repository, ("40000", "..", below), ("120000", ".git", link)))) as tree:
        assert (contents(tree.root), tree.missing) == ({}, 2)
        assert [path.name for path in tree.root.parent.iterdir()] == ["shop"]


def test_what_git_ignores_now_is_not_written_through_a_link_of_then(repository: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repository / "dist").symlink_to(outside)
    commit(repository)
    (repository / "dist").unlink()
    (repository / "dist").mkdir()
    (repository / "dist" / "x.py").touch()
    (repository / ".gitignore").write_text("dist/\n")
    git(repository, "rm", "-q", "--cached", "dist")
    assert laid(repository) == {"dist/x.py": ""}
    assert list(outside.iterdir()) == []


def test_a_link_out_of_the_tree_is_a_link_and_nothing_behind_it_is_read(repository: Path) -> None:
    (repository / "passwd.py").symlink_to("/etc/passwd")
    commit(repository)
    with laid_out(repository, revision(repository, "HEAD")) as tree:
        assert contents(tree.root) == {"passwd.py": "-> /etc/passwd"}
        assert open_project(tree.root, config=Config()).skipped == {"link out of the tree": 1}


def test_no_program_of_the_repository_runs(repository: Path, tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {witness}\ncat\n")
    program.chmod(0o755)
    (repository / ".gitattributes").write_text("*.py filter=f diff=f ident\n")
    (repository / "a.py").write_text("$Id$\n")
    commit(repository)
    hooks = repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for hook in ("post-checkout", "post-index-change", "reference-transaction", "pre-commit"):
        shutil.copy(program, hooks / hook)
    for key in ("filter.f.clean", "filter.f.smudge", "filter.f.process", "diff.f.textconv", "core.fsmonitor", "core.pager", "diff.external"):
        git(repository, "config", key, str(program))
    (repository / "a.py").write_text("changed\n")
    assert laid(repository)["a.py"] == "$Id$\n"
    assert not witness.exists()


def test_the_working_tree_and_its_index_are_left_alone(repository: Path) -> None:
    (repository / "a.py").write_text("a\n")
    commit(repository)
    (repository / "a.py").write_text("b\n")
    before = {str(path): path.read_bytes() for path in sorted(repository.rglob("*")) if path.is_file()}
    laid(repository)
    assert {str(path): path.read_bytes() for path in sorted(repository.rglob("*")) if path.is_file()} == before


# -- what cannot be compared with -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nowhere", "-x", "--all", "", "a b", "HEAD:a.py", "a\nb", "HEAD..HEAD"])
def test_a_name_that_is_no_commit_is_refused(repository: Path, name: str) -> None:
    (repository / "a.py").touch()
    commit(repository)
    with pytest.raises(UsageError, match="there is no such commit: write a branch, a tag or a commit that `git log` shows"):
        revision(repository, name)


def test_every_spelling_of_a_commit_is_understood(repository: Path) -> None:
    (repository / "a.py").touch()
    commit(repository)
    commit(repository)
    git(repository, "tag", "-a", "v1", "-m", "one")
    head = git(repository, "rev-parse", "HEAD")
    for name in ("HEAD", "v1", head, head[:8], "@{0}"):
        assert revision(repository, name).commit == head
    assert revision(repository, "HEAD~1").commit != head
    assert (str(revision(repository, head[:8])), str(revision(repository, "v1"))) == (head[:8], f"v1 ({head[:10]})")


def test_a_shallow_clone_that_lacks_the_commit_is_told_apart(repository: Path, tmp_path: Path) -> None:
    (repository / "a.py").touch()
    commit(repository)
    commit(repository)
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", str(shallow))
    with pytest.raises(UsageError, match=r"--since HEAD~1: .* which is shallow: `git fetch --unshallow` \(GitHub: `fetch-depth: 0`"):
        revision(shallow, "HEAD~1")
    assert laid(shallow) == {"a.py": ""}


def test_a_partial_clone_says_what_it_lacks(repository: Path, tmp_path: Path) -> None:
    (repository / "a.py").write_text("a\n")
    commit(repository)
    (repository / "a.py").write_text("b\n")
    commit(repository)
    git(repository, "config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{repository}", str(partial))
    with pytest.raises(UsageError, match="git cannot read all that the commit holds: `git fetch --refetch --no-filter` completes a partial clone"):
        laid(partial, "HEAD~1")
    git(partial, "fetch", "-q", "--refetch", "--no-filter")
    assert laid(partial, "HEAD~1") == {"a.py": "a\n"}


def test_a_folder_outside_any_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"git knows none here \(not a git repository.*\): compare with a file, `gotcha-audit baseline create`"):
        revision(tmp_path, "HEAD")


def test_without_git_the_mend_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_module.shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match="--since needs git, which is not on PATH: install it, or compare with a file"):
        revision(repository, "HEAD")
