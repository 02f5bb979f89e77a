"""Keys of programs: which is good for what, and that using one costs a write a day and never a wait."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from actions.catalogue.history import COMMAND
from actions.keys import MAY_IMPORT, SCOPES, NewKey, known_key, make_key, one_key, revoke_key, rotate_key
from domain.base import Jurisdiction
from domain.errors import KeyUnknown, NotFound, ScopeMissing
from domain.people import PartnerKey, Person
from tests.support.database import Database
from tests.support.server import sqlalchemy_url

RAW = "mwk_" + "k" * 43


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    engine = create_engine(sqlalchemy_url(database.url))
    with Session(engine) as made:
        yield made
    engine.dispose()


@pytest.fixture
def town(session: Session) -> int:
    return session.scalars(select(Jurisdiction.id)).one()


@pytest.fixture
def key(session: Session, town: int) -> PartnerKey:
    made = make_key(session, town, NewKey("the old system", (MAY_IMPORT,)), RAW, COMMAND)
    session.commit()
    return made


def known(session: Session, town: int, raw: str = RAW, scope: str = MAY_IMPORT) -> PartnerKey:
    return known_key(session, town, raw, scope)


def test_a_key_is_known_by_itself_only(session: Session, town: int, key: PartnerKey):
    assert known(session, town).id == key.id
    for other in ("", RAW + " ", RAW[:-1], RAW.upper(), "x" * 100_000):
        with pytest.raises(KeyUnknown):
            known(session, town, other)
    with pytest.raises(KeyUnknown):
        known(session, town + 1)
    with pytest.raises(NotFound):
        one_key(session, town + 1, key.id)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"revoked_at": datetime.now(UTC)}, id="revoked"),
        pytest.param({"expires_at": datetime.now(UTC) - timedelta(seconds=1)}, id="expired"),
    ],
)
def test_what_is_over_is_unknown(session: Session, town: int, key: PartnerKey, change: dict[str, Any]):
    for name, value in change.items():
        setattr(key, name, value)
    session.flush()

    with pytest.raises(KeyUnknown):
        known(session, town)


def test_a_key_of_another_scope_says_what_it_lacks(session: Session, town: int, key: PartnerKey):
    with pytest.raises(ScopeMissing) as refused:
        known(session, town, scope="open311")

    assert refused.value.facts == {"scope": "open311", "scopes": [MAY_IMPORT]}
    assert MAY_IMPORT in SCOPES


def test_an_old_key_ends_with_its_time_and_with_the_key(session: Session, town: int, key: PartnerKey):
    rotate_key(session, key, RAW + "2", COMMAND, old_good_for_h=1)
    assert known(session, town).id == known(session, town, RAW + "2").id

    revoke_key(session, key, COMMAND)

    for raw in (RAW, RAW + "2"):
        with pytest.raises(KeyUnknown):
            known(session, town, raw)


def test_the_day_of_use_is_written_once_a_day(session: Session, town: int, key: PartnerKey, database: Database):
    def version() -> Any:
        return database.value("SELECT xmin::text FROM partner_key WHERE id = %s", str(key.id))

    known(session, town)
    session.commit()
    assert key.last_used_on == datetime.now(UTC).date()
    first = version()

    known(session, town)
    session.commit()
    assert version() == first

    database.execute("UPDATE partner_key SET last_used_on = %s", date(2020, 1, 1))
    session.expire_all()
    known(session, town)
    session.commit()
    assert database.value("SELECT last_used_on FROM partner_key WHERE id = %s", str(key.id)) == datetime.now(UTC).date()


def test_whoever_would_wait_to_write_the_day_leaves_it(
    session: Session, town: int, key: PartnerKey, database: Database
):
    holder = database.connect()
    with holder.cursor() as cursor:
        cursor.execute("SELECT 1 FROM partner_key WHERE id = %s FOR UPDATE", (str(key.id),))
        began = datetime.now(UTC)

        known(session, town)

    assert datetime.now(UTC) - began < timedelta(seconds=1)
    holder.rollback()
    holder.close()
    assert database.value("SELECT last_used_on FROM partner_key WHERE id = %s", str(key.id)) is None


def test_a_key_acts_as_somebody_who_is_nobodys_colleague(session: Session, town: int, key: PartnerKey):
    again = make_key(session, town, NewKey("the old system", (MAY_IMPORT,)), RAW + "3", COMMAND)

    person = session.get_one(Person, key.person_id)
    assert (person.role, person.code) == ("resident", "importer:the old system")
    assert again.person_id == key.person_id
