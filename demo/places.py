"""Places in the town where something can be reported: on streets, at houses and crossings, in parks, by the water."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import accumulate
from math import cos, hypot, pi, sin
from pathlib import Path
from random import Random
from typing import Any

import shapely
from shapely import Point, STRtree
from shapely.geometry.base import BaseGeometry

from demo.field import density
from demo.geography import AREAS
from demo.naming import names
from demo.plane import TOWN_SQUARE, Metres
from demo.shapes import in_metres, longest
from demo.streets import AVENUE, HIGHWAY

EVERY_M = 20.0
LOT_M = 9.0  # a house every so many metres, odd numbers to the left
KERB_M = 7.0  # from the middle of the street to where people stand
LIMIT_M = 12.0  # how near to the town's limits a report may lie


@dataclass(frozen=True)
class Place:
    """Where a report was made, as the phone saw it, and how people call the place."""

    lon: float
    lat: float
    accuracy_m: float
    address: str | None
    street: str
    cross: str
    at: dict[str, str]  # by language, with its preposition


@dataclass(frozen=True)
class Spot:
    """A point in the middle of a street, so many metres after its beginning."""

    number: int
    along_m: float
    x: float
    y: float


class Places:
    """Reads the maps once and then finds places by kind."""

    def __init__(self, folder: Path = AREAS) -> None:
        streets = _features(folder / "streets.geojson")
        self.names = [properties["name"] for properties, _ in streets]
        self.kinds = [properties["kind"] for properties, _ in streets]
        self.lines = [longest(in_metres(shape)) for _, shape in streets]
        self.parks = [
            (properties["name"], in_metres(shape)) for properties, shape in _features(folder / "parks.geojson")
        ]
        self.waterfront = {p["code"]: (p["name"], in_metres(s)) for p, s in _features(folder / "waterfront.geojson")}
        words = names()["parks"]
        self.playgrounds = [park for park in self.parks if park[0] in (words["common"], *words["others"])]
        self.town = in_metres(_features(folder / "outline.geojson")[0][1]).buffer(-LIMIT_M)
        shapely.prepare(self.town)
        self.crossings = self._crossings()
        town_streets = [n for n, kind in enumerate(self.kinds) if kind != HIGHWAY]
        self.spots = [spot for number in town_streets for spot in self._spots(number)]
        self.weights = list(accumulate(self._weight(spot) for spot in self.spots))
        self.highway = [spot for n, kind in enumerate(self.kinds) if kind == HIGHWAY for spot in self._spots(n)]
        self.corners = [(number, spot) for number, met in self.crossings.items() for spot, _ in met]
        self.corner_weights = list(accumulate(self._weight(spot) for _, spot in self.corners))
        self.park_weights = list(accumulate(shape.area**0.4 for _, shape in self.parks))

    def find(self, kind: str, chance: Random) -> Place:
        """kind: street, home, crossing, park, playground, harbour, beach or highway."""
        for _ in range(100):
            place = self._try(kind, chance)
            if place is not None:
                return place
        raise ValueError(f"no place of kind {kind} found inside the town")

    def near(self, first: Place, chance: Random) -> Place:
        """The same place, seen by another phone a few steps away."""
        x, y = TOWN_SQUARE.metres((first.lon, first.lat))
        moved = self._seen((x, y), chance, first.address, first.street, first.cross, first.at)
        return moved or first

    def _try(self, kind: str, chance: Random) -> Place | None:
        if kind == "park":
            name, shape = chance.choices(self.parks, cum_weights=self.park_weights)[0]
            return self._in_area(name, shape, "in", chance)
        if kind == "playground":
            return self._in_area(*chance.choice(self.playgrounds), "in", chance)
        if kind in self.waterfront:
            name, shape = self.waterfront[kind]
            return self._in_area(name, shape, "at", chance)
        if kind == "crossing":
            return self._at_crossing(chance)
        if kind == "highway":
            return self._on_street(chance.choice(self.highway), False, chance)
        spot = chance.choices(self.spots, cum_weights=self.weights)[0]
        return self._on_street(spot, kind == "home" or chance.random() < 0.45, chance)

    def _in_area(self, name: str, shape: BaseGeometry, preposition: str, chance: Random) -> Place | None:
        west, south, east, north = shape.bounds
        point = Point(chance.uniform(west, east), chance.uniform(south, north))
        while not shape.contains(point):
            point = Point(chance.uniform(west, east), chance.uniform(south, north))
        near = min(range(len(self.lines)), key=lambda n: self.lines[n].distance(point))
        at = {"en": f"{preposition} {name}", "es": f"en {name}"}
        return self._seen((point.x, point.y), chance, name, name, self.names[near], at)

    def _at_crossing(self, chance: Random) -> Place | None:
        number, spot = chance.choices(self.corners, cum_weights=self.corner_weights)[0]
        street, cross = self.names[number], self._cross(number, spot.along_m)
        at = {"en": f"at the corner of {street} and {cross}", "es": f"en la esquina de {street} con {cross}"}
        turn = chance.uniform(0, 2 * pi)
        corner = (spot.x + KERB_M * cos(turn), spot.y + KERB_M * sin(turn))
        return self._seen(corner, chance, f"{street} & {cross}", street, cross, at)

    def _on_street(self, spot: Spot, with_number: bool, chance: Random) -> Place | None:
        street, left = self.names[spot.number], chance.random() < 0.5
        along = min(spot.along_m + chance.uniform(0, EVERY_M), self.lines[spot.number].length - 0.5)
        beside = self._beside(spot.number, along, KERB_M if left else -KERB_M)
        at = {"en": f"on {street}", "es": f"en {street}"}
        address = street
        if with_number and self.kinds[spot.number] != HIGHWAY:
            house = 2 * int(along / LOT_M) + (1 if left else 2)
            address = f"{house} {street}"
            at = {"en": f"at {address}", "es": f"en {street}, {house}"}
        return self._seen(beside, chance, address, street, self._cross(spot.number, along), at)

    def _seen(
        self, true: Metres, chance: Random, address: str | None, street: str, cross: str, at: dict[str, str]
    ) -> Place | None:
        """What a phone makes of a place; None when it would lie outside the town."""
        accuracy = min(max(round(chance.lognormvariate(2.1, 0.6), 1), 3.0), 120.0)
        off = min(abs(chance.gauss(0, accuracy / 2.5)), 25.0)
        turn = chance.uniform(0, 2 * pi)
        x, y = true[0] + off * cos(turn), true[1] + off * sin(turn)
        if not shapely.contains_xy(self.town, x, y):
            return None
        lon, lat = TOWN_SQUARE.degrees((x, y))
        return Place(lon, lat, accuracy, address if chance.random() < 0.92 else None, street, cross, at)

    def _beside(self, number: int, along: float, side_m: float) -> Metres:
        line = self.lines[number]
        here, ahead = line.interpolate(max(along - 0.5, 0.0)), line.interpolate(along + 0.5)
        length = hypot(ahead.x - here.x, ahead.y - here.y) or 1.0
        dx, dy = (ahead.x - here.x) / length, (ahead.y - here.y) / length
        return here.x - dy * side_m, here.y + dx * side_m

    def _spots(self, number: int) -> list[Spot]:
        line = self.lines[number]
        count = int(line.length / EVERY_M)
        points = [(k * EVERY_M, line.interpolate(k * EVERY_M)) for k in range(count)]
        return [Spot(number, along, point.x, point.y) for along, point in points]

    def _weight(self, spot: Spot) -> float:
        busy = 1.6 if self.kinds[spot.number] == AVENUE else 1.0
        return round(busy * (0.04 + density(spot.x, spot.y)), 6)

    def _crossings(self) -> dict[int, list[tuple[Spot, int]]]:
        """For each street, where it meets which other."""
        tree = STRtree(self.lines)
        met: dict[int, list[tuple[Spot, int]]] = {}
        for number, line in enumerate(self.lines):
            for other in sorted(int(n) for n in tree.query(line, predicate="dwithin", distance=2.0)):
                if other != number and HIGHWAY not in (self.kinds[number], self.kinds[other]):
                    point = shapely.shortest_line(line, self.lines[other]).coords[0]
                    spot = Spot(number, line.project(Point(point)), *point)
                    met.setdefault(number, []).append((spot, other))
        return met

    def _cross(self, number: int, along: float) -> str:
        """The street that crosses nearest to there."""
        met = self.crossings.get(number)
        if not met:
            return self.names[number]
        return self.names[min(met, key=lambda pair: abs(pair[0].along_m - along))[1]]


def _features(path: Path) -> list[tuple[dict[str, str], BaseGeometry]]:
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return [(feature["properties"], shapely.geometry.shape(feature["geometry"])) for feature in read["features"]]
