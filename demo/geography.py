"""Makes the map of the demo town from a seed and writes it to demo/areas/*.geojson.

    python -m demo.geography

The same seed gives the same bytes. Wards, districts and neighbourhoods each cut the whole town into areas that
share their borders exactly; the outline is the union of the wards.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import split

from demo.field import density
from demo.green import parks, waterfront
from demo.ground import Ground, ground
from demo.naming import named
from demo.partition import GRID, Block, blocks, on_grid, outer_shape
from demo.plane import DECIMALS, Metres
from demo.regions import Regions
from demo.shapes import in_degrees, polygons_of
from demo.streets import HIGHWAY, STREET, Street, loose_ends, street_network

SEED = 7
AREAS = Path(__file__).parent / "areas"
CORRIDOR_HALF_WIDTH_M = 30.0
CUT_M = 150.0  # streets that end this near the limits or the water cut the strip between

Seats = dict[str, tuple[str, Metres]]  # code: name, about where
WARDS: Seats = {
    f"ward-{number}": (f"Ward {number}", seat)
    for number, seat in enumerate(
        [(-550, 0), (-900, 1000), (-1400, -200), (-2300, -500), (-2900, 900), (-900, 2400), (900, 0), (2600, -600),
         (1700, 1900)], start=1)
}  # fmt: skip
DISTRICTS: Seats = {
    "centre": ("Centre", (-500, 500)),
    "west": ("West Side", (-2800, -200)),
    "north": ("North Hills", (-1500, 2500)),
    "strand": ("The Strand", (2000, -500)),
    "eastbank": ("East Bank", (1800, 2000)),
}
NEIGHBOURHOODS: Seats = {
    "old-town": ("Old Town", (-450, 50)),
    "ropewalk": ("Ropewalk", (-150, 750)),
    "bellwether": ("Bellwether", (-1250, 500)),
    "weavers-hill": ("Weavers Hill", (-900, 1450)),
    "tidewater": ("Tidewater", (-1500, -500)),
    "gullcote": ("Gullcote", (-2200, -1000)),
    "saltmarsh": ("Saltmarsh", (-3600, -1500)),
    "alderbrook": ("Alderbrook", (-2600, 100)),
    "westering": ("Westering", (-3700, 300)),
    "linden-park": ("Linden Park", (-2200, 1000)),
    "tollgate": ("Tollgate", (-3300, 1900)),
    "fallowfield": ("Fallowfield", (-1600, 2600)),
    "millrace": ("Millrace", (-200, 2500)),
    "upper-brindle": ("Upper Brindle", (100, 3500)),
    "ferry-point": ("Ferry Point", (550, -50)),
    "kestrel-heights": ("Kestrel Heights", (1200, 700)),
    "larkrise": ("Larkrise", (1300, 2500)),
    "thistle-down": ("Thistle Down", (2800, 2100)),
    "curlew-fields": ("Curlew Fields", (2600, 400)),
    "sandpiper-green": ("Sandpiper Green", (1700, -900)),
    "long-strand": ("Long Strand", (3300, -1000)),
    "eastmere": ("Eastmere", (3700, 600)),
}


@dataclass(frozen=True)
class Area:
    code: str
    name: str
    shape: Polygon | MultiPolygon  # EPSG:4326


@dataclass(frozen=True)
class Town:
    land: Ground
    streets: list[Street]
    layers: dict[str, list[Area]]


def town(seed: int = SEED) -> Town:
    """The whole map."""
    land = ground(seed)
    streets = named(street_network(land, seed), land, seed)
    cells = _blocks(land, streets)
    wards = _areas(cells, land, WARDS, evenness=1.0)
    layers = {
        "outline": [
            Area("town", "Town limits", outer_shape(part for ward in wards for part in polygons_of(ward.shape)))
        ],
        "wards": wards,
        "districts": _areas(cells, land, DISTRICTS, evenness=0.4),
        "neighbourhoods": _areas(cells, land, NEIGHBOURHOODS, evenness=0.15),
        "corridors": [Area("route-9", "Route 9", _drawn(_corridor(land)))],
        "parks": [Area(code, name, _drawn(shape)) for code, name, shape in parks(land, cells, seed)],
        "waterfront": [Area(code, name, _drawn(shape)) for code, name, shape in waterfront(land)],
    }
    return Town(land, streets, layers)


def write(made: Town, folder: Path = AREAS) -> list[Path]:
    """One GeoJSON file for each layer, and one for the streets (RFC 7946)."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for layer, areas in made.layers.items():
        features = [_feature(area.shape, code=area.code, name=area.name) for area in areas]
        files.append(_write(folder / f"{layer}.geojson", features))
    features = [_feature(in_degrees(s.line), name=s.name, kind=s.kind) for s in made.streets]
    files.append(_write(folder / "streets.geojson", features))
    return files


def _blocks(land: Ground, streets: Sequence[Street]) -> list[Block]:
    lanes = [street.line for street in streets if street.kind == STREET]
    avenues = [street.line for street in streets if street.kind != STREET]
    cuts = loose_ends([street for street in streets if street.kind != HIGHWAY], land.outline, CUT_M)
    return blocks(land.outline, [*lanes, *cuts], [*avenues, land.river], density)


def _areas(cells: Sequence[Block], land: Ground, seats: Seats, evenness: float) -> list[Area]:
    """A layer that covers the town without a gap."""
    places = [seat for _, seat in seats.values()]
    grown = Regions(cells, _banks(cells, land), places).grow(evenness)
    return [
        Area(code, name, outer_shape(cells[number].shape for number in own))
        for (code, (name, _)), own in zip(seats.items(), grown, strict=True)
    ]


def _banks(cells: Sequence[Block], land: Ground) -> list[int]:
    """On which bank of the river each block lies."""
    sides = shapely.get_parts(split(land.outline, land.river)).tolist()
    middles = [shapely.Point(cell.middle) for cell in cells]
    return [min(range(len(sides)), key=lambda n: sides[n].distance(middle)) for middle in middles]


def _corridor(land: Ground) -> BaseGeometry:
    """30 m to either side of the highway's middle."""
    return land.highway.buffer(CORRIDOR_HALF_WIDTH_M, cap_style="flat").intersection(land.outline)


def _drawn(shape: BaseGeometry) -> Polygon | MultiPolygon:
    snapped = shapely.set_precision(in_degrees(shape), GRID)
    parts = [on_grid(part) for part in polygons_of(snapped)]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _feature(shape: BaseGeometry, **properties: str) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(shape)}


def _write(path: Path, features: Iterable[dict[str, Any]]) -> Path:
    """One feature a line, so that a change to one area is a change to one line."""
    lines = ",\n".join(json.dumps(_rounded(feature), ensure_ascii=False, separators=(",", ":")) for feature in features)
    path.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', encoding="utf-8")
    return path


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return round(value, DECIMALS) if isinstance(value, float) else value


if __name__ == "__main__":
    for written in write(town()):
        print(f"{written.name}: {written.stat().st_size:,} bytes")
