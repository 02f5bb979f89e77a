"""Calendars and targets that cannot work are refused before anything is stored, with a reason for each."""

import pytest

from tests.support.admin import make, remove
from tests.support.clocks import a_calendar, a_target


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        pytest.param({"hours": {}}, "/hours", "no-working-hours", id="no hours at all"),
        pytest.param({"hours": {"mon": []}}, "/hours", "no-working-hours", id="a day without any"),
        pytest.param({"hours": {"mon": ["12:00-08:00"]}}, "/hours/mon/0", "not-hours", id="the wrong way round"),
        pytest.param({"hours": {"mon": ["8-12"]}}, "/hours/mon/0", "not-hours", id="not as a clock shows it"),
        pytest.param({"hours": {"mon": ["08:00-25:00"]}}, "/hours/mon/0", "not-hours", id="after midnight"),
        pytest.param({"hours": {"mon": ["08:00-12:00", "11:00-13:00"]}}, "/hours/mon", "hours-overlap", id="one in the other"),
        pytest.param({"hours": {"monday": ["08:00-12:00"]}}, "/hours/monday", "unknown-field", id="no such day"),
        pytest.param({"hours": {"mon": ["08:00-12:00"]}, "holidays": ["2026-02-30"]}, "/holidays/0", "not-a-day", id="no such date"),
        pytest.param({"hours": {"mon": ["08:00-12:00"]}, "time_zone": "Mars"}, "/time_zone", "unknown-time-zone", id="Mars"),
    ],
)  # fmt: skip
def test_a_calendar_that_cannot_be_kept_is_refused_with_its_reason(admin, database, body, pointer, code):
    before = database.counts()

    admin.put("/v1/admin/calendars/office", json=body, key="one", expect=422)

    assert (pointer, code) in admin.last.faults
    assert database.counts() == before


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        pytest.param({}, "", "hours-or-days", id="neither"),
        pytest.param({"hours": 1, "days": 1}, "", "hours-or-days", id="both"),
        pytest.param({"hours": 0}, "/hours", "too-small", id="none"),
        pytest.param({"hours": 1, "calendar": "moon"}, "/calendar", "unknown-calendar", id="no such calendar"),
        pytest.param({"hours": 1, "category": "pothole", "group": "streets"}, "", "not-both", id="category and group"),
        pytest.param({"hours": 1, "priority": "huge"}, "/priority", "not-offered", id="no such priority"),
        pytest.param({"hours": 8760, "calendar": "short"}, "", "never-due", id="an hour a week"),
    ],
)
def test_a_target_that_cannot_be_kept_is_refused_with_its_reason(admin, body, pointer, code):
    make(admin, "calendars/short", {"hours": {"mon": ["08:00-09:00"]}})

    admin.put("/v1/admin/targets/new", json=body, key="one", expect=422)

    assert (pointer, code) in admin.last.faults


def test_a_calendar_that_a_target_needs_stays(admin):
    a_calendar(admin)
    a_target(admin, calendar="office")

    remove(admin, "calendars/office", expect=409)

    assert admin.get("/v1/admin/calendars/office")["hours"]["mon"] == ["08:00-12:00", "13:00-17:00"]
