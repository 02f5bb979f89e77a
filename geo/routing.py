"""Category + place → who handles it, and which rule said so. The decision is the SQL function `route`; this explains it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.points import LonLat

_DECIDE = text(
    """
    SELECT inside, department_id, external_body_id, routed_by, areas, every_key
    FROM route(:town, :category, :group, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))
    """
)
_COVERS = text(
    "SELECT ST_Covers(outline, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) FROM jurisdiction WHERE id = :town"
)
_AREAS = text(
    """
    SELECT array_agg(l.code || ':' || a.code)
    FROM area a JOIN layer l ON l.id = a.layer_id AND l.active
    WHERE a.is_current AND a.jurisdiction_id = :town AND ST_Covers(a.geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326))
    """
)


@dataclass(frozen=True)
class Decision:
    """Who gets a report at a place. `routed_by` is {rule, area}; `areas` has the stamped layers' hits."""

    is_inside: bool
    department_id: int | None
    external_body_id: int | None
    routed_by: dict[str, Any]
    areas: dict[str, Any]
    area_keys: list[str]


def decide(session: Session, town_id: int, category_id: int, group_id: int | None, place: LonLat) -> Decision:
    """What intake would decide for this category at this place."""
    values = {"town": town_id, "category": category_id, "group": group_id, "lon": place.lon, "lat": place.lat}
    row = session.execute(_DECIDE, values).one()
    return Decision(
        bool(row.inside), row.department_id, row.external_body_id, row.routed_by, row.areas, list(row.every_key)
    )


def is_in_town(session: Session, town_id: int, place: LonLat) -> bool:
    """Whether the place lies in the town's outline or on it."""
    if not place.is_on_earth:
        return False
    return bool(session.execute(_COVERS, {"town": town_id, "lon": place.lon, "lat": place.lat}).scalar())


def area_keys_at(session: Session, town_id: int, place: LonLat) -> list[str]:
    """Every area in force that covers the place, as "layer:code"."""
    return session.execute(_AREAS, {"town": town_id, "lon": place.lon, "lat": place.lat}).scalar() or []
