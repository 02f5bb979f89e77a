"""Accounts of staff with a password: who signs in, how a password is set and changed, invitations to choose one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from actions.catalogue.history import Doer, note_change
from actions.sessions import Tokens, begin_session, end_sessions
from core.tokens import token_hash
from domain.errors import FieldError, Invalid, InvitationOver, NotFound
from domain.people import Person
from domain.rights import Right, holders
from domain.sessions import Invitation, LocalAccount
from identity.passwords import is_a_name, is_outdated, is_password, password_hash

INVITATION_PREFIX = "mwi"
INVITATION_GOOD_FOR = timedelta(hours=72)


@dataclass(frozen=True)
class Account:
    """Who would sign in under a name, and the hash that their password must fit."""

    person_id: UUID
    password_hash: str


def account_named(session: Session, town_id: int, name: str) -> Account | None:
    """The account of a staff code or an e-mail address; None when there is none, or its owner does not work here now."""
    wanted = name.strip().lower()
    row = session.execute(
        select(LocalAccount.person_id, LocalAccount.password_hash)
        .join(Person, Person.id == LocalAccount.person_id)
        .where(LocalAccount.jurisdiction_id == town_id)
        .where(or_(Person.code == wanted, LocalAccount.email == wanted))
        .where(Person.active)
        .where(Person.role.in_(holders(Right.SIGN_IN)))
        .order_by(Person.code != wanted)
        .limit(1)
    ).one_or_none()
    return Account(*row) if row is not None else None


def is_theirs(account: Account | None, password: str) -> bool:
    """Whether the password opens the account. Takes some 30 ms of a processor, for none too: hold no transaction."""
    return is_password(account.password_hash if account is not None else None, password)


def sign_in(session: Session, account: Account, password: str, label: str | None) -> Tokens | None:
    """A session for who has just shown that the account is theirs; None when that changed in between."""
    person = session.get(Person, account.person_id)
    kept = session.get(LocalAccount, account.person_id, with_for_update=True, populate_existing=True)
    if person is None or not person.active or kept is None or kept.password_hash != account.password_hash:
        return None
    if is_outdated(kept.password_hash):
        kept.password_hash = password_hash(password)
    return begin_session(session, person, label)


def set_password(session: Session, person: Person, password: str, doer: Doer, email: str | None = None) -> None:
    """Give a member of staff this password, whatever it was before; all their sessions end.

    email: to sign in by, beside their code; None leaves it as it is. Raises Invalid.
    """
    email = email.strip().lower() if email else None
    refuse_names("/password", password, person, email)
    kept = session.get(LocalAccount, person.id, with_for_update=True, populate_existing=True)
    _refuse_taken(session, person, email)
    if kept is None:
        kept = LocalAccount(person_id=person.id, jurisdiction_id=person.jurisdiction_id)
        session.add(kept)
    before = _told(kept) if kept.password_hash else None
    kept.password_hash, kept.password_set_at = password_hash(password), datetime.now(UTC)
    kept.email = email or kept.email
    session.flush()
    end_sessions(session, person.id, "password")
    note_change(session, person.jurisdiction_id, doer, "accounts", person.code or "", before, _told(kept))


def change_password(
    session: Session, person_id: UUID, passwords: tuple[str, str], kept_session: UUID | None, doer: Doer
) -> None:
    """Put the second of these in the place of the first; every other session of theirs ends.

    A repeat of what is done already changes nothing. Raises Invalid for a wrong old one and for a new one that will not do.
    """
    old, new = passwords
    person = session.get_one(Person, person_id)
    kept = session.get(LocalAccount, person_id, with_for_update=True, populate_existing=True)
    if not is_password(kept.password_hash if kept is not None else None, old):
        if kept is not None and is_password(kept.password_hash, new):
            return
        raise Invalid([FieldError("/old_password", "wrong-password")])
    assert kept is not None
    refuse_names("/new_password", new, person, kept.email)
    before = _told(kept)
    kept.password_hash, kept.password_set_at = password_hash(new), datetime.now(UTC)
    session.flush()
    end_sessions(session, person_id, "password", kept_session)
    note_change(session, person.jurisdiction_id, doer, "accounts", person.code or "", before, _told(kept))


def refuse_names(pointer: str, password: str, person: Person, email: str | None) -> None:
    """Raises Invalid when the password is a name of theirs, which is the first thing that anybody would try."""
    if is_a_name(password, (person.code, person.name, email)):
        raise Invalid([FieldError(pointer, "password-is-a-name")])


def _refuse_taken(session: Session, person: Person, email: str | None) -> None:
    if email is None:
        return
    other = session.scalar(
        select(LocalAccount.person_id)
        .where(LocalAccount.jurisdiction_id == person.jurisdiction_id)
        .where(LocalAccount.email == email)
        .where(LocalAccount.person_id != person.id)
    )
    if other is not None:
        raise Invalid([FieldError("/email", "email-taken")])


def invite(session: Session, person: Person, raw: str, email: str | None, doer: Doer) -> Invitation:
    """Let a member of staff choose a password once, within 72 hours; an earlier invitation is void. Raises Invalid."""
    email = email.strip().lower() if email else None
    _refuse_taken(session, person, email)
    now = datetime.now(UTC)
    session.execute(
        update(Invitation)
        .where(Invitation.person_id == person.id)
        .where(Invitation.used_at.is_(None))
        .where(Invitation.replaced_at.is_(None))
        .values(replaced_at=now)
    )
    made = Invitation(
        token_hash=token_hash(raw),
        jurisdiction_id=person.jurisdiction_id,
        person_id=person.id,
        email=email,
        created_by=doer.person_id,
        created_at=now,
        expires_at=now + INVITATION_GOOD_FOR,
    )
    session.add(made)
    session.flush()
    after = {"email": email, "invited_until": made.expires_at.isoformat()}
    note_change(session, person.jurisdiction_id, doer, "accounts", person.code or "", None, after)
    return made


def accept(session: Session, town_id: int, raw: str, password: str, doer_of: Callable[[UUID], Doer]) -> Person:
    """Set the password of whoever was invited with this token. A repeat with the same password changes nothing.

    Raises InvitationOver for a token that is not known, too old, used or replaced; Invalid for a password that will not do.
    """
    kept = session.get(Invitation, token_hash(raw), with_for_update=True)
    if kept is None or kept.jurisdiction_id != town_id:
        raise InvitationOver()
    person = session.get_one(Person, kept.person_id)
    if kept.used_at is not None:
        account = session.get(LocalAccount, person.id)
        if account is not None and person.active and is_password(account.password_hash, password):
            return person
        raise InvitationOver()
    if kept.replaced_at is not None or kept.expires_at <= datetime.now(UTC) or not person.active:
        raise InvitationOver()
    kept.used_at = datetime.now(UTC)
    set_password(session, person, password, doer_of(person.id), kept.email)
    return person


def own_account(session: Session, person_id: UUID) -> tuple[Person, LocalAccount | None]:
    """A person, and their account if they have one. Raises NotFound."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound()
    return person, session.get(LocalAccount, person_id)


def _told(account: LocalAccount) -> dict[str, str | None]:
    """What the history keeps of an account: that its password was set, and when."""
    return {"email": account.email, "password_set_at": account.password_set_at.astimezone(UTC).isoformat()}
