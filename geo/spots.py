"""Places in the queue: points in EPSG:3857, whose index answers boxes and "the nearest first" alike.

Web Mercator is conformal: within a town the order by its distances is the order on the ground. Metres that people are told are
measured on the spheroid.
"""

from geo.features import Condition
from geo.points import Box, LonLat

_CENTRE = "ST_Transform(ST_SetSRID(ST_MakePoint(CAST(:spot_lon AS float8), CAST(:spot_lat AS float8)), 4326), 3857)"

NEARNESS = f"(spot <-> {_CENTRE})"
"""To order by: grows with the distance from the place."""


def spot_inside(box: Box) -> Condition:
    """`spot` lies in a box of degrees or on its edge."""
    params = {"west": box.west, "south": box.south, "east": box.east, "north": box.north}
    if box.west <= box.east:
        return Condition(_inside(":west", ":east"), params)
    return Condition(f"({_inside(':west', '180')} OR {_inside('-180', ':east')})", params)


def _inside(west: str, east: str) -> str:
    # ST_Intersects tells the planner how many to expect; corners that are compared one by one would each look like a filter.
    corners = f"ST_MakeEnvelope({west}, greatest(:south, -85.0), {east}, least(:north, 85.0), 4326)"
    return f"ST_Intersects(spot, ST_Transform({corners}, 3857))"


def spot_within(place: LonLat, radius_m: float) -> Condition:
    """`spot` lies at most `radius_m` metres from a place."""
    params = {**at(place), "radius_m": radius_m}
    # On the map the radius is drawn as large as the place's latitude has it. That is right to a hundredth: the spheroid is no
    # sphere, and 50 km farther north it is drawn larger still. Only what lies near the edge needs to be measured.
    drawn = "(:radius_m / greatest(cos(radians(:spot_lat)), 0.01))"
    exact = f"ST_DWithin(ST_Transform(spot, 4326)::geography, ST_Transform({_CENTRE}, 4326)::geography, :radius_m)"
    # As a box first: of that the planner knows how many to expect, of ST_DWithin it does not.
    near_by = f"ST_Intersects(spot, ST_Expand({_CENTRE}, {drawn} * 1.02))"
    return Condition(f"({near_by} AND ({NEARNESS} < {drawn} * 0.98 OR {exact}))", params)


def at(place: LonLat) -> dict[str, float]:
    """What `NEARNESS` and `DISTANCE_M` need to know."""
    return {"spot_lon": place.lon, "spot_lat": place.lat}


DISTANCE_M = f"ST_Distance(ST_Transform(spot, 4326)::geography, ST_Transform({_CENTRE}, 4326)::geography)"
"""Metres on the spheroid."""
