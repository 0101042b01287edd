"""The processes that do what waits: `flask worker` and `flask scheduler`."""

from contextlib import suppress

import click
from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import configure_mappers

from cloudchat import jobs, local
from cloudchat.channels import http
from cloudchat.core import create_core
from cloudchat.extensions import db
from cloudchat.jobs import processes


def create_background_app() -> Flask:
    """An application without pages, for worker and scheduler: it is there in half the time."""
    app = create_core()
    add_commands(app)
    return app


def add_commands(app: Flask) -> None:
    app.cli.add_command(worker)
    app.cli.add_command(scheduler)


@click.command("worker")
@click.option("--burst", is_flag=True, help="Stop when the queues are empty.")
@click.option("--queue", "names", multiple=True, type=click.Choice(jobs.QUEUES), help="Only this one.")
def worker(burst: bool, names: tuple[str, ...]) -> None:
    """Run jobs until stopped."""
    local.tie_forks_to_parent()  # a killed worker must not leave its job running
    _prepare()
    processes.work(names or jobs.QUEUES, burst)


def _prepare() -> None:
    """What the fork of each job would else do anew: mappers, TLS, the questions of a first connection."""
    configure_mappers()
    http.tls()
    with suppress(OperationalError):  # away: then each fork asks for itself
        db.engine.connect().close()
    db.engine.dispose()  # the connection itself is not for forks


@click.command("scheduler")
def scheduler() -> None:
    """Start the periodic jobs (exactly one such process may run)."""
    processes.schedule()
