"""The inbox's search, quick for rare words and for common ones.

Row-level security keeps the trigram index out of use: `ilike` is not leakproof. As with the words of
messages (0003), a function of the reading role looks in the index and compares the tenant itself.
Both look at the newest rows first: where many match, that is all; where few do, the index has them.
Left to itself the planner walks down a million messages for a word that nobody wrote.
"""

from alembic import op

from migrations.policies import APP, READER

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TENANT = "nullif(current_setting('app.tenant_id', true), '')::int"
HAYSTACK = "(k.name || '' '' || coalesce(k.phone, '''') || '' '' || coalesce(k.email, ''''))"
PLAIN = HAYSTACK.replace("''", "'")
TEXT_SIGNATURE = "function conversations_with_text(text, integer)"
CONTACT_SIGNATURE = "function contacts_matching(text, text, integer)"

CONTACTS = f"""
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

TEXTS = f"""
    create function conversations_with_text(words text, at_most integer)
    returns setof integer language plpgsql stable security definer
    set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
    declare
        tenant integer := {TENANT};
        recent integer[];
    begin
        select array_agg(conversation_id) into recent from (
            select conversation_id, text from messages
            where organization_id = tenant and text <> '' order by id desc limit 5 * at_most
        ) as newest where to_tsvector('simple', text) @@ to_tsquery('simple', words);
        return query select unnest(recent);
        if coalesce(cardinality(recent), 0) < at_most / 2 then
            return query
                select conversation_id from messages
                where organization_id = tenant
                  and text <> '' and to_tsvector('simple', text) @@ to_tsquery('simple', words)
                order by id desc limit at_most;
        end if;
    end
    $$
"""

TEXTS_BEFORE = f"""
    create function conversations_with_text(words text, at_most integer)
    returns setof integer language sql stable security definer
    set search_path = public, pg_temp as $$
        select conversation_id from messages
        where organization_id = {TENANT}
          and text <> '' and to_tsvector('simple', text) @@ to_tsquery('simple', words)
        order by id desc limit at_most
    $$
"""


def upgrade():
    _drop(TEXT_SIGNATURE)
    _create(TEXTS, TEXT_SIGNATURE)
    _create(CONTACTS, CONTACT_SIGNATURE)


def downgrade():
    _drop(TEXT_SIGNATURE)
    _drop(CONTACT_SIGNATURE)
    _create(TEXTS_BEFORE, TEXT_SIGNATURE)


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
