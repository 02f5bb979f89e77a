"""Which way streets run: one direction for each place, and how far apart they lie there.

Streets follow the shore, the river and the highway where these are near, circle and cross the old town,
and elsewhere keep to the grid of whoever laid out that quarter. A direction is kept as the cosine and sine
of twice its angle, so that east and west are the same direction and several can be added up.
Source of the idea: Chen et al., "Interactive Procedural Street Modeling", SIGGRAPH 2008.
"""

from __future__ import annotations

from math import atan2, cos, exp, floor, hypot, radians, sin
from random import Random

from shapely import LineString, Point

from demo.ground import SQUARE, Ground
from demo.plane import Metres

OLD_TOWN_M = 620.0
QUARTERS: list[tuple[Metres, float, float]] = [  # centre, direction in degrees, reach in metres
    ((-2700, 250), 12, 1100), ((-900, 1250), -14, 800), ((1500, 300), 31, 1100), ((3000, -700), 2, 1300),
    ((1300, 2700), -22, 1000), ((-1800, 2400), 24, 1100), ((-3300, -900), -20, 900), ((2900, 1900), -6, 1000),
]  # fmt: skip
VILLAGES = ((2900, -900, 700), (-2900, -700, 800), (1300, 2500, 600))  # x, y, reach: grown into the town long ago
STEP_M = 60  # the field is worked out on a lattice and read between its points
WEST, SOUTH, COLUMNS, ROWS = -5100, -2700, 172, 120


class Field:
    """The direction of streets at any place."""

    def __init__(self, land: Ground, seed: int) -> None:
        chance = Random(f"field {seed}")
        self.quarters = [(at, radians(angle + chance.uniform(-6, 6)), reach) for at, angle, reach in QUARTERS]
        self.lines = [(land.shore, 420.0, 2.5), (land.river, 260.0, 2.0), (land.highway, 240.0, 3.0)]
        self.wave = chance.uniform(0, 6.28)
        self.lattice = [[self._at(WEST + STEP_M * i, SOUTH + STEP_M * j) for i in range(COLUMNS)] for j in range(ROWS)]

    def direction(self, x: float, y: float, across: bool) -> Metres:
        """A unit vector along the streets (or `across` them)."""
        u, v = (x - WEST) / STEP_M, (y - SOUTH) / STEP_M
        i, j = min(max(floor(u), 0), COLUMNS - 2), min(max(floor(v), 0), ROWS - 2)
        u, v = u - i, v - j
        a, b, c, d = self.lattice[j][i], self.lattice[j][i + 1], self.lattice[j + 1][i], self.lattice[j + 1][i + 1]
        cosine = (a[0] * (1 - u) + b[0] * u) * (1 - v) + (c[0] * (1 - u) + d[0] * u) * v
        sine = (a[1] * (1 - u) + b[1] * u) * (1 - v) + (c[1] * (1 - u) + d[1] * u) * v
        angle = atan2(sine, cosine) / 2
        return (-sin(angle), cos(angle)) if across else (cos(angle), sin(angle))

    def _at(self, x: float, y: float) -> Metres:
        cosine = sine = 0.0
        for (cx, cy), angle, reach in self.quarters:
            weight = exp(-(((x - cx) ** 2 + (y - cy) ** 2) / reach**2))
            bent = angle + 0.12 * sin(x / 700 + self.wave) + 0.12 * sin(y / 600 - self.wave)
            cosine, sine = cosine + weight * cos(2 * bent), sine + weight * sin(2 * bent)
        for line, reach, strength in self.lines:
            angle, away = _along(line, x, y)
            weight = strength * exp(-((away / reach) ** 2))
            cosine, sine = cosine + weight * cos(2 * angle), sine + weight * sin(2 * angle)
        round_the_square = atan2(y - SQUARE[1], x - SQUARE[0]) + radians(90)
        weight = 1.6 * exp(-(((x - SQUARE[0]) ** 2 + (y - SQUARE[1]) ** 2) / OLD_TOWN_M**2))
        cosine, sine = cosine + weight * cos(2 * round_the_square), sine + weight * sin(2 * round_the_square)
        return round(cosine, 6), round(sine, 6)


def density(x: float, y: float) -> float:
    """How closely the place is built up: 1 in the old town, towards 0 at the limits."""
    around_square = exp(-((hypot(x - SQUARE[0], (y - SQUARE[1]) * 1.1) / 2300) ** 2))
    return max(around_square, *(0.75 * exp(-(((x - a) ** 2 + (y - b) ** 2) / r**2)) for a, b, r in VILLAGES))


def _along(line: LineString, x: float, y: float) -> tuple[float, float]:
    """The direction of the line at its point nearest to (x, y), and how far away that is."""
    here = Point(x, y)
    at = line.project(here)
    back, on = line.interpolate(max(at - 40, 0)), line.interpolate(min(at + 40, line.length))
    return atan2(on.y - back.y, on.x - back.x), line.distance(here)
