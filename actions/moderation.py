"""What a moderator does with a report or a comment: keep it from the public, and show it again."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from actions.history import add_line
from domain.access import Caller, report_to_work_on, scope_of
from domain.errors import NotFound
from domain.reports import Comment, Report

SYSTEM = "system"  # the role of nobody: a rule of the town's did it


def as_the_system(town_id: int) -> Caller:
    """Whoever acts when no person does."""
    return Caller(town_id, role=SYSTEM)


def hold(session: Session, caller: Caller, report: Report, reason: str | None) -> None:
    """Keep a locked report from the public until it is published again. Its reporter and staff go on seeing it.

    What is held already stays as it is. No resident hears of it.
    """
    if report.held_at is None:
        _show(session, caller, report, datetime.now(UTC), reason)


def publish(session: Session, caller: Caller, report: Report, reason: str | None) -> None:
    """Let the public see a locked report that was held, as far as its category lets it."""
    if report.held_at is not None:
        _show(session, caller, report, None, reason)


def comment_to_moderate(session: Session, caller: Caller, comment_id: UUID) -> tuple[Report, Comment]:
    """A comment on a report that is this moderator's, both locked. Raises NotFound for all others."""
    comment = session.get(Comment, comment_id)
    if comment is None:
        raise NotFound()
    report = report_to_work_on(session, caller, comment.report_id)
    return report, session.get_one(Comment, comment_id, with_for_update=True, populate_existing=True)


def hold_comment(session: Session, caller: Caller, report: Report, comment: Comment, reason: str | None) -> None:
    """Keep a comment from the public; the timeline says that there is one, staff read it."""
    if comment.held_at is None:
        _show_comment(session, caller, report, comment, datetime.now(UTC), reason)


def publish_comment(session: Session, caller: Caller, report: Report, comment: Comment, reason: str | None) -> None:
    """Let the public read a comment that was held."""
    if comment.held_at is not None:
        _show_comment(session, caller, report, comment, None, reason)


def _show(session: Session, caller: Caller, report: Report, held_at: datetime | None, reason: str | None) -> None:
    before = scope_of(report)
    report.held_at = held_at
    report.version += 1
    kind = "published" if held_at is None else "held"
    # The change log holds how visible it was and is, so that readers of public reports drop it or take it up.
    add_line(session, caller, report, kind, before=before, reason=reason, is_public=False)


def _show_comment(
    session: Session, caller: Caller, report: Report, comment: Comment, held_at: datetime | None, reason: str | None
) -> None:
    comment.held_at = held_at
    kind = "comment_published" if held_at is None else "comment_held"
    add_line(session, caller, report, kind, reason=reason, is_public=False, data={"comment_id": str(comment.id)})
