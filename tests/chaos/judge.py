"""What must hold after every fault, asked of the database and of the providers' own logs."""

import time
from collections import Counter

from cloudchat.services.receipts import reference
from tests.bench.stack import DATABASE, call
from tests.chaos.cases import Verdict
from tests.chaos.seed import Shop
from tests.chaos.world import World

OPEN_EVENTS = "select count(*) from webhook_events where processed_at is null and dead_at is null"
WAITING = """
    select count(*) from chat_queues q where q.status = 'waiting' and exists (
        select 1 from division_agents d join users u on u.id = d.user_id
        where d.division_id = q.division_id and d.is_active and u.is_active
          and u.availability = 'online' and u.last_seen_at > now() - interval '60 seconds'
          and u.capacity > (select count(*) from conversations c
                            where c.assignee_id = u.id and c.status = 'open')
    )
"""


def settled(world: World, verdict: Verdict, seconds: float) -> None:
    """Wait until nothing is under way any more."""
    open_ends = {
        "events to handle": OPEN_EVENTS,
        "messages to send": "select count(*) from outbox",
        "customers who wait though an agent is free": WAITING,
    }
    for name, statement in open_ends.items():
        if not world.until(lambda statement=statement: world.ask_one(statement) == 0, seconds):
            verdict.check(f"nothing is left over: {name}", False, world.ask_one(statement))
    world.beside(lambda: call(f"{world.meta}/_control/meta/webhooks/idle?timeout=30"))


def everything(run) -> None:
    """(a) to (e)."""
    webhooks_kept_once(run)
    nobody_twice(run)
    queue_in_order(run)
    badges_true(run)
    tenants_apart(run)
    pages_complete(run)


# --- (a) ---------------------------------------------------------------------------------------


def webhooks_kept_once(run) -> None:
    rows = run.world.ask(
        "select external_id, count(*) from messages where external_id like %s group by external_id",
        f"wamid.{run.id}.%",
    )
    found = {wamid: count for wamid, count in rows if ".probe" not in wamid}
    taken = {f"wamid.{run.id}.{number}" for number in run.told["taken"]}
    lost = taken - set(found)
    run.verdict.note(taken=len(taken), lost=len(lost))
    run.verdict.check("(a) each webhook answered 200 is in the database", not lost, _events(run, lost))
    doubled = [wamid for wamid, count in found.items() if count > 1]
    run.verdict.check("(a) … once", not doubled, doubled[:5])
    left = run.told["sent"] - len(taken)
    run.verdict.check("every webhook was taken in the end", left == 0, f"{left} not")


def _events(run, wamids: set[str]) -> list[tuple]:
    """What became of the events of messages that are not there."""
    rows = run.world.ask(
        "select processed_at is not null, dead_at is not null, attempts, error, count(*) from webhook_events"
        " where provider_id = any(%s) group by 1, 2, 3, 4",
        list(wamids),
    )
    return [*rows, sorted(wamids)[:3]]


# --- (b) ---------------------------------------------------------------------------------------


def sent(world: World, shop: Shop) -> list[dict]:
    return world.control(f"whatsapp/sent?phone_number_id={shop.account}&limit=1000000")["items"]


def sent_texts(world: World, shop: Shop) -> list[str]:
    return [item["text"] for item in sent(world, shop)]


def nobody_twice(run) -> None:
    """The provider's log says what went out; each message of ours has the state that fits."""
    world, verdict = run.world, run.verdict
    repeated = world.control("whatsapp/sent/summary")["repeated"]
    verdict.check("(b) no recipient got a message twice", not repeated, repeated[:3])
    accepted = Counter(item["reference"] for shop in run.shops.loaded for item in sent(world, shop))
    texts = Counter(text for shop in run.shops.loaded for text in sent_texts(world, shop))
    rows = world.ask(
        "select id, status, text, coalesce((payload->>'resent')::int, 0) from messages"
        " where id > %s and direction = 'out'",
        run.before,
    )
    states = Counter(status for _, status, _, _ in rows)
    verdict.note(**{f"out_{status}": count for status, count in sorted(states.items())})
    wrong = [
        (number, status, accepted[reference(number, resent)])
        for number, status, _, resent in rows
        if accepted[reference(number, resent)] not in EXPECTED[status]
    ]
    verdict.check("(b) what we say of a message is what the provider says", not wrong, wrong[:5])
    promised = set(run.desk.promised)
    verdict.check("what an agent wrote is there once", promised <= {text for *_, text, _ in rows})
    twice = [text for text in promised if texts[text] > 1]
    verdict.check("(b) an answer tried again goes out once", not twice, twice[:3])


# How often the provider may have accepted a message in each state.
EXPECTED = {
    "queued": (),
    "sent": (1,),
    "delivered": (1,),
    "read": (1,),
    "unknown": (0, 1),
    "failed": (0, 1),
}

# --- (c) ---------------------------------------------------------------------------------------

# By the order in which the turns were written down, which no clock can change; of customers who came once.
# Whoever came within three seconds came at once: the one whose choice was committed first is served first.
OUT_OF_ORDER = """
    with turns as (
        select conversation_id, min(id) as turn from conversation_events
        where kind = 'queue_assigned' group by conversation_id having count(*) = 1
    ), entries as (
        select conversation_id, min(id) as id, min(division_id) as division_id, min(entered_at) as entered_at
        from chat_queues
        where organization_id = %s group by conversation_id having count(*) = 1
    ), served as (
        select id, entered_at, lag(id) over line as id_before, lag(entered_at) over line as entered_before
        from entries join turns using (conversation_id)
        window line as (partition by division_id order by turn)
    )
    select count(*) filter (where id_before > id and entered_before > entered_at + interval '3 seconds'),
           count(*)
    from served
"""
DOUBLE_ENTRIES = """
    select conversation_id from chat_queues where finished_at is null and status in ('waiting', 'assigned')
    group by conversation_id having count(*) > 1
"""
DOUBLE_ASSIGNED = """
    select conversation_id, count(*) from conversation_events where kind = 'queue_assigned'
    group by conversation_id
    having count(*) > (select count(*) from chat_queues q
                       where q.conversation_id = conversation_events.conversation_id)
"""
DOUBLE_NUMBERS = """
    select division_id, queue_number from chat_queues where organization_id = %s and queue_number > 0
    group by division_id, queue_number having count(*) > 1
"""


def queue_in_order(run) -> None:
    world, verdict, shop = run.world, run.verdict, run.shops.queue
    [(overtaken, served)] = world.ask(OUT_OF_ORDER, shop.id)
    verdict.note(served=served)
    verdict.check("(c) first come, first served", overtaken == 0, overtaken)
    verdict.check("(c) customers were served at all", served > 0, served)
    verdict.check("(c) no chat is in the queue twice", not (rows := world.ask(DOUBLE_ENTRIES)), rows)
    verdict.check("(c) no chat is assigned twice", not (rows := world.ask(DOUBLE_ASSIGNED)), rows)
    verdict.check("(c) no number is given twice", not (rows := world.ask(DOUBLE_NUMBERS, shop.id)), rows)
    over = world.ask(
        "select assignee_id, count(*) from conversations c join users u on u.id = c.assignee_id"
        " where c.organization_id = %s and c.status = 'open' and u.role = 'agent'"
        " group by assignee_id, u.capacity having count(*) > u.capacity",
        shop.id,
    )
    verdict.check("(c) nobody has more than they can carry", not over, over)


# --- (d) ---------------------------------------------------------------------------------------

BADGE = """
    select count(*), coalesce(sum(unread_count), 0)::int from conversations c
    where organization_id = %(organization)s and unread_count > 0 and (
        assignee_id = %(user)s or (assignee_id is null and (
            %(sees_all)s or division_id is null or division_id in (
                select division_id from division_agents where user_id = %(user)s and is_active
            )
        ))
    )
"""
UNREAD = """
    select c.id, c.unread_count, count(m.id) from conversations c
    left join messages m on m.conversation_id = c.id and m.direction = 'in'
         and m.id > c.last_read_message_id and m.id > %s
    where c.last_message_id > %s
    group by c.id having c.unread_count <> count(m.id)
"""


def badges_true(run) -> None:
    world, verdict = run.world, run.verdict
    wrong = []
    for shop in run.shops.loaded:
        for person in (*shop.agents[:6], shop.manager):
            told = world.get("/api/app/inbox/unread-count", person.token)
            values = {"organization": shop.id, "user": person.id, "sees_all": person.role != "agent"}
            with world.sql() as connection:
                true = connection.execute(BADGE, values).fetchone()
            if told is None or (told["conversations"], told["messages"]) != true:
                wrong.append((person.name, told, true))
    verdict.check("(d) every badge is what COUNT(*) says", not wrong, wrong[:3])
    off = world.ask(UNREAD, 0, run.before)
    verdict.check("(d) unread is the number of unread messages", not off, off[:3])


# --- (e) ---------------------------------------------------------------------------------------


def tenant_tables(world: World, database: str = DATABASE) -> list[str]:
    rows = world.ask(
        "select c.table_name from information_schema.columns c join information_schema.tables t"
        " using (table_schema, table_name) where c.table_schema = 'public' and"
        " c.column_name = 'organization_id' and t.table_type = 'BASE TABLE' order by 1",
        database=database,
    )
    return [name for (name,) in rows]


def fingerprint(world: World, shop: Shop, database: str = DATABASE) -> dict[str, str]:
    """A checksum of every row of an organization, by table."""
    statement = (
        "select coalesce(md5(string_agg(row_text, '|' order by row_text)), '') from"
        " (select t::text as row_text from {} t where organization_id = %s) as every"
    )
    return {
        name: world.ask(statement.format(name), shop.id, database=database)[0][0]
        for name in tenant_tables(world, database)
    }


def tenants_apart(run) -> None:
    world, verdict = run.world, run.verdict
    now = fingerprint(world, run.shops.bystander)
    changed = [name for name, value in run.untouched.items() if now.get(name) != value]
    verdict.check("(e) no row of the bystander was touched", not changed, changed)
    for shop in run.shops.loaded:
        strangers = world.ask_one(
            "select count(*) from messages where organization_id <> %s and id > %s"
            " and position(%s in text) > 0",
            shop.id,
            run.before,
            shop.mark,
        )
        verdict.check(f"(e) words for {shop.name} are nowhere else", strangers == 0, strangers)


# --- pages -------------------------------------------------------------------------------------


def pages_complete(run) -> None:
    """Each open page has every message of its conversation: by event, or by cursor after a gap."""
    world, verdict, seen = run.world, run.verdict, run.seen
    verdict.note(connects=seen["connects"], events=seen["heard"])
    verdict.check("no page heard of a message twice", seen["doubled"] == 0, seen["doubled"])
    verdict.check("all pages are connected", seen["open"] == len(seen["pages"]), seen["open"])
    true: dict[int, set[int]] = {}
    for conversation, number in world.ask(
        "select conversation_id, id from messages where id > %s", run.before
    ):
        true.setdefault(conversation, set()).add(number)
    missed = {
        number
        for page in seen["pages"]
        for number in true.get(page["conversation"], set()) - set(page["seen"])
    }
    verdict.check("no page has a gap", not missed, _described(run, missed) if missed else None)


def _described(run, numbers: set[int]) -> list[tuple]:
    """Which messages pages missed: whose, and how many seconds after the fault began they were made."""
    rows = run.world.ask(
        "select conversation_id, direction, sender_type, type, extract(epoch from now() - created_at)::float8"
        " from messages where id = any(%s) order by id limit 6",
        list(numbers),
    )
    since = time.monotonic() - run.fault_began
    return [(*row[:4], round(since - row[4], 1)) for row in rows]
