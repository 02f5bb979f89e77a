"""When the town works and how long reports may take: the tables [calendars.<code>] and [targets.<code>] of town.toml."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from actions.catalogue.differences import Difference
from actions.catalogue.parts import Part
from actions.catalogue.plan import Values
from actions.clocks.renewal import ask_for_renewal
from actions.clocks.targets import calendar_of, time_of, window_of
from domain.reports import PRIORITIES
from domain.working_time import ROUND_THE_CLOCK, WEEKDAYS

LONGEST_HOURS = 8_760
LONGEST_DAYS = 1_000
MOST_HOLIDAYS = 1_000
MOST_WEEKS = 520  # until a report is due: ten years
_ZONES = available_timezones()
_TOUCHES_CLOCKS = ("calendars", "targets", "town.time_zone")


def read_calendar(part: Part) -> Values:
    values: Values = {
        "time_zone": part.text("time_zone"),
        "hours": _hours(part),
        "holidays": _holidays(part),
    }
    if values["time_zone"] is not None and values["time_zone"] not in _ZONES:
        part.wrong("time_zone", "unknown-time-zone", value=values["time_zone"])
    part.finish()
    return values


def read_target(part: Part, coded: dict[str, dict[str, Part]], calendars: Mapping[str, Values]) -> Values:
    values: Values = {
        "category": part.reference("category", coded["categories"], "category"),
        "group": part.reference("group", coded["groups"], "group"),
        "priority": part.one_of("priority", PRIORITIES, required=False),
        "hours": part.whole("hours", None, 1, LONGEST_HOURS),
        "days": part.whole("days", None, 1, LONGEST_DAYS),
        "calendar": part.reference("calendar", coded["calendars"], "calendar"),
        "warn_hours": part.whole("warn_hours", None, 0, LONGEST_HOURS),
        "escalate_hours": part.whole("escalate_hours", None, 0, LONGEST_HOURS),
    }
    if part.has("category") and part.has("group"):
        part.wrong("", "not-both", "category-and-group")
    if part.has("hours") == part.has("days"):
        part.wrong("", "hours-or-days")
    elif _takes_too_long(values, calendars):
        part.wrong("", "never-due", years=MOST_WEEKS // 52)
    part.finish()
    return values


def _takes_too_long(values: Values, calendars: Mapping[str, Values]) -> bool:
    calendar = ROUND_THE_CLOCK
    if values["calendar"] is not None:
        kept = calendars.get(values["calendar"])
        if kept is None or not any(kept["hours"].values()):
            return False  # what is wrong there is said there
        calendar = calendar_of("UTC", kept["hours"], [])
    time = time_of(calendar, values["hours"], values["days"])
    return time + time_of(calendar, values["escalate_hours"] or 0, None) > calendar.week * MOST_WEEKS


def _hours(calendar: Part) -> dict[str, list[str]]:
    """Weekday → windows in their order; days without work are left out."""
    part = calendar.inner("hours")
    if part is None:
        calendar.wrong("hours", "required")
        return {}
    wrong_before = len(part.found)
    found = {day: windows for day in WEEKDAYS if (windows := _windows(part, day))}
    part.finish()
    if not found and len(part.found) == wrong_before:
        calendar.wrong("hours", "no-working-hours")
    return found


def _windows(part: Part, day: str) -> list[str]:
    found = []
    for number, given in enumerate(part.texts(day)):
        try:
            found.append((window_of(given), given))
        except (ValueError, AttributeError, TypeError):
            part.wrong((day, number), "not-hours", value=given)
    found.sort()
    for (before, _), (window, given) in pairwise(found):
        if window[0] <= before[1]:
            part.wrong(day, "hours-overlap", value=given)
    return [_shown(window) for window, _ in found]


def _shown(window: tuple[int, int]) -> str:
    return "-".join(f"{passed_s // 3600:02d}:{passed_s % 3600 // 60:02d}" for passed_s in window)


def _holidays(part: Part) -> list[str]:
    """Days as "2026-12-25", each once and in order; TOML's own dates are taken too."""
    given = part.take("holidays")
    if given is None:
        return []
    if not isinstance(given, list):
        part.wrong("holidays", "wrong-type", expected="list", value=given)
        return []
    if len(given) > MOST_HOLIDAYS:
        part.wrong("holidays", "too-many", "too-many-holidays", count=len(given), max=MOST_HOLIDAYS)
    found = set()
    for number, day in enumerate(given):
        if (known := _day(day)) is None:
            part.wrong(("holidays", number), "not-a-day", value=str(day))
        else:
            found.add(known)
    return sorted(found)


def _day(value: Any) -> str | None:
    if type(value) is date:
        return value.isoformat()
    if not isinstance(value, str):
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return value if value == day.isoformat() else None


def calendar_row(at: Values) -> Values:
    """A calendar as its row."""
    return {key: at[key] for key in ("time_zone", "hours", "holidays")}


def target_row(at: Values, categories: Mapping[str | None, int], groups: Any, calendars: Any) -> Values:
    """A target as its row."""
    return {
        "category_id": categories.get(at["category"]),
        "group_id": groups.get(at["group"]),
        "calendar_id": calendars.get(at["calendar"]),
        **{key: at[key] for key in ("priority", "hours", "days", "warn_hours", "escalate_hours")},
    }


def renew_clocks_after(session: Session, found: Sequence[Difference]) -> None:
    """Have all open clocks set anew when a change of the town concerns them, in its transaction."""
    if any(one.path.startswith(_TOUCHES_CLOCKS) or one.path.endswith(".group") for one in found):
        ask_for_renewal(session)
