"""Boundaries as cities publish them: Boston's and Cambridge's own files, read from beside the checkout where they are."""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import shapely
from shapely import STRtree
from sqlalchemy import text

from tests.support.bare import SHARED_DATA, BareTown, copied
from tests.support.contract import Contract
from tests.support.server import Server

BOSTON, CAMBRIDGE = SHARED_DATA / "boston", SHARED_DATA / "cambridge"

pytestmark = pytest.mark.skipif(not BOSTON.is_dir(), reason=f"published files are not at {SHARED_DATA}")

ON_A_LINE = 1e-9  # degrees; nearer than a tenth of a millimetre to a border, two programs may differ in the last digit

TOWN = """
format = 1
[town]
code = "{code}"
name = {{ en = "{code}" }}
time_zone = "America/New_York"
languages = ["en"]
outline = "{outline}"
"""

BOSTONS_LAYERS = f"""
[layers.wards]
name = {{ en = "Wards" }}
stamp = true
file = "{BOSTON}/wards.geojson"
code_field = "WARD"
edition = "2015"

[layers.police]
name = {{ en = "Police districts" }}
stamp = true
file = "{BOSTON}/police_districts.shp.zip"
code_field = "DISTRICT"
edition = "2015"

[layers.neighborhoods]
name = {{ en = "Neighborhoods" }}
stamp = true
file = "{BOSTON}/neighborhoods.geojson"
code_field = "Neighborhood_ID"
name_field = "Name"
edition = "2015"
"""


@pytest.fixture(scope="module")
def boston(
    bare_template: tuple[Server, str], tmp_path_factory: pytest.TempPathFactory, contract: Contract
) -> Iterator[BareTown]:
    """One Boston for all tests here; each adds at most a layer of its own."""
    folder = tmp_path_factory.mktemp("boston")
    path = folder / "boston.toml"
    path.write_text(TOWN.format(code="boston", outline=BOSTON / "wards.geojson") + BOSTONS_LAYERS)
    with copied(bare_template, folder, contract) as town:
        said = town.mendway("apply", path)
        assert "repaired 5 (5): Ring Self-intersection" in said.out
        yield town


def covering(town: BareTown, layer: str, points: list[tuple[float, float]]) -> list[set[str]]:
    """The codes of the areas in force that cover each point, as the database answers."""
    question = text(
        """
        SELECT n, array_remove(array_agg(a.code), NULL) AS codes
        FROM unnest(CAST(:lons AS float8[]), CAST(:lats AS float8[])) WITH ORDINALITY AS p (lon, lat, n)
        LEFT JOIN area a ON a.is_current AND a.layer_id = (SELECT id FROM layer WHERE code = :layer)
          AND ST_Covers(a.geom, ST_SetSRID(ST_MakePoint(lon, lat), 4326))
        GROUP BY n ORDER BY n
        """
    )
    values = {"lons": [lon for lon, _ in points], "lats": [lat for _, lat in points], "layer": layer}
    with town.session() as session:
        return [set(row.codes) for row in session.execute(question, values)]


def test_every_point_is_in_exactly_the_ward_that_shapely_says(boston: BareTown):
    features = json.loads((BOSTON / "wards.geojson").read_text())["features"]
    wards = {str(at["properties"]["WARD"]): shapely.from_geojson(json.dumps(at["geometry"])) for at in features}
    shapes = [shapely.make_valid(shape, method="structure", keep_collapsed=False) for shape in wards.values()]
    chance = Random(2015)
    points = [(chance.uniform(-71.192, -70.985), chance.uniform(42.227, 42.397)) for _ in range(20_000)]

    found = covering(boston, "wards", points)

    tree, codes = STRtree(shapes), list(wards)
    borders = shapely.union_all([shape.boundary for shape in shapes])
    shapely.prepare(borders)
    expected: list[set[str]] = [set() for _ in points]
    for point, area in zip(*tree.query(shapely.points(points), predicate="intersects"), strict=True):
        expected[point].add(codes[area])
    different = [place for place, (ours, theirs) in enumerate(zip(found, expected, strict=True)) if ours != theirs]
    assert [points[place] for place in different if borders.distance(shapely.Point(points[place])) > ON_A_LINE] == []
    assert sum(map(bool, found)) > 7_000


@pytest.mark.parametrize(
    ("lon", "lat", "district"),
    [
        pytest.param(-71.0580, 42.3604, "A1", id="City Hall"),
        pytest.param(-71.0910, 42.3344, "B2", id="Police headquarters at Schroeder Plaza"),
        pytest.param(-71.0275, 42.3690, "A7", id="Airport station, East Boston"),
        pytest.param(-71.1280, 42.2860, "E5", id="Roslindale Square"),
    ],
)
def test_police_districts_in_state_plane_feet_lie_where_they_are(
    boston: BareTown, lon: float, lat: float, district: str
):
    assert covering(boston, "police", [(lon, lat)]) == [{district}]


def test_the_citys_own_labels_agree(boston: BareTown):
    """The city labelled its requests by street segment and other vintages, so a few differ; a wrong datum would move far more."""
    with gzip.open(BOSTON / "requests_2015.csv.gz", "rt", encoding="utf-8") as file:
        rows = [row for number, row in enumerate(csv.DictReader(file)) if number % 40 == 0]
    rows = [row for row in rows if row["lat"] and row["police"] and (row["lat"], row["lon"]) != ("42.3594", "-71.0587")]
    points = [(float(row["lon"]), float(row["lat"])) for row in rows]

    police = covering(boston, "police", points)
    wards = covering(boston, "wards", points)

    agreeing = sum(row["police"] in codes for row, codes in zip(rows, police, strict=True))
    assert agreeing / len(rows) > 0.99
    labels = [row["ward"].removeprefix("Ward ").lstrip("0") for row in rows]
    assert sum(label in codes for label, codes in zip(labels, wards, strict=True)) / len(rows) > 0.985


def test_precincts_in_feet_without_a_crs_are_refused_with_the_cause(boston: BareTown):
    path = BOSTON / "precincts_state_plane_feet_no_crs.geojson"
    before = boston.counts()

    said = boston.mendway("import-areas", "precincts", path, "--code-field", "WARD_PRECINCT", expect=1)

    assert "cannot be in degrees: x runs from 739,594 to 803,688 and y from 2,908,187 to 2,970,073." in said.err
    assert "Read as EPSG:2249 (NAD83 / Massachusetts Mainland (ftUS)), it would lie in the town." in said.err
    assert boston.counts() == before


def test_precincts_come_in_when_their_crs_is_named(boston: BareTown):
    path = BOSTON / "precincts_state_plane_feet_no_crs.geojson"

    said = boston.mendway("import-areas", "precincts", path, "--code-field", "WARD_PRECINCT", "--crs", "EPSG:2249")

    assert "255 areas" in said.out
    with_ward = covering(boston, "precincts", [(-71.0910, 42.3344)])
    assert {code[:2].lstrip("0") for code in with_ward[0]} == covering(boston, "wards", [(-71.0910, 42.3344)])[0]


def test_two_thirds_of_a_file_is_not_a_layer(boston: BareTown):
    said = boston.mendway("import-areas", "zip", BOSTON / "zip_codes.geojson", "--code-field", "ZIP5", expect=1)

    assert "features have the ZIP5 '02" in said.err


def test_cambridge_comes_in_from_its_own_files(bare: BareTown, tmp_path: Path):
    path = tmp_path / "cambridge.toml"
    path.write_text(TOWN.format(code="cambridge", outline=CAMBRIDGE / "city_boundary.geojson"))
    bare.mendway("apply", path)

    said = bare.mendway("import-areas", "neighborhoods", CAMBRIDGE / "neighborhoods.geojson", "--code-field", "N_HOOD")
    roads = bare.mendway(
        "import-areas", "roads", CAMBRIDGE / "major_roads.geojson", "--code-field", "GlobalID", expect=1
    )
    lights = bare.mendway("import-areas", "lights", CAMBRIDGE / "street_lights.geojson", expect=1)
    spaces = bare.mendway("import-areas", "open-space", CAMBRIDGE / "open_space.geojson")

    assert "13 areas" in said.out
    assert "(code from N_HOOD, name from NAME)" in said.out
    assert "is a LineString; areas are Polygons or MultiPolygons." in roads.err
    assert "is a Point; areas are Polygons or MultiPolygons." in lights.err
    assert "276 areas" in spaces.out
    assert covering(bare, "neighborhoods", [(-71.1189, 42.3734)])[0]  # Harvard Square
