"""A pipeline that new conversations come to by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    takes_new = sa.Column("takes_new", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    op.add_column("pipelines", takes_new)
    op.create_index(
        "uq_pipelines_takes_new",
        "pipelines",
        ["organization_id"],
        unique=True,
        postgresql_where=sa.text("takes_new"),
    )


def downgrade():
    op.drop_index("uq_pipelines_takes_new", table_name="pipelines")
    op.drop_column("pipelines", "takes_new")
