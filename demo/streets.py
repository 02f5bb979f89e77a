"""The street network: avenues, streets and lanes that meet, cross bridges and carry names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import hypot

import shapely
from shapely import LineString, Point, Polygon, STRtree
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from demo.field import Field, density
from demo.ground import Ground, rounded, smooth
from demo.plane import Metres
from demo.shapes import lines_of, longest, meetings_of, pairs
from demo.trace import Plan, Tracer

AVENUE, STREET, HIGHWAY = "avenue", "street", "highway"
STUB_M = 35.0  # an end that sticks out less than this beyond the last crossing is cut off
BEYOND_M = 1.0  # a street that ends in another goes this little beyond its middle, so that they surely meet
REACH_M = 190.0  # an end that finds another street within this distance ahead is led there
SHORTEST_M = 70.0
QUAY_M = 75.0  # the distance of a quay from the middle of the river


@dataclass(frozen=True)
class Street:
    kind: str
    name: str  # empty until `naming.named` has been there
    line: LineString  # in metres


def street_network(land: Ground, seed: int) -> list[Street]:
    """Every street of the town, the highway first, then avenues, then streets."""
    tracer = Tracer(Field(land, seed), seed)
    drawn = _drawn(land)
    tracer.reserve(pairs(land.river.coords))
    for street in drawn:
        if not street.line.is_closed:
            tracer.reserve(pairs(street.line.coords))
    dry = land.outline.buffer(-18).difference(land.common.union(land.square))
    banks = dry.difference(land.water.buffer(12))
    drawn += [Street(AVENUE, "", LineString(line)) for line in _avenues(tracer, dry)]
    drawn += [Street(STREET, "", LineString(line)) for line in _lanes(tracer, banks)]
    # Calm before joining: a line that loses points after another was led to it no longer meets that other.
    calm = [replace(street, line=longest(street.line.simplify(1.5))) for street in drawn]
    return _trimmed(_joined(calm, land))


def _drawn(land: Ground) -> list[Street]:
    """The streets that follow what was there before."""
    east, west = _quays(land)
    return [
        Street(HIGHWAY, "Route 9", land.highway),
        Street(AVENUE, "Shore Road", _shore_road(land)),
        Street(AVENUE, "East Quay", east),
        Street(AVENUE, "West Quay", west),
        Street(AVENUE, "Common Road", LineString(land.common.exterior.coords)),
        Street(STREET, "Market Square", LineString(land.square.exterior.coords)),
    ]


def _avenues(tracer: Tracer, where: BaseGeometry) -> Iterable[list[Metres]]:
    def apart(x: float, y: float) -> float:
        return 820 - 280 * density(x, y)

    for across in (True, False):
        yield from tracer.streets(Plan(where, across, apart, longest_m=12_000, close_up=0.75))


def _lanes(tracer: Tracer, where: BaseGeometry) -> Iterable[list[Metres]]:
    for across, closest_m in ((True, 165), (False, 88)):

        def apart(x: float, y: float, closest_m: float = closest_m) -> float:
            return closest_m / max(density(x, y), 0.11) ** 0.55

        yield from tracer.streets(Plan(where, across, apart, longest_m=1600))


def _shore_road(land: Ground) -> LineString:
    """A road along the water, 55 m from it, as smooth as roads are."""
    beside = land.outline.buffer(-55).exterior.intersection(land.shore.buffer(62))
    line = longest(longest(shapely.line_merge(beside)).simplify(14))
    points = [rounded(point) for point in pairs(line.coords)]
    return LineString(smooth(points if points[0][0] < points[-1][0] else points[::-1], 1))


def _quays(land: Ground) -> list[LineString]:
    """A street on each bank, from the highway down to the mouth; the eastern one first."""
    town = land.outline.buffer(-40)
    lower = longest(substring(land.river, 0.32, 1, normalized=True))
    return [longest(lower.offset_curve(side * QUAY_M, quad_segs=4).simplify(3).intersection(town)) for side in (1, -1)]


def _joined(streets: list[Street], land: Ground) -> list[Street]:
    """Leads each loose end straight on to the next street, if there is one close ahead and no water between."""
    lines = [street.line for street in streets]
    tree = STRtree(lines)
    done = []
    for number, street in enumerate(streets):
        points = pairs(street.line.coords)
        if street.kind != HIGHWAY and not street.line.is_closed:
            points = _led_on(points[::-1], number, lines, tree, land)[::-1]
            points = _led_on(points, number, lines, tree, land)
        done.append(replace(street, line=LineString(points)))
    return done


def _led_on(points: list[Metres], number: int, lines: list[LineString], tree: STRtree, land: Ground) -> list[Metres]:
    ahead, (dx, dy) = straight_on(points, REACH_M)
    end = Point(points[-1])
    hits: list[Point] = []
    for other in sorted(tree.query(ahead, predicate="intersects")):
        if other != number:
            hits += meetings_of(ahead.intersection(lines[other]))
    if not hits:
        return points
    nearest = min(hits, key=lambda hit: (round(end.distance(hit), 3), hit.x))
    if LineString([end, nearest]).intersects(land.water):
        return points
    return [*points, rounded((nearest.x + dx * BEYOND_M, nearest.y + dy * BEYOND_M))]


def straight_on(points: list[Metres], reach_m: float) -> tuple[LineString, Metres]:
    """A line that goes on from the end of another, and its direction."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    length = hypot(x1 - x0, y1 - y0) or 1.0
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    return LineString([(x1 + dx, y1 + dy), (x1 + dx * reach_m, y1 + dy * reach_m)]), (dx, dy)


def _trimmed(streets: list[Street]) -> list[Street]:
    """Cuts stubs off, and leaves out what meets no other street or is too short to be one."""
    lines = [street.line for street in streets]
    tree = STRtree(lines)
    kept = []
    for number, street in enumerate(streets):
        line = street.line
        met: list[float] = []
        for other in sorted(tree.query(line, predicate="intersects")):
            if other != number:
                met += [line.project(point) for point in meetings_of(line.intersection(lines[other]))]
        if met and not line.is_closed and street.kind != HIGHWAY:
            start = max(min(met) - BEYOND_M, 0.0) if min(met) < STUB_M else 0.0
            end = min(max(met) + BEYOND_M, line.length) if line.length - max(met) < STUB_M else line.length
            line = longest(substring(line, start, end))
        if met and line.length >= SHORTEST_M:
            kept.append(replace(street, line=LineString([rounded(point) for point in pairs(line.coords)])))
    return kept


def loose_ends(streets: list[Street], outline: Polygon, reach_m: float) -> list[LineString]:
    """From each end of a street that stops shortly before the limits or the water: the line that goes on to there."""
    found = []
    for street in streets:
        for points in (pairs(street.line.coords), pairs(street.line.coords)[::-1]):
            if street.line.is_closed or outline.exterior.distance(Point(points[-1])) > reach_m:
                continue
            ahead, _ = straight_on(points, 1.6 * reach_m)
            inside = ahead.intersection(outline)
            if inside.length < ahead.length - 1:
                part = min(lines_of(inside), key=lambda line: line.distance(Point(points[-1])))
                end = part.interpolate(part.length)
                further = straight_on(pairs(part.coords), 2 * BEYOND_M)[0].coords[-1] if part.length else end.coords[0]
                found.append(LineString([points[-1], further]))
    return found
