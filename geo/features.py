"""bbox and near, as conditions on a location column. Metres on the ground; degrees in EPSG:4326."""

from dataclasses import dataclass, field
from typing import Any

from geo.points import Box, LonLat


@dataclass(frozen=True)
class Condition:
    """A piece of SQL with its bound parameters."""

    sql: str
    params: dict[str, Any] = field(default_factory=dict)


def inside_box(column: str, box: Box) -> Condition:
    """`column` (a point) lies in the box or on its edge. Uses the GiST index on the column."""
    params = {"west": box.west, "south": box.south, "east": box.east, "north": box.north}
    if box.west <= box.east:
        return Condition(_inside(column, ":west", ":east"), params)
    return Condition(f"({_inside(column, ':west', '180')} OR {_inside(column, '-180', ':east')})", params)


def _inside(column: str, west: str, east: str) -> str:
    # The index, and so &&, keeps boxes in single precision: alone it lets in what lies up to a metre outside.
    return (
        f"({column} && ST_MakeEnvelope({west}, :south, {east}, :north, 4326)"
        f" AND ST_X({column}) BETWEEN {west} AND {east} AND ST_Y({column}) BETWEEN :south AND :north)"
    )


def within_m(column: str, place: LonLat, radius_m: float) -> Condition:
    """`column` (a point) lies at most `radius_m` metres from `place`, measured on the spheroid.

    ST_Expand by degrees first, because the index is on the geometry; the cosine is taken at the pole-side edge.
    """
    params = {"near_lon": place.lon, "near_lat": place.lat, "radius_m": radius_m}
    centre = "ST_SetSRID(ST_MakePoint(:near_lon, :near_lat), 4326)"
    reach_lat = ":radius_m / 110000.0"
    reach_lon = f"{reach_lat} / greatest(cos(radians(least(abs(:near_lat) + {reach_lat}, 89.0))), 0.01)"
    box = f"{column} && ST_Expand({centre}, {reach_lon}, {reach_lat})"
    return Condition(f"{box} AND ST_DWithin({column}::geography, {centre}::geography, :radius_m)", params)


def distance_m(column: str) -> str:
    """Metres from `column` to the place that `within_m` bound, as an SQL expression."""
    return f"ST_Distance({column}::geography, ST_SetSRID(ST_MakePoint(:near_lon, :near_lat), 4326)::geography)"
