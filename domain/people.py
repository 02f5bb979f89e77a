"""People, their phones and their tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.base import Base, Key, Now, Town

ROLES = ("resident", "crew", "dispatcher", "admin")


class Person(Base):
    """Somebody who reports, follows or works. A resident's row holds no name."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint(f"role IN {ROLES}", name="role"),
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
    active: Mapped[bool] = mapped_column(server_default="true")
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


class Credential(Base):
    """A bearer token, kept as its hash only."""

    __tablename__ = "credential"
    __table_args__ = (Index("ix_credential_person_id", "person_id"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    jurisdiction_id: Mapped[Town]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("device.id"), unique=True)
    scopes: Mapped[list[str]] = mapped_column(server_default="{}")
    label: Mapped[str | None]
    created_at: Mapped[Now]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
