"""F11 to F15 and F29: what comes twice, changed, out of order, or so that it cannot be handled."""

import threading
import time
import uuid

from sqlalchemy.exc import SQLAlchemyError

from tests.chaos.cases import Verdict, case
from tests.chaos.run import Run, loaded, post
from tests.chaos.seed import Shop
from tests.chaos.webhook import body_of, post_body, text_message
from tests.chaos.world import World

WEEK = 7 * 24 * 3600
GRACE = 15.0  # seconds until what follows from a webhook must be there


def at_once(*work) -> list:
    """Call all of them at the same moment; their answers in order."""
    found: list = [None] * len(work)
    gate = threading.Barrier(len(work))

    def one(place: int) -> None:
        gate.wait(10)
        found[place] = work[place]()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def somebody() -> str:
    return f"62878{uuid.uuid4().int % 10**8:08d}"


def name_of(run: Run, tail: str) -> str:
    """A provider's id that the judge of the load leaves alone."""
    return f"wamid.x{run.id}.{tail}"


def told_of(world: World, shop: Shop, person: str) -> list[tuple]:
    """(direction, text, conversation id, external id) of everything with one customer."""
    return world.ask(
        "select m.direction, m.text, m.conversation_id, m.external_id from messages m"
        " join conversations c on c.id = m.conversation_id"
        " where c.external_user_id = %s and c.organization_id = %s order by m.id",
        person,
        shop.id,
    )


@case("F11", "the same webhook 8 times at once, again later, and with its time a week ago")
def the_same_webhook_again(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run, run.fault():
        shop, person, answers = run.shops.plain, somebody(), []
        old = int(time.time()) - WEEK
        for tail, moment in (("now", None), ("week", old)):
            message = text_message(person, f"sekali {tail} {shop.mark}", name_of(run, tail), moment)
            body = body_of(shop, message)
            answers += at_once(*[lambda body=body: post_body(world, body)] * 8)
            for _ in range(4):
                run.go(1)
                answers += at_once(*[lambda body=body: post_body(world, body)] * 2)
        statuses = [answer.status for answer in answers]
        verdict.check("each is answered 200", set(statuses) == {200}, statuses)
        kept = [row for row in told_of(world, shop, person) if row[0] == "in"]
        verdict.check("each is kept once", len(kept) == 2, kept)
        # After the events are cleaned away the message itself still knows its id.
        world.ask("delete from webhook_events where provider_id like %s returning id", name_of(run, "%"))
        again = post_body(world, body_of(shop, text_message(person, "sekali now", name_of(run, "now"))))
        kept = [row for row in told_of(world, shop, person) if row[0] == "in"]
        verdict.check("also when its event is long gone", again.status == 200 and len(kept) == 2, len(kept))


@case("F12", "the same id with another body: the first wins")
def the_same_id_with_another_body(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run, run.fault():
        shop, person, wamid = run.shops.plain, somebody(), name_of(run, "first")
        for text in ("yang pertama", "yang kedua"):
            post_body(world, body_of(shop, text_message(person, f"{text} {shop.mark}", wamid)))
        texts = [row[1] for row in told_of(world, shop, person)]
        verdict.check("the first body is kept", texts == [f"yang pertama {shop.mark}"], texts)
        logs = [world.folder / "log" / f"{name}.log" for name in ("web", "web-2")]
        logged = any(wamid in path.read_text(errors="replace") for path in logs)
        verdict.check("the repetition is in the log", logged)


@case("F13", "statuses doubled, in the wrong order, and before our own answer")
def out_of_order(world: World, verdict: Verdict) -> None:
    unruly = {"status_order": "reversed", "status_before_response": True, "status_copies": 2, "read": "auto"}
    usual = {
        "status_order": "normal",
        "status_before_response": False,
        "status_copies": 1,
        "read": "on_view",
    }
    with loaded(world, verdict) as run, run.fault():
        shop = run.shops.plain
        world.control("whatsapp/settings", unruly, "PATCH")
        try:
            mark = f"dibaca {uuid.uuid4().hex[:8]}"
            path = f"/api/app/inbox/conversations/{shop.conversations[0]}/messages"
            post(world, path, shop.manager.token, {"text": mark})
            status = "select status from messages where text = %s"
            world.until(lambda: world.ask_one(status, mark) == "read", GRACE)
            verdict.check("the highest status stays", (s := world.ask_one(status, mark)) == "read", s)
        finally:
            world.control("whatsapp/settings", usual, "PATCH")


@case("F14", "an album of 8 at once from somebody new: one contact, one conversation, one menu")
def an_album(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run, run.fault():
        shop, person = run.shops.queue, somebody()
        bodies = [
            body_of(shop, text_message(person, f"foto {n} {shop.mark}", name_of(run, f"album{n}")))
            for n in range(8)
        ]
        at_once(*[lambda body=body: post_body(world, body) for body in bodies])
        run.go(2)
        rows = told_of(world, shop, person)
        counts = {
            "messages": sum(row[0] == "in" for row in rows),
            "conversations": len({row[2] for row in rows}),
            "menus": sum(row[0] == "out" for row in rows),
            "contacts": world.ask_one(
                "select count(*) from contact_identities where external_id = %s and organization_id = %s",
                person,
                shop.id,
            ),
        }
        verdict.note(**counts)
        wanted = {"messages": 8, "conversations": 1, "menus": 1, "contacts": 1}
        verdict.check("eight messages, one of all else", counts == wanted, counts)


@case("F15", "a choice sent twice at once, and # while the turn comes")
def a_choice_twice(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run, run.fault():
        shop, people = run.shops.queue, [somebody() for _ in range(5)]

        def say(person: str, text: str) -> int:
            wamid = name_of(run, uuid.uuid4().hex[:10])
            return post_body(world, body_of(shop, text_message(person, text, wamid))).status

        for person in people:
            say(person, "Halo")
        answers = []
        for person in people:
            calls = [lambda person=person: say(person, "1")] * 2 + [lambda person=person: say(person, "#")]
            answers += at_once(*calls)
        verdict.check("all are taken", set(answers) == {200}, answers)
        run.go(2)
        rows = world.ask(
            "select c.external_user_id, count(q.id), count(distinct q.queue_number) from conversations c"
            " left join chat_queues q on q.conversation_id = c.id"
            " where c.external_user_id = any(%s) and c.organization_id = %s group by 1",
            people,
            shop.id,
        )
        wrong = [row for row in rows if row[1:] != (1, 1)]
        verdict.check("one row and one number each", len(rows) == len(people) and not wrong, rows)


@case("F29", "a message that cannot be handled: five tries, then the dead letters; the others flow")
def poison(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run, run.fault():
        shop, person, text = run.shops.plain, somebody(), f"racun {run.id}"
        rule = f"poison_{run.id}"
        _alter(world, f"add constraint {rule} check (text <> '{text}') not valid")
        try:
            wamid = name_of(run, "poison")
            answer = post_body(world, body_of(shop, text_message(person, text, wamid)))
            verdict.check("it is kept and answered 200", answer.status == 200, answer.status)
            behind = name_of(run, "behind")
            post_body(world, body_of(shop, text_message(person, f"di belakang {shop.mark}", behind)))
            texts = [row[1] for row in told_of(world, shop, person)]
            verdict.check("what comes behind it flows", texts == [f"di belakang {shop.mark}"], texts)
            found = "select attempts, dead_at is not null from webhook_events where provider_id = %s"
            for _ in range(8):  # the pauses grow to minutes; the clock is helped along
                if world.ask(found, wamid)[0][1]:
                    break
                world.ask(
                    "update webhook_events set next_attempt_at = now() where provider_id = %s returning id",
                    wamid,
                )
                tries = world.ask(found, wamid)[0][0]
                world.until(lambda tries=tries: world.ask(found, wamid)[0][0] > tries, 20)
            verdict.check("five tries, then it is dead", world.ask(found, wamid)[0] == (5, True))
        finally:
            _alter(world, f"drop constraint {rule}")
        _replay(world, verdict, shop, wamid)
        texts = [row[1] for row in told_of(world, shop, person)]
        verdict.check("an admin replays it, and it is there", text in texts, texts)


def _alter(world: World, change: str) -> None:
    with world.sql() as connection:
        connection.execute(f"alter table messages {change}")


def _replay(world: World, verdict: Verdict, shop: Shop, wamid: str) -> None:
    """The list of dead letters shows it; the admin's button takes it up again."""
    from cloudchat.services import stored_events
    from cloudchat.tenancy import acting_as

    event = world.ask_one("select id from webhook_events where provider_id = %s", wamid)
    with world.app.test_client() as browser:
        cookie = world.session_of(shop.admin)
        browser.set_cookie("cloudchat", cookie)
        try:
            page = browser.get("/admin/events/")
            verdict.check("the admin screen lists it", str(event) in page.text, page.status_code)
        except SQLAlchemyError as error:
            verdict.check("the admin screen answers", False, error)
    with world.app.app_context(), acting_as(shop.id):
        stored_events.replay(event)
    world.until(
        lambda: world.ask_one("select processed_at is not null from webhook_events where id = %s", event), 20
    )
