"""Following a report and adding a comment."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from actions.history import add_line
from core.ids import new_id
from domain.access import Caller, report_to_add_to, seen_report
from domain.errors import IdTaken
from domain.reports import Comment, Follow


def follow(session: Session, caller: Caller, report_id: UUID) -> None:
    """Have this person hear about the report. Repeating it changes nothing."""
    seen_report(session, caller, report_id)
    session.execute(
        insert(Follow)
        .values(report_id=report_id, person_id=caller.known_id, jurisdiction_id=caller.jurisdiction_id)
        .on_conflict_do_nothing()
    )


def unfollow(session: Session, caller: Caller, report_id: UUID) -> None:
    """Stop it. Repeating it changes nothing."""
    seen_report(session, caller, report_id)
    session.execute(delete(Follow).where(Follow.report_id == report_id).where(Follow.person_id == caller.known_id))


def comment(
    session: Session, caller: Caller, report_id: UUID, words: str, comment_id: UUID | None, captured_at: datetime | None
) -> Comment:
    """Add a comment to a report that this person may see; those who follow it hear of it."""
    report = report_to_add_to(session, caller, report_id)
    if comment_id is not None and session.get(Comment, comment_id) is not None:
        raise IdTaken()
    added = Comment(
        id=comment_id or new_id(),
        jurisdiction_id=report.jurisdiction_id,
        report_id=report.id,
        person_id=caller.known_id,
        author_role=caller.role,
        text=words,
        captured_at=captured_at,
    )
    session.add(added)
    session.flush()
    add_line(session, caller, report, "comment", captured_at=captured_at, data={"comment_id": str(added.id)})
    session.refresh(added)
    return added
