"""Reading boundaries: which areas a file draws, what the town's outline is, and how well the two fit together.

Everything is in EPSG:4326; sizes are square metres on the ground.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.columns import choose_columns, keys_of, labels_of
from geo.readers import UnusableFile, read_features
from geo.surfaces import Progress, Surface, surfaces_of

_UNION = text(
    """
    SELECT ST_AsBinary(joined, 'NDR') AS wkb, ST_NPoints(joined) AS vertex_count
    FROM (SELECT ST_Multi(ST_Union(ST_GeomFromWKB(wkb, 4326))) AS joined
          FROM unnest(CAST(:shapes AS bytea[])) AS given (wkb)) AS whole
    """
)
_SURVEY = text(
    """
    WITH area AS MATERIALIZED (
      SELECT ST_GeomFromWKB(wkb, 4326) AS shape FROM unnest(CAST(:shapes AS bytea[])) AS given (wkb)
    ), whole AS MATERIALIZED (
      SELECT ST_Union(shape) AS shape, sum(ST_Area(shape::geography)) AS size_m2 FROM area
    ), town AS MATERIALIZED (
      SELECT ST_GeomFromWKB(:town, 4326) AS shape
    )
    SELECT ST_Intersects(ST_FlipCoordinates(whole.shape), town.shape) AS touches_swapped,
           CASE WHEN ST_Intersects(whole.shape, town.shape) THEN 0
             ELSE ST_Distance(whole.shape::geography, town.shape::geography) END AS away_m,
           ST_Area(ST_Difference(town.shape, whole.shape)::geography) AS gap_m2,
           ST_Area(ST_Difference(whole.shape, town.shape)::geography) AS beyond_m2,
           greatest(whole.size_m2 - ST_Area(whole.shape::geography), 0) AS overlap_m2
    FROM whole, town
    """
)


# Areas may lie outside the town where somebody else is to be named for them, such as a harbour or the next county's road;
# what lies farther away than this is another place, or the same place misread.
FARTHEST_M = 20_000


@dataclass(frozen=True)
class NewArea:
    """One area as a file draws it: MultiPolygon WKB in EPSG:4326. `repair` says what was wrong with its shape."""

    code: str
    name: str
    wkb: bytes
    size_m2: float
    vertex_count: int
    repair: str | None


@dataclass(frozen=True)
class Survey:
    """How areas and the town's outline fit together."""

    gap_m2: float  # of the town, in no area
    beyond_m2: float  # of the areas, outside the town
    overlap_m2: float  # counted twice among the areas


@dataclass(frozen=True)
class AreaSet:
    """All areas of one layer, and how they fit the town where one was given."""

    source: str
    code_field: str
    name_field: str
    areas: list[NewArea]
    survey: Survey | None = None

    @property
    def content_hash(self) -> str:
        """Of codes, names and every coordinate, whatever the order and format of the file."""
        digest = hashlib.sha256()
        for area in sorted(self.areas, key=lambda area: area.code):
            for part in (area.code.encode(), area.name.encode(), area.wkb):
                digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    @property
    def codes(self) -> set[str]:
        return {area.code for area in self.areas}

    @property
    def vertex_count(self) -> int:
        return sum(area.vertex_count for area in self.areas)

    @property
    def repairs(self) -> list[str]:
        """One line for each area whose shape had to be repaired."""
        return [f"{area.code} ({area.name}): {area.repair}" for area in self.areas if area.repair]


@dataclass(frozen=True)
class Outline:
    """A town's outline: MultiPolygon WKB in EPSG:4326."""

    wkb: bytes
    vertex_count: int
    repairs: list[str]

    @property
    def content_hash(self) -> str:
        return hashlib.sha256(self.wkb).hexdigest()


def read_areas(
    session: Session,
    path: Path,
    code_field: str | None = None,
    name_field: str | None = None,
    *,
    town: bytes | None = None,
    table: str | None = None,
    crs: str | None = None,
    progress: Progress | None = None,
) -> AreaSet:
    """The areas that a GeoJSON, Shapefile (also zipped) or GeoPackage draws, in the order of the file. Nothing is stored.

    town: the outline as WKB; areas that are nowhere near it are refused.
    table, crs: for files that hold several layers or do not say their coordinate reference system.
    Raises UnusableFile naming everything that is wrong.
    """
    features = read_features(path, table)
    if not len(features):
        raise UnusableFile(f"{features.source} holds no features.")
    code_field, name_field = choose_columns(features, code_field, name_field)
    codes = keys_of(features, code_field)
    names = labels_of(features, name_field, codes)
    labels = [f"feature {number} ({code_field} {code!r})" for number, code in enumerate(codes, 1)]
    surfaces = surfaces_of(session, features, labels, crs, town, progress)
    areas = [
        NewArea(codes[at.number - 1], names[at.number - 1], at.wkb, at.size_m2, at.vertex_count, at.repair)
        for at in surfaces
    ]
    fit = survey(session, features.source, areas, town) if town is not None else None
    return AreaSet(features.source, code_field, name_field, areas, fit)


def read_outline(session: Session, path: Path) -> Outline:
    """The outline that a file draws: all its polygons joined. Raises UnusableFile."""
    features = read_features(path)
    labels = [f"feature {number}" for number in range(1, len(features) + 1)]
    return joined(session, surfaces_of(session, features, labels))


def joined(session: Session, surfaces: Sequence[Surface | NewArea]) -> Outline:
    """All surfaces as one; a single one is kept exactly as it is."""
    repairs = [at.repair for at in surfaces if at.repair]
    if len(surfaces) == 1:
        return Outline(surfaces[0].wkb, surfaces[0].vertex_count, repairs)
    row = session.execute(_UNION, {"shapes": [at.wkb for at in surfaces]}).one()
    return Outline(bytes(row.wkb), row.vertex_count, repairs)


def survey(session: Session, source: str, areas: Sequence[NewArea], town: bytes) -> Survey:
    """How well the areas fill the town's outline (WKB). Raises UnusableFile when they are nowhere near it."""
    row = session.execute(_SURVEY, {"shapes": [area.wkb for area in areas], "town": town}).one()
    if row.away_m > FARTHEST_M:
        hint = " With longitude and latitude swapped they would lie in it." if row.touches_swapped else ""
        raise UnusableFile(f"{source}: its areas lie {row.away_m / 1000:,.0f} km away from the town.{hint}")
    return Survey(row.gap_m2, row.beyond_m2, row.overlap_m2)
