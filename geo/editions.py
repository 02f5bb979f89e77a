"""Layers of areas as they are kept: the edition in force and those before it, and the town's outline."""

from datetime import UTC, datetime
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from domain.base import WGS84
from domain.city import Area, Layer, LayerEdition
from geo.boundaries import AreaSet, NewArea

_INSERT = text(
    """
    INSERT INTO area (jurisdiction_id, layer_id, edition_id, code, name, size_m2, geom)
    SELECT :town, :layer, :edition, code, name, size_m2, ST_GeomFromWKB(wkb, 4326)
    FROM unnest(CAST(:codes AS text[]), CAST(:names AS text[]), CAST(:sizes AS float8[]), CAST(:shapes AS bytea[]))
      AS given (code, name, size_m2, wkb)
    """
)
_STORED = text(
    """
    SELECT code, name, ST_AsBinary(geom, 'NDR') AS wkb, size_m2, ST_NPoints(geom) AS vertex_count
    FROM area
    WHERE layer_id = :layer AND is_current
    ORDER BY code COLLATE "C"
    """
)
_OUTLINE = text("SELECT ST_AsBinary(outline, 'NDR') FROM jurisdiction WHERE id = :town")
_LEFT_OUTSIDE = text(
    """
    SELECT count(*)
    FROM report r JOIN jurisdiction j ON j.id = r.jurisdiction_id
    WHERE r.jurisdiction_id = :town
      AND ST_Covers(j.outline, r.location)
      AND NOT ST_Covers(ST_GeomFromWKB(:wkb, 4326), r.location)
    """
)


class EditionTaken(Exception):
    """The label already names an edition of this layer with other content. Editions never change: reports refer to them."""


def edition_in_force(session: Session, layer_id: int) -> LayerEdition | None:
    """The layer's present edition; None before the first import."""
    return session.scalar(
        select(LayerEdition).where(LayerEdition.layer_id == layer_id).where(LayerEdition.replaced_at.is_(None))
    )


def edition_labels(session: Session, layer_id: int) -> set[str]:
    """The names of all editions that the layer ever had."""
    return set(session.scalars(select(LayerEdition.edition).where(LayerEdition.layer_id == layer_id)))


def refuse_taken_edition(session: Session, layer_id: int, label: str, content_hash: str) -> None:
    """Raise EditionTaken when the label stands for other content than this."""
    named = _edition_named(session, layer_id, label)
    if named is not None and named.content_hash != content_hash:
        raise EditionTaken(label)


def put_in_force(session: Session, layer: Layer, label: str, found: AreaSet) -> None:
    """Make these areas the layer's present edition; the one before is kept for the reports that it routed.

    An earlier edition of the same name and content comes back as it was. Raises EditionTaken.
    """
    refuse_taken_edition(session, layer.id, label, found.content_hash)
    present = edition_in_force(session, layer.id)
    if present is not None:
        present.replaced_at = datetime.now(UTC)
        _set_current(session, present.id, False)
    edition = _edition_named(session, layer.id, label)
    if edition is not None:
        edition.replaced_at = None
        _set_current(session, edition.id, True)
        return
    edition = LayerEdition(
        jurisdiction_id=layer.jurisdiction_id, layer_id=layer.id, edition=label, content_hash=found.content_hash
    )
    session.add(edition)
    session.flush()
    session.execute(
        _INSERT,
        {
            "town": layer.jurisdiction_id,
            "layer": layer.id,
            "edition": edition.id,
            "codes": [area.code for area in found.areas],
            "names": [area.name for area in found.areas],
            "sizes": [area.size_m2 for area in found.areas],
            "shapes": [area.wkb for area in found.areas],
        },
    )


def areas_in_force(session: Session, layer_id: int) -> list[NewArea]:
    """The layer's present areas, by code."""
    return [
        NewArea(row.code, row.name, bytes(row.wkb), row.size_m2, row.vertex_count, None)
        for row in session.execute(_STORED, {"layer": layer_id})
    ]


def outline_of(session: Session, town_id: int) -> bytes:
    """The town's outline as WKB."""
    return bytes(session.execute(_OUTLINE, {"town": town_id}).scalar_one())


def as_outline(wkb: bytes) -> Any:
    """A value for `Jurisdiction.outline`."""
    return WKBElement(wkb, srid=WGS84)


def reports_left_outside(session: Session, town_id: int, wkb: bytes) -> int:
    """How many reports lie in the town now and would not with this outline."""
    return session.execute(_LEFT_OUTSIDE, {"town": town_id, "wkb": wkb}).scalar_one()


def _edition_named(session: Session, layer_id: int, label: str) -> LayerEdition | None:
    return session.scalar(
        select(LayerEdition).where(LayerEdition.layer_id == layer_id).where(LayerEdition.edition == label)
    )


def _set_current(session: Session, edition_id: int, is_current: bool) -> None:
    session.execute(update(Area).where(Area.edition_id == edition_id).values(is_current=is_current))
