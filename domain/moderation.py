"""What residents find fault with, and phones that are shut out."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.base import Base, Key, Now, Town

FLAG_REASONS = ("abuse", "personal_data", "spam", "other")
FLAG_OUTCOMES = ("upheld", "dismissed")
HOLD_AFTER_FLAGS = 3  # where the town says nothing


class Flag(Base):
    """One person finds that a report, or one comment, should not be there."""

    __tablename__ = "flag"
    __table_args__ = (
        CheckConstraint(f"reason IN {FLAG_REASONS}", name="reason"),
        CheckConstraint(f"outcome IN {FLAG_OUTCOMES}", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (resolved_at IS NULL)", name="resolved_whole"),
        # One for each person: whoever sends it again has sent it.
        Index("uq_flag_report", "report_id", "person_id", unique=True, postgresql_where=text("comment_id IS NULL")),
        Index(
            "uq_flag_comment",
            "comment_id",
            "person_id",
            unique=True,
            postgresql_where=text("comment_id IS NOT NULL"),
        ),
        Index("ix_flag_open", "created_at", "id", postgresql_where=text("resolved_at IS NULL")),
        Index("ix_flag_created_at", "created_at", "id"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"))
    comment_id: Mapped[UUID | None] = mapped_column(ForeignKey("comment.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str]
    text: Mapped[str | None]
    created_at: Mapped[Now]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    outcome: Mapped[str | None]
    note: Mapped[str | None]  # of whoever resolved it


class DeviceBlock(Base):
    """The phones of one person are shut out: who did it, for which report or comment, and who let them in again."""

    __tablename__ = "device_block"
    __table_args__ = (
        Index("uq_device_block_person", "person_id", unique=True, postgresql_where=text("lifted_at IS NULL")),
        Index("ix_device_block_created_at", "created_at", "id"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"))
    comment_id: Mapped[UUID | None] = mapped_column(ForeignKey("comment.id"))
    reason: Mapped[str]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[Now]
    lifted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    lifted_at: Mapped[datetime | None]
    lifted_reason: Mapped[str | None]
