"""Targets or calendars have changed: the clocks of all that is open are set anew, a chunk at a time."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.clocks.keeping import keep_silent, news_of, set_clock, show
from actions.clocks.targets import Targets, targets_of
from actions.history import tell_moved
from core import queue
from domain.city import Category
from domain.clocks import QueueItem, ServiceClock
from domain.reports import Report

TASK = "renew_clocks"
QUEUE = "upkeep"
MOST = 200  # in one transaction


def ask_for_renewal(session: Session, after: UUID | None = None) -> None:
    """Have the worker set the clocks anew, from the reports behind `after` on; nothing where there are none."""
    if session.scalar(select(ServiceClock.report_id).limit(1)) is not None:
        queue.defer(session, TASK, QUEUE, {"after": str(after) if after else None})


def renew(session: Session, after: UUID | None, most: int = MOST) -> None:
    """Set up to `most` clocks anew, and write the job for those behind them. Running it twice does no harm.

    What is past by the new reckoning counts as told: nobody hears of a thousand reports at once that a rule made late.
    Residents hear when the date that they were told moves.
    """
    rows = session.execute(
        select(Report, ServiceClock, Category.group_id)
        .join(ServiceClock, ServiceClock.report_id == Report.id)
        .join(QueueItem, QueueItem.report_id == Report.id)
        .join(Category, Category.id == Report.category_id)
        .where(QueueItem.is_open)
        .where(*([QueueItem.report_id > after] if after else []))
        .order_by(QueueItem.report_id)
        .limit(most)
        .with_for_update(
            of=[Report, ServiceClock], key_share=True
        )  # the clock too, or it would be as it was before a wait
    ).all()
    now = datetime.now(UTC)
    targets: dict[int, Targets] = {}
    for report, clock, group_id in rows:
        town = report.jurisdiction_id
        targets.setdefault(town, targets_of(session, town))
        set_clock(report, clock, targets[town], group_id, now)
        keep_silent(clock, now)
        show(report, clock)
        if (news := news_of(clock)) is not None:
            tell_moved(session, report, news)
    if len(rows) == most:
        ask_for_renewal(session, rows[-1][0].id)
