"""The town itself, what apps are told of it, and its outline."""

from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from actions.catalogue.areas import outline_from
from actions.catalogue.areas import put_outline as put_outline_in_force
from actions.catalogue.change import Changed, as_values, change_held, held_town, seen_town, version_of, without_nulls
from actions.catalogue.differences import Difference
from actions.catalogue.plan import TABLES, Values
from api.admin.answers import answer_of, changed_of, stale_of, version_field
from api.admin.audience import ITEM_ETAG, NEEDED_VERSION, ChangeQuery, administration
from api.admin.changing import (
    answer,
    doer,
    explained,
    made_change,
    refuse_unseen,
    would_change_nothing,
)
from api.admin.drawings import GEOJSON, DrawingIn, DrawingOut, drawn_file, geojson_answer, takes_a_drawing
from api.admin.shapes import TownIn
from api.auth import may
from api.fields import Flag, Shape
from api.idempotency import Made
from api.reading import canonical_body
from core.db import transaction
from domain.rights import Right
from geo.writers import geojson

TownItemOut = answer_of(
    TownIn,
    "TownItemOut",
    code=fields.String(required=True, metadata={"description": "Never changes."}),
    version=version_field(),
)
TownChangedOut = changed_of(TownItemOut, "Town")
TownStaleProblem = stale_of(TownItemOut, "Town")
_PLACES = [(("town",), ""), *(((key,), f"/{key}") for key in TABLES)]


class OutlineItemOut(Shape):
    """The town's outline, without its shape."""

    version = version_field()


OutlineChangedOut = changed_of(OutlineItemOut, "Outline")
OutlineStaleProblem = stale_of(OutlineItemOut, "Outline")


class OutlineQuery(ChangeQuery):
    """Whether to change anything, and at what price."""

    allow_outside = Flag(
        load_default=False, metadata={"description": "Also when reports that lie in the town now would lie outside."}
    )


@administration.get("/town")
@may(Right.ADMINISTER)
@administration.response(200, TownItemOut, headers=ITEM_ETAG)
def read_town() -> Any:
    """Read the town itself, with what apps are told"""
    with transaction() as session:
        item = _shown(seen_town(session).now.town)
    return item, 200, {"ETag": f'"{item["version"]}"'}


@administration.put("/town")
@may(Right.ADMINISTER)
@administration.arguments(TownIn)
@administration.arguments(ChangeQuery, location="query")
@administration.response(200, TownChangedOut, headers=ITEM_ETAG)
@administration.alt_response(412, schema=TownStaleProblem, description=TownStaleProblem.__doc__)
@administration.doc(parameters=[NEEDED_VERSION])
def put_town(body: Values, query: dict[str, Any]) -> Response:
    """Change the town's name, time zone, languages, and what apps are told"""
    dry_run = query["dry_run"]

    def make(session: Session) -> Made:
        held = held_town(session)
        values = as_values(held.now)
        said = without_nulls(body)
        for key in TABLES:
            values[key] = said.pop(key, None)
            if values[key] is None:
                del values[key]
        values["town"] = {**said, "code": held.row.code}
        present = held.now.town
        current = TownItemOut().dump(_shown(present))
        refuse_unseen(present, current, lambda: would_change_nothing(session, held, values), dry_run=dry_run)
        with explained(_PLACES):
            changed = change_held(session, held, values, doer(), dry_run=dry_run)
        return made_change(TownChangedOut, _shown(changed.plan.town), changed, 200, dry_run=dry_run)

    return answer(make, canonical_body(), dry_run=dry_run)


@administration.get("/town/outline")
@may(Right.ADMINISTER)
@administration.response(200, DrawingOut, content_type=GEOJSON, headers=ITEM_ETAG)
def read_outline() -> Response:
    """Read the town's outline as GeoJSON"""
    with transaction() as session:
        outline = seen_town(session).now.outline
    return geojson_answer(geojson([({}, outline.wkb)]), version_of(outline.content_hash))


@administration.put("/town/outline")
@may(Right.ADMINISTER)
@takes_a_drawing
@administration.arguments(DrawingIn, content_type=GEOJSON)
@administration.arguments(OutlineQuery, location="query")
@administration.response(200, OutlineChangedOut, headers=ITEM_ETAG)
@administration.alt_response(412, schema=OutlineStaleProblem, description=OutlineStaleProblem.__doc__)
@administration.doc(parameters=[NEEDED_VERSION])
def put_outline(_body: Any, query: dict[str, Any]) -> Response:
    """Draw the town's outline anew; several polygons are joined"""
    dry_run = query["dry_run"]
    with drawn_file("outline.geojson") as (path, digest):

        def make(session: Session) -> Made:
            held = held_town(session)
            present = held.now.outline.content_hash
            with explained([(("town", "outline"), "")]):
                wanted = outline_from(session, path)
                same = wanted.content_hash == present
                refuse_unseen(present, {"version": version_of(present)}, lambda: same, dry_run=dry_run)
                put_outline_in_force(
                    session, wanted, dry_run=dry_run, allow_outside=query["allow_outside"], doer=doer()
                )
            told = f"another outline, of {wanted.vertex_count:,} vertices"
            lines = [] if same else [Difference("~", "town.outline", told)]
            item = {"version": version_of(wanted.content_hash)}
            return made_change(OutlineChangedOut, item, Changed(held.now, lines), 200, dry_run=dry_run)

        return answer(make, digest, dry_run=dry_run)


def _shown(town: Values) -> Values:
    return {**town, **{key: town[key] or None for key in TABLES}, "version": version_of(town)}
