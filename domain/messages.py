"""What people are told: one announcement a change, one notification a person and channel, one attempt a send."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.base import Base, Key, Now, Town, TownOfCaller

NOTIFICATION_STATES = ("waiting", "sending", "sent", "undeliverable")


class Announcement(Base):
    """A change that somebody may want to hear about; written with it, however many listen."""

    __tablename__ = "announcement"
    __table_args__ = (UniqueConstraint("report_id", "seq"),)

    id: Mapped[Key]
    jurisdiction_id: Mapped[TownOfCaller]
    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"))
    seq: Mapped[int]  # the line of the report's history that it tells of
    event: Mapped[str]
    actor_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created_at: Mapped[Now]
    expanded_at: Mapped[datetime | None]


class Notification(Base):
    """One person, one channel, one announcement. Its id is the collapse key on the phone."""

    __tablename__ = "notification"
    __table_args__ = (
        UniqueConstraint("announcement_id", "person_id", "channel"),
        CheckConstraint(f"state IN {NOTIFICATION_STATES}", name="state"),
        Index(
            "ix_notification_unfinished", "claimed_at", "id", postgresql_where=text("state IN ('waiting', 'sending')")
        ),
        Index("ix_notification_person_id", "person_id"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    announcement_id: Mapped[UUID] = mapped_column(ForeignKey("announcement.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    channel: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="waiting")
    attempt_count: Mapped[int] = mapped_column(server_default="0")
    reason: Mapped[str | None]  # why it is where it is, in fixed words
    created_at: Mapped[Now]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class DeliveryAttempt(Base):
    """What one channel answered to one send to one device."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (Index("ix_delivery_attempt_notification_id", "notification_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    jurisdiction_id: Mapped[Town]
    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notification.id"))
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"))
    outcome: Mapped[str]  # sent, retry, dead, refused
    reason: Mapped[str]
    provider_message_id: Mapped[str | None]
    at: Mapped[Now]
