"""Where a report's pin is, where the public sees it, and putting it elsewhere."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, text
from sqlalchemy.orm import Session

from geo.points import LonLat

_PIN = text("SELECT ST_X(location) AS lon, ST_Y(location) AS lat FROM report WHERE id = :id")


def pin_of(session: Session, report_id: UUID) -> LonLat:
    """The exact place of a report that is there."""
    row = session.execute(_PIN, {"id": report_id}).one()
    return LonLat(lon=row.lon, lat=row.lat)


def as_pin(place: LonLat) -> Any:
    """A place as a value for a column in EPSG:4326."""
    return func.ST_SetSRID(func.ST_MakePoint(place.lon, place.lat), 4326)


def as_public_pin(place: LonLat, blur_m: int) -> Any:
    """The same, as the public sees it: on a grid `blur_m` metres wide, 0 for exactly."""
    return func.public_place(as_pin(place), blur_m)
