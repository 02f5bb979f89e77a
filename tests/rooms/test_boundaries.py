"""Reading boundary files: every format and CRS to the same areas, what is repaired, what is refused and how it is said."""

import json
import math
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from geo.boundaries import AreaSet, read_areas, read_outline
from geo.readers import UnusableFile, read_features
from geo.writers import geojson as as_geojson
from tests.support.database import Database
from tests.support.server import sqlalchemy_url
from tests.support.shapes import feature, geojson, polygon, square, zipped

TOWN = shapely.to_wkb(shapely.box(-70.0, 42.0, -69.96, 42.04))


@pytest.fixture(scope="module")
def session(worker_database: Database) -> Iterator[Session]:
    """Only lends PostGIS."""
    engine = create_engine(sqlalchemy_url(worker_database.url))
    with Session(engine) as lent:
        yield lent
    engine.dispose()


@pytest.fixture
def two_squares(tmp_path: Path) -> Path:
    return geojson(
        tmp_path / "two.geojson",
        feature(square(-70.0, 42.0, 0.02), code="a", name="Ålder"),
        feature(square(-69.98, 42.0, 0.02), code="b", name="Borough"),
    )


def refused(session: Session, path: Path, *fields: str | None, **how: Any) -> list[str]:
    with pytest.raises(UnusableFile) as refusal:
        read_areas(session, path, *fields, **how)
    return refusal.value.mistakes


def shape_of(found: AreaSet, code: str) -> shapely.MultiPolygon:
    return shapely.from_wkb(next(area.wkb for area in found.areas if area.code == code))


# --- formats ---


def write(path: Path, crs: str | None, shapes: list[Any], **columns: list[Any]) -> Path:
    """A file of any format that GDAL writes, chosen by the suffix."""
    wkb = np.array([shapely.to_wkb(shape) for shape in shapes], dtype=object)
    data = [np.array(values, dtype=object) for values in columns.values()]
    kind = "Polygon" if all(shape.geom_type == "Polygon" for shape in shapes) else "Unknown"
    pyogrio.raw.write(path, wkb, data, list(columns), crs=crs, geometry_type=kind, encoding="UTF-8")
    return path


def as_shapefile(folder: Path) -> Path:
    shapes = [shapely.box(-70.0, 42.0, -69.98, 42.02), shapely.box(-69.98, 42.0, -69.96, 42.02)]
    return write(folder / "two.shp", "EPSG:4326", shapes, code=["a", "b"], name=["Ålder", "Borough"])


def as_zipped_shapefile(folder: Path) -> Path:
    plain = as_shapefile(folder)
    return zipped(
        folder / "two.zip", *(plain.with_suffix(suffix) for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"))
    )


def as_geopackage(folder: Path) -> Path:
    shapes = [shapely.box(-70.0, 42.0, -69.98, 42.02), shapely.box(-69.98, 42.0, -69.96, 42.02)]
    return write(folder / "two.gpkg", "EPSG:4326", shapes, code=["a", "b"], name=["Ålder", "Borough"])


@pytest.mark.parametrize("make", [as_shapefile, as_zipped_shapefile, as_geopackage])
def test_every_format_gives_the_same_areas(
    session: Session, two_squares: Path, tmp_path: Path, make: Callable[[Path], Path]
):
    expected = read_areas(session, two_squares, "code", "name", town=TOWN)

    found = read_areas(session, make(tmp_path), "code", "name", town=TOWN)

    assert [(area.code, area.name) for area in found.areas] == [("a", "Ålder"), ("b", "Borough")]
    for code in ("a", "b"):
        assert shape_of(found, code).equals(shape_of(expected, code))


def test_sizes_are_square_metres_on_the_ground(session: Session, two_squares: Path):
    found = read_areas(session, two_squares, "code")

    # 0.02° of latitude are 2,221.4 m at 42.01° north, 0.02° of longitude 1,656.2 m (WGS 84).
    assert found.areas[0].size_m2 == pytest.approx(2221.4 * 1656.2, rel=1e-3)


def test_heights_and_measures_are_left_out(session: Session, tmp_path: Path):
    high = polygon([[-70.0, 42.0, 12], [-69.98, 42.0, 13], [-69.98, 42.02, 14], [-70.0, 42.0, 12]])

    found = read_areas(session, geojson(tmp_path / "high.geojson", feature(high, code="a")), "code")

    assert not shape_of(found, "a").has_z


def test_the_order_of_a_file_does_not_change_what_it_says(session: Session, tmp_path: Path):
    parts = [feature(square(-70.0 + n / 100, 42.0, 0.01), code=str(n)) for n in range(4)]

    one = read_areas(session, geojson(tmp_path / "one.geojson", *parts), "code")
    other = read_areas(session, geojson(tmp_path / "other.geojson", *reversed(parts)), "code")

    assert one.content_hash == other.content_hash


# --- coordinate reference systems ---


def massachusetts_feet(lon: float, lat: float) -> tuple[float, float]:
    """EPSG:2249, by the formulas of EPSG guidance note 7-2 (Lambert conic conformal, two standard parallels), GRS 80."""
    a, e2 = 6378137.0, 0.00669438002290
    e = math.sqrt(e2)
    phi, lam = math.radians(lat), math.radians(lon)
    phi_f, lam_f = math.radians(41.0), math.radians(-71.5)
    phi_1, phi_2 = math.radians(42 + 41 / 60), math.radians(41 + 43 / 60)

    def m(p: float) -> float:
        return math.cos(p) / math.sqrt(1 - e2 * math.sin(p) ** 2)

    def t(p: float) -> float:
        return math.tan(math.pi / 4 - p / 2) / ((1 - e * math.sin(p)) / (1 + e * math.sin(p))) ** (e / 2)

    n = (math.log(m(phi_1)) - math.log(m(phi_2))) / (math.log(t(phi_1)) - math.log(t(phi_2)))
    f = m(phi_1) / (n * t(phi_1) ** n)
    r, r_f, theta = a * f * t(phi) ** n, a * f * t(phi_f) ** n, n * (lam - lam_f)
    us_foot = 1200 / 3937
    return (200_000 + r * math.sin(theta)) / us_foot, (750_000 + r_f - r * math.cos(theta)) / us_foot


def test_state_plane_feet_come_to_where_the_formulas_say(session: Session, tmp_path: Path):
    corners = [(-71.07, 42.35), (-71.05, 42.35), (-71.05, 42.37), (-71.07, 42.37)]
    shape = shapely.Polygon([massachusetts_feet(*corner) for corner in corners])

    found = read_areas(session, write(tmp_path / "feet.shp", "EPSG:2249", [shape], code=["a"]), "code")

    moved = shapely.get_coordinates(shape_of(found, "a"))
    nearest = [min(np.hypot(*(moved - corner).T)) for corner in corners]
    assert max(nearest) < 2e-8  # two millimetres


MERCATOR_OF_ITS_OWN = (
    'PROJCS["Town grid",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["latitude_of_origin",42],PARAMETER["central_meridian",-70],PARAMETER["scale_factor",1],'
    'PARAMETER["false_easting",1000],PARAMETER["false_northing",2000],UNIT["metre",1]]'
)


@pytest.mark.parametrize(
    ("crs", "lon", "lat"),
    [
        pytest.param("EPSG:2249", -71.06, 42.36, id="Massachusetts, US feet"),
        pytest.param("EPSG:2193", 174.76, -36.85, id="New Zealand: the standard names northing before easting"),
        pytest.param("EPSG:31467", 9.0, 48.8, id="Germany, Gauß-Krüger: northing first, another datum"),
        pytest.param("EPSG:27700", -1.5, 53.8, id="Britain"),
        pytest.param("EPSG:32733", 18.4, -33.9, id="UTM, south"),
        pytest.param("EPSG:3857", -70.0, 42.0, id="web Mercator"),
        pytest.param("EPSG:4269", -70.0, 42.0, id="degrees of NAD 83"),
        pytest.param(MERCATOR_OF_ITS_OWN, -70.0, 42.0, id="a grid without an EPSG code"),
    ],
)
@pytest.mark.parametrize("suffix", [".gpkg", ".shp"])
def test_areas_in_any_declared_crs_come_to_their_place(
    session: Session, tmp_path: Path, crs: str, lon: float, lat: float, suffix: str
):
    there = "ST_Transform(ST_SetSRID(ST_GeomFromWKB(:wkb), 4326), CAST(:crs AS text))"
    drawn = shapely.box(lon, lat, lon + 0.02, lat + 0.02)
    moved = session.execute(
        text(f"SELECT ST_AsBinary({there})"), {"wkb": shapely.to_wkb(drawn), "crs": crs}
    ).scalar_one()

    found = read_areas(
        session, write(tmp_path / f"a{suffix}", crs, [shapely.from_wkb(bytes(moved))], code=["a"]), "code"
    )

    assert shapely.hausdorff_distance(shape_of(found, "a"), drawn) < 1e-7


def test_geojson_that_names_another_crs_is_believed(session: Session, tmp_path: Path):
    corners = [list(massachusetts_feet(lon, lat)) for lon, lat in [(-71.07, 42.35), (-71.05, 42.35), (-71.06, 42.37)]]
    named = feature(polygon([*corners, corners[0]]), code="a")

    found = read_areas(session, geojson(tmp_path / "a.geojson", named, crs="urn:ogc:def:crs:EPSG::2249"), "code")

    assert shape_of(found, "a").centroid.distance(shapely.Point(-71.06, 42.3567)) < 1e-3


def test_geojson_in_feet_without_a_crs_is_refused_with_the_likely_cause(session: Session, tmp_path: Path):
    corners = [list(massachusetts_feet(lon, lat)) for lon, lat in [(-70.0, 42.0), (-69.96, 42.0), (-69.98, 42.04)]]
    path = geojson(tmp_path / "feet.geojson", feature(polygon([*corners, corners[0]]), code="a"))

    (mistake,) = refused(session, path, "code", town=TOWN)

    assert mistake.startswith("feet.geojson cannot be in degrees: x runs from ")
    assert "Read as EPSG:2249 (NAD83 / Massachusetts Mainland (ftUS)), it would lie in the town." in mistake
    assert "--crs" in mistake


def test_feet_without_a_crs_and_without_a_town_are_called_what_they_look_like(session: Session, tmp_path: Path):
    path = geojson(tmp_path / "feet.geojson", feature(square(770_000, 2_950_000, 500), code="a"))

    (mistake,) = refused(session, path, "code")

    assert "These look like feet or metres on a plane" in mistake


def test_a_crs_that_is_named_by_hand_is_used(session: Session, tmp_path: Path):
    corners = [list(massachusetts_feet(lon, lat)) for lon, lat in [(-70.0, 42.0), (-69.96, 42.0), (-69.98, 42.04)]]
    path = geojson(tmp_path / "feet.geojson", feature(polygon([*corners, corners[0]]), code="a"))

    found = read_areas(session, path, "code", town=TOWN, crs="EPSG:2249")

    assert shape_of(found, "a").bounds == pytest.approx((-70.0, 42.0, -69.96, 42.04), abs=1e-7)


@pytest.mark.parametrize("crs", ["EPSG:999999", "nonsense", "+proj=nothing"])
def test_a_crs_that_nobody_knows_is_refused(session: Session, two_squares: Path, crs: str):
    (mistake,) = refused(session, two_squares, "code", crs=crs)

    assert f"cannot be moved from {crs} to degrees" in mistake


def test_geojson_with_an_unknown_crs_is_not_taken_for_degrees(session: Session, tmp_path: Path):
    path = geojson(tmp_path / "a.geojson", feature(square(-70, 42, 0.01), code="a"), crs="urn:ogc:def:crs:EPSG::99999")

    (mistake,) = refused(session, path, "code")

    assert mistake == "a.geojson names a coordinate reference system that is not known: urn:ogc:def:crs:EPSG::99999."


def test_a_shapefile_without_its_prj_is_refused(session: Session, tmp_path: Path):
    path = as_shapefile(tmp_path)
    path.with_suffix(".prj").unlink()

    (mistake,) = refused(session, path, "code")

    assert "has no .prj beside it and does not say its coordinate reference system" in mistake
    assert "These may be degrees (EPSG:4326)" in mistake


def test_longitude_and_latitude_swapped_is_said(session: Session, tmp_path: Path):
    path = geojson(tmp_path / "a.geojson", feature(square(42.0, -70.0, 0.02), code="a"))

    (mistake,) = refused(session, path, "code", town=TOWN)

    assert "km away from the town. With longitude and latitude swapped they would lie in it." in mistake


# --- repairs ---

BOW_TIE = polygon([[-70.0, 42.0], [-69.98, 42.02], [-69.98, 42.0], [-70.0, 42.02], [-70.0, 42.0]])


def test_a_self_crossing_ring_is_repaired_and_reported(session: Session, tmp_path: Path):
    path = geojson(
        tmp_path / "a.geojson",
        feature(BOW_TIE, code="tie", name="Tie"),
        feature(square(-69.98, 42.0, 0.02), code="b", name="B"),
    )

    found = read_areas(session, path, "code", "name")

    assert found.repairs == ["tie (Tie): Self-intersection[-69.99 42.01]"]
    assert shape_of(found, "tie").is_valid
    assert shape_of(found, "tie").area == pytest.approx(0.02 * 0.02 / 2)


def test_an_open_ring_is_closed_and_reported(session: Session, tmp_path: Path):
    path = geojson(
        tmp_path / "a.geojson",
        feature(polygon([[-70.0, 42.0], [-69.98, 42.0], [-69.98, 42.02], [-70.0, 42.02]]), code="a"),
    )

    found = read_areas(session, path, "code")

    assert found.repairs == ["a (a): Ring was not closed"]
    assert shape_of(found, "a").area == pytest.approx(0.02 * 0.02)


def test_overlaps_and_gaps_are_measured(session: Session, tmp_path: Path):
    path = geojson(
        tmp_path / "a.geojson",
        feature(square(-70.0, 42.0, 0.03), code="a"),
        feature(square(-69.98, 42.0, 0.03), code="b"),
    )

    survey = read_areas(session, path, "code", town=TOWN).survey

    per_square_degree = read_areas(session, path, "code").areas[0].size_m2 / 0.03**2
    assert survey is not None
    assert survey.overlap_m2 == pytest.approx(0.01 * 0.03 * per_square_degree, rel=1e-3)
    assert survey.beyond_m2 == pytest.approx(0.01 * 0.03 * per_square_degree, rel=1e-3)
    assert survey.gap_m2 == pytest.approx(0.04 * 0.01 * per_square_degree, rel=1e-3)


# --- refusals ---


def some(*features: dict[str, Any]) -> Callable[[Path], Path]:
    return lambda folder: geojson(folder / "a.geojson", *features)


def raw(content: bytes, name: str = "a.geojson") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def nan_polygon(folder: Path) -> Path:
    return raw(
        b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"a"},"geometry":'
        b'{"type":"Polygon","coordinates":[[[-70,42],[NaN,42],[-69.9,42.1],[-70,42]]]}}]}'
    )(folder)


def latin_1(folder: Path) -> Path:
    text_ = json.dumps(
        {"type": "FeatureCollection", "features": [feature(square(-70, 42, 0.01), code="peña")]}, ensure_ascii=False
    )
    return raw(text_.encode("latin-1"))(folder)


def several_layers(folder: Path) -> Path:
    path = write(folder / "a.gpkg", "EPSG:4326", [shapely.box(0, 0, 1, 1)], code=["a"])
    wkb = np.array([shapely.to_wkb(shapely.box(0, 0, 1, 1))], dtype=object)
    pyogrio.raw.write(
        path,
        wkb,
        [np.array(["b"], dtype=object)],
        ["code"],
        crs="EPSG:4326",
        geometry_type="Polygon",
        layer="more",
        append=True,
    )
    return path


def cut_zip(folder: Path) -> Path:
    path = as_zipped_shapefile(folder)
    path.write_bytes(path.read_bytes()[:-200])
    return path


def damaged_zip(folder: Path) -> Path:
    plain = geojson(folder / "a.geojson", feature(square(-70, 42, 0.01), code="a"))
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.write(plain, "a.geojson")
    path.write_bytes(path.read_bytes().replace(b"Polygon", b"Polyg0n"))
    return path


def zip_that_claims(folder: Path, size: int) -> Path:
    """A zip of a megabyte of spaces that says it unpacks to `size` bytes."""
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.geojson", b" " * 1024**2)
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", 1024**2), struct.pack("<I", size)))
    return path


def bomb(folder: Path) -> Path:
    return zip_that_claims(folder, 2_000_000_000)


def lying_bomb(folder: Path) -> Path:
    return zip_that_claims(folder, 10)


def wandering_zip(folder: Path) -> Path:
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../outside.geojson", "{}")
    return path


def empty_zip(folder: Path) -> Path:
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    return path


def two_in_a_zip(folder: Path) -> Path:
    one, two = (
        geojson(folder / f"{name}.geojson", feature(square(-70, 42, 0.01), code="a")) for name in ("one", "two")
    )
    return zipped(folder / "a.zip", one, two)


SQUARE = square(-70, 42, 0.01)


@pytest.mark.parametrize(
    ("make", "mistake"),
    [
        pytest.param(lambda folder: folder / "gone.geojson", "gone.geojson is not there.", id="no file"),
        pytest.param(lambda folder: folder, "is not a file.", id="a folder"),
        pytest.param(raw(b""), "a.geojson is empty.", id="empty file"),
        pytest.param(raw(b"hello"), "is not GeoJSON, a Shapefile (.shp or .zip) or a GeoPackage.", id="text"),
        pytest.param(raw(b'{"type":"FeatureColl'), "a.geojson cannot be read", id="cut off"),
        pytest.param(raw(b'{"a": 1}'), "a.geojson cannot be read", id="other JSON"),
        pytest.param(raw(b"x", "a.dbf"), "is one part of a Shapefile; name the .shp", id="a part of a Shapefile"),
        pytest.param(
            raw(
                b'{"type":"Topology","objects":{"x":{"type":"Polygon","arcs":[[0]]}},"arcs":[[[0,0],[1,0],[1,1],[0,0]]]}'
            ),
            "a.geojson is TopoJSON; GeoJSON, Shapefile and GeoPackage are read.",
            id="TopoJSON",
        ),
        pytest.param(
            raw(b"<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>"),
            "is not GeoJSON, a Shapefile",
            id="a file that points to another",
        ),
        pytest.param(latin_1, "holds text that is not UTF-8; save it as UTF-8.", id="Latin-1"),
        pytest.param(some(), "a.geojson holds no features.", id="no features"),
        pytest.param(some(feature(None, code="a")), "feature 1 (code 'a') has no shape.", id="no shape"),
        pytest.param(some(feature(polygon(), code="a")), "feature 1 (code 'a') has an empty shape.", id="empty shape"),
        pytest.param(nan_polygon, "feature 1 (code 'a') has a coordinate that is not a number.", id="NaN"),
        pytest.param(
            some(feature(SQUARE, code="a"), feature({"type": "Point", "coordinates": [-70, 42]}, code="b")),
            "feature 2 (code 'b') is a Point; areas are Polygons or MultiPolygons.",
            id="a point among polygons",
        ),
        pytest.param(
            some(feature(polygon([[-70, 42], [-69, 42], [-70, 42]]), code="a")),
            "feature 1 (code 'a')",
            id="a line as a ring",
        ),
        pytest.param(
            some(feature(polygon([[-70, 42], [-69.9, 42], [-69.8, 42], [-70, 42]]), code="a")),
            "feature 1 (code 'a') covers no surface.",
            id="a flat ring",
        ),
        pytest.param(
            some(feature(SQUARE, code="a"), feature(square(-69.9, 42, 0.01), code="a")),
            "2 features have the code 'a'; codes must differ.",
            id="the same code twice",
        ),
        pytest.param(
            some(feature(SQUARE, code="a"), feature(SQUARE, code=None)),
            "feature 2 has no code.",
            id="a feature without a code",
        ),
        pytest.param(some(feature(SQUARE, code="a\x07")), "the code 'a\\x07' holds control characters.", id="a bell"),
        pytest.param(some(feature(SQUARE, code="x" * 81)), "is longer than 80 characters.", id="a long code"),
        pytest.param(
            some(feature(SQUARE, WARD=5, NAME="Five")),
            "has no field 'code' for the code. Its fields are WARD (such as '5'), NAME (such as 'Five').",
            id="no such field",
        ),
        pytest.param(
            some(feature(square(-70, 95, 0.01), code="a")), "cannot be in degrees: x runs from -70", id="latitude 95"
        ),
        pytest.param(several_layers, "holds several layers; say which one with --table: a, more.", id="several layers"),
        pytest.param(cut_zip, "is not a zip that can be read", id="a zip that is cut off"),
        pytest.param(damaged_zip, "a.zip is damaged: a.geojson does not match its checksum.", id="a damaged zip"),
        pytest.param(bomb, "bomb.zip would unpack to more than 1024 MB.", id="a zip bomb"),
        pytest.param(lying_bomb, "bomb.zip", id="a zip bomb that lies"),
        pytest.param(wandering_zip, "leads out of the zip: '../../outside.geojson'", id="a zip that climbs"),
        pytest.param(empty_zip, "a.zip holds no .shp, .geojson or .gpkg, only readme.txt.", id="a zip with nothing"),
        pytest.param(two_in_a_zip, "say which one with --table: one.geojson, two.geojson.", id="a zip with two"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    session: Session, tmp_path: Path, make: Callable[[Path], Path], mistake: str
):
    found = refused(session, make(tmp_path), "code")

    assert any(mistake in line for line in found), found


def test_the_layer_of_a_file_can_be_named(session: Session, tmp_path: Path):
    assert read_areas(session, several_layers(tmp_path), "code", table="more").codes == {"b"}
    assert read_areas(session, two_in_a_zip(tmp_path), "code", table="two").source == "a.zip"


def test_every_feature_that_is_wrong_is_named(session: Session, tmp_path: Path):
    point = {"type": "Point", "coordinates": [-70, 42]}
    path = geojson(tmp_path / "a.geojson", *(feature(point, code=str(n)) for n in range(12)))

    found = refused(session, path, "code")

    assert found[0] == "a.geojson: feature 1 (code '0') is a Point; areas are Polygons or MultiPolygons."
    assert found[-1] == "… and 4 more like these."


# --- fields ---


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        pytest.param({"code": "x", "name": "X", "other": 1}, ("code", "name"), id="called code and name"),
        pytest.param(
            {"OBJECTID": 1, "WARD": 5, "SHAPE_Area": 1.5}, ("WARD", "WARD"), id="the only one that tells apart"
        ),
        pytest.param({"GlobalID": "{1}", "DISTRICT": "A1", "DIST_NAME": "Downtown"}, None, id="two could be the code"),
        pytest.param({"OBJECTID": 1, "SHAPE_Area": 1.5}, None, id="none is for people"),
    ],
)
def test_fields_are_guessed_only_when_nothing_else_can_be_meant(
    session: Session, tmp_path: Path, columns: dict[str, Any], chosen: tuple[str, str] | None
):
    path = geojson(tmp_path / "a.geojson", feature(SQUARE, **columns))

    if chosen is None:
        (mistake,) = refused(session, path)
        assert "say which field holds the code, with --code-field" in mistake
        assert all(field in mistake for field in columns)
    else:
        found = read_areas(session, path)
        assert (found.code_field, found.name_field) == chosen


@pytest.mark.parametrize(("value", "code"), [(5, "5"), (5.0, "5"), ("05", "05"), (" A1 ", "A1"), (True, "True")])
def test_codes_are_written_as_people_write_them(session: Session, tmp_path: Path, value: Any, code: str):
    path = geojson(tmp_path / "a.geojson", feature(SQUARE, code=value))

    assert read_areas(session, path, "code").codes == {code}


# --- the outline ---


def test_an_outline_is_all_its_polygons_together(session: Session, two_squares: Path):
    outline = read_outline(session, two_squares)

    assert shapely.from_wkb(outline.wkb).equals(shapely.box(-70.0, 42.0, -69.96, 42.02))


def test_an_outline_of_one_piece_is_kept_to_the_last_digit(session: Session, tmp_path: Path):
    ring = [
        [-70.000000000000014, 42.1],
        [-69.90000000000001, 42.1],
        [-69.95, 42.200000000000003],
        [-70.000000000000014, 42.1],
    ]
    path = geojson(tmp_path / "a.geojson", feature(polygon(ring)))

    assert shapely.get_coordinates(shapely.from_wkb(read_outline(session, path).wkb)).tolist() == ring


# --- out and in ---

_DEGREES = st.floats(-0.4, 0.4, allow_nan=False)


@st.composite
def stars(draw: st.DrawFn) -> shapely.Polygon:
    """A polygon that is valid by making: corners around a middle, anywhere on earth away from its edges."""
    lon, lat = draw(st.floats(-170, 170)), draw(st.floats(-80, 80))
    reaches = draw(st.lists(st.floats(1e-4, 0.3), min_size=3, max_size=12))
    angles = [2 * math.pi * place / len(reaches) for place in range(len(reaches))]
    return shapely.Polygon(
        [(lon + r * math.cos(angle), lat + r * math.sin(angle)) for r, angle in zip(reaches, angles, strict=True)]
    )


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shape=stars(), name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_areas_that_go_out_come_in_as_they_were(session: Session, tmp_path: Path, shape: shapely.Polygon, name: str):
    first = tmp_path / "first.geojson"
    first.write_bytes(as_geojson([({"code": "a", "name": name}, shapely.to_wkb(shape))]))
    found = read_areas(session, first, "code", "name")

    again = tmp_path / "again.geojson"
    again.write_bytes(as_geojson([({"code": area.code, "name": area.name}, area.wkb) for area in found.areas]))

    assert read_areas(session, again, "code", "name").content_hash == found.content_hash
    assert again.read_bytes() == as_geojson([({"code": "a", "name": found.areas[0].name}, found.areas[0].wkb)])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=400))
def test_no_bytes_whatever_bring_the_reader_down(tmp_path: Path, content: bytes):
    for name, start in (
        ("a.geojson", b"{"),
        ("a.zip", b"PK\x03\x04"),
        ("a.shp", b"\x00\x00\x27\x0a"),
        ("a.gpkg", b"SQLite format 3\x00"),
    ):
        path = tmp_path / name
        path.write_bytes(start + content)
        with pytest.raises(UnusableFile):
            read_features(path)
