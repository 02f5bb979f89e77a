"""Every whole form, for filling in without a network."""

import hashlib
from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import may
from api.blueprints import CONTENT_ETAG, IF_NONE_MATCH, Audience
from api.cached import cached_json
from api.fields import QueryNumber, Shape
from api.schemas import NamedOut
from api.town import language, town
from api.words import in_language
from core.db import transaction
from domain.city import Category, CategoryForm, CategoryGroup
from domain.errors import FieldError, Invalid
from domain.rights import Right
from geo.points import LonLat
from geo.routing import area_keys_at

catalogue = Audience("catalogue", __name__, description="What can be reported")


class WhereQuery(Shape):
    """Optional place: categories offered only elsewhere are left out."""

    lon = QueryNumber(low=-180, high=180)
    lat = QueryNumber(low=-90, high=90)


class StopOut(Shape):
    """Call this number instead of reporting."""

    number = fields.String(required=True)
    text = fields.String(required=True)


class ChoiceOut(Shape):
    """One answer to choose."""

    code = fields.String(required=True)
    label = fields.String(required=True)
    stop = fields.Nested(StopOut, required=True, allow_none=True)


class WhenOut(Shape):
    """The question is only asked when an earlier one has one of these answers ("yes" and "no" for yes_no)."""

    question = fields.String(required=True)
    is_ = fields.List(fields.String(), required=True, data_key="is", attribute="is")


class QuestionOut(Shape):
    """One question of a form."""

    code = fields.String(required=True)
    type = fields.String(
        required=True, metadata={"enum": ["choice", "multi_choice", "yes_no", "number", "text", "date"]}
    )
    label = fields.String(required=True)
    help = fields.String(required=True, allow_none=True)
    required = fields.Boolean(required=True)
    private = fields.Boolean(required=True, metadata={"description": "Answers are never public."})
    choices = fields.List(fields.Nested(ChoiceOut), required=True)
    min = fields.Float(required=True, allow_none=True)
    max = fields.Float(required=True, allow_none=True)
    max_length = fields.Integer(required=True, allow_none=True)
    when = fields.Nested(WhenOut, required=True, allow_none=True)


class CategoryOut(Shape):
    """A category with its whole form."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True, allow_none=True)
    group = fields.Nested(NamedOut, required=True, allow_none=True)
    form_version = fields.String(required=True)
    public = fields.Boolean(required=True)
    blur_m = fields.Integer(required=True)
    stop = fields.Nested(StopOut, required=True, allow_none=True)
    questions = fields.List(fields.Nested(QuestionOut), required=True)
    areas = fields.List(
        fields.String(), required=True, metadata={"description": "Offered only there; empty: everywhere."}
    )


class CategoryListOut(Shape):
    """All categories; `form_version` changes whenever any form does."""

    items = fields.List(fields.Nested(CategoryOut), required=True)
    next = fields.String(required=True, allow_none=True)
    form_version = fields.String(required=True)


@catalogue.get("/categories")
@may(Right.TAKE_PART, strangers=True)
@catalogue.arguments(WhereQuery, location="query")
@catalogue.response(200, CategoryListOut, headers=CONTENT_ETAG)
@catalogue.alt_response(304, description="What the client has is still good")
@catalogue.doc(parameters=[IF_NONE_MATCH])
def list_categories(query: dict[str, Any]) -> Response:
    """Every form, whole, in the caller's language"""
    with transaction() as session:
        items = [_shown(*row) for row in _offered(session, _place(query))]
    return cached_json(CategoryListOut().dump({"items": items, "next": None, "form_version": _version_of(items)}))


def _place(query: dict[str, Any]) -> LonLat | None:
    missing = [name for name in ("lon", "lat") if name not in query]
    if len(missing) == 1:
        raise Invalid([FieldError(f"?{missing[0]}", "required")])
    return None if missing else LonLat(query["lon"], query["lat"])


def _offered(session: Session, place: LonLat | None) -> list[Any]:
    rows = session.execute(
        select(Category, CategoryForm, CategoryGroup)
        .join(CategoryForm, CategoryForm.category_id == Category.id)
        .outerjoin(CategoryGroup, CategoryGroup.id == Category.group_id)
        .where(Category.jurisdiction_id == town().id)
        .where(Category.active)
        .where(CategoryForm.retired_at.is_(None))
        .order_by(Category.position, Category.code)
    ).all()
    if place is None:
        return list(rows)
    here = set(area_keys_at(session, town().id, place))
    return [row for row in rows if not row[0].areas or here.intersection(row[0].areas)]


def _version_of(items: list[dict[str, Any]]) -> str:
    return hashlib.sha256("".join(item["form_version"] for item in items).encode()).hexdigest()[:16]


def _words(words: dict[str, str] | None) -> str | None:
    return in_language(words, language(), town().languages)


def _shown(category: Category, edition: CategoryForm, group: CategoryGroup | None) -> dict[str, Any]:
    form = edition.form
    return {
        "code": category.code,
        "name": _words(form["name"]),
        "description": _words(form.get("description")),
        "group": {"code": group.code, "name": _words(group.name)} if group else None,
        "form_version": edition.version,
        "public": category.is_public,
        "blur_m": category.blur_m,
        "stop": _stop(form.get("stop")),
        "questions": [_question(question) for question in form["questions"]],
        "areas": category.areas,
    }


def _stop(stop: dict[str, Any] | None) -> dict[str, Any] | None:
    return {"number": stop["number"], "text": _words(stop["text"])} if stop else None


def _question(question: dict[str, Any]) -> dict[str, Any]:
    plain = {name: question.get(name) for name in ("code", "type", "min", "max", "max_length", "when")}
    choices = [
        {"code": choice["code"], "label": _words(choice["label"]), "stop": _stop(choice.get("stop"))}
        for choice in question.get("choices") or []
    ]
    return {
        **plain,
        "label": _words(question["label"]),
        "help": _words(question.get("help")),
        "required": bool(question.get("required")),
        "private": bool(question.get("private")),
        "choices": choices,
    }
