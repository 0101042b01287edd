"""The configuration: production refuses what is unsafe, and the guide names every setting."""

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.test_hostile.conftest import app_with  # noqa: F401

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
GOOD = {
    "CLOUDCHAT_ENV": "production",
    "SECRET_KEY": "k" * 40,
    "ENCRYPTION_KEYS": KEY,
    "DATABASE_URL": "postgresql://a/b",
    "REDIS_URL": "redis://a",
    "META_APP_SECRET": "s",
    "META_VERIFY_TOKEN": "t",
}
REFUSALS = [
    ({"SECRET_KEY": ""}, "SECRET_KEY"),
    ({"SECRET_KEY": "changeme"}, "SECRET_KEY"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY"),
    ({"ENCRYPTION_KEYS": ""}, "ENCRYPTION_KEYS"),
    ({"ENCRYPTION_KEYS": "nonsense"}, "ENCRYPTION_KEYS"),
    ({"ENCRYPTION_KEYS": f"{KEY},short"}, "ENCRYPTION_KEYS"),
    ({"META_APP_SECRET": "simulator-app-secret"}, "META_APP_SECRET"),
    ({"META_VERIFY_TOKEN": "simulator-verify-token"}, "META_VERIFY_TOKEN"),
    ({"DATABASE_URL": ""}, "DATABASE_URL"),
    ({"REDIS_URL": ""}, "REDIS_URL"),
    ({"REDIS_URL": "http://a"}, "REDIS_URL"),
    ({"REDIS_URL": "redis+sentinel://a:1,b:2/desk"}, "REDIS_URL"),
    ({"PORT": "x"}, "PORT"),
    ({"PORT": "²"}, "PORT"),
    ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES"),
]


@pytest.mark.parametrize("change, named", REFUSALS)
def test_production_refuses_what_is_unsafe(tmp_path, change, named):
    """H52: one clear line, and not the value of a secret in it."""
    from cloudchat import config

    env = {**GOOD, "CLOUDCHAT_DATA_DIR": str(tmp_path)} | change
    with pytest.raises(SystemExit) as refused:
        config.load(env)
    line = str(refused.value)
    assert named in line and "\n" not in line
    assert not (tmp_path / "secrets.json").exists()


def test_production_starts_with_secrets_of_its_own(tmp_path):
    from cloudchat import config

    assert config.load({**GOOD, "CLOUDCHAT_DATA_DIR": str(tmp_path)}).is_production


def test_a_refused_start_is_one_line(tmp_path):
    """As the operator sees it: no traceback."""
    env = {**os.environ, **GOOD, "SECRET_KEY": "", "CLOUDCHAT_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "wsgi.py"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.startswith("cloudchat: SECRET_KEY") and done.stderr.count("\n") == 1


def test_every_setting_is_in_the_operators_guide():
    """docs/operating.md names each environment variable that is read."""
    source = (ROOT / "cloudchat" / "config.py").read_text()
    read = set(re.findall(r'env(?:\.get\(|, )"([A-Z_]+)"', source))
    assert len(read) > 15
    guide = ROOT / "docs" / "operating.md"
    assert guide.exists(), "docs/operating.md is missing"
    missing = sorted(name for name in read if f"`{name}`" not in guide.read_text())
    assert not missing, f"explain in docs/operating.md: {missing}"


def test_development_secrets_are_random_and_kept(tmp_path):
    from cloudchat import config

    first, second = (config.load({"CLOUDCHAT_DATA_DIR": str(tmp_path)}) for _ in range(2))
    assert first.secret_key == second.secret_key and len(first.secret_key) > 40
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    elsewhere = config.load({"CLOUDCHAT_DATA_DIR": str(tmp_path / "b")})
    assert elsewhere.secret_key != first.secret_key


def test_the_app_is_made_from_what_it_is_given(app_with):  # noqa: F811
    made = app_with(trusted_proxies=1)
    assert made.test_client().get("/healthz", headers={"X-Forwarded-For": "1.2.3.4"}).status_code == 200
