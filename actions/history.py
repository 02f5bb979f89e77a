"""One line of a report's history, with everything that must follow it, in the caller's transaction."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from domain.access import Caller, scope_of
from domain.changes import record_change
from domain.reports import Report, ReportEvent
from notifications.announce import announce


def add_line(
    session: Session,
    caller: Caller,
    report: Report,
    kind: str,
    *,
    before: dict[str, Any] | None = None,
    from_status: str | None = None,
    to_status: str | None = None,
    captured_at: datetime | None = None,
    note: str | None = None,
    reason: str | None = None,
    is_public: bool = True,
    data: dict[str, Any] | None = None,
    event: str | None = None,
) -> ReportEvent:
    """Write a history line, a row of the change log, and, unless it is for staff only, an announcement with its job.

    The report must be locked by this transaction. `before` is `scope_of(report)` from before the change; `event` is what
    is announced, the kind by default.
    """
    report.last_seq += 1
    report.updated_at = datetime.now(UTC)
    line = ReportEvent(
        report_id=report.id,
        seq=report.last_seq,
        jurisdiction_id=report.jurisdiction_id,
        kind=kind,
        from_status=from_status,
        to_status=to_status,
        actor_id=caller.person_id,
        actor_role=caller.role,
        captured_at=captured_at,
        note=note,
        reason=reason,
        is_public=is_public,
        data=data,
    )
    session.add(line)
    record_change(session, report, kind, before or scope_of(report))
    session.flush()
    if is_public:
        announce(session, report, report.last_seq, event or kind, caller.person_id)
    return line
