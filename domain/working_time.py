"""Working time: how much of it lies between two moments, and when so much of it will have passed. Pure.

A moment is working time when the clock on the wall shows working hours of a working day. So an hour that daylight saving
skips is no working time, and one that it doubles is two.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

DAY_S = 86_400
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAST_YEAR = 9_990

_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# No zone is farther from UTC than this, so a local day lies within its UTC day and this much on either side.
_REACH = timedelta(hours=16)

Window = tuple[int, int]


class NeverDue(ValueError):
    """So much working time does not pass before the calendar of the world ends."""


@dataclass(frozen=True)
class Calendar:
    """When there is working time.

    zone: of the IANA database. hours: for each weekday from Monday, windows in seconds of the wall clock since midnight, in
    order, none touching another; the end is not part of it and may be DAY_S. holidays: days without any.
    """

    zone: str
    hours: tuple[tuple[Window, ...], ...]
    holidays: frozenset[date] = frozenset()

    @property
    def week(self) -> timedelta:
        """The working time of a week without holidays or a change of clocks."""
        return timedelta(seconds=sum(end - begin for windows in self.hours for begin, end in windows))

    @property
    def day(self) -> timedelta:
        """What a target means by a day: the mean of the weekdays on which there is work."""
        return self.week / max(1, sum(1 for windows in self.hours if windows))


ROUND_THE_CLOCK = Calendar("UTC", (((0, DAY_S),),) * 7)
"""Every hour of every day."""


@dataclass(frozen=True)
class _Year:
    """The stretches of one local year, in microseconds since 1970, and the working time before each."""

    begins: list[int]
    ends: list[int]
    before: list[int]
    total: int


def worked(calendar: Calendar, begin: datetime, end: datetime) -> timedelta:
    """The working time between two moments; none when `end` is not after `begin`."""
    # Python takes two times of one zone for times of the wall clock when it compares and subtracts them.
    begin, end = begin.astimezone(UTC), end.astimezone(UTC)
    if end <= begin:
        return timedelta(0)
    if calendar is ROUND_THE_CLOCK:
        return end - begin
    first, last = _year_of(calendar, begin), _year_of(calendar, end)
    between = sum(_year(calendar, year).total for year in range(first, last))
    return timedelta(
        microseconds=between + _since_new_year(calendar, end, last) - _since_new_year(calendar, begin, first)
    )


def after(calendar: Calendar, begin: datetime, duration: timedelta) -> datetime:
    """The first moment by which `duration` of working time has passed since `begin`: `begin` itself when that is nothing.

    The answer is in UTC. Raises NeverDue.
    """
    if duration <= timedelta(0):
        return begin.astimezone(UTC)
    if calendar is ROUND_THE_CLOCK:
        return begin.astimezone(UTC) + duration
    year = _year_of(calendar, begin)
    wanted = _since_new_year(calendar, begin, year) + duration // timedelta(microseconds=1)
    while (stretches := _year(calendar, year)).total < wanted:
        wanted -= stretches.total
        year += 1
        if year > LAST_YEAR:
            raise NeverDue()
    # The last stretch that begins with less than what is wanted behind it: at a stretch's very end, that one and not the next.
    place = bisect_right(stretches.before, wanted - 1) - 1
    return _EPOCH + timedelta(microseconds=stretches.begins[place] + wanted - stretches.before[place])


def is_working(calendar: Calendar, moment: datetime) -> bool:
    """Whether there is work at a moment: the definition that the rest of this file keeps to."""
    local = moment.astimezone(ZoneInfo(calendar.zone))
    if local.date() in calendar.holidays:
        return False
    passed_s = local.hour * 3600 + local.minute * 60 + local.second
    return any(begin <= passed_s < end for begin, end in calendar.hours[local.weekday()])


def _year_of(calendar: Calendar, moment: datetime) -> int:
    return moment.astimezone(ZoneInfo(calendar.zone)).year


def _since_new_year(calendar: Calendar, moment: datetime, year: int) -> int:
    stretches, at = _year(calendar, year), _us(moment)
    place = bisect_right(stretches.begins, at) - 1
    if place < 0:
        return 0
    return stretches.before[place] + min(at, stretches.ends[place]) - stretches.begins[place]


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=1_000)
def _year(calendar: Calendar, year: int) -> _Year:
    """All of a year at once: every question about it is a search in these lists."""
    stretches: list[tuple[int, int]] = []
    for number in range((date(year + 1, 1, 1) - date(year, 1, 1)).days):
        day = date(year, 1, 1) + timedelta(days=number)
        windows = calendar.hours[day.weekday()]
        if windows and day not in calendar.holidays:
            stretches += _stretches(ZoneInfo(calendar.zone), day, windows)
    stretches.sort()
    lengths = [end - begin for begin, end in stretches]
    before = list(accumulate(lengths, initial=0))
    return _Year([begin for begin, _ in stretches], [end for _, end in stretches], before[:-1], before[-1])


def _stretches(zone: ZoneInfo, day: date, windows: tuple[Window, ...]) -> list[tuple[int, int]]:
    """The moments at which a local day's clock shows one of its windows: while the offset stands still, one stretch each."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    found = []
    for begin, end, offset in _steady(zone, midnight - _REACH, midnight + timedelta(days=1) + _REACH):
        for window in windows:
            opens = max(begin, midnight + timedelta(seconds=window[0]) - offset)
            closes = min(end, midnight + timedelta(seconds=window[1]) - offset)
            if opens < closes:
                found.append((_us(opens), _us(closes)))
    return found


def _steady(zone: ZoneInfo, begin: datetime, end: datetime) -> list[tuple[datetime, datetime, timedelta]]:
    """Between two moments, the stretches in which the zone's offset from UTC stays what it is."""
    offset, last = _offset(zone, begin), _offset(zone, end)
    if offset == last:
        return [(begin, end, offset)]
    found, since = [], begin
    for hour in range(1, (end - begin) // timedelta(hours=1) + 1):
        until = begin + timedelta(hours=hour)
        if _offset(zone, until) != offset:
            change = _change(zone, until - timedelta(hours=1), until)
            found.append((since, change, offset))
            since, offset = change, _offset(zone, change)
    return [*found, (since, end, offset)]


def _change(zone: ZoneInfo, before: datetime, behind: datetime) -> datetime:
    """The second in which the offset becomes another, between two moments that have different ones."""
    offset = _offset(zone, before)
    while behind - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(behind - before) // timedelta(seconds=2))
        if _offset(zone, middle) == offset:
            before = middle
        else:
            behind = middle
    return behind


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)
