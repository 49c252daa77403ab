"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables, and the registry's row."""
    op.create_table(
        "registry",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.Column("last_number", sa.BigInteger, nullable=False),
        sa.Column("sequences", sa.Text, nullable=False),
    )
    op.execute("INSERT INTO registry (id, head, last_number, sequences) VALUES (1, 0, 0, '{}')")
    op.create_table(
        "registry_events",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("world", sa.BigInteger, nullable=False),
        sa.Column("world_id", sa.Text, nullable=False),
    )
    op.create_table(
        "worlds",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.Column("next_due", sa.BigInteger),
        sa.Column("journal_since", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("id"),
    )
    op.create_index("worlds_next_due", "worlds", ["next_due"])
    op.create_table(
        "commits",
        sa.Column("world", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("exchange", sa.LargeBinary),
        sa.Column("number", sa.BigInteger),
    )
    op.create_table(
        "snapshots",
        sa.Column("world", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("last_exchange", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("initial", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "snapshot_parts",
        sa.Column("world", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("part", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "blobs",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "blob_uses",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("world", sa.BigInteger, primary_key=True, autoincrement=False),
    )
    op.create_table(
        "credentials",
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("username", sa.Text, primary_key=True),
        sa.Column("world", sa.BigInteger, nullable=False),
        sa.Column("secret", sa.Text),
    )
    op.create_table(
        "holders",
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
