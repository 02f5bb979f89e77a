"""New reports come into the queue after their commit: their clocks start, and the desk finds them. Intake pays nothing for it.

The numbered rows of the change log say what is new, behind a place that is kept. Place, clocks and queue rows are written in
one transaction: a kill loses nothing, a second run finds nothing to do.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from actions.clocks.keeping import start_clock
from actions.clocks.targets import targets_of
from domain.access import scope_of
from domain.changes import record_change
from domain.city import Category
from domain.clocks import ServiceClock
from domain.reports import Report

MOST = 500  # admitted in one transaction, whose reports nobody else can move meanwhile
EXPECTED = "expected"  # in the change log: a copy that shows the date hears of it

_IS_NEW = text(
    """
    SELECT coalesce((SELECT max(number) FROM change WHERE number IS NOT NULL), 0)
         > coalesce((SELECT number FROM queue_place WHERE jurisdiction_id = :town), -1)
    """
)
_BEGIN = text("INSERT INTO queue_place (jurisdiction_id) VALUES (:town) ON CONFLICT DO NOTHING")
_PLACE = "SELECT number FROM queue_place WHERE jurisdiction_id = :town FOR UPDATE"
_HOLD = text(_PLACE)
_TRY = text(_PLACE + " SKIP LOCKED")
_PAGE = text(
    """
    WITH page AS (
      SELECT number, report_id, jurisdiction_id FROM change WHERE number > :place ORDER BY number LIMIT :most
    )
    SELECT max(number) AS reached,
           array_agg(DISTINCT report_id) FILTER (WHERE jurisdiction_id = :town AND NOT EXISTS (
             SELECT 1 FROM service_clock c WHERE c.report_id = page.report_id)) AS ids
    FROM page
    """
)
_REACH = text("UPDATE queue_place SET number = :reached WHERE jurisdiction_id = :town")
_QUEUE = text("SELECT put_in_queue(CAST(:ids AS uuid[]))")


def is_anything_new(session: Session, town_id: int) -> bool:
    """Whether the change log has numbers behind the place; takes no lock."""
    return bool(session.execute(_IS_NEW, {"town": town_id}).scalar())


def admit_new(session: Session, town_id: int, most: int = MOST, *, waits: bool = True) -> bool:
    """Look through up to `most` numbered changes for reports that are not in the queue. Whether there may be more.

    waits: for whoever admits at this moment; otherwise they do it.
    """
    session.execute(_BEGIN, {"town": town_id})
    place = session.execute(_HOLD if waits else _TRY, {"town": town_id}).scalar()
    if place is None:
        return False
    page = session.execute(_PAGE, {"place": place, "most": most, "town": town_id}).one()
    if page.reached is None:
        return False
    admit(session, town_id, page.ids or [])
    session.execute(_REACH, {"reached": page.reached, "town": town_id})
    return page.reached - place >= most


def admit(session: Session, town_id: int, ids: Sequence[UUID]) -> None:
    """Start the clocks of these reports and put them in the queue; those that have a clock stay as they are."""
    if not ids:
        return
    found = session.execute(
        select(Report, Category.group_id)
        .join(Category, Category.id == Report.category_id)
        .where(Report.id.in_(ids))
        .order_by(Report.id)
        .with_for_update(of=Report, key_share=True)
    ).all()
    # Asked only now: whoever moved one of them while this waited for its lock has admitted it.
    known = set(session.scalars(select(ServiceClock.report_id).where(ServiceClock.report_id.in_(ids))))
    rows = [row for row in found if row[0].id not in known]
    targets, now = targets_of(session, town_id), datetime.now(UTC)
    for report, group_id in rows:
        before, expected_before = scope_of(report), report.expected_at
        clock = start_clock(report, targets.pick(report.category_id, group_id, report.priority), now)
        session.add(clock)
        if report.expected_at != expected_before:
            record_change(session, report, EXPECTED, before)
    session.flush()
    session.execute(_QUEUE, {"ids": [report.id for report, _ in rows]})
