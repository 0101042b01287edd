"""The queue's pages: who sees what, what they cost, what an address may say."""

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from cloudchat.extensions import db
from cloudchat.models import QueueEntry
from cloudchat.tenancy import acting_as


@pytest.fixture
def wait(make):
    """`wait(division, 3)`: that many who wait there."""

    def waiting(division, count=1):
        device = make.device(division.organization_id)
        for number in range(count):
            row = make.conversation(
                division.organization_id, device, name=f"Pelanggan {number}", division_id=division.id
            )
            with acting_as(division.organization_id):
                db.session.add(QueueEntry(conversation_id=row.id, division_id=division.id))
                db.session.commit()

    return waiting


def test_an_agent_sees_the_own_queues_and_a_manager_all(as_person, cast, make, wait):
    mine = make.division(cast.organization_id, "Divisi sendiri", (cast.agent,))
    other = make.division(cast.organization_id, "Divisi lain", (cast.colleague,))
    wait(mine)
    wait(other)
    page = as_person(cast.agent).get("/app/queue/panel").text
    assert "Divisi sendiri" in page
    assert "Divisi lain" not in page
    assert "Divisi lain" in as_person(cast.manager).get("/app/queue/panel").text


def test_without_a_division_the_inbox_shows_no_queue(as_person, cast):
    assert as_person(cast.manager).get("/app/queue/panel").text.strip() == ""


def test_with_the_queue_off_only_those_are_shown_who_still_wait(as_person, cast, make, wait):
    left = make.division(cast.organization_id, "Masih ditunggu", (cast.agent,))
    make.division(cast.organization_id, "Sudah kosong", (cast.agent,))
    wait(left)
    page = as_person(cast.agent).get("/app/queue/panel").text
    assert "Masih ditunggu" in page and "Sudah kosong" not in page


@pytest.mark.parametrize(
    ("path", "least"),
    [
        ("/app/queue/panel", "agent"),
        ("/app/queue/wall", "manager"),
        ("/app/queue/wall/now", "manager"),
        ("/app/queue/report", "manager"),
        ("/app/settings/divisions", "admin"),
        ("/app/settings/queue", "admin"),
    ],
)
def test_each_page_has_its_role(as_person, cast, path, least):
    roles = ("agent", "manager", "admin")
    for role in roles:
        expected = 200 if roles.index(role) >= roles.index(least) else 403
        assert as_person(getattr(cast, role)).get(path).status_code == expected


@pytest.mark.parametrize("path", ["/app/queue/panel", "/app/queue/wall/now", "/app/settings/divisions/rows"])
def test_many_who_wait_cost_as_much_as_few(as_person, cast, make, wait, path):
    seen = []

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    def cost():
        seen.clear()
        event.listen(Engine, "before_cursor_execute", note)
        assert as_person(cast.admin).get(path).status_code == 200
        event.remove(Engine, "before_cursor_execute", note)
        return len(seen)

    wait(make.division(cast.organization_id, agents=(cast.agent,)))
    cost()  # the token notes its first use
    few = cost()
    for _ in range(3):
        wait(make.division(cast.organization_id, agents=(cast.agent, cast.colleague)), 4)
    assert cost() == few
    assert few <= 13, seen


ADDRESSES = (
    "",
    "?days=30",
    "?days=0",
    "?days=x",
    "?from=2026-11-01&to=2026-11-02",
    "?from=2026-11-02&to=2026-11-01",
    "?from=x&to=2026-11-02",
    "?from=1900-01-01&to=2026-01-01",
    "?from=2999-01-01&to=2999-01-02",
)


@pytest.mark.parametrize("given", ADDRESSES)
def test_the_report_takes_any_address(as_person, cast, given):
    assert as_person(cast.manager).get("/app/queue/report" + given).status_code == 200


def test_what_people_wrote_stays_text(as_person, cast, make, wait):
    bad = '<img src=x onerror=alert(1)>"{division}'
    wait(make.division(cast.organization_id, bad, (cast.agent,)))
    for path in ("/app/queue/panel", "/app/queue/wall", "/app/settings/divisions"):
        page = as_person(cast.admin).get(path).text
        assert "&lt;img src=x onerror=alert(1)&gt;" in page
        assert "<img src=x" not in page
