"""Layers of areas as they are kept: editions in force and those before them, and the town's outline."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from domain.base import Jurisdiction
from domain.city import Area, LayerEdition
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
    FROM area WHERE layer_id = :layer AND is_current ORDER BY code COLLATE "C"
    """
)
_OUTLINE = text("SELECT ST_AsBinary(outline, 'NDR') FROM jurisdiction WHERE id = :town")
_SET_OUTLINE = text("UPDATE jurisdiction SET outline = ST_GeomFromWKB(:wkb, 4326) WHERE id = :town")
_LEFT_OUTSIDE = text(
    """
    SELECT count(*) FROM report r JOIN jurisdiction j ON j.id = r.jurisdiction_id
    WHERE r.jurisdiction_id = :town
      AND ST_Covers(j.outline, r.location)
      AND NOT ST_Covers(ST_GeomFromWKB(:wkb, 4326), r.location)
    """
)


class EditionTaken(Exception):
    """The label names an earlier edition with other content."""


@dataclass(frozen=True)
class InForce:
    """The edition of a layer that routes today."""

    edition: str
    content_hash: str
    imported_at: datetime


def edition_in_force(session: Session, layer_id: int) -> LayerEdition | None:
    """The layer's present edition; None before the first import."""
    return session.scalar(
        select(LayerEdition).where(LayerEdition.layer_id == layer_id).where(LayerEdition.replaced_at.is_(None))
    )
