"""Bulk actions and their undo, flags, redaction, shutting a phone out."""

from pathlib import Path

import geoalchemy2  # noqa: F401
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    op.add_column("jurisdiction", sa.Column("moderation", postgresql.JSONB(), server_default="{}", nullable=False))
    # By which report a stored answer is found when a passage is taken out of it.
    op.add_column("idempotency_key", sa.Column("path", sa.Text(), nullable=True))
    _bulk()
    _flags()
    _blocks()
    with op.get_bind().connection.cursor() as cursor:
        for name in ("0007_moderation.sql", "0007_submit.sql"):
            cursor.execute((SQL / name).read_text())


def _bulk() -> None:
    op.create_table(
        "bulk_action",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("wishes", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("report_count", sa.Integer(), nullable=False),
        sa.Column("undo_of_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "action IN ('assign', 'move', 'close', 'reroute', 'priority', 'undo')", name=op.f("ck_bulk_action_action")
        ),
        sa.CheckConstraint(
            "state IN ('previewing', 'previewed', 'running', 'done')", name=op.f("ck_bulk_action_state")
        ),
        sa.CheckConstraint(
            "(action = 'undo') = (undo_of_id IS NOT NULL)", name=op.f("ck_bulk_action_undo_of_something")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_bulk_action_actor_id")),
        sa.ForeignKeyConstraint(["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_bulk_action_jurisdiction_id")),
        sa.ForeignKeyConstraint(["undo_of_id"], ["bulk_action.id"], name=op.f("fk_bulk_action_undo_of_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_action")),
        sa.UniqueConstraint("undo_of_id", name=op.f("uq_bulk_action_undo_of_id")),
    )
    op.create_index("ix_bulk_action_actor_id", "bulk_action", ["actor_id", "created_at", "id"])
    op.create_table(
        "bulk_result",
        sa.Column("bulk_action_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("version_seen", sa.Integer(), nullable=True),
        sa.Column("problem", postgresql.JSONB(), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('waiting', 'done', 'unchanged', 'refused')", name=op.f("ck_bulk_result_outcome")
        ),
        sa.ForeignKeyConstraint(["bulk_action_id"], ["bulk_action.id"], name=op.f("fk_bulk_result_bulk_action_id")),
        sa.PrimaryKeyConstraint("bulk_action_id", "place", name=op.f("pk_bulk_result")),
    )
    op.create_index("ix_bulk_result_outcome", "bulk_result", ["bulk_action_id", "outcome", "place"])
    op.create_index("ix_bulk_result_report_id", "bulk_result", ["report_id"])


def _flags() -> None:
    op.create_table(
        "flag",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("reason IN ('abuse', 'personal_data', 'spam', 'other')", name=op.f("ck_flag_reason")),
        sa.CheckConstraint("outcome IN ('upheld', 'dismissed')", name=op.f("ck_flag_outcome")),
        sa.CheckConstraint("(outcome IS NULL) = (resolved_at IS NULL)", name=op.f("ck_flag_resolved_whole")),
        sa.ForeignKeyConstraint(["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_flag_jurisdiction_id")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_flag_report_id")),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_flag_comment_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_flag_person_id")),
        sa.ForeignKeyConstraint(["resolved_by"], ["person.id"], name=op.f("fk_flag_resolved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
    )
    op.create_index(
        "uq_flag_report",
        "flag",
        ["report_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("comment_id IS NULL"),
    )
    op.create_index(
        "uq_flag_comment",
        "flag",
        ["comment_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("comment_id IS NOT NULL"),
    )
    op.create_index("ix_flag_open", "flag", ["created_at", "id"], postgresql_where=sa.text("resolved_at IS NULL"))
    op.create_index("ix_flag_created_at", "flag", ["created_at", "id"])


def _blocks() -> None:
    op.create_table(
        "device_block",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("comment_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_device_block_jurisdiction_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_device_block_person_id")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_device_block_report_id")),
        sa.ForeignKeyConstraint(["comment_id"], ["comment.id"], name=op.f("fk_device_block_comment_id")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_device_block_created_by")),
        sa.ForeignKeyConstraint(["lifted_by"], ["person.id"], name=op.f("fk_device_block_lifted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_block")),
    )
    op.create_index(
        "uq_device_block_person",
        "device_block",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_index("ix_device_block_created_at", "device_block", ["created_at", "id"])
