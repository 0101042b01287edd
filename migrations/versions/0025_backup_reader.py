"""The reader of all organizations may read every table and sequence, which a backup needs."""

from alembic import op

from migrations.policies import READER

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade():
    op.execute(f"grant select on all tables in schema public to {READER}")
    op.execute(f"grant select on all sequences in schema public to {READER}")
    op.execute(f"alter default privileges in schema public grant select on tables to {READER}")
    op.execute(f"alter default privileges in schema public grant select on sequences to {READER}")


def downgrade():
    op.execute(f"alter default privileges in schema public revoke select on sequences from {READER}")
    op.execute(f"alter default privileges in schema public revoke select on tables from {READER}")
    op.execute(f"revoke select on all sequences in schema public from {READER}")
    op.execute(f"revoke select on alembic_version, installation_secrets from {READER}")
