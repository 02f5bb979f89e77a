"""A clock as its row, and what it writes into its report: when residents may expect it to be done."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.clocks.reckoning import Reading, is_over, read, runs_in
from actions.clocks.targets import Target, Targets
from domain.city import Category
from domain.clocks import ServiceClock
from domain.reports import Report
from domain.status import Status

WORTH_TELLING = timedelta(hours=1)  # a date that moves by less is right from then on, and nobody is told
OLD_NEWS = timedelta(hours=1)  # what was due longer ago when a clock is set is not told as if it had just happened


@dataclass(frozen=True)
class Moved:
    """The date that residents were told, and the one that holds now."""

    before: datetime
    after: datetime


def start_clock(report: Report, target: Target | None, now: datetime) -> ServiceClock:
    """The clock of a report that has none yet, as it would be by now. Nothing is told of it: it is the first date."""
    status = Status(report.status)
    reading = Reading(target=target, running_since=report.received_at)
    stopped_at = now if runs_in(status) else min(now, report.updated_at)  # closer nobody knows
    reading = read(read(reading, target, Status.RECEIVED, stopped_at), target, status, stopped_at)
    clock = ServiceClock(report_id=report.id, jurisdiction_id=report.jurisdiction_id, promised_at=report.expected_at)
    _write(clock, reading)
    if now - report.received_at > OLD_NEWS:
        keep_silent(clock, now)
    show(report, clock)
    clock.told_at = clock.shown_at
    return clock


def set_clock(report: Report, clock: ServiceClock, targets: Targets, group_id: int | None, now: datetime) -> None:
    """Set a clock by the report as it stands: its status, and the target for its category and priority."""
    target = targets.pick(report.category_id, group_id, report.priority)
    _write(clock, read(reading_of(clock, targets), target, Status(report.status), now))


def take_promise(report: Report, clock: ServiceClock) -> None:
    """Whoever moved the report may have said a date, or taken theirs back."""
    if report.expected_at != clock.shown_at:
        clock.promised_at = report.expected_at


def show(report: Report, clock: ServiceClock) -> None:
    """Write into the report what residents may expect: the promise, else when it is due. What is over keeps what it had."""
    if not is_over(Status(report.status)):
        report.expected_at = clock.promised_at or clock.due_at
    clock.shown_at = report.expected_at


def news_of(clock: ServiceClock, said: datetime | None = None) -> Moved | None:
    """The move of the date that residents are to be told; from then on it counts as told. None: nothing new.

    said: the date that they hear of anyway, with the line that moved it.
    """
    before, shown = clock.told_at, clock.shown_at
    if shown is None:
        return None
    if before is None or said == shown:
        clock.told_at = shown
        return None
    if abs(shown - before) < WORTH_TELLING:
        return None
    clock.told_at = shown
    return Moved(before, shown)


def keep_silent(clock: ServiceClock, now: datetime) -> None:
    """Count as told whatever has come about by now."""
    reading = Reading(
        running_since=clock.running_since, due_at=clock.due_at, warn_at=clock.warn_at, escalate_at=clock.escalate_at
    )
    reach(clock, max(clock.stage, reading.stage_at(now)))


def reach(clock: ServiceClock, stage: int) -> None:
    """Note that everything up to this stage was told."""
    clock.stage = stage
    clock.next_at = Reading(
        running_since=clock.running_since,
        due_at=clock.due_at,
        warn_at=clock.warn_at,
        escalate_at=clock.escalate_at,
        stage=stage,
    ).next_at


def reading_of(clock: ServiceClock, targets: Targets) -> Reading:
    """A row as a reading."""
    return Reading(
        target=targets.by_id[clock.target_id] if clock.target_id is not None else None,
        used=timedelta(seconds=clock.used_s),
        running_since=clock.running_since,
        due_at=clock.due_at,
        warn_at=clock.warn_at,
        escalate_at=clock.escalate_at,
        stage=clock.stage,
    )


def _write(clock: ServiceClock, reading: Reading) -> None:
    clock.target_id = reading.target.id if reading.target else None
    clock.used_s = reading.used.total_seconds()
    clock.running_since = reading.running_since
    clock.due_at, clock.warn_at, clock.escalate_at = reading.due_at, reading.warn_at, reading.escalate_at
    clock.stage, clock.next_at = reading.stage, reading.next_at


def group_of(session: Session, report: Report) -> int | None:
    """The group of its category."""
    return session.scalar(select(Category.group_id).where(Category.id == report.category_id))


def clock_of(session: Session, report_id: UUID) -> ServiceClock | None:
    """The clock of a report that the caller's transaction has locked; None when it was not admitted yet."""
    return session.get(ServiceClock, report_id)
