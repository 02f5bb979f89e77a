"""One line of a report's history, with everything that must follow it, in the caller's transaction."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from actions.clocks.following import MOVED, follow
from actions.clocks.keeping import Moved
from domain.access import Caller, scope_of
from domain.changes import record_change
from domain.reports import Report, ReportEvent
from notifications.announce import announce

AHEAD = timedelta(minutes=5)
OLD = timedelta(days=30)
SYSTEM = "system"  # the role of lines that nobody wrote


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
    """Write a history line, a row of the change log, and, unless it is for staff only, an announcement with its job; the
    report's clock follows (actions/clocks).

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
        data=_with_flag(_with_bulk(data, caller), clock_flag(captured_at, report.updated_at)),
    )
    session.add(line)
    record_change(session, report, kind, before or scope_of(report))
    session.flush()
    if is_public:
        announce(session, report, report.last_seq, event or kind, caller.person_id)
    if (news := follow(session, report, kind, data, report.updated_at)) is not None:
        tell_moved(session, report, news)
    return line


def tell_moved(session: Session, report: Report, news: Moved) -> None:
    """Tell residents that the date has moved: a line that everybody sees, and what phones are sent."""
    data = {
        "expected_at": news.after.astimezone(UTC).isoformat(),
        "expected_before": news.before.astimezone(UTC).isoformat(),
    }
    add_line(session, of_nobody(report), report, MOVED, data=data)


def of_nobody(report: Report) -> Caller:
    """Who writes a line that time has written."""
    return Caller(report.jurisdiction_id, role=SYSTEM)


def clock_flag(captured_at: datetime | None, received_at: datetime) -> str | None:
    """What is odd about a device's clock; the SQL function `submit_report` says the same of a report's."""
    if captured_at is None:
        return None
    if captured_at > received_at + AHEAD:
        return "ahead"
    return "old" if captured_at < received_at - OLD else None


def _with_bulk(data: dict[str, Any] | None, caller: Caller) -> dict[str, Any] | None:
    return {**(data or {}), "bulk_action": str(caller.bulk_id)} if caller.bulk_id else data


def _with_flag(data: dict[str, Any] | None, flag: str | None) -> dict[str, Any] | None:
    return {**(data or {}), "clock_flag": flag} if flag else data
