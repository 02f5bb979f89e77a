"""The desk reports something for somebody at the telephone, at the counter, or who has written."""

import secrets
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import RowMapping, delete, select, text
from sqlalchemy.orm import Session

from actions.history import add_line
from actions.submit import NewReport, Submitted
from core.ids import new_id
from core.tokens import token_hash
from domain.access import Caller, in_hands_of
from domain.city import Category
from domain.errors import FieldError, Invalid
from domain.people import Credential, Person
from domain.queries import Where
from domain.reports import IdempotencyKey, Report
from domain.status import PHASES, Phase
from geo.nearby import open_reports_nearby
from geo.points import LonLat

SOURCES = ("telephone", "counter", "email", "social")
TAKEN_IN = "taken_in"
_OVER = [status.value for status, phase in PHASES.items() if phase == Phase.CLOSED]

# The very statement of intake, so that nothing is decided twice.
_SUBMIT = text(
    """
    SELECT outcome, status, body, facts
    FROM submit_report(
      CAST(:token AS bytea), CAST(:key AS text), CAST(:fingerprint AS bytea), CAST(:id AS uuid), CAST(:category AS text),
      CAST(:form_version AS text), CAST(:lon AS float8), CAST(:lat AS float8), CAST(:accuracy_m AS float8),
      CAST(:address AS text), CAST(:description AS text), CAST(:answers AS jsonb), CAST(:private_answers AS jsonb),
      CAST(:contact AS jsonb), CAST(:captured_at AS timestamptz), CAST(:captured_at_sent AS text), NULL, CAST(:source AS text),
      CAST(:language AS text), CAST(:words AS jsonb), CAST(:announcement AS uuid), NULL, NULL, NULL
    )
    """
)


@dataclass(frozen=True)
class Twin:
    """A report that may be the same, and whether the caller may see the whole of it."""

    row: RowMapping
    is_whole: bool


def twins(session: Session, caller: Caller, category: str, place: LonLat) -> list[Twin]:
    """Open reports of the same kind close by, nearest first: those in this person's hands, and public ones by their public
    place. Parts of others are left out. Raises Invalid for an unknown category."""
    category_id = session.scalar(
        select(Category.id).where(Category.jurisdiction_id == caller.jurisdiction_id).where(Category.code == category)
    )
    if category_id is None:
        raise Invalid([FieldError("/category", "unknown-category")])
    own = in_hands_of(caller)
    asked = (caller.jurisdiction_id, category_id, place, _OVER)
    whole = Where(f"({own.sql}) AND parent_id IS NULL", own.params)
    found = [
        Twin(row, True) for row in open_reports_nearby(session, "whole_report", "whole_location", *asked, allowed=whole)
    ]
    known = {twin.row["id"] for twin in found}
    public = open_reports_nearby(session, "public_report", "public_location", *asked)
    found += [Twin(row, False) for row in public if row["id"] not in known]
    return sorted(found, key=lambda twin: (twin.row["distance_m"], twin.row["id"]))


def take_in(
    session: Session, caller: Caller, report: NewReport, fingerprint: bytes, language: str, words: str
) -> Submitted:
    """Store the report as a person's of their own, who has no phone here and is nobody of the desk.

    What refuses it is told as at intake, by `outcome`; then the caller's transaction must not be kept.
    """
    person = Person(id=new_id(), jurisdiction_id=caller.jurisdiction_id, role="resident")
    hashed = token_hash(secrets.token_urlsafe(32))
    session.add(person)
    session.flush()
    session.add(Credential(token_hash=hashed, jurisdiction_id=caller.jurisdiction_id, person_id=person.id))
    session.flush()
    row = session.execute(_SUBMIT, _values(report, hashed, fingerprint, language, words)).one()
    submitted = Submitted(row.outcome, row.status, row.body, row.facts)
    if submitted.outcome == "stored":
        # The token was good for that one statement; nobody ever knew it.
        session.execute(delete(Credential).where(Credential.token_hash == hashed))
        session.execute(delete(IdempotencyKey).where(IdempotencyKey.owner_id == person.id))
        stored = session.scalars(select(Report).where(Report.id == report.id).with_for_update()).one()
        add_line(session, caller, stored, TAKEN_IN, is_public=False, data={"source": report.source})
    return submitted


def for_somebody(report: NewReport, source: str) -> NewReport:
    """The same report, with how it reached the desk."""
    return replace(report, source=source)


def _values(report: NewReport, hashed: bytes, fingerprint: bytes, language: str, words: str) -> dict[str, Any]:
    same = (
        "id",
        "category",
        "form_version",
        "accuracy_m",
        "address",
        "description",
        "captured_at",
        "captured_at_sent",
        "source",
    )
    return {
        **{name: getattr(report, name) for name in same},
        "token": hashed,
        "key": TAKEN_IN,
        "fingerprint": fingerprint,
        "lon": report.place.lon,
        "lat": report.place.lat,
        "answers": _json(report.answers),
        "private_answers": _json(report.private_answers) if report.private_answers else None,
        "contact": _json(report.contact) if report.contact else None,
        "language": language,
        "words": words,
        "announcement": new_id(),
    }


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
