"""Who is told of what: by example, through the real tables."""

import pytest

from cloudchat import events
from cloudchat.extensions import db
from cloudchat.models import DivisionAgent, Notification
from cloudchat.services import conversations, notification_settings
from cloudchat.services.notification_kinds import KINDS
from cloudchat.tenancy import acting_as
from tests.test_notifications.conftest import identity


@pytest.fixture
def talk(cast, make):
    return make.conversation(cast.organization_id, name="Budi Santoso")


def told(alerts, person):
    return [payload["kind"] for user_id, payload in alerts if user_id == person.id]


def test_a_new_conversation_is_told_to_whoever_sees_it(cast, make, writes, alerts, present, bell):
    billing = make.division(cast.organization_id, agents=(cast.agent,))
    writes(make.conversation(cast.organization_id, division_id=billing.id), "Halo")
    assert told(alerts, cast.agent) == told(alerts, cast.manager) == ["conversation_new"]
    assert told(alerts, cast.colleague) == []
    writes(make.conversation(cast.organization_id), "Halo juga")
    assert told(alerts, cast.colleague) == ["conversation_new"]
    assert bell(cast.agent) == [("conversation_new", 2)]
    assert bell(cast.colleague) == [("conversation_new", 1)]


def test_a_burst_is_one_line_and_its_first_message_makes_the_conversation_new(
    cast, talk, writes, alerts, present, bell
):
    writes(talk, "satu", "dua", "tiga")
    assert told(alerts, cast.agent) == ["conversation_new"]
    writes(talk, "empat")
    assert told(alerts, cast.agent) == ["conversation_new", "message_unassigned"]
    # A further message only sounds, unless one asks for more
    last = next(payload for user_id, payload in reversed(alerts) if user_id == cast.agent.id)
    assert last["sound"] == {"name": "chime", "volume": 60}
    assert (last["desktop"], last["id"]) == (False, None)
    assert bell(cast.agent) == [("conversation_new", 1)]


def test_a_message_concerns_the_assignee_alone(cast, make, writes, alerts, present, bell):
    talk = make.conversation(cast.organization_id, assignee_id=cast.agent.id, name="Siti Aminah")
    writes(talk, "Halo", "Ada orang?")
    assert told(alerts, cast.agent) == ["message"]
    assert [told(alerts, person) for person in (cast.admin, cast.manager, cast.colleague)] == [[], [], []]
    [(_, payload)] = alerts
    assert payload["title"] == "2 pesan dari Siti Aminah"
    assert (payload["body"], payload["conversationId"]) == ("Ada orang?", talk.id)
    assert payload["url"] == f"/app/inbox/{talk.id}"
    # The line goes when the conversation is read
    with acting_as(cast.organization_id):
        conversations.mark_read(identity(cast.agent), talk.id)
        events.drain()
    assert bell(cast.agent) == []


def test_what_was_read_meanwhile_is_not_told(cast, make, writes, alerts, present, monkeypatch):
    talk = make.conversation(cast.organization_id, assignee_id=cast.agent.id)
    real = events.follow
    held = []
    monkeypatch.setattr(events, "follow", held.append)  # as the loop does: it waits a moment
    writes(talk, "Halo")
    with acting_as(cast.organization_id):
        conversations.mark_read(identity(cast.agent), talk.id)
        real(held[0])
        events.drain()
    assert alerts == []


def test_assignment_is_told_to_the_one_who_got_it(cast, make, alerts, present, bell):
    one, two = (make.conversation(cast.organization_id, name=name) for name in ("Ani", "Budi"))
    with acting_as(cast.organization_id):
        conversations.assign(identity(cast.agent), one.id, cast.agent.id)
        events.drain()
    assert alerts == [], "who takes it knows it"
    with acting_as(cast.organization_id):
        conversations.assign(identity(cast.manager), one.id, cast.colleague.id)
        conversations.assign(identity(cast.manager), two.id, cast.colleague.id)
        events.drain()
    assert bell(cast.colleague) == [("assigned", 2)]
    [(_, payload)] = alerts
    assert payload["title"] == "2 percakapan ditugaskan kepada Anda, terakhir dari Budi"
    assert payload["toast"] is True


def test_an_assignment_taken_back_at_once_is_not_told(cast, make, alerts, present):
    talk = make.conversation(cast.organization_id)
    with acting_as(cast.organization_id):
        conversations.assign(identity(cast.manager), talk.id, cast.colleague.id)
        conversations.assign(identity(cast.manager), talk.id, cast.agent.id)
        events.drain()
    assert told(alerts, cast.colleague) == [] and told(alerts, cast.agent) == ["assigned"]


def test_a_mention_reaches_those_who_may_read_the_note(cast, make, as_person, alerts, present, bell):
    with acting_as(cast.organization_id):
        for person, name in ((cast.agent, "Siti"), (cast.colleague, "Siti Aminah"), (cast.manager, "Rina")):
            make.db.session.get(make.User, person.id).name = name
        db.session.commit()
    talk = make.conversation(cast.organization_id, assignee_id=cast.colleague.id)
    url = f"/api/app/inbox/conversations/{talk.id}/notes"
    text = "@siti aminah tolong cek, @Rina tahu; bukan rina@example.com atau @Sitiaminah. @Siti juga"
    assert as_person(cast.admin).post(url, json={"text": text}).status_code == 201
    assert bell(cast.colleague) == bell(cast.manager) == [("mention", 1)]
    assert bell(cast.agent) == [], "she cannot see this conversation"
    item = as_person(cast.manager).get("/api/app/notifications").json["items"][0]
    assert item["body"].startswith("@siti aminah tolong cek")
    assert item["title"].startswith(cast.admin.name)


def test_switches_decide_for_each_way_of_being_told(cast, talk, writes, alerts, present, bell):
    with acting_as(cast.organization_id):
        off = dict.fromkeys(("in_app", "sound", "desktop", "push"), False)
        notification_settings.change(cast.agent.id, {"events": {"conversation_new": off}})
        notification_settings.change(
            cast.colleague.id, {"events": {"conversation_new": {"sound": False}}, "sound": {"volume": 10}}
        )
    writes(talk, "Halo")
    assert told(alerts, cast.agent) == [] and bell(cast.agent) == []
    payload = next(payload for user_id, payload in alerts if user_id == cast.colleague.id)
    assert (payload["sound"], payload["desktop"]) == (None, True)


def test_in_quiet_hours_the_bell_counts_and_nothing_rings(cast, talk, writes, alerts, present, bell):
    with acting_as(cast.organization_id):
        notification_settings.snooze(cast.agent.id, "hour", "Asia/Jakarta")
    writes(talk, "Halo")
    payload = next(payload for user_id, payload in alerts if user_id == cast.agent.id)
    assert (payload["sound"], payload["desktop"], payload["unread"]) == (None, False, 1)
    assert bell(cast.agent) == [("conversation_new", 1)]


def test_any_service_may_have_people_told(cast, alerts, present, bell):
    with acting_as(cast.organization_id):
        data = {"name": "Promo Akhir Tahun", "url": "/app/broadcasts/7"}
        events.publish(
            events.NotificationWanted(
                cast.organization_id, "broadcast_finished", (cast.admin.id,), "broadcast:7", data=data
            )
        )
        db.session.commit()
        events.drain()
    [(user_id, payload)] = alerts
    assert user_id == cast.admin.id and payload["url"] == "/app/broadcasts/7"
    assert payload["title"] == "Broadcast “Promo Akhir Tahun” selesai"
    assert bell(cast.admin) == [("broadcast_finished", 1)]


def test_a_lost_device_is_told_to_admins(cast, make, alerts, present):
    device = make.device(cast.organization_id, name="WA Toko")
    with acting_as(cast.organization_id):
        events.publish(events.DeviceChanged(cast.organization_id, device.id, "needs_reauth"))
        db.session.commit()
        events.drain()
    assert [user_id for user_id, _ in alerts] == [cast.admin.id]


def test_what_one_may_not_see_any_more_is_told_without_names(cast, make, writes, as_person):
    talk = make.conversation(cast.organization_id, assignee_id=cast.agent.id, name="Rahasia Sekali")
    writes(talk, "nomor saya 0812")
    assert "Rahasia" in as_person(cast.agent).get("/api/app/notifications").text
    with acting_as(cast.organization_id):
        conversations.assign(identity(cast.manager), talk.id, cast.colleague.id)
    answer = as_person(cast.agent).get("/api/app/notifications")
    assert "Rahasia" not in answer.text and "0812" not in answer.text
    assert answer.json["items"][0]["url"] is None


def test_a_stranger_hears_nothing(cast, talk, writes, bell):
    writes(talk, "Halo")
    assert bell(cast.stranger) == []


def test_someone_who_left_hears_nothing(cast, make, writes, alerts, present):
    billing = make.division(cast.organization_id, agents=(cast.agent,))
    with acting_as(cast.organization_id):
        db.session.get(make.User, cast.colleague.id).is_active = False
        db.session.scalars(db.select(DivisionAgent)).one().is_active = False
        db.session.commit()
    writes(make.conversation(cast.organization_id, division_id=billing.id), "Halo")
    assert {user_id for user_id, _ in alerts} == {cast.admin.id, cast.manager.id}


def test_every_kind_has_its_words_in_both_languages():
    from cloudchat.services.notification_kinds import say

    for kind in KINDS.values():
        for text in filter(None, (kind.label, kind.help, kind.title, kind.several)):
            assert say(text, "id") != text or text == "{text}", text


def test_the_list_uses_its_index(cast, context):
    with acting_as(cast.organization_id):
        statement = (
            "explain select * from notifications where organization_id = :org and user_id = :user "
            "and listed order by happened_at desc, id desc limit 20"
        )
        values = {"org": cast.organization_id, "user": cast.agent.id}
        db.session.execute(db.text("set local enable_seqscan = off"))
        plan = "\n".join(db.session.scalars(db.text(statement), values))
    assert "ix_notifications_list" in plan and "Sort" not in plan
    assert Notification.__tablename__ in plan
