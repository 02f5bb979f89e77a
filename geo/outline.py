"""The town's outline for a phone's map: small enough to load with everything else, true to some metres."""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.points import Box

LARGEST_BYTES = 40_000
TOLERANCES_M = (0, 1, 2, 5, 10)  # beyond that the shape counts for more than the bytes
METRES_A_DEGREE = (
    111_700  # of latitude, at most; of longitude there are fewer, so a tolerance is never more than it says
)

_MARK = text("SELECT md5(CAST(outline AS bytea)) FROM jurisdiction WHERE id = :town")
_BOX = text(
    """
    SELECT ST_XMin(outline) AS west, ST_YMin(outline) AS south, ST_XMax(outline) AS east, ST_YMax(outline) AS north
    FROM jurisdiction WHERE id = :town
    """
)
# Six digits are a tenth of a metre. Rounding alone would close narrow places; reducing the precision keeps the shape valid, and
# leaves out what is narrower than that. Outer rings run counter-clockwise, as RFC 7946 wants.
_SHAPE = text(
    """
    SELECT ST_AsGeoJSON(ST_Multi(ST_ForcePolygonCCW(
             ST_ReducePrecision(ST_SimplifyPreserveTopology(outline, :tolerance), 0.000001))), 6)
    FROM jurisdiction WHERE id = :town
    """
)


@dataclass(frozen=True)
class SmallOutline:
    """A GeoJSON MultiPolygon in EPSG:4326, at most `tolerance_m` metres off, and the box round the true outline."""

    shape: dict[str, Any]
    tolerance_m: int
    box: Box
    mark: str  # of the true outline


def small_outline(session: Session, town_id: int, known: SmallOutline | None = None) -> SmallOutline:
    """The outline with as few vertices as it takes to stay below LARGEST_BYTES, or as the coarsest tolerance leaves.

    known: an earlier answer, given again while the outline is the same: to draw 20,000 vertices takes half a second.
    """
    mark = session.execute(_MARK, {"town": town_id}).scalar_one()
    if known is not None and known.mark == mark:
        return known
    found = session.execute(_BOX, {"town": town_id}).one()
    shape, tolerance_m = "", 0
    for tolerance_m in TOLERANCES_M:
        shape = session.execute(_SHAPE, {"town": town_id, "tolerance": tolerance_m / METRES_A_DEGREE}).scalar_one()
        if len(shape) <= LARGEST_BYTES:
            break
    return SmallOutline(orjson.loads(shape), tolerance_m, Box(found.west, found.south, found.east, found.north), mark)
