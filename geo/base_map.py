"""The city's own base map, a PMTiles file of vector tiles, from which pieces go into a crew's map.

Source: PMTiles version 3, github.com/protomaps/PMTiles.
"""

import gzip
import struct
from functools import lru_cache
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import shapely
from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression, MagicNumberNotFound, SpecVersionUnsupported, TileType
from shapely import affinity
from shapely.geometry import shape

from geo.map_tiles import LAYERS, Tile
from geo.readers import UnusableFile

BUFFER = 64  # of 4096, as the tiles of `geo.map_tiles`
_ALL_WAYS = {"y_coord_down": True}


class BaseMap:
    """An opened base map. Tiles are given as plain protocol buffers; above the file's highest zoom, cut out of that."""

    def __init__(self, path: Path):
        """Raises UnusableFile for what is not a PMTiles file of vector tiles, or has layers that are called like ours."""
        self.path = path
        try:
            with path.open("rb") as file:
                self._reader = Reader(MmapSource(file))
            self._header = self._reader.header()
            self._metadata = self._reader.metadata()
        except (OSError, ValueError, EOFError, MagicNumberNotFound, SpecVersionUnsupported, struct.error) as fault:
            raise UnusableFile(f"{path.name} cannot be read as PMTiles version 3.") from fault
        if self._header["tile_type"] != TileType.MVT:
            raise UnusableFile(f"{path.name} holds pictures; a base map must hold vector tiles.")
        if self._header["tile_compression"] not in (Compression.GZIP, Compression.NONE):
            raise UnusableFile(f"{path.name} is compressed in a way that we do not read; write it with gzip.")
        if taken := sorted(set(LAYERS) & {layer["id"] for layer in self.vector_layers}):
            raise UnusableFile(f"{path.name} has layers that are called like ours: {', '.join(taken)}.")
        self._from_above = lru_cache(maxsize=64)(self._decoded)

    @property
    def vector_layers(self) -> list[dict[str, Any]]:
        """The layers as the file's metadata describe them."""
        return list(self._metadata.get("vector_layers", []))

    @property
    def attribution(self) -> str:
        """Whom to name on the map."""
        return str(self._metadata.get("attribution", ""))

    def tile(self, tile: Tile) -> bytes:
        """The tile; empty where the file has nothing."""
        zoom, x, y = tile
        highest = self._header["max_zoom"]
        if zoom <= highest:
            return self._raw(tile)
        steps = zoom - highest
        parent = (highest, x >> steps, y >> steps)
        layers = self._from_above(parent)
        return _cut_out(layers, steps, x - (parent[1] << steps), y - (parent[2] << steps)) if layers else b""

    def _raw(self, tile: Tile) -> bytes:
        data = self._reader.get(*tile)
        if not data:
            return b""
        return gzip.decompress(data) if self._header["tile_compression"] == Compression.GZIP else data

    def _decoded(self, tile: Tile) -> dict[str, Any]:
        data = self._raw(tile)
        return mapbox_vector_tile.decode(data, default_options=_ALL_WAYS) if data else {}


def _cut_out(layers: dict[str, Any], steps: int, column: int, row: int) -> bytes:
    """One of the 4^steps parts of a tile, drawn as large as the whole."""
    scale = 1 << steps
    made = []
    for name, layer in layers.items():
        extent = layer.get("extent", 4096)
        margin = BUFFER * extent / 4096
        window = shapely.box(-margin, -margin, extent + margin, extent + margin)
        features = []
        for feature in layer["features"]:
            whole = shape(feature["geometry"])
            larger = affinity.affine_transform(whole, [scale, 0, 0, scale, -column * extent, -row * extent])
            if not larger.is_valid:
                larger = larger.buffer(0)
            part = larger.intersection(window)
            if not part.is_empty:
                features.append({"geometry": part, "properties": feature["properties"]})
        if features:
            made.append(({"name": name, "features": features}, extent))
    if not made:
        return b""
    options = {one["name"]: {"extents": extent, **_ALL_WAYS} for one, extent in made}
    return mapbox_vector_tile.encode([one for one, _ in made], per_layer_options=options)
