"""Who is told of what: by example, through the real tables."""

import pytest

from cloudchat import events
from cloudchat.extensions import db, now
from cloudchat.models import DivisionAgent, Notification
from cloudchat.services import conversations, notification_list, notification_settings, outbound
from cloudchat.services.notification_kinds import KINDS
from cloudchat.services.visibility import audience_of
from cloudchat.tenancy import acting_as
from tests.factories import identity


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
        for way in ("seqscan", "sort", "incremental_sort"):  # so few rows tempt the planner to them
            db.session.execute(db.text(f"set local enable_{way} = off"))
        plan = "\n".join(db.session.scalars(db.text(statement), values))
    assert "ix_notifications_list" in plan and "Sort" not in plan
    assert Notification.__tablename__ in plan


def test_only_own_ones_are_marked_read(cast, make, as_person, writes, bell):
    talk = make.conversation(cast.organization_id)
    writes(talk, "Halo")
    call = as_person(cast.agent)
    ids = [item["id"] for item in as_person(cast.colleague).get("/api/app/notifications").json["items"]]
    assert call.post("/api/app/notifications/read", json={"ids": ids}).json == {"unread": 1}
    assert len(bell(cast.colleague)) == 1
    assert call.post("/api/app/notifications/read", json={"conversation_id": talk.id}).json == {"unread": 0}
    assert len(bell(cast.colleague)) == 1
    assert call.post("/api/app/notifications/read", json={}).status_code == 422
    for url in (f"/api/app/notifications/{ids[0]}",):
        assert call.get(url).status_code == 404


def test_the_list_goes_on_by_cursor(cast, make, as_person, writes):
    for number in range(5):
        writes(make.conversation(cast.organization_id, assignee_id=cast.agent.id, name=f"P{number}"), "Halo")
    call, found, cursor = as_person(cast.agent), [], None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = call.get("/api/app/notifications", query_string=query).json
        found += [item["title"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert found == [f"P{number} menulis" for number in (4, 3, 2, 1, 0)]
    assert call.get("/api/app/notifications?cursor=nonsense").status_code == 422


def test_settings_are_merged_and_checked(cast, as_person):
    url, call = "/api/app/notifications/settings", as_person(cast.agent)
    before = call.get(url).json
    assert set(before["events"]) == set(KINDS) and before["snoozed_until"] is None
    answer = call.put(url, json={"sound": {"volume": 0}, "quiet_hours": {"days": [6, 0]}, "colour": "red"})
    assert answer.json["sound"] == {"name": "chime", "volume": 0}
    assert answer.json["quiet_hours"] == {**before["quiet_hours"], "days": [6, 0]}
    assert call.get(url).json == answer.json
    assert as_person(cast.colleague).get(url).json == before
    for wrong, field in (
        ({"sound": {"volume": 101}}, "sound.volume"),
        ({"sound": {"name": "trumpet"}}, "sound.name"),
        ({"events": {"rain": {"sound": True}}}, "events.rain"),
        ({"quiet_hours": {"start_time": "25:00"}}, "quiet_hours.start_time"),
        ({"quiet_hours": {"start_time": "07:00"}}, "quiet_hours.end_time"),
        ({"quiet_hours": {"days": [7]}}, "quiet_hours.days.0"),
        ({"events": {"mention": {"sound": "loud"}}}, "events.mention.sound"),
    ):
        refused = call.put(url, json=wrong)
        assert refused.status_code == 422 and field in refused.json["error"]["fields"], wrong
    assert call.get(url).json == answer.json


def test_old_ones_are_dropped(cast, make, writes, as_person):
    writes(make.conversation(cast.organization_id), "Halo")
    with acting_as(cast.organization_id):
        assert notification_list.drop_old() == 0
        old = now() - notification_list.KEPT
        db.session.execute(db.update(Notification).values(happened_at=old))
        assert notification_list.drop_old() == 4
    assert as_person(cast.agent).get("/api/app/notifications").json["items"] == []


def test_badges_stay_the_databases(cast, make, writes, as_person):
    """Answers of bots and a manager's look leave a conversation unread; the assignee's look does not."""
    talk = make.conversation(cast.organization_id, assignee_id=cast.agent.id)
    writes(talk, "satu", "dua")
    with acting_as(cast.organization_id):
        row = db.session.get(make.Conversation, talk.id, with_for_update=True)
        outbound.add(row, "bot", "Terima kasih")
        outbound.add(row, "system", "Anda di antrian ke 1")
        db.session.commit()
        conversations.mark_read(identity(cast.manager), talk.id)
    count = as_person(cast.agent).get("/api/app/inbox/unread-count")
    assert count.json == {"conversations": 1, "messages": 2}
    with acting_as(cast.organization_id):
        conversations.mark_read(identity(cast.agent), talk.id)
    count = as_person(cast.agent).get("/api/app/inbox/unread-count")
    assert count.json == {"conversations": 0, "messages": 0}


def test_who_enters_a_queue_is_new_there_once(cast, make, alerts, present, bell):
    billing = make.division(cast.organization_id, agents=(cast.agent,))
    talk = make.conversation(cast.organization_id, division_id=billing.id)
    with acting_as(cast.organization_id):
        audience = audience_of(db.session.get(make.Conversation, talk.id))
        events.publish(events.ConversationChanged(audience, {"division_id": billing.id}, 2))
        events.publish(events.QueueEntered(audience, billing.id, 1))
        db.session.commit()
        events.drain()
    assert bell(cast.agent) == [("conversation_new", 1)] and bell(cast.colleague) == []
