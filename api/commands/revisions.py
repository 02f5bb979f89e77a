"""How the database's tables stand to this program."""

from typing import Literal

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.migrate import all_revisions, newest_revision

Standing = Literal["none", "older", "same", "newer"]

_IS_THERE = text("SELECT to_regclass('alembic_version') IS NOT NULL")
_REVISION = text("SELECT version_num FROM alembic_version")


def revision_of(session: Session) -> str | None:
    """The revision that the database is at; None when it has none of our tables."""
    if not session.execute(_IS_THERE).scalar():
        return None
    return session.execute(_REVISION).scalar()


def standing_of(revision: str | None) -> Standing:
    """newer: a later program made it. Tables of one step ahead still serve this one, so that an upgrade can be taken back."""
    if revision is None:
        return "none"
    if revision == newest_revision():
        return "same"
    return "older" if revision in all_revisions() else "newer"
