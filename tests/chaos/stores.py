"""F5 to F10: PostgreSQL and Redis are away, full, emptied or busy."""

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import redis

from tests.bench.report import at
from tests.chaos.cases import Verdict, case
from tests.chaos.run import Answer, Run, loaded, post
from tests.chaos.world import World

AWAY = 20.0  # seconds
INBOX_P95 = 0.5  # seconds under this load, with a report that hogs the database …
TWICE = 2.0  # … or so many times what it was before, on a busy machine
STATEMENT = 12  # seconds that a web process gives a statement: enough to look at the inbox some thirty times
SLOW_ROWS = (
    "create function chaos_slow() returns boolean language plpgsql volatile as"
    " $$ begin perform count(*) from generate_series(1, 100000); return true; end $$",
    "create policy chaos_slow on chatbot_interactions as restrictive for select using (chaos_slow())",
)
STILL_READING = (
    "select count(*) from pg_stat_activity where state = 'active' and pid <> pg_backend_pid()"
    " and query like '%%chatbot_interactions%%'"
)
LOGIN_TRIES = 60  # of one address; the limit is far below


@case("F5", "kill -9 PostgreSQL, 20 s away")
def postgres_dies(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run, run.fault():
        world.kill_server(world.postgres)
        away_since = time.monotonic()
        run.go(AWAY)
        back_from = time.monotonic()
        world.bring_back(world.postgres)
    # Sessions outlive the postmaster for a moment, and what they commit is kept: (a) proves it.
    answers = run.answers_during(away_since + 2, back_from)
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
            run.go(10)
            verdict.check("nobody else gets a connection", is_refused(world))
            run.go(5)
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


def is_refused(world: World) -> bool:
    try:
        psycopg.connect(**world.address() | {"user": "cloudchat"}).close()
    except psycopg.OperationalError:
        return True
    return False


@case("F7", "a report that never ends is cut off; the inbox stays quick")
def a_slow_report(world: World, verdict: Verdict) -> None:
    calm: list[float] = []
    took: list[float] = []
    told: list[Answer] = []
    shop = world.shops.plain

    def look(times: list[float]) -> None:
        began = time.monotonic()
        world.beside(lambda: _list(world))
        times.append(time.monotonic() - began)
        world.hold(0.05)

    with _impatient(world), endless_report(world) as path, loaded(world, verdict) as run:
        for _ in range(20):
            look(calm)
        with run.fault():

            def ask() -> None:
                told.append(post(world, path, shop.manager.token, method="GET"))

            people = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
            for one in people:
                one.start()
            while any(one.is_alive() for one in people):
                look(took)
            still = world.ask_one(STILL_READING)
        answers = run.answers_during
    verdict.check("PostgreSQL works no more on it", still == 0, still)
    found = [(answer.status, answer.json.get("error", {}).get("code")) for answer in told]
    verdict.check("who asked is told why", found == [(503, "took_too_long")] * 3, found)
    verdict.check("webhooks are taken all the while", set(answers()) == {"200"}, answers())
    before, during = at(calm, 95), at(took, 95)
    verdict.note(inbox_asked=len(took), p95_before_ms=round(before * 1000), p95_ms=round(during * 1000))
    bar = max(INBOX_P95, TWICE * before)  # three of them want both processors
    verdict.check(f"the inbox's p95 is at most {bar:.2f} s", during <= bar, during)


@contextmanager
def _impatient(world: World) -> Iterator[None]:
    """Web processes that give a statement a few seconds only."""
    world.end("web", "web-2")
    world.env["DATABASE_STATEMENT_SECONDS"] = str(STATEMENT)
    world.start("web", "web-2")
    try:
        yield
    finally:
        del world.env["DATABASE_STATEMENT_SECONDS"]
        world.end("web", "web-2")
        world.start("web", "web-2")


@contextmanager
def endless_report(world: World) -> Iterator[str]:
    """A real report, whose every row costs PostgreSQL work; answers its path."""
    from cloudchat.extensions import db
    from cloudchat.models import ChatbotInteraction
    from cloudchat.tenancy import acting_as
    from tests import factories

    world.forget_connections()
    with world.app.app_context():
        bot = factories.bot(world.shops.plain.id)
        with acting_as(world.shops.plain.id):
            db.session.add_all(ChatbotInteraction(bot_id=bot.id, question="Halo") for _ in range(2000))
            db.session.commit()
    with world.sql() as connection:
        for statement in SLOW_ROWS:
            connection.execute(statement)
    today = datetime.now(ZoneInfo("Asia/Jakarta")).date()  # as the organization counts days
    try:
        yield f"/api/app/chatbot/bots/{bot.id}/reports/summary?from={today - timedelta(3)}&to={today}"
    finally:
        with world.sql() as connection:
            connection.execute("drop function chaos_slow cascade")


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
    # Sessions outlive the postmaster for a moment, and what they commit is kept: (a) proves it.
    answers = run.answers_during(away_since + 2, back_from)
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
        verdict.check("Redis refuses to write", is_full(client))
        run.go(15)
        verdict.check("… to the end", is_full(client))
        client.config_set("maxmemory", "0")
    answers = run.answers_during()
    verdict.note(meanwhile=dict(answers))
    verdict.check("webhooks are taken all the while", set(answers) == {"200"}, answers)


def is_full(client: redis.Redis) -> bool:
    try:
        client.set("chaos", "x")
    except redis.ResponseError as error:
        return "maxmemory" in str(error)
    return False
