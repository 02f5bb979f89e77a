"""Who would get a report at a place, and why, without creating anything."""

from typing import Any

from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import may
from api.blueprints import Audience
from api.fields import Line, QueryNumber, Shape
from api.misplaced import refuse_misplaced, shown_body
from api.schemas import AreaOut, NamedOut, WhyOut
from api.shown import shown_why
from api.town import language, town
from api.words import in_language
from core.db import transaction
from domain.city import Category, Department, ExternalBody
from domain.errors import FieldError, Invalid
from domain.rights import Right
from geo.points import LonLat
from geo.routing import Decision, decide

routing = Audience("routing", __name__, description="Who would get it")


class RoutingQuery(Shape):
    """A place and a category."""

    lon = QueryNumber(low=-180, high=180, required=True)
    lat = QueryNumber(low=-180, high=180, required=True)
    category = Line(longest=100, shortest=1, required=True)


class BodyOut(Shape):
    """Somebody else who looks after a place."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    url = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)


class RoutingOut(Shape):
    """The department, or the external body that the place belongs to, and why."""

    department = fields.Nested(NamedOut, required=True, allow_none=True)
    external_body = fields.Nested(BodyOut, required=True, allow_none=True)
    why = fields.Nested(WhyOut, required=True)
    areas = fields.Dict(keys=fields.String(), values=fields.Nested(AreaOut), required=True)


@routing.get("/routing")
@may(Right.TAKE_PART, strangers=True)
@routing.arguments(RoutingQuery, location="query")
@routing.response(200, RoutingOut)
def explain_routing(query: dict[str, Any]) -> Any:
    """Who would get a report here, and why"""
    place = LonLat(query["lon"], query["lat"])
    if not place.is_on_earth:
        refuse_misplaced(place)
    with transaction() as session:
        decision = decide(session, town().id, *_category(session, query["category"]), place)
        return _shown(session, decision) if decision.is_inside else refuse_misplaced(place, decision.external_body_id)


def _category(session: Session, code: str) -> tuple[int, int | None]:
    found = session.scalar(
        select(Category)
        .where(Category.jurisdiction_id == town().id)
        .where(Category.code == code)
        .where(Category.active)
    )
    if found is None:
        raise Invalid([FieldError("?category", "unknown-category")])
    return found.id, found.group_id


def _shown(session: Session, decision: Decision) -> dict[str, Any]:
    department = session.get(Department, decision.department_id or 0)
    body = session.get(ExternalBody, decision.external_body_id or 0)
    name = in_language(department.name, language(), town().languages) if department else None
    return {
        "department": {"code": department.code, "name": name} if department else None,
        "external_body": shown_body(body) if body else None,
        "why": shown_why(decision.routed_by),
        "areas": decision.areas,
    }
