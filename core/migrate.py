"""Bring the database's tables forward, and check that code and migrations agree."""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

ROOT = Path(__file__).parents[1]


def _settings(sqlalchemy_url: str) -> AlembicConfig:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(ROOT / "migrations"))
    settings.set_main_option("sqlalchemy.url", sqlalchemy_url.replace("%", "%%"))
    return settings


def newest_revision() -> str:
    """The revision that this code expects the database to be at."""
    return ScriptDirectory.from_config(_settings("postgresql+psycopg2://")).get_current_head() or ""


def all_revisions() -> list[str]:
    """Every revision that this code knows, the newest first."""
    return [step.revision for step in ScriptDirectory.from_config(_settings("postgresql+psycopg2://")).walk_revisions()]


def migrate(sqlalchemy_url: str) -> None:
    """Run every migration that the database has not seen. Safe to repeat; concurrent calls wait for each other."""
    engine = create_engine(sqlalchemy_url)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(hashtext('mendway.migrate'))"))
        command.upgrade(_settings(sqlalchemy_url), "head")
    engine.dispose()


def check_migrations(sqlalchemy_url: str) -> None:
    """Raise when tables in code and in migrations differ, or `.head` does not name the newest revision."""
    migrate(sqlalchemy_url)
    command.check(_settings(sqlalchemy_url))
    noted = (ROOT / "migrations" / ".head").read_text().strip()
    if noted != newest_revision():
        raise RuntimeError(f"migrations/.head says {noted!r}, the newest migration is {newest_revision()!r}.")
