"""Small questions to shapes, with answers of one known kind."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from demo.plane import TOWN_SQUARE, Metres


def pairs(coordinates: Iterable[tuple[float, ...]]) -> list[Metres]:
    return [(point[0], point[1]) for point in coordinates]


def lines_of(shape: BaseGeometry) -> list[LineString]:
    return [part for part in shapely.get_parts(shape).tolist() if isinstance(part, LineString)]


def polygons_of(shape: BaseGeometry) -> list[Polygon]:
    return [part for part in shapely.get_parts(shape).tolist() if isinstance(part, Polygon)]


def meetings_of(shape: BaseGeometry) -> list[Point]:
    """The single points at which two lines meet; of a stretch in common, its first point."""
    return [Point(part.coords[0]) for part in shapely.get_parts(shape).tolist()]


def largest(shape: BaseGeometry) -> Polygon:
    return max(polygons_of(shape), key=lambda part: part.area)


def longest(shape: BaseGeometry) -> LineString:
    return max(lines_of(shape), key=lambda part: part.length)


def in_degrees(shape: BaseGeometry) -> BaseGeometry:
    """From the plane of the town to EPSG:4326."""
    return shapely.transform(shape, lambda rows: np.array([TOWN_SQUARE.degrees((x, y)) for x, y in rows]))


def in_metres(shape: BaseGeometry) -> BaseGeometry:
    """From EPSG:4326 to the plane of the town."""
    return shapely.transform(shape, lambda rows: np.array([TOWN_SQUARE.metres((lon, lat)) for lon, lat in rows]))
