"""The queue's API: divisions, settings, who waits, preview, report; and what sockets are told."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from cloudchat import events
from cloudchat.extensions import db, now
from cloudchat.jobs import queueing as jobs
from cloudchat.models import QueueEntry, User
from cloudchat.realtime import core as realtime_core
from cloudchat.realtime import queue as realtime_queue
from cloudchat.services.queueing import settings
from tests.test_queueing.conftest import long_ago
from tests.test_queueing.test_claiming import fill


@pytest.fixture
def admin(shop):
    return shop.calls(shop.cast.admin)


# --- divisions ---------------------------------------------------------------------------------


def test_a_division_is_made_changed_and_put_into_order(shop, admin):
    agent = shop.agent(online=False)
    made = admin.post(
        "/api/app/divisions",
        json={"name": " Retur ", "keyword_triggers": "retur,  kembali , Retur", "agent_ids": [agent.id]},
    )
    assert made.status_code == 201, made.text
    division = made.json
    assert (division["name"], division["keyword_triggers"]) == ("Retur", ["Retur", "kembali"])
    assert (division["avg_handling_time_minutes"], division["is_active"]) == (10, True)
    assert [one["id"] for one in division["agents"]] == [agent.id] and division["waiting"] == 0
    url = f"/api/app/divisions/{division['id']}"
    changed = admin.put(url, json={"description": "Barang kembali", "show_wait_time": True}).json
    assert (changed["name"], changed["description"]) == ("Retur", "Barang kembali")
    order = [division["id"], shop.divisions["Umum"]]
    listed = admin.put("/api/app/divisions/reorder", json={"ids": order}).json["items"]
    assert [one["name"] for one in listed] == ["Retur", "Umum", "Billing", "Support"]
    assert admin.delete(f"{url}/agents/{agent.id}").status_code == 204
    assert admin.get(f"{url}/agents").json["items"] == []
    assert shop.calls(agent).put(url, json={"name": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "  "),
        ("name", "n" * 256),
        ("description", "d" * 501),
        ("keyword_triggers", [f"kata{n}" for n in range(51)]),
        ("keyword_triggers", ["k" * 51]),
        ("avg_handling_time_minutes", 0),
        ("avg_handling_time_minutes", 1441),
        ("agent_ids", [2**31 - 1]),
    ],
)
def test_what_a_division_cannot_be(shop, admin, field, value):
    answer = admin.post("/api/app/divisions", json={"name": "Baru", field: value})
    assert answer.status_code == 422
    assert set(answer.json["error"]["fields"]) == {"members" if field == "agent_ids" else field}


# --- settings ----------------------------------------------------------------------------------


def test_settings_begin_with_the_plans_texts_and_change_by_field(shop, admin):
    url = "/api/app/queue/settings"
    assert admin.get(url).json == {**settings.DEFAULTS, "is_enabled": True}
    changed = admin.put(url, json={"check_queue_keyword": " cek ", "unknown": 1}).json
    assert changed["check_queue_keyword"] == "cek"
    refused = admin.put(
        url, json={"leave_keyword": "ＣＥＫ", "silent_agent_minutes": 2000, "menu_button": ""}
    )
    assert refused.status_code == 422
    assert set(refused.json["error"]["fields"]) == {"silent_agent_minutes", "menu_button"}
    assert admin.put(url, json={"leave_keyword": "ＣＥＫ"}).status_code == 422
    assert shop.calls(shop.cast.agent).put(url, json={"is_enabled": False}).status_code == 403


def test_texts_are_filled_by_plain_replacement(shop, admin):
    """H15, H16: also where a division is named like a placeholder."""
    hostile = "{division.__class__} {queue_number!r} {0} {unknown} {division}|{queue_number}"
    admin.put("/api/app/queue/settings", json={"queue_message_template": hostile})
    admin.put(f"/api/app/divisions/{shop.divisions['Billing']}", json={"name": "{queue_number}"})
    shop.comes(shop.agent("Billing"), "busy")
    said = shop.customer().chooses("1")
    assert said == ["{division.__class__} {queue_number!r} {0} {unknown} {queue_number}|1"]


# --- who waits ---------------------------------------------------------------------------------


def test_the_queue_is_shown_to_who_serves_it_and_taken_from(shop):
    agent = shop.agent("Support", online=False, capacity=1)
    first, second = shop.customer("Ani"), shop.customer("Budi")
    first.chooses("2")
    second.chooses("2")
    found = shop.calls(agent).get("/api/app/queue").json["divisions"]
    assert [one["name"] for one in found] == ["Support"]
    (here,) = found
    assert (here["waiting"], here["agents_online"], here["estimated_wait_minutes"]) == (2, 0, None)
    assert [(e["position"], e["queue_number"], e["contact"]["name"]) for e in here["entries"]] == [
        (1, 1, "Ani"),
        (2, 2, "Budi"),
    ]
    assert shop.calls(shop.cast.agent).get("/api/app/queue").json == {"divisions": []}
    manager = shop.calls(shop.cast.manager)
    assert len(manager.get("/api/app/queue").json["divisions"]) == 3

    support = {"division_id": shop.divisions["Support"]}
    assert shop.calls(shop.cast.agent).post("/api/app/queue/next", json=support).status_code == 404
    taken = shop.calls(agent).post("/api/app/queue/next", json=support)
    assert taken.json["conversation_id"] == first.conversation_id
    assert first.heard()[-1]["text"] == f"Anda terhubung dengan {agent.name} dari tim Support."
    full = shop.calls(agent).post("/api/app/queue/next", json=support)
    assert (full.status_code, full.json["error"]["code"]) == (409, "at_capacity")
    entry = f"/api/app/queue/{second.entry.id}"
    assert shop.calls(agent).post(entry + "/assign", json={}).status_code == 409
    assert shop.calls(agent).post(entry + "/assign", json={"force": True}).status_code == 403
    given = manager.post(entry + "/assign", json={"agent_id": agent.id, "force": True})
    assert given.json["assigned_agent_id"] == agent.id
    again = manager.post(entry + "/cancel", json={})
    assert (again.status_code, again.json["error"]["code"]) == (409, "already_assigned")
    assert manager.post("/api/app/queue/next", json=support).json["error"]["code"] == "queue_empty"


def test_agents_are_listed_with_their_load_by_cursor(shop):
    agent = shop.agent("Support")
    shop.customer().chooses("2")
    manager, found, cursor = shop.calls(shop.cast.manager), [], ""
    while cursor is not None:
        page = manager.get(f"/api/app/agents?limit=2&cursor={cursor}").json
        found, cursor = found + page["items"], page["next_cursor"]
    assert [one["name"] for one in found] == sorted(one["name"] for one in found) and len(found) == 5
    (mine,) = [one for one in found if one["id"] == agent.id]
    assert (mine["load"], mine["capacity"], mine["connected"], mine["available"]) == (1, 5, True, True)
    assert manager.put("/api/app/agents/me/availability", json={"status": "hadir"}).status_code == 422


# --- preview -----------------------------------------------------------------------------------


def test_the_preview_plays_the_real_thing_and_keeps_nothing(shop, admin):
    before = shop.conversations(), shop.entries()
    url = "/api/app/queue/preview"
    menu = admin.post(url, json={"text": "Halo"}).json
    assert menu["state"] == "menu" and "1. Billing" in menu["messages"][0]["text"]
    assert len(menu["messages"][0]["payload"]["buttons"]) == 3
    chosen = admin.post(url, json={"text": "2"}).json
    assert [one["text"].split("\n")[0] for one in chosen["messages"]][1].endswith("Tekan # untuk cek antrian")
    played = admin.post(
        url,
        json={
            "steps": [
                {"text": "Halo"},
                {"text": "apa saja ada"},
                {"text": "1"},
                {"text": "#"},
                {"text": "keluar"},
            ],
            "settings": {"welcome_message": "Hai!", "queue_position_message": "ke-{queue_number}"},
            "situation": "busy",
        },
    ).json
    said = [[one["text"] for one in turn["messages"]] for turn in played["turns"]]
    assert said[0] == ["Hai!\n\n1. Billing\n2. Support\n3. Umum"] and played["state"] == "left"
    assert said[1][0].startswith(settings.DEFAULTS["invalid_choice_message"]) and said[3] == ["ke-1"]
    assert "tidak ada agen" not in said[2][0]
    assert admin.post(url, json={"text": "1", "settings": {"welcome_message": ""}}).status_code == 422
    assert (shop.conversations(), shop.entries()) == before
    assert (
        admin.get("/api/app/queue/settings").json["welcome_message"] == settings.DEFAULTS["welcome_message"]
    )


# --- figures -----------------------------------------------------------------------------------


def test_estimates_are_kept_and_set_against_reality(shop):
    shop.agent("Support", capacity=0)
    first, second = shop.customer(), shop.customer()
    first.chooses("2")
    second.chooses("2")
    assert [one.estimated_minutes for one in (first.entry, second.entry)] == [1, 10]
    shop.change(QueueEntry, second.entry.id, entered_at=long_ago(30))
    manager = shop.calls(shop.cast.manager)
    for one in (first, second):
        to = {"agent_id": shop.cast.colleague.id}
        assert manager.post(f"/api/app/queue/{one.entry.id}/assign", json=to).status_code == 200
    today = datetime.now(UTC).date()
    url = "/api/app/queue/report?from={}&to={}"
    items = manager.get(url.format(today - timedelta(days=2), today + timedelta(days=2))).json["items"]
    (row,) = [one for one in items if one["name"] == "Support"]
    assert (row["entered"], row["assigned"], row["estimated"], row["within"]) == (2, 2, 2, 0.5)
    assert row["mean_estimate_minutes"] == 5.5 and 15 <= row["mean_wait_minutes"] <= 16
    assert manager.get(url.format("2026-02-01", "2026-01-01")).status_code == 422


def test_the_menu_shows_measured_waits(shop):
    """The mean of what was resolved, from twenty on; below that what is configured."""
    shop.set(is_enabled=True)
    agent = shop.agent("Support", capacity=0)
    shop.add_division("Garansi", show_wait_time=True)
    support = shop.divisions["Support"]
    shop.calls(shop.cast.admin).put(f"/api/app/divisions/{support}", json={"show_wait_time": True})
    fill(shop, ("Support",), 3)
    assert "2. Support (3 antrian, ~30 menit)" in shop.customer().says("Halo")[0]
    shop.comes(agent, "offline")
    assert "2. Support (3 antrian, lama tunggu belum diketahui)" in shop.customer().says("Halo")[0]
    shop.comes(agent)

    def served():
        rows = shop.entries(status="waiting")
        for number in range(20):
            moment = now()
            db.session.add(
                QueueEntry(
                    conversation_id=rows[0].conversation_id,
                    division_id=support,
                    status="assigned",
                    queue_number=number,
                    assigned_at=moment,
                    finished_at=moment.replace(microsecond=0) + (moment - long_ago(4)),
                    end_reason="resolved",
                )
            )
        db.session.commit()

    shop.act(served)
    assert "(3 antrian, ~1" in shop.customer().says("Halo")[0]


# --- sockets -----------------------------------------------------------------------------------


def test_sockets_are_told_in_small_patches_to_who_may_see(shop, monkeypatch):
    told = []
    monkeypatch.setattr(
        realtime_queue, "emit", lambda *what, namespace="/": told.append((*what[:3], (*what, namespace)[3]))
    )
    agent = shop.agent("Support", online=False)
    budi = shop.customer()
    budi.chooses("2")
    room = f"division:{shop.divisions['Support']}"
    figures_told = [payload for name, payload, rooms, _ in told if room in rooms]
    assert figures_told[-1]["waiting"] == 1 and set(figures_told[-1]) == {
        "divisionId",
        "waiting",
        "longestSince",
        "agentsOnline",
        "estimatedWaitMinutes",
    }
    own = [(payload, rooms) for name, payload, rooms, space in told if space == "/chat"]
    assert own[-1] == (
        {"position": 1, "estimated_wait_minutes": None},
        [f"customer:{budi.row.external_user_id}"],
    )
    shop.comes(agent)
    (assigned,) = [one for one in told if one[0] == "queue:assigned"]
    assert assigned[1:3] == (
        {
            "conversationId": budi.conversation_id,
            "divisionId": shop.divisions["Support"],
            "agentId": agent.id,
            "entryId": budi.entry.id,
        },
        [f"agent:{agent.id}"],
    )


def test_who_goes_without_a_word_is_told_of_and_the_customer_is_not_left_with_a_name(shop, monkeypatch):
    told = []
    for module in (realtime_queue, realtime_core):
        monkeypatch.setattr(module, "emit", lambda name, payload, *_: told.append((name, payload)))
    monkeypatch.setattr(
        realtime_core, "emit_to_customer", lambda _, name, payload: told.append((name, payload))
    )
    agent = shop.agent("Support")
    budi = shop.customer()
    budi.chooses("2")
    shop.change(User, agent.id, last_seen_at=now() - timedelta(seconds=65))
    jobs.waiting()
    events.drain()
    gone = {"userId": agent.id, "availability": "online", "connected": False}
    assert ("agent:presence", gone) in told
    assert [payload["agentsOnline"] for name, payload in told if "agentsOnline" in payload][-1] == 0

    assert ("agent:left", {}) not in told
    shop.calls(agent).put("/api/app/agents/me/availability", json={"status": "offline", "requeue": True})
    assert ("agent:left", {}) in told


# --- indexes -----------------------------------------------------------------------------------


def test_the_line_is_read_by_its_index(shop):
    fill(shop, ("Support", "Billing"), 600)

    with db.engine.begin() as owner:
        owner.execute(text("analyze chat_queues"))

    def plans():
        db.session.execute(text("set local enable_seqscan = off"))
        asked = (
            "select * from chat_queues where division_id = :d and status = 'waiting'"
            " order by entered_at, id limit 1",
            "select count(*) from chat_queues where division_id = :d and status = 'waiting'"
            " and (entered_at, id) < (now(), 5)",
            "select max(queue_number) from chat_queues where division_id = :d",
        )
        values = {"d": shop.divisions["Support"]}
        found = [db.session.execute(text("explain " + one), values).scalars().all() for one in asked]
        db.session.rollback()
        return ["\n".join(lines) for lines in found]

    line, place, ticket = shop.act(plans)
    assert "ix_chat_queues_line" in line and "Sort" not in line
    assert "chat_queues_" in place and "Index" in place
    assert "ix_chat_queues_ticket" in ticket
