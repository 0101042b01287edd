"""Who waits for an answer: since the first message that nobody answered."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from cloudchat.extensions import db, now
from cloudchat.models import Conversation
from cloudchat.services import conversations, outbound
from cloudchat.tenancy import acting_as

WAITING = "/api/app/inbox/conversations?waiting=true"


def since(number):
    return number.conversation().waiting_since


def say(number, sender_type: str) -> None:
    with acting_as(number.organization_id):
        row = db.session.get(Conversation, number.conversation().id)
        outbound.add(row, sender_type, "Sebentar ya")
        db.session.commit()


def test_from_the_first_unanswered_message_until_an_answer(number, talk):
    first = since(number)
    assert first is not None
    number.receive(number.message(content="halo?"))
    say(number, "system")
    assert since(number) == first, "neither writing again nor a notice is an answer"
    say(number, "bot")
    assert since(number) is None
    number.receive(number.message(content="bukan itu"))
    assert since(number) > first
    talk.say("Maaf kak")
    assert since(number) is None
    number.receive(number.message(content="oke"))
    number.receive(echoes=[number.echo()])
    assert since(number) is None, "the business answered from its phone"


def test_resolved_nobody_waits_and_reopened_the_same_one_does(number, talk):
    first = since(number)
    talk.act(conversations.set_status, "resolved")
    [row] = number.conversations()
    assert row.waiting_since is None
    talk.act(conversations.set_status, "open")
    assert since(number) == first


@pytest.fixture
def crowd(cast, make):
    """A thousand open conversations that were answered, one that waits for long, one for a moment."""
    old, fresh = (make.conversation(cast.organization_id) for _ in range(2))
    for row in (old, fresh):
        make.message(row)
    with acting_as(cast.organization_id):
        db.session.get(Conversation, old.id).waiting_since = now() - timedelta(minutes=16)
        db.session.execute(
            text(
                "with people as ("
                " insert into contacts (organization_id, name, custom_fields, created_at, updated_at)"
                " select :id, 'Pelanggan ' || i, '{}', now(), now() from generate_series(1, 1000) i"
                " returning id)"
                " insert into conversations"
                " (organization_id, contact_id, device_id, external_user_id, status,"
                " needs_human, awaiting_division_selection, last_message_at, last_message_text,"
                " unread_count, last_read_message_id, version, created_at, updated_at)"
                " select :id, id, :device, 'x', 'open', false, false,"
                " now() - id * interval '1 second', '', 0, 0, 1, now(), now() from people"
            ),
            {"device": old.device_id, "id": cast.organization_id},
        )
        db.session.commit()
    return old


def test_the_filter_lists_who_waits_for_over_a_quarter_of_an_hour(cast, as_person, crowd):
    found = as_person(cast.agent).get(WAITING).json["items"]
    assert [item["id"] for item in found] == [crowd.id]
    assert found[0]["waiting_since"].endswith("Z")
    counts = as_person(cast.agent).get(WAITING.replace("conversations?", "counts?")).json
    assert counts == {"me": 0, "unassigned": 1, "all": 1}
    page = as_person(cast.agent).get("/app/inbox?waiting=true").text
    assert page.count('class="chip"') == 1


def test_the_filter_has_an_index(cast, crowd):
    """All the open ones are in the list's order in another index: only what PostgreSQL knows about the
    rows tells it that few of them wait, so it is told now and not whenever autovacuum comes by."""
    with db.engine.connect() as owner:
        owner.execution_options(isolation_level="AUTOCOMMIT").execute(text("analyze conversations"))
    with acting_as(cast.organization_id):
        plan = db.session.scalars(
            text(
                "explain select id from conversations where status = 'open'"
                " and waiting_since < now() - interval '15 minutes'"
                " order by last_message_at desc, id desc limit 51"
            )
        ).all()
    assert "ix_conversations_waiting" in "\n".join(plan), plan
