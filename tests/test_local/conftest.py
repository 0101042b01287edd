"""Real servers and real programs, each test in a folder of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from cloudchat import local
from cloudchat.local.folders import remove_home

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def made_once():
    """A data folder as a first start leaves it, to copy from: making one takes its time."""
    with tempfile.TemporaryDirectory(prefix="cloudchat-made-") as name:
        Path(name).chmod(0o711)
        local.start(name, durable=False).stop()
        yield Path(name).resolve()


@pytest.fixture
def data_dir():
    """An empty data folder that the database's user reaches; nothing may run in it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="cloudchat-test-")).resolve()
    folder.chmod(0o711)
    yield folder
    _remove(folder)


@pytest.fixture
def used_dir(made_once):
    """A data folder that was started before."""
    folder = Path(tempfile.mkdtemp(prefix="cloudchat-test-")).resolve()
    folder.chmod(0o711)
    subprocess.run(["cp", "-a", *made_once.iterdir(), folder], check=True)
    yield folder
    _remove(folder)


def _remove(folder: Path) -> None:
    left = running_in(folder)
    for process in left:
        process.kill()
    remove_home(folder, "postgres")
    shutil.rmtree(folder)
    assert not left, f"left running: {left}"


@pytest.fixture
def launch():
    """Start a Python program of ours with its output piped; ended with the test."""
    started = []

    def start(*arguments: object, **env: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def running_in(folder: Path) -> list[psutil.Process]:
    """Every living process that names this folder in its command line."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = " ".join(process.info["cmdline"] or ())
        alive = process.info["status"] != psutil.STATUS_ZOMBIE
        if str(folder) in words and alive and process.pid != os.getpid():
            found.append(process)
    return found


def read_until(process: subprocess.Popen, text: str) -> str:
    """The output up to the first line that has `text` in it."""
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"ended without saying {text!r}:\n{seen}")
