"""Workers that are killed, and the time that passes until somebody notices."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from cloudchat.extensions import db
from cloudchat.services import settling
from cloudchat.tenancy import acting_as

ROOT = Path(__file__).resolve().parents[2]
OWN_REDIS = 7  # a database of Redis that the desk's worker does not look at


class Worker:
    """A real `flask worker` with queues of its own."""

    def __init__(self, settings, **env):
        _, base = settings
        url = base["REDIS_URL"].partition("?")[0] + f"?db={OWN_REDIS}"
        self.redis = Redis.from_url(url)
        self.redis.flushdb()
        self._env = {
            **os.environ,
            **base,
            "REDIS_URL": url,
            "FLASK_APP": "wsgi",
            "PYTHONPATH": str(ROOT),
            **env,
        }
        self.process = None

    def start(self, organization_id: int, device_id: int) -> None:
        """Send what waits for the device, in another process."""
        queue = Queue("messages", connection=self.redis, serializer=JSONSerializer)
        queue.enqueue("cloudchat.jobs.outbound.deliver", organization_id, device_id)
        command = [sys.executable, "-m", "flask", "worker", "--burst"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        """At once, it and the process that does the job."""
        mine = psutil.Process(self.process.pid)
        for process in [*mine.children(recursive=True), mine]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def finish(self) -> None:
        assert self.process.wait(60) == 0


@pytest.fixture
def make_worker(settings, app):
    started = []

    def made(**env) -> Worker:
        started.append(Worker(settings, **env))
        return started[-1]

    yield made
    for worker in started:
        if worker.process and worker.process.poll() is None:
            worker.kill()


def time_passes(number) -> int:
    """The claims grow old, and the sweeper's job looks at them."""
    with acting_as(number.organization_id):
        db.session.execute(db.text("update outbox set claimed_at = claimed_at - interval '2 minutes'"))
        db.session.commit()
        return settling.settle_lost()
