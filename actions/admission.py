"""Somebody comes with a token of another who vouches for them: who that is here, and what they may do from now on."""

import hashlib
import logging
from collections.abc import Iterable
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from actions.catalogue.history import Doer, note_change
from actions.identities import identity_of, keep_identity, resident_of
from actions.sessions import end_admitted
from core.ids import new_id
from core.tokens import token_hash
from domain.city import Crew, Department
from domain.people import Credential, Person
from domain.rights import Right, holders
from identity.claims import Part
from identity.vouched import Vouched

log = logging.getLogger(__name__)

VOUCHED_FOR = "oidc"  # person.origin: the city's provider says what they are; town.toml leaves them alone
Outcome = Literal["in", "no-role", "shut-out"]


def admit(session: Session, town_id: int, vouched: Vouched, token: str) -> Outcome:
    """Let a token that was found good be a bearer token of its person until it expires.

    For staff the newest token says what they are. Nothing is raised, so that what a token took away stays so.
    """
    if vouched.provider == "firebase":
        person: Person | None = resident_of(session, town_id, vouched)
    else:
        person = _staff_of(session, town_id, vouched)
    if person is None:
        return "no-role"
    if not person.active:
        return "shut-out"
    session.execute(
        insert(Credential)
        .values(
            token_hash=token_hash(token),
            jurisdiction_id=town_id,
            person_id=person.id,
            kind=vouched.provider,
            expires_at=vouched.expires_at,
        )
        .on_conflict_do_nothing()
    )
    return "in"


def _staff_of(session: Session, town_id: int, vouched: Vouched) -> Person | None:
    """The member of staff whom a token is about. None: nothing in it makes them one.

    Whoever the town's own file names by that code is that person, and the file says what they may do. For everybody else
    it is the claims.
    """
    named = _named(session, town_id, vouched.code)
    identity = identity_of(session, town_id, vouched)
    if named is not None:
        if identity is None:
            identity = keep_identity(session, town_id, vouched, named.id)
        identity.person_id = named.id
        return named
    values = _values(session, town_id, vouched.part) if vouched.part is not None else None
    if values is None and identity is None:
        return None
    person = session.get(Person, identity.person_id) if identity is not None else None
    is_own = person is not None and person.origin == VOUCHED_FOR
    is_newest = identity is None or identity.told_at is None or vouched.issued_at >= identity.told_at
    if values is None:
        if person is not None and is_own and is_newest:
            end_admitted(session, person.id)
        return None
    if person is None or not is_own:
        person = _own_person(session, town_id, vouched, values)
    if identity is None:
        identity = keep_identity(session, town_id, vouched, person.id)
        person = session.get_one(Person, identity.person_id)
    identity.person_id = person.id
    if is_newest:
        identity.told_at = vouched.issued_at
        _follow(session, person, {**values, "name": vouched.name or person.name})
    return person


def _named(session: Session, town_id: int, code: str | None) -> Person | None:
    if code is None:
        return None
    return session.scalar(
        select(Person)
        .where(Person.jurisdiction_id == town_id)
        .where(Person.code == code)
        .where(Person.active)
        .where(Person.origin != VOUCHED_FOR)
        .where(Person.role.in_(holders(Right.SIGN_IN)))
    )


def _own_person(session: Session, town_id: int, vouched: Vouched, values: dict[str, Any]) -> Person:
    """Their row, made when it is not there. Its code says nothing of them but is theirs for ever."""
    digest = hashlib.sha256(f"{vouched.issuer}\0{vouched.subject}".encode()).hexdigest()
    code = f"oidc-{digest[:16]}"
    session.execute(
        insert(Person)
        .values(
            id=new_id(),
            jurisdiction_id=town_id,
            code=code,
            name=vouched.name or code,
            origin=VOUCHED_FOR,
            **values,
        )
        .on_conflict_do_nothing()
    )
    found = select(Person).where(Person.jurisdiction_id == town_id).where(Person.code == code)
    return session.scalars(found).one()


def _follow(session: Session, person: Person, values: dict[str, Any]) -> None:
    """Make somebody what the newest token says; the history tells of what changed."""
    if all(getattr(person, name) == value for name, value in values.items()):
        return
    before = _told(session, person)
    for name, value in values.items():
        setattr(person, name, value)
    session.flush()
    doer = Doer("api", person.id)
    note_change(session, person.jurisdiction_id, doer, "staff", person.code or "", before, _told(session, person))


def _told(session: Session, person: Person) -> dict[str, Any]:
    """Somebody as the history of the town's staff shows them."""
    codes = select(Department.code).where(Department.id.in_(person.department_ids or [])).order_by(Department.code)
    crew = session.get(Crew, person.crew_id) if person.crew_id is not None else None
    return {
        "name": person.name,
        "role": person.role,
        "crew": crew.code if crew is not None else None,
        "departments": list(session.scalars(codes)),
        "areas": list(person.area_keys or []),
    }


def _values(session: Session, town_id: int, part: Part) -> dict[str, Any] | None:
    """A part as the row of a person; None when it names what the town does not have: less than all is never made of that."""
    departments = _ids(session, Department, town_id, part.departments)
    crew = _crew(session, town_id, part.crew) if part.crew is not None else None
    if len(departments) < len(set(part.departments)) or (part.crew is not None and crew is None):
        log.warning("a rule of OIDC_CLAIMS names what the town does not have", extra={"role": part.role})
        return None
    own = [crew.department_id] if crew is not None else departments
    return {
        "role": part.role,
        "crew_id": crew.id if crew is not None else None,
        "department_id": crew.department_id if crew is not None else None,
        "department_ids": sorted(own) or None,
        "area_keys": sorted(part.areas) or None,
    }


def _ids(session: Session, model: Any, town_id: int, codes: Iterable[str]) -> list[int]:
    wanted = select(model.id).where(model.jurisdiction_id == town_id).where(model.active)
    return list(session.scalars(wanted.where(model.code.in_(list(codes)))))


def _crew(session: Session, town_id: int, code: str) -> Crew | None:
    wanted = select(Crew).where(Crew.jurisdiction_id == town_id).where(Crew.active)
    return session.scalar(wanted.where(Crew.code == code))
