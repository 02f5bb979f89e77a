"""A file's shapes as surfaces in EPSG:4326: checked, moved from the CRS that the file declares, repaired where need be."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.exc import DataError, InternalError
from sqlalchemy.orm import Session

from geo.columns import MOST_NAMED
from geo.likely import crs_that_fit
from geo.readers import Features, UnusableFile

Progress = Callable[[int, int], None]  # told after each batch: how many features are done, of how many

BATCH_BYTES = 4 * 1024**2  # shapes sent to PostGIS at once
IN_DEGREES = {"EPSG:4326", "EPSG:4979", "OGC:CRS84", "OGC:CRS84h"}
_ON_EARTH = (-180.0, -90.0, 180.0, 90.0)

# The structure method joins what overlaps instead of cutting it out: what somebody who drew it twice meant.
_MEASURE = """
    WITH raw AS MATERIALIZED (
      SELECT number, {placed} AS shape
      FROM unnest(CAST(:numbers AS int[]), CAST(:shapes AS bytea[])) AS given (number, wkb)
    ), judged AS MATERIALIZED (
      SELECT number, ST_IsValidReason(shape) AS reason,
             ST_Multi(CASE WHEN ST_IsValid(shape) THEN shape
               ELSE ST_CollectionExtract(ST_MakeValid(shape, 'method=structure keepcollapsed=false'), 3) END) AS kept
      FROM raw
    )
    SELECT number, reason, ST_AsBinary(kept, 'NDR') AS wkb, ST_Area(kept::geography) AS size_m2,
           ST_NPoints(kept) AS vertex_count, ST_XMin(kept) AS west, ST_YMin(kept) AS south,
           ST_XMax(kept) AS east, ST_YMax(kept) AS north
    FROM judged ORDER BY number
    """
_AS_IS = text(_MEASURE.format(placed="ST_SetSRID(ST_GeomFromWKB(wkb), 4326)"))
_MOVED = text(_MEASURE.format(placed="ST_Transform(ST_SetSRID(ST_GeomFromWKB(wkb), 0), CAST(:crs AS text), 4326)"))


@dataclass(frozen=True)
class Surface:
    """One feature's polygons as MultiPolygon WKB in EPSG:4326. `repair` says what was wrong with it, if anything."""

    number: int  # of the feature in its file, from 1
    wkb: bytes
    size_m2: float
    vertex_count: int
    repair: str | None


def surfaces_of(
    session: Session,
    features: Features,
    labels: list[str],
    crs: str | None = None,
    town: bytes | None = None,
    progress: Progress | None = None,
) -> list[Surface]:
    """Every feature as a surface.

    labels: how messages call each feature. crs: overrides what the file says. town: outline as WKB, to guess a wrong CRS.
    Raises UnusableFile with every feature that cannot be used; then none is.
    """
    if not len(features):
        raise UnusableFile(f"{features.source} holds no features.")
    shapes, closed = _polygons(features, labels)
    source_crs = crs or features.crs
    _refuse_impossible(session, features, shapes, source_crs, town)
    wkbs = [(number, shapely.to_wkb(shape, byte_order=1)) for number, shape in shapes]
    found: list[Surface] = []
    mistakes: list[str] = []
    for batch in _batches(wkbs):
        for row in _measured(session, features.source, batch, source_crs):
            label = labels[row.number - 1]
            if row.wkb is None or not row.size_m2:
                mistakes.append(f"{features.source}: {label} covers no surface.")
            elif not _is_on_earth(row.west, row.south, row.east, row.north):
                mistakes.append(
                    f"{features.source}: {label} lies beyond ±180 or ±90 degrees when moved from {source_crs}."
                )
            else:
                repair = closed.get(row.number) or (None if row.reason == "Valid Geometry" else row.reason)
                found.append(Surface(row.number, bytes(row.wkb), row.size_m2, row.vertex_count, repair))
        if progress is not None:
            progress(batch[-1][0], len(features))
    _refuse(mistakes)
    return found


def _polygons(features: Features, labels: list[str]) -> tuple[list[tuple[int, BaseGeometry]], dict[int, str]]:
    """The numbered polygons, and for rings that had to be closed a note. Raises UnusableFile for all else."""
    good: list[tuple[int, BaseGeometry]] = []
    closed: dict[int, str] = {}
    mistakes: list[str] = []
    for number, (wkb, label) in enumerate(zip(features.shapes, labels, strict=True), 1):
        with np.errstate(invalid="ignore"):
            shape = shapely.from_wkb(wkb, on_invalid="ignore")
            if shape is None and wkb is not None:
                shape = shapely.from_wkb(wkb, on_invalid="fix")
                closed[number] = "Ring was not closed"
        wrong = _what_is_wrong(shape, wkb)
        if wrong is not None or shape is None:
            mistakes.append(f"{features.source}: {label} {wrong}.")
        else:
            good.append((number, shape))
    _refuse(mistakes)
    return good, closed


def _what_is_wrong(shape: BaseGeometry | None, wkb: bytes | None) -> str | None:
    if wkb is None:
        return "has no shape"
    if shape is None or _has_short_ring(shape):
        return "has a ring with fewer than three corners"
    if shape.geom_type not in {"Polygon", "MultiPolygon"}:
        return f"is a {shape.geom_type}; areas are Polygons or MultiPolygons"
    if shape.is_empty:
        return "has an empty shape"
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return "has a coordinate that is not a number"
    return None


def _has_short_ring(shape: BaseGeometry) -> bool:
    """Whether some ring of a polygon has only two corners; PostGIS would refuse the whole batch for it."""
    rings = shapely.get_rings(shape)
    return any(0 < count < 4 for count in shapely.get_num_coordinates(rings))


def _refuse_impossible(
    session: Session, features: Features, shapes: list[tuple[int, BaseGeometry]], crs: str | None, town: bytes | None
) -> None:
    """Refuse a file that declares no CRS, or says degrees where the numbers cannot be any."""
    west, south, east, north = shapely.total_bounds([shape for _, shape in shapes]).tolist()
    seen = f"x runs from {_shown(west)} to {_shown(east)} and y from {_shown(south)} to {_shown(north)}"
    if crs is not None and (crs not in IN_DEGREES or _is_on_earth(west, south, east, north)):
        return
    middle = ((west + east) / 2, (south + north) / 2)
    fitting = crs_that_fit(session, middle, town)
    if fitting:
        cause = f"Read as {' or '.join(fitting)}, it would lie in the town."
    elif _is_on_earth(west, south, east, north):
        cause = "These may be degrees (EPSG:4326)."
    else:
        cause = "These look like feet or metres on a plane, such as a state plane or UTM grid."
    remedy = "Save it again with its coordinate reference system named, or in EPSG:4326; or name it here with --crs."
    if crs is None:
        lacks = "has no .prj beside it and" if "Shapefile" in features.driver else ""
        raise UnusableFile(
            f"{features.source} {lacks} does not say its coordinate reference system; {seen}. {cause} {remedy}"
        )
    declares = (
        "A GeoJSON file that names no other is in degrees" if features.driver == "GeoJSON" else f"It declares {crs}"
    )
    raise UnusableFile(
        f"{features.source} cannot be in degrees: {seen}. {declares} (longitude ±180, latitude ±90). {cause} {remedy}"
    )


def _measured(session: Session, source: str, batch: list[tuple[int, bytes]], crs: str | None) -> list:
    values = {"numbers": [number for number, _ in batch], "shapes": [wkb for _, wkb in batch]}
    try:
        # A savepoint, so that one unusable file does not end the caller's transaction.
        with session.begin_nested():
            if crs in IN_DEGREES:
                return list(session.execute(_AS_IS, values))
            return list(session.execute(_MOVED, {**values, "crs": crs}))
    except (DataError, InternalError) as fault:
        reason = re.sub(r"\s+", " ", str(fault.orig).split("CONTEXT")[0]).strip().rstrip(".")
        name = str(crs)[:60]
        raise UnusableFile(f"{source}: its coordinates cannot be moved from {name} to degrees: {reason}.") from fault


def _batches(shapes: list[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    batch: list[tuple[int, bytes]] = []
    size = 0
    for shape in shapes:
        if batch and size + len(shape[1]) > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(shape)
        size += len(shape[1])
    yield batch


def _is_on_earth(west: float, south: float, east: float, north: float) -> bool:
    return _ON_EARTH[0] <= west and _ON_EARTH[1] <= south and east <= _ON_EARTH[2] and north <= _ON_EARTH[3]


def _shown(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.6g}"


def _refuse(mistakes: list[str]) -> None:
    if len(mistakes) > MOST_NAMED:
        mistakes = [*mistakes[:MOST_NAMED], f"… and {len(mistakes) - MOST_NAMED} more like these."]
    if mistakes:
        raise UnusableFile(*mistakes)
