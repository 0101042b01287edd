"""The second wall: PostgreSQL's row-level security and keys that compare the organization."""

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from cloudchat.extensions import db
from cloudchat.models import (
    ApiToken,
    Contact,
    ContactIdentity,
    ContactLabel,
    Conversation,
    ConversationLabel,
    Label,
    Message,
    Note,
    Organization,
    User,
)
from cloudchat.tenancy import (
    TenantScoped,
    acting_as,
    all_organizations,
)
from tests import factories


@pytest.fixture
def neighbours(context):
    """Two organizations with one contact each: `(own id, foreign id, foreign contact)`."""
    own, foreign = factories.organization(), factories.organization()
    factories.contact(own, "Sendiri")
    return own, foreign, factories.contact(foreign, "Tetangga")


# --- the second wall ---------------------------------------------------------------------------


def test_plain_sql_sees_own_rows_only(neighbours):
    own, foreign_id, foreign = neighbours
    with acting_as(own):
        assert db.session.scalars(text("select name from contacts")).all() == ["Sendiri"]
        for statement in ("update contacts set name = name", "delete from contacts"):
            changed = db.session.execute(text(f"{statement} where id = :id"), {"id": foreign.id})
            assert changed.rowcount == 0
        with pytest.raises(DBAPIError, match="row-level security"):
            db.session.execute(
                text(
                    "insert into contacts (organization_id, name, custom_fields, created_at, updated_at)"
                    " values (:id, 'x', '{}', now(), now())"
                ),
                {"id": foreign_id},
            )
        db.session.rollback()
        with pytest.raises(DBAPIError, match="row-level security"):
            db.session.execute(text("update contacts set organization_id = :id"), {"id": foreign_id})
        db.session.rollback()
        assert db.session.scalars(text("select id from organizations")).all() == [own]


def test_plain_sql_without_an_organization_sees_nothing(neighbours):
    assert db.session.scalar(text("select count(*) from contacts")) == 0
    db.session.rollback()


def test_a_bare_connection_sees_nothing(neighbours):
    """`engine.connect()` goes past the session's hooks, and past nothing else."""
    with db.engine.connect() as connection:
        assert connection.scalar(text("select count(*) from contacts")) == 0
        assert connection.scalar(text("select count(*) from organizations")) == 0


def test_a_pooled_connection_forgets_its_tenant(neighbours):
    with acting_as(neighbours[0]):
        db.session.scalar(select(Contact.id))
    with db.engine.connect() as connection:
        assert connection.scalar(text("select current_setting('app.tenant_id', true)")) in (None, "")
        role, owner = connection.execute(text("select current_user, session_user")).one()
        assert role == owner


def test_the_database_role_has_no_way_around(context):
    """Neither a superuser nor one who may bypass policies; the roles it takes on own nothing."""
    row = db.session.execute(
        text(
            "select bool_or(rolsuper or rolbypassrls) from pg_roles "
            "where rolname in (session_user, 'cloudchat_app', 'cloudchat_reader')"
        )
    ).scalar()
    assert row is False
    owned = "select count(*) from pg_class where pg_get_userbyid(relowner) like 'cloudchat\\_%'"
    assert db.session.scalar(text(owned)) == 0
    db.session.rollback()


def test_every_tenant_table_has_a_forced_policy(context):
    """Asked of the catalogue: a new table without `protect()` in its migration fails here."""
    rows = db.session.execute(
        text(
            """
            select c.relname, c.relrowsecurity and c.relforcerowsecurity as forced,
                   coalesce(array_agg(p.polname::text) filter (where p.polname is not null), '{}') as policies
            from pg_class c
            join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
            left join pg_policy p on p.polrelid = c.oid
            where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
            group by c.oid
            """
        )
    ).all()
    db.session.rollback()
    found = {row.relname for row in rows}
    assert found == {mapper.local_table.name for mapper in tenant_mappers()}
    wrong = [row.relname for row in rows if not row.forced or {"tenant", "everybody"} - set(row.policies)]
    assert not wrong, f"call protect() for these in their migration: {wrong}"


def tenant_mappers() -> list:
    mappers = db.Model.registry.mappers
    return [mapper for mapper in mappers if issubclass(mapper.class_, TenantScoped)]


def test_every_table_with_an_organization_is_tenant_scoped():
    plain = [
        mapper.class_.__name__
        for mapper in db.Model.registry.mappers
        if "organization_id" in mapper.local_table.c and not issubclass(mapper.class_, TenantScoped)
    ]
    assert not plain, f"these need the TenantScoped mixin: {plain}"
    assert not issubclass(Organization, TenantScoped)


def test_references_between_tenant_tables_compare_the_organization(context):
    """Each foreign key from a tenant table to another holds (organization_id, id) of both."""
    names = {mapper.local_table.name for mapper in tenant_mappers()}
    single = [
        f"{table.name}.{key.column_keys}"
        for table in (mapper.local_table for mapper in tenant_mappers())
        for key in table.foreign_key_constraints
        if key.referred_table.name in names and "organization_id" not in key.column_keys
    ]
    assert not single, f"use tenant_fk() for {single}"


@pytest.mark.parametrize(
    "row",
    [
        lambda own, theirs: Note(conversation_id=theirs.id, text="x"),
        lambda own, theirs: ConversationLabel(
            conversation_id=theirs.id, label_id=factories.label(own.organization_id).id
        ),
        lambda own, theirs: ContactLabel(
            contact_id=theirs.contact_id, label_id=factories.label(own.organization_id).id
        ),
        lambda own, theirs: ContactIdentity(
            device_id=theirs.device_id, contact_id=own.contact_id, external_id="1"
        ),
        lambda own, theirs: Message(
            conversation_id=theirs.id, device_id=own.device_id, direction="in",
            sender_type="contact", status="received",
        ),
        lambda own, theirs: ApiToken(
            user_id=factories.person(theirs.organization_id).id, name="x", prefix="x",
            token_hash=str(factories.number()),
        ),
        lambda own, theirs: Conversation(
            contact_id=theirs.contact_id, device_id=own.device_id, external_user_id="1"
        ),
    ],
    ids=["note", "conversation label", "contact label", "identity", "message", "token", "conversation"],
)  # fmt: skip
def test_no_row_points_at_a_neighbours(context, row):
    own = factories.conversation(factories.organization())
    theirs = factories.conversation(factories.organization())
    made = row(own, theirs)
    with acting_as(own.organization_id):
        db.session.add(made)
        with pytest.raises(IntegrityError, match="violates foreign key"):
            db.session.flush()
        db.session.rollback()


def test_an_assignee_of_another_organization_is_refused_by_the_database(context):
    own = factories.conversation(factories.organization())
    stranger = factories.person(factories.organization())
    with acting_as(own.organization_id), pytest.raises(IntegrityError):
        db.session.execute(update(Conversation).values(assignee_id=stranger.id))
    db.session.rollback()


def test_one_address_logs_in_once_in_the_whole_installation(context):
    person = factories.person(factories.organization())
    with acting_as(factories.organization()):
        db.session.add(User(email=person.email.upper(), name="x", role="agent"))
        with pytest.raises(IntegrityError):
            db.session.flush()
        db.session.rollback()


def test_labels_with_one_name_live_side_by_side_in_two_organizations(context):
    ids = {factories.label(factories.organization(), "VIP").id for _ in range(2)}
    assert len(ids) == 2
    with all_organizations("a test"):
        assert len(db.session.scalars(select(Label.id).where(Label.id.in_(ids))).all()) == 2
