"""From a phone's request to the answer of the intake statement."""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NoReturn
from uuid import UUID

import orjson
from flask import Response, url_for
from werkzeug.datastructures import Headers

from actions.submit import Envelope, NewReport, Submitted, submit
from api.auth import bearer_hash, known_caller
from api.forms import forms
from api.importers import is_importer, must_be_importer
from api.languages import is_an_earlier_answer
from api.limits import Count, keep, limit_of, sender
from api.misplaced import refuse_misplaced, refuse_not_ours
from api.reading import canonical_body, idempotency_key, read_json
from api.schemas import ReportOut
from api.shown import shown_report
from api.town import language, town
from api.words import in_language, spoken, text_of
from core.db import single_statement, transaction
from domain import errors
from domain.access import seen_report
from domain.errors import FieldError, Invalid
from domain.forms import check_answers
from domain.status import Status, described
from geo.points import LonLat

RETRY_AFTER_S = "1"


def take_in(body: dict[str, Any]) -> Response:
    """Store a report, or give the answer that it got before.

    Raises whatever refuses it; then nothing is stored and the key is free.
    """
    speaks = language()
    report = new_report(body, speaks)
    fingerprint = hashlib.sha256(canonical_body()).digest()
    limit = None if is_importer() else limit_of("reports")
    envelope = Envelope(
        bearer_hash(),
        idempotency_key(),
        fingerprint,
        speaks,
        receipt_words(speaks, own_label(speaks)),
        sender() if limit else None,
        (*limit.quotas, limit.window_s) if limit else None,
    )
    with single_statement() as cursor:
        submitted = submit(cursor, report, envelope)
    if limit is not None and submitted.facts and "remaining" in submitted.facts:
        keep(Count(limit, tuple(submitted.facts["remaining"]), submitted.facts["reset_s"]))
    return _answer(submitted, report)


def own_label(speaks: str) -> str | None:
    """What the town itself calls a report that was received."""
    here = town()
    return in_language(here.labels.get(Status.RECEIVED), speaks, here.languages) if here.labels else None


@lru_cache(maxsize=64)
def receipt_words(speaks: str, label: str | None = None) -> str:
    """The words that the statement puts into its answer, as JSON."""
    why = {name: text_of(speaks, "why", name) for name in ("in_area", "whole_town", "no_rule")}
    return orjson.dumps({"status": described(Status.RECEIVED, spoken(speaks), label), **why}).decode()


def new_report(body: dict[str, Any], speaks: str) -> NewReport:
    """What was sent, checked against the form of its category. Raises Invalid, StopInstead, FormExpired."""
    location = body["location"]
    place = LonLat(lon=location["lon"], lat=location["lat"])
    if not place.is_on_earth:
        refuse_misplaced(place)
    kept = forms.find(body["category"], body.get("form_version"))
    public, private = check_answers(kept.form, body.get("answers") or {}, speaks, town().languages[0])
    captured = body.get("captured_at")
    return NewReport(
        id=body["id"],
        category=body["category"],
        form_version=kept.version,
        place=place,
        accuracy_m=location.get("accuracy_m"),
        address=body.get("address"),
        description=body["description"],
        answers=public,
        private_answers=private,
        contact=body.get("contact"),
        captured_at=captured,
        captured_at_sent=_as_sent() if captured else None,
        received_at=_received_at(body),
        source="import" if body.get("received_at") else "app",
    )


def _as_sent() -> str:
    """The phone's own spelling: evidence is kept as it came."""
    return read_json()["captured_at"]


def _received_at(body: dict[str, Any]) -> Any:
    """A time in the past, for importers only."""
    moment = body.get("received_at")
    if moment is None:
        return None
    if moment > datetime.now(UTC):
        raise Invalid([FieldError("/received_at", "in-the-future")])
    must_be_importer("/received_at")
    return moment


_REFUSALS: dict[str, type[errors.Refusal]] = {
    kind.slug: kind
    for kind in (
        errors.TokenUnknown,
        errors.TokenRevoked,
        errors.TokenExpired,
        errors.KeyReused,
        errors.IdTaken,
        errors.FormExpired,
        errors.DeviceBlocked,
    )
}


def _answer(submitted: Submitted, report: NewReport) -> Response:
    match submitted.outcome:
        case "replayed":
            is_an_earlier_answer()
            return _stored(submitted.status, submitted.body, report.id)
        case "stored":
            return _stored(submitted.status, submitted.body, report.id)
        case "known":
            return _known(report.id)
        case _:
            refuse(submitted, report)


def refuse(submitted: Submitted, report: NewReport) -> NoReturn:
    """Raise what the statement refused a report for."""
    match submitted.outcome:
        case "already-sent":
            raise errors.AlreadySent(report=url_for("residents.read_report", report_id=report.id))
        case "outside-town":
            refuse_misplaced(report.place, (submitted.facts or {}).get("external_body_id"))
        case "not-ours":
            refuse_not_ours((submitted.facts or {})["external_body_id"])
        case "not-offered-here":
            raise Invalid([FieldError("/category", "not-offered-here")])
        case "form-unknown":
            forms.forget()
            raise errors.FormExpired()
        case "still-working":
            raise errors.StillWorking(headers={"Retry-After": RETRY_AFTER_S})
        case refusal:
            raise _REFUSALS[refusal]()


class PlainResponse(Response):
    """A response whose headers are fit to be sent as they are."""

    def get_wsgi_headers(self, environ: Any) -> Headers:
        """Without looking for letters to escape in our own Location."""
        return self.headers


def _stored(status: int | None, body: str | None, report_id: UUID) -> Response:
    raw = (body or "").encode()
    answer = PlainResponse(raw, status, content_type="application/json")
    answer.headers["Content-Length"] = str(len(raw))
    answer.headers["Location"] = f"/v1/reports/{report_id}"
    return answer


def _known(report_id: UUID) -> Response:
    """The same report under another key: it is there, and this is how it stands."""
    with transaction() as session:
        who = known_caller(session, bearer_hash())
        row, is_whole = seen_report(session, who, report_id)
    document = ReportOut().dump(shown_report(row, is_whole, who))
    return _stored(200, orjson.dumps(document, default=str).decode(), report_id)
