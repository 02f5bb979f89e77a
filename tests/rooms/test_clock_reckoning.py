"""A report's clock through any sequence of statuses and targets, against one that looks at every minute."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.clocks.reckoning import DUE_SOON, ESCALATED, OVERDUE, Reading, read, runs_in
from actions.clocks.targets import Target, Targets
from domain.status import Status
from domain.working_time import ROUND_THE_CLOCK, Calendar, is_working, worked

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BEGIN = datetime(2026, 3, 5, 12, tzinfo=UTC)  # a Thursday, three days before clocks go forward in New York
OFFICE = Calendar("America/New_York", (((8 * 3600, 12 * 3600), (13 * 3600, 17 * 3600)),) * 5 + ((), ()))
NIGHTS = Calendar("America/New_York", (((0, 6 * 3600),),) * 7)


def target(number: int, hours: int, calendar: Calendar, warns: int = 1, escalates: int | None = 2) -> Target:
    return Target(number, calendar, hours * HOUR, warns * HOUR, None if escalates is None else escalates * HOUR)


TARGETS = [target(1, 4, OFFICE), target(2, 20, OFFICE), target(3, 10, NIGHTS), target(4, 30, ROUND_THE_CLOCK)]

steps = st.lists(
    st.tuples(st.integers(0, 3 * 24 * 60), st.sampled_from(list(Status)), st.sampled_from(TARGETS)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=100)
@given(steps)
def test_what_is_used_is_every_minute_that_ran_and_what_is_due_is_when_it_is_all_used(sequence):
    clock = Reading(target=TARGETS[0], running_since=BEGIN)
    now, status, by, used = BEGIN, Status.RECEIVED, TARGETS[0], timedelta(0)
    for minutes, to, then in sequence:
        for n in range(minutes):
            used += MINUTE if runs_in(status) and is_working(by.calendar, now + MINUTE * n) else timedelta(0)
        now += MINUTE * minutes
        clock = read(clock, then, to, now)
        status, by = to, then
        assert clock.used + _running(clock, now) == used
        if runs_in(status):
            assert clock.due_at is not None
            if clock.due_at > now:
                assert used + worked(by.calendar, now, clock.due_at) == by.time
            else:
                assert used >= by.time
        elif status in (Status.NEEDS_INFORMATION, Status.ON_HOLD) and used < by.time:
            assert clock.due_at is None


def _running(clock: Reading, now: datetime) -> timedelta:
    if clock.running_since is None or clock.target is None:
        return timedelta(0)
    return worked(clock.target.calendar, clock.running_since, now)


@given(steps)
def test_the_stages_come_in_their_order(sequence):
    clock, now = Reading(target=TARGETS[0], running_since=BEGIN), BEGIN
    for minutes, to, then in sequence:
        now += MINUTE * minutes
        clock = read(clock, then, to, now)
        assert clock.stage <= clock.stage_at(now) or clock.running_since is None
        if clock.running_since is not None and clock.due_at is not None:
            assert clock.warn_at is not None and clock.warn_at <= clock.due_at
            assert clock.escalate_at is None or clock.due_at <= clock.escalate_at
        if (following := clock.next_at) is not None:
            assert replace(clock, stage=clock.stage_at(following)).stage > clock.stage


def test_each_stage_is_told_once_until_the_date_moves_out_again():
    short, long = target(1, 4, ROUND_THE_CLOCK), target(2, 40, ROUND_THE_CLOCK)
    clock = read(Reading(target=short, running_since=BEGIN), short, Status.RECEIVED, BEGIN)

    assert clock.next_at == BEGIN + 3 * HOUR
    assert [clock.stage_at(BEGIN + n * HOUR) for n in (2, 3, 4, 6)] == [0, DUE_SOON, OVERDUE, ESCALATED]
    told = replace(clock, stage=ESCALATED)
    assert told.next_at is None
    again = read(told, long, Status.RECEIVED, BEGIN + 7 * HOUR)
    assert (again.stage, again.due_at) == (0, BEGIN + 40 * HOUR)


def test_what_was_overdue_before_it_had_to_wait_stays_so():
    short = target(1, 4, ROUND_THE_CLOCK)
    clock = read(Reading(target=short, running_since=BEGIN), short, Status.RECEIVED, BEGIN)

    held = read(clock, short, Status.ON_HOLD, BEGIN + 9 * HOUR)

    assert held.due_at == BEGIN + 4 * HOUR
    assert held.next_at is None


def test_a_target_too_short_for_what_is_used_is_due_at_once():
    long, short = target(1, 40, ROUND_THE_CLOCK), target(2, 4, ROUND_THE_CLOCK)
    clock = read(Reading(target=long, running_since=BEGIN), long, Status.RECEIVED, BEGIN)

    assert read(clock, short, Status.RECEIVED, BEGIN + 9 * HOUR).due_at == BEGIN + 9 * HOUR


def test_what_ran_without_a_target_is_counted_by_the_first_that_it_gets():
    first = target(1, 40, ROUND_THE_CLOCK)
    clock = read(Reading(running_since=BEGIN), None, Status.RECEIVED, BEGIN + HOUR)
    assert clock.due_at is None

    assert read(clock, first, Status.RECEIVED, BEGIN + 9 * HOUR).due_at == BEGIN + 40 * HOUR


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ((1, 7, "high"), "c-high"),
        ((1, 7, "low"), "c"),
        ((2, 7, "high"), "g"),
        ((3, None, "urgent"), "u"),
        ((3, None, "low"), "b"),
    ],
)
def test_the_most_specific_is_picked_whatever_their_order(asked, wanted):
    named = {
        "b": {},
        "z": {},
        "u": {"priority": "urgent"},
        "g": {"group_id": 7},
        "c": {"category_id": 1},
        "c-high": {"category_id": 1, "priority": "high"},
    }
    made = [replace(target(n, 4, OFFICE), code=code, **limits) for n, (code, limits) in enumerate(named.items())]

    for order in (made, made[::-1]):
        picked = Targets(order).pick(*asked)
        assert picked is not None and picked.code == wanted
