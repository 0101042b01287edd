"""The queue: bursts that are over, a word when taken out of the line, divisions that close a piece at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
CANCELLED = "Antrian Anda di tim {division} telah kami akhiri. Agen kami akan menghubungi Anda di sini."
CLOSING = "fk_divisions_organization_id_closing_move_to"


def upgrade():
    op.add_column("division_choices", sa.Column("settles_at", MOMENT, nullable=True))
    op.create_index(
        "ix_division_choices_settles",
        "division_choices",
        ["settles_at"],
        postgresql_where=sa.text("settles_at is not null"),
    )
    op.add_column(
        "queue_settings",
        sa.Column("cancelled_message", sa.Text(), nullable=False, server_default=CANCELLED),
    )
    op.add_column("divisions", sa.Column("closing_at", MOMENT, nullable=True))
    op.add_column("divisions", sa.Column("closing_total", sa.Integer(), nullable=True))
    op.add_column("divisions", sa.Column("closing_move_to", sa.Integer(), nullable=True))
    op.add_column(
        "divisions",
        sa.Column("closing_deletes", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_foreign_key(
        op.f(CLOSING),
        "divisions",
        "divisions",
        ["organization_id", "closing_move_to"],
        ["organization_id", "id"],
        ondelete="SET NULL (closing_move_to)",
    )


def downgrade():
    op.drop_constraint(op.f(CLOSING), "divisions", type_="foreignkey")
    for name in ("closing_at", "closing_total", "closing_move_to", "closing_deletes"):
        op.drop_column("divisions", name)
    op.drop_column("queue_settings", "cancelled_message")
    op.drop_index("ix_division_choices_settles", table_name="division_choices")
    op.drop_column("division_choices", "settles_at")
