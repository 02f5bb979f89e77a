"""The one change log: written by every change, numbered after commit, read by sync, feeds, webhooks and tiles."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from core.tokens import sign, unsign
from domain.access import Caller, scope_of
from domain.city import Crew, Department
from domain.errors import BadCursor, CursorExpired
from domain.reports import Change, Report

PURPOSE = "changes"

_WAIT = text("SELECT pg_advisory_xact_lock(hashtext('mendway.number_changes'))")
_NUMBER = text("SELECT number_changes()")
_UNNUMBERED = text("SELECT EXISTS (SELECT 1 FROM change WHERE number IS NULL)")
_NEWEST = text("SELECT coalesce(max(number), 0) FROM change WHERE number IS NOT NULL")
_EPOCH = text("SELECT epoch FROM jurisdiction WHERE id = :town")
_NEW_EPOCH = text("UPDATE jurisdiction SET epoch = gen_random_uuid() RETURNING epoch")
_PAGE = text(
    """
    SELECT number, report_id, kind, scope_before, scope_after, at
    FROM change
    WHERE number > :after AND number <= :newest AND jurisdiction_id = :town
      AND (CAST(:departments AS int[]) IS NULL OR (scope_before ->> 'department_id')::int = ANY(:departments)
                                               OR (scope_after ->> 'department_id')::int = ANY(:departments))
      AND (CAST(:areas AS text[]) IS NULL OR scope_before -> 'areas' ?| :areas OR scope_after -> 'areas' ?| :areas)
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


def number_changes(session: Session, waits: bool = False) -> int:
    """Number what has committed, and say how much that was. In a transaction of its own, which must end before anybody reads.

    While somebody else is numbering: 0 at once, or with `waits` after them, so that whatever had committed before this
    call is numbered when it returns. One call numbers 10,000 at most.
    """
    if waits:
        session.execute(_WAIT)
    return session.execute(_NUMBER).scalar() or 0


def has_unnumbered(session: Session) -> bool:
    """Whether anything has committed that has no number yet."""
    return bool(session.execute(_UNNUMBERED).scalar())


def changes_page(session: Session, caller: Caller, secret: str, cursor: str | None, limit: int) -> dict[str, Any]:
    """Numbered changes after the cursor that concern this member of staff: their departments and areas,
    and the place to come back to.

    Raises BadCursor, CursorExpired.
    """
    current, newest = _epoch(session, caller.jurisdiction_id), session.execute(_NEWEST).scalar_one()
    after = _read_cursor(secret, current, newest, cursor)
    rows = _changes_between(session, caller, after, newest, limit)
    # When all that is new has been looked through, come back behind all of it, also behind what was for others.
    reached = rows[-1]["number"] if len(rows) == limit else newest
    return {"items": _shown(session, rows), "next": sign(secret, PURPOSE, [str(current), reached])}


def start_new_epoch(session: Session) -> None:
    """Make every cursor handed out so far expire. Called once after a restore."""
    session.execute(_NEW_EPOCH)


def _changes_between(session: Session, caller: Caller, after: int, newest: int, limit: int) -> list[RowMapping]:
    values = {
        "after": after,
        "newest": newest,
        "town": caller.jurisdiction_id,
        "departments": sorted(caller.departments) if caller.departments is not None else None,
        "areas": sorted(caller.areas) if caller.areas is not None else None,
        "limit": limit,
    }
    return list(session.execute(_PAGE, values).mappings())


def _epoch(session: Session, town_id: int) -> UUID:
    """What the numbers count from."""
    return session.execute(_EPOCH, {"town": town_id}).scalar_one()


def _read_cursor(secret: str, current: UUID, newest: int, cursor: str | None) -> int:
    """The number in a cursor; 0 without one."""
    if cursor is None:
        return 0
    value = unsign(secret, PURPOSE, cursor)
    if value is None:
        raise BadCursor()
    # Numbers never shrink: a number that was not given out yet also tells of a restore.
    if value[0] != str(current) or value[1] > newest:
        raise CursorExpired()
    return value[1]


def _shown(session: Session, rows: list[RowMapping]) -> list[dict[str, Any]]:
    """Rows with codes in the place of the numbers that departments and crews have inside."""
    departments = dict(session.execute(select(Department.id, Department.code)).all()) if rows else {}
    crews = dict(session.execute(select(Crew.id, Crew.code)).all()) if rows else {}

    def scope(stored: dict[str, Any] | None) -> dict[str, Any] | None:
        if stored is None:
            return None
        return {
            "visibility": stored["visibility"],
            "status": stored["status"],
            "department": departments.get(stored["department_id"]),
            "crew": crews.get(stored["crew_id"]),
            "areas": stored["areas"],
        }

    return [
        {**row, "scope_before": scope(row["scope_before"]), "scope_after": scope(row["scope_after"])} for row in rows
    ]
