"""The demo town: maps without slivers, and a complete town.toml."""

import json
import re
import tomllib
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
import shapely
from shapely.geometry import shape

from demo.geography import AREAS, CORRIDOR_HALF_WIDTH_M, town, write
from demo.partition import edges_of
from demo.shapes import in_metres, lines_of

DEMO = AREAS.parent
TOWN = tomllib.loads((DEMO / "town.toml").read_text(encoding="utf-8"))
PARTITIONS = ["wards", "districts", "neighbourhoods"]


def features(layer: str, folder: Path = AREAS) -> dict[str, shapely.Geometry]:
    read = json.loads((folder / f"{layer}.geojson").read_text(encoding="utf-8"))
    return {f["properties"].get("code", f["properties"]["name"]): shape(f["geometry"]) for f in read["features"]}


@pytest.fixture(scope="module")
def outline() -> shapely.Polygon:
    return features("outline")["town"]


def test_the_committed_maps_are_what_the_seed_makes(tmp_path):
    files = write(town(), tmp_path)

    assert {file.name for file in files} == {file.name for file in AREAS.glob("*.geojson")}
    for file in files:
        assert file.read_bytes() == (AREAS / file.name).read_bytes(), f"{file.name}: run python -m demo.geography"
    assert sum(file.stat().st_size for file in files) < 400_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_seed_makes_a_town(seed, tmp_path):
    write(town(seed), tmp_path)

    limits = features("outline", tmp_path)["town"]
    for layer in PARTITIONS:
        assert_cuts_up(features(layer, tmp_path), limits)
    assert len(features("parks", tmp_path)) >= 10


@pytest.mark.parametrize("layer", PARTITIONS)
def test_a_layer_cuts_the_town_up_without_gap_or_overlap(layer, outline):
    assert_cuts_up(features(layer), outline)


def assert_cuts_up(areas: dict[str, shapely.Polygon], outline: shapely.Polygon) -> None:
    for code, area in areas.items():
        assert area.geom_type == "Polygon", code
        assert area.is_valid, code
    assert sum(area.area for area in areas.values()) == pytest.approx(outline.area, rel=1e-12)
    assert shapely.coverage_union_all(list(areas.values())).equals(outline)
    assert shapely.coverage_is_valid(list(areas.values()))
    for one, other in combinations(areas.values(), 2):
        assert one.intersection(other).area == 0


@pytest.mark.parametrize("layer", PARTITIONS)
def test_neighbours_have_the_very_same_vertices_along_their_border(layer, outline):
    edges = Counter(edge for area in features(layer).values() for edge in edges_of(area))
    limits = {frozenset(edge) for edge in edges_of(outline)}

    assert set(edges.values()) == {1}
    for start, end in edges:
        assert ((end, start) in edges) != (frozenset((start, end)) in limits)


def test_the_layers_have_the_sizes_of_a_town(outline):
    counts = {layer: len(features(layer)) for layer in TOWN["layers"]}
    west, south, east, north = in_metres(outline).bounds

    assert counts == {
        "wards": 9, "districts": 5, "neighbourhoods": 22, "parks": len(features("parks")), "corridors": 1, "waterfront": 2,
    }  # fmt: skip
    assert counts["parks"] >= 10
    assert 8_000 < east - west < 10_000
    assert 5_500 < north - south < 7_500
    assert len(features("streets")) > 150, "street names are unique"


def test_parks_and_waterfront_lie_in_town_and_parks_do_not_overlap(outline):
    for layer in ("parks", "waterfront", "corridors"):
        for code, area in features(layer).items():
            assert area.is_valid
            assert area.difference(outline).area < 1e-9, f"{code} reaches beyond the town"
    for one, other in combinations(features("parks").values(), 2):
        assert not one.intersects(other)


def test_the_corridor_is_thirty_metres_to_each_side_of_the_highway():
    corridor = in_metres(features("corridors")["route-9"])
    highway = lines_of(in_metres(features("streets")["Route 9"]))[0]
    middle = highway.interpolate(0.5, normalized=True)

    assert corridor.area / highway.length == pytest.approx(2 * CORRIDOR_HALF_WIDTH_M, rel=0.01)
    assert corridor.exterior.distance(middle) == pytest.approx(CORRIDOR_HALF_WIDTH_M, abs=0.2)


# town.toml

KEYS = {
    "app": {"map_style", "privacy", "emergency", "ios", "android"},
    "town": {"code", "name", "time_zone", "languages", "outline", "outside"},
    "layers": {"name", "stamp", "file", "code_field", "name_field", "edition"},
    "departments": {"name", "phone", "email"},
    "external_bodies": {"name", "url", "phone", "open311"},
    "crews": {"name", "department"},
    "groups": {"name"},
    "categories": {"group", "name", "description", "public", "blur_m", "areas", "stop", "questions"},
    "questions": {
        "code", "type", "required", "private", "label", "help", "min", "max", "max_length", "choices", "when",
    },
    "choices": {"code", "label", "stop"},
    "rules": {"priority", "category", "group", "area", "department", "body"},
    "staff": {"name", "role", "crew", "department"},
    "calendars": {"hours", "holidays"},
    "targets": {"priority", "hours", "days", "calendar", "warn_hours", "escalate_hours"},
    "notices": {"text", "severity", "link", "from", "until"},
    "workflow": {"dispute_days", "followers_may_dispute"},
    "reasons": {"for", "name", "public"},
    "templates": {"status", "category", "group", "text"},
}  # fmt: skip


def questions() -> list[tuple[str, dict]]:
    return [(code, q) for code, category in TOWN["categories"].items() for q in category.get("questions", [])]


def test_town_toml_uses_no_key_that_apply_does_not_know():
    assert TOWN["format"] == 1
    assert set(TOWN) == {"format", *KEYS} - {"questions", "choices"}
    assert set(TOWN["town"]) <= KEYS["town"]
    assert set(TOWN["app"]) <= KEYS["app"]
    assert set(TOWN["workflow"]) <= KEYS["workflow"]
    for table in set(TOWN) - {"format", "town", "app", "workflow"}:
        for code, entry in TOWN[table].items():
            assert re.fullmatch(r"[a-z][a-z0-9-]*", code)
            assert set(entry) <= KEYS[table], f"{table}.{code}"
    for category, question in questions():
        assert set(question) <= KEYS["questions"], category
        for choice in question.get("choices", []):
            assert set(choice) <= KEYS["choices"], category


def test_every_text_is_there_in_every_language():
    def texts(value, path=""):
        if isinstance(value, dict):
            if "en" in value or "es" in value:
                yield path, value
            else:
                for key, inner in value.items():
                    yield from texts(inner, f"{path}.{key}")
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from texts(inner, f"{path}[{number}]")

    found = list(texts(TOWN))

    assert len(found) > 250
    for path, text in found:
        assert set(text) == set(TOWN["town"]["languages"]), path
        assert all(words.strip() for words in text.values()), path


def test_every_reference_in_town_toml_resolves():
    areas = {f"{layer}:{code}" for layer in TOWN["layers"] for code in features(layer)}
    for entry in [TOWN["town"]["outline"], *(layer["file"] for layer in TOWN["layers"].values())]:
        assert (DEMO / entry).is_file()
    assert TOWN["town"]["outside"] in TOWN["external_bodies"]
    for category in TOWN["categories"].values():
        assert category["group"] in TOWN["groups"]
        assert set(category.get("areas", [])) <= areas
    for crew in TOWN["crews"].values():
        assert crew["department"] in TOWN["departments"]
    for person in TOWN["staff"].values():
        assert ("crew" in person) == (person["role"] == "crew")
        assert person.get("crew", next(iter(TOWN["crews"]))) in TOWN["crews"]
        assert person.get("department", "roads") in TOWN["departments"]
    for code, rule in TOWN["rules"].items():
        assert ("department" in rule) != ("body" in rule), code
        assert not ("category" in rule and "group" in rule), code
        assert rule.get("department", "roads") in TOWN["departments"]
        assert rule.get("body", "county") in TOWN["external_bodies"]
        assert rule.get("category", "pothole") in TOWN["categories"]
        assert rule.get("group", "streets") in TOWN["groups"]
        assert rule.get("area", "parks") in areas | set(TOWN["layers"]), code
    assert {person["crew"] for person in TOWN["staff"].values() if "crew" in person} == set(TOWN["crews"])


def test_every_question_is_complete_and_asked_after_the_one_it_depends_on():
    for code, category in TOWN["categories"].items():
        seen: dict[str, set[str]] = {}
        for question in category.get("questions", []):
            assert question["code"] not in seen, code
            assert ("choices" in question) == (question["type"] in ("choice", "multi_choice")), code
            assert ("max_length" in question) == (question["type"] == "text"), code
            if when := question.get("when"):
                assert set(when["is"]) <= seen[when["question"]], code
            choices = {choice["code"] for choice in question.get("choices", [])}
            assert len(choices) == len(question.get("choices", []))
            seen[question["code"]] = choices or ({"yes", "no"} if question["type"] == "yes_no" else set())


def test_the_town_shows_what_a_town_may_need():
    categories, rules = TOWN["categories"], TOWN["rules"].values()

    assert 22 <= len(categories) <= 26
    assert [code for code, category in categories.items() if "stop" in category] == ["gas-leak"]
    assert [code for code, category in categories.items() if not category["public"]] == ["unsafe-housing"]
    assert {code for code, category in categories.items() if category["blur_m"]} == {"missed-collection", "rats"}
    assert {code for code, category in categories.items() if category.get("areas")} == {"beach", "dock"}
    assert sum(question["private"] for _, question in questions()) >= 2
    assert any("stop" in choice for _, question in questions() for choice in question.get("choices", []))
    assert {question["type"] for _, question in questions()} == {
        "choice", "multi_choice", "yes_no", "number", "text", "date",
    }  # fmt: skip
    assert [rule for rule in rules if not {"category", "group", "area"} & set(rule)] == [
        {"priority": 0, "department": "community"}
    ], "one rule takes what no other takes"
