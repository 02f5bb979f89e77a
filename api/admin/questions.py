"""One question of a category's form, changed without sending the others; the version is the whole category's."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from actions.catalogue.change import Held, as_values, change_held, held_town, seen_town, version_of, without_nulls
from actions.catalogue.mistakes import Mistake
from actions.catalogue.plan import Values
from api.admin.answers import RemovedOut, answer_of, changed_of, shown_differences, version_field
from api.admin.audience import ITEM_ETAG, NEEDED_VERSION, ChangeQuery, administration
from api.admin.changing import answer, as_error, doer, explained, made_change, refuse_unseen, would_change_nothing
from api.admin.sections import BY_NAME, SHAPES
from api.admin.shapes import QuestionIn
from api.auth import may
from api.idempotency import Made, dumped
from api.reading import canonical_body
from core.db import transaction
from domain.errors import Invalid, NotFound
from domain.rights import Right

_CATEGORIES = BY_NAME["categories"]
_SHAPES = SHAPES["categories"]


class QuestionOfCategoryOut(answer_of(QuestionIn, "QuestionItemOut")):  # type: ignore[misc]
    """A question, with the version of its category."""

    version = version_field()


QuestionChangedOut = changed_of(QuestionOfCategoryOut, "Question")


@administration.get("/categories/<code>/questions/<question>")
@may(Right.ADMINISTER)
@administration.response(200, QuestionOfCategoryOut, headers=ITEM_ETAG)
def read_question(code: str, question: str) -> Any:
    """Read one question of a category"""
    with transaction() as session:
        category = _category(seen_town(session), code)
    item = _shown(category, question)
    return item, 200, {"ETag": f'"{item["version"]}"'}


@administration.put("/categories/<code>/questions/<question>")
@may(Right.ADMINISTER)
@administration.arguments(QuestionIn)
@administration.arguments(ChangeQuery, location="query")
@administration.response(200, QuestionChangedOut, headers=ITEM_ETAG)
@administration.alt_response(412, schema=_SHAPES.stale, description=_SHAPES.stale.__doc__)
@administration.doc(parameters=[NEEDED_VERSION])
def put_question(body: Values, query: dict[str, Any], code: str, question: str) -> Response:
    """Change one question of a category, or add it as the last"""
    dry_run = query["dry_run"]
    if body.get("code") not in (None, question):
        mistake = Mistake(("code",), "not-offered", {"choices": [question], "wanted": question}, "other-code")
        raise Invalid([as_error(mistake, [((), "")])])

    def make(session: Session) -> Made:
        held = held_town(session)
        present = _category(held, code)
        values = as_values(held.now)
        questions = values["categories"][code]["questions"]
        at = _place(questions, question)
        questions[at : at + 1] = [{**without_nulls(body), "code": question}]
        current = _current(code, present)
        refuse_unseen(present, current, lambda: would_change_nothing(session, held, values), dry_run=dry_run)
        with explained([(("categories", code, "questions", at), "")]):
            changed = change_held(session, held, values, doer(), dry_run=dry_run)
        item = _shown(changed.plan.sections["categories"][code], question)
        return made_change(QuestionChangedOut, item, changed, 200, dry_run=dry_run)

    return answer(make, canonical_body(), dry_run=dry_run)


@administration.delete("/categories/<code>/questions/<question>")
@may(Right.ADMINISTER)
@administration.arguments(ChangeQuery, location="query")
@administration.response(200, RemovedOut)
@administration.alt_response(412, schema=_SHAPES.stale, description=_SHAPES.stale.__doc__)
@administration.doc(parameters=[NEEDED_VERSION])
def remove_question(query: dict[str, Any], code: str, question: str) -> Response:
    """Remove one question of a category; what was answered stays"""
    dry_run = query["dry_run"]

    def make(session: Session) -> Made:
        held = held_town(session)
        present = _category(held, code)
        values = as_values(held.now)
        questions = values["categories"][code]["questions"]
        at = _place(questions, question)
        if at == len(questions):
            raise NotFound()
        refuse_unseen(present, _current(code, present), lambda: False, dry_run=dry_run)
        del questions[at]
        with explained([]):
            changed = change_held(session, held, values, doer(), dry_run=dry_run)
        result = {"dry_run": dry_run, "differences": shown_differences(changed.differences)}
        return dumped(RemovedOut, result, 200)

    return answer(make, b"", dry_run=dry_run)


def _category(held: Held, code: str) -> Values:
    found = held.item("categories", code)
    if found is None:
        raise NotFound()
    return found


def _place(questions: list[Values], code: str) -> int:
    """Where the question is; behind the last when it is not there."""
    return next((at for at, one in enumerate(questions) if one["code"] == code), len(questions))


def _current(code: str, category: Values) -> dict[str, Any]:
    return _SHAPES.item().dump(_CATEGORIES.item(code, category))


def _shown(category: Values, code: str) -> dict[str, Any]:
    at = _place(category["questions"], code)
    if at == len(category["questions"]):
        raise NotFound()
    return {**category["questions"][at], "version": version_of(category)}
