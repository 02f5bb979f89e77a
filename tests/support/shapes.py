"""Drawing files of areas for tests."""

import json
import zipfile
from pathlib import Path
from typing import Any

Ring = list[list[float]]


def square(west: float, south: float, side: float) -> dict[str, Any]:
    """A square polygon as GeoJSON."""
    east, north = round(west + side, 9), round(south + side, 9)
    return polygon([[west, south], [east, south], [east, north], [west, north], [west, south]])


def polygon(*rings: Ring) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry: dict[str, Any] | None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def geojson(path: Path, *features: dict[str, Any], crs: str | None = None) -> Path:
    """A GeoJSON file; `crs` is written as the old `crs` member."""
    document: dict[str, Any] = {"type": "FeatureCollection", "features": list(features)}
    if crs is not None:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document))
    return path


def zipped(path: Path, *files: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.name)
    return path
