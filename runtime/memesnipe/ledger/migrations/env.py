"""What alembic runs for each command: our connection is handed in, so there is no ini file and no second way to connect."""

from alembic import context

from memesnipe.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
