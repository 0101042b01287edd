"""Install what is missing and skip what is not: `setup.py run` or `setup.py test`.

Needs nothing but Python: it makes the environment that everything else runs in. Each step is
remembered by a stamp, the hash of the files that it depends on.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
TRANSLATIONS = ROOT / "translations"
OURS = ("cloudchat", "blueprints", "admin")
# Chromium without its windows: a page costs the tests a fifth of what it costs in the whole browser.
SHELL = "chromium-headless-shell"
BROWSERS = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SPACE_NEEDED = 1500 * 1024 * 1024
REASONS = (
    (
        ("No space left on device", "ENOSPC", "Errno 28"),
        "the disk is full: make room and try again",
    ),
    (
        ("ensurepip", "No module named venv"),
        "Python's venv module is missing; on Debian or Ubuntu: sudo apt-get install python3-venv",
    ),
    (
        (
            "name resolution",
            "NewConnectionError",
            "Max retries",
            "timed out",
            "ProxyError",
            "ENOTFOUND",
            "EAI_AGAIN",
            "ECONNREFUSED",
            "ECONNRESET",
            "ETIMEDOUT",
            "Connection refused",
            "Could not connect",
            "Temporary failure",
        ),
        "the network does not answer: check the connection (or the proxy) and try again",
    ),
    (("Permission denied", "EACCES"), "no permission to write here: whose folder is this?"),
)


class Failed(Exception):
    """A step did not work; the text is for the person at the terminal."""


def main(purpose: str) -> int:
    """Bring everything up to date for `run` or `test`."""
    os.chdir(ROOT)
    lock_file = ROOT / "package-lock.json"
    runtime, for_tests = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
    vendor = [lock_file, ROOT / "static" / "icons.txt", ROOT / "scripts" / "vendor.py"]
    catalogues = sorted(TRANSLATIONS.glob("*/LC_MESSAGES/*.po"))
    compiled = [path.with_suffix(".mo") for path in catalogues]
    sources = sorted(path for folder in OURS for path in (ROOT / folder).rglob("*.py"))
    try:
        step("environment", "Python environment", [], [PYTHON], make_environment)
        step("python", "Python packages", [runtime], [], lambda: install_python(runtime))
        step("node", "front-end packages", [lock_file], [ROOT / "node_modules"], install_node)
        sprite = ROOT / "static" / "vendor" / "icons.svg"
        step("vendor", "static/vendor", vendor, [sprite], copy_vendor)
        if catalogues:
            step("translations", "translations", catalogues, compiled, compile_translations)
        if sources:
            step("bytecode", "bytecode", sources, [], compile_sources)
        if purpose == "test":
            both = [runtime, for_tests]
            step("test-python", "test packages", both, [], lambda: install_python(*both))
            find_browser()
    except Failed as failure:
        print(f"cloudchat: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def step(name: str, title: str, inputs: list[Path], made: Iterable[Path], action: Callable[[], None]) -> None:
    """Do `action`, unless what it makes is there and came from the very same inputs."""
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(path.read_bytes() if path.exists() else b"absent")
    stamp = STAMPS / name
    same = stamp.exists() and stamp.read_text() == digest.hexdigest()
    if same and all(path.exists() for path in made):
        return
    check_space()
    say(f"{title} …")
    begun = time.monotonic()
    action()
    STAMPS.mkdir(exist_ok=True)
    stamp.write_text(digest.hexdigest())
    say(f"{title}: done in {time.monotonic() - begun:.0f} s")


def make_environment() -> None:
    """A virtual environment; where Debian left the module for that out, its package first."""
    make = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    try:
        run(make)
    except Failed:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        if not apt_install(f"{version}-venv"):
            raise
        run(make)


def install_python(*files: Path) -> None:
    requirements = [part for path in files for part in ("-r", path.name)]
    run([str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", *requirements])


def install_node() -> None:
    # The npm that the Python packages brought: a fresh machine has none, and others vary.
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    arguments = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier"]
    run([str(VENV / "bin" / "npm"), *arguments], env=os.environ | {"PATH": path})


def copy_vendor() -> None:
    shown = subprocess.run([PYTHON, "scripts/vendor.py"], capture_output=True, text=True, check=False)
    if shown.returncode:
        raise Failed(f"static/vendor cannot be made:\n{shown.stderr.rstrip()}")


def compile_translations() -> None:
    run([str(VENV / "bin" / "pybabel"), "compile", "-d", TRANSLATIONS.name])


def compile_sources() -> None:
    # Python would do it while it starts; where it may not write beside the sources, at every start.
    run([str(PYTHON), "-m", "compileall", "-q", *OURS])


def find_browser() -> None:
    """The browser tests drive Chromium; install it where that is possible."""
    present = os.environ.get("CHROMIUM") or next(filter(shutil.which, BROWSERS), None)
    if present in BROWSERS[1:] and os.getuid() == 0:  # once, whether it works or not: there is another
        step("browser", "a quicker browser for the tests", [], [], lambda: apt_install(SHELL))
    if not present and not apt_install(SHELL) and not apt_install("chromium"):
        raise Failed(
            "the browser tests need Chromium, and it cannot be installed from here. "
            "Debian: sudo apt-get install chromium; elsewhere install Chromium or Chrome, "
            "or name it: CHROMIUM=/path/to/chromium make test"
        )


def apt_install(package: str) -> bool:
    """Install a Debian package if this machine has such and lets us; whether it worked."""
    if not shutil.which("apt-get"):
        return False
    root = [] if os.getuid() == 0 else ["sudo", "-n"]
    if root and (not shutil.which("sudo") or subprocess.run([*root, "true"], check=False).returncode):
        return False
    say(f"apt-get install {package} …")
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", package]
    try:
        run([*root, "apt-get", "update"], env=env)
        run([*root, *install], env=env)
    except Failed as failure:
        say(str(failure))
        return False
    return True


def run(command: list[str], env: dict[str, str] | None = None) -> None:
    """Run quietly; on failure show the end of what it said, and what that means."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=env,
            check=False,
        )
    except OSError as error:
        raise Failed(f"cannot run {command[0]}: {error.strerror}") from None
    if done.returncode:
        shown = "\n".join(f"    {line}" for line in done.stdout.splitlines()[-15:])
        reason = next((text for words, text in REASONS if any(w in done.stdout for w in words)), "")
        said = " ".join(Path(part).name for part in command[:4])
        raise Failed(f"{said} failed{': ' + reason if reason else ''}\n{shown}")


def check_space() -> None:
    free = shutil.disk_usage(ROOT).free
    if free < SPACE_NEEDED:
        raise Failed(
            f"only {free // 2**20} MB free on this disk; installing needs {SPACE_NEEDED // 2**20} MB"
        )


def say(text: str) -> None:
    # Not to standard output: `make bench` prints a document there.
    print(f"→ {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
