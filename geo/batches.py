"""Many places decided at once, by the same function that decides one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from geoalchemy2 import WKBElement
from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.base import WGS84
from geo.points import LonLat
from geo.routing import Decision

_DECIDE_MANY = text(
    """
    SELECT way.inside, way.department_id, way.external_body_id, way.routed_by, way.areas, way.area_keys,
           ST_AsBinary(at.place) AS place, ST_AsBinary(public_place(at.place, given.blur_m)) AS shown
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
           AS given (number int, category int, "group" int, blur_m int, lon float8, lat float8)
    CROSS JOIN LATERAL (SELECT ST_SetSRID(ST_MakePoint(given.lon, given.lat), 4326) AS place) AS at
    CROSS JOIN LATERAL route(:town, given.category, given."group", at.place) AS way
    ORDER BY given.number
    """
)


@dataclass(frozen=True)
class Asked:
    """One place and what is reported there."""

    place: LonLat
    category_id: int
    group_id: int | None
    blur_m: int


@dataclass(frozen=True)
class Placed:
    """The decision, and the values for `Report.location` and `Report.public_location`."""

    decision: Decision
    location: Any
    public_location: Any


def decide_many(session: Session, town_id: int, asked: Sequence[Asked]) -> list[Placed]:
    """What intake would decide for each, in the same order. `Decision.area_keys` are those of stamped layers."""
    rows = [
        {
            "number": number,
            "category": one.category_id,
            "group": one.group_id,
            "blur_m": one.blur_m,
            "lon": one.place.lon,
            "lat": one.place.lat,
        }
        for number, one in enumerate(asked)
    ]
    found = session.execute(_DECIDE_MANY, {"town": town_id, "rows": orjson.dumps(rows).decode()})
    return [
        Placed(
            Decision(
                bool(row.inside),
                row.department_id,
                row.external_body_id,
                row.routed_by,
                row.areas,
                list(row.area_keys),
            ),
            WKBElement(row.place, srid=WGS84),
            WKBElement(row.shown, srid=WGS84),
        )
        for row in found
    ]
