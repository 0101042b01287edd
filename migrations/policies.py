"""Row-level security for the tables of a revision: the second wall between organizations.

The owner of the tables (whoever migrates) has no policy at all and, with FORCE, sees no row. The
app changes role at each transaction: `cloudchat_app` sees one tenant, `cloudchat_reader` reads all.
"""

from alembic import op

APP = "cloudchat_app"
READER = "cloudchat_reader"
TENANT = "nullif(current_setting('app.tenant_id', true), '')::int"


def create_roles() -> None:
    """Make the two roles of the cluster, if another database has not done so already."""
    for role in (APP, READER):
        op.execute(
            f"""
            do $$ begin
                create role {role} nologin noinherit;
            exception when duplicate_object or unique_violation then null;
            end $$
            """
        )
        op.execute(f"grant usage on schema public to {role}")
        op.execute(
            f"""
            do $$ begin
                if current_setting('server_version_num')::int >= 160000 then
                    execute format('grant {role} to %I with inherit false, set true', current_user);
                else
                    execute format('grant {role} to %I', current_user);
                end if;
            end $$
            """
        )


def protect(table: str, column: str = "organization_id") -> None:
    """Let the app see a tenant's rows, the reader all rows, and nobody else any."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(
        f"create policy tenant on {table} to {APP} "
        f"using ({column} = {TENANT}) with check ({column} = {TENANT})"
    )
    op.execute(f"create policy everybody on {table} for select to {READER} using (true)")
    op.execute(f"grant select, insert, update, delete on {table} to {APP}")
    op.execute(f"grant select on {table} to {READER}")
    op.execute(
        f"""
        do $$ begin
            execute (
                select coalesce(string_agg(
                    format(
                        'grant usage on sequence %s to {APP};',
                        pg_get_serial_sequence('{table}', attname)
                    ), ' '
                ), 'select 1')
                from pg_attribute
                where attrelid = '{table}'::regclass and attidentity <> '' and not attisdropped
            );
        end $$
        """
    )


def append_only(table: str) -> None:
    """Take the app's right to change or delete rows away (audit log)."""
    op.execute(f"revoke update, delete on {table} from {APP}")
