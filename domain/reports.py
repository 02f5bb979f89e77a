"""Reports, their history, who follows them, and the one change log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Float,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.base import WGS84, Base, Key, Now, Town, TownOfCaller
from domain.status import Status

_STATUSES = tuple(status.value for status in Status)
PRIORITIES = ("low", "normal", "high", "urgent")


class Report(Base):
    """Something wrong at a place. Its id is made by the phone and stays unique for ever."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "reference"),
        CheckConstraint(f"status IN {_STATUSES}", name="status"),
        CheckConstraint("visibility IN ('public', 'private')", name="visibility"),
        Index("ix_report_public_location", "public_location", postgresql_using="gist"),
        Index("ix_report_location", "location", postgresql_using="gist"),
        Index("ix_report_received_at", "received_at", "id"),
        Index("ix_report_person_id", "person_id", "received_at", "id"),
        Index("ix_report_department_id", "department_id", "received_at", "id"),
        Index("ix_report_crew_id", "crew_id", "received_at", "id", postgresql_where="crew_id IS NOT NULL"),
        Index("ix_report_area_keys", "area_keys", postgresql_using="gin"),
        Index("ix_report_parent_id", "parent_id", postgresql_where="parent_id IS NOT NULL"),
        CheckConstraint(f"priority IN {PRIORITIES}", name="priority"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[TownOfCaller]
    reference: Mapped[str]  # read out on the telephone
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("device.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    form_version: Mapped[str]
    status: Mapped[str]
    public_status: Mapped[str | None]  # what the public sees while the city hides `status`; NULL: the same
    status_reason: Mapped[str | None]  # why it is on hold or closed: a code
    priority: Mapped[str] = mapped_column(server_default="normal")
    version: Mapped[int] = mapped_column(server_default="1")  # what If-Match names
    last_seq: Mapped[int] = mapped_column(server_default="1")  # of the history
    visibility: Mapped[str]
    location: Mapped[Any] = mapped_column(Geometry("POINT", WGS84, spatial_index=False))
    public_location: Mapped[Any] = mapped_column(Geometry("POINT", WGS84, spatial_index=False))
    accuracy_m: Mapped[float | None] = mapped_column(Float(53))
    address: Mapped[str | None]
    description: Mapped[str]
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    private_answers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    contact: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    captured_at: Mapped[datetime | None]  # the phone's clock: evidence, never a gate
    captured_at_sent: Mapped[str | None]  # exactly as sent
    clock_flag: Mapped[str | None]  # "ahead" by over 5 minutes, or "old" by over 30 days
    received_at: Mapped[Now]
    updated_at: Mapped[Now]
    resolved_at: Mapped[datetime | None]
    expected_at: Mapped[datetime | None]
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"))
    assignee_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("person.id")
    )  # one of the department's or crew's people
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("report.id"))
    held_at: Mapped[datetime | None]  # kept from the public by a moderator
    routed_by: Mapped[dict[str, Any]] = mapped_column(JSONB)  # the rule and the area that decided
    areas: Mapped[dict[str, Any]] = mapped_column(JSONB)  # layer → {id, code, name, edition}, for stamped layers
    area_keys: Mapped[list[str]]  # "layer:code", for filters
    source: Mapped[str]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)


class ReportEvent(Base):
    """One line of a report's history. Append-only, numbered per report."""

    __tablename__ = "report_event"
    __table_args__ = (CheckConstraint("seq > 0", name="seq"),)

    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    jurisdiction_id: Mapped[TownOfCaller]
    kind: Mapped[str]
    from_status: Mapped[str | None]
    to_status: Mapped[str | None]
    actor_id: Mapped[UUID | None]
    actor_role: Mapped[str]
    at: Mapped[Now]
    captured_at: Mapped[datetime | None]  # the device's clock
    note: Mapped[str | None]
    reason: Mapped[str | None]
    is_public: Mapped[bool] = mapped_column(server_default="true")
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class Comment(Base):
    """What somebody added to a report."""

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_report_id", "report_id", "created_at", "id"),)

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    author_role: Mapped[str]
    text: Mapped[str]
    captured_at: Mapped[datetime | None]
    created_at: Mapped[Now]
    withdrawn_at: Mapped[datetime | None]  # taken back by its author: the text is gone
    held_at: Mapped[datetime | None]  # kept from the public by a moderator


class Follow(Base):
    """A person who wants to hear about a report."""

    __tablename__ = "follow"
    __table_args__ = (Index("ix_follow_person_id", "person_id"),)

    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    jurisdiction_id: Mapped[Town]
    created_at: Mapped[Now]


class Change(Base):
    """The one change log.

    `id` is the order of writing; `number` is given to committed rows and is what readers page by.
    """

    __tablename__ = "change"
    __table_args__ = (
        Index("uq_change_number", "number", unique=True, postgresql_where=text("number IS NOT NULL")),
        Index("ix_change_unnumbered", "id", postgresql_where=text("number IS NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    jurisdiction_id: Mapped[TownOfCaller]
    report_id: Mapped[UUID]  # no foreign key: the log outlives what it tells of
    kind: Mapped[str]
    scope_before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    scope_after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    at: Mapped[Now]
    number: Mapped[int | None] = mapped_column(BigInteger)


class IdempotencyKey(Base):
    """The first answer to a keyed request, kept as text for 30 days. A refusal leaves no row."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_created_at", "created_at"),)

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)  # the device, or the person who has none
    key: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[TownOfCaller]
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    body: Mapped[str]
    path: Mapped[str | None]  # the address that was asked; NULL at intake, whose answers name their report
    etag: Mapped[str | None]
    created_at: Mapped[Now]
