"""What a clock has to tell as time goes by: due soon and overdue to the desk, escalations to supervisors."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from actions.clocks.keeping import reach, reading_of
from actions.clocks.reckoning import DUE_SOON, ESCALATED, OVERDUE
from actions.clocks.targets import targets_of
from actions.history import add_line, of_nobody
from domain.clocks import ServiceClock
from domain.reports import Report
from notifications.announce import announce

KINDS = {DUE_SOON: "due_soon", OVERDUE: "overdue", ESCALATED: "escalated"}
MOST = 50  # in one transaction

_NOTE_ESCALATION = text("UPDATE queue_item SET escalated_at = :at WHERE report_id = :report")


def tell_what_is_due(session: Session, now: datetime | None = None, most: int = MOST) -> int:
    """Write what clocks have to tell by now: a line of history for staff for each stage, once for each run of the clock.

    Of an escalation supervisors hear too. Returns how many clocks it looked at; call again while that is `most`.
    """
    now = now or datetime.now(UTC)
    ids = session.scalars(
        select(ServiceClock.report_id)
        .where(ServiceClock.next_at <= now)
        .order_by(ServiceClock.next_at, ServiceClock.report_id)
        .limit(most)
    ).all()
    for report_id in ids:
        _tell(session, report_id, now)
    return len(ids)


def _tell(session: Session, report_id: UUID, now: datetime) -> None:
    # The report first, as everybody locks it; what its clock says by then counts.
    report = session.get(Report, report_id, with_for_update=True, populate_existing=True)
    clock = session.get(ServiceClock, report_id, populate_existing=True)
    if report is None or clock is None or clock.next_at is None or clock.next_at > now:
        return
    reached = reading_of(clock, targets_of(session, report.jurisdiction_id)).stage_at(now)
    for stage in range(clock.stage + 1, reached + 1):
        if stage != DUE_SOON or reached == DUE_SOON:  # overdue says more
            _write(session, report, clock, stage, now)
    reach(clock, reached)
    session.flush()


def _write(session: Session, report: Report, clock: ServiceClock, stage: int, now: datetime) -> None:
    data = {"due_at": clock.due_at.astimezone(UTC).isoformat()} if clock.due_at else None
    line = add_line(session, of_nobody(report), report, KINDS[stage], is_public=False, data=data)
    if stage == ESCALATED:
        session.execute(_NOTE_ESCALATION, {"report": report.id, "at": now})
        announce(session, report, line.seq, KINDS[stage], None)
