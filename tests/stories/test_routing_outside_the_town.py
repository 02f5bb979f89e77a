"""Outside the town: said so, with whom to turn to, and noticed when longitude and latitude are swapped."""

import pytest

from api.town import forget_town
from tests.support.reports import draft
from tests.support.town import (
    FAR_AWAY,
    MIDDLE_LAT,
    THE_BAY,
    WARD_1,
    WEST,
    Place,
)


def explain(caller, place, category, **how):
    return caller.get(f"/v1/routing?lon={place.lon!r}&lat={place.lat!r}&category={category}", **how)


# --- outside the town ---


@pytest.mark.parametrize(
    ("place", "body"),
    [
        pytest.param(FAR_AWAY, "county", id="the town has named who looks after what is outside"),
        pytest.param(THE_BAY, "harbour-board", id="a rule names who looks after an area outside"),
        pytest.param(Place(0.0, 0.0), "county", id="null island"),
        pytest.param(Place(180.0, 90.0), "county", id="the far corner of the world"),
    ],
)
def test_outside_the_town_says_so_and_names_whom_to_turn_to(client, resident, database, place, body):
    before = database.counts()

    resident.post("/v1/reports", json=draft("needles", at=place), expect=422)
    explain(client, place, "needles", expect=422)

    for last in (resident.last, client.last):
        assert last.problem == "outside-town"
        assert last.faults[0][1] == "outside-town"
        assert last.json["external_body"]["code"] == body
        assert last.json["external_body"]["name"] in last.json["detail"]
        assert "Squareton" in last.json["title"]
    assert database.counts() == before


def test_outside_the_town_where_nobody_is_named_just_says_so(resident, database):
    database.execute("UPDATE jurisdiction SET outside_body_id = NULL")
    forget_town()  # else a process knows for up to 15 seconds what the town was like
    resident.post("/v1/reports", json=draft("needles", at=FAR_AWAY), expect=422)

    assert resident.last.problem == "outside-town"
    assert resident.last.json["external_body"] is None


def test_just_outside_is_outside_and_just_inside_is_inside(resident):
    resident.post("/v1/reports", json=draft(location={"lon": WEST - 1e-9, "lat": MIDDLE_LAT}), expect=422)
    resident.post("/v1/reports", json=draft(location={"lon": WEST + 1e-9, "lat": MIDDLE_LAT}), expect=201)


# --- swapped ---


def test_longitude_and_latitude_swapped_is_told_when_that_would_be_in_town(resident, database):
    before = database.counts()

    resident.post("/v1/reports", json=draft(location={"lon": WARD_1.lat, "lat": WARD_1.lon}), expect=422)

    assert resident.last.problem == "invalid"
    assert resident.last.faults == [("/location/lon", "swapped")]
    assert "swapped" in resident.last.json["errors"][0]["message"]
    assert database.counts() == before


def test_swapped_is_told_also_where_the_latitude_is_off_the_earth(resident, database):
    # A town at longitude 140: swapped, its latitude is 140.
    database.execute("UPDATE jurisdiction SET outline = ST_Translate(outline, 210, 0)")

    resident.post("/v1/reports", json=draft(location={"lon": 42.025, "lat": 140.015}), expect=422)

    assert resident.last.faults == [("/location/lon", "swapped")]


@pytest.mark.parametrize(
    ("lon", "lat", "fault"),
    [
        (-69.985, 95, ("/location/lat", "too-large")),
        (-69.985, -95, ("/location/lat", "too-small")),
        (-181, 42, ("/location/lon", "too-small")),
        (181, 42, ("/location/lon", "too-large")),
        (1e308, 42, ("/location/lon", "too-large")),
    ],
)
def test_what_is_not_on_earth_is_not_called_swapped(resident, lon, lat, fault):
    resident.post("/v1/reports", json=draft(location={"lon": lon, "lat": lat}), expect=422)

    assert resident.last.faults == [fault]
