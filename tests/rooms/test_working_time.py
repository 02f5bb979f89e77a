"""Working time against a slow, obvious implementation that looks at every minute."""

from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.working_time import DAY_S, ROUND_THE_CLOCK, Calendar, NeverDue, after, is_working, worked

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OFFICE = ((8 * 3600, 12 * 3600), (13 * 3600, 17 * 3600))
WEEK = (OFFICE,) * 5 + ((), ())

# Clocks forward and back, on either side of the equator; by half an hour (Lord Howe); at midnight (Beirut, Havana, Santiago);
# never (Phoenix, Kathmandu at a quarter to).
ZONES = ("America/New_York", "Europe/Madrid", "Australia/Lord_Howe", "Asia/Beirut", "America/Havana", "America/Santiago",
         "America/Phoenix", "Asia/Kathmandu", "Pacific/Auckland", "UTC")  # fmt: skip


def obvious_worked(calendar: Calendar, begin: datetime, end: datetime) -> timedelta:
    """Minute by minute."""
    return MINUTE * sum(is_working(calendar, begin + MINUTE * n) for n in range((end - begin) // MINUTE))


def obvious_after(calendar: Calendar, begin: datetime, duration: timedelta) -> datetime:
    """Minute by minute."""
    at = begin
    while duration > timedelta(0):
        duration -= MINUTE if is_working(calendar, at) else timedelta(0)
        at += MINUTE
    return at


@st.composite
def windows(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Up to three windows of a day, in whole minutes, none touching another."""
    edges = sorted(draw(st.sets(st.integers(0, 24 * 60), max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple((begin * 60, end * 60) for begin, end in pairs)


DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
calendars = st.builds(
    Calendar,
    zone=st.sampled_from(ZONES),
    hours=st.tuples(*[windows()] * 7),
    holidays=st.frozensets(DAYS, max_size=20),
)


def moments(zone: str) -> st.SearchStrategy[datetime]:
    """Whole minutes of four years; half of them within two days of a change of that zone's clocks."""
    minute = st.integers(0, 4 * 365 * 24 * 60).map(lambda n: datetime(2024, 1, 1, tzinfo=UTC) + MINUTE * n)
    changes = CHANGES[zone]
    if not changes:
        return minute
    near = st.tuples(st.sampled_from(changes), st.integers(-2 * 24 * 60, 2 * 24 * 60)).map(
        lambda at: at[0] + MINUTE * at[1]
    )
    return minute | near


def _changes(zone: str) -> list[datetime]:
    hours = [datetime(2024, 1, 1, tzinfo=UTC) + HOUR * n for n in range(4 * 365 * 24)]
    offsets = [at.astimezone(ZoneInfo(zone)).utcoffset() for at in hours]
    return [hours[n] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]


CHANGES = {zone: _changes(zone) for zone in ZONES}


@settings(max_examples=150)
@given(calendars, st.data(), st.integers(0, 6 * 24 * 60))
def test_working_time_between_two_moments_is_what_every_minute_says(calendar, data, length):
    begin = data.draw(moments(calendar.zone))
    end = begin + MINUTE * length

    assert worked(calendar, begin, end) == obvious_worked(calendar, begin, end)


@settings(max_examples=100)
@given(calendars, st.data(), st.integers(1, 20 * 60))
def test_the_moment_after_so_much_working_time_is_what_every_minute_says(calendar, data, length):
    begin, duration = data.draw(moments(calendar.zone)), MINUTE * length
    if obvious_worked(calendar, begin, begin + timedelta(days=12)) < duration:
        return  # hardly any working hours: the obvious way takes for ever

    assert after(calendar, begin, duration) == obvious_after(calendar, begin, duration)


@given(calendars, st.data(), st.integers(0, 300 * 3600 * 1_000_000))
def test_after_and_worked_undo_each_other_to_the_microsecond(calendar, data, length):
    begin = data.draw(moments(calendar.zone)) + timedelta(microseconds=data.draw(st.integers(0, 59_999_999)))
    duration = timedelta(microseconds=length)
    if calendar.week < HOUR:
        return

    end = after(calendar, begin, duration)

    assert worked(calendar, begin, end) == duration
    assert end == begin or worked(calendar, begin, end - timedelta(microseconds=1)) < duration


@given(calendars, st.data(), st.lists(st.integers(0, 5 * 24 * 60), min_size=2, max_size=2))
def test_two_stretches_are_as_much_as_both_together(calendar, data, lengths):
    begin = data.draw(moments(calendar.zone))
    middle = begin + MINUTE * lengths[0]
    end = middle + MINUTE * lengths[1]

    assert worked(calendar, begin, middle) + worked(calendar, middle, end) == worked(calendar, begin, end)


def new_york(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=ZoneInfo("America/New_York"))


NIGHT = Calendar("America/New_York", (((0, 6 * 3600),),) * 7)


def test_the_night_on_which_clocks_go_forward_is_an_hour_shorter():
    assert worked(NIGHT, new_york(2026, 3, 8), new_york(2026, 3, 8, 12)) == 5 * HOUR


def test_the_night_on_which_clocks_go_back_is_an_hour_longer():
    assert worked(NIGHT, new_york(2026, 11, 1), new_york(2026, 11, 1, 12)) == 7 * HOUR


def test_a_window_within_the_doubled_hour_is_there_twice():
    short = Calendar("America/New_York", (((75 * 60, 105 * 60),),) * 7)

    assert worked(short, new_york(2026, 11, 1), new_york(2026, 11, 2)) == HOUR
    assert after(short, new_york(2026, 11, 1), HOUR / 2) == datetime(2026, 11, 1, 5, 45, tzinfo=UTC)
    assert after(short, new_york(2026, 11, 1), HOUR) == datetime(2026, 11, 1, 6, 45, tzinfo=UTC)


def test_a_window_within_the_skipped_hour_is_not_there_that_night():
    short = Calendar("America/New_York", (((135 * 60, 165 * 60),),) * 7)

    assert worked(short, new_york(2026, 3, 8), new_york(2026, 3, 9)) == timedelta(0)


@pytest.mark.parametrize(
    ("begin", "hours", "end"),
    [
        pytest.param((2026, 11, 26, 9), 2, (2026, 11, 26, 11), id="within a morning"),
        pytest.param((2026, 11, 26, 11), 2, (2026, 11, 26, 14), id="over lunch"),
        pytest.param((2026, 11, 26, 16), 1, (2026, 11, 26, 17), id="to the very end of a day, not the next morning"),
        pytest.param((2026, 11, 27, 16), 2, (2026, 11, 30, 9), id="over a weekend"),
        pytest.param((2026, 11, 28, 3), 1, (2026, 11, 30, 9), id="from a Saturday night"),
        pytest.param((2026, 12, 24, 16), 2, (2026, 12, 28, 9), id="over Christmas and a weekend"),
        pytest.param((2026, 11, 26, 20), 0, (2026, 11, 26, 20), id="nothing at all, at any time"),
    ],
)
def test_an_office_that_is_open_on_weekdays(begin, hours, end):
    office = Calendar("America/New_York", WEEK, frozenset({date(2026, 12, 25)}))

    assert after(office, new_york(*begin), hours * HOUR) == new_york(*end)


def test_a_day_is_the_mean_of_the_days_on_which_there_is_work():
    assert Calendar("UTC", WEEK).day == 8 * HOUR
    assert Calendar("UTC", (*(OFFICE,) * 4, ((8 * 3600, 12 * 3600),), (), ())).day == 7.2 * HOUR
    assert ROUND_THE_CLOCK.day == 24 * HOUR


def test_round_the_clock_is_the_time_that_passes():
    begin, end = new_york(2026, 3, 1), new_york(2026, 3, 15)  # an hour less than two weeks
    passed = 14 * 24 * HOUR - HOUR

    assert worked(ROUND_THE_CLOCK, begin, end) == passed
    assert worked(Calendar("America/New_York", (((0, DAY_S),),) * 7), begin, end) == passed
    assert after(ROUND_THE_CLOCK, begin, passed) == end


def test_a_calendar_that_is_closed_for_ever_never_comes_to_an_end():
    with pytest.raises(NeverDue):
        after(Calendar("UTC", ((),) * 7), datetime(9980, 1, 1, tzinfo=UTC), HOUR)


def test_a_hundred_thousand_questions_take_seconds_not_minutes():
    office = Calendar("Europe/Madrid", WEEK)
    begin = datetime(2026, 1, 1, 12, tzinfo=UTC)
    began = perf_counter()

    for n in range(2_000):
        due = after(office, begin + MINUTE * n, 200 * HOUR)
        assert worked(office, begin + MINUTE * n, due) == 200 * HOUR

    assert perf_counter() - began < 1  # 25 working days each
