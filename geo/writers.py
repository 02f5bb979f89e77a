"""Areas as GeoJSON (RFC 7946): one feature a line, every coordinate exactly as stored."""

from collections.abc import Sequence
from typing import Any

import orjson
import shapely
from shapely.geometry import mapping


def geojson(shapes: Sequence[tuple[dict[str, Any], bytes]]) -> bytes:
    """A FeatureCollection of (properties, WKB in EPSG:4326), in the order given.

    Numbers are written with as many digits as reading them back exactly takes, so a layer that goes out and comes in
    again is the same layer.
    """
    lines = [
        orjson.dumps({"type": "Feature", "properties": properties, "geometry": mapping(shapely.from_wkb(wkb))})
        for properties, wkb in shapes
    ]
    return b'{"type":"FeatureCollection","features":[\n' + b",\n".join(lines) + b"\n]}\n"
