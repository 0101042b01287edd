"""The layers of design.md hold: higher ones import lower ones, features know nothing of each other."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def test_the_import_contracts_hold():
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_importing_the_core_runs_nothing():
    """A factory in the package's own file would invite import cycles."""
    assert (ROOT / "cloudchat" / "__init__.py").read_text() == ""
