"""The home page: its figures equal a recount, and each person's are their own."""

from datetime import timedelta
from statistics import median

import pytest
from sqlalchemy import event

from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Message, User
from cloudchat.services import accounts, dashboard
from cloudchat.tenancy import acting_as


def identity(person):
    with acting_as(person.organization_id):
        return accounts.identify_token(person.token)


def figures(person):
    with acting_as(person.organization_id):
        return dashboard.figures(identity(person))


def at(row, moment, model=Message):
    """Put a message at a moment; a customer who waits for its answer waits since then."""
    with acting_as(row.organization_id):
        changed = db.session.get(model, row.id)
        changed.created_at = moment
        talk = db.session.get(Conversation, row.conversation_id) if model is Message else None
        if talk and talk.waiting_since and changed.direction == "in":
            talk.waiting_since = min(talk.waiting_since, moment)
        db.session.commit()


@pytest.fixture
def today():
    """A moment of today in Jakarta that leaves room before and after."""
    begin = dashboard.today_begins("Asia/Jakarta")
    return max(begin + timedelta(seconds=5), now() - timedelta(minutes=40))


def test_an_empty_desk(cast):
    found = figures(cast.admin)
    assert (found.open, found.unassigned, found.waiting, found.resolved_today) == (0, 0, 0, 0)
    assert found.first_response is None


def test_figures_equal_a_recount(cast, make, today):
    device = make.device(cast.organization_id)
    waits = []
    for number, seconds in enumerate((10, 60, 300)):
        row = make.conversation(cast.organization_id, device, assignee_id=cast.agent.id if number else None)
        at(make.message(row), today)
        at(make.message(row, "otomatis", direction="out", sender_type="bot"), today)
        at(make.message(row, "Halo Kak", direction="out"), today + timedelta(seconds=seconds))
        at(make.message(row, "lagi", direction="out"), today + timedelta(seconds=seconds + 5))
        waits.append(seconds)
    resolved = make.conversation(cast.organization_id, device, status="resolved", resolved_at=now())
    make.conversation(cast.organization_id, device, status="resolved", resolved_at=now() - timedelta(days=2))
    assert resolved.id
    found = figures(cast.manager)
    assert (found.open, found.unassigned, found.resolved_today) == (3, 1, 1)
    assert found.first_response == pytest.approx(median(waits))


def test_answers_of_earlier_days_do_not_count(cast, make):
    row = make.conversation(cast.organization_id)
    long_ago = now() - timedelta(days=3)
    at(make.message(row), long_ago)
    at(make.message(row, direction="out"), long_ago + timedelta(seconds=30))
    make.message(row)
    make.message(row, direction="out")
    assert figures(cast.manager).first_response is None


def test_who_waits(cast, make):
    long_ago = now() - timedelta(minutes=20)
    impatient = make.conversation(cast.organization_id)
    at(make.message(impatient), long_ago)
    make.message(impatient, "halo?")  # writes again now and then, and waits all the same
    answered = make.conversation(cast.organization_id)
    at(make.message(answered), long_ago)
    make.message(answered, direction="out")
    fresh = make.conversation(cast.organization_id)
    at(make.message(fresh), long_ago)
    at(make.message(fresh, direction="out"), long_ago)
    make.message(fresh)
    snoozed = make.conversation(cast.organization_id, status="snoozed")
    at(make.message(snoozed), long_ago)
    assert figures(cast.manager).waiting == 1


def test_everybody_sees_their_own(cast, make):
    division = make.division(cast.organization_id, agents=(cast.colleague,))
    make.conversation(cast.organization_id, assignee_id=cast.agent.id)
    make.conversation(cast.organization_id, division_id=division.id)
    make.conversation(cast.organization_id)
    make.conversation(cast.neighbour_id)
    assert figures(cast.manager).open == 3
    assert figures(cast.agent).open == 2
    assert figures(cast.colleague).open == 2
    assert figures(cast.agent).unassigned == 1
    assert figures(cast.colleague).unassigned == 2
    assert figures(cast.stranger).open == 1


def test_first_steps(make, as_person):
    organization_id = make.organization()
    admin = make.person(organization_id, "admin")

    def steps():
        with acting_as(organization_id):
            return vars(dashboard.checklist())

    assert not any(steps().values())
    device = make.device(organization_id)
    assert steps()["device"]
    agent = make.person(organization_id)
    assert steps()["colleague"]
    make.label(organization_id)
    make.canned_reply(organization_id)
    page = as_person(admin).get("/app/dashboard").text
    assert "steps-title" in page
    assert "steps-title" not in as_person(agent).get("/app/dashboard").text
    row = make.conversation(organization_id, device)
    make.message(row, direction="out", sender_type="bot")
    assert not steps()["answer"]
    make.message(row, direction="out")
    assert all(steps().values())
    assert "steps-title" not in as_person(admin).get("/app/dashboard").text


def test_who_is_online(cast, make):
    with acting_as(cast.organization_id):
        for person, status, seen in (
            (cast.agent, "online", now()),
            (cast.manager, "busy", now()),
            (cast.colleague, "online", now() - timedelta(minutes=2)),
            (cast.admin, "offline", now()),
        ):
            user = db.session.get(User, person.id)
            user.availability, user.last_seen_at = status, seen
        db.session.commit()
    make.conversation(cast.organization_id, assignee_id=cast.agent.id)
    make.conversation(cast.organization_id, assignee_id=cast.agent.id, status="resolved")
    with acting_as(cast.organization_id):
        found = {user.id: load for user, load in dashboard.agents_online()}
    assert found == {cast.agent.id: 1, cast.manager.id: 0}


def test_few_statements(app, cast, make, as_person):
    make.conversation(cast.organization_id)
    seen = []

    def note(connection, cursor, statement, parameters, context, many):
        if not statement.startswith("select set_config"):
            seen.append(statement)

    api = as_person(cast.admin)
    api.get("/app/dashboard")
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert api.get("/app/dashboard").status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    own = [
        statement
        for statement in seen
        if "percentile" in statement or "EXISTS" in statement or "availability" in statement
    ]
    assert len(seen) <= 6, seen
    assert own


def test_only_with_a_session(client):
    assert client.get("/app/dashboard").status_code == 302
    assert Conversation.__tablename__ == "conversations"
