"""Each case that leaves a queue in an odd place has a result, and shows it."""

from datetime import timedelta

import time_machine

from cloudchat import events
from cloudchat.extensions import db, now
from cloudchat.jobs import queueing as jobs
from cloudchat.models import Conversation, Division, Message, QueueEntry, User
from cloudchat.services import accounts, divisions
from cloudchat.services.queueing import availability, claiming, closing, rounds, settings
from cloudchat.tenancy import all_organizations
from tests.test_queueing.conftest import long_ago


def status_of(shop, customer, status: str, **more):
    url = f"/api/app/inbox/conversations/{customer.conversation_id}/status"
    answer = shop.calls(shop.cast.manager).post(url, json={"status": status, **more})
    assert answer.status_code == 200, answer.text


def transfer(shop, customer, **to):
    url = f"/api/app/inbox/conversations/{customer.conversation_id}/transfer"
    return shop.calls(shop.cast.manager).post(url, json=to)


def waiting_pair(shop):
    """Two who wait in Support, where nobody is."""
    first, second = shop.customer(), shop.customer()
    first.chooses("2")
    second.chooses("2")
    return first, second


def test_first_come_first_served_also_when_the_clock_is_set_back(shop):
    """F20, and two machines whose clocks differ: whoever came first is first, and no time is negative."""
    with time_machine.travel(now() + timedelta(hours=2)):
        first = shop.customer()
        first.chooses("2")
    second = shop.customer()
    second.chooses("2")
    agent = shop.agent("Support", capacity=1)
    assert (first.row.assignee_id, second.entry.status) == (agent.id, "waiting")
    shop.change(QueueEntry, first.entry.id, assigned_at=now() + timedelta(hours=2))
    status_of(shop, first, "resolved")
    assert second.row.assignee_id == agent.id
    for entry in (first.entry, second.entry):
        assert entry.wait_seconds >= 0 and (
            entry.finished_at is None or entry.finished_at >= entry.assigned_at
        )


# --- slots that are freed ----------------------------------------------------------------------


def test_whatever_frees_a_slot_drains_the_queue_at_once(shop):
    agent = shop.agent("Support", capacity=1)
    serving = shop.customer()
    serving.chooses("2")
    in_a_day = (now().replace(microsecond=0)).isoformat().replace("+00:00", "Z")
    frees = {
        "snoozed": lambda one: status_of(
            shop, one, "snoozed", snooze_until=in_a_day.replace("2026", "2027", 1)
        ),
        "pending": lambda one: status_of(shop, one, "pending"),
        "unassigned": lambda one: shop.calls(shop.cast.manager).post(
            f"/api/app/inbox/conversations/{one.conversation_id}/assign", json={"agent_id": None}
        ),
        "transferred": lambda one: transfer(shop, one, division_id=shop.divisions["Umum"]),
        "given to another": lambda one: transfer(shop, one, agent_id=shop.cast.colleague.id),
    }
    for name, free in frees.items():
        waits = shop.customer()
        waits.chooses("2")
        assert waits.row.assignee_id is None, name
        free(serving)
        assert waits.row.assignee_id == agent.id, name
        serving = waits
    waits = shop.customer()
    waits.chooses("2")
    answer = shop.calls(shop.cast.manager).put(f"/api/app/agents/{agent.id}", json={"capacity": 2})
    assert answer.json["capacity"] == 2 and waits.row.assignee_id == agent.id, "capacity raised"


def test_agents_who_come_join_or_whose_division_opens_get_those_who_wait(shop):
    came, joined, opened = (shop.agent(online=False) for _ in range(3))
    shop.act(divisions.add_members, shop.divisions["Support"], [came.id])
    first, second = waiting_pair(shop)
    shop.change(User, came.id, capacity=1)
    shop.comes(came)
    assert first.row.assignee_id == came.id
    shop.comes(joined)
    answer = shop.calls(shop.cast.admin).post(
        f"/api/app/divisions/{shop.divisions['Support']}/agents", json={"user_ids": [joined.id]}
    )
    assert answer.status_code == 201 and second.row.assignee_id == joined.id
    assert opened.id not in shop.loads()


def test_who_is_busy_offline_or_lost_gets_nobody(shop):
    for state in ("busy", "offline"):
        shop.comes(shop.agent("Support", online=False), state)
    shop.vanishes(shop.agent("Support"))
    budi = shop.customer()
    budi.chooses("2")
    assert budi.row.assignee_id is None
    trail = (
        shop.calls(shop.cast.manager)
        .get(f"/api/app/inbox/conversations/{budi.conversation_id}/queue-trail")
        .json
    )
    assert trail["waiting"]["reason"] == "all_busy" and trail["waiting"]["place"] == 1
    states = {one["state"] for one in trail["waiting"]["agents"]}
    assert states == {"busy", "offline", "disconnected"}


def test_the_least_loaded_and_then_the_longest_idle(shop):
    one, two = shop.agent("Support"), shop.agent("Support")
    order = []
    for _ in range(4):
        budi = shop.customer()
        budi.chooses("2")
        order.append(budi.row.assignee_id)
    assert order == [one.id, two.id, one.id, two.id]


# --- agents who go -----------------------------------------------------------------------------


def test_going_offline_keeps_open_chats_or_hands_them_back_to_the_head(shop):
    agent = shop.agent("Support", capacity=1)
    first, second = shop.customer(), shop.customer()
    first.chooses("2")
    second.chooses("2")
    went = shop.calls(agent).put("/api/app/agents/me/availability", json={"status": "offline"})
    assert went.json["open_conversations"] == 1 and first.row.assignee_id == agent.id
    since = first.entry.entered_at
    went = shop.calls(agent).put(
        "/api/app/agents/me/availability", json={"status": "offline", "requeue": True}
    )
    assert went.json["open_conversations"] == 0
    assert (first.row.assignee_id, first.entry.status, first.entry.entered_at) == (None, "waiting", since)
    assert "queue_agent_offline" in first.kinds()
    assert first.says("#") == ["Anda masih dalam antrian ke 1. mohon menunggu"]
    assert second.says("#") == ["Anda masih dalam antrian ke 2. mohon menunggu"]


def test_what_a_deactivated_agent_had_open_goes_back(shop):
    agent, colleague = shop.agent("Support", capacity=1), shop.agent("Support", online=False)
    budi = shop.customer()
    budi.chooses("2")
    shop.act(accounts.deactivate, agent.id)
    with all_organizations("the sweeper of this test"):
        assert (agent.organization_id, agent.id) in availability.left_behind()
    jobs.hand_back(agent.organization_id, agent.id)
    jobs.hand_back(agent.organization_id, agent.id)  # a job may run twice
    assert (budi.row.assignee_id, budi.entry.status) == (None, "waiting")
    assert budi.kinds().count("queue_agent_gone") == 1
    shop.comes(colleague)
    assert budi.row.assignee_id == colleague.id


def test_a_silent_agent_loses_the_customer_to_another_one(shop):
    shop.set(silent_agent_minutes=5)
    silent = shop.agent("Support")
    budi = shop.customer()
    budi.chooses("2")
    assert shop.act(rounds.return_silent) == 0, "there was hardly time"
    age(shop, budi, 6)
    assert shop.act(rounds.return_silent) == 1
    assert (budi.row.assignee_id, budi.entry.status) == (None, "waiting")
    assert budi.entry.passed_agent_ids == [] and budi.row.needs_human, (
        "there is nobody else: a human is called"
    )
    other = shop.agent("Support", online=False)
    shop.change(QueueEntry, budi.entry.id, passed_agent_ids=[silent.id])
    shop.comes(silent)
    assert budi.row.assignee_id is None, "not to the same one again"
    shop.comes(other)
    assert budi.row.assignee_id == other.id
    age(shop, budi, 6)
    shop.calls(other).post(
        f"/api/app/inbox/conversations/{budi.conversation_id}/messages", json={"text": "Ya kak?"}
    )
    assert shop.act(rounds.return_silent) == 0, "who answers keeps it"


def test_nobody_waits_for_agents_who_are_not_there(shop):
    """Passed over by the only one who is there: that one may have the customer after all."""
    shop.set(silent_agent_minutes=5)
    silent, other = shop.agent("Support"), shop.agent("Support", online=False)
    shut_out = shop.agent("Support", online=False)
    shop.act(accounts.deactivate, shut_out.id)
    budi = shop.customer()
    budi.chooses("2")
    age(shop, budi, 6)
    assert shop.act(rounds.return_silent) == 1
    events.drain()
    assert budi.row.assignee_id == silent.id and "queue_agent_silent" in budi.kinds()

    shop.change(User, other.id, capacity=0)
    shop.comes(other)
    age(shop, budi, 6)
    assert shop.act(rounds.return_silent) == 1
    assert budi.entry.passed_agent_ids == [silent.id], "the other one is there, and will have room"
    assert shop.act(rounds.offer_again) == 0
    shop.vanishes(other)
    jobs.rules(shop.id)
    events.drain()
    assert budi.row.assignee_id == silent.id


def age(shop, customer, minutes: float) -> None:
    """Let all of this have happened so long ago."""

    def work():
        moment = long_ago(minutes)
        db.session.execute(
            db.update(Message)
            .where(Message.conversation_id == customer.conversation_id)
            .values(created_at=moment)
        )
        db.session.execute(
            db.update(QueueEntry)
            .where(
                QueueEntry.conversation_id == customer.conversation_id, QueueEntry.assigned_at.is_not(None)
            )
            .values(assigned_at=moment)
        )
        db.session.commit()

    shop.act(work)


def test_reopened_while_the_agent_is_away_goes_to_the_queue(shop):
    there, away = shop.agent("Support"), shop.agent("Umum")
    stays, goes = shop.customer(), shop.customer()
    stays.chooses("2")
    goes.chooses("3")
    for one in (stays, goes):
        status_of(shop, one, "pending")
    shop.vanishes(away)
    stays.says("saya kembali")
    goes.says("saya kembali")
    assert stays.row.assignee_id == there.id
    assert (goes.row.assignee_id, goes.entry.status) == (None, "waiting")
    assert "queue_agent_away" in goes.kinds()


# --- customers who go --------------------------------------------------------------------------


def test_leaving_and_coming_back(shop):
    first, second = waiting_pair(shop)
    assert first.says("Keluar") == [
        "Anda telah keluar dari antrian tim Support. Kirim pesan kapan saja untuk memilih lagi."
    ]
    assert (first.entry.status, first.entry.end_reason, first.row.division_id) == ("cancelled", "left", None)
    assert second.says("#") == ["Anda masih dalam antrian ke 1. mohon menunggu"]
    assert first.says("halo lagi")[0].startswith("Selamat datang")


def test_resolved_snoozed_or_taken_while_waiting(shop):
    agent = shop.agent("Support", online=False)
    resolved, snoozed, taken = shop.customer(), shop.customer(), shop.customer()
    for one in (resolved, snoozed, taken):
        one.chooses("2")
    since = snoozed.entry.entered_at
    status_of(shop, resolved, "resolved")
    status_of(shop, snoozed, "pending")
    shop.calls(shop.cast.manager).post(
        f"/api/app/inbox/conversations/{taken.conversation_id}/assign", json={"agent_id": agent.id}
    )
    ended = [(one.entry.status, one.entry.end_reason) for one in (resolved, snoozed, taken)]
    assert ended == [("cancelled", "resolved"), ("cancelled", "pending"), ("assigned", None)]
    snoozed.says("saya masih menunggu")
    assert (snoozed.entry.status, snoozed.entry.entered_at) == ("waiting", since)


def test_an_old_contact_gets_the_menu_again_with_the_last_division_first_if_wished(shop):
    budi = shop.customer()
    budi.chooses("2")
    status_of(shop, budi, "resolved")
    first = budi.conversation_id
    assert budi.says("Halo lagi")[0].startswith("Selamat datang")
    assert budi.conversation_id != first
    status_of(shop, budi, "resolved")
    shop.set(offer_last_division=True)
    assert "Terakhir Anda dilayani tim Support." in budi.says("Halo")[0]
    budi.says("ya")
    assert budi.row.division_id == shop.divisions["Support"]


def test_who_is_taken_out_of_the_line_is_told(shop):
    first, second = waiting_pair(shop)
    shop.calls(shop.cast.manager).post(f"/api/app/queue/{first.entry.id}/cancel", json={})
    assert first.heard()[-1]["text"] == (
        "Antrian Anda di tim Support telah kami akhiri. Agen kami akan menghubungi Anda di sini."
    )
    assert first.row.needs_human and first.row.division_id == shop.divisions["Support"]
    shop.set(cancelled_message="")
    heard = len(second.heard())
    shop.calls(shop.cast.manager).post(f"/api/app/queue/{second.entry.id}/cancel", json={})
    assert second.entry.status == "cancelled" and len(second.heard()) == heard


# --- divisions that close ----------------------------------------------------------------------


def test_a_division_switched_off_moves_its_queue_or_tells_and_asks(shop):
    first, second = waiting_pair(shop)
    since = first.entry.entered_at
    admin = shop.calls(shop.cast.admin)
    url = f"/api/app/divisions/{shop.divisions['Support']}"
    answer = admin.put(url, json={"is_active": False, "move_to": shop.divisions["Umum"]})
    assert answer.status_code == 200, answer.text
    assert (first.row.division_id, first.entry.entered_at) == (shop.divisions["Umum"], since)
    assert "tim Umum, Tunggu dalam antrian ke 1" in first.heard()[-1]["text"]
    assert "tim Umum, Tunggu dalam antrian ke 2" in second.heard()[-1]["text"]

    assert admin.delete(f"/api/app/divisions/{shop.divisions['Umum']}").status_code == 204
    shop.act(closing.tell_owed)
    told = first.heard()[-1]
    assert told["text"].startswith("Maaf, tim Umum sedang tidak melayani.\n\nSelamat datang")
    assert [one["title"] for one in told["payload"]["buttons"]] == ["1. Billing"]
    assert first.row.needs_human and first.row.awaiting_division_selection and first.row.division_id is None
    shop.act(closing.tell_owed)
    assert first.heard()[-1]["id"] == told["id"], "told once"
    second.says("1")
    assert second.row.division_id == shop.divisions["Billing"]


def test_a_long_queue_is_closed_a_piece_at_a_time(shop, monkeypatch):
    """In the request only the first; the rest by the job, in its order, and everybody sees how far it is."""
    monkeypatch.setattr(closing, "AT_ONCE", 2)
    support, umum = shop.divisions["Support"], shop.divisions["Umum"]
    waiting = [shop.customer() for _ in range(7)]
    for one in waiting:
        one.chooses("2")
    admin = shop.calls(shop.cast.admin)
    answer = admin.put(f"/api/app/divisions/{support}", json={"is_active": False, "move_to": umum})
    assert answer.json["closing"] == {"total": 7, "left": 3, "deletes": False}
    page = admin.get("/app/settings/divisions/rows").text
    assert "<progress" in page and "dari 7" in page
    with all_organizations("the sweeper"):
        assert (shop.id, support) in closing.unfinished()
    assert shop.act(claiming.drain, support)
    shop.act(events.drain)
    line = shop.entries(division_id=umum, status="waiting")
    assert [one.conversation_id for one in line] == [one.conversation_id for one in waiting]
    assert shop.get(Division, support).closing_at is None

    removal = admin.delete(f"/api/app/divisions/{umum}")
    assert removal.status_code == 202 and removal.json["closing"]["deletes"]
    refused = admin.put(f"/api/app/divisions/{umum}", json={"is_active": True})
    assert refused.status_code == 409 and refused.json["error"]["code"] == "division_closing"
    assert shop.act(claiming.drain, umum) and admin.delete(f"/api/app/divisions/{umum}").status_code == 404
    shop.act(closing.tell_owed)
    assert all("tim Umum sedang tidak melayani" in one.heard()[-1]["text"] for one in waiting)


def test_the_last_division_gone_leaves_people_to_a_human(shop):
    budi, _ = waiting_pair(shop)
    shop.act(divisions.delete, shop.divisions["Billing"])
    shop.act(divisions.delete, shop.divisions["Umum"])
    shop.act(divisions.delete, shop.divisions["Support"])
    with all_organizations("the sweeper"):
        assert shop.id in closing.owed_anywhere()
    shop.act(closing.tell_owed)
    assert budi.heard()[-1]["text"] == "Maaf, tim Support sedang tidak melayani."
    assert budi.row.needs_human and not budi.row.awaiting_division_selection
    assert shop.get(Conversation, budi.conversation_id).division_id is None


def test_a_choice_made_while_the_division_closes_is_not_stranded(shop):
    """Entered after the queue was emptied: whoever drains it next puts the customer out."""
    budi = shop.customer()
    budi.says("Halo")
    shop.change(Division, shop.divisions["Support"], is_active=False)
    assert "sedang tidak melayani" in budi.says("2")[0]
    assert budi.says("1")[0].startswith("Anda akan di layani oleh tim Billing")
    shop.change(Division, shop.divisions["Billing"], is_active=False)
    shop.act(claiming.drain, shop.divisions["Billing"])
    shop.act(closing.tell_owed)
    assert budi.row.division_id is None and budi.row.needs_human


def test_the_last_agent_of_a_division_leaves(shop):
    agent = shop.agent("Support", capacity=0)
    budi = shop.customer()
    budi.chooses("2")
    url = f"/api/app/divisions/{shop.divisions['Support']}/agents/{agent.id}"
    assert shop.calls(shop.cast.admin).delete(url).status_code == 204
    assert budi.entry.status == "waiting" and budi.row.needs_human
    assert settings.DEFAULTS["no_agent_available_message"] in budi.heard()[-1]["text"]


def test_the_last_agent_of_a_division_is_shut_out(shop):
    agent = shop.agent("Support", capacity=0)
    budi = shop.customer()
    budi.chooses("2")
    shop.act(accounts.deactivate, agent.id)
    heard = len(budi.heard())
    jobs.hand_back(agent.organization_id, agent.id)
    jobs.hand_back(agent.organization_id, agent.id)  # a job may run twice
    events.drain()
    assert budi.row.needs_human and budi.kinds().count("division_empty") == 1
    assert [
        settings.DEFAULTS["no_agent_available_message"] in one["text"] for one in budi.heard()[heard:]
    ] == [True]


# --- handing on --------------------------------------------------------------------------------


def test_transfer_to_a_division_or_an_agent_with_a_note(shop):
    agent = shop.agent("Billing")
    budi = shop.customer()
    budi.chooses("2")
    since = budi.entry.entered_at
    answer = transfer(shop, budi, division_id=shop.divisions["Billing"], note="Ini soal tagihan")
    assert answer.status_code == 200, answer.text
    assert (budi.row.assignee_id, budi.entry.entered_at) == (agent.id, since)
    assert (
        transfer(shop, budi, agent_id=shop.cast.colleague.id).json["assignee"]["id"] == shop.cast.colleague.id
    )
    assert [entry.end_reason for entry in shop.entries()] == ["transferred", "reassigned"]
    assert transfer(shop, budi, note="wohin?").status_code == 422
    assert transfer(shop, budi, agent_id=agent.id, division_id=shop.divisions["Umum"]).status_code == 422


def test_moved_up_is_told_once_in_two_minutes(shop):
    shop.set(moved_up_enabled=True)
    first, second = waiting_pair(shop)
    first.says("keluar")
    assert shop.act(rounds.tell_moved_up) == 0, "told a moment ago"
    shop.change(QueueEntry, second.entry.id, told_at=long_ago(3))
    assert shop.act(rounds.tell_moved_up) == 1
    assert second.heard()[-1]["text"] == "Antrian Anda maju, sekarang dalam antrian ke 1."
    shop.change(QueueEntry, second.entry.id, told_at=long_ago(3))
    assert shop.act(rounds.tell_moved_up) == 0, "the place is the same"
