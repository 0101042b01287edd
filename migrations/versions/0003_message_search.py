"""Message search that can use its index, and the index for deleting conversations.

Under row-level security the planner may apply `@@` only after the policy, so no index on the words
is used. The function runs as the reading role, whose policy hides nothing, and compares the tenant
itself: it answers ids of the tenant that the transaction has set, and of no other.
"""

from alembic import op

from migrations.policies import APP, READER

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.execute(
        """
        create function conversations_with_text(words text, at_most integer)
        returns setof integer language sql stable security definer
        set search_path = public, pg_temp as $$
            select conversation_id from messages
            where organization_id = nullif(current_setting('app.tenant_id', true), '')::int
              and text <> '' and to_tsvector('simple', text) @@ to_tsquery('simple', words)
            order by id desc limit at_most
        $$
        """
    )
    signature = "function conversations_with_text(text, integer)"
    op.execute(f"revoke all on {signature} from public")
    op.execute(f"grant execute on {signature} to {APP}")
    op.execute(f"grant create on schema public to {READER}")  # an owner must have it for a moment
    op.execute(f"alter {signature} owner to {READER}")
    op.execute(f"revoke create on schema public from {READER}")
    with op.batch_alter_table("attachments") as batch:
        batch.create_index("ix_attachments_conversation", ["organization_id", "conversation_id"])


def downgrade():
    with op.batch_alter_table("attachments") as batch:
        batch.drop_index("ix_attachments_conversation")
    op.execute(f"set local role {READER}")
    op.execute("drop function conversations_with_text(text, integer)")
    op.execute("reset role")
