"""Contact search: a plan that holds for every word, and the contacts' page by the index too.

`contacts_matching` joined the newest customers to their rows with the words beside it. For "62811000" the
planner began with the words, met a hundred thousand contacts and compared each with two thousand: two
seconds. Now the newest are read first and their words compared after that (`offset 0` keeps the planner from
turning it round). `contacts_listed` answers all that match, for lists that have to be complete.
"""

from alembic import op

from migrations.policies import APP, READER

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TENANT = "nullif(current_setting('app.tenant_id', true), '')::int"
HAYSTACK = "(k.name || '' '' || coalesce(k.phone, '''') || '' '' || coalesce(k.email, ''''))"
PLAIN = HAYSTACK.replace("''", "'")
MATCHING_SIGNATURE = "function contacts_matching(text, text, integer)"
LISTED_SIGNATURE = "function contacts_listed(text, text, integer)"

LISTED = f"""
    create function contacts_listed(pattern text, digits text, at_most integer)
    returns setof integer language plpgsql stable security definer
    set search_path = public, pg_temp as $$
    begin
        -- Written out for each search: with the words in it the planner knows whether they are rare.
        return query execute format(
            'select k.id from contacts k where k.organization_id = %s and ({HAYSTACK} ilike %L%s) limit %s',
            {TENANT}, pattern,
            case when digits <> '' then format(' or {HAYSTACK} ilike %L', digits) else '' end,
            at_most
        );
    end
    $$
"""

MATCHING = f"""
    create function contacts_matching(pattern text, digits text, at_most integer)
    returns setof integer language plpgsql stable security definer
    set search_path = public, pg_temp as $$
    declare
        tenant integer := {TENANT};
        newest integer[];
        found integer[];
    begin
        select array_agg(distinct contact_id) into newest from (
            select contact_id from conversations where organization_id = tenant
            order by last_message_at desc, id desc limit 2 * at_most
        ) as c;
        select array_agg(k.id) into found from (
            select id, name, phone, email from contacts
            where organization_id = tenant and id = any(newest) offset 0
        ) as k where {PLAIN} ilike pattern or (digits <> '' and {PLAIN} ilike digits);
        return query select unnest(found);
        if coalesce(cardinality(found), 0) < at_most then
            return query select contacts_listed(pattern, digits, at_most);
        end if;
    end
    $$
"""

CONTACTS_BEFORE = f"""
    create function contacts_matching(pattern text, digits text, at_most integer)
    returns setof integer language plpgsql stable security definer
    set search_path = public, pg_temp set enable_hashjoin = off set enable_mergejoin = off as $$
    declare
        tenant integer := {TENANT};
        recent integer[];
    begin
        select array_agg(k.id) into recent from (
            select contact_id from conversations where organization_id = tenant
            order by last_message_at desc, id desc limit 2 * at_most
        ) as c join contacts k on k.organization_id = tenant and k.id = c.contact_id
        where {PLAIN} ilike pattern or (digits <> '' and {PLAIN} ilike digits);
        return query select unnest(recent);
        if coalesce(cardinality(recent), 0) < at_most then
            -- Written out for each search: with the words in it the planner takes the index.
            return query execute format(
                'select k.id from contacts k where k.organization_id = %s and ({HAYSTACK} ilike %L%s) limit %s',
                tenant, pattern,
                case when digits <> '' then format(' or {HAYSTACK} ilike %L', digits) else '' end,
                at_most
            );
        end if;
    end
    $$
"""


def upgrade():
    _drop(MATCHING_SIGNATURE)
    _create(LISTED, LISTED_SIGNATURE)
    _create(MATCHING, MATCHING_SIGNATURE)


def downgrade():
    _drop(MATCHING_SIGNATURE)
    _drop(LISTED_SIGNATURE)
    _create(CONTACTS_BEFORE, MATCHING_SIGNATURE)


def _create(statement: str, signature: str) -> None:
    """A function that belongs to the reading role and that the app may call."""
    op.get_bind().exec_driver_sql(statement.replace("%", "%%"))
    op.execute(f"revoke all on {signature} from public")
    op.execute(f"grant execute on {signature} to {APP}")
    op.execute(f"grant create on schema public to {READER}")  # an owner must have it for a moment
    op.execute(f"alter {signature} owner to {READER}")
    op.execute(f"revoke create on schema public from {READER}")


def _drop(signature: str) -> None:
    op.execute(f"set local role {READER}")
    op.execute(f"drop {signature}")
    op.execute("reset role")
