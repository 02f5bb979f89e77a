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

# A place within each area of the town, and one in the town itself; areas that lie outside are nobody's business here.
_UNOWNED = text(
    """
    WITH spot AS MATERIALIZED (
      SELECT ST_PointOnSurface(outline) AS place FROM jurisdiction WHERE id = :town
      UNION ALL
      (SELECT inner_point.place
       FROM area a
       JOIN layer l ON l.id = a.layer_id AND l.active
       JOIN jurisdiction j ON j.id = a.jurisdiction_id
       CROSS JOIN LATERAL (SELECT ST_PointOnSurface(a.geom) AS place) AS inner_point
       WHERE a.is_current AND a.jurisdiction_id = :town AND ST_Covers(j.outline, inner_point.place)
       ORDER BY a.layer_id, a.code
       LIMIT :most)
    ), asked AS (
      SELECT c.code, decided.department_id IS NULL AND decided.external_body_id IS NULL AS is_unowned
      FROM category c
      JOIN category_form f ON f.category_id = c.id AND f.retired_at IS NULL
      CROSS JOIN spot
      CROSS JOIN LATERAL route(c.jurisdiction_id, c.id, c.group_id, spot.place) AS decided
      WHERE c.jurisdiction_id = :town AND c.active
        AND jsonb_typeof(f.form -> 'stop') IS DISTINCT FROM 'object'
        AND (c.areas = '{}' OR c.areas && decided.every_key)
    )
    SELECT code, count(*) AS asked, count(*) FILTER (WHERE is_unowned) AS unowned
    FROM asked
    GROUP BY code
    HAVING count(*) FILTER (WHERE is_unowned) > 0
    ORDER BY code
    """
)
MOST_SPOTS = 300


@dataclass(frozen=True)
class Unowned:
    """A category, at how many places it was asked who owns it, and at how many the answer was nobody."""

    category: str
    asked_count: int
    unowned_count: int


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


def unowned_categories(session: Session, town_id: int) -> list[Unowned]:
    """Categories whose reports reach nobody at one or more of a place in each area and one in the town."""
    rows = session.execute(_UNOWNED, {"town": town_id, "most": MOST_SPOTS})
    return [Unowned(row.code, row.asked, row.unowned) for row in rows]
