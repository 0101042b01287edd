"""Since when a customer waits for an answer: a column of the conversation, and its index."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("conversations") as batch:
        batch.add_column(sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True))
        batch.create_index(
            "ix_conversations_waiting",
            ["organization_id", "waiting_since"],
            postgresql_where=sa.text("waiting_since is not null"),
        )
    # The owner has no policy of its own: without FORCE it sees all rows, for this one statement.
    for table in ("conversations", "messages"):
        op.execute(f"alter table {table} no force row level security")
    op.execute(
        """
        update conversations c set waiting_since = (
            select min(m.created_at) from messages m
            where m.organization_id = c.organization_id and m.conversation_id = c.id
              and m.direction = 'in'
              and m.id > coalesce((
                  select max(o.id) from messages o
                  where o.organization_id = c.organization_id and o.conversation_id = c.id
                    and o.direction = 'out' and o.sender_type <> 'system'
              ), 0)
        )
        where c.status <> 'resolved'
        """
    )
    for table in ("conversations", "messages"):
        op.execute(f"alter table {table} force row level security")


def downgrade():
    with op.batch_alter_table("conversations") as batch:
        batch.drop_index("ix_conversations_waiting")
        batch.drop_column("waiting_since")
