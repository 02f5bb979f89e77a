"""Which target is a report's, and how long it gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from domain.working_time import ROUND_THE_CLOCK, WEEKDAYS, Calendar, Window

WARN_SHARE = 4  # one that does not say when to warn does so for the last quarter of its time

_TARGETS = text(
    """
    SELECT t.id, t.code, t.category_id, t.group_id, t.priority, t.hours, t.days, t.warn_hours, t.escalate_hours, t.active,
           c.hours AS opens, c.holidays, coalesce(c.time_zone, j.time_zone) AS zone
    FROM service_target t
    JOIN jurisdiction j ON j.id = t.jurisdiction_id
    LEFT JOIN work_calendar c ON c.id = t.calendar_id
    WHERE t.jurisdiction_id = :town
    ORDER BY t.code
    """
)


@dataclass(frozen=True)
class Target:
    """What a report may take. `warns` before it is due, `escalates` after; None: never."""

    id: int
    calendar: Calendar
    time: timedelta
    warns: timedelta
    escalates: timedelta | None
    category_id: int | None = None
    group_id: int | None = None
    priority: str | None = None
    code: str = ""
    active: bool = True

    def fits(self, category_id: int, group_id: int | None, priority: str) -> bool:
        return (
            self.active
            and self.category_id in (None, category_id)
            and self.group_id in (None, group_id)
            and self.priority in (None, priority)
        )

    @property
    def rank(self) -> tuple[bool, bool, bool, str]:
        """The least is the most specific: category, group, any; with a priority before without; then by code."""
        return (self.category_id is None, self.group_id is None, self.priority is None, self.code)


class Targets:
    """All targets of a town, also those that are no longer in force: clocks run by them until they are set anew."""

    def __init__(self, targets: Sequence[Target]):
        self.by_id = {target.id: target for target in targets}

    def pick(self, category_id: int, group_id: int | None, priority: str) -> Target | None:
        """The most specific target that fits; None when none does."""
        fitting = [target for target in self.by_id.values() if target.fits(category_id, group_id, priority)]
        return min(fitting, key=lambda target: target.rank, default=None)


def targets_of(session: Session, town_id: int) -> Targets:
    """The town's targets with their calendars."""
    return Targets([_target(row) for row in session.execute(_TARGETS, {"town": town_id}).mappings()])


def calendar_of(zone: str, opens: Mapping[str, Sequence[str]], holidays: Sequence[str]) -> Calendar:
    """A calendar as it is kept: weekday → windows such as "08:00-12:00", and days such as "2026-12-25"."""
    hours = tuple(tuple(sorted(window_of(window) for window in opens.get(day, ()))) for day in WEEKDAYS)
    return Calendar(zone, hours, frozenset(date.fromisoformat(day) for day in holidays))


def window_of(text_: str) -> Window:
    """Seconds since midnight of "08:00-12:00". Raises ValueError for anything else; "24:00" is the end of the day."""
    begin, dash, end = text_.partition("-")
    window = (_seconds(begin), _seconds(end))
    if not dash or window[0] >= window[1]:
        raise ValueError(text_)
    return window


def _seconds(clock: str) -> int:
    hour, colon, minute = clock.strip().partition(":")
    if (
        not colon
        or len(minute) != 2
        or not 1 <= len(hour) <= 2
        or not (hour + minute).isascii()
        or not (hour + minute).isdigit()
    ):
        raise ValueError(clock)
    passed_s = int(hour) * 3600 + int(minute) * 60
    if int(minute) > 59 or passed_s > 86_400:
        raise ValueError(clock)
    return passed_s


def time_of(calendar: Calendar, hours: int | None, days: int | None) -> timedelta:
    """What a target gives: hours of working time, or days as long as the calendar's are on the average."""
    return timedelta(hours=hours) if hours is not None else calendar.day * (days or 0)


def _target(row: RowMapping) -> Target:
    calendar = ROUND_THE_CLOCK if row["opens"] is None else calendar_of(row["zone"], row["opens"], row["holidays"])
    time = time_of(calendar, row["hours"], row["days"])
    return Target(
        id=row["id"],
        calendar=calendar,
        time=time,
        warns=time / WARN_SHARE if row["warn_hours"] is None else min(time, _hours(row["warn_hours"])),
        escalates=None if row["escalate_hours"] is None else _hours(row["escalate_hours"]),
        category_id=row["category_id"],
        group_id=row["group_id"],
        priority=row["priority"],
        code=row["code"],
        active=row["active"],
    )


def _hours(count: Any) -> timedelta:
    return timedelta(hours=count)
