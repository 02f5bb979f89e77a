"""Alembic's entrance: which database, which tables, and how long a migration may wait for a lock."""

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import create_engine, text

from domain import Base

LOCK_WAIT = "5s"  # a migration that cannot get its lock fails quickly instead of stopping the town behind it
NOT_OURS = ("procrastinate_", "spatial_ref_sys", "alembic_version")


def include_object(thing: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """Leave out what the queue and PostGIS own."""
    if kind == "table" and name and name.startswith(NOT_OURS):
        return False
    return alembic_helpers.include_object(thing, name, kind, reflected, compare_to)


def run() -> None:
    """Bring the database named by the caller's configuration forward, in one transaction a revision."""
    engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{LOCK_WAIT}'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=include_object,
            process_revision_directives=alembic_helpers.writer,
            render_item=alembic_helpers.render_item,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
