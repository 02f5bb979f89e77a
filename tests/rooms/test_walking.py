"""The order in which a crew walks through its reports."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from geo.points import LonLat
from geo.walking import length_m, metres, walking_order

places = st.builds(LonLat, lon=st.floats(-70.0, -69.96), lat=st.floats(42.0, 42.04))


@given(st.lists(places, max_size=40), st.none() | places)
def test_every_place_is_visited_once(stops, start):
    assert sorted(walking_order(stops, start)) == list(range(len(stops)))


@given(st.lists(places, min_size=2, max_size=7), st.none() | places)
def test_the_way_is_at_most_a_fifth_longer_than_the_best(stops, start):
    before = [start] if start else []

    found = length_m([*before, *(stops[index] for index in walking_order(stops, start))])

    best = min(length_m([*before, *order]) for order in permutations(stops))
    assert found <= best * 1.2 + 0.01


@given(st.lists(places, min_size=3, max_size=25))
def test_no_two_legs_of_the_way_could_be_swapped_for_shorter_ones(stops):
    way = [stops[index] for index in walking_order(stops)]

    length = length_m(way)
    for begin in range(1, len(way)):
        for end in range(begin + 1, len(way) + 1):
            turned = [*way[:begin], *reversed(way[begin:end]), *way[end:]]
            assert length_m(turned) >= length - 0.01


def test_a_street_is_walked_from_one_end_to_the_other():
    street = [LonLat(-70 + step * 0.001, 42.0) for step in (4, 0, 3, 1, 2, 5)]

    assert walking_order(street, LonLat(-70.0001, 42.0)) == [1, 3, 4, 2, 0, 5]
    assert walking_order(street, LonLat(-69.9, 42.0)) == [5, 0, 2, 4, 3, 1]


def test_the_same_places_come_in_the_same_order():
    ring = [LonLat(-70, 42), LonLat(-70, 42.01), LonLat(-69.99, 42.01), LonLat(-69.99, 42)]

    assert walking_order(ring) == walking_order(ring)


def test_distances_are_metres():
    degree_of_latitude = metres(LonLat(-70, 42), LonLat(-70, 43))

    assert abs(degree_of_latitude - 111_195) < 5
    assert length_m([]) == length_m([LonLat(0, 0)]) == 0
