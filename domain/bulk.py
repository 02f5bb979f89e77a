"""Many reports at once: what is to be done, and what came of it for each report."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.base import Base, Key, Now, Town, TownOfCaller

ACTIONS = ("assign", "move", "close", "reroute", "priority", "undo")
STATES = ("previewing", "previewed", "running", "done")
OUTCOMES = ("waiting", "done", "unchanged", "refused")


class BulkAction(Base):
    """One action on many reports. A preview tries it on each report and takes it back; the same row may then be run."""

    __tablename__ = "bulk_action"
    __table_args__ = (
        CheckConstraint(f"action IN {ACTIONS}", name="action"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("(action = 'undo') = (undo_of_id IS NOT NULL)", name="undo_of_something"),
        Index("ix_bulk_action_actor_id", "actor_id", "created_at", "id"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    actor_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    action: Mapped[str]
    wishes: Mapped[dict[str, Any]] = mapped_column(JSONB)  # the values, as they were sent
    state: Mapped[str]
    report_count: Mapped[int]
    undo_of_id: Mapped[UUID | None] = mapped_column(ForeignKey("bulk_action.id"), unique=True)  # undone once
    created_at: Mapped[Now]
    started_at: Mapped[datetime | None]  # when it was to be done and not only to be tried
    finished_at: Mapped[datetime | None]


class BulkResult(Base):
    """One report of an action on many: what came of it, and how it stood before and after."""

    __tablename__ = "bulk_result"
    __table_args__ = (
        CheckConstraint(f"outcome IN {OUTCOMES}", name="outcome"),
        Index("ix_bulk_result_outcome", "bulk_action_id", "outcome", "place"),
        Index("ix_bulk_result_report_id", "report_id"),
    )

    bulk_action_id: Mapped[UUID] = mapped_column(ForeignKey("bulk_action.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    jurisdiction_id: Mapped[TownOfCaller]
    report_id: Mapped[UUID]  # as it was sent: perhaps of no report
    outcome: Mapped[str] = mapped_column(server_default="waiting")
    version_seen: Mapped[int | None]  # by the preview: what has changed since then is left alone
    problem: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True)
    )  # slug, facts and errors of a refusal
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    at: Mapped[datetime | None]
