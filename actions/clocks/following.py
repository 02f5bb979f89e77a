"""A report's clock follows every line of its history, in the same transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from actions.clocks.admission import admit
from actions.clocks.keeping import Moved, clock_of, group_of, news_of, set_clock, show, take_promise
from actions.clocks.targets import targets_of
from domain.clocks import ServiceClock
from domain.reports import Report

ANSWERED = "answered"  # the line of a reporter who answers the desk's question
MOVED = "expected_moved"
OWN_LINES = frozenset({MOVED, "due_soon", "overdue", "escalated"})  # written by clocks, so they change none

_NOTE_ANSWER = text(
    "UPDATE queue_item SET answered_at = :at WHERE report_id = :report AND answered_at IS DISTINCT FROM :at"
)


def follow(session: Session, report: Report, kind: str, data: dict[str, Any] | None, now: datetime) -> Moved | None:
    """Set the clock of a locked report by what a line of its history has changed; the queue follows.

    What is promised is taken over into `report.expected_at`, else when it is due. The move of that date that residents
    are to be told, if any: not when this very line tells them the date.
    """
    if kind in OWN_LINES:
        return None
    session.flush()
    clock = clock_of(session, report.id)
    if clock is None:
        admit(session, report.jurisdiction_id, [report.id])
        clock = session.get_one(ServiceClock, report.id)
    targets = targets_of(session, report.jurisdiction_id)
    take_promise(report, clock)
    set_clock(report, clock, targets, group_of(session, report), now)
    show(report, clock)
    news = news_of(clock, report.expected_at if "expected_at" in (data or {}) else None)
    session.flush()
    _note_answer(session, report, kind, now)
    return news


def _note_answer(session: Session, report: Report, kind: str, now: datetime) -> None:
    """An answer waits for the desk until it moves, assigns or corrects the report."""
    if kind == ANSWERED:
        session.execute(_NOTE_ANSWER, {"report": report.id, "at": now})
    elif kind in ("moved", "assigned", "rerouted", "corrected"):
        session.execute(_NOTE_ANSWER, {"report": report.id, "at": None})
