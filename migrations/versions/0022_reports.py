"""What reports read: answers of people and hand-overs by time, which questions were taught since, who gave a talk back."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade():
    # Without stopping those who write messages; first, so that a run that broke off can be repeated
    with op.get_context().autocommit_block():
        op.drop_index("ix_messages_answers", "messages", if_exists=True, postgresql_concurrently=True)
        op.create_index(
            "ix_messages_answers",
            "messages",
            ["organization_id", "created_at", "sender_id", "conversation_id", "id"],
            postgresql_where=sa.text("sender_type = 'agent'"),
            postgresql_concurrently=True,
        )
    op.create_index(
        "ix_conversation_events_handed_on",
        "conversation_events",
        ["organization_id", "created_at"],
        postgresql_where=sa.text("kind in ('transferred', 'assigned')"),
    )
    op.create_index("ix_chat_queues_entered", "chat_queues", ["organization_id", "created_at"])
    op.add_column("chatbot_interactions", sa.Column("solved_qa_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_chatbot_interactions_organization_id_solved_qa_id"),
        "chatbot_interactions",
        "chatbot_qa",
        ["organization_id", "solved_qa_id"],
        ["organization_id", "id"],
        ondelete="SET NULL (solved_qa_id)",
    )
    op.create_index(
        "ix_chatbot_interactions_solved",
        "chatbot_interactions",
        ["organization_id", "solved_qa_id"],
        postgresql_where=sa.text("solved_qa_id is not null"),
    )
    op.add_column("chatbot_talks", sa.Column("given_back_at", sa.DateTime(timezone=True), nullable=True))


def downgrade():
    op.drop_column("chatbot_talks", "given_back_at")
    op.drop_index("ix_chatbot_interactions_solved", "chatbot_interactions")
    op.drop_constraint(
        op.f("fk_chatbot_interactions_organization_id_solved_qa_id"),
        "chatbot_interactions",
        type_="foreignkey",
    )
    op.drop_column("chatbot_interactions", "solved_qa_id")
    op.drop_index("ix_chat_queues_entered", "chat_queues")
    op.drop_index("ix_conversation_events_handed_on", "conversation_events")
    op.drop_index("ix_messages_answers", "messages")
