"""Staff who sign in with a password: their accounts, invitations, sessions and refresh tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.base import Base, Key, Now, Town

ENDINGS = ("signed-out", "revoked", "replayed", "password", "left")
"""Why a session is over: by its owner, by its owner elsewhere or an admin, by a token that came twice, by a new password,
because the person does not work here any more."""


class LocalAccount(Base):
    """The password of a member of staff, as argon2 keeps it. They sign in by their code, or by `email` if there is one."""

    __tablename__ = "local_account"
    __table_args__ = (UniqueConstraint("jurisdiction_id", "email"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    jurisdiction_id: Mapped[Town]
    email: Mapped[str | None]  # in small letters
    password_hash: Mapped[str]
    password_set_at: Mapped[Now]
    created_at: Mapped[Now]


class Invitation(Base):
    """What lets a member of staff choose their first password, or another one; kept as its hash only. Good once."""

    __tablename__ = "invitation"
    __table_args__ = (Index("ix_invitation_person_id", "person_id"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    jurisdiction_id: Mapped[Town]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    email: Mapped[str | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[Now]
    expires_at: Mapped[datetime]
    replaced_at: Mapped[datetime | None]  # a newer one was made
    used_at: Mapped[datetime | None]


class StaffSession(Base):
    """One sign-in, and all tokens that came of it: the family."""

    __tablename__ = "staff_session"
    __table_args__ = (
        CheckConstraint(f"ended_by IN {ENDINGS}", name="ended_by"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="end_whole"),
        Index("ix_staff_session_person_id", "person_id", "created_at", "id"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    label: Mapped[str | None]  # what the client calls itself
    created_at: Mapped[Now]
    refreshed_at: Mapped[Now]
    expires_at: Mapped[datetime]  # of the refresh token that is good now
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]


class RefreshToken(Base):
    """A refresh token, kept as its hash only. `used_at`: its successor was handed out.

    What follows from it, an access token and the next refresh token, is worked out from it and the server's secret, so that
    a repeat gets the same and nothing is kept in clear.
    """

    __tablename__ = "refresh_token"
    __table_args__ = (Index("ix_refresh_token_session_id", "session_id"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    jurisdiction_id: Mapped[Town]
    session_id: Mapped[UUID] = mapped_column(ForeignKey("staff_session.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
