"""The set-up scripts: skipping what is done, saying what is wrong, making the icon sprite."""

import importlib.util
import os
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load(name: str):
    """One of the scripts as a module; they are no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def setup(tmp_path):
    module = load("setup")
    module.STAMPS = tmp_path / "stamps"
    return module


def test_a_step_is_done_again_only_when_something_changed(setup, tmp_path):
    done, source, made = [], tmp_path / "source", tmp_path / "made"

    def act():
        done.append(source.read_text())
        made.touch()

    def step():
        setup.step("copy", "copying", [source], [made], act)
        return len(done)

    source.write_text("one")
    assert (step(), step()) == (1, 1)
    source.write_text("two")
    assert (step(), step()) == (2, 2)
    made.unlink()
    assert (step(), step()) == (3, 3)


def test_a_failed_step_is_tried_again(setup, tmp_path):
    def fail():
        raise setup.Failed("no")

    for _ in range(2):
        with pytest.raises(setup.Failed):
            setup.step("copy", "copying", [], [], fail)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Temporary failure in name resolution", "the network does not answer"),
        ("npm error code EAI_AGAIN", "the network does not answer"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("The virtual environment was not created: ensurepip is not", "python3-venv"),
        ("something else", "failed\n"),
    ],
)
def test_a_failure_says_what_it_means(setup, said, reason):
    with pytest.raises(setup.Failed) as caught:
        setup.run(["sh", "-c", f"echo '{said}'; exit 1"])
    assert reason in str(caught.value)
    assert said in str(caught.value)


def test_an_old_python_is_refused_in_one_line(tmp_path):
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit\nexit 1\n')
    old.chmod(0o755)
    for tool in ("dirname", "sh"):
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
    shown = subprocess.run(
        [ROOT / "scripts" / "setup", "run"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 1
    assert "cloudchat: needs Python 3.11 or newer, and here is Python 3.9.2." in shown.stderr


def test_help_lists_the_commands():
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True)
    for command in ("run", "test", "bench", "lint", "setup", "clean"):
        assert f"make {command} " in shown.stdout


def test_the_sprite_holds_one_symbol_for_each_icon():
    vendor = load("vendor")
    assert vendor.icon_names("send\n\n# a remark\ninbox  # another\nsend\n") == ["inbox", "send"]
    svg = (
        '<svg\n  width="24"\n>\n  <path stroke="none" d="M0 0h24v24H0z" fill="none" />\n'
        '  <path d="M10 14l11 -11" />\n</svg>'
    )
    sprite = ET.fromstring(vendor.make_sprite({"send": svg}))
    (symbol,) = sprite
    assert symbol.get("id") == "send"
    assert symbol.get("viewBox") == "0 0 24 24"
    assert symbol.get("stroke-width") == "1.5"
    assert [path.get("d") for path in symbol] == ["M10 14l11 -11"]


def test_no_pin_is_missing_and_no_address_is_kept():
    for name in ("requirements", "requirements-dev"):
        wanted = (ROOT / f"{name}.in").read_text().splitlines()
        pinned = (ROOT / f"{name}.txt").read_text().splitlines()
        missing = [line for line in wanted if "==" in line and line not in pinned]
        assert missing == [], "run `make pins`"
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
