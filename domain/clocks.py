"""Working calendars, service targets, the clock of each report, and the desk's queue with its saved filters."""

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from domain.base import Base, Key, Now, Town, TownOfCaller
from domain.reports import PRIORITIES

WEB_MERCATOR = 3857


class WorkCalendar(Base):
    """When a part of the town works: opening hours by weekday, and days without any."""

    __tablename__ = "work_calendar"
    __table_args__ = (UniqueConstraint("jurisdiction_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    time_zone: Mapped[str | None]  # NULL: the town's
    hours: Mapped[dict[str, Any]]  # weekday → ["08:00-12:00", …]
    holidays: Mapped[list[Any]] = mapped_column(JSONB)  # "2026-12-25"
    active: Mapped[bool] = mapped_column(server_default="true")


class ServiceTarget(Base):
    """How long some reports may take, in working time of a calendar; without one in all the time that passes."""

    __tablename__ = "service_target"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "code"),
        CheckConstraint("(hours IS NULL) <> (days IS NULL)", name="hours_or_days"),
        CheckConstraint("category_id IS NULL OR group_id IS NULL", name="category_or_group"),
        CheckConstraint(f"priority IN {PRIORITIES}", name="priority"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("category_group.id"))
    priority: Mapped[str | None]
    calendar_id: Mapped[int | None] = mapped_column(ForeignKey("work_calendar.id"))
    hours: Mapped[int | None]
    days: Mapped[int | None]
    warn_hours: Mapped[int | None]  # before it is due; NULL: a quarter of its time
    escalate_hours: Mapped[int | None]  # after it was due; NULL: never
    active: Mapped[bool] = mapped_column(server_default="true")


class ServiceClock(Base):
    """How much of its time a report has used, and what follows from that. One row for each that was admitted to the queue."""

    __tablename__ = "service_clock"
    __table_args__ = (Index("ix_service_clock_next_at", "next_at", postgresql_where=text("next_at IS NOT NULL")),)

    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"), primary_key=True)
    jurisdiction_id: Mapped[TownOfCaller]
    target_id: Mapped[int | None] = mapped_column(ForeignKey("service_target.id"))  # NULL: none fits
    used_s: Mapped[float] = mapped_column(Float(53), server_default="0")  # before it last began to run
    running_since: Mapped[datetime | None]  # NULL: it stands still
    due_at: Mapped[datetime | None]  # NULL: without a target, and while it waits; of what is over, what it was
    warn_at: Mapped[datetime | None]
    escalate_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]  # when there is something to tell
    stage: Mapped[int] = mapped_column(SmallInteger, server_default="0")  # told: 1 due soon, 2 overdue, 3 escalated
    promised_at: Mapped[datetime | None]  # by whoever does the work
    shown_at: Mapped[datetime | None]  # what the clock last wrote into report.expected_at
    told_at: Mapped[datetime | None]  # what residents last heard of that


# Kept in an index beside its keys, so that counting by one of them needs nothing but the index.
_BESIDE = (
    "jurisdiction_id", "status", "department_id", "crew_id", "assignee_id", "category_id", "urgency", "due_key", "due_soon_at",
    "received_at", "updated_at", "escalated_at", "answered_at", "held_at", "source", "visibility",
)  # fmt: skip


def _open(name: str, *columns: str, where: str = "is_open") -> Index:
    beside = [column for column in _BESIDE if column not in columns]
    return Index(name, *columns, postgresql_where=text(where), postgresql_include=beside)


def _closed(name: str, *columns: str) -> Index:
    beside = [column for column in _BESIDE[:8] if column not in columns]
    return Index(name, *columns, postgresql_where=text("NOT is_open"), postgresql_include=beside)


class QueueItem(Base):
    """What the desk filters and sorts by, of one report, in one row. Written by SQL (migrations/sql/0006_queue.sql)."""

    __tablename__ = "queue_item"
    __table_args__ = (
        # What is open, by the orders in which a desk looks at it.
        _open("ix_queue_item_open_due", "due_key", "report_id"),
        _open("ix_queue_item_open_urgency", "urgency", "due_key", "report_id"),
        _open("ix_queue_item_open_received", "received_at", "report_id"),
        _open("ix_queue_item_open_updated", "updated_at", "report_id"),
        _open("ix_queue_item_open_status", "status", "due_key", "report_id"),
        _open("ix_queue_item_open_department", "department_id", "due_key", "report_id"),
        _open("ix_queue_item_open_category", "category_id", "due_key", "report_id"),
        _open("ix_queue_item_open_crew", "crew_id", "due_key", "report_id"),
        _open("ix_queue_item_open_assignee", "assignee_id", "due_key", "report_id", where="is_open AND assignee_id IS NOT NULL"),
        # What is open or over.
        Index("ix_queue_item_closed_due", "due_key", "report_id", postgresql_where=text("NOT is_open")),
        Index("ix_queue_item_closed_urgency", "urgency", "due_key", "report_id", postgresql_where=text("NOT is_open")),
        Index("ix_queue_item_due", "due_key", "report_id"),
        Index("ix_queue_item_urgency", "urgency", "due_key", "report_id"),
        Index("ix_queue_item_received", "received_at", "report_id"),
        Index("ix_queue_item_updated", "updated_at", "report_id"),
        Index("ix_queue_item_status", "status", "received_at", "report_id"),
        Index("ix_queue_item_department", "department_id", "received_at", "report_id"),
        Index("ix_queue_item_category", "category_id", "received_at", "report_id"),
        Index("ix_queue_item_crew", "crew_id", "received_at", "report_id", postgresql_where=text("crew_id IS NOT NULL")),
        # What is over, where a filter may find next to nothing.
        _closed("ix_queue_item_closed_department", "department_id", "received_at", "report_id"),
        _closed("ix_queue_item_closed_category", "category_id", "received_at", "report_id"),
        _closed("ix_queue_item_closed_crew", "crew_id", "received_at", "report_id"),
        # What is rare among it, and needs no other order.
        Index("ix_queue_item_open_held", "due_key", "report_id", postgresql_where=text("is_open AND held_at IS NOT NULL")),
        Index("ix_queue_item_open_escalated", "due_key", "report_id", postgresql_where=text("is_open AND escalated_at IS NOT NULL")),
        Index("ix_queue_item_open_answered", "due_key", "report_id", postgresql_where=text("is_open AND answered_at IS NOT NULL")),
        Index("ix_queue_item_parent", "parent_id", "report_id", postgresql_where=text("parent_id IS NOT NULL")),
        # Without a list of what is pending: reading must not pay for writing.
        Index("ix_queue_item_open_words", "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"},
              postgresql_where=text("is_open")),
        Index("ix_queue_item_words", "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        Index("ix_queue_item_open_area_keys", "area_keys", postgresql_using="gin", postgresql_with={"fastupdate": "off"},
              postgresql_where=text("is_open")),
        Index("ix_queue_item_area_keys", "area_keys", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        Index("ix_queue_item_open_spot", "spot", postgresql_using="gist", postgresql_where=text("is_open")),
        Index("ix_queue_item_spot", "spot", postgresql_using="gist"),
    )  # fmt: skip

    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"), primary_key=True)
    jurisdiction_id: Mapped[TownOfCaller]
    status: Mapped[str]
    is_open: Mapped[bool]  # not resolved, not closed
    department_id: Mapped[int | None]
    crew_id: Mapped[int | None]
    assignee_id: Mapped[UUID | None]
    category_id: Mapped[int]
    urgency: Mapped[int] = mapped_column(SmallInteger)  # 0 urgent, 1 high, 2 normal, 3 low
    received_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    due_soon_at: Mapped[datetime | None]
    due_key: Mapped[datetime]  # due_at; what has none comes behind, the urgent and the old before the others
    escalated_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]  # the reporter has answered a question, and the desk has done nothing since
    held_at: Mapped[datetime | None]
    parent_id: Mapped[UUID | None]
    visibility: Mapped[str]
    source: Mapped[str]
    area_keys: Mapped[list[str]]
    spot: Mapped[Any] = mapped_column(Geometry("POINT", WEB_MERCATOR, spatial_index=False))
    words: Mapped[Any] = mapped_column(TSVECTOR)


class QueuePlace(Base):
    """How far of the change log has been looked through for reports to admit."""

    __tablename__ = "queue_place"

    jurisdiction_id: Mapped[int] = mapped_column(ForeignKey("jurisdiction.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, server_default="0")


class SavedFilter(Base):
    """A question to the queue that somebody keeps, for themselves or for a department."""

    __tablename__ = "saved_filter"
    __table_args__ = (
        Index("ix_saved_filter_owner_id", "owner_id"),
        Index("ix_saved_filter_department_id", "department_id"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))  # shared with whoever works for it
    name: Mapped[str]
    query: Mapped[dict[str, str]]  # as in the address of GET /v1/queue
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[Now]
    updated_at: Mapped[Now]
