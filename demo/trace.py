"""Lays streets along a field of directions, each at a distance from those that run beside it.

Source of the method: Jobard and Lefer, "Creating Evenly-Spaced Streamlines of Arbitrary Density", 1997.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from random import Random

from shapely import contains_xy as covers
from shapely import prepare
from shapely.geometry.base import BaseGeometry

from demo.field import Field
from demo.ground import rounded
from demo.plane import Metres

STRIDE_M = 12.0
CELL_M = 60.0
SHORTEST_M = 90.0


class Neighbours:
    """Points of the streets that run one way, found by place."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], list[Metres]] = defaultdict(list)

    def add(self, points: Iterable[Metres]) -> None:
        for x, y in points:
            self.cells[int(x // CELL_M), int(y // CELL_M)].append((x, y))

    def any_within(self, x: float, y: float, radius_m: float) -> bool:
        limit = radius_m * radius_m
        for i in range(int((x - radius_m) // CELL_M), int((x + radius_m) // CELL_M) + 1):
            for j in range(int((y - radius_m) // CELL_M), int((y + radius_m) // CELL_M) + 1):
                for px, py in self.cells.get((i, j), ()):
                    if (px - x) ** 2 + (py - y) ** 2 < limit:
                        return True
        return False


@dataclass(frozen=True)
class Plan:
    """What kind of streets to lay, and where."""

    where: BaseGeometry
    across: bool  # across the field instead of along it
    apart: Callable[[float, float], float]  # metres between neighbours, by place
    longest_m: float
    close_up: float = 0.55  # a street goes on until it is nearer to its neighbour than this share of `apart`


class Tracer:
    """Draws one kind of street after another; what is there already keeps later ones at a distance."""

    def __init__(self, field: Field, seed: int) -> None:
        self.field = field
        self.chance = Random(f"trace {seed}")
        self.beside = {True: Neighbours(), False: Neighbours()}

    def reserve(self, line: Iterable[Metres], across: bool = False) -> None:
        """Takes a line that exists already into account."""
        self.beside[across].add(dense(list(line)))

    def streets(self, plan: Plan) -> list[list[Metres]]:
        """As many streets as fit."""
        prepare(plan.where)
        beside = self.beside[plan.across]
        found: list[list[Metres]] = []
        waiting = deque(self._anywhere(plan.where, 4000))
        while waiting:
            seed = waiting.popleft()
            if not covers(plan.where, *seed) or beside.any_within(*seed, plan.apart(*seed)):
                continue
            line = [*reversed(self._half(seed, plan, -1)), seed, *self._half(seed, plan, 1)]
            beside.add(line)
            found.append(line)
            waiting.extendleft(self._next_to(line, plan))
        return [line for line in found if len(line) * STRIDE_M > SHORTEST_M]

    def _half(self, seed: Metres, plan: Plan, sign: int) -> list[Metres]:
        """From the seed onwards to one side, as far as the street goes."""
        points: list[Metres] = []
        x, y = seed
        dx, dy = self.field.direction(x, y, plan.across)
        heading = (sign * dx, sign * dy)
        for _ in range(int(plan.longest_m / 2 / STRIDE_M)):
            halfway = (x + heading[0] * STRIDE_M / 2, y + heading[1] * STRIDE_M / 2)
            heading = self._forward(halfway, plan.across, heading)
            x, y = rounded((x + heading[0] * STRIDE_M, y + heading[1] * STRIDE_M))
            crowded = self.beside[plan.across].any_within(x, y, plan.close_up * plan.apart(x, y))
            if crowded or not covers(plan.where, x, y):
                break
            points.append((x, y))
            if _comes_back(points):
                break
        return points

    def _forward(self, place: Metres, across: bool, heading: Metres) -> Metres:
        dx, dy = self.field.direction(*place, across)
        return (dx, dy) if dx * heading[0] + dy * heading[1] >= 0 else (-dx, -dy)

    def _next_to(self, line: list[Metres], plan: Plan) -> list[Metres]:
        """Where the next street might start, on both sides."""
        places = []
        for x, y in line[:: max(len(line) // 6, 1)]:
            nx, ny = self.field.direction(x, y, not plan.across)
            gap = 1.02 * plan.apart(x, y)
            places += [rounded((x + nx * gap, y + ny * gap)), rounded((x - nx * gap, y - ny * gap))]
        self.chance.shuffle(places)
        return places

    def _anywhere(self, where: BaseGeometry, count: int) -> list[Metres]:
        west, south, east, north = where.bounds
        return [rounded((self.chance.uniform(west, east), self.chance.uniform(south, north))) for _ in range(count)]


def dense(line: list[Metres], every_m: float = STRIDE_M) -> list[Metres]:
    """The same line with a point at least every so many metres."""
    points = [line[0]]
    for (x0, y0), (x1, y1) in pairwise(line):
        parts = max(int(hypot(x1 - x0, y1 - y0) / every_m), 1)
        points += [rounded((x0 + (x1 - x0) * k / parts, y0 + (y1 - y0) * k / parts)) for k in range(1, parts + 1)]
    return points


def _comes_back(points: list[Metres]) -> bool:
    """Whether the street has closed a loop upon itself."""
    if len(points) < 20:
        return False
    (x, y), (fx, fy) = points[-1], points[0]
    return hypot(x - fx, y - fy) < 1.5 * STRIDE_M
