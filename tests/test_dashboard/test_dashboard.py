"""The home page: its figures equal a recount, and each person's are their own."""

import re
from datetime import timedelta
from html import unescape

from sqlalchemy import event

from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Message, User
from cloudchat.services import accounts, dashboard, first_steps
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


def test_an_empty_desk(cast, as_person):
    found = figures(cast.admin)
    assert (found.open, found.unassigned, found.waiting, found.mine_open) == (0, 0, 0, 0)
    for person in (cast.admin, cast.manager, cast.agent):
        page = as_person(person).get("/app/dashboard")
        assert page.status_code == 200 and "unanswered-title" in page.text
        assert ("channels-title" in page.text) == (person is not cast.agent)


def test_every_number_opens_its_list(cast, make, as_person):
    """What a tile says is what the list behind it counts, for each role."""
    device = make.device(cast.organization_id)
    for number in range(4):
        assigned = {"assignee_id": cast.agent.id} if number % 2 else {}
        row = make.conversation(cast.organization_id, device, needs_human=number == 0, **assigned)
        make.message(row)
        if number > 1:
            make.message(row, direction="out", sender_id=cast.agent.id)
    with acting_as(cast.organization_id):
        row = db.session.get(Conversation, row.id)
        row.status, row.resolved_at = "resolved", now()
        db.session.commit()
    for person in (cast.manager, cast.agent):
        page = as_person(person).get("/app/dashboard").text
        tiles = re.findall(r'<li class="tile[^"]*"><a href="([^"]+)">.*?<b>([^<]+)</b>', page)
        assert len(tiles) == (9 if person is cast.manager else 8)
        for link, number in tiles:
            address = unescape(link)
            opened = as_person(person).get(address).text
            if address.startswith("/app/inbox"):
                assert opened.count('id="conv-') == int(number), address
            elif number.isdigit():
                counts = re.search(r'fig-behind"><b>(\d+) .*?</b> \D*(\d+)', opened)
                assert counts[2 if "by=" in address else 1] == number, address
    assert "/app/reports/rows" in page


def test_today_stands_beside_yesterday(cast, make, as_person):
    begin = dashboard.today(identity(cast.manager)).values()["start"]
    for day in (0, 1):
        row = make.conversation(cast.organization_id)
        moment = begin - timedelta(days=day) + timedelta(seconds=1)
        at(make.message(row), moment)
        at(make.message(row, direction="out", sender_id=cast.agent.id), moment + timedelta(seconds=30 + day))
    page = as_person(cast.agent).get("/app/dashboard/today").text
    said = re.sub(r"<[^>]+>|\s+", " ", page)
    assert re.search(r"30 \w+\b.*31 \w+", said), said
    assert "30" not in as_person(cast.colleague).get("/app/dashboard/today").text


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
    assert (figures(cast.agent).mine_open, figures(cast.manager).mine_open) == (1, 0)
    assert figures(cast.colleague).unassigned == 2
    assert figures(cast.stranger).open == 1


def test_first_steps(make, as_person):
    organization_id = make.organization()
    admin = make.person(organization_id, "admin")

    def steps():
        with acting_as(organization_id):
            return vars(first_steps.checklist())

    def begun():
        return "steps-title" in as_person(admin).get("/app/dashboard").text

    assert not any(steps().values())
    assert as_person(admin).get("/").location == "/app/dashboard"
    device = make.device(organization_id)
    assert steps()["device"]
    agent = make.person(organization_id)
    assert steps()["colleague"]
    make.division(organization_id, "Billing")
    assert steps()["division"] and not steps()["bot_answer"]
    make.pair(make.bot(organization_id, (device,)), "Bisa COD?", "Bisa, Kak.")
    assert steps()["bot_answer"] and begun()
    assert "steps-title" not in as_person(agent).get("/app/dashboard").text
    row = make.conversation(organization_id, device)
    make.message(row, direction="out", sender_type="bot")
    assert not steps()["answer"]
    make.message(row, direction="out")
    assert all(steps().values()) and not begun()
    assert as_person(admin).get("/").location == "/app/inbox"
    assert as_person(admin).get("/app/dashboard/steps").text == ""


def test_first_steps_can_be_hidden_and_found_again(make, as_person):
    organization_id = make.organization()
    admin, other = (make.person(organization_id, "admin") for _ in range(2))
    desk = as_person(admin)
    for wish, shown in (("hide", False), ("hide", False), ("show", True)):
        assert desk.post(f"/app/dashboard/steps/{wish}").status_code == 302
        page = desk.get("/app/dashboard").text
        assert ("steps-title" in page) == shown
        assert ("/app/dashboard/steps/show" in page) == (not shown)
        assert "steps-title" in as_person(other).get("/app/dashboard").text


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
    assert len(seen) <= 17, seen


def test_only_with_a_session(client):
    assert client.get("/app/dashboard").status_code == 302
    assert Conversation.__tablename__ == "conversations"
