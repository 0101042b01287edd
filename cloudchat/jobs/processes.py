"""The processes that work in the background: worker and scheduler.

They outlive an absent Redis. Whoever looks after processes starts one that ends again and again later
and later, and people would wait for that.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, cron
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import now
from rq.worker import RoundRobinWorker

from cloudchat import jobs
from cloudchat.extensions import connect_redis, redis

log = structlog.get_logger(__name__)

ASK_EVERY = 1.0  # seconds between two tries to reach Redis
SCHEDULE = "cloudchat.jobs.schedule"


class Worker(RoundRobinWorker):
    """In turns: a long broadcast in one queue must not starve the other. Courtesies come last."""

    max_connection_wait_time = 2.0  # RQ's own is a minute
    asked_to_end = False

    def request_stop(self, signum, frame):
        self.asked_to_end = True
        try:
            super().request_stop(signum, frame)
        except RedisError:  # it would note the end there
            raise StopRequested from None

    def reorder_queues(self, reference_queue: Queue) -> None:
        super().reorder_queues(reference_queue)
        self._ordered_queues.sort(key=lambda queue: queue.name == jobs.COURTESIES)


def work(names: Sequence[str] = jobs.QUEUES, burst: bool = False) -> None:
    """Run the jobs of these queues until asked to end (or, with `burst`, until there are none)."""
    while True:
        connection = connect_redis(redis.url)
        queues = [jobs.queue(name) for name in served(names)]
        worker = Worker(queues, connection=connection, serializer=JSONSerializer)
        try:
            worker.work(burst=burst, with_scheduler=False, logging_level="WARNING")
        except StopRequested:  # raised by the signal handlers of RQ
            return
        except RedisError as error:
            log.warning("worker_without_redis", error=str(error))
        if burst or worker.asked_to_end or not _there_again(connection):
            return


def served(names: Sequence[str]) -> list[str]:
    """The queues that a worker of these takes from."""
    return [*names, jobs.COURTESIES] if "default" in names else [*names]


class Scheduler(cron.CronScheduler):
    """RQ's, which also stands a clock that is set back, and queues nothing that still waits: where jobs
    are slow, twelve of each sweep would stand in the way of what they find."""

    def enqueue_jobs(self) -> list[cron.CronJob]:
        for job in self.get_jobs():
            _not_in_the_far_future(job)
            if job.should_run() and self._still_waits(job):
                job.set_enqueue_time(now())
        return super().enqueue_jobs()

    def _still_waits(self, job: cron.CronJob) -> bool:
        last = job.get_job_ids(self.connection, 0, 0)
        return bool(last) and self.connection.hget(Job.key_for(last[0]), "status") == b"queued"


def _not_in_the_far_future(job: cron.CronJob) -> None:
    """With the clock set back by two hours, what runs every five seconds would rest for two hours."""
    if job.interval and job.next_enqueue_time:
        job.next_enqueue_time = min(job.next_enqueue_time, now() + timedelta(seconds=job.interval))


def schedule() -> None:
    """Start the periodic jobs until asked to end (exactly one such process may run)."""
    # RQ's cron makes its queues with pickle, which our workers refuse to read.
    cron.Queue = partial(Queue, serializer=JSONSerializer)
    connection = connect_redis(redis.url)
    periodic = Scheduler(connection=connection, logging_level="WARNING")
    periodic.load_config_from_file(SCHEDULE)
    while True:
        try:
            return periodic.start()
        except RedisError as error:
            log.warning("scheduler_without_redis", error=str(error))
        if not _there_again(connection):
            return None


def _there_again(connection: Redis) -> bool:
    """Wait for Redis; false when we are asked to end meanwhile."""
    try:
        while True:
            try:
                return connection.ping()
            except RedisError:
                time.sleep(ASK_EVERY)
    except StopRequested:
        return False
