"""Alembic's entry point: runs migrations in the transaction that worker.store.migrate opened."""

from alembic import context

from worker.store.database.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
