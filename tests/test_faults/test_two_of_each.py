"""Two web processes and two workers under load; one of each is killed, and nothing is lost.

The other faults are tried by `make chaos`, see docs/faults.md.
"""

import os
import subprocess
import sys
from pathlib import Path

from redis import Redis
from rq.cron_scheduler_registry import get_registry_key

from cloudchat import local
from cloudchat.app import create_app
from tests.chaos.cases import Verdict
from tests.chaos.processes import one_of_each_dies
from tests.chaos.start import running
from tests.conftest import EMPTY, ROOT

LOAD = 0.1  # of the full one: 10 webhooks a second, 20 sockets
PATIENCE = 6.0  # the whole suite runs beside it
PROCESSES = ("worker", "scheduler")


def test_one_of_each_is_killed(app, settings, services, tmp_path):
    tmp_path.chmod(0o711)
    redis = local.start(tmp_path, postgres=False, durable=False)
    try:
        shared = local.Services(services.postgres, redis.redis)
        with running(LOAD, patience=PATIENCE, folder=tmp_path, services=shared, migrated=EMPTY) as world:
            verdict = Verdict()
            one_of_each_dies(world, verdict, around=1.5)
            assert verdict.failed == []
    finally:
        create_app(settings[0])  # this process seeded by an app of its own, and gets the usual one back
        redis.stop()


def test_worker_and_scheduler_outlive_an_absent_redis(settings, empty_database, tmp_path, eventually):
    """F8: they wait for it and go on; asked to end meanwhile, they end."""
    redis = local.start(tmp_path, postgres=False, durable=False)
    own = {"REDIS_URL": redis.redis_url, "DATABASE_URL": empty_database, "FLASK_APP": "wsgi"}
    env = {**os.environ, **settings[1], **own}
    logs = [tmp_path / f"{name}.txt" for name in PROCESSES]
    processes = [start(name, log, env) for name, log in zip(PROCESSES, logs, strict=True)]

    def told(since: list[int]) -> bool:
        """A worker that is just asking for a job waits inside RQ, which says it in its own words."""
        new = [log.read_text()[start:] for log, start in zip(logs, since, strict=True)]
        return all("_without_redis" in text or "could not connect to Redis" in text for text in new)

    try:
        eventually(lambda: at_work(redis.redis_url), 60)
        for time in ("first", "second"):
            since = [len(log.read_text()) for log in logs]
            redis.redis.process.kill()
            redis.redis.process.wait()
            eventually(lambda since=since: told(since), 60)
            if time == "first":
                redis.redis.ensure()
                eventually(lambda: at_work(redis.redis_url), 60)
        assert [process.poll() for process in processes] == [None, None]
        for process in processes:
            process.terminate()
        ended = [process.wait(15) for process in processes]
        assert ended == [0, 0], [log.read_text()[-500:] for log in logs]
    finally:
        for process in processes:
            process.kill()
        redis.stop()


def start(name: str, log: Path, env: dict) -> subprocess.Popen:
    with open(log, "wb") as output:
        command = [sys.executable, "-m", "flask", name]
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)


def at_work(url: str) -> bool:
    """Is one of each entered in Redis?"""
    with Redis.from_url(url) as client:
        return client.scard("rq:workers") == client.zcard(get_registry_key()) == 1
