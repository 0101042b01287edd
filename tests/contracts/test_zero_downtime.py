"""A migration runs while the version before still serves: it expands, and takes away in a later version.

Read from the source, not run: the first release stands on the revisions in BASE, every later one is judged. A
step that does remove something says why nobody uses it any more: `contract = "unused since 2.3"`.
"""

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

BASE = "0020"  # up to here nobody had an installation
LARGE = {"messages", "conversations", "contacts", "outbox", "webhook_events", "audit_log", "attachments"}
REMOVES = {"drop_table", "drop_column", "rename_table"}
VERSIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))


def faults(source: str) -> list[str]:
    """What in a migration's upgrade would stop, or block, a process of the version before."""
    tree = ast.parse(source)
    if any(isinstance(node, ast.Assign) and node.targets[0].id == "contract" for node in tree.body):
        return []
    [upgrade] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"]
    calls = [node for node in ast.walk(upgrade) if isinstance(node, ast.Call)]
    created = [call for call in calls if _name(call) == "create_table"]
    made = {_text(call, 0) for call in created}
    new = {id(node) for call in created for node in ast.walk(call)}
    return [fault for call in calls if id(call) not in new and (fault := _fault(call, made))]


def _fault(call: ast.Call, made: set[str]) -> str:
    name, table, given = _name(call), _text(call, 0), {one.arg: one.value for one in call.keywords}
    if name in REMOVES:
        return f"{name}({table}): the version before still uses it"
    if name == "Column" and _is(given.get("nullable"), False) and "server_default" not in given:
        return f"Column({table}): NOT NULL without server_default, the version before cannot insert"
    if name == "alter_column":
        if {"new_column_name", "type_"} & set(given):
            return f"alter_column({table}): renamed or of another type, the version before stumbles"
        if _is(given.get("nullable"), False):
            return f"alter_column({table}): NOT NULL, the version before may leave it empty"
    at_once = not _is(given.get("postgresql_concurrently"), True)
    if name == "create_index" and _text(call, 1) in LARGE - made and at_once:
        return f"create_index({_text(call, 1)}): not concurrently, writing stops meanwhile"
    return ""


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _text(call: ast.Call, at: int) -> str:
    """The call's positional argument, where it is written out; the name in `op.f("…")`."""
    value = call.args[at] if len(call.args) > at else None
    if isinstance(value, ast.Call) and value.args:
        value = value.args[0]
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


@pytest.mark.parametrize(
    "path", [one for one in VERSIONS if one.name > BASE + "_~"], ids=lambda path: path.stem
)
def test_a_migration_only_expands(path: Path):
    assert faults(path.read_text()) == []


@pytest.mark.parametrize(
    "step, told",
    [
        ('op.drop_column("contacts", "email")', "drop_column(contacts)"),
        ('op.add_column("users", sa.Column("x", sa.Text(), nullable=False))', "Column(x)"),
        ('op.alter_column("users", "x", nullable=False)', "alter_column(users)"),
        ('op.alter_column("users", "x", new_column_name="y")', "alter_column(users)"),
        ('op.create_index(op.f("ix"), "messages", ["x"])', "create_index(messages)"),
        ('op.add_column("users", sa.Column("x", sa.Text(), nullable=False, server_default=""))', ""),
        ('op.create_index(op.f("ix"), "messages", ["x"], postgresql_concurrently=True)', ""),
        ('op.create_table("messages"); op.create_index(op.f("ix"), "messages", ["x"])', ""),
    ],
)
def test_the_judge_knows_what_blocks(step, told):
    found = faults(f"def upgrade():\n    {step}\n")
    assert [fault.split(":")[0] for fault in found] == ([told] if told else [])
