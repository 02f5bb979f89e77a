"""Calendars, service targets, the clock of each report, the desk's queue and its saved filters."""

from pathlib import Path

import geoalchemy2  # noqa: F401
import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    op.create_table(
        "work_calendar",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("hours", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("holidays", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.ForeignKeyConstraint(
            ["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_work_calendar_jurisdiction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_calendar")),
        sa.UniqueConstraint("jurisdiction_id", "code", name=op.f("uq_work_calendar_jurisdiction_id_code")),
    )
    op.create_table(
        "service_target",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("calendar_id", sa.Integer(), nullable=True),
        sa.Column("hours", sa.Integer(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("warn_hours", sa.Integer(), nullable=True),
        sa.Column("escalate_hours", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name=op.f("ck_service_target_priority")),
        sa.CheckConstraint("(hours IS NULL) <> (days IS NULL)", name=op.f("ck_service_target_hours_or_days")),
        sa.CheckConstraint("category_id IS NULL OR group_id IS NULL", name=op.f("ck_service_target_category_or_group")),
        sa.ForeignKeyConstraint(["calendar_id"], ["work_calendar.id"], name=op.f("fk_service_target_calendar_id")),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name=op.f("fk_service_target_category_id")),
        sa.ForeignKeyConstraint(["group_id"], ["category_group.id"], name=op.f("fk_service_target_group_id")),
        sa.ForeignKeyConstraint(
            ["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_service_target_jurisdiction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_target")),
        sa.UniqueConstraint("jurisdiction_id", "code", name=op.f("uq_service_target_jurisdiction_id_code")),
    )
    op.create_table(
        "service_clock",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("used_s", sa.Float(precision=53), server_default="0", nullable=False),
        sa.Column("running_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalate_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stage", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_service_clock_report_id")),
        sa.ForeignKeyConstraint(["target_id"], ["service_target.id"], name=op.f("fk_service_clock_target_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_service_clock")),
    )
    op.create_index(
        "ix_service_clock_next_at",
        "service_clock",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_table(
        "queue_item",
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("crew_id", sa.Integer(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_soon_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_key", sa.DateTime(timezone=True), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("area_keys", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "spot",
            Geometry(
                geometry_type="POINT",
                srid=3857,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_queue_item_report_id")),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_queue_item")),
    )
    op.create_index(
        "ix_queue_item_area_keys",
        "queue_item",
        ["area_keys"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_index("ix_queue_item_category", "queue_item", ["category_id", "received_at", "report_id"], unique=False)
    op.create_index(
        "ix_queue_item_closed_category",
        "queue_item",
        ["category_id", "received_at", "report_id"],
        unique=False,
        postgresql_where=sa.text("NOT is_open"),
        postgresql_include=[
            "jurisdiction_id",
            "status",
            "department_id",
            "crew_id",
            "assignee_id",
            "urgency",
            "due_key",
        ],
    )
    op.create_index(
        "ix_queue_item_closed_crew",
        "queue_item",
        ["crew_id", "received_at", "report_id"],
        unique=False,
        postgresql_where=sa.text("NOT is_open"),
        postgresql_include=[
            "jurisdiction_id",
            "status",
            "department_id",
            "assignee_id",
            "category_id",
            "urgency",
            "due_key",
        ],
    )
    op.create_index(
        "ix_queue_item_closed_department",
        "queue_item",
        ["department_id", "received_at", "report_id"],
        unique=False,
        postgresql_where=sa.text("NOT is_open"),
        postgresql_include=["jurisdiction_id", "status", "crew_id", "assignee_id", "category_id", "urgency", "due_key"],
    )
    op.create_index(
        "ix_queue_item_closed_due",
        "queue_item",
        ["due_key", "report_id"],
        unique=False,
        postgresql_where=sa.text("NOT is_open"),
    )
    op.create_index(
        "ix_queue_item_closed_urgency",
        "queue_item",
        ["urgency", "due_key", "report_id"],
        unique=False,
        postgresql_where=sa.text("NOT is_open"),
    )
    op.create_index(
        "ix_queue_item_crew",
        "queue_item",
        ["crew_id", "received_at", "report_id"],
        unique=False,
        postgresql_where=sa.text("crew_id IS NOT NULL"),
    )
    op.create_index(
        "ix_queue_item_department", "queue_item", ["department_id", "received_at", "report_id"], unique=False
    )
    op.create_index("ix_queue_item_due", "queue_item", ["due_key", "report_id"], unique=False)
    op.create_index(
        "ix_queue_item_open_answered",
        "queue_item",
        ["due_key", "report_id"],
        unique=False,
        postgresql_where=sa.text("is_open AND answered_at IS NOT NULL"),
    )
    op.create_index(
        "ix_queue_item_open_area_keys",
        "queue_item",
        ["area_keys"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "ix_queue_item_open_assignee",
        "queue_item",
        ["assignee_id", "due_key", "report_id"],
        unique=False,
        postgresql_where=sa.text("is_open AND assignee_id IS NOT NULL"),
        postgresql_include=[
            "jurisdiction_id",
            "status",
            "department_id",
            "crew_id",
            "category_id",
            "urgency",
            "due_soon_at",
            "received_at",
            "updated_at",
            "escalated_at",
            "answered_at",
            "held_at",
            "source",
            "visibility",
        ],
    )
    op.create_index(
        "ix_queue_item_open_category",
        "queue_item",
        ["category_id", "due_key", "report_id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
        postgresql_include=[
            "jurisdiction_id",
            "status",
            "department_id",
            "crew_id",
            "assignee_id",
            "urgency",
            "due_soon_at",
            "received_at",
            "updated_at",
            "escalated_at",
            "answered_at",
            "held_at",
            "source",
            "visibility",
        ],
    )
    op.create_index(
        "ix_queue_item_open_crew",
        "queue_item",
        ["crew_id", "due_key", "report_id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
        postgresql_include=[
            "jurisdiction_id",
            "status",
            "department_id",
            "assignee_id",
            "category_id",
            "urgency",
            "due_soon_at",
            "received_at",
            "updated_at",
            "escalated_at",
            "answered_at",
            "held_at",
            "source",
            "visibility",
        ],
    )
    op.create_index(
        "ix_queue_item_open_department",
        "queue_item",
        ["department_id", "due_key", "report_id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
        postgresql_include=[
            "jurisdiction_id",
            "status",
            "crew_id",
            "assignee_id",
            "category_id",
            "urgency",
            "due_soon_at",
            "received_at",
            "updated_at",
            "escalated_at",
            "answered_at",
            "held_at",
            "source",
            "visibility",
        ],
    )
    op.create_index(
        "ix_queue_item_open_due",
        "queue_item",
        ["due_key", "report_id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
        postgresql_include=[
            "jurisdiction_id",
            "status",
            "department_id",
            "crew_id",
            "assignee_id",
            "category_id",
            "urgency",
            "due_soon_at",
            "received_at",
            "updated_at",
            "escalated_at",
            "answered_at",
            "held_at",
            "source",
            "visibility",
        ],
    )
    op.create_index(
        "ix_queue_item_open_escalated",
        "queue_item",
        ["due_key", "report_id"],
        unique=False,
        postgresql_where=sa.text("is_open AND escalated_at IS NOT NULL"),
    )
    op.create_index(
        "ix_queue_item_open_held",
        "queue_item",
        ["due_key", "report_id"],
        unique=False,
        postgresql_where=sa.text("is_open AND held_at IS NOT NULL"),
    )
    op.create_index(
        "ix_queue_item_open_received",
        "queue_item",
        ["received_at", "report_id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
        postgresql_include=[
            "jurisdiction_id",
            "status",
            "department_id",
            "crew_id",
            "assignee_id",
            "category_id",
            "urgency",
            "due_key",
            "due_soon_at",
            "updated_at",
            "escalated_at",
            "answered_at",
            "held_at",
            "source",
            "visibility",
        ],
    )
    op.create_index(
        "ix_queue_item_open_spot",
        "queue_item",
        ["spot"],
        unique=False,
        postgresql_using="gist",
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "ix_queue_item_open_status",
        "queue_item",
        ["status", "due_key", "report_id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
        postgresql_include=[
            "jurisdiction_id",
            "department_id",
            "crew_id",
            "assignee_id",
            "category_id",
            "urgency",
            "due_soon_at",
            "received_at",
            "updated_at",
            "escalated_at",
            "answered_at",
            "held_at",
            "source",
            "visibility",
        ],
    )
    op.create_index(
        "ix_queue_item_open_updated",
        "queue_item",
        ["updated_at", "report_id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
        postgresql_include=[
            "jurisdiction_id",
            "status",
            "department_id",
            "crew_id",
            "assignee_id",
            "category_id",
            "urgency",
            "due_key",
            "due_soon_at",
            "received_at",
            "escalated_at",
            "answered_at",
            "held_at",
            "source",
            "visibility",
        ],
    )
    op.create_index(
        "ix_queue_item_open_urgency",
        "queue_item",
        ["urgency", "due_key", "report_id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
        postgresql_include=[
            "jurisdiction_id",
            "status",
            "department_id",
            "crew_id",
            "assignee_id",
            "category_id",
            "due_soon_at",
            "received_at",
            "updated_at",
            "escalated_at",
            "answered_at",
            "held_at",
            "source",
            "visibility",
        ],
    )
    op.create_index(
        "ix_queue_item_open_words",
        "queue_item",
        ["words"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(
        "ix_queue_item_parent",
        "queue_item",
        ["parent_id", "report_id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index("ix_queue_item_received", "queue_item", ["received_at", "report_id"], unique=False)
    op.create_index("ix_queue_item_spot", "queue_item", ["spot"], unique=False, postgresql_using="gist")
    op.create_index("ix_queue_item_status", "queue_item", ["status", "received_at", "report_id"], unique=False)
    op.create_index("ix_queue_item_updated", "queue_item", ["updated_at", "report_id"], unique=False)
    op.create_index("ix_queue_item_urgency", "queue_item", ["urgency", "due_key", "report_id"], unique=False)
    op.create_index(
        "ix_queue_item_words",
        "queue_item",
        ["words"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    op.create_table(
        "queue_place",
        sa.Column("jurisdiction_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_queue_place_jurisdiction_id")),
        sa.PrimaryKeyConstraint("jurisdiction_id", name=op.f("pk_queue_place")),
    )
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_saved_filter_department_id")),
        sa.ForeignKeyConstraint(["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_saved_filter_jurisdiction_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_saved_filter_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
    )
    op.create_index("ix_saved_filter_department_id", "saved_filter", ["department_id"], unique=False)
    op.create_index("ix_saved_filter_owner_id", "saved_filter", ["owner_id"], unique=False)

    # Reports of before are admitted by the worker, a chunk at a time, as those that come in from now on: nobody waits for it.
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute((SQL / "0006_queue.sql").read_text())
        cursor.execute((SQL / "0006_trigger.sql").read_text())
