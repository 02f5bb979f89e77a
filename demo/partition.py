"""Cuts the town along its own streets into blocks, and joins blocks into areas that share their borders exactly.

All lines are noded together on the grid on which coordinates are written, so that two areas that touch have the
very same vertices along the border, and the parts add up to the whole: no sliver, no overlap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import shapely
from shapely import LineString, Polygon

from demo.plane import DECIMALS, TOWN_SQUARE, Degrees, Metres

GRID = 10.0**-DECIMALS
ROUNDS = 80


@dataclass(frozen=True)
class Block:
    """A face of the street network, in degrees; its middle and size in metres."""

    shape: Polygon
    middle: Metres
    area_m2: float
    people: float
    beside: dict[int, int] = field(default_factory=dict)  # number of a neighbour: edges in common


def blocks(outline: Polygon, lines: Sequence[LineString], density: Callable[[float, float], float]) -> list[Block]:
    """The faces between the lines (given in metres) inside the outline, from south-west to north-east."""
    drawn = [LineString(TOWN_SQUARE.all_degrees(line.coords)) for line in [*lines, outline.exterior]]
    limits = Polygon(TOWN_SQUARE.all_degrees(outline.exterior.coords))
    noded = shapely.union_all(drawn, grid_size=GRID)
    faces = [
        Polygon(_on_grid(face.exterior.coords))
        for face in shapely.get_parts(shapely.polygonize([noded])).tolist()
        if limits.contains(face.representative_point())
    ]
    faces.sort(key=lambda face: face.exterior.coords[0])
    found = [_block(face, density) for face in faces]
    _introduce(found)
    return found


def _block(face: Polygon, density: Callable[[float, float], float]) -> Block:
    in_metres = Polygon(TOWN_SQUARE.all_metres(face.exterior.coords))
    middle = (round(in_metres.centroid.x, 1), round(in_metres.centroid.y, 1))
    return Block(face, middle, in_metres.area, round(in_metres.area * density(*middle), 1))


def _on_grid(ring: Sequence[Degrees]) -> list[Degrees]:
    """The ring on the grid, counter-clockwise, beginning with its smallest corner: written the same way every time."""
    points = [(round(x, DECIMALS), round(y, DECIMALS)) for x, y in ring][:-1]
    if not shapely.is_ccw(shapely.LinearRing(points)):
        points.reverse()
    first = points.index(min(points))
    return [*points[first:], *points[:first], points[first]]


def _introduce(found: list[Block]) -> None:
    """Tells every block its neighbours."""
    owner: dict[tuple[Degrees, Degrees], int] = {}
    for number, block in enumerate(found):
        for edge in pairwise(block.shape.exterior.coords):
            owner[edge] = number
    for (a, b), number in owner.items():
        other = owner.get((b, a))
        if other is not None:
            found[number].beside[other] = found[number].beside.get(other, 0) + 1


def regions(found: list[Block], count: int, seed: str) -> list[list[int]]:
    """Numbers of blocks, grouped into `count` compact regions, each in one piece, with about as many people each.

    Lloyd's method with weights: the seat of each region moves to its middle, and crowded regions give way.
    """
    chance = Random(seed)
    seats = _spread([block.middle for block in found], count, chance)
    weight = [0.0] * count
    aim = sum(block.people for block in found) / count
    owner: list[int] = []
    for turn in range(ROUNDS):
        owner = [_nearest(block.middle, seats, weight) for block in found]
        for region in range(count):
            own = [block for block, at in zip(found, owner, strict=True) if at == region]
            people = sum(block.people for block in own) or 1.0
            if turn < ROUNDS // 2 and own:
                seats[region] = (
                    round(sum(block.middle[0] * block.people for block in own) / people, 1),
                    round(sum(block.middle[1] * block.people for block in own) / people, 1),
                )
            weight[region] += round(60_000 * max(min((aim - people) / aim, 1.0), -1.0), 1)
    _reunite(found, owner, count)
    return [[number for number, at in enumerate(owner) if at == region] for region in range(count)]


def outer_shape(found: list[Block], numbers: Sequence[int]) -> Polygon:
    """The blocks as one polygon, with exactly their vertices along its border."""
    edges = {edge for number in numbers for edge in pairwise(found[number].shape.exterior.coords)}
    border = [LineString(edge) for edge in sorted(edges) if edge[::-1] not in edges]
    faces = shapely.get_parts(shapely.polygonize(border)).tolist()
    whole = max(faces, key=lambda face: Polygon(face.exterior).area)
    return Polygon(_on_grid(whole.exterior.coords), [_on_grid(hole.coords) for hole in whole.interiors])


def _spread(places: list[Metres], count: int, chance: Random) -> list[Metres]:
    """Places far apart from each other: each next one is the farthest from those before."""
    seats = [chance.choice(places)]
    while len(seats) < count:
        seats.append(max(places, key=lambda place: min(_squared(place, seat) for seat in seats)))
    return seats


def _squared(a: Metres, b: Metres) -> float:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2


def _nearest(place: Metres, seats: list[Metres], weight: list[float]) -> int:
    return min(range(len(seats)), key=lambda region: (round(_squared(place, seats[region]) - weight[region], 1), region))


def _reunite(found: list[Block], owner: list[int], count: int) -> None:
    """Gives every part that lies apart from its region to the neighbour with the longest border, until none is left."""
    for _ in range(12):
        loose = [part for region in range(count) for part in _parts(found, owner, region)[1:]]
        if not loose:
            return
        for part in loose:
            border: dict[int, int] = defaultdict(int)
            for number in part:
                for other, edges in found[number].beside.items():
                    if owner[other] != owner[number]:
                        border[owner[other]] += edges
            taker = max(border, key=lambda region: (border[region], -region))
            for number in part:
                owner[number] = taker


def _parts(found: list[Block], owner: list[int], region: int) -> list[list[int]]:
    """The pieces of a region, the most populous first."""
    left = {number for number, at in enumerate(owner) if at == region}
    pieces = []
    while left:
        piece, waiting = [], [min(left)]
        left.discard(waiting[0])
        while waiting:
            number = waiting.pop()
            piece.append(number)
            for other in sorted(found[number].beside):
                if other in left:
                    left.discard(other)
                    waiting.append(other)
        pieces.append(piece)
    return sorted(pieces, key=lambda piece: -sum(found[number].people for number in piece))
