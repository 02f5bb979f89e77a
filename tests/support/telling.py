"""Making changes that people hear of, and crowds that listen."""

from uuid import UUID

from sqlalchemy import select

from actions.history import add_line
from core.db import transaction
from domain.access import Caller
from domain.people import Person
from domain.reports import Report
from tests.support.database import Database

CROWD = """
    WITH made AS (
      INSERT INTO person (id, jurisdiction_id, role)
      SELECT gen_random_uuid(), j.id, 'resident' FROM jurisdiction j, generate_series(1, %s)
      RETURNING id, jurisdiction_id
    ), phone AS (
      INSERT INTO device (id, jurisdiction_id, person_id, push_kind, push_value, language)
      SELECT gen_random_uuid(), jurisdiction_id, id, 'fcm_token', 'crowd-' || id, 'en' FROM made
    )
    INSERT INTO follow (report_id, person_id, jurisdiction_id)
    SELECT %s, id, jurisdiction_id FROM made
"""


def staff(code: str) -> Caller:
    """A member of staff of the tests' town, as the API would know them."""
    with transaction() as session:
        person = session.scalars(select(Person).where(Person.code == code)).one()
    return Caller(person.jurisdiction_id, person.role, person.id, None, person.department_id, person.crew_id)


def change(report_id: str, event: str, by: str = "dora", *, is_public: bool = True) -> None:
    """Have a member of staff write a line into the history, with all that follows."""
    who = staff(by)
    with transaction() as session:
        report = session.get_one(Report, UUID(report_id), with_for_update=True)
        add_line(session, who, report, event, is_public=is_public)


def crowd(database: Database, report_id: str, count: int) -> None:
    """So many people with a phone each, who all follow the report."""
    database.execute(CROWD, count, report_id)
