"""The street network: avenues, streets and lanes that meet, cross bridges and carry names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

import shapely
from shapely import LineString, Point, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from demo.field import Field, density
from demo.ground import Ground, rounded, smooth
from demo.plane import Metres
from demo.trace import Tracer

AVENUE, STREET, HIGHWAY = "avenue", "street", "highway"
STUB_M = 35.0  # an end that sticks out less than this beyond the last crossing is cut off
BEYOND_M = 1.0  # a street that ends in another goes this little beyond its middle, so that they surely meet
REACH_M = 190.0  # an end that finds another street within this distance ahead is led there
SHORTEST_M = 70.0
QUAY_M = 75.0  # the distance of a quay from the middle of the river


@dataclass(frozen=True)
class Street:
    kind: str
    line: LineString  # in metres
    name: str = ""


def street_network(land: Ground, seed: int) -> list[Street]:
    """Every street of the town, unnamed, the highway first, then avenues, then streets."""
    tracer = Tracer(Field(land, seed), seed)
    shore_road, quays = _shore_road(land), _quays(land)
    for line in (land.highway.coords, land.river.coords, shore_road.coords, *(quay.coords for quay in quays)):
        tracer.reserve(line)
    dry = land.outline.buffer(-18).difference(land.common)
    avenues = [shore_road, *quays, LineString([*land.common.exterior.coords])]
    avenues += [LineString(line) for line in _avenues(tracer, dry)]
    banks = dry.difference(land.water.buffer(12))
    lanes = [LineString(line) for line in _lanes(tracer, banks)]
    kinds = [HIGHWAY] + [AVENUE] * len(avenues) + [STREET] * len(lanes)
    highway = land.highway.intersection(land.outline)
    joined = _joined([_calm(line) for line in (highway, *avenues, *lanes)], land)
    kept = _trimmed(list(zip(kinds, joined, strict=True)))
    return [Street(kind, line) for kind, line in kept]


def _avenues(tracer: Tracer, where: Polygon) -> Iterable[list[Metres]]:
    def apart(x: float, y: float) -> float:
        return 820 - 280 * density(x, y)

    yield from tracer.streets(where, True, apart, 12_000)
    yield from tracer.streets(where, False, apart, 12_000)


def _lanes(tracer: Tracer, where: Polygon) -> Iterable[list[Metres]]:
    def apart(closest_m: float) -> Callable[[float, float], float]:
        return lambda x, y: closest_m / max(density(x, y), 0.11) ** 0.55

    yield from tracer.streets(where, True, apart(165), 1500)
    yield from tracer.streets(where, False, apart(88), 1700)


def _shore_road(land: Ground) -> LineString:
    """A road along the water, 55 m from it, as smooth as roads are."""
    beside = land.outline.buffer(-55).exterior.intersection(land.shore.buffer(62))
    line = max(_lines(shapely.line_merge(beside)), key=_length).simplify(14)
    points = [rounded(point) for point in line.coords]
    return LineString(smooth(points if points[0][0] < points[-1][0] else points[::-1], 1))


def _quays(land: Ground) -> list[LineString]:
    """A street on each bank, from the mouth up to the highway."""
    town = land.outline.buffer(-40)
    lower = shapely.ops.substring(land.river, 0.32, 1, normalized=True)
    return [
        max(_lines(lower.offset_curve(side * QUAY_M, quad_segs=4).simplify(3).intersection(town)), key=_length)
        for side in (1, -1)
    ]


def _joined(lines: list[LineString], land: Ground) -> list[LineString]:
    """Leads each loose end straight on to the next street, if there is one close ahead and no water between."""
    tree = STRtree(lines)
    done = []
    for number, line in enumerate(lines):
        points = list(line.coords)
        if number and not line.is_closed:
            points = _led_on(points[::-1], number, lines, tree, land)[::-1]
            points = _led_on(points, number, lines, tree, land)
        done.append(LineString(points))
    return done


def _led_on(points: list[Metres], number: int, lines: list[LineString], tree: STRtree, land: Ground) -> list[Metres]:
    (x0, y0), (x1, y1) = points[-2], points[-1]
    length = hypot(x1 - x0, y1 - y0) or 1.0
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    end = Point(x1, y1)
    ahead = LineString([(x1 + dx, y1 + dy), (x1 + dx * REACH_M, y1 + dy * REACH_M)])
    hits: list[Point] = []
    for other in sorted(tree.query(ahead, predicate="intersects")):
        if other != number:
            hits += _points(ahead.intersection(lines[other]))
    if not hits:
        return points
    nearest = min(hits, key=lambda hit: (round(end.distance(hit), 3), hit.x))
    if LineString([end, nearest]).intersects(land.water):
        return points
    return [*points, rounded((nearest.x + dx * BEYOND_M, nearest.y + dy * BEYOND_M))]


def _trimmed(streets: list[tuple[str, LineString]]) -> list[tuple[str, LineString]]:
    """Cuts stubs off, and leaves out what meets no other street or is too short to be one."""
    lines = [line for _, line in streets]
    tree = STRtree(lines)
    kept = []
    for number, (kind, line) in enumerate(streets):
        met: list[float] = []
        for other in sorted(tree.query(line, predicate="intersects")):
            if other != number:
                met += [line.project(point) for point in _points(line.intersection(lines[other]))]
        if not met:
            continue
        first, last = min(met), max(met)
        start = max(first - BEYOND_M, 0.0) if first < STUB_M else 0.0
        end = min(last + BEYOND_M, line.length) if line.length - last < STUB_M else line.length
        if line.is_closed or kind == HIGHWAY:
            start, end = 0.0, line.length
        if end - start >= SHORTEST_M:
            cut = shapely.ops.substring(line, start, end)
            kept.append((kind, LineString([rounded(point) for point in cut.coords])))
    return kept


def crossings(streets: list[Street]) -> list[tuple[int, int]]:
    """Which streets meet: pairs of their numbers."""
    lines = [street.line.buffer(2) for street in streets]
    tree = STRtree(lines)
    pairs = {(int(a), int(b)) for a, b in zip(*tree.query(lines, predicate="intersects"), strict=True) if a < b}
    return sorted(pairs)


def length_m(line: Iterable[Metres]) -> float:
    return sum(hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(line))


def _calm(line: LineString) -> LineString:
    """With as few points as the eye needs. Must come before streets are led to each other, or they no longer meet."""
    return line.simplify(1.5)


def _length(line: LineString) -> float:
    return line.length


def _lines(shape: BaseGeometry) -> list[LineString]:
    return [part for part in shapely.get_parts(shape).tolist() if part.geom_type == "LineString"]


def _points(shape: BaseGeometry) -> list[Point]:
    """The single points at which two lines meet; of a stretch in common, its first point."""
    return [Point(part.coords[0]) for part in shapely.get_parts(shape).tolist()]
