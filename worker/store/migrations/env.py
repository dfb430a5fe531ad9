"""Alembic's entry point: runs migrations of the tables in the transaction that migrate.py
opened."""

from alembic import context

from worker.store.database.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
