"""Several conversations at once, and undoing it."""

from datetime import timedelta

from cloudchat.extensions import db, now
from cloudchat.models import Conversation
from cloudchat.services.presenting import iso
from cloudchat.tenancy import acting_as

URL = "/api/app/inbox/conversations"


def stand(organization_id, ids):
    """Status, snooze, assignee and labels of each, by id."""
    with acting_as(organization_id):
        rows = [db.session.get(Conversation, row_id, populate_existing=True) for row_id in ids]
        return [
            (row.status, iso(row.snoozed_until), row.assignee_id, [label.name for label in row.labels])
            for row in rows
        ]


def test_undo_puts_each_back_as_it_stood(cast, make, as_person):
    caller = as_person(cast.manager)
    label = make.label(cast.organization_id)
    until = now() + timedelta(days=1)
    ids = [
        make.conversation(cast.organization_id, **values).id
        for values in (
            {},
            {"status": "pending", "assignee_id": cast.agent.id},
            {"status": "snoozed", "snoozed_until": until},
        )
    ]
    caller.put(f"{URL}/{ids[0]}/labels", json={"labels": [label.id]})
    before = stand(cast.organization_id, ids)
    for action in (
        {"action": "status", "status": "resolved"},
        {"action": "assign", "agent_id": cast.colleague.id},
        {"action": "add_label", "label": label.id},
        {"action": "remove_label", "label": label.id},
    ):
        done = caller.post(f"{URL}/bulk", json={"ids": ids, **action}).json["items"]
        assert stand(cast.organization_id, ids) != before
        states = [item["before"] for item in done]
        back = caller.post(f"{URL}/restore", json={"states": states}).json["items"]
        assert all(item["ok"] for item in back), back
        assert stand(cast.organization_id, ids) == before


def test_undo_leaves_alone_what_somebody_went_on_with(cast, make, as_person):
    ids = [make.conversation(cast.organization_id).id for _ in range(2)]
    caller = as_person(cast.agent)
    done = caller.post(f"{URL}/bulk", json={"ids": ids, "action": "status", "status": "pending"}).json
    as_person(cast.colleague).post(f"{URL}/{ids[0]}/status", json={"status": "resolved"})
    states = [item["before"] for item in done["items"]]
    [stale, fine] = caller.post(f"{URL}/restore", json={"states": states}).json["items"]
    assert not stale["ok"] and stale["error"] and fine["ok"]
    assert [row[0] for row in stand(cast.organization_id, ids)] == ["resolved", "open"]


def test_what_was_given_away_is_no_longer_the_callers_to_undo(cast, make, as_person):
    given = make.conversation(cast.organization_id).id
    action = {"ids": [given], "action": "assign", "agent_id": cast.colleague.id}
    [item] = as_person(cast.agent).post(f"{URL}/bulk", json=action).json["items"]
    assert item == {"id": given, "ok": True}


def test_a_snooze_that_is_over_meanwhile_is_open(cast, make, as_person):
    row = make.conversation(cast.organization_id, status="resolved")
    past = iso(now() - timedelta(minutes=1))
    state = {"id": row.id, "version": row.version, "status": "snoozed", "snooze_until": past}
    assert as_person(cast.agent).post(f"{URL}/restore", json={"states": [state]}).json["items"][0]["ok"]
    assert stand(cast.organization_id, [row.id])[0][:2] == ("open", None)
