"""Which way streets run: one direction for each place, and how far apart they lie there.

Streets follow the shore, the river and the highway where these are near, circle and cross the old town,
and elsewhere keep to the grid of whoever laid out that quarter. A direction is kept as the cosine and sine
of twice its angle, so that east and west are the same direction and several can be added up.
Source of the idea: Chen et al., "Interactive Procedural Street Modeling", SIGGRAPH 2008.
"""

from __future__ import annotations

from math import atan2, cos, exp, floor, hypot, radians, sin
from random import Random

import numpy as np
import shapely
from shapely import LineString

from demo.ground import SQUARE, Ground
from demo.plane import Metres

OLD_TOWN_M = 620.0
QUARTERS: list[tuple[Metres, float, float]] = [  # centre, direction in degrees, reach in metres
    ((-2700, 250), 12, 1100), ((-900, 1250), -14, 800), ((1500, 300), 31, 1100), ((3000, -700), 2, 1300),
    ((1300, 2700), -22, 1000), ((-1800, 2400), 24, 1100), ((-3300, -900), -20, 900), ((2900, 1900), -6, 1000),
]  # fmt: skip
VILLAGES = ((2900, -900, 700), (-2900, -700, 800), (1300, 2500, 600))  # x, y, reach: grown into the town long ago
STEP_M = 60  # the field is worked out on a lattice and read between its points
Pull = tuple[float, float]  # a direction as an angle, and its weight
WEST, SOUTH, COLUMNS, ROWS = -5100, -2700, 172, 120


class Field:
    """The direction of streets at any place."""

    def __init__(self, land: Ground, seed: int) -> None:
        chance = Random(f"field {seed}")
        self.quarters = [(at, radians(angle + chance.uniform(-6, 6)), reach) for at, angle, reach in QUARTERS]
        self.wave = chance.uniform(0, 6.28)
        places = [(float(WEST + STEP_M * i), float(SOUTH + STEP_M * j)) for j in range(ROWS) for i in range(COLUMNS)]
        drawn = [
            _beside(land.shore, places, reach_m=420, strength=2.5),
            _beside(land.river, places, reach_m=260, strength=2.0),
            _beside(land.highway, places, reach_m=240, strength=3.0),
        ]
        found = [self._at(place, [pull[n] for pull in drawn]) for n, place in enumerate(places)]
        self.lattice = [found[j * COLUMNS : (j + 1) * COLUMNS] for j in range(ROWS)]

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

    def _at(self, place: Metres, drawn: list[Pull]) -> Metres:
        x, y = place
        pulls = list(drawn)
        for (cx, cy), angle, reach in self.quarters:
            bent = angle + 0.12 * sin(x / 700 + self.wave) + 0.12 * sin(y / 600 - self.wave)
            pulls.append((bent, exp(-(((x - cx) ** 2 + (y - cy) ** 2) / reach**2))))
        from_square = (x - SQUARE[0], y - SQUARE[1])
        around = atan2(from_square[1], from_square[0]) + radians(90)
        pulls.append((around, 1.6 * exp(-((from_square[0] ** 2 + from_square[1] ** 2) / OLD_TOWN_M**2))))
        cosine = sum(weight * cos(2 * angle) for angle, weight in pulls)
        sine = sum(weight * sin(2 * angle) for angle, weight in pulls)
        return round(cosine, 6), round(sine, 6)


def density(x: float, y: float) -> float:
    """How closely the place is built up: 1 in the old town, towards 0 at the limits."""
    around_square = exp(-((hypot(x - SQUARE[0], (y - SQUARE[1]) * 1.1) / 2300) ** 2))
    return max(around_square, *(0.75 * exp(-(((x - a) ** 2 + (y - b) ** 2) / r**2)) for a, b, r in VILLAGES))


def _beside(line: LineString, places: list[Metres], reach_m: float, strength: float) -> list[Pull]:
    """The direction of the line at its point nearest to each place, and how strongly it is felt there."""
    points = shapely.points(places)
    along = shapely.line_locate_point(line, points)
    back = shapely.get_coordinates(shapely.line_interpolate_point(line, np.maximum(along - 40, 0)))
    on = shapely.get_coordinates(shapely.line_interpolate_point(line, np.minimum(along + 40, line.length)))
    away = shapely.distance(line, points)
    return [
        (atan2(dy, dx), strength * exp(-((metres / reach_m) ** 2)))
        for (dx, dy), metres in zip((on - back).tolist(), away.tolist(), strict=True)
    ]
