"""Reading crews' maps: PMTiles files and the vector tiles in them."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import mapbox_vector_tile
from pmtiles.reader import MemorySource, Reader, all_tiles
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer


class MapFile:
    """A crew's map. `tiles` are the layers by (z, x, y), each with the members of its features."""

    def __init__(self, content: bytes):
        source = MemorySource(content)
        reader = Reader(source)
        self.header, self.metadata = reader.header(), reader.metadata()
        self.tiles = {key: mapbox_vector_tile.decode(gzip.decompress(data)) for key, data in all_tiles(source)}

    def features(self, layer: str, zoom: int | None = None) -> list[dict[str, Any]]:
        """Every feature of a layer, as often as a tile shows it."""
        return [
            feature["properties"]
            for (z, _, _), layers in self.tiles.items()
            if zoom in (None, z)
            for feature in layers.get(layer, {"features": []})["features"]
        ]


def write_base_map(path: Path, tiles: dict[tuple[int, int, int], bytes], **metadata: Any) -> Path:
    """A base map as a city would have it."""
    file = io.BytesIO()
    writer = Writer(file)
    for key in sorted(tiles, key=lambda key: zxy_to_tileid(*key)):
        writer.write_tile(zxy_to_tileid(*key), gzip.compress(tiles[key]))
    whole_earth = {
        "min_lon_e7": -1800000000,
        "min_lat_e7": -850000000,
        "max_lon_e7": 1800000000,
        "max_lat_e7": 850000000,
    }
    centre = {"center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0}
    writer.finalize(
        {"tile_type": TileType.MVT, "tile_compression": Compression.GZIP, **whole_earth, **centre}, metadata
    )
    path.write_bytes(file.getvalue())
    return path


LANE = {"type": "LineString", "coordinates": [[-69.99, 42.025], [-69.98, 42.025]]}
LAMP = {"type": "Point", "coordinates": [-69.985, 42.0252]}


def write_shapes(path: Path, *shapes: dict[str, Any]) -> Path:
    """A GeoJSON file of shapes, each with a `label`: the file's name and a number."""
    features = [
        {"type": "Feature", "properties": {"label": f"{path.stem} {number}"}, "geometry": shape}
        for number, shape in enumerate(shapes, 1)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def write_lamps_and_lanes(folder: Path) -> list[tuple[str, str, Path]]:
    """Kind, layer and file of what a small city brings for its maps."""
    return [
        ("street", "lanes", write_shapes(folder / "lanes.geojson", LANE)),
        ("asset", "lamps", write_shapes(folder / "lamps.geojson", LAMP)),
    ]
