"""A round's map in one file: areas, streets, assets and stops, zoom 12 to 16, and the city's own base map under them."""

import os
from dataclasses import replace

import mapbox_vector_tile
import pytest
from shapely.geometry import LineString

from geo.map_tiles import tiles_round
from geo.offline_map import LARGEST_BYTES
from geo.points import LonLat
from tests.support.maps import LAMP, LANE, MapFile, write_base_map, write_shapes
from tests.support.town import WARD_1, WARD_4, Place

AT_MILL_LANE = Place(-69.985, 42.025)


@pytest.fixture
def a_round(dispatcher, a_report):
    """Two stops in ward 1, for no crew."""
    reports = [a_report("pothole", at=WARD_1), a_report("pothole", at=Place(-69.984, 42.026))]
    body = {"name": "North", "reports": [report.id for report in reports]}
    return dispatcher.post("/v1/work/packages", json=body, expect=201)


@pytest.fixture
def map_of(dispatcher):
    return lambda package: MapFile(dispatcher.send("GET", package["map"], expect=200).body)


@pytest.fixture
def drawn(own_town, tmp_path):
    """Puts a file of shapes on the maps: drawn("street", "lanes", shape, …)."""

    def draw(kind, layer, *shapes, **how):
        path = write_shapes(tmp_path / f"{layer}.geojson", *shapes)
        return own_town.mendway("import-map", kind, layer, path, "--name-field", "label", **how)

    return draw


def test_the_map_shows_the_stops_their_way_and_the_areas_round_them(a_round, map_of):
    found = map_of(a_round)

    references = {stop["report"]["reference"]: stop["position"] for stop in a_round["stops"]}
    assert {one["reference"]: one["position"] for one in found.features("stops", 16)} == references
    assert {one["report_id"] for one in found.features("stops")} == {stop["report"]["id"] for stop in a_round["stops"]}
    assert {one["package"] for one in found.features("route")} == {a_round["id"]}
    areas = {(one["layer"], one["code"]) for one in found.features("town_areas")}
    assert {("wards", "1"), ("districts", "west")} <= areas
    assert {zoom for zoom, _, _ in found.tiles} == {12, 13, 14, 15, 16}
    assert (found.header["min_zoom"], found.header["max_zoom"]) == (12, 16)
    assert [layer["id"] for layer in found.metadata["vector_layers"]] == [
        "town_areas",
        "town_streets",
        "town_assets",
        "stops",
        "route",
    ]


def test_streets_and_assets_are_on_it_once_the_city_has_brought_them(a_round, map_of, drawn):
    assert "2 features" in drawn("street", "lanes", LANE, LANE).out
    drawn("asset", "lamps", LAMP)

    found = map_of(a_round)

    assert {one["name"] for one in found.features("town_streets", 16)} == {"lanes 1", "lanes 2"}
    assert {(one["layer"], one["name"]) for one in found.features("town_assets")} == {("lamps", "lamps 1")}
    assert found.features("town_assets", 13) == []


def test_a_second_import_replaces_the_first_and_a_layer_can_be_removed(a_round, map_of, drawn, own_town):
    drawn("street", "lanes", LANE, LANE)
    drawn("street", "lanes", LANE)
    assert len({one["name"] for one in map_of(a_round).features("town_streets")}) == 1

    own_town.mendway("import-map", "street", "lanes", "--remove")

    assert map_of(a_round).features("town_streets") == []


def test_a_file_of_another_place_is_not_put_on_the_map(drawn, own_town, database):
    elsewhere = {"type": "LineString", "coordinates": [[10, 50], [10.1, 50.1]]}

    said = drawn("street", "lanes", elsewhere, expect=1)

    assert "nothing in it lies within 20 km of the town" in said.err
    assert database.value("SELECT count(*) FROM map_feature") == 0


def test_the_map_is_sent_again_only_when_it_changed_and_in_pieces_if_asked(a_round, dispatcher, drawn):
    first = dispatcher.send("GET", a_round["map"], expect=200)
    tag = first.headers["etag"]

    assert dispatcher.send("GET", a_round["map"], headers={"If-None-Match": tag}, expect=304).body == b""
    piece = dispatcher.ask(
        "GET", a_round["map"], {"Authorization": f"Bearer {dispatcher.token}", "Range": "bytes=0-126"}, None
    )
    assert (piece.status, piece.body) == (206, first.body[:127])
    drawn("asset", "lamps", LAMP)
    assert dispatcher.send("GET", a_round["map"], headers={"If-None-Match": tag}, expect=200).headers["etag"] != tag


def test_the_same_round_gives_the_same_bytes(a_round, dispatcher):
    from actions import package_maps

    first = dispatcher.send("GET", a_round["map"], expect=200).body
    package_maps.forget()

    assert dispatcher.send("GET", a_round["map"], expect=200).body == first


def test_the_map_of_a_round_is_there_for_whose_round_it_is(a_round, dispatcher, crew, other_crew, analyst):
    crew.send("GET", a_round["map"], expect=200)
    other_crew.get(a_round["map"], expect=404)
    analyst.get(a_round["map"], expect=403)
    dispatcher.get("/v1/work/packages/00000000-0000-7000-8000-000000000000/map", expect=404)


def test_what_left_the_crews_hands_is_not_on_its_map(a_round, dispatcher, crew, map_of):
    gone = a_round["stops"][0]["report"]
    dispatcher.post(f"/v1/triage/{gone['id']}/assign", json={"department": "works"}, if_match=1, expect=200)

    found = MapFile(crew.send("GET", a_round["map"], expect=200).body)

    assert gone["reference"] not in {one["reference"] for one in found.features("stops")}
    assert gone["reference"] in {one["reference"] for one in map_of(a_round).features("stops")}


# --- the city's own base map ---


def a_base_tile(name):
    """One road from the upper left to the lower right."""
    road = {"geometry": LineString([(0, 0), (4096, 4096)]), "properties": {"name": name}}
    return mapbox_vector_tile.encode([{"name": "roads", "features": [road]}], default_options={"y_coord_down": True})


@pytest.fixture
def based(app, tmp_path):
    """The city has a base map of zoom 12 to 14."""
    tiles = {
        tile: a_base_tile(f"{tile[0]}/{tile[1]}/{tile[2]}")
        for tile in tiles_round([LonLat(WARD_1.lon, WARD_1.lat)], 3_000)
        if tile[0] <= 14
    }
    layers = [{"id": "roads", "fields": {"name": "String"}}]
    path = write_base_map(tmp_path / "city.pmtiles", tiles, vector_layers=layers, attribution="© the city")
    before = app.config["MENDWAY"]
    app.config["MENDWAY"] = replace(before, base_map=path)
    yield path
    app.config["MENDWAY"] = before


def test_the_base_map_lies_under_what_the_town_knows(based, a_round, map_of):
    found = map_of(a_round)

    assert found.metadata["attribution"] == "© the city"
    assert found.metadata["vector_layers"][0]["id"] == "roads"
    for zoom in (12, 13, 14):
        names = {one["name"] for one in found.features("roads", zoom)}
        assert names
        assert all(name.startswith(f"{zoom}/") for name in names)
    tile = next(layers for (zoom, _, _), layers in found.tiles.items() if zoom == 14 and "stops" in layers)
    assert {"roads", "town_areas", "stops"} <= tile.keys()


def test_above_its_highest_zoom_the_base_map_is_drawn_larger(based, a_round, map_of):
    found = map_of(a_round)

    for (zoom, x, y), layers in found.tiles.items():
        if zoom != 16 or "roads" not in layers:
            continue
        names = {feature["properties"]["name"] for feature in layers["roads"]["features"]}
        assert names == {f"14/{x >> 2}/{y >> 2}"}
        # The road goes through those parts of its tile that lie on the diagonal (or touch it by their corner).
        assert abs((x & 3) - (y & 3)) <= 1
    assert found.features("roads", 16)


def test_a_base_map_that_was_replaced_shows_at_once(based, a_round, map_of):
    assert map_of(a_round).features("roads")

    write_base_map(based, {(0, 0, 0): a_base_tile("the earth")}, vector_layers=[])
    os.utime(based, (1, 1))

    assert {one["name"] for one in map_of(a_round).features("roads", 12)} <= {"the earth"}


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(
            lambda path: path.write_bytes(b"no map at all, but long enough to look like one" * 9), id="something else"
        ),
        pytest.param(lambda path: path.write_bytes(b""), id="nothing"),
        pytest.param(
            lambda path: write_base_map(path, {(0, 0, 0): b"x"}, vector_layers=[{"id": "stops"}]),
            id="a layer called like ours",
        ),
    ],
)
def test_without_a_base_map_that_can_be_read_the_crew_still_has_its_map(based, a_round, map_of, log_lines, spoil):
    spoil(based)

    found = map_of(a_round)

    assert len(found.features("stops", 16)) >= 2
    assert found.features("roads") == []
    assert any("base map cannot be used" in line for line in log_lines)


def test_a_round_across_the_whole_town_fits_into_one_file(dispatcher, a_report, map_of, drawn):
    reports = [
        a_report("other", at=place) for place in (WARD_1, WARD_4, Place(-69.999, 42.001), Place(-69.961, 42.039))
    ]
    body = {"name": "all", "reports": [report.id for report in reports], "department": "roads"}
    made = dispatcher.post("/v1/work/packages", json=body, expect=201)
    drawn("street", "lanes", *[LANE] * 200)

    size = len(dispatcher.send("GET", made["map"], expect=200).body)

    assert size < LARGEST_BYTES
    assert len({one["reference"] for one in map_of(made).features("stops")}) == 4


def test_when_it_would_be_too_large_less_is_shown_round_the_stops(a_round, dispatcher, monkeypatch):
    from actions import package_maps
    from geo import offline_map

    whole = MapFile(dispatcher.send("GET", a_round["map"], expect=200).body)
    package_maps.forget()
    limit = len(dispatcher.last.body) - 1
    monkeypatch.setattr(offline_map, "LARGEST_BYTES", limit)

    less = dispatcher.send("GET", a_round["map"], expect=200).body

    assert len(less) <= limit
    assert len(MapFile(less).tiles) < len(whole.tiles)
    assert len(MapFile(less).features("stops", 16)) >= 2
    package_maps.forget()
    monkeypatch.setattr(offline_map, "LARGEST_BYTES", 100)
    dispatcher.get(a_round["map"], expect=409)
    assert dispatcher.last.problem == "map-too-wide"
