"""One line of a report's history, with everything that must follow it, in the caller's transaction."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from domain.access import Caller, scope_of
from domain.changes import record_change
from domain.reports import Report, ReportEvent
from notifications.announce import announce

AHEAD = timedelta(minutes=5)
OLD = timedelta(days=30)


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
        at=report.updated_at,  # not when the transaction began: that may be before the line which it waited for
        captured_at=captured_at,
        note=note,
        reason=reason,
        is_public=is_public,
        data=_with_flag(data, clock_flag(captured_at, report.updated_at)),
    )
    session.add(line)
    record_change(session, report, kind, before or scope_of(report))
    session.flush()
    if is_public:
        announce(session, report, report.last_seq, event or kind, caller.person_id)
    return line


def clock_flag(captured_at: datetime | None, received_at: datetime) -> str | None:
    """What is odd about a device's clock; the SQL function `submit_report` says the same of a report's."""
    if captured_at is None:
        return None
    if captured_at > received_at + AHEAD:
        return "ahead"
    return "old" if captured_at < received_at - OLD else None


def _with_flag(data: dict[str, Any] | None, flag: str | None) -> dict[str, Any] | None:
    return {**(data or {}), "clock_flag": flag} if flag else data
