"""What Alembic runs: the revisions, on the connection that `vss.migrate` has locked and given."""

from alembic import context

connection = context.config.attributes["connection"]
# The transaction is vss.migrate's. (MySQL commits each DDL statement by itself; hence one of them a revision.)
context.configure(connection=connection, transaction_per_migration=False)
context.run_migrations()
