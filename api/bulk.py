"""The desk does one thing to many reports: tries it, has it done, follows how far it is, undoes it."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Response, request
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from actions.bulk.shown import actions_page, results_page, shown_action
from actions.bulk.start import MOST_REPORTS, Wanted, bulk_of, run, start, undo
from actions.queue import matching_ids
from api.auth import caller, may
from api.blueprints import KEY_HEADER, Audience
from api.bulk_shapes import NEEDED, TOLD, BulkIn, BulkListOut, BulkOut, BulkResultsOut, ResultQuery, UndoIn
from api.fields import rfc3339
from api.idempotency import Made, answered_once, dumped, first_answer
from api.lists import PageQuery, cursor_to, place_of
from api.queue.asking import read_places
from api.queue.reading import admit
from api.reading import canonical_body, read_json
from api.town import language
from api.words import field_text, problem_text, text_of
from core.db import transaction
from domain.errors import FieldError, Invalid
from domain.rights import Right

bulk = Audience("bulk", __name__, description="The desk: one action on many reports at once")

LARGEST_BODY_BYTES = 512 * 1024  # MOST_REPORTS ids, however they are written
_ALWAYS = {"action", "reports", "filter", "preview"}


def takes_many(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let the body be as large as many ids are."""

    @wraps(view)
    def taken(*args: Any, **kwargs: Any) -> Any:
        request.max_content_length = max(request.max_content_length or 0, LARGEST_BODY_BYTES)
        return view(*args, **kwargs)

    return taken


@bulk.post("/bulk-actions")
@may(Right.BULK)
@takes_many
@bulk.arguments(BulkIn)
@bulk.response(202, BulkOut)
@bulk.doc(parameters=[KEY_HEADER])
def start_bulk_action(body: dict[str, Any]) -> Response:
    """Do something to up to 10,000 reports, or only try it; the answer says where to follow it"""
    wanted = _wanted(body)
    if "filter" in body:
        admit()

    def make(session: Session) -> Made:
        reports = body["reports"] if "reports" in body else _found(session, body["filter"])
        made = start(session, caller(), wanted, reports, is_preview=body["preview"])
        return dumped(BulkOut, _action(shown_action(session, caller(), made.id)), 202)

    return first_answer(make, canonical_body())


@bulk.get("/bulk-actions")
@may(Right.BULK)
@bulk.arguments(PageQuery, location="query")
@bulk.response(200, BulkListOut)
def list_bulk_actions(query: dict[str, Any]) -> Any:
    """One's own actions on many reports; everybody's for who looks after the desk of the whole town"""
    question = {"bulk": True}
    key, limit = place_of(question, query.get("cursor")), query["limit"]
    with transaction() as session:
        rows = actions_page(session, caller(), key, limit + 1)
    shown = rows[:limit]
    last = [shown[-1]["created_at"].isoformat(), str(shown[-1]["id"])] if len(rows) > limit else None
    return {"items": [_action(row) for row in shown], "next": cursor_to(question, last) if last else None}


@bulk.get("/bulk-actions/<uuid:bulk_id>")
@may(Right.BULK)
@bulk.response(200, BulkOut)
def read_bulk_action(bulk_id: UUID) -> Any:
    """How far an action on many reports is"""
    with transaction() as session:
        bulk_of(session, caller(), bulk_id)
        return _action(shown_action(session, caller(), bulk_id))


@bulk.get("/bulk-actions/<uuid:bulk_id>/results")
@may(Right.BULK)
@bulk.arguments(ResultQuery, location="query")
@bulk.response(200, BulkResultsOut)
def list_bulk_results(query: dict[str, Any], bulk_id: UUID) -> Any:
    """What came of each report, or would come of it"""
    outcome, limit = query.get("outcome"), query["limit"]
    question = {"bulk_results": str(bulk_id), "outcome": outcome}
    key = place_of(question, query.get("cursor"))
    with transaction() as session:
        bulk_of(session, caller(), bulk_id)
        rows = results_page(session, bulk_id, outcome, key[0] if key else 0, limit + 1)
    following = cursor_to(question, [rows[limit - 1]["place"]]) if len(rows) > limit else None
    return {"items": [_result(row) for row in rows[:limit]], "next": following}


@bulk.post("/bulk-actions/<uuid:bulk_id>/run")
@may(Right.BULK)
@bulk.response(202, BulkOut)
@bulk.doc(parameters=[KEY_HEADER])
def run_bulk_action(bulk_id: UUID) -> Response:
    """Do what was tried. Reports that have changed since are left alone"""

    def make(session: Session) -> Made:
        run(session, bulk_of(session, caller(), bulk_id, lock=True))
        return dumped(BulkOut, _action(shown_action(session, caller(), bulk_id)), 202)

    return first_answer(make, b"")


@bulk.post("/bulk-actions/<uuid:bulk_id>/undo")
@may(Right.BULK)
@bulk.arguments(UndoIn)
@bulk.response(202, BulkOut)
@bulk.doc(parameters=[KEY_HEADER])
@answered_once(BulkOut, 202)
def undo_bulk_action(session: Any, body: dict[str, Any], bulk_id: UUID) -> Any:
    """Bring back what an action did, within 7 days: where nobody has changed it since, and where the moves allow it"""
    mistake = text_of(language(), "bulk", "undone")
    made = undo(
        session, caller(), bulk_of(session, caller(), bulk_id, lock=True), {"note": mistake, "reason": mistake, **body}
    )
    return _action(shown_action(session, caller(), made.id))


def _wanted(body: dict[str, Any]) -> Wanted:
    """The action with its values. Raises Invalid for what does not go with it, or is missing."""
    action = body["action"]
    sent = body.keys() - _ALWAYS
    wrong = [FieldError(f"/{name}", "unknown-field") for name in sorted(sent - TOLD[action])]
    needed = NEEDED.get(action)
    if needed is not None and needed not in sent:
        wrong.append(FieldError(f"/{needed}", "required"))
    if action == "assign" and not sent & {"department", "crew", "assignee"}:
        wrong.append(FieldError("/department", "required"))
    if ("reports" in body) is ("filter" in body):
        wrong.append(FieldError("/reports", "one-of-two", {"other": "filter"}))
    if wrong:
        raise Invalid(wrong)
    wishes = {name: body[name] for name in sent}
    if "filter" in body:
        wishes["filter"] = read_json()["filter"]  # as it was sent, for whoever looks at it later
    if "expected_at" in wishes:
        wishes["expected_at"] = rfc3339(wishes["expected_at"])
    return Wanted(action, wishes)


def _found(session: Session, filters: dict[str, Any]) -> list[UUID]:
    """The reports that a filter finds. Raises Invalid for a code that is not the town's, for none and for too many."""
    try:
        found = matching_ids(session, caller(), read_places(filters), MOST_REPORTS + 1)
    except Invalid as fault:
        raise Invalid(
            [FieldError(e.pointer.replace("?", "/filter/", 1), e.code, e.params, e.says) for e in fault.errors]
        ) from None
    if not found:
        raise Invalid([FieldError("/filter", "finds-nothing")])
    if len(found) > MOST_REPORTS:
        raise Invalid([FieldError("/filter", "too-many", {"max": MOST_REPORTS})])
    return found


def _action(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "values": row["wishes"], "undo_of": row["undo_of_id"], "undone_by": row["undone_by_id"]}


def _result(row: RowMapping) -> dict[str, Any]:
    return {
        "report": row["report_id"],
        **{name: row[name] for name in ("reference", "outcome", "before", "after", "at")},
        "problem": _problem(row["problem"]) if row["problem"] else None,
    }


def _problem(kept: dict[str, Any]) -> dict[str, Any]:
    speaks = language()
    title, detail = problem_text(speaks, kept["slug"], kept["facts"])
    errors = [
        {
            **{name: error[name] for name in ("pointer", "code", "params")},
            "message": field_text(speaks, error["says"] or error["code"], error["params"]),
        }
        for error in kept["errors"]
    ]
    return {"type": f"/problems/{kept['slug']}", "title": title, "detail": detail, "errors": errors}
