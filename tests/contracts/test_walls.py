"""The first wall between organizations: the session adds the criterion and checks what is flushed."""

import pytest
from sqlalchemy import delete, exists, func, insert, select, text, union, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import aliased, selectinload
from sqlalchemy.orm.exc import StaleDataError

from cloudchat.extensions import db
from cloudchat.models import (
    Contact,
    Conversation,
)
from cloudchat.tenancy import (
    TenancyError,
    acting_as,
    all_organizations,
    current_organization_id,
)
from tests import factories


@pytest.fixture
def neighbours(context):
    """Two organizations with one contact each: `(own id, foreign id, foreign contact)`."""
    own, foreign = factories.organization(), factories.organization()
    factories.contact(own, "Sendiri")
    return own, foreign, factories.contact(foreign, "Tetangga")


Other = aliased(Contact)
READS = {
    "rows": lambda: select(Contact.name),
    "entities": lambda: select(Contact),
    "count": lambda: select(func.count()).select_from(Contact),
    "count of a subquery": lambda: select(func.count()).select_from(select(Contact.id).subquery()),
    "scalar subquery": lambda: select(select(func.count(Contact.id)).scalar_subquery()),
    "common table": lambda: select(func.count()).select_from(select(Contact.id).cte("found")),
    "alias": lambda: select(Other.name),
    "union": lambda: union(select(Contact.name), select(Contact.name)),
    "join": lambda: select(Contact.name).join(Other, Other.id == Contact.id),
    "outer join": lambda: select(Contact.name).outerjoin(Other, Other.id != Contact.id),
    "exists": lambda: select(exists().where(Contact.name == "Tetangga")),
    "in": lambda: select(Contact.name).where(Contact.id.in_(select(Contact.id))),
    "table": lambda: select(Contact.__table__.c.name),
}
SEEN = {"exists": [False]}
COUNTS = ("count", "count of a subquery", "scalar subquery", "common table")


# --- the first wall ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", READS)
def test_reading_without_an_organization_raises(neighbours, kind):
    with pytest.raises(TenancyError):
        db.session.execute(READS[kind]())


@pytest.mark.parametrize("kind", READS)
def test_reading_finds_own_rows_only(neighbours, kind):
    with acting_as(neighbours[0]):
        found = list(db.session.scalars(READS[kind]()))
    names = [row.name if isinstance(row, Contact) else row for row in found]
    assert names == (SEEN.get(kind) or ([1] if kind in COUNTS else ["Sendiri"]))


def test_loading_by_key_finds_own_rows_only(neighbours):
    own, _foreign_id, foreign = neighbours
    with acting_as(own):
        assert db.session.get(Contact, foreign.id) is None
    with pytest.raises(TenancyError):
        db.session.get(Contact, foreign.id)


def test_relationships_load_own_rows_only(context):
    own, foreign = factories.organization(), factories.organization()
    talk = factories.conversation(own)
    factories.conversation(foreign)
    with acting_as(own):
        row = db.session.scalars(select(Conversation).options(selectinload(Conversation.labels))).one()
        assert (row.id, row.contact.organization_id, row.device.organization_id) == (talk.id, own, own)
        db.session.expire(row)
        assert row.organization_id == own


def test_rows_of_one_organization_do_not_stay_for_the_next(neighbours):
    own, foreign_id, foreign = neighbours
    with acting_as(foreign_id):
        assert db.session.get(Contact, foreign.id)
    with acting_as(own):
        assert db.session.get(Contact, foreign.id) is None


@pytest.mark.parametrize("statement", [update(Contact).values(name="x"), delete(Contact)], ids=str)
def test_bulk_changes_reach_own_rows_only(neighbours, statement):
    own, foreign_id, foreign = neighbours
    with acting_as(own):
        assert db.session.execute(statement).rowcount == 1
        db.session.commit()
    with acting_as(foreign_id):
        assert db.session.get(Contact, foreign.id).name == "Tetangga"
    with pytest.raises(TenancyError):
        db.session.execute(statement)


def test_a_new_row_belongs_to_the_organization_that_acts(neighbours):
    own, foreign_id, _ = neighbours
    with acting_as(own):
        db.session.add(made := Contact(name="Baru"))
        db.session.flush()
        assert made.organization_id == own
        db.session.rollback()
        db.session.add(Contact(name="Baru", organization_id=foreign_id))
        with pytest.raises(TenancyError):
            db.session.flush()
        db.session.rollback()
    db.session.add(Contact(name="Baru", organization_id=own))
    with pytest.raises(TenancyError):
        db.session.flush()
    db.session.rollback()


CHANGES = {
    "changed": lambda row, own: setattr(row, "name", "x"),
    "taken over": lambda row, own: setattr(row, "organization_id", own),
    "deleted": lambda row, own: db.session.delete(row),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_foreign_row_that_slipped_in_is_not(neighbours, kind):
    """The flush refuses it; one that claims to be ours is not found in the database."""
    own, foreign_id, foreign = neighbours
    with acting_as(own):
        db.session.add(foreign)
        CHANGES[kind](foreign, own)
        with pytest.raises((TenancyError, StaleDataError)):
            db.session.flush()
        db.session.rollback()
    with acting_as(foreign_id):
        assert db.session.scalar(select(Contact.name)) == "Tetangga"


def test_looking_across_organizations_reads_and_never_writes(neighbours):
    own, foreign_id, _ = neighbours
    with all_organizations("a test"):
        found = set(db.session.scalars(select(Contact.organization_id)))
        assert {own, foreign_id} <= found
        with pytest.raises(TenancyError):
            current_organization_id()
        for statement in (
            update(Contact).values(name="x"),
            delete(Contact),
            insert(Contact).values(organization_id=own, name="x", custom_fields={}),
        ):
            with pytest.raises(TenancyError):
                db.session.execute(statement)
        db.session.add(Contact(name="x", organization_id=own))
        with pytest.raises(TenancyError):
            db.session.flush()
        db.session.rollback()
        for statement in (
            "update contacts set name = 'x'",
            "delete from contacts",
            "update organizations set name = 'x'",
        ):
            with pytest.raises(DBAPIError, match="permission denied"):
                db.session.execute(text(statement))
            db.session.rollback()


def test_switching_with_unsaved_changes_is_refused(neighbours):
    """They would be lost without a word."""
    own, foreign_id, _ = neighbours
    with acting_as(own):
        for change in (
            lambda: db.session.add(Contact(name="A")),
            lambda: (db.session.add(Contact(name="A")), db.session.flush()),
            lambda: db.session.execute(update(Contact).values(name="B")),
        ):
            change()
            with pytest.raises(TenancyError, match="unsaved"), acting_as(foreign_id):
                pass
            db.session.rollback()
