"""Category, pin, priority and answers put right."""

from typing import Any
from uuid import UUID

from marshmallow import fields

from actions.corrections import correct, planned
from api.auth import caller, may
from api.desk.audience import desk
from api.fields import Facts, Line, Number, OneOf, Shape
from api.misplaced import refuse_misplaced, refuse_not_ours
from api.moving import SaidIn, a_move, after, report_as_seen, said
from domain.errors import FieldError, Invalid
from domain.reports import PRIORITIES
from domain.rights import Right
from geo.points import LonLat
from geo.routing import Decision


class PinIn(Shape):
    """Where it is."""

    lon = Number(low=-180, high=180, required=True)
    lat = Number(low=-180, high=180, required=True)


class CorrectIn(SaidIn):
    """What it should have been; what is left out stays."""

    category = Line(longest=100, shortest=1)
    location = fields.Nested(PinIn)
    priority = OneOf(PRIORITIES)
    answers = Facts(
        metadata={"description": "To questions of the category; null takes an answer away, others stay as they are."}
    )


@desk.post("/triage/<uuid:report_id>/correct")
@may(Right.CORRECT)
@desk.arguments(CorrectIn)
@a_move(desk)
def correct_report(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Correct category, place, priority or answers; the report goes to whoever it then belongs to"""
    wishes: dict[str, Any] = {name: body[name] for name in ("category", "priority", "answers") if name in body}
    if "location" in body:
        wishes["place"] = _on_earth(LonLat(**body["location"]))
    if not wishes:
        raise Invalid([FieldError("/category", "required")])
    report = report_as_seen(session, report_id)
    wanted = planned(session, report, wishes)
    if wanted.decision is not None:
        _refuse_elsewhere(wanted.place, wanted.decision)
    correct(session, caller(), report, wanted, said(body))
    return after(session, report)


def _on_earth(place: LonLat) -> LonLat:
    if not place.is_on_earth:
        refuse_misplaced(place)
    return place


def _refuse_elsewhere(place: LonLat, decision: Decision) -> None:
    """As at intake: nothing leaves the town, or goes to a body that looks after its own."""
    if not decision.is_inside:
        refuse_misplaced(place, decision.external_body_id)
    if decision.external_body_id is not None:
        refuse_not_ours(decision.external_body_id)
