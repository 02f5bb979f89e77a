"""Sessions of staff: a sign-in begins one, a refresh carries it on, and it ends for all its tokens at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from core.ids import new_id
from core.tokens import derived_token, new_token, token_hash
from domain.errors import NotFound
from domain.people import Credential, Person
from domain.sessions import RefreshToken, StaffSession

ACCESS_PREFIX, REFRESH_PREFIX = "mwa", "mwr"
ACCESS_GOOD_FOR = timedelta(minutes=15)
REFRESH_GOOD_FOR = timedelta(days=30)
REPEAT_FOR = timedelta(seconds=60)  # a refresh whose answer was lost is sent again within this time


@dataclass(frozen=True)
class Tokens:
    """What a client gets: a token for the next minutes, and one for the next pair."""

    access: str
    access_until: datetime
    refresh: str
    refresh_until: datetime
    session: StaffSession
    person: Person


@dataclass(frozen=True)
class Refused:
    """No tokens: the refresh token is `unknown`, `expired`, `ended` with its session, or `replayed`."""

    reason: str


def begin_session(session: Session, person: Person, label: str | None) -> Tokens:
    """A new session of a member of staff, with its first pair of tokens."""
    now = datetime.now(UTC)
    begun = StaffSession(
        id=new_id(),
        jurisdiction_id=person.jurisdiction_id,
        person_id=person.id,
        label=label,
        created_at=now,
        refreshed_at=now,
        expires_at=now + REFRESH_GOOD_FOR,
    )
    session.add(begun)
    session.flush()
    return _hand_out(session, begun, person, new_token(ACCESS_PREFIX), new_token(REFRESH_PREFIX), now)


def refresh(session: Session, town_id: int, raw: str, secret: str) -> Tokens | Refused:
    """The next pair of tokens for a refresh token.

    The same again within a minute, while nobody has used what came of it, gets the same pair: the answer was lost. Any
    later repeat means that two hold the token, so the whole session ends. Nothing is raised, so that this end is kept.
    """
    found = session.get(RefreshToken, token_hash(raw))
    if found is None or found.jurisdiction_id != town_id:
        return Refused("unknown")
    # The session's row is held, so that two copies of one request do this one after the other.
    kept = session.get_one(StaffSession, found.session_id, with_for_update=True, populate_existing=True)
    session.refresh(found)
    person = session.get_one(Person, kept.person_id)
    now = datetime.now(UTC)
    if kept.ended_at is None and not person.active:
        _end(session, [kept], "left")
    if kept.ended_at is not None:
        return Refused("ended")
    access, following = (
        derived_token(prefix, secret, raw, purpose)
        for prefix, purpose in ((ACCESS_PREFIX, "access"), (REFRESH_PREFIX, "refresh"))
    )
    if found.used_at is not None:
        return _once_more(session, kept, person, (found, access, following), now)
    if found.expires_at <= now:
        return Refused("expired")
    found.used_at = now
    kept.refreshed_at, kept.expires_at = now, now + REFRESH_GOOD_FOR
    return _hand_out(session, kept, person, access, following, now)


def _once_more(
    session: Session, kept: StaffSession, person: Person, sent: tuple[RefreshToken, str, str], now: datetime
) -> Tokens | Refused:
    found, access, following = sent
    next_refresh = session.get(RefreshToken, token_hash(following))
    credential = session.get(Credential, token_hash(access))
    is_fresh = found.used_at is not None and now - found.used_at <= REPEAT_FOR
    # Whoever has used the next one has had the answer, so this is somebody else.
    is_lost = next_refresh is not None and next_refresh.used_at is None
    if not is_fresh or not is_lost or credential is None or credential.expires_at is None or next_refresh is None:
        _end(session, [kept], "replayed")
        return Refused("replayed")
    return Tokens(access, credential.expires_at, following, next_refresh.expires_at, kept, person)


def _hand_out(
    session: Session, kept: StaffSession, person: Person, access: str, following: str, now: datetime
) -> Tokens:
    until = now + ACCESS_GOOD_FOR
    session.add(
        Credential(
            token_hash=token_hash(access),
            jurisdiction_id=person.jurisdiction_id,
            person_id=person.id,
            kind="session",
            session_id=kept.id,
            expires_at=until,
        )
    )
    session.add(
        RefreshToken(
            token_hash=token_hash(following),
            jurisdiction_id=person.jurisdiction_id,
            session_id=kept.id,
            created_at=now,
            expires_at=kept.expires_at,
        )
    )
    session.flush()
    return Tokens(access, until, following, kept.expires_at, kept, person)


def session_of_token(session: Session, hashed: bytes) -> UUID | None:
    """The session that an access token belongs to; None for a token that is no session's."""
    return session.scalar(select(Credential.session_id).where(Credential.token_hash == hashed))


def sessions_of(
    session: Session, person_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[StaffSession]:
    """Sessions of a person that go on, the newest first, behind `before`."""
    wanted = (
        select(StaffSession)
        .where(StaffSession.person_id == person_id)
        .where(StaffSession.ended_at.is_(None))
        .where(StaffSession.expires_at > datetime.now(UTC))
    )
    if before is not None:
        at, key = before
        wanted = wanted.where(
            or_(StaffSession.created_at < at, (StaffSession.created_at == at) & (StaffSession.id < key))
        )
    return session.scalars(wanted.order_by(StaffSession.created_at.desc(), StaffSession.id.desc()).limit(limit)).all()


def end_session(session: Session, person_id: UUID, session_id: UUID, why: str) -> StaffSession:
    """End one of a person's sessions: its tokens are worth nothing from now on. Safe to repeat. Raises NotFound."""
    kept = session.get(StaffSession, session_id, with_for_update=True, populate_existing=True)
    if kept is None or kept.person_id != person_id:
        raise NotFound()
    if kept.ended_at is None:
        _end(session, [kept], why)
    return kept


def end_sessions(session: Session, person_id: UUID, why: str, kept_id: UUID | None = None) -> int:
    """End every session of a person but one, and what their provider's tokens admitted. Returns how many sessions."""
    going_on = session.scalars(
        select(StaffSession)
        .where(StaffSession.person_id == person_id)
        .where(StaffSession.ended_at.is_(None))
        .with_for_update()
    )
    ended = [one for one in going_on if one.id != kept_id]
    _end(session, ended, why)
    end_admitted(session, person_id)
    return len(ended)


def end_admitted(session: Session, person_id: UUID) -> None:
    """End what tokens of an identity provider let in as this person."""
    session.execute(
        update(Credential)
        .where(Credential.person_id == person_id)
        .where(Credential.kind.in_(("oidc", "firebase")))
        .where(Credential.revoked_at.is_(None))
        .values(revoked_at=datetime.now(UTC))
    )


def _end(session: Session, ended: Sequence[StaffSession], why: str) -> None:
    if not ended:
        return
    now = datetime.now(UTC)
    for one in ended:
        one.ended_at, one.ended_by = now, why
    session.execute(
        update(Credential)
        .where(Credential.session_id.in_([one.id for one in ended]))
        .where(Credential.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    session.flush()
