"""Rights by department and area; what a report needs for its desk: priority, person, parent, reason, what the public sees."""

from pathlib import Path

import geoalchemy2  # noqa: F401
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


SQL = Path(__file__).parents[1] / "sql"
ROLES = "role IN ('resident', 'crew', 'dispatcher', 'supervisor', 'admin', 'analyst', 'contractor')"


def upgrade() -> None:
    op.add_column("person", sa.Column("department_ids", postgresql.ARRAY(sa.Integer()), nullable=True))
    op.add_column("person", sa.Column("area_keys", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("partner_key", sa.Column("department_ids", postgresql.ARRAY(sa.Integer()), nullable=True))
    op.add_column("partner_key", sa.Column("area_keys", postgresql.ARRAY(sa.Text()), nullable=True))
    op.drop_constraint(op.f("ck_person_role"), "person", type_="check")
    op.create_check_constraint(op.f("ck_person_role"), "person", ROLES)
    # As openapi.yaml has said of a dispatcher's department from the first: they are for this one only.
    op.execute(
        "UPDATE person SET department_ids = ARRAY[department_id] WHERE role = 'dispatcher' AND department_id IS NOT NULL"
    )
    op.add_column("device", sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("comment", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("comment", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("report", sa.Column("public_status", sa.Text(), nullable=True))
    op.add_column("report", sa.Column("status_reason", sa.Text(), nullable=True))
    op.add_column("report", sa.Column("priority", sa.Text(), server_default="normal", nullable=False))
    op.add_column("report", sa.Column("assignee_id", sa.Uuid(), nullable=True))
    op.add_column("report", sa.Column("parent_id", sa.Uuid(), nullable=True))
    op.add_column("report", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    # NOT VALID first: nothing is read while the lock is held. All rows are NULL or the default, so validating is quick.
    op.execute(
        "ALTER TABLE report ADD CONSTRAINT ck_report_priority"
        " CHECK (priority IN ('low', 'normal', 'high', 'urgent')) NOT VALID"
    )
    op.create_foreign_key(
        op.f("fk_report_assignee_id"), "report", "person", ["assignee_id"], ["id"], postgresql_not_valid=True
    )
    op.create_foreign_key(
        op.f("fk_report_parent_id"), "report", "report", ["parent_id"], ["id"], postgresql_not_valid=True
    )
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute((SQL / "0003_views.sql").read_text())
    for name in ("ck_report_priority", "fk_report_assignee_id", "fk_report_parent_id"):
        op.execute(f"ALTER TABLE report VALIDATE CONSTRAINT {name}")
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_report_parent_id",
            "report",
            ["parent_id"],
            unique=False,
            postgresql_where=sa.text("parent_id IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
