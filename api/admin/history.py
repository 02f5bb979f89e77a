"""Who changed what of the town, and when."""

from typing import Any

from marshmallow import fields

from actions.catalogue.history import changes_page
from api.admin.audience import administration
from api.auth import caller, may
from api.fields import Facts, Line, Moment, Shape
from api.lists import PageQuery, cursor_to, place_of
from core.db import transaction
from domain.city import ORIGINS
from domain.rights import Right


class HistoryQuery(PageQuery):
    """Filters; all that are given must hold."""

    section = Line(
        longest=60, metadata={"description": "As in town.toml, such as rules; or keys, tokens, group-order."}
    )
    code = Line(longest=100, metadata={"description": "Of the item; of a key its id."})


class CatalogueChangeOut(Shape):
    """One item that somebody changed. `before` is null when it was new, `after` when it was removed."""

    id = fields.Integer(required=True)
    at = Moment(required=True)
    origin = fields.String(required=True, metadata={"enum": list(ORIGINS)})
    by = fields.String(
        required=True, allow_none=True, metadata={"description": "Of the staff, by code; null: the command line."}
    )
    section = fields.String(required=True)
    code = fields.String(required=True)
    before = Facts(required=True, allow_none=True)
    after = Facts(required=True, allow_none=True)


class CatalogueHistoryOut(Shape):
    """One page of changes; `next` is the cursor of the next one, null at the end."""

    items = fields.List(fields.Nested(CatalogueChangeOut), required=True)
    next = fields.String(required=True, allow_none=True)


@administration.get("/history")
@may(Right.ADMINISTER)
@administration.arguments(HistoryQuery, location="query")
@administration.response(200, CatalogueHistoryOut)
def list_catalogue_changes(query: dict[str, Any]) -> Any:
    """What was changed of the town, the newest first"""
    question = {"history": [query.get("section"), query.get("code")]}
    key = place_of(question, query.get("cursor"))
    limit = query["limit"]
    with transaction() as session:
        rows = changes_page(
            session,
            caller().jurisdiction_id,
            section=query.get("section"),
            code=query.get("code"),
            before_id=key[0] if key else None,
            limit=limit + 1,
        )
    items = [{**_shown(change), "by": by} for change, by in rows[:limit]]
    return {"items": items, "next": cursor_to(question, [items[-1]["id"]]) if len(rows) > limit else None}


def _shown(change: Any) -> dict[str, Any]:
    return {name: getattr(change, name) for name in ("id", "at", "origin", "section", "code", "before", "after")}
