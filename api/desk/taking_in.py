"""Reports that come by telephone, over the counter, by mail or from social media."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from actions.submit import NewReport
from actions.taking_in import SOURCES, Twin, for_somebody, take_in, twins
from api.auth import caller, may
from api.blueprints import KEY_HEADER
from api.desk.audience import desk
from api.fields import Facts, Id, Line, Moment, OneOf, Shape, Words, YesNo
from api.idempotency import Made, first_answer
from api.intake import new_report, own_label, receipt_words, refuse
from api.reading import canonical_body
from api.schemas import Contact, LocationIn, Problem, ReceiptOut, StatusOut
from api.shown import shown_status
from api.town import language
from core.ids import new_id
from domain.errors import PossibleDuplicates
from domain.rights import Right
from geo.nearby import RADIUS_M


class TakenIn(Shape):
    """A report as somebody tells it to the desk. Its `id` may be made by the desk's program, for its own retries."""

    id = Id()
    source = OneOf(SOURCES, required=True)
    category = Line(longest=100, shortest=1, required=True)
    form_version = Line(longest=64)
    location = fields.Nested(LocationIn, required=True)
    address = Line(longest=300, allow_none=True)
    description = Words(longest=4000, required=True)
    answers = Facts(allow_none=True)
    captured_at = Moment(allow_none=True)
    contact = fields.Nested(Contact, allow_none=True)
    is_new = YesNo(
        load_default=False, metadata={"description": "True: none of the open reports nearby is this one; store it."}
    )


class CandidateOut(Shape):
    """An open report of the same kind close by."""

    id = Id(required=True)
    reference = fields.String(required=True)
    distance_m = fields.Float(required=True)
    age_s = fields.Integer(required=True)
    status = fields.Nested(StatusOut, required=True)
    description = fields.String(required=True)


class PossibleDuplicatesProblem(Problem):
    """It may be one of these; nothing was stored. Other refusals with this status have no candidates."""

    candidates = fields.List(fields.Nested(CandidateOut))
    count = fields.Integer()
    radius_m = fields.Integer()


@desk.post("/triage/reports")
@may(Right.TAKE_IN)
@desk.arguments(TakenIn)
@desk.response(201, ReceiptOut)
@desk.alt_response(409, schema=PossibleDuplicatesProblem, description=PossibleDuplicatesProblem.__doc__)
@desk.doc(parameters=[KEY_HEADER])
def take_in_report(body: dict[str, Any]) -> Response:
    """Take a report in for somebody who has no app"""
    speaks = language()
    report = for_somebody(new_report({"id": new_id(), **body}, speaks), body["source"])

    def make(session: Session) -> Made:
        if not body["is_new"]:
            _refuse_twins(session, report)
        fingerprint = hashlib.sha256(canonical_body()).digest()
        words = receipt_words(speaks, own_label(speaks))
        submitted = take_in(session, caller(), report, fingerprint, speaks, words)
        if submitted.outcome != "stored":
            refuse(submitted, report)
        return Made(submitted.body or "", 201)

    return first_answer(make, canonical_body())


def _refuse_twins(session: Session, report: NewReport) -> None:
    found = twins(session, caller(), report.category, report.place)
    if found:
        candidates = CandidateOut(many=True).dump([_shown(twin) for twin in found])
        raise PossibleDuplicates(count=len(found), radius_m=round(RADIUS_M), candidates=candidates)


def _shown(twin: Twin) -> dict[str, Any]:
    row = twin.row
    return {
        "id": row["id"],
        "reference": row["reference"],
        "distance_m": round(row["distance_m"], 1),
        "age_s": int((datetime.now(UTC) - row["received_at"]).total_seconds()),
        "status": shown_status(row["status"]),
        "description": row["description"],
    }
