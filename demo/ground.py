"""What was there before the town: the shore, the river, the limits and the highway that passes by.

All in metres from the town square. The large shapes are drawn by hand; the seed roughens them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from random import Random

from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from demo.plane import Metres
from demo.shapes import longest

SHORE: list[Metres] = [  # from west to east
    (-4480, -1850), (-3900, -2150), (-3250, -2080), (-2700, -1700), (-2250, -1420), (-1850, -1500), (-1500, -1250),
    (-1150, -760), (-720, -420), (-260, -300), (150, -330), (520, -560), (760, -1000), (1050, -1420), (1500, -1600),
    (2200, -1780), (3000, -1840), (3800, -1780), (4460, -1560),
]  # fmt: skip
LIMITS: list[Metres] = [  # the limits on land, from the eastern end of the shore round to its western end
    (4520, -600), (4420, 420), (4080, 470), (4150, 1500), (4020, 2380), (3350, 2620), (3120, 3340), (2200, 3420),
    (1500, 3980), (500, 3900), (-650, 4020), (-700, 3420), (-2100, 3360), (-2900, 2900), (-3900, 2820), (-4000, 1700),
    (-4420, 1560), (-4380, 300), (-4600, -700),
]  # fmt: skip
RIVER: list[Metres] = [  # from its entry in the north to its mouth
    (1250, 4250), (1180, 3600), (760, 3050), (420, 2560), (560, 2050), (760, 1620), (480, 1180), (250, 760),
    (330, 380), (180, 0), (-40, -290), (-120, -520),
]  # fmt: skip
HIGHWAY: list[Metres] = [
    (-4900, 1010), (-3700, 1120), (-2600, 1330), (-1600, 1760), (-600, 2010), (400, 1960), (1400, 1720), (2500, 1180),
    (3400, 1010), (4900, 1120),
]  # fmt: skip
HARBOUR = (-1450, 480)  # the shore between these two x
BEACH = (1650, 4100)
COMMON: Metres = (-1250, 640)  # the middle of the largest park
COMMON_RADIUS_M = 300.0
SQUARE: Metres = (-420, 60)  # the market square, in the middle of the old town
SQUARE_RADIUS_M = 62.0
RIVER_HALF_WIDTH_M = 28.0


@dataclass(frozen=True)
class Ground:
    """The bare land; every shape in metres."""

    shore: LineString
    outline: Polygon
    river: LineString
    water: BaseGeometry
    highway: LineString
    common: Polygon
    square: Polygon


def ground(seed: int) -> Ground:
    chance = Random(f"ground {seed}")
    shore = smooth(_rough(_moved(SHORE, chance, 40), chance, 0.13), 1)
    limits = _rough(_moved(LIMITS, chance, 60), chance, 0.025)
    outline = Polygon(_rounded(shore + limits))
    river = LineString(_rounded(smooth(_moved(RIVER, chance, 30))))
    highway = longest(LineString(_rounded(smooth(_moved(HIGHWAY, chance, 40)))).intersection(outline))
    common, square = _ring(COMMON, COMMON_RADIUS_M, chance), _ring(SQUARE, SQUARE_RADIUS_M, chance)
    water = river.buffer(RIVER_HALF_WIDTH_M, quad_segs=4).intersection(outline)
    return Ground(LineString(_rounded(shore)), outline, river, water, highway, common, square)


def rounded(point: Metres) -> Metres:
    """To the millimetre, so that the last digit of a sine on another machine decides nothing."""
    return round(point[0], 3), round(point[1], 3)


def _rounded(points: list[Metres]) -> list[Metres]:
    return [rounded(point) for point in points]


def _moved(points: list[Metres], chance: Random, by_m: float) -> list[Metres]:
    return [(x + chance.uniform(-by_m, by_m), y + chance.uniform(-by_m, by_m)) for x, y in points]


def smooth(points: list[Metres], times: int = 3) -> list[Metres]:
    """Chaikin's corner cutting; both ends stay."""
    for _ in range(times):
        cut = [points[0]]
        for (x0, y0), (x1, y1) in pairwise(points):
            cut += [(0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1), (0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1)]
        points = [*cut, points[-1]]
    return points


def _rough(points: list[Metres], chance: Random, share: float, shortest_m: float = 45.0) -> list[Metres]:
    """Midpoint displacement: each long stretch is bent by up to `share` of its length, again and again."""
    bent = [points[0]]
    for start, end in pairwise(points):
        bent += _bent(start, end, chance, share, shortest_m)
    return bent


def _bent(start: Metres, end: Metres, chance: Random, share: float, shortest_m: float) -> list[Metres]:
    (x0, y0), (x1, y1) = start, end
    if hypot(x1 - x0, y1 - y0) < 2 * shortest_m:
        return [end]
    off = chance.uniform(-share, share)
    middle = rounded(((x0 + x1) / 2 - (y1 - y0) * off, (y0 + y1) / 2 + (x1 - x0) * off))
    return _bent(start, middle, chance, share, shortest_m) + _bent(middle, end, chance, share, shortest_m)


def _ring(centre: Metres, radius_m: float, chance: Random) -> Polygon:
    corners = [(-0.9, -0.5), (-0.2, -1.0), (0.8, -0.8), (1.1, 0.1), (0.5, 0.9), (-0.5, 0.8)]
    place = [(centre[0] + radius_m * x, centre[1] + radius_m * y) for x, y in _moved(corners, chance, 0.12)]
    (x0, y0), (x1, y1) = place[0], place[-1]
    start = ((x0 + x1) / 2, (y0 + y1) / 2)  # in the middle of a side, where the ends of a smoothed line stay unseen
    return Polygon(_rounded(smooth([start, *place, start])))
