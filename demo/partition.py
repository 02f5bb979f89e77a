"""Cuts the town along its own streets into blocks, and draws the outer shape of several blocks together.

All lines are noded together on the grid on which coordinates are written, so that two areas that touch have the
very same vertices along their border, and the parts add up to the whole: no sliver, no overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot

import shapely
from shapely import LinearRing, LineString, Point, Polygon, STRtree

from demo.plane import DECIMALS, TOWN_SQUARE, Degrees, Metres
from demo.shapes import in_degrees, in_metres, largest

GRID = 10.0**-DECIMALS
Edge = tuple[Degrees, Degrees]


@dataclass(frozen=True)
class Block:
    """A face of the street network, in degrees; its middle and size in metres."""

    shape: Polygon
    middle: Metres
    area_m2: float
    people: float
    beside: dict[int, float] = field(default_factory=dict)  # number of a neighbour: how strongly the two hang together


def blocks(
    outline: Polygon,
    lines: Sequence[LineString],
    strong: Sequence[LineString],
    density: Callable[[float, float], float],
) -> list[Block]:
    """The faces between all lines (in metres) inside the outline, from west to east.

    Across `strong` lines, such as a river or an avenue, neighbours hardly hang together.
    """
    drawn = [in_degrees(line) for line in [*lines, *strong, outline.exterior]]
    limits = in_degrees(outline)
    noded = shapely.union_all(drawn, grid_size=GRID)
    faces = [
        on_grid(face)
        for face in shapely.get_parts(shapely.polygonize([noded])).tolist()
        if limits.contains(face.representative_point())
    ]
    faces.sort(key=lambda face: face.exterior.coords[0])
    found = [_block(face, density) for face in faces]
    _introduce(found, strong)
    return found


def outer_shape(parts: Iterable[Polygon]) -> Polygon:
    """The parts as one polygon, with exactly their vertices along its border."""
    edges = {edge for part in parts for edge in edges_of(part)}
    border = [LineString(edge) for edge in sorted(edges) if edge[::-1] not in edges]
    faces = shapely.get_parts(shapely.polygonize(border)).tolist()
    return on_grid(max(faces, key=lambda face: Polygon(face.exterior).area))


def edges_of(shape: Polygon) -> Iterator[Edge]:
    """Every edge, the area on its left."""
    for ring in (shape.exterior, *shape.interiors):
        yield from pairwise(ring.coords)


def on_grid(shape: Polygon) -> Polygon:
    """The same polygon with rounded coordinates, each ring beginning at its smallest corner, outer ones
    counter-clockwise: so that the same shape is always written the same way."""
    return Polygon(_ring(shape.exterior, True), [_ring(hole, False) for hole in shape.interiors])


def _ring(ring: LinearRing, counter_clockwise: bool) -> list[Degrees]:
    points = [(round(x, DECIMALS), round(y, DECIMALS)) for x, y in ring.coords][:-1]
    if ring.is_ccw != counter_clockwise:
        points.reverse()
    first = points.index(min(points))
    return [*points[first:], *points[:first], points[first]]


def _block(face: Polygon, density: Callable[[float, float], float]) -> Block:
    shape = largest(in_metres(face))
    inside = shape.representative_point()
    middle = (round(inside.x, 1), round(inside.y, 1))
    return Block(face, middle, shape.area, round(shape.area * density(*middle), 1))


def _introduce(found: list[Block], strong: Sequence[LineString]) -> None:
    """Tells every block its neighbours, and for how many metres it touches them; along a strong line little counts."""
    owner = {edge: number for number, block in enumerate(found) for edge in edges_of(block.shape)}
    tree = STRtree(strong)
    for edge, number in owner.items():
        other = owner.get(edge[::-1])
        if other is None:
            continue
        (x0, y0), (x1, y1) = (TOWN_SQUARE.metres(end) for end in edge)
        middle = Point((x0 + x1) / 2, (y0 + y1) / 2).buffer(1.5)
        share = 0.05 if len(tree.query(middle, predicate="intersects")) else 1.0
        beside = found[number].beside
        beside[other] = round(beside.get(other, 0.0) + share * hypot(x1 - x0, y1 - y0), 1)
