"""The first admin of a town, and whoever must get in when nobody else can: made from the command line."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.accounts import NewToken, keep_staff_token
from actions.catalogue.history import COMMAND, note_change
from actions.catalogue.parts import is_code
from actions.catalogue.plan import Values
from core.ids import new_id
from domain.base import Jurisdiction
from domain.forms import has_control_characters
from domain.people import Person

MADE_BY_COMMAND = "command"  # person.origin: town.toml does not name them, and applying it leaves them alone
_LONGEST_NAME = 200


class NoAdmin(Exception):
    """This person cannot be made an admin; the text says why."""


def make_admin(session: Session, town: Jurisdiction, code: str, name: str, new: NewToken, raw: str) -> bool:
    """A member of staff of role admin with the token `raw`; True when they are new, False when they were there before.

    An admin who was made so before, or who has left the town.toml, is active again and gets this name.
    Raises NoAdmin for a bad code or name, and for somebody whom the town.toml in force names.
    """
    name = name.strip()
    _check(code, name)
    person = session.scalar(
        select(Person).where(Person.jurisdiction_id == town.id).where(Person.code == code).with_for_update()
    )
    is_new = person is None
    if person is None:
        person = Person(id=new_id(), jurisdiction_id=town.id, code=code, role="admin", origin=MADE_BY_COMMAND)
        session.add(person)
        before = None
    else:
        _refuse_others(person)
        before = _told(person) if person.active else None
    person.name, person.active, person.origin = name, True, MADE_BY_COMMAND
    session.flush()
    if before != _told(person):
        note_change(session, town.id, COMMAND, "staff", code, before, _told(person))
    keep_staff_token(session, person, new, raw, COMMAND)
    return is_new


def _check(code: str, name: str) -> None:
    if not is_code(code):
        raise NoAdmin(f"{code[:80]!r} is not a code: small letters, digits, - and _ between them, at most 60.")
    if not name:
        raise NoAdmin("The name is empty.")
    if len(name) > _LONGEST_NAME:
        raise NoAdmin(f"The name is longer than {_LONGEST_NAME} characters.")
    if has_control_characters(name) or "\n" in name:
        raise NoAdmin("The name holds control characters.")


def _refuse_others(person: Person) -> None:
    if person.role != "admin":
        raise NoAdmin(f"{person.code} is there already, as {person.role}. Choose another code.")
    if person.active and person.origin != MADE_BY_COMMAND:
        raise NoAdmin(
            f"{person.code} is an admin already, by the town.toml in force; "
            f"`mendway create-token --staff {person.code}` makes a token."
        )


def _told(person: Person) -> Values:
    return {"name": person.name, "role": person.role, "crew": None, "department": None, "departments": [], "areas": []}
