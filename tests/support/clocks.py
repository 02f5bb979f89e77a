"""A town with targets, and what its clocks say."""

from datetime import UTC, datetime, timedelta
from typing import Any

from jobs import clocks
from jobs.tasks import Work, number_changes
from tests.support.admin import make
from tests.support.callers import Caller
from tests.support.database import Database
from tests.support.reports import SentReport

HOUR = timedelta(hours=1)
WORK = Work(public_url="https://311.squareton.example")


def a_target(admin: Caller, code: str = "all", **target: Any) -> None:
    """A target of the town; 48 hours round the clock unless told otherwise."""
    make(admin, f"targets/{code}", target if {"hours", "days"} & target.keys() else {"hours": 48, **target})


def a_calendar(admin: Caller, code: str = "office", **calendar: Any) -> None:
    """A calendar of the town: Monday to Friday, 8 to 17 with an hour at noon, unless told otherwise."""
    week = {day: ["08:00-12:00", "13:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    make(admin, f"calendars/{code}", {"hours": week, **calendar})


def admitted() -> None:
    """What the worker does once a second."""
    number_changes(WORK)
    clocks.admit(WORK)


def time_passes(database: Database, report: SentReport, passed: timedelta) -> None:
    """As if a report and all that its clock knows had been so much earlier."""
    database.execute(
        "UPDATE report SET received_at = received_at - %s, expected_at = expected_at - %s WHERE id = %s",
        passed,
        passed,
        report.id,
    )
    moments = ("running_since", "due_at", "warn_at", "escalate_at", "next_at", "promised_at", "shown_at", "told_at")
    database.execute(
        f"UPDATE service_clock SET {', '.join(f'{name} = {name} - %s' for name in moments)} WHERE report_id = %s",
        *[passed] * len(moments),
        report.id,
    )


def told() -> None:
    """What the worker does every few seconds."""
    clocks.tell_due(WORK)


def clock(database: Database, report: SentReport) -> dict[str, Any]:
    """The row of its clock."""
    return database.rows("SELECT * FROM service_clock WHERE report_id = %s", report.id)[0]


def hours_until(moment: datetime | str | None) -> float | None:
    """From now, to a hundredth; None for no moment."""
    if moment is None:
        return None
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return round((at - datetime.now(UTC)) / HOUR, 2)
