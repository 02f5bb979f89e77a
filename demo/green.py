"""Parks, the harbour and the beach."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, pi
from random import Random

from shapely import LineString
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from demo.ground import BEACH, HARBOUR, RIVER_HALF_WIDTH_M, Ground
from demo.naming import names
from demo.partition import Block
from demo.plane import Metres
from demo.shapes import in_metres, largest

Named = tuple[str, str, BaseGeometry]  # code, name, shape in metres
STREET_HALF_WIDTH_M = 9.0
APART_M = 620.0
PARK_HA = (0.7, 7.0)
WOOD_HA = (18.0, 90.0)


def parks(land: Ground, cells: Sequence[Block], seed: int) -> list[Named]:
    """The common, the market square, a walk along the river, a wood, and a dozen blocks that were never built on."""
    chance = Random(f"parks {seed}")
    words = names()["parks"]
    found: list[tuple[str, BaseGeometry]] = [
        (words["common"], land.common.buffer(-STREET_HALF_WIDTH_M)),
        (words["square"], land.square.buffer(-STREET_HALF_WIDTH_M)),
        (words["walk"], _river_walk(land)),
    ]
    taken = [(shape.centroid.x, shape.centroid.y) for _, shape in found]
    wood = [words["wood"]]
    for wanted, hectares in ((wood, WOOD_HA), (words["others"], PARK_HA)):
        fitting = [block for block in cells if _fits(block, hectares, land)]
        chance.shuffle(fitting)
        for name in wanted:
            block = next((b for b in fitting if _far_from(taken, b.middle)), None)
            if block is not None:
                taken.append(block.middle)
                found.append((name, in_metres(block.shape).buffer(-STREET_HALF_WIDTH_M, join_style="mitre")))
    return [(name.lower().replace(" ", "-"), name, largest(shape)) for name, shape in found]


def waterfront(land: Ground) -> list[Named]:
    """The quays of the harbour, 150 m deep, and the beach, 80 m deep."""
    words = names()["waterfront"]
    return [
        ("harbour", words["harbour"], _strip(land, HARBOUR, 150)),
        ("beach", words["beach"], _strip(land, BEACH, 80)),
    ]


def _strip(land: Ground, between: tuple[float, float], deep_m: float) -> BaseGeometry:
    """The land within so many metres of the shore between two x."""
    shore = LineString([point for point in land.shore.coords if between[0] <= point[0] <= between[1]])
    return largest(shore.buffer(deep_m, cap_style="flat").intersection(land.outline))


def _river_walk(land: Ground) -> BaseGeometry:
    """A green strip along the western bank, between the water and the quay."""
    middle = substring(land.river, 0.42, 0.78, normalized=True)
    strip = middle.buffer(-62, single_sided=True).difference(land.river.buffer(RIVER_HALF_WIDTH_M + 3))
    return largest(strip)


def _fits(block: Block, hectares: tuple[float, float], land: Ground) -> bool:
    """Of the right size, rather compact, on dry land and away from the highway."""
    if not hectares[0] <= block.area_m2 / 10_000 <= hectares[1]:
        return False
    shape = in_metres(block.shape)
    compact = 4 * pi * shape.area / shape.length**2
    away = min(shape.distance(line) for line in (land.river, land.highway, land.shore))
    return compact > 0.5 and away > 60 and shape.distance(land.outline.exterior) > 40


def _far_from(taken: Sequence[Metres], place: Metres) -> bool:
    return all(hypot(place[0] - x, place[1] - y) > APART_M for x, y in taken)
