"""The areas of a layer: read as GeoJSON, replaced as `mendway import-areas` does."""

from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from actions.catalogue.areas import Imported, LayerFile, import_areas
from actions.catalogue.change import held_town, seen_town, version_of
from actions.catalogue.differences import Difference
from actions.catalogue.in_force import layer_ids
from actions.catalogue.mistakes import BadTown
from actions.catalogue.parts import LONGEST_TEXT, is_code
from api.admin.answers import DifferenceOut, shown_differences
from api.admin.audience import ITEM_ETAG, NEW_KEY, SEEN_VERSION, ChangeQuery, administration
from api.admin.changing import answer, doer, explained, refuse_unseen
from api.admin.drawings import GEOJSON, DrawingIn, DrawingOut, drawn_file, geojson_answer, takes_a_drawing
from api.admin.sections import BY_NAME, SHAPES
from api.auth import may
from api.fields import Flag, Line, Shape
from api.idempotency import Made, dumped
from core.db import transaction
from domain.errors import NotFound
from domain.rights import Right
from geo.boundaries import AreaSet
from geo.editions import areas_in_force
from geo.writers import geojson

_LAYERS = BY_NAME["layers"]
_SHAPES = SHAPES["layers"]


class AreasQuery(ChangeQuery):
    """How to read the areas. What is not said is found out, or stays as it is."""

    code_field = Line(longest=LONGEST_TEXT, shortest=1, metadata={"description": "The property with each area's code."})
    name_field = Line(longest=LONGEST_TEXT, shortest=1, metadata={"description": "The property with each area's name."})
    edition = Line(
        longest=60, shortest=1, metadata={"description": "What these areas are called; today's date without."}
    )
    stamp = Flag(metadata={"description": "Every report keeps the area that it fell in."})


class RepairOut(Shape):
    """A shape that was not as it should be, and was put right."""

    text = fields.String(required=True)


class FitOut(Shape):
    """How areas and the town's outline fit together, in square metres."""

    gap_m2 = fields.Float(required=True, metadata={"description": "Of the town, in no area."})
    beyond_m2 = fields.Float(required=True, metadata={"description": "Of the areas, outside the town."})
    overlap_m2 = fields.Float(required=True, metadata={"description": "In two areas at once."})


class AreasChangedOut(Shape):
    """What was found in the drawing, and what changed by it; with `dry_run` what would."""

    item = fields.Nested(_SHAPES.item, required=True)
    dry_run = fields.Boolean(required=True)
    differences = fields.List(fields.Nested(DifferenceOut), required=True)
    area_count = fields.Integer(required=True)
    vertex_count = fields.Integer(required=True)
    code_field = fields.String(required=True)
    name_field = fields.String(required=True)
    repairs = fields.List(fields.Nested(RepairOut), required=True)
    fit = fields.Nested(FitOut, required=True)


@administration.get("/layers/<code>/areas")
@may(Right.ADMINISTER)
@administration.response(200, DrawingOut, content_type=GEOJSON, headers=ITEM_ETAG)
def read_layer_areas(code: str) -> Response:
    """Read the areas of a layer that are in force, as GeoJSON"""
    with transaction() as session:
        seen = seen_town(session)
        layer = seen.item("layers", code)
        if layer is None:
            raise NotFound()
        areas = areas_in_force(session, layer_ids(session, seen.row.id)[code])
    shapes = [({"code": area.code, "name": area.name}, area.wkb) for area in areas]
    return geojson_answer(geojson(shapes), version_of(layer))


@administration.put("/layers/<code>/areas")
@may(Right.ADMINISTER)
@takes_a_drawing
@administration.arguments(DrawingIn, content_type=GEOJSON)
@administration.arguments(AreasQuery, location="query")
@administration.response(200, AreasChangedOut, headers=ITEM_ETAG)
@administration.alt_response(201, schema=AreasChangedOut, description="The layer is new", headers=ITEM_ETAG)
@administration.alt_response(412, schema=_SHAPES.stale, description=_SHAPES.stale.__doc__)
@administration.doc(parameters=[SEEN_VERSION, NEW_KEY])
def put_layer_areas(_body: Any, query: dict[str, Any], code: str) -> Response:
    """Put new areas in force as an edition of a layer; the one before is kept for the reports that it routed"""
    dry_run = query["dry_run"]
    with drawn_file(f"{code if is_code(code) else 'areas'}.geojson") as (path, digest):
        file = LayerFile(path, **{key: query.get(key) for key in ("code_field", "name_field", "edition", "stamp")})

        def make(session: Session) -> Made:
            present = held_town(session).item("layers", code)
            current = _SHAPES.item().dump(_LAYERS.item(code, present)) if present is not None else None
            refuse_unseen(present, current, lambda: _is_in_force(session, code, file), dry_run=dry_run)
            with explained([(("layers", code, "edition"), "?edition")]):
                imported = import_areas(session, code, file, dry_run=dry_run, doer=doer())
            after = seen_town(session).item("layers", code) if not dry_run else None
            item = _LAYERS.item(code, after or _would_be(present, imported, query))
            made = dumped(AreasChangedOut, _shown(item, imported, dry_run), 201 if after and not present else 200)
            return made if dry_run else Made(made.body, made.status, f'"{item["version"]}"')

        return answer(make, digest + repr(sorted(query.items())).encode(), dry_run=dry_run)


def _is_in_force(session: Session, code: str, file: LayerFile) -> bool:
    """Whether these areas are there already, as after a first copy of the request."""
    try:
        return not import_areas(session, code, file, dry_run=True).differences
    except BadTown:
        return False


def _would_be(present: dict[str, Any] | None, imported: Imported, query: dict[str, Any]) -> dict[str, Any]:
    before = present or {"name": {}, "stamp": False}
    stamp = query.get("stamp", before["stamp"])
    content = imported.found.content_hash
    return {"name": before["name"], "stamp": stamp, "edition": imported.edition, "content": content}


def _shown(item: dict[str, Any], imported: Imported, dry_run: bool) -> dict[str, Any]:
    found = imported.found
    return {
        "item": item,
        "dry_run": dry_run,
        "differences": shown_differences([_difference(line) for line in imported.differences]),
        "area_count": len(found.areas),
        "vertex_count": found.vertex_count,
        "code_field": found.code_field,
        "name_field": found.name_field,
        "repairs": [{"text": repair} for repair in found.repairs],
        "fit": _fit(found),
    }


def _difference(line: str) -> Difference:
    """A line such as "~ area 5: another shape" in its parts."""
    sign, _, rest = line.partition(" ")
    place, _, text = rest.partition(": ")
    return Difference(sign, place, text)


def _fit(found: AreaSet) -> dict[str, float]:
    fit = found.survey
    return {name: round(getattr(fit, name), 1) if fit else 0.0 for name in ("gap_m2", "beyond_m2", "overlap_m2")}
