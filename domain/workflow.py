"""What a city configures of a report's life, and what residents say of how it went."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.base import Base, Now, Town, TownOfCaller, Words
from domain.status import PURPOSES

DISPUTE_DAYS = 14  # how long a fix can be confirmed or disputed, where the city says nothing
MOST_DISPUTE_DAYS = 365
VERDICTS = ("confirmed", "disputed")


class StatusSetting(Base):
    """What a city calls one of the statuses, and whether the public sees it. What has no row is as it comes."""

    __tablename__ = "status_setting"
    __table_args__ = (UniqueConstraint("jurisdiction_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    label: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    is_public: Mapped[bool] = mapped_column(server_default="true")
    active: Mapped[bool] = mapped_column(server_default="true")


class Reason(Base):
    """Why a report is on hold, closed, reopened or disputed: one of a city's own list."""

    __tablename__ = "reason"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "code"),
        CheckConstraint(f"purpose IN {PURPOSES}", name="purpose"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    purpose: Mapped[str]
    name: Mapped[Words]
    is_public: Mapped[bool] = mapped_column(server_default="true")
    active: Mapped[bool] = mapped_column(server_default="true")


class ResponseTemplate(Base):
    """Words for a move to one status, in every language of the town, with {placeholders}."""

    __tablename__ = "response_template"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "code"),
        CheckConstraint("category_id IS NULL OR group_id IS NULL", name="category_or_group"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    status: Mapped[str]
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("category_group.id"))
    text: Mapped[Words]
    active: Mapped[bool] = mapped_column(server_default="true")


class Verdict(Base):
    """What one person said of one fix: that it holds, or that it does not. What they wrote is in the history."""

    __tablename__ = "verdict"
    __table_args__ = (
        CheckConstraint(f"verdict IN {VERDICTS}", name="verdict"),
        Index("ix_verdict_person_id", "person_id"),
    )

    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"), primary_key=True)
    resolved_seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # the line that resolved it
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    jurisdiction_id: Mapped[TownOfCaller]
    verdict: Mapped[str]
    created_at: Mapped[Now]


class Rating(Base):
    """How content one person is with what became of a report, 1 to 5. Only staff see it, and its average."""

    __tablename__ = "rating"
    __table_args__ = (
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        Index("ix_rating_person_id", "person_id"),
    )

    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    jurisdiction_id: Mapped[TownOfCaller]
    stars: Mapped[int] = mapped_column(SmallInteger)
    text: Mapped[str | None]
    created_at: Mapped[Now]
    rated_at: Mapped[datetime]
