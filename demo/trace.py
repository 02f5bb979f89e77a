"""Lays streets along a field of directions, each at a distance from those that run beside it.

Source of the method: Jobard and Lefer, "Creating Evenly-Spaced Streamlines of Arbitrary Density", 1997.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from itertools import pairwise
from math import hypot
from random import Random

from shapely import Polygon, prepare
from shapely import contains_xy as covers

from demo.field import Field
from demo.ground import rounded
from demo.plane import Metres

STRIDE_M = 12.0
CELL_M = 60.0
MAY_CLOSE_UP = 0.55  # a street goes on until it is nearer to its neighbour than this share of the distance asked for
Spacing = Callable[[float, float], float]


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


class Tracer:
    """Draws one kind of street after another; what is there already keeps later ones at a distance."""

    def __init__(self, field: Field, seed: int) -> None:
        self.field = field
        self.chance = Random(f"trace {seed}")
        self.beside = {True: Neighbours(), False: Neighbours()}

    def reserve(self, line: Iterable[Metres], across: bool = False) -> None:
        """Takes a line that exists already into account."""
        self.beside[across].add(dense(list(line)))

    def streets(self, where: Polygon, across: bool, spacing: Spacing, longest_m: float) -> list[list[Metres]]:
        """As many streets as fit into `where`, running along the field (or `across` it)."""
        prepare(where)
        found: list[list[Metres]] = []
        waiting = deque(self._anywhere(where, 4000))
        while waiting:
            seed = waiting.popleft()
            if not covers(where, *seed) or self.beside[across].any_within(*seed, spacing(*seed)):
                continue
            line = self._line(seed, where, across, spacing, longest_m)
            self.beside[across].add(line)
            found.append(line)
            waiting.extendleft(self._next_to(line, across, spacing))
        return [line for line in found if len(line) * STRIDE_M > 90]

    def _line(self, seed: Metres, where: Polygon, across: bool, spacing: Spacing, longest_m: float) -> list[Metres]:
        back = self._half(seed, where, across, spacing, longest_m / 2, -1)
        return [*reversed(back), seed, *self._half(seed, where, across, spacing, longest_m / 2, 1)]

    def _half(
        self, seed: Metres, where: Polygon, across: bool, spacing: Spacing, longest_m: float, sign: int
    ) -> list[Metres]:
        (x, y), points = seed, []
        dx, dy = self.field.direction(x, y, across)
        dx, dy = sign * dx, sign * dy
        for _ in range(int(longest_m / STRIDE_M)):
            mx, my = self._forward(x + dx * STRIDE_M / 2, y + dy * STRIDE_M / 2, across, (dx, dy))
            x, y = rounded((x + mx * STRIDE_M, y + my * STRIDE_M))
            if not covers(where, x, y) or self.beside[across].any_within(x, y, MAY_CLOSE_UP * spacing(x, y)):
                break
            points.append((x, y))
            dx, dy = self._forward(x, y, across, (mx, my))
            if _comes_back(points):
                break
        return points

    def _forward(self, x: float, y: float, across: bool, heading: Metres) -> Metres:
        dx, dy = self.field.direction(x, y, across)
        return (dx, dy) if dx * heading[0] + dy * heading[1] >= 0 else (-dx, -dy)

    def _next_to(self, line: list[Metres], across: bool, spacing: Spacing) -> list[Metres]:
        """Where the next street might start, on both sides."""
        places = []
        for x, y in line[:: max(len(line) // 6, 1)]:
            nx, ny = self.field.direction(x, y, not across)
            gap = 1.02 * spacing(x, y)
            places += [rounded((x + nx * gap, y + ny * gap)), rounded((x - nx * gap, y - ny * gap))]
        self.chance.shuffle(places)
        return places

    def _anywhere(self, where: Polygon, count: int) -> list[Metres]:
        west, south, east, north = where.bounds
        return [
            rounded((self.chance.uniform(west, east), self.chance.uniform(south, north))) for _ in range(count)
        ]


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
