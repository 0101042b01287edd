"""The inbox's search by contact, with its index.

Row-level security keeps the trigram index out of use: `ilike` is not leakproof. As with the words of
messages (0003), a function of the reading role looks in the index and compares the tenant itself.
"""

from alembic import op

from migrations.policies import APP, READER

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SIGNATURE = "function contacts_matching(text, text, integer)"
HAYSTACK = "(k.name || ' ' || coalesce(k.phone, '') || ' ' || coalesce(k.email, ''))"
MATCHES = f"({HAYSTACK} ilike pattern or (digits <> '' and {HAYSTACK} ilike digits))"


def upgrade():
    # Few that match: all of them, by the index (which needs three letters). Many: those that spoke
    # last, by walking down the list; where many match, that is a short way.
    op.execute(
        f"""
        create function contacts_matching(pattern text, digits text, at_most integer)
        returns setof integer language plpgsql stable security definer
        set search_path = public, pg_temp set plan_cache_mode = force_custom_plan as $$
        declare
            tenant integer := nullif(current_setting('app.tenant_id', true), '')::int;
            found_ids integer[];
        begin
            if length(pattern) >= 5 then
                select array_agg(id) into found_ids from (
                    select k.id from contacts k
                    where k.organization_id = tenant and {MATCHES} limit at_most + 1
                ) as few;
                if coalesce(cardinality(found_ids), 0) <= at_most then
                    return query select unnest(found_ids);
                    return;
                end if;
            end if;
            return query
                select c.contact_id from conversations c
                join contacts k on k.organization_id = c.organization_id and k.id = c.contact_id
                where c.organization_id = tenant and {MATCHES}
                order by c.last_message_at desc, c.id desc limit at_most;
        end
        $$
        """
    )
    op.execute(f"revoke all on {SIGNATURE} from public")
    op.execute(f"grant execute on {SIGNATURE} to {APP}")
    op.execute(f"grant create on schema public to {READER}")  # an owner must have it for a moment
    op.execute(f"alter {SIGNATURE} owner to {READER}")
    op.execute(f"revoke create on schema public from {READER}")


def downgrade():
    op.execute(f"set local role {READER}")
    op.execute(f"drop {SIGNATURE}")
    op.execute("reset role")
