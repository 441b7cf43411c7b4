"""The server as a client sees it: a real process, the SDK's own client."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import psutil
import pytest
from mcp import McpError, types
from pydantic import AnyUrl

from auditor import __version__
from auditor.catalogue import load
from auditor.cli import main
from auditor.mcp.tools import TOOLS
from auditor.plan.approval import approve
from auditor.plan.chosen import choose
from tests.mcp.made_client import CHECKOUT, SAMPLE, SHOP, Client, Wire, connected, environment, gone

SEND = "flask/relative-send-directory"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with two projects, one of them with an approved plan, and a link that leads out."""
    root = tmp_path_factory.mktemp("root").resolve()
    shutil.copytree(SAMPLE, root / "site")
    shutil.copytree(SHOP, root / "shop")
    plan = choose(root / "shop", Path(root, "shop", "docs", "plans", "teas.json"))
    approve(plan, root / "shop", by="Ada")
    (root / "out").symlink_to("/etc")
    return root


@pytest.fixture(scope="module")
def client(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with connected(tmp_path_factory.mktemp("log") / "log", "--root", str(tree)) as made:
        yield made
        assert made.logged == ""


# -- what it says of itself ----------------------------------------------------------------------------------------------------------------


def test_every_tool_is_listed_with_what_a_client_may_rely_on(client: Client) -> None:
    hints = {
        name: (tool.annotations.readOnlyHint, tool.annotations.destructiveHint, tool.annotations.idempotentHint, tool.annotations.openWorldHint)
        for name, tool in client.tools.items()
    }
    reads = (True, False, True, False)
    assert hints == {
        "scan": reads,
        "explain": reads,
        "search": reads,
        "plan_next": reads,
        "plan_pass": (False, False, False, False),
        "validate": (False, True, False, False),
        "gate": (False, True, False, False),
    }


@pytest.mark.parametrize("name", TOOLS)
def test_schemas_are_schemas_and_close_what_they_describe(client: Client, name: str) -> None:
    for schema in (client.tools[name].inputSchema, client.tools[name].outputSchema):
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["additionalProperties"] is False


def test_the_version_is_ours(tree: Path) -> None:
    with Wire("--root", str(tree), cwd=tree) as wire:
        wire.send(id=1, method="ping")
        assert wire.read() == {"jsonrpc": "2.0", "id": 1, "result": {}}
    with Wire(cwd=tree) as wire:
        wire.send(
            id=5, method="initialize", params={"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
        )
        assert wire.read()["result"]["serverInfo"]["version"] == __version__


# -- scan ------------------------------------------------------------------------------------------------------------------------------------


def test_a_scan_gives_what_the_command_gives(client: Client) -> None:
    content = client.call("scan", path="site", select=["flask", "python"])
    words = [sys.executable, "-m", "auditor", "scan", str(SAMPLE), "--format", "json", "--select", "flask,python"]
    done = subprocess.run(words, env=environment(), capture_output=True, check=False)
    assert done.returncode == content["exit_code"]
    (run,) = json.loads(done.stdout)["runs"]
    wanted = [result for result in run["results"] if result["outcome"] in ("fail", "review")]
    assert [(one["id"], one["place"]["path"], one["place"]["line"], one["fingerprint"]) for one in content["results"]] == [
        (one["check"], one["place"]["path"], one["place"]["span"]["start"]["line"], one["fingerprint"]) for one in wanted
    ]
    assert (content["verdict"], content["exit_code"], content["total"], content["next_offset"]) == ("failing", 1, len(wanted), None)
    assert content["coverage"] == run["coverage"]
    assert content["tree"] == run["tree"]
    (found,) = [one for one in content["results"] if one["id"] == SEND]
    assert found["title"] == load().named(SEND).title
    assert "send_from_directory" in found["works"]["after"]


def test_a_page_is_a_part_of_the_whole(client: Client) -> None:
    shown = {"path": "site", "select": ["flask"], "show": ["fail", "review", "pass"]}
    whole = client.call("scan", **shown, limit=100)
    part = client.call("scan", **shown, limit=2, offset=1)
    assert part["results"] == whole["results"][1:3]
    assert (part["next_offset"], part["total"], part["tree"]) == (3, len(whole["results"]), whole["tree"])


def test_only_these_gotchas(client: Client) -> None:
    assert {one["id"] for one in client.call("scan", path="site", select=[SEND])["results"]} == {SEND}


@pytest.mark.parametrize(
    ("arguments", "path"),
    [({"path": "site", "files": ["backend/app.py"]}, "backend/app.py"), ({"path": "site/backend/app.py"}, "site/backend/app.py")],
)
def test_only_these_files(client: Client, arguments: dict[str, object], path: str) -> None:
    content = client.call("scan", **arguments, select=["flask"])
    assert {one["place"]["path"] for one in content["results"]} == {path}
    assert content["coverage"]["selected"] == 1


def test_what_fails_the_scan_is_for_the_caller_to_say(client: Client) -> None:
    content = client.call("scan", path="site", select=["flask/cors-any-origin"], fail_on="error")
    assert (content["verdict"], content["counts"]["fail"]) == ("clean", 1)


def test_what_could_not_be_examined_is_told_first_of_all(client: Client, tree: Path) -> None:
    broken = tree / "broken"
    shutil.copytree(SAMPLE, broken)
    (broken / "backend" / "bad.py").write_text("def broken(:\n")
    try:
        content = client.call("scan", path="broken", select=["flask"], limit=1)
    finally:
        shutil.rmtree(broken)
    assert (content["verdict"], content["exit_code"], content["not_examined_total"]) == ("incomplete", 3, 1)
    assert content["not_examined"][0]["place"]["path"] == "backend/bad.py"
    assert content["coverage"]["failed"] == 1


def test_the_text_is_the_same_in_ascii(client: Client) -> None:
    result = client.raw("scan", path="site", select=["flask"], limit=1)
    (content,) = result.content
    assert content.text.isascii()
    assert content.text.isprintable()
    text = json.loads(content.text)
    assert text["results"] == result.structuredContent["results"]


# -- entries ---------------------------------------------------------------------------------------------------------------------------------


def test_explain_shows_the_entry(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    content = client.call("explain", id=SEND)
    assert main(["explain", SEND]) == 0
    assert content["markdown"] == capsys.readouterr().out
    assert client.raw("explain", id=SEND).content[0].text == content["markdown"]
    assert content["uri"] == f"gotcha://{SEND}"


def test_an_unknown_id_is_refused_with_what_was_meant(client: Client) -> None:
    assert client.refused("explain", id="flask/relative-send-dir") == f"no gotcha is called 'flask/relative-send-dir'; did you mean {SEND}?"


def test_search_finds_by_what_is_seen(client: Client) -> None:
    content = client.call("search", query="static files 404", limit=5)
    assert len(content["hits"]) == 5
    assert content["total"] > 5
    assert {hit["category"] for hit in content["hits"][:3]} == {"static-files"}
    assert all(set(hit["matched"]) == {"static", "files", "404"} for hit in content["hits"][:3])
    assert client.call("search", query="static files 404", limit=5) == content
    nothing = client.call("search", query="zxqv wvut")
    assert nothing == {"hits": [], "total": 0, "unknown_words": ["zxqv", "wvut"]}


def test_entries_are_resources(client: Client) -> None:
    listed: list[types.Resource] = []
    cursor = None
    while True:
        page = client.portal.call(client.session.list_resources, cursor)
        listed += page.resources
        cursor = page.nextCursor
        if cursor is None:
            break
    assert [resource.name for resource in listed] == [gotcha.id for gotcha in load().gotchas]
    (content,) = client.portal.call(client.session.read_resource, AnyUrl(f"gotcha://{SEND}")).contents
    assert content.text == client.call("explain", id=SEND)["markdown"]
    (template,) = client.portal.call(client.session.list_resource_templates).resourceTemplates
    assert template.uriTemplate == "gotcha://{stack}/{name}"


@pytest.mark.parametrize("uri", ["gotcha://flask/relative-send-dir", "gotcha://flask/*", "file:///etc/passwd", "gotcha://../../etc/passwd"])
def test_what_is_no_entry_is_no_resource(client: Client, uri: str) -> None:
    with pytest.raises(McpError) as caught:
        client.portal.call(client.session.read_resource, AnyUrl(uri))
    assert caught.value.error.code == -32002


def test_the_entries_of_the_project_count_too(client: Client, tree: Path) -> None:
    own = tree / "own"
    source = Path(load().named(SEND).origin)
    (own / "gotchas" / "flask").mkdir(parents=True)
    (own / "gotchas" / "flask" / "our-own.md").write_text(source.read_text())
    (own / "gotcha-audit.toml").write_text('catalogues = ["gotchas"]\n')
    assert client.call("explain", id="flask/our-own", path="own")["id"] == "flask/our-own"
    (own / "gotcha-audit.toml").write_text('catalogs = ["gotchas"]\n')
    assert "catalogs" in client.refused("explain", id=SEND, path="own")
    assert "catalogs" in client.refused("scan", path="own")


# -- plans -----------------------------------------------------------------------------------------------------------------------------------


def test_what_is_next(client: Client) -> None:
    content = client.call("plan_next", path="shop")
    assert [(task["id"], task["state"]) for task in content["next"]] == [(1, "ready")]
    assert [(task["id"], task["blocked_by"]) for task in content["blocked"]] == [(2, ["1"])]
    assert content == client.call("plan_next", path="shop", plan="docs/plans/teas.json")


@pytest.mark.parametrize("task", [2, "2"])
def test_a_refused_task_is_an_answer_with_the_reasons(client: Client, tree: Path, task: int | str) -> None:
    before = (tree / "shop" / "docs" / "plans" / "teas.json").read_bytes()
    content = client.call("plan_pass", path="shop", task=task)
    assert (content["passes"], content["record"]) == (False, None)
    depends, evidence = content["reasons"]
    assert "depends on task 1" in depends
    assert "plan red 2" in evidence
    assert (tree / "shop" / "docs" / "plans" / "teas.json").read_bytes() == before


def test_a_task_that_is_not_there_and_a_plan_that_is_not_there_are_errors(client: Client) -> None:
    assert client.refused("plan_pass", path="shop", task=9) == "docs/plans/teas.json: no task has the id 9; there are 1, 2"
    assert client.refused("plan_pass", path="shop", task="--help") == "docs/plans/teas.json: no task has the id --help; there are 1, 2"
    assert client.refused("plan_next", path="site") == "there is no plan in docs/plans/: name one with --plan FILE"
    assert "outside the project" in client.refused("plan_next", path="shop", plan="../site/README.md")


# -- what is refused -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("scan", {"limit": 0}, "limit: 0 is less than the minimum of 1"),
        ("scan", {"limit": "many"}, "limit: 'many' is not of type 'integer'"),
        ("scan", {"paths": ["x"]}, "Additional properties are not allowed ('paths' was unexpected)"),
        ("scan", {"fail_on": "fatal"}, "fail_on: 'fatal' is not one of"),
        ("scan", {"select": ["no/such"]}, "no gotcha is called 'no/such'"),
        ("scan", {"select": ["--output=/tmp/x"]}, "no gotcha is called '--output=/tmp/x'"),
        ("scan", {"files": ["backend"], "path": "site"}, "backend is a folder: give it as `path`"),
        ("scan", {"files": ["../shop/app/web.py"], "path": "site"}, "is outside the project"),
        ("explain", {}, "'id' is a required property"),
        ("search", {"query": "…"}, "the query holds no word"),
        ("validate", {"attempt": True}, "name it with `plan`"),
        ("validate", {"path": "site/backend", "command": "true"}, "'command' was unexpected"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_by_name(client: Client, name: str, arguments: dict[str, object], said: str) -> None:
    assert said in client.refused(name, **arguments)


@pytest.mark.parametrize("name", ["scan", "explain", "search", "validate", "plan_next", "plan_pass", "gate"])
@pytest.mark.parametrize("path", ["..", "/etc", "out", "site/../..", "out/hostname"])
def test_nothing_outside_the_root_is_looked_at(client: Client, name: str, path: str) -> None:
    needed = {"explain": {"id": SEND}, "search": {"query": "cors"}, "plan_pass": {"task": 1}}.get(name, {})
    assert f"{path} is outside" in client.refused(name, path=path, **needed)


def test_a_path_that_is_not_there(client: Client, tree: Path) -> None:
    assert client.refused("scan", path="nothing") == f"nothing: no such file or folder in {tree}"
    assert "NUL" in client.refused("scan", path="a\0b")
    assert "is no folder" in client.refused("validate", path="site/README.md")


def test_an_unknown_tool_is_an_error_of_the_protocol(client: Client) -> None:
    with pytest.raises(McpError, match="there is no tool nothing; there are scan, explain") as caught:
        client.raw("nothing")
    assert caught.value.error.code == types.INVALID_PARAMS


# -- whose roots -----------------------------------------------------------------------------------------------------------------------------


def test_without_root_those_of_the_client_count(tree: Path, tmp_path: Path) -> None:
    with connected(tmp_path / "log", cwd=tmp_path, roots=(tree / "shop", tree / "site", tree / "missing")) as client:
        assert client.call("plan_next")["next"][0]["id"] == 1
        assert client.call("plan_next", path=str(tree / "shop"))["next"][0]["id"] == 1
        assert "is outside" in client.refused("scan", path=str(tmp_path))
        assert "is outside" in client.refused("scan", path=str(tree))


def test_roots_that_changed_are_asked_for_again(tree: Path, tmp_path: Path) -> None:
    roots = [tree / "shop"]
    with connected(tmp_path / "log", cwd=tmp_path, roots=roots) as client:
        assert "is outside" in client.refused("plan_next", path=str(tree / "site"))
        roots.append(tree / "site")
        assert "is outside" in client.refused("plan_next", path=str(tree / "site"))
        client.portal.call(client.session.send_roots_list_changed)
        assert client.refused("plan_next", path=str(tree / "site")).startswith("there is no plan")


def test_a_client_without_roots_gets_the_folder_that_the_server_was_started_in(tree: Path, tmp_path: Path) -> None:
    with connected(tmp_path / "log", cwd=tree / "shop") as client:
        assert client.call("plan_next")["next"][0]["id"] == 1
        assert "is outside" in client.refused("plan_next", path="../site")


def test_a_root_that_was_given_wins_over_those_of_the_client(tree: Path, tmp_path: Path) -> None:
    with connected(tmp_path / "log", "--root", str(tree / "shop"), cwd=tmp_path, roots=(tree,)) as client:
        assert "is outside" in client.refused("plan_next", path=str(tree / "site"))


def test_a_root_that_is_no_folder_is_wrong_use(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "auditor", "mcp", "--root", str(tmp_path / "no")],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "is no folder" in done.stderr


# -- several at once, and the end ------------------------------------------------------------------------------------------------------------


def test_calls_at_the_same_time_do_not_disturb_each_other(client: Client) -> None:
    asked = [("scan", {"path": "site", "select": ["flask"]}), ("plan_next", {"path": "shop"}), ("explain", {"id": SEND})]
    alone = [client.call(name, **arguments) for name, arguments in asked]
    with ThreadPoolExecutor(len(asked)) as pool:
        together = list(pool.map(lambda one: client.call(one[0], **one[1]), asked))
    for content in (*alone, *together):
        content.pop("summary", None)  # it names the seconds
    assert together == alone


def test_quick_answers_do_not_wait_for_slow_ones(tree: Path) -> None:
    with Wire("--root", str(tree), cwd=tree) as wire:
        wire.call(1, "scan", path="site")
        wire.call(2, "explain", id=SEND)
        assert [wire.read()["id"], wire.read()["id"]] == [2, 1]


def test_a_cancelled_call_leaves_no_process(tree: Path) -> None:
    with Wire("--root", str(tree), cwd=tree) as wire:
        wire.call(7, "scan", path="site")
        started = wire.started(2)
        wire.send(method="notifications/cancelled", params={"requestId": 7})
        assert wire.read()["error"]["message"] == "Request cancelled"
        assert gone(started)
        wire.call(8, "explain", id=SEND)
        assert wire.read()["id"] == 8


def test_a_call_that_takes_too_long_is_stopped(tree: Path) -> None:
    slow = tree / "slow"
    slow.mkdir()
    for number in range(400):
        shutil.copy(SAMPLE / "backend" / "app.py", slow / f"a{number}.py")
    with Wire("--root", str(slow), cwd=tree) as wire:
        wire.call(1, "scan", time_limit=1)
        started = wire.started(2)
        result = wire.read()["result"]
        assert result["isError"] is True
        assert result["content"][0]["text"].startswith("`scan` did not end within 1 s and was stopped")
        assert gone(started)


@pytest.mark.parametrize("way", ["input ends", "SIGTERM", "SIGINT", "SIGKILL", "output closed"])
def test_the_server_ends_and_leaves_no_process(tree: Path, tmp_path: Path, way: str) -> None:
    with Wire("--root", str(tree), cwd=tree, more={"TMPDIR": str(tmp_path)}) as wire:
        wire.call(1, "scan", path="site")
        started = wire.started(2)
        if way == "input ends":
            wire.process.stdin.close()
        elif way == "output closed":
            wire.process.stdout.close()
            wire.send(id=2, method="ping")
        else:
            wire.process.send_signal(getattr(signal, way))
        code = wire.process.wait(15)
        assert code == {"SIGINT": 130, "SIGKILL": -9}.get(way, 0)
        assert gone(started)
        assert wire.process.stderr.read() == b""
    assert list(tmp_path.iterdir()) == [] or way == "SIGKILL"


def test_what_is_no_message_ends_nothing(tree: Path) -> None:
    with Wire("--root", str(tree), cwd=tree) as wire:
        wire.write('{"jsonrpc": "2.0", "id": 1, "method": "no/such"}\n')
        assert wire.read()["error"]["code"] in (types.METHOD_NOT_FOUND, types.INVALID_PARAMS)
        wire.write("this is no JSON\n\n[1, 2]\n\xff\n")
        wire.send(id=2, method="ping")
        while (message := wire.read()).get("id") != 2:
            assert message["method"] == "notifications/message"
        wire.process.stdin.close()
        assert wire.process.wait(15) == 0
        assert b"Traceback" not in wire.process.stderr.read()


def test_nothing_is_imported_from_the_project(tree: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile"
    shutil.copytree(SAMPLE, hostile)
    for name in ("auditor", "click", "json", "yaml", "libcst"):
        (hostile / f"{name}.py").write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'imported')!r}).touch()\n")
    (hostile / "sitecustomize.py").write_text((hostile / "click.py").read_text())
    with connected(tmp_path / "log", "--root", str(hostile), cwd=tree) as client:
        assert client.call("scan", limit=1)["counts"]["fail"] >= 7
    assert not (tmp_path / "imported").exists()


def test_nothing_but_the_protocol_reaches_standard_output() -> None:
    program = """
import os, subprocess, sys
from auditor.mcp.stdio import taken
source, sink = taken()
print("a library")
sys.stdout.flush()
subprocess.run(["echo", "a child"])
os.write(2, sys.stdin.read().encode() or b"empty\\n")
os.write(sink, os.read(source, 100))
assert not os.get_inheritable(source) and not os.get_inheritable(sink)
"""
    done = subprocess.run([sys.executable, "-c", program], env=environment(), cwd=CHECKOUT, input="{}\n", capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("{}\n", "a library\na child\nempty\n")


def test_the_server_opens_no_socket(tree: Path) -> None:
    with Wire("--root", str(tree), cwd=tree) as wire:
        wire.call(1, "search", query="cors")
        wire.read()
        assert [connection for connection in psutil.Process(wire.process.pid).net_connections() if connection.status == psutil.CONN_LISTEN] == []
