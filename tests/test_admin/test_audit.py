"""The audit log: read by filters, page by page, as a file; never changed."""

import csv
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from cloudchat.extensions import db, now
from cloudchat.models import AuditEntry
from cloudchat.services import audit, audit_log
from cloudchat.tenancy import acting_as
from tests.test_admin.conftest import HTML
from tests.test_admin.test_lists import FORMULAS


def line(organization_id: int, action: str, actor=audit.SYSTEM, **values) -> None:
    with acting_as(organization_id):
        row = AuditEntry(action=action, actor_id=actor.user_id, actor_name=actor.name, **values)
        db.session.add(row)
        db.session.commit()


@pytest.fixture
def mine(cast, as_person):
    """`mine(action="…")`: the page as the admin gets it with these filters."""
    admin = as_person(cast.admin)
    return lambda **query: admin.get("/admin/audit/", query_string=query, headers=HTML)


def shown(page) -> int:
    return page.text.count('data-label="Waktu"')


def test_filters_narrow_it(cast, mine):
    agent = audit.Actor(cast.agent.id, "Budi")
    line(cast.organization_id, "label.deleted", agent, object_type="labels", object_id="77")
    line(cast.organization_id, "label.deleted", audit.Actor(cast.stranger.id, "Oki"), object_type="labels")
    line(cast.organization_id, "label.deleted", created_at=now() - timedelta(days=40))
    assert shown(mine(action="label.deleted")) == 3
    assert shown(mine(person=cast.agent.id)) == 1
    by_operator = mine(person="operator", action="label.deleted")
    assert shown(by_operator) == 1 and "badge-amber" in by_operator.text
    assert shown(mine(person="system", action="label.deleted")) == 1
    assert shown(mine(object="labels", number="77")) == 1
    assert shown(mine(person=cast.agent.id, action="label.created")) == 0
    day = (now() - timedelta(days=30)).date().isoformat()
    assert shown(mine(action="label.deleted", **{"from": day})) == 2
    assert shown(mine(action="label.deleted", until=day)) == 1
    nonsense = {"person": "9" * 30, "from": "x", "until": "0001-01-01", "number": "\0' or 1=1"}
    assert mine(**nonsense).status_code == 200
    assert mine(cursor="x").status_code == 422


def test_it_is_read_page_by_page(cast, mine, as_person):
    moment = now()
    with acting_as(cast.organization_id):
        db.session.add_all(
            AuditEntry(action="label.created", actor_name="Ani", object_id=str(n), created_at=moment)
            for n in range(120)
        )
        db.session.commit()
    admin, seen = as_person(cast.admin), []
    page = mine(action="label.created").text
    for _ in range(5):
        seen.append(page.count('data-label="Waktu"'))
        more = re.search(r'hx-get="([^"]+)"[^>]*intersect', page)
        if not more:
            break
        page = admin.get(more[1].replace("&amp;", "&"), headers={"HX-Request": "true"}).text
    assert seen == [50, 50, 20]


def test_another_organizations_lines_are_not_there(cast, mine, as_person):
    line(cast.neighbour_id, "label.deleted", audit.Actor(cast.stranger.id, "Rahasia"))
    assert shown(mine(action="label.deleted")) == 0 and "Rahasia" not in mine().text
    assert "Rahasia" not in as_person(cast.admin).get("/admin/audit/export").text
    for person in (cast.agent, cast.manager):
        for url in ("/admin/audit/", "/admin/audit/export"):
            assert as_person(person).get(url).status_code == 403


def test_the_file_is_whole_safe_in_words_and_recorded(cast, as_person, monkeypatch):
    monkeypatch.setattr(audit_log, "BATCH", 3)
    for formula in FORMULAS:
        line(cast.organization_id, "canned_reply.changed", audit.Actor(None, formula), object_type=formula)
    line(cast.organization_id, "canned_reply.changed", object_type="canned_replies", data={"name": "=1+1"})
    answer = as_person(cast.admin).get("/admin/audit/export?action=canned_reply.changed")
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
    assert len(rows) == len(FORMULAS) + 2
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell
    assert "Balasan cepat" in answer.text and "canned_replies" not in answer.text
    with acting_as(cast.organization_id):
        row = db.session.query(AuditEntry).filter_by(action="audit.exported").one()
    assert (row.actor_id, row.data) == (cast.admin.id, {"filter": {"action": "canned_reply.changed"}})


def test_it_says_in_words_what_a_line_concerns(home, browser):
    there = browser(home)
    there.post("/admin/canned-replies/new/", {"shortcut": "halo", "text": "Halo"})
    page = there.get("/admin/audit/").text.split("<tbody>")[1]
    assert "Balasan cepat" in page and "canned_replies" not in page


def test_hostile_words_are_shown_as_they_are(cast, mine):
    script = "<script>alert(1)</script>"
    line(
        cast.organization_id,
        script[:60],
        audit.Actor(None, script),
        object_type=script,
        data={script: script},
    )
    page = mine().text
    assert script not in page and page.count("&lt;script&gt;") >= 4


def test_it_cannot_be_changed(cast, as_person, context):
    for method in ("post", "put", "delete"):
        assert getattr(as_person(cast.admin), method)("/admin/audit/").status_code == 405
    with acting_as(cast.organization_id), pytest.raises(Exception, match="permission denied"):
        db.session.execute(update(AuditEntry).values(action="x"))


INDEXES = {
    "ix_audit_log_day": audit_log.Filter(since=now() - timedelta(days=2)),
    "ix_audit_log_actor": audit_log.Filter(actor=1),
    "ix_audit_log_action": audit_log.Filter(action="label.created"),
    "ix_audit_log_object": audit_log.Filter(object_type="labels", object_id="7"),
}


@pytest.mark.parametrize("name", INDEXES)
def test_each_filter_has_an_index_in_its_order(cast, name):
    """With sorting and scanning forbidden the planner has no choice but an index that gives the order."""
    statement = audit_log._narrowed(db.select(AuditEntry.id), INDEXES[name])
    statement = statement.order_by(AuditEntry.created_at.desc(), AuditEntry.id.desc()).limit(51)
    with acting_as(cast.organization_id):
        for part in ("seqscan", "sort", "bitmapscan", "incremental_sort"):
            db.session.execute(text(f"set local enable_{part} = off"))
        compiled = statement.compile(db.engine, compile_kwargs={"literal_binds": True})
        plan = "\n".join(db.session.scalars(text(f"explain {compiled}")))
    assert name in plan and "Sort" not in plan, plan
