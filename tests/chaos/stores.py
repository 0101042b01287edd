"""F5 to F10: PostgreSQL and Redis are away, full, emptied or busy."""

import json
import threading
import time
import urllib.request

import psycopg
import redis

from tests.bench.report import at
from tests.chaos.cases import Verdict, case
from tests.chaos.run import Run, loaded, post
from tests.chaos.world import World

AWAY = 20.0  # seconds
INBOX_P95 = 0.5  # seconds under this load, with a report that hogs the database
LOGIN_TRIES = 60  # of one address; the limit is far below


@case("F5", "kill -9 PostgreSQL, 20 s away")
def postgres_dies(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run, run.fault():
        world.kill_server(world.postgres)
        away_since = time.monotonic()
        run.go(AWAY)
        back_from = time.monotonic()
        world.bring_back(world.postgres)
    answers = run.answers_during(away_since + 0.1, back_from)
    verdict.note(meanwhile=dict(answers))
    verdict.check("meanwhile webhooks are answered 503", answers["503"] > 0, answers)
    verdict.check("… and never 200", answers["200"] == 0, answers)


@case("F6", "PostgreSQL refuses connections (max_connections reached), 15 s")
def no_connection_left(world: World, verdict: Verdict) -> None:
    hogs: list[psycopg.Connection] = []
    with loaded(world, verdict) as run:
        with run.fault():
            # A process that starts now finds none, and nobody may open one more.
            world.ask("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'cloudchat'")
            take_all(world, hogs)
            verdict.note(taken_away=len(hogs))
            world.kill("web-2")
            run.go(15)
            for hog in hogs:
                hog.close()
        answers = run.answers_during
    found = answers()
    wrong = {name: count for name, count in found.items() if name.isdigit() and name not in ("200", "503")}
    verdict.check("a webhook is taken or answered 503", not wrong, found)


def take_all(world: World, hogs: list) -> None:
    """Open connections as the application's role until the server has none left for it."""
    address = {**world.address(), "user": "cloudchat"}
    while True:
        try:
            hogs.append(psycopg.connect(**address))
        except psycopg.OperationalError:
            return


@case("F7", "a report that never ends is cut off; the inbox stays quick")
def a_slow_report(world: World, verdict: Verdict) -> None:
    took: list[float] = []
    with loaded(world, verdict) as run, run.fault():
        with world.sql() as connection:
            limit = connection.execute(
                "select setting from pg_settings where name = 'statement_timeout'"
            ).fetchone()
        verdict.note(server_statement_timeout=limit[0])
        world.forget_connections()
        hogs = [threading.Thread(target=_hog, args=(world,), daemon=True) for _ in range(3)]
        for hog in hogs:
            hog.start()
        for _ in range(40):
            began = time.monotonic()
            world.beside(lambda: _list(world))
            took.append(time.monotonic() - began)
            run.go(0.1)
        world.until(lambda: not any(hog.is_alive() for hog in hogs), 30)
    verdict.note(inbox_p95_ms=round(at(took, 95) * 1000))
    verdict.check(f"the inbox's p95 is at most {INBOX_P95:g} s", at(took, 95) <= INBOX_P95, at(took, 95))


def _hog(world: World) -> None:
    """What a report does, on rows that never end, by the product's own way to the database."""
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from cloudchat.extensions import db
    from cloudchat.tenancy import acting_as

    with world.app.app_context(), acting_as(world.shops.plain.id):
        try:
            db.session.execute(text("set local statement_timeout = '8s'"))
            db.session.execute(text("select count(*) from messages a, messages b, messages c, messages d"))
        except DBAPIError:
            db.session.rollback()


def _list(world: World) -> None:
    if world.get("/api/app/inbox/conversations?limit=50", world.shops.sender.manager.token) is None:
        raise RuntimeError("the inbox does not answer")


@case("F8", "kill -9 Redis, 20 s away")
def redis_dies(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run:
        with run.fault():
            world.kill_server(world.redis)
            away_since = time.monotonic()
            run.go(AWAY / 2)
            tries = world.beside(lambda: guesses(world))
            run.go(max(0.0, AWAY - (time.monotonic() - away_since)))
            back_from = time.monotonic()
            world.bring_back(world.redis)
        heard = _events_arrive(run)
    answers = run.answers_during(away_since + 0.1, back_from)
    verdict.note(meanwhile=dict(answers), logins=tries)
    verdict.check("webhooks are taken all the while", set(answers) == {"200"}, answers)
    verdict.check("guessing at a login is still limited", 429 in tries, tries)
    verdict.check("socket events come again", heard)


def guesses(world: World) -> dict[int, int]:
    """How many wrong logins of one address were answered with which status."""
    found: dict[int, int] = {}
    for number in range(LOGIN_TRIES):
        wrong = {"email": "rina@contoh.test", "password": f"salah-{number}"}
        status = post(world, "/api/auth/login", "", wrong).status
        found[status] = found.get(status, 0) + 1
        if status == 429:
            break
    return found


def _events_arrive(run: Run) -> bool:
    """Do open pages hear of messages again?"""
    run.people.tell({})
    before = run.people.hear()["heard"]
    run.go(3)
    run.people.tell({})
    return run.people.hear()["heard"] > before


@case("F9", "FLUSHALL: queues, flags and limits are gone")
def redis_is_emptied(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run:
        cookie = world.session_of(run.shops.plain.manager)
        with run.fault(), redis.Redis.from_url(world.services.redis_url) as client:
            for _ in range(5):
                client.flushall()
                run.go(0.5)
        verdict.check("sessions are still valid", is_signed_in(world, cookie))


def is_signed_in(world: World, cookie: str) -> bool:
    request = urllib.request.Request(world.url + "/api/app/me", headers={"Cookie": f"cloudchat={cookie}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status == 200 and "user" in json.loads(answer.read())


@case("F10", "Redis has no memory left (maxmemory), 15 s")
def redis_is_full(world: World, verdict: Verdict) -> None:
    client = redis.Redis.from_url(world.services.redis_url)
    with client, loaded(world, verdict) as run, run.fault():
        client.config_set("maxmemory", "1mb")
        run.go(15)
        client.config_set("maxmemory", "0")
    answers = run.answers_during()
    verdict.note(meanwhile=dict(answers))
    verdict.check("webhooks are taken all the while", set(answers) == {"200"}, answers)
