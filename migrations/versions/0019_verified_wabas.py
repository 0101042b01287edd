"""Devices: the WABA that Meta has confirmed, beside the one that was typed."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

INDEX = "ix_devices_verified_waba"


def upgrade():
    # Nullable: a process of the version before neither reads nor writes it. What is connected already is
    # confirmed by the next look at it.
    op.add_column("devices", sa.Column("verified_waba", sa.String(length=32), nullable=True))
    op.create_index(
        INDEX,
        "devices",
        ["verified_waba"],
        unique=False,
        postgresql_where=sa.text("verified_waba is not null and deleted_at is null"),
    )


def downgrade():
    op.drop_index(INDEX, table_name="devices")
    op.drop_column("devices", "verified_waba")
