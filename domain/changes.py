"""The one change log: written by every change, numbered after commit, read by sync, feeds, webhooks and tiles."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from core.tokens import sign, unsign
from domain.access import Caller, scope_of
from domain.errors import BadCursor, CursorExpired
from domain.reports import Change, Report

PURPOSE = "changes"

_NUMBER = text("SELECT number_changes()")
_EPOCH = text("SELECT epoch FROM jurisdiction WHERE id = :town")
_NEW_EPOCH = text("UPDATE jurisdiction SET epoch = gen_random_uuid() RETURNING epoch")
_PAGE = text(
    """
    SELECT number, report_id, kind, scope_before, scope_after, at
    FROM change
    WHERE number > :after AND jurisdiction_id = :town
      AND (:everything OR (scope_before ->> 'department_id')::int = :department
                       OR (scope_after ->> 'department_id')::int = :department)
    ORDER BY number
    LIMIT :limit
    """
)


def record_change(session: Session, report: Report, kind: str, before: dict[str, Any] | None) -> None:
    """Write a row of the log in the caller's transaction; `before` is `scope_of(report)` from before the change."""
    session.add(
        Change(
            jurisdiction_id=report.jurisdiction_id,
            report_id=report.id,
            kind=kind,
            scope_before=before,
            scope_after=scope_of(report),
        )
    )


def number_changes(session: Session) -> int:
    """Number what has committed. In a transaction of its own, which must end before anybody reads."""
    return session.execute(_NUMBER).scalar() or 0


def changes_after(session: Session, caller: Caller, number: int, limit: int) -> list[RowMapping]:
    """Numbered changes after `number` that concern this member of staff: the desk all, a crew its department's."""
    values = {
        "after": number,
        "town": caller.jurisdiction_id,
        "everything": caller.role != "crew",
        "department": caller.department_id,
        "limit": limit,
    }
    return list(session.execute(_PAGE, values).mappings())


def epoch(session: Session, town_id: int) -> UUID:
    """What the numbers count from; a restore starts a new one."""
    return session.execute(_EPOCH, {"town": town_id}).scalar_one()


def start_new_epoch(session: Session) -> None:
    """Make every cursor handed out so far expire. Called once after a restore."""
    session.execute(_NEW_EPOCH)


def write_cursor(secret: str, current: UUID, number: int) -> str:
    """A place in the log that a client may come back with."""
    return sign(secret, PURPOSE, [str(current), number])


def read_cursor(secret: str, current: UUID, cursor: str | None) -> int:
    """The number in a cursor; 0 without one.

    Raises BadCursor for what we never wrote, CursorExpired for one from before a restore.
    """
    if cursor is None:
        return 0
    value = unsign(secret, PURPOSE, cursor)
    if value is None:
        raise BadCursor()
    if value[0] != str(current):
        raise CursorExpired()
    return value[1]
