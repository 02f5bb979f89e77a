"""A crew's map in one file: PMTiles with vector tiles of zoom 12 to 16 round the stops of a package, read without a network."""

import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from sqlalchemy.orm import Session

from geo.base_map import BaseMap
from geo.map_tiles import HIGHEST_ZOOM, LAYERS, LOWEST_ZOOM, MapStop, Tile, bounds_round, drawn_tiles, tiles_round
from geo.points import LonLat

LARGEST_BYTES = 20 * 1024 * 1024
MARGINS_M = (500.0, 250.0, 100.0, 0.0)  # how much is shown round each stop: as much as fits
MOST_TILES = 6_000


class MapTooLarge(Exception):
    """Even without anything round the stops it would be larger than LARGEST_BYTES."""


@dataclass(frozen=True)
class Round:
    """What the map is of."""

    town_id: int
    package_id: str
    name: str
    stops: Sequence[MapStop]
    start: LonLat | None = None


def offline_map(session: Session, of: Round, base: BaseMap | None = None) -> bytes:
    """The file. `base`: the city's own base map, whose layers come under ours. Raises MapTooLarge."""
    way = [*filter(None, [of.start]), *(stop.place for stop in of.stops)]
    for margin_m in MARGINS_M:
        tiles = tiles_round(way, margin_m)
        if len(tiles) > MOST_TILES:
            continue
        file = _written(of, bounds_round(way, margin_m), _tiles(session, of, way, tiles, base), base)
        if len(file) <= LARGEST_BYTES:
            return file
    raise MapTooLarge()


def _tiles(
    session: Session, of: Round, way: Sequence[LonLat], tiles: Sequence[Tile], base: BaseMap | None
) -> dict[Tile, bytes]:
    drawn = drawn_tiles(session, of.town_id, of.package_id, tiles, of.stops, way)
    if base is None:
        return drawn
    return {tile: data for tile in tiles if (data := base.tile(tile) + drawn.get(tile, b""))}


def _written(
    of: Round, bounds: tuple[float, float, float, float], tiles: dict[Tile, bytes], base: BaseMap | None
) -> bytes:
    file = io.BytesIO()
    writer = Writer(file)
    for number, tile in sorted((zxy_to_tileid(*tile), tile) for tile in tiles):
        # Without the time of writing, so that the same map is the same bytes.
        writer.write_tile(number, gzip.compress(tiles[tile], mtime=0))
    west, south, east, north = bounds  # a reader asks for nothing outside them
    header = {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": round(west * 1e7),
        "min_lat_e7": round(south * 1e7),
        "max_lon_e7": round(east * 1e7),
        "max_lat_e7": round(north * 1e7),
        "center_zoom": 14,
        "center_lon_e7": round((west + east) / 2 * 1e7),
        "center_lat_e7": round((south + north) / 2 * 1e7),
    }
    own = [
        {"id": name, "fields": members, "minzoom": LOWEST_ZOOM, "maxzoom": HIGHEST_ZOOM}
        for name, members in LAYERS.items()
    ]
    metadata = {
        "name": of.name,
        "format": "pbf",
        "attribution": base.attribution if base else "",
        "vector_layers": [*(base.vector_layers if base else []), *own],
    }
    writer.finalize(header, metadata)
    return file.getvalue()
