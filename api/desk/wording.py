"""Reasons to give and templates to answer with, as the town has them."""

from typing import Any

from marshmallow import fields

from actions.catalogue.parts import is_code
from actions.reasons import why
from actions.templates import Listed, filled, template_by_code, templates_of
from api.auth import caller, may
from api.desk.audience import desk
from api.fields import Id, Line, Moment, OneOf, Shape
from api.shown import shown_reason
from api.town import language, town
from api.words import in_language
from core.db import transaction
from domain.access import Caller, report_to_work_on
from domain.errors import NotFound
from domain.rights import Right
from domain.status import CLOSING_REASONS, PURPOSES, Status
from domain.workflow import ResponseTemplate


class ReasonQuery(Shape):
    """Which reasons."""

    for_ = OneOf(PURPOSES, data_key="for", attribute="for")


class ReasonOut(Shape):
    """A reason to give."""

    code = fields.String(required=True)
    for_ = fields.String(required=True, data_key="for", attribute="for", metadata={"enum": list(PURPOSES)})
    name = fields.String(required=True)
    public = fields.Boolean(required=True, metadata={"description": "False: residents are not told of it."})


class ReasonListOut(Shape):
    """All of them. Where there is none for a purpose, the reason is free text."""

    items = fields.List(fields.Nested(ReasonOut), required=True)
    next = fields.String(required=True, allow_none=True)


class TemplateQuery(Shape):
    """Which templates: for a move to a status, of a report of a category."""

    status = OneOf(tuple(Status), metadata={"x-name": "StatusCode"})
    category = Line(longest=100)


class TemplateOut(Shape):
    """Words for an answer, with {placeholders}."""

    code = fields.String(required=True)
    status = fields.String(required=True)
    category = fields.String(required=True, allow_none=True)
    group = fields.String(required=True, allow_none=True)
    text = fields.String(required=True, metadata={"description": "In the caller's language."})


class TemplateListOut(Shape):
    """All that fit."""

    items = fields.List(fields.Nested(TemplateOut), required=True)
    next = fields.String(required=True, allow_none=True)


class PreviewIn(Shape):
    """For which report, and what would be said with the move."""

    report = Id(required=True)
    reason = Line(longest=300, allow_none=True)
    expected_at = Moment(allow_none=True)


class PreviewOut(Shape):
    """How it would read, by language; `lacks` names what it asks for and the report does not have."""

    code = fields.String(required=True)
    text = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    lacks = fields.List(fields.String(), required=True)


@desk.get("/reasons")
@may(Right.TAKE_PART, Right.SEE_WORK, strangers=True)
@desk.arguments(ReasonQuery, location="query")
@desk.response(200, ReasonListOut)
def offer_reasons(query: dict[str, Any]) -> Any:
    """Reasons to hold, close, reopen or dispute, as a whole; those that residents are not told of for staff only"""
    built_in = {code: {"for": "closed", "public": True} for code in CLOSING_REASONS}
    items = [
        {"code": code, "for": at["for"], "name": shown_reason(code), "public": at["public"]}
        for code, at in (built_in | town().reasons).items()
        if query.get("for") in (None, at["for"]) and (at["public"] or caller().may(Right.SEE_WORK))
    ]
    return {"items": items, "next": None}


@desk.get("/templates")
@may(Right.MOVE, Right.DO_WORK)
@desk.arguments(TemplateQuery, location="query")
@desk.response(200, TemplateListOut)
def offer_templates(query: dict[str, Any]) -> Any:
    """Templates for a status and a category, as a whole, with those for any category"""
    with transaction() as session:
        found = templates_of(session, town().id, query.get("status"), query.get("category"))
        return {"items": [_shown(one) for one in found], "next": None}


@desk.post("/templates/<code>/preview")
@may(Right.MOVE, Right.DO_WORK)
@desk.arguments(PreviewIn)
@desk.response(200, PreviewOut)
def preview_template(body: dict[str, Any], code: str) -> Any:
    """How a template would read for a report; changes nothing, and so needs no key"""
    with transaction() as session:
        template = template_by_code(session, town().id, code) if is_code(code) else None
        if template is None:
            raise NotFound()
        words = _filled(session, caller(), template, body)
    return {"code": code, "text": words.text, "lacks": words.lacks}


def _filled(session: Any, who: Caller, template: ResponseTemplate, body: dict[str, Any]) -> Any:
    report = report_to_work_on(session, who, body["report"])
    said = body.get("reason")
    reason = (
        why(session, report.jurisdiction_id, template.status, said) if said and template.status in PURPOSES else None
    )
    return filled(session, report, template, (reason.name if reason else None) or said, body.get("expected_at"))


def _shown(listed: Listed) -> dict[str, Any]:
    template = listed.template
    text = in_language(template.text, language(), town().languages)
    return {
        "code": template.code,
        "status": template.status,
        "category": listed.category,
        "group": listed.group,
        "text": text,
    }
