"""Before a write: approved plans and evidence are not written by hand, everything else is left alone."""

import json
from pathlib import Path

import pytest
from made_event import plan, project, tool

from auditor.hook.respond import respond

APPROVED = (
    "docs/plans/teas.json is an approved plan: gotcha-audit alone sets what passes in it, from evidence that it records. Use instead: "
    "gotcha-audit plan red TASK -- TEST COMMAND, then plan green TASK -- TEST COMMAND, then plan pass TASK; "
    "gotcha-audit gate docs/plans/teas.json completes it. Where the plan itself must say something else, ask the person it belongs to: "
    "they change it, and accept the change with gotcha-audit plan approve --plan docs/plans/teas.json --by NAME."
)
BY_ITSELF = (
    "docs/plans/new.json may be written while it is DRAFT or PENDING, but a plan does not approve itself, and nothing in it passes by hand. "
    'Write "status": "PENDING" and "passes": false; then gotcha-audit plan lint --plan docs/plans/new.json, and a person approves it with '
    "gotcha-audit plan approve --plan docs/plans/new.json."
)


def denied(ask, root: Path, name: str, **arguments: object) -> str:
    """The reason of a denial, "" where there is none."""
    found = ask("PreToolUse", tool(root, name, **arguments))
    if found is None:
        return ""
    inner = found["hookSpecificOutput"]
    assert set(found) == {"hookSpecificOutput"}
    assert (inner["hookEventName"], inner["permissionDecision"]) == ("PreToolUse", "deny")
    return inner["permissionDecisionReason"]


def clients(root: Path) -> dict[str, tuple[str, dict[str, object], dict[str, object]]]:
    file = str(root / "docs/plans/teas.json")
    nested = {"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": APPROVED}}
    cursor = {"conversation_id": "c1", "workspace_roots": [str(root)], "cursor_version": "2.0.77"}
    refused = {"permission": "deny", "user_message": APPROVED, "agent_message": APPROVED}
    command = "sed -i s/false/true/ docs/plans/teas.json"
    update = "*** Begin Patch\n*** Update File: docs/plans/teas.json\n@@\n-false\n+true\n*** End Patch"
    codex = {"session_id": "x1", "turn_id": "t1", "cwd": str(root)}
    copilot = {"sessionId": "p1", "cwd": str(root)}
    flat = {"permissionDecision": "deny", "permissionDecisionReason": APPROVED}
    return {
        "claude, Write": ("PreToolUse", tool(root, "Write", file_path=file, content="{}"), nested),
        "claude, Bash": ("PreToolUse", tool(root, "Bash", command=command), nested),
        "codex, patch": ("PreToolUse", {**codex, "tool_name": "apply_patch", "tool_input": {"command": update}}, nested),
        "codex, shell": ("PreToolUse", {**codex, "tool_name": "Bash", "tool_input": {"command": command}}, nested),
        "vs code": (
            "PreToolUse",
            {"sessionId": "v", "hookEventName": "PreToolUse", "cwd": str(root), "tool_name": "editFiles", "tool_input": {"files": [file]}},
            nested,
        ),
        "cursor, Write": ("preToolUse", {**cursor, "tool_name": "Write", "tool_input": {"file_path": file, "content": "{}"}}, refused),
        "cursor, shell": ("beforeShellExecution", {**cursor, "command": command, "cwd": str(root)}, refused),
        "copilot, edit": (
            "preToolUse",
            {**copilot, "toolName": "edit", "toolArgs": json.dumps({"path": file, "old_str": "a", "new_str": "b"})},
            flat,
        ),
        "copilot, bash": ("preToolUse", {**copilot, "toolName": "bash", "toolArgs": {"command": command}}, flat),
    }


@pytest.mark.parametrize("client", clients(Path("/")))
def test_an_approved_plan_is_refused_in_each_clients_form(client: str, shop: Path, environment: dict[str, str]) -> None:
    event, data, expected = clients(shop)[client]
    found = respond(event, json.dumps(data).encode(), agent="auto", environment=environment)
    assert (json.loads(found.output), found.note) == (expected, "")


@pytest.mark.parametrize("status", ["APPROVED", "COMPLETE", "VERIFIED"])
def test_a_plan_that_was_approved_is_bound(status: str, tmp_path: Path, ask) -> None:
    root = project(tmp_path / "shop", status=status)
    assert denied(ask, root, "Edit", file_path=str(root / "docs/plans/teas.json"), old_string="Page", new_string="page") == APPROVED


@pytest.mark.parametrize("status", ["DRAFT", "PENDING"])
def test_a_plan_that_is_not_approved_may_be_written(status: str, tmp_path: Path, ask) -> None:
    root = project(tmp_path / "shop", status=status)
    file = str(root / "docs/plans/teas.json")
    assert denied(ask, root, "Edit", file_path=file, old_string="Page", new_string="A page") == ""
    assert denied(ask, root, "Write", file_path=file, content=plan("PENDING")) == ""
    assert denied(ask, root, "Bash", command="rm docs/plans/teas.json") == ""


def test_a_new_plan_may_be_written_but_not_as_approved_or_passing(shop: Path, ask) -> None:
    file = str(shop / "docs/plans/new.json")
    assert denied(ask, shop, "Write", file_path=file, content=plan("PENDING")) == ""
    assert denied(ask, shop, "Write", file_path=file, content=plan("APPROVED")) == BY_ITSELF
    assert denied(ask, shop, "Write", file_path=file, content=plan("PENDING", passes=True)) == BY_ITSELF
    assert denied(ask, shop, "Write", file_path=file, content="not yet JSON") == ""


def test_an_edit_does_not_approve_a_plan_either(tmp_path: Path, ask) -> None:
    root = project(tmp_path / "shop", status="PENDING")
    file = str(root / "docs/plans/teas.json")
    expected = BY_ITSELF.replace("new.json", "teas.json")
    assert denied(ask, root, "Edit", file_path=file, old_string="PENDING", new_string="APPROVED") == expected
    assert denied(ask, root, "Edit", file_path=file, old_string='"passes": false', new_string='"passes": true') == expected
    two = [{"old_string": "teas", "new_string": "sorts of tea"}, {"old_string": "PENDING", "new_string": "COMPLETE"}]
    assert denied(ask, root, "MultiEdit", file_path=file, edits=two) == expected


def test_a_plan_that_cannot_be_read_is_mended_unless_its_approval_is_on_record(shop: Path, ask) -> None:
    file = shop / "docs/plans/teas.json"
    file.write_text("{ half of it")
    assert denied(ask, shop, "Write", file_path=str(file), content=plan("PENDING")) == ""
    record = shop / "docs/plans/.gotcha-audit/evidence/teas/approved.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    assert denied(ask, shop, "Write", file_path=str(file), content=plan("PENDING")) == APPROVED


@pytest.mark.parametrize("name", ["docs/plans/.gotcha-audit/evidence/teas/1/1-red.json", ".gotcha-audit/x", "docs/plans/.GOTCHA-AUDIT/a.lock"])
def test_evidence_is_never_written_by_hand(name: str, shop: Path, ask) -> None:
    reason = denied(ask, shop, "Write", file_path=name, content="{}")
    assert reason.startswith(f"{shop / name} is in .gotcha-audit/, where gotcha-audit keeps the evidence of a plan")
    assert "gotcha-audit plan red TASK -- TEST COMMAND" in reason


def test_a_link_to_an_approved_plan_is_the_plan(shop: Path, ask) -> None:
    (shop / "notes.json").symlink_to(shop / "docs/plans/teas.json")
    assert denied(ask, shop, "Write", file_path=str(shop / "notes.json"), content="{}") == APPROVED


@pytest.mark.parametrize(
    "name",
    [
        "app/web.py",
        "docs/plans/notes.md",
        "docs/plans/.hidden.json",
        "docs/plans/older/teas.json",
        "plans/teas.json",
        ".gotcha-audit.toml",
        "gotcha-audit.toml",
        "docs/.gotcha-audit-cache/x",
    ],
)
def test_other_files_are_left_alone(name: str, shop: Path, ask) -> None:
    assert denied(ask, shop, "Write", file_path=str(shop / name), content=plan("APPROVED")) == ""


@pytest.mark.parametrize(
    "command",
    [
        "echo '{}' > docs/plans/teas.json",
        "echo x >>docs/plans/teas.json",
        "cat <<'EOF' > docs/plans/teas.json\n{}\nEOF",
        "cat > docs/plans/teas.json <<EOF\n{}\nEOF",
        "jq '.tasks[0].passes = true' docs/plans/teas.json > /tmp/t && mv /tmp/t docs/plans/teas.json",
        "cp /tmp/teas.json docs/plans",
        "cp /tmp/teas.json docs/plans/",
        "sed -i 's/false/true/' docs/plans/teas.json",
        "sed -i.bak -e s/false/true/ ./docs/plans/teas.json",
        "perl -pi -e s/false/true/ docs/plans/*.json",
        "pytest -q; rm -f docs/plans/teas.json",
        "cd docs/plans && rm teas.json",
        "cd docs/plans\nrm teas.json",
        "rm -rf docs/plans",
        "rm -r docs",
        "sudo rm docs/plans/teas.json",
        "LC_ALL=C timeout 5 tee docs/plans/teas.json < /tmp/x",
        "bash -c 'echo {} > docs/plans/teas.json'",
        "dd if=/tmp/x of=docs/plans/teas.json",
        "(echo {} | tee docs/plans/teas.json)",
        """python -c "import json; json.dump({}, open('docs/plans/teas.json', 'w'))" """,
        "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: docs/plans/teas.json\n@@\n-a\n+b\n*** End Patch\nEOF",
        "python3 - <<'EOF'\nfrom pathlib import Path\nPath('docs/plans/teas.json').write_text('{}')\nEOF",
        "node -e \"require('fs').writeFileSync('docs/plans/teas.json', '{}')\"",
    ],
)
def test_a_command_that_plainly_writes_an_approved_plan_is_refused(command: str, shop: Path, ask) -> None:
    assert denied(ask, shop, "Bash", command=command) == APPROVED


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf docs/plans/.gotcha-audit",
        "echo '{}' > docs/plans/.gotcha-audit/evidence/teas/1/1-green.json",
        "find docs/plans/.gotcha-audit -name '*.json' -delete",
        "python -c \"open('docs/plans/.gotcha-audit/evidence/teas/head.json', 'w').write('{}')\"",
    ],
)
def test_a_command_that_plainly_writes_evidence_is_refused(command: str, shop: Path, ask) -> None:
    assert "where gotcha-audit keeps the evidence of a plan" in denied(ask, shop, "Bash", command=command)


@pytest.mark.parametrize(
    "command",
    [
        "cat docs/plans/teas.json",
        "jq .status docs/plans/teas.json > /tmp/status",
        "cp docs/plans/teas.json /tmp/teas.json",
        "git diff docs/plans/teas.json && git add docs/plans/teas.json",
        "gotcha-audit plan red 1 --plan docs/plans/teas.json -- pytest tests/test_teas.py",
        "gotcha-audit gate docs/plans/teas.json --output gate.md",
        "sed -n 1,5p docs/plans/teas.json",
        "sed s/false/true/ docs/plans/teas.json",
        "grep -r passes docs/plans/ | tee /tmp/passes",
        "python -m json.tool docs/plans/teas.json",
        "python -c \"import json; print(json.load(open('docs/plans/teas.json'))['status'])\"",
        "ls docs/plans/.gotcha-audit/evidence 2>/dev/null",
        "find docs/plans -name '*.json'",
        "echo 'rm docs/plans/teas.json'",
        "cat > notes.md <<EOF\nrm docs/plans/teas.json\nEOF",
        "rm $PLAN",
        "npm run build > build.json",
        'echo "unbalanced > docs',
        "",
    ],
)
def test_a_command_that_only_reads_or_is_about_something_else_is_left_alone(command: str, shop: Path, ask) -> None:
    assert denied(ask, shop, "Bash", command=command) == ""
