"""What a crew's map shows, as Mapbox vector tiles: areas, streets, assets, stops and the way between them.

Geometry is stored in EPSG:4326 and drawn in EPSG:3857, 4096 units to a side, 64 units of buffer.
Sources: Mapbox Vector Tile 2.1; OGC 17-083r4, tile matrix set WebMercatorQuad.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import asinh, cos, floor, pi, radians, tan

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.points import LonLat

Tile = tuple[int, int, int]
"""Zoom, column from the west, row from the north."""

LOWEST_ZOOM, HIGHEST_ZOOM = 12, 16
ASSETS_FROM_ZOOM = 14  # below, thousands of lamps would be one blot
LAYERS = {
    "town_areas": {"layer": "String", "code": "String", "name": "String"},
    "town_streets": {"layer": "String", "name": "String"},
    "town_assets": {"layer": "String", "name": "String"},
    "stops": {"position": "Number", "reference": "String", "category": "String", "report_id": "String"},
    "route": {"package": "String"},
}
"""The layers of each tile, with their members."""

_AT_ONCE = 400  # tiles in one statement
_METRES_PER_DEGREE = 111_195.0

# Clipped in degrees first: moving the whole of a large polygon to the other plane for each of its tiles is what would cost.
_TILES = """
    WITH tile AS MATERIALIZED (
      SELECT z, x, y, ST_TileEnvelope(z, x, y) AS box,
             ST_Transform(ST_TileEnvelope(z, x, y, margin => 0.03), 4326) AS wide
      FROM unnest(CAST(:z AS int[]), CAST(:x AS int[]), CAST(:y AS int[])) AS t (z, x, y)
    )
    SELECT tile.z, tile.x, tile.y, made.data
    FROM tile
    CROSS JOIN LATERAL (
      SELECT ST_AsMVT(shown.*, '{layer}', 4096, 'geom') AS data
      FROM (
        SELECT {members},
               ST_AsMVTGeom(ST_Transform(ST_ClipByBox2D({geom}, tile.wide::box2d), 3857), tile.box, 4096, 64, true) AS geom
        FROM {source}
      ) AS shown
      WHERE shown.geom IS NOT NULL
    ) AS made
    WHERE octet_length(made.data) > 0
    """
_FEATURES = "map_feature f WHERE f.jurisdiction_id = :town AND f.kind = '{kind}' AND f.geom && tile.wide"
_STATEMENTS = {
    "town_areas": text(
        _TILES.format(
            layer="town_areas",
            members="l.code AS layer, a.code, a.name",
            geom="a.geom",
            source="area a JOIN layer l ON l.id = a.layer_id AND l.active"
            " WHERE a.is_current AND a.jurisdiction_id = :town AND a.geom && tile.wide ORDER BY a.size_m2 DESC, a.id",
        )
    ),
    "town_streets": text(
        _TILES.format(
            layer="town_streets",
            members="f.layer, f.name",
            geom="f.geom",
            source=_FEATURES.format(kind="street") + " ORDER BY f.id",
        )
    ),
    "town_assets": text(
        _TILES.format(
            layer="town_assets",
            members="f.layer, f.name",
            geom="f.geom",
            source=_FEATURES.format(kind="asset") + f" AND tile.z >= {ASSETS_FROM_ZOOM} ORDER BY f.id",
        )
    ),
    "stops": text(
        _TILES.format(
            layer="stops",
            members="s.position, s.reference, s.category, s.report_id",
            geom="ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326)",
            source="jsonb_to_recordset(CAST(:stops AS jsonb)) AS s"
            " (position int, reference text, category text, report_id text, lon float8, lat float8)"
            " WHERE ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326) && tile.wide ORDER BY s.position",
        )
    ),
    "route": text(
        _TILES.format(
            layer="route",
            members="CAST(:package AS text) AS package",
            geom="ST_GeomFromEWKT(:way)",
            source="(SELECT 1) AS one WHERE ST_GeomFromEWKT(:way) && tile.wide",
        )
    ),
}
_STAMP = text(
    """
    SELECT concat((SELECT max(id) FROM layer_edition WHERE jurisdiction_id = :town), '-',
                  (SELECT count(*) FROM layer_edition WHERE jurisdiction_id = :town AND replaced_at IS NULL), '-',
                  (SELECT max(id) FROM map_feature WHERE jurisdiction_id = :town), '-',
                  (SELECT count(*) FROM map_feature WHERE jurisdiction_id = :town))
    """
)


@dataclass(frozen=True)
class MapStop:
    """One stop of a round."""

    position: int
    reference: str
    category: str
    report_id: str
    place: LonLat


def stamp(session: Session, town_id: int) -> str:
    """What tells one state of the town's areas, streets and assets from another."""
    return session.execute(_STAMP, {"town": town_id}).scalar_one()


def tiles_round(places: Sequence[LonLat], margin_m: float) -> list[Tile]:
    """Every tile that lies within `margin_m` metres of a place, of all zooms, lowest first."""
    found: set[Tile] = set()
    for place in places:
        reach_lat = margin_m / _METRES_PER_DEGREE
        reach_lon = reach_lat / max(cos(radians(place.lat)), 0.01)
        for zoom in range(LOWEST_ZOOM, HIGHEST_ZOOM + 1):
            west, north = _cell(place.lon - reach_lon, place.lat + reach_lat, zoom)
            east, south = _cell(place.lon + reach_lon, place.lat - reach_lat, zoom)
            found |= {(zoom, x, y) for x in range(west, east + 1) for y in range(north, south + 1)}
    return sorted(found)


def bounds_round(places: Sequence[LonLat], margin_m: float) -> tuple[float, float, float, float]:
    """West, south, east and north of what `tiles_round` covers at least."""
    reach_lat = margin_m / _METRES_PER_DEGREE
    reach_lon = reach_lat / max(cos(radians(max(abs(place.lat) for place in places))), 0.01)
    lons, lats = [place.lon for place in places], [place.lat for place in places]
    return min(lons) - reach_lon, min(lats) - reach_lat, max(lons) + reach_lon, max(lats) + reach_lat


def _cell(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    side = 1 << zoom
    x = floor((lon + 180) / 360 * side)
    y = floor((1 - asinh(tan(radians(max(-85.05, min(85.05, lat))))) / pi) / 2 * side)
    return max(0, min(side - 1, x)), max(0, min(side - 1, y))


def drawn_tiles(
    session: Session,
    town_id: int,
    package_id: str,
    tiles: Sequence[Tile],
    stops: Sequence[MapStop],
    way: Sequence[LonLat],
) -> dict[Tile, bytes]:
    """The tiles with everything that the town knows of them, those with nothing left out."""
    values = {
        "town": town_id,
        "package": package_id,
        "stops": orjson.dumps(
            [
                {
                    "position": stop.position,
                    "reference": stop.reference,
                    "category": stop.category,
                    "report_id": stop.report_id,
                    "lon": stop.place.lon,
                    "lat": stop.place.lat,
                }
                for stop in stops
            ]
        ).decode(),
        "way": f"SRID=4326;LINESTRING({', '.join(f'{place.lon} {place.lat}' for place in way)})",
    }
    made: dict[Tile, bytes] = {}
    for batch in _batches(tiles):
        columns = dict(zip(("z", "x", "y"), map(list, zip(*batch, strict=True)), strict=True))
        for layer, statement in _STATEMENTS.items():
            if layer == "route" and len(way) < 2:
                continue
            for row in session.execute(statement, {**values, **columns}):
                # Two tiles one behind the other are one tile with the layers of both (protocol buffers, repeated fields).
                key = (row.z, row.x, row.y)
                made[key] = made.get(key, b"") + bytes(row.data)
    return made


def _batches(tiles: Sequence[Tile]) -> Iterator[Sequence[Tile]]:
    for begin in range(0, len(tiles), _AT_ONCE):
        yield tiles[begin : begin + _AT_ONCE]
