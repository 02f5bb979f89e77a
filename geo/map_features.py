"""Streets and assets for maps: read from a file in any CRS that it declares, kept as lines, points and polygons in EPSG:4326."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.readers import Features, UnusableFile

IN_DEGREES = {"EPSG:4326", "EPSG:4979", "OGC:CRS84", "OGC:CRS84h"}
BATCH = 2_000
FARTHEST_M = 20_000  # from the town: beyond, it is another place, or the same place misread

_KEEP = """
    INSERT INTO map_feature (jurisdiction_id, kind, layer, name, geom)
    SELECT :town, :kind, :layer, given.name, {placed}
    FROM unnest(CAST(:names AS text[]), CAST(:shapes AS bytea[])) AS given (name, wkb)
    """
_AS_IS = text(_KEEP.format(placed="ST_SetSRID(ST_GeomFromWKB(given.wkb), 4326)"))
_MOVED = text(_KEEP.format(placed="ST_Transform(ST_SetSRID(ST_GeomFromWKB(given.wkb), 0), CAST(:crs AS text), 4326)"))
_FORGET = text("DELETE FROM map_feature WHERE jurisdiction_id = :town AND kind = :kind AND layer = :layer")
_AWAY = text(
    """
    SELECT count(*) FROM map_feature f JOIN jurisdiction j ON j.id = f.jurisdiction_id
    WHERE j.id = :town AND f.kind = :kind AND f.layer = :layer
      AND ST_XMin(f.geom) >= -180 AND ST_XMax(f.geom) <= 180 AND ST_YMin(f.geom) >= -90 AND ST_YMax(f.geom) <= 90
      AND ST_DWithin(f.geom::geography, ST_Envelope(j.outline)::geography, :farthest_m)
    """
)


def keep_features(
    session: Session, town_id: int, kind: str, layer: str, features: Features, name_field: str | None, crs: str | None
) -> int:
    """Put the file's features in the place of those that this layer had; how many there are now.

    Raises UnusableFile when a feature has no shape, no CRS is known, or everything lies far away from the town.
    """
    if name_field is not None and name_field not in features.columns:
        raise UnusableFile(f"{features.source} has no field {name_field!r}; it has {', '.join(features.columns)}.")
    source_crs = crs or features.crs
    if source_crs is None:
        raise UnusableFile(f"{features.source} does not say its coordinate reference system; name it with --crs.")
    missing = [number for number, shape in enumerate(features.shapes, 1) if shape is None]
    if missing or not len(features):
        which = f"feature {missing[0]} has no shape" if missing else "there are no features"
        raise UnusableFile(f"{features.source}: {which}.")
    values = {"town": town_id, "kind": kind, "layer": layer}
    session.execute(_FORGET, values)
    names = features.columns[name_field] if name_field else [None] * len(features)
    statement = _AS_IS if source_crs in IN_DEGREES else _MOVED
    for begin in range(0, len(features), BATCH):
        batch = {
            "names": [None if name is None else str(name) for name in names[begin : begin + BATCH]],
            "shapes": features.shapes[begin : begin + BATCH],
        }
        more = {} if statement is _AS_IS else {"crs": source_crs}
        session.execute(statement, {**values, **batch, **more})
    if session.execute(_AWAY, {**values, "farthest_m": FARTHEST_M}).scalar_one() == 0:
        raise UnusableFile(
            f"{features.source}: nothing in it lies within {FARTHEST_M // 1000} km of the town; read as {source_crs} it is elsewhere."
        )
    return len(features)


def forget_features(session: Session, town_id: int, kind: str, layer: str) -> int:
    """Take a layer off the maps; how many features it had."""
    gone = session.execute(_FORGET, {"town": town_id, "kind": kind, "layer": layer})
    return gone.rowcount  # type: ignore[attr-defined]
