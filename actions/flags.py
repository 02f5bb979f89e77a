"""Residents say that a report or a comment should not be there; moderators look at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session

from actions.history import add_line
from actions.moderation import SYSTEM, as_the_system, hold, hold_comment, publish, publish_comment
from core.ids import new_id
from domain.access import Caller, in_scope_of, report_to_add_to, report_to_work_on
from domain.base import Jurisdiction
from domain.errors import NotFound
from domain.moderation import HOLD_AFTER_FLAGS, Flag
from domain.reports import Comment, Report, ReportEvent

UPHELD, DISMISSED = "upheld", "dismissed"


@dataclass(frozen=True)
class Finding:
    """What somebody finds fault with, and why."""

    reason: str
    text: str | None = None
    comment_id: UUID | None = None


def flag(session: Session, caller: Caller, report_id: UUID, finding: Finding) -> Flag:
    """Have moderators look at a report that this person may see, or at one comment on it. Once a person: later ones change
    nothing.

    When enough people have done so, it is held until a moderator has looked. Raises NotFound for what they cannot see.
    """
    report = report_to_add_to(session, caller, report_id)
    comment = _comment_of(session, report, finding.comment_id)
    earlier = _flag_of(session, caller, report, comment)
    if earlier is not None:
        return earlier
    made = Flag(
        id=new_id(),
        jurisdiction_id=report.jurisdiction_id,
        report_id=report.id,
        comment_id=comment.id if comment else None,
        person_id=caller.known_id,
        reason=finding.reason,
        text=finding.text,
    )
    session.add(made)
    session.flush()
    facts = {"flag_id": str(made.id)} | ({"comment_id": str(comment.id)} if comment else {})
    add_line(session, caller, report, "flagged", reason=finding.reason, is_public=False, data=facts)
    _hold_when_many(session, report, comment)
    session.refresh(made)
    return made


def resolve(session: Session, caller: Caller, flag_id: UUID, outcome: str, note: str | None) -> Flag:
    """Say what a moderator made of a flag, and with it of every open flag of the same report or comment.

    upheld: it is held, if it is not yet. dismissed: what was held for its flags alone is published again.
    A flag that was resolved before stays as it is. Raises NotFound for flags of reports that are not this moderator's.
    """
    found = session.get(Flag, flag_id)
    if found is None:
        raise NotFound()
    report = report_to_work_on(session, caller, found.report_id)
    session.refresh(found, with_for_update=True)
    if found.resolved_at is not None:
        return found
    comment = session.get_one(Comment, found.comment_id, with_for_update=True) if found.comment_id else None
    resolved = _open_flags(session, report, comment)
    for one in resolved:
        one.resolved_at, one.resolved_by = datetime.now(UTC), caller.person_id
        one.outcome, one.note = outcome, note
    facts = {"outcome": outcome, "flags": len(resolved)} | ({"comment_id": str(comment.id)} if comment else {})
    add_line(session, caller, report, "flags_resolved", note=note, is_public=False, data=facts)
    if outcome == UPHELD:
        _hold(session, caller, report, comment, "flagged")
    elif _was_held_by_the_system(session, report, comment):
        _publish(session, caller, report, comment)
    return found


_LIST = """
    SELECT f.id, f.reason, f.text, f.created_at, f.resolved_at, f.outcome, f.note, p.code AS resolved_by,
           r.id AS report_id, r.reference, r.held_at AS report_held_at,
           c.id AS comment_id, c.text AS comment, c.held_at AS comment_held_at,
           (SELECT count(*) FROM flag o WHERE o.report_id = f.report_id AND o.comment_id IS NOT DISTINCT FROM f.comment_id
                                          AND o.resolved_at IS NULL) AS open_count
    FROM flag f
    JOIN (SELECT id, reference, held_at FROM report WHERE jurisdiction_id = :town AND {scope}) r ON r.id = f.report_id
    LEFT JOIN comment c ON c.id = f.comment_id
    LEFT JOIN person p ON p.id = f.resolved_by
    WHERE {state} AND {after}
    ORDER BY f.created_at, f.id
    LIMIT :limit
"""


def flags_page(
    session: Session, caller: Caller, *, is_open: bool, key: list[Any] | None, limit: int
) -> Sequence[RowMapping]:
    """Flags within this moderator's departments and areas, the oldest first, behind `key` (created_at, id)."""
    scope = in_scope_of(caller)
    values: dict[str, Any] = {"town": caller.jurisdiction_id, "limit": limit, **scope.params}
    after = "TRUE"
    if key is not None:
        after = "(f.created_at, f.id) > (CAST(:key_at AS timestamptz), CAST(:key_id AS uuid))"
        values |= {"key_at": key[0], "key_id": key[1]}
    state = "f.resolved_at IS NULL" if is_open else "f.resolved_at IS NOT NULL"
    return session.execute(text(_LIST.format(scope=scope.sql, state=state, after=after)), values).mappings().all()


def _comment_of(session: Session, report: Report, comment_id: UUID | None) -> Comment | None:
    if comment_id is None:
        return None
    comment = session.get(Comment, comment_id, with_for_update=True)
    if comment is None or comment.report_id != report.id:
        raise NotFound()
    return comment


def _flag_of(session: Session, caller: Caller, report: Report, comment: Comment | None) -> Flag | None:
    return session.scalar(
        select(Flag)
        .where(Flag.report_id == report.id)
        .where(Flag.comment_id == comment.id if comment else Flag.comment_id.is_(None))
        .where(Flag.person_id == caller.known_id)
    )


def _open_flags(session: Session, report: Report, comment: Comment | None) -> Sequence[Flag]:
    return session.scalars(
        select(Flag)
        .where(Flag.report_id == report.id)
        .where(Flag.comment_id == comment.id if comment else Flag.comment_id.is_(None))
        .where(Flag.resolved_at.is_(None))
        .order_by(Flag.created_at, Flag.id)
        .with_for_update()
    ).all()


def _hold_when_many(session: Session, report: Report, comment: Comment | None) -> None:
    most = session.get_one(Jurisdiction, report.jurisdiction_id).moderation.get("hold_after_flags", HOLD_AFTER_FLAGS)
    if most and len(_open_flags(session, report, comment)) >= most:
        _hold(session, as_the_system(report.jurisdiction_id), report, comment, "flagged")


def _hold(session: Session, caller: Caller, report: Report, comment: Comment | None, reason: str) -> None:
    if comment is None:
        hold(session, caller, report, reason)
    else:
        hold_comment(session, caller, report, comment, reason)


def _publish(session: Session, caller: Caller, report: Report, comment: Comment | None) -> None:
    if comment is None:
        publish(session, caller, report, "flags_dismissed")
    else:
        publish_comment(session, caller, report, comment, "flags_dismissed")


def _was_held_by_the_system(session: Session, report: Report, comment: Comment | None) -> bool:
    kind = "held" if comment is None else "comment_held"
    lines = select(ReportEvent.actor_role).where(ReportEvent.report_id == report.id).where(ReportEvent.kind == kind)
    if comment is not None:
        lines = lines.where(ReportEvent.data["comment_id"].astext == str(comment.id))
    return session.scalar(lines.order_by(ReportEvent.seq.desc()).limit(1)) == SYSTEM
