"""A resident reports something: one statement that checks the token and the key, routes, and writes every row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg2

from core.ids import new_id
from geo.points import LonLat

PREPARED = "submit_report"
STATEMENT_TYPES = (
    "bytea, text, bytea, uuid, text, text, float8, float8, float8, text, text, jsonb, jsonb, jsonb,"
    " timestamptz, text, timestamptz, text, text, jsonb, uuid, bytea, int[], int"
)
STATEMENT = (
    "SELECT outcome, status, body, facts FROM submit_report("  # noqa: S608 - places, no values
    + ", ".join(f"${place}" for place in range(1, len(STATEMENT_TYPES.split(",")) + 1))
    + ")"
)
_EXECUTE = f"EXECUTE {PREPARED} (" + ", ".join(["%s"] * len(STATEMENT_TYPES.split(","))) + ")"
_MOST_LOOKS = 4


@dataclass(frozen=True)
class NewReport:
    """What a phone sent, checked. Answers are split into those for all and those for staff only."""

    id: UUID
    category: str
    form_version: str
    place: LonLat
    accuracy_m: float | None
    address: str | None
    description: str
    answers: dict[str, Any]
    private_answers: dict[str, Any]
    contact: dict[str, Any] | None
    captured_at: datetime | None
    captured_at_sent: str | None
    received_at: datetime | None
    source: str


@dataclass(frozen=True)
class Envelope:
    """Who sends it, under which key, and in which language the answer is."""

    token_hash: bytes
    key: str
    fingerprint: bytes
    language: str
    words: str  # JSON: the parts of the answer that are words
    sender: bytes | None = None  # a hash of the network address
    quotas: tuple[int, int, int] | None = None  # for the phone, for the address, in so many seconds; None: not counted


@dataclass(frozen=True)
class Submitted:
    """What came of it. `outcome` is stored or replayed (with status and body), or the slug of a refusal."""

    outcome: str
    status: int | None
    body: str | None
    facts: dict[str, Any] | None


def submit(cursor: Any, report: NewReport, envelope: Envelope) -> Submitted:
    """Hand the report to the database. `cursor` is an autocommit psycopg2 cursor with `PREPARED` prepared.

    A copy that came at the same time is waited for; when both have run, the second look finds the first one's answer.
    Raises core.db.LockTimeout (through the cursor) when the first copy takes too long.
    """
    values = _values(report, envelope)
    for _ in range(_MOST_LOOKS):
        try:
            cursor.execute(_EXECUTE, values)
        except psycopg2.Error as fault:
            if fault.pgcode != "MW001":
                raise
            continue
        submitted = Submitted(*cursor.fetchone())
        if submitted.outcome != "again":
            return submitted
    return Submitted("still-working", None, None, None)


def _values(report: NewReport, envelope: Envelope) -> tuple[Any, ...]:
    return (
        envelope.token_hash,
        envelope.key,
        envelope.fingerprint,
        str(report.id),
        report.category,
        report.form_version,
        report.place.lon,
        report.place.lat,
        report.accuracy_m,
        report.address,
        report.description,
        _json(report.answers),
        _json(report.private_answers) if report.private_answers else None,
        _json(report.contact) if report.contact else None,
        report.captured_at,
        report.captured_at_sent,
        report.received_at,
        report.source,
        envelope.language,
        envelope.words,
        str(new_id()),
        envelope.sender,
        list(envelope.quotas[:2]) if envelope.quotas else None,
        envelope.quotas[2] if envelope.quotas else None,
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
