"""The claim under pressure: exact order, nobody twice, never over capacity (F15, F23)."""

import threading
import time
from datetime import timedelta

from sqlalchemy import text

from cloudchat.extensions import db, now
from cloudchat.models import Contact, Conversation, QueueEntry
from cloudchat.services import divisions
from cloudchat.services.queueing import choosing, claiming
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_messages.together import at_once

WAITING, AGENTS, CAPACITY = 1000, 20, 8


def fill(shop, names: tuple[str, ...], count: int) -> None:
    """So many who wait, taking turns between the divisions, each having been told the place."""

    def work():
        contacts = [Contact(name=f"Orang {n}") for n in range(count)]
        db.session.add_all(contacts)
        db.session.flush()
        rows = [
            Conversation(
                contact_id=contact.id,
                device_id=shop.device.id,
                external_user_id=f"antri-{contact.id}",
                division_id=shop.divisions[names[n % len(names)]],
                last_inbound_at=now(),
            )
            for n, contact in enumerate(contacts)
        ]
        db.session.add_all(rows)
        db.session.flush()
        db.session.add_all(
            QueueEntry(conversation_id=row.id, division_id=row.division_id, announced_at=now())
            for row in rows
        )
        db.session.commit()

    shop.act(work)


def team(shop, name: str, agents) -> None:
    shop.act(divisions.add_members, shop.divisions[name], [agent.id for agent in agents])


def test_four_claimers_a_thousand_waiting_and_flipping_agents(app, shop):
    """F23. Half of the agents serve both divisions; all the while they go and come."""
    people = [factories.person(shop.id, capacity=CAPACITY) for _ in range(AGENTS)]
    for name, own in (("Billing", people[:15]), ("Support", people[5:])):
        team(shop, name, own)
    fill(shop, ("Billing", "Support"), WAITING)
    for person in people:
        shop.comes_quietly(person)
    over, done = [], threading.Event()

    def claims(name: str):
        with app.app_context():
            while not done.is_set():
                with acting_as(shop.id):
                    claiming.drain(shop.divisions[name], 1.0)

    def flips():
        with app.app_context():
            for turn in range(10_000):
                if done.is_set():
                    return
                person = people[turn % AGENTS]
                shop.availability(person, "offline")
                over.extend(n for n in shop.loads().values() if n > CAPACITY)
                shop.availability(person, "online")
                time.sleep(0.005)

    threads = [threading.Thread(target=claims, args=(name,)) for name in ("Billing", "Support") * 2]
    threads.append(threading.Thread(target=flips))
    for thread in threads:
        thread.start()
    slots = AGENTS * CAPACITY
    until = time.monotonic() + 60
    while shop.count_waiting() > WAITING - slots and time.monotonic() < until:
        time.sleep(0.1)
    done.set()
    for thread in threads:
        thread.join(20)

    assert set(shop.loads().values()) == {CAPACITY} and not over
    entries = shop.entries(status="assigned")
    assert len(entries) == len({entry.conversation_id for entry in entries}) == slots
    for name in ("Billing", "Support"):
        own = shop.entries(division_id=shop.divisions[name])
        served = sorted((one for one in own if one.assigned_at), key=lambda one: one.assigned_at)
        assert [one.id for one in served] == [one.id for one in own][: len(served)], "overtaken"
        assert [one.queue_number for one in served] == list(range(1, len(served) + 1))
    lines = text("select count(*) from conversation_events where kind = 'queue_assigned'")
    said = text("select count(*) from messages where sender_type = 'system'")
    assert shop.act(lambda: [db.session.scalar(one) for one in (lines, said)]) == [slots, slots]


def test_the_last_slot_of_an_agent_of_two_divisions_goes_once(app, shop):
    agent = factories.person(shop.id, capacity=1)
    for name in ("Billing", "Support"):
        team(shop, name, [agent])
    fill(shop, ("Billing", "Support"), 2)
    shop.comes_quietly(agent)

    def drain(name):
        with acting_as(shop.id):
            return claiming.drain(shop.divisions[name], 2.0)

    at_once(app, *(lambda name=name: drain(name) for name in ("Billing", "Support") * 2))
    assert shop.loads()[agent.id] == 1 and shop.count_waiting() == 1


def test_a_choice_sent_twice_at_once_makes_one_entry_and_one_number(app, shop):
    """F15."""
    budi = shop.customer()
    budi.says("Halo")
    at_once(app, *[lambda: budi.says("2")] * 4)
    assert [entry.queue_number for entry in shop.entries()] == [1]
    texts = [message["text"] for message in budi.heard()]
    assert sum("Tunggu dalam antrian ke 1" in text for text in texts) == 1 and len(texts) == 2


def test_a_burst_of_first_messages_gets_one_menu(app, shop, monkeypatch):
    """F14: eight at once, and words that are no answer right after the menu."""
    monkeypatch.setattr(choosing, "BURST", timedelta(minutes=10))  # the machine may be busy
    budi = shop.customer()
    at_once(app, *[lambda n=n: budi.says(f"pesan {n}", f"foto {n}") for n in range(8)])
    budi.says("mau tanya dong")
    assert len(budi.heard()) == 1 and budi.row.unread_count == 17


def test_the_place_is_asked_while_the_turn_comes(app, shop):
    """F15: "#" at the moment of the assignment is answered once or not at all, and breaks nothing."""
    agent = shop.agent("Support", online=False)
    budi = shop.customer()
    budi.chooses("2")
    results = at_once(app, lambda: budi.says("#"), lambda: shop.comes(agent), lambda: budi.says("#"))
    assert not [one for one in results if isinstance(one, Exception)]
    assert budi.row.assignee_id == agent.id
    assert [entry.status for entry in shop.entries()] == ["assigned"]


def test_who_is_moved_while_the_turn_comes_is_left_to_the_other_line(app, shop):
    """The division closes between the look at its line and the lock on the customer."""
    agent = shop.agent("Support", online=False)
    budi = shop.customer()
    budi.chooses("2")
    entry_id = budi.entry.id

    def claim():
        entry = db.session.get(QueueEntry, entry_id)
        move = {"is_active": False, "move_to": shop.divisions["Umum"]}
        url = f"/api/app/divisions/{shop.divisions['Support']}"
        at_once(app, lambda: shop.calls(shop.cast.admin).put(url, json=move))
        return claiming._locked(entry)

    assert shop.act(claim) is None
    shop.comes(agent)
    assert (budi.entry.status, budi.entry.division_id) == ("waiting", shop.divisions["Umum"])


def test_a_hand_and_the_queue_reach_for_the_same_customer(app, shop):
    """The loser of the two writes no activity line."""
    agent, other = shop.agent("Support", online=False), shop.agent(online=False)
    budi = shop.customer()
    budi.chooses("2")
    entry_id = budi.entry.id
    url = f"/api/app/queue/{entry_id}/assign"
    at_once(
        app,
        lambda: shop.comes(agent),
        lambda: shop.calls(shop.cast.manager).post(url, json={"agent_id": other.id}),
        lambda: shop.calls(shop.cast.manager).post(url, json={"agent_id": other.id}),
    )
    assert budi.row.assignee_id in (agent.id, other.id)
    kinds = [kind for kind in budi.kinds() if "assigned" in kind]
    assert len(kinds) == 1 and len(shop.entries()) == 1
    assert [text["text"] for text in budi.heard()][-1].startswith("Anda terhubung dengan")
