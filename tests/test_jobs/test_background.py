"""The processes of `flask worker` and `flask scheduler`: no pages, every job."""

import json
import os
import subprocess
import sys

from tests.conftest import ROOT
from tests.contracts.registry import JOBS

ASKED = """
import json, sys
sys.argv = ["flask", "worker"]
import wsgi
from rq.utils import import_attribute
print(json.dumps({
    "pages": sorted({"blueprints", "admin", "flask_admin", "spectree"} & set(sys.modules)),
    "routes": sorted(rule.endpoint for rule in wsgi.app.url_map.iter_rules()),
    "commands": sorted(wsgi.app.cli.commands),
    "no_jobs": [name for name in json.load(sys.stdin) if not hasattr(import_attribute(name), "is_job")],
}))
"""


def test_a_worker_has_no_pages_and_knows_every_job(settings):
    _, env = settings
    done = subprocess.run(
        [sys.executable, "-c", ASKED],
        input=json.dumps(list(JOBS)),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **env, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "pages": [],
        "routes": ["static"],
        "commands": ["scheduler", "worker"],
        "no_jobs": [],
    }
