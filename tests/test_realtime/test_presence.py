"""Signs of life: who counts as connected, and what it costs the database."""

from datetime import timedelta

import pytest
from sqlalchemy import event, update

from cloudchat import events
from cloudchat.events import AgentPresence
from cloudchat.extensions import db, now
from cloudchat.models import User
from cloudchat.realtime import presence as signs
from cloudchat.realtime.connected import connected
from cloudchat.services import accounts, presence
from cloudchat.tenancy import acting_as
from tests.contracts.conftest import open_socket, socket_of  # noqa: F401


@pytest.fixture
def told(monkeypatch):
    """What was published about agents' presence."""
    heard = []
    monkeypatch.setitem(events.bus._subscribers, AgentPresence, [heard.append])
    return heard


def last_seen(person):
    with acting_as(person.organization_id):
        return db.session.get(User, person.id).last_seen_at


def test_only_those_who_were_away_are_told_of(cast, told):
    with acting_as(cast.organization_id):
        presence.seen([cast.agent.id])
        events.drain()
        presence.seen([cast.agent.id, cast.colleague.id, cast.stranger.id])
        events.drain()
    assert [one.user_id for one in told] == [cast.agent.id, cast.colleague.id]
    assert last_seen(cast.stranger) is None


def test_many_signs_of_life_cost_as_many_statements_as_one(app, cast, make):
    people = [make.person(cast.organization_id).id for _ in range(20)]
    seen = []

    def note(connection, cursor, statement, parameters, context, many):
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        with acting_as(cast.organization_id):
            presence.seen(people[:1])
            one, _ = len(seen), seen.clear()
            presence.seen(people)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(seen) == one == 3  # with the one that chooses the organization


def test_an_open_socket_is_a_sign_of_life(cast, socket_of, eventually, told):  # noqa: F811
    socket_of(cast.agent)
    eventually(lambda: last_seen(cast.agent) is not None)
    earlier = now() - timedelta(minutes=5)
    with acting_as(cast.organization_id):
        db.session.execute(update(User).where(User.id == cast.agent.id).values(last_seen_at=earlier))
        db.session.commit()
    socket_of(cast.colleague).call("presence:heartbeat")
    assert last_seen(cast.agent) == earlier
    socket_of(cast.agent).call("presence:heartbeat")
    eventually(lambda: last_seen(cast.agent) > earlier)


def test_who_acts_for_others_is_not_there(app, cast, monkeypatch):
    """And everybody else whose socket is open is noted again and again, without a word of theirs."""
    plain = identity_of(cast.agent)
    acting = accounts.Identity(**{**plain.__dict__, "user_id": cast.admin.id, "home_organization_id": 0})
    monkeypatch.setattr(connected, "identities", {"a": plain, "b": plain, "c": acting})
    signs.note_all()
    assert dict(signs._due) == {cast.organization_id: {cast.agent.id}}
    signs.write(app)
    assert not signs._due
    assert last_seen(cast.agent) is not None
    assert last_seen(cast.admin) is None


def identity_of(person) -> accounts.Identity:
    with acting_as(person.organization_id):
        return accounts.identify_token(person.token)
