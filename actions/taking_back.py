"""A comment is taken back by who wrote it: its words are gone for good, that there was one stays."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from actions.history import add_line
from domain.access import Caller
from domain.errors import NotFound
from domain.reports import Comment, Report

KIND = "comment_withdrawn"

# The answer that its author got is kept beside the key of the request, with the words in it.
_FORGET_ANSWERS = text(
    """
    UPDATE idempotency_key
    SET body = jsonb_set(CAST(body AS jsonb), '{text}', '""')::text
    WHERE owner_id IN (SELECT CAST(:person AS uuid) UNION SELECT id FROM device WHERE person_id = :person)
      AND status = 201
      AND body LIKE :named
    """
)


def withdraw(session: Session, caller: Caller, comment_id: UUID) -> None:
    """Take one's own comment back. Repeating it changes nothing. Raises NotFound for a comment of somebody else."""
    report_id = session.scalar(
        select(Comment.report_id)
        .where(Comment.id == comment_id)
        .where(Comment.jurisdiction_id == caller.jurisdiction_id)
        .where(Comment.person_id == caller.known_id)
    )
    if report_id is None:
        raise NotFound()
    report = session.scalars(select(Report).where(Report.id == report_id).with_for_update()).one()
    comment = session.get_one(Comment, comment_id, with_for_update=True, populate_existing=True)
    if comment.withdrawn_at is not None:
        return
    comment.text, comment.withdrawn_at = "", datetime.now(UTC)
    session.execute(_FORGET_ANSWERS, {"person": caller.known_id, "named": f'%"id":"{comment_id}"%'})
    add_line(session, caller, report, KIND, data={"comment_id": str(comment_id)})
