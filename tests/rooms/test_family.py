"""Where a report with parts belongs. Pure: no database."""

from hypothesis import given
from hypothesis import strategies as st

from actions.family import whole_of_parts
from domain.status import PHASES, Phase, Status

STATUSES = st.sampled_from(list(Status))
PARTS = st.lists(STATUSES, min_size=1, max_size=5)
OVER = {status for status, phase in PHASES.items() if phase == Phase.CLOSED}


def settled(now, parts):
    """Where it stands after it has followed."""
    return whole_of_parts(now, parts) or now


@given(STATUSES, PARTS)
def test_it_is_over_exactly_when_all_parts_are(now, parts):
    assert (settled(now, parts) in OVER) is all(part in OVER for part in parts)


@given(STATUSES, PARTS)
def test_it_is_resolved_when_it_is_over_and_a_part_is(now, parts):
    if all(part in OVER for part in parts):
        assert (settled(now, parts) == Status.RESOLVED) is (Status.RESOLVED in parts)


@given(STATUSES, PARTS)
def test_it_is_in_progress_when_a_part_is_and_nothing_is_asked(now, parts):
    if Status.IN_PROGRESS in parts:
        assert settled(now, parts) == (
            Status.NEEDS_INFORMATION if now == Status.NEEDS_INFORMATION else Status.IN_PROGRESS
        )


@given(STATUSES, PARTS)
def test_following_twice_is_following_once(now, parts):
    assert whole_of_parts(settled(now, parts), parts) is None


@given(STATUSES, PARTS)
def test_the_order_of_the_parts_does_not_matter(now, parts):
    assert settled(now, parts) == settled(now, parts[::-1]) == settled(now, sorted(parts))


@given(STATUSES)
def test_without_parts_it_stays(now):
    assert whole_of_parts(now, []) is None
