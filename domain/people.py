"""People, their phones and their tokens."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from domain.base import Base, Key, Now, Town
from domain.rights import PEOPLE

# Of persons. A partner's program acts as the person of its key, who is nobody's colleague.
PERSON_ROLES = (*PEOPLE, "contractor")
CREDENTIAL_KINDS = ("token", "session", "oidc", "firebase")
"""Made by the town or a phone; the access token of a session; verified tokens of others, until they expire."""


class Person(Base):
    """Somebody who reports, follows or works. A resident's row holds no name."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint(f"role IN {PERSON_ROLES}", name="role"),
        CheckConstraint("(role = 'crew') = (crew_id IS NOT NULL)", name="crew_has_crew"),
        UniqueConstraint("jurisdiction_id", "code"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    role: Mapped[str]
    code: Mapped[str | None]  # staff only: their key in town.toml
    name: Mapped[str | None]  # staff only
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"))
    department_ids: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))  # whose reports they see; NULL: all
    area_keys: Mapped[list[str] | None]  # "layer:code": where; NULL: everywhere
    active: Mapped[bool] = mapped_column(server_default="true")
    origin: Mapped[str] = mapped_column(
        server_default="town"
    )  # command: made by `create-admin`; town.toml leaves it alone
    created_at: Mapped[Now]


class Device(Base):
    """A phone: where its pushes go, in which language. Its id is made by the phone itself."""

    __tablename__ = "device"
    __table_args__ = (
        CheckConstraint("push_kind IN ('fcm_token', 'fcm_fid')", name="push_kind"),
        CheckConstraint("(push_kind IS NULL) = (push_value IS NULL)", name="push_target_whole"),
        Index("ix_device_person_id", "person_id"),
        Index("ix_device_push_value", "push_value", postgresql_where="push_value IS NOT NULL"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    push_kind: Mapped[str | None]
    push_value: Mapped[str | None]
    push_retired_at: Mapped[datetime | None]  # when the channel told us that the target is dead
    push_retired_reason: Mapped[str | None]
    language: Mapped[str]
    time_zone: Mapped[str | None]
    created_at: Mapped[Now]
    revoked_at: Mapped[datetime | None]  # lost: its token is good for nothing any more
    blocked_at: Mapped[datetime | None]  # abused: it may read and send nothing


class Credential(Base):
    """A bearer token, kept as its hash only."""

    __tablename__ = "credential"
    __table_args__ = (
        CheckConstraint(f"kind IN {CREDENTIAL_KINDS}", name="kind"),
        Index("ix_credential_person_id", "person_id"),
        Index("ix_credential_session_id", "session_id", postgresql_where="session_id IS NOT NULL"),
        Index("ix_credential_passing", "expires_at", postgresql_where="kind <> 'token'"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    jurisdiction_id: Mapped[Town]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("device.id"), unique=True)
    scopes: Mapped[list[str]] = mapped_column(server_default="{}")
    label: Mapped[str | None]
    kind: Mapped[str] = mapped_column(server_default="token")
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_session.id"))
    created_at: Mapped[Now]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """What brings a person's reports to a new phone, kept as its hash only. Good once."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index("ix_recovery_code_person_id", "person_id"),)

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    jurisdiction_id: Mapped[Town]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"))  # the phone that it was shown on
    created_at: Mapped[Now]
    replaced_at: Mapped[datetime | None]  # a newer one was made
    used_at: Mapped[datetime | None]
    used_by_device_id: Mapped[UUID | None] = mapped_column(ForeignKey("device.id"))


class PartnerKey(Base):
    """The key of a program: an importer today. Kept as its hash only; while it is rotated the old one is good beside it."""

    __tablename__ = "partner_key"

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    label: Mapped[str]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))  # in whose name it acts
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    old_key_hash: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    old_key_until: Mapped[datetime | None]
    scopes: Mapped[list[str]]
    department_ids: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))  # as a person's, for scope `staff`
    area_keys: Mapped[list[str] | None]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))  # NULL: the command line
    created_at: Mapped[Now]
    rotated_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_on: Mapped[date | None]


class RateCount(Base):
    """How often somebody did something in one stretch of time. Not logged: after a crash counting begins anew.

    `subject` holds a hash, never an address. Each connection counts in a slot of its own, so that requests of one address
    do not wait for each other's commit.
    """

    __tablename__ = "rate_count"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    subject: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    began: Mapped[int] = mapped_column(primary_key=True)  # seconds since 1970
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    hits: Mapped[int]
