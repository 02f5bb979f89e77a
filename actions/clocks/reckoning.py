"""What a clock says: how much time is used, when that will be all of it, and what there is to tell. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from actions.clocks.targets import Target
from domain.status import PHASES, Phase, Status
from domain.working_time import after, worked

WAITING = (Status.NEEDS_INFORMATION, Status.ON_HOLD)

DUE_SOON, OVERDUE, ESCALATED = 1, 2, 3
"""The stages of a clock, in the order in which they are told."""


@dataclass(frozen=True)
class Reading:
    """A clock at one moment. `running_since` None: it stands still. See domain.clocks.ServiceClock."""

    target: Target | None = None
    used: timedelta = timedelta(0)
    running_since: datetime | None = None
    due_at: datetime | None = None
    warn_at: datetime | None = None
    escalate_at: datetime | None = None
    stage: int = 0

    @property
    def next_at(self) -> datetime | None:
        """When there is something more to tell."""
        return min((at for stage, at in self._stages() if stage > self.stage), default=None)

    def stage_at(self, now: datetime) -> int:
        """How far it is: the last of its stages that has begun."""
        return max((stage for stage, at in self._stages() if at <= now), default=0)

    def _stages(self) -> list[tuple[int, datetime]]:
        if self.running_since is None:
            return []
        moments = ((DUE_SOON, self.warn_at), (OVERDUE, self.due_at), (ESCALATED, self.escalate_at))
        return [(stage, at) for stage, at in moments if at is not None]


def runs_in(status: Status) -> bool:
    """Whether time passes for a report that stands there."""
    return not is_over(status) and status not in WAITING


def is_over(status: Status) -> bool:
    return PHASES[status] == Phase.CLOSED


def read(clock: Reading, target: Target | None, status: Status, now: datetime) -> Reading:
    """The clock of a report that has `target` and `status` from now on; a calendar that was changed counts from when it last
    began to run."""
    is_another = clock.target is not None and target != clock.target
    if clock.running_since is not None and (is_another or not runs_in(status)):
        clock = replace(clock, used=clock.used + used_since(clock, clock.target or target, now), running_since=None)
    if clock.running_since is None and runs_in(status):
        clock = replace(clock, running_since=now)
    return set_hands(replace(clock, target=target), status, now)


def used_since(clock: Reading, by: Target | None, now: datetime) -> timedelta:
    """The working time since it last began to run. What ran without a target is counted by the first one that it gets."""
    if clock.running_since is None or by is None:
        return timedelta(0)
    return worked(by.calendar, clock.running_since, now)


def set_hands(clock: Reading, status: Status, now: datetime) -> Reading:
    """The same clock with the moments that follow from what it has used."""
    if clock.target is None:
        return replace(clock, due_at=None, warn_at=None, escalate_at=None, stage=0)
    if is_over(status):
        return clock  # when it was due still tells whether it was in time
    target = clock.target
    due_at = _when(clock, target.time, clock.due_at, now)
    warn_at = _when(clock, target.time - target.warns, clock.warn_at, now)
    if warn_at is not None and due_at is not None:
        warn_at = min(warn_at, due_at)  # due at once, under a shorter target
    escalates = None if due_at is None else target.escalates
    escalate_at = None if escalates is None or due_at is None else after(target.calendar, due_at, escalates)
    clock = replace(clock, due_at=due_at, warn_at=warn_at, escalate_at=escalate_at)
    return replace(clock, stage=min(clock.stage, clock.stage_at(now)) if clock.running_since else clock.stage)


def _when(clock: Reading, wanted: timedelta, before: datetime | None, now: datetime) -> datetime | None:
    """When so much time is used; when it is used already, since when it was. None while nobody can say."""
    assert clock.target is not None
    left = wanted - clock.used
    if left <= timedelta(0):
        return min(before or now, now)
    return after(clock.target.calendar, clock.running_since, left) if clock.running_since is not None else None
