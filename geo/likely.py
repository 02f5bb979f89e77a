"""Guessing what a file without a believable CRS may be in: the plane grids that would put it into the town."""

from sqlalchemy import text
from sqlalchemy.exc import DataError, InternalError
from sqlalchemy.orm import Session

MOST_GUESSES = 3

# Grids that cities publish in: US state planes in feet and metres, web Mercator, national grids; by EPSG code.
_GRIDS = (
    range(2225, 2290),
    range(26929, 26999),
    (3857, 27700, 29903, 2154, 28992, 31370, 21781, 2056, 2193, 3005, 3347),
    range(25828, 25839),
    range(28348, 28359),
)
_CANDIDATES = text(
    """
    SELECT srid, split_part(srtext, '"', 2) AS name FROM spatial_ref_sys
    WHERE auth_name = 'EPSG' AND srid = ANY (:codes)
    ORDER BY array_position(:codes, srid)
    """
)
_LIES_IN_TOWN = text(
    """
    SELECT ST_Intersects(ST_Envelope(ST_GeomFromWKB(:town, 4326)),
                         ST_Transform(ST_SetSRID(ST_MakePoint(:x, :y), CAST(:srid AS int)), 4326))
    """
)
_UTM_ZONE = text(
    """
    SELECT CASE WHEN ST_Y(middle) < 0 THEN 32700 ELSE 32600 END + floor((ST_X(middle) + 180) / 6)::int + 1
    FROM (SELECT ST_PointOnSurface(ST_GeomFromWKB(:town, 4326)) AS middle) AS town
    """
)


def crs_that_fit(session: Session, place: tuple[float, float], town: bytes | None) -> list[str]:
    """Names of common grids in which the plane coordinates `place` would lie about where the town's outline (WKB) does."""
    if town is None:
        return []
    zone = session.execute(_UTM_ZONE, {"town": town}).scalar()
    codes = [*(code for grid in _GRIDS for code in grid), zone]
    fitting = []
    for srid, name in session.execute(_CANDIDATES, {"codes": codes}).all():
        if _lies_in_town(session, place, srid, town):
            fitting.append(f"EPSG:{srid} ({name})")
    return fitting[:MOST_GUESSES]


def _lies_in_town(session: Session, place: tuple[float, float], srid: int, town: bytes) -> bool:
    try:
        with session.begin_nested():
            values = {"town": town, "x": place[0], "y": place[1], "srid": srid}
            return bool(session.execute(_LIES_IN_TOWN, values).scalar())
    except (DataError, InternalError):
        return False  # the place lies outside what this grid can express
