"""Reports from before: written with their own times and whole lives, set by set, and announced to nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from actions.past_lives import Kind, Lives, PastReport, Row
from core.ids import new_id
from domain.base import Jurisdiction
from domain.city import Category, CategoryForm
from domain.people import Person
from geo.batches import Asked, decide_many

REPORTS_PER_RESIDENT = 6

_REFERENCES = text("SELECT report_reference(nextval('report_reference_seq')) FROM generate_series(1, :count)")


@dataclass(frozen=True)
class Loaded:
    """How many reports were written, and how many were left out because they are outside or another body's."""

    written: int
    left_out: int


def load_past(
    session: Session, town: Jurisdiction, reports: Sequence[PastReport], resident: UUID | None = None
) -> Loaded:
    """Write the reports as if they had come in, been routed by today's rules and lived through their lines.

    Nobody is told: there are no announcements and no jobs. The change log gets every row, in the order of time.
    resident: who made the last few; all others are by people made up for it, without phones.
    Raises domain.errors.Refusal for answers and moves that would not have been accepted.
    """
    kinds = _kinds(session, town.id)
    categories = [kinds[report.category].category for report in reports]
    asked = [
        Asked(report.place, category.id, category.group_id, category.blur_m)
        for report, category in zip(reports, categories, strict=True)
    ]
    ours = [
        (report, placed)
        for report, placed in zip(reports, decide_many(session, town.id, asked), strict=True)
        if placed.decision.is_inside and placed.decision.external_body_id is None
    ]
    references = session.scalars(_REFERENCES, {"count": len(ours)}).all()
    lives = Lives(session, town, _residents(session, town.id, len(ours)))
    first_own = len(ours) - REPORTS_PER_RESIDENT
    for number, ((report, placed), reference) in enumerate(zip(ours, references, strict=True)):
        reporter = resident if number >= first_own else None
        lives.tell(report, kinds[report.category], placed, reference, reporter)
    _write(session, lives)
    return Loaded(len(ours), len(reports) - len(ours))


def is_empty_of_reports(session: Session) -> bool:
    """Whether nobody has reported anything yet."""
    return session.scalar(text("SELECT NOT EXISTS (SELECT 1 FROM report)")) or False


def _kinds(session: Session, town_id: int) -> dict[str, Kind]:
    rows = session.execute(
        select(Category, CategoryForm)
        .join(CategoryForm, CategoryForm.category_id == Category.id)
        .where(Category.jurisdiction_id == town_id)
        .where(CategoryForm.retired_at.is_(None))
    )
    return {category.code: Kind(category, edition.version, edition.form) for category, edition in rows}


def _residents(session: Session, town_id: int, report_count: int) -> list[UUID]:
    people = [new_id() for _ in range(report_count // REPORTS_PER_RESIDENT + 20)]
    session.execute(insert(Person), [{"id": one, "jurisdiction_id": town_id, "role": "resident"} for one in people])
    return people


def _write(session: Session, lives: Lives) -> None:
    """Each table after those that it refers to; changes in the order in which they happened."""
    session.add_all(lives.reports)
    session.flush()
    lives.changes.sort(key=lambda row: row["at"])
    _insert(session, "comment", lives.comments)
    _insert(session, "follow", lives.follows)
    _insert(session, "report_event", lives.events)
    _insert(session, "change", lives.changes)


def _insert(session: Session, table: str, rows: list[Row]) -> None:
    """All rows in one statement: 30 times as fast as one by one."""
    if rows:
        columns = ", ".join(rows[0])
        statement = f"INSERT INTO {table} ({columns}) SELECT {columns}"
        source = f"jsonb_populate_recordset(NULL::{table}, CAST(:rows AS jsonb))"
        session.execute(text(f"{statement} FROM {source}"), {"rows": orjson.dumps(rows).decode()})
