"""Runs the migrations on the connection that `mockserver.stores.migrate` hands over."""

from alembic import context

from mockserver.stores.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transaction_per_migration=False,
)
context.run_migrations()
