"""Work packages, links for contractors, and what a map without a network shows."""

import geoalchemy2  # noqa: F401
import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "work_package",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("crew_id", sa.Integer(), nullable=True),
        sa.Column("start_lon", sa.Float(precision=53), nullable=True),
        sa.Column("start_lat", sa.Float(precision=53), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_work_package_created_by")),
        sa.ForeignKeyConstraint(["crew_id"], ["crew.id"], name=op.f("fk_work_package_crew_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_work_package_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_package")),
    )
    op.create_index("ix_work_package_created_at", "work_package", ["jurisdiction_id", "created_at", "id"])
    op.create_index("ix_work_package_crew_id", "work_package", ["crew_id", "created_at", "id"])
    op.create_table(
        "package_stop",
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("distance_m", sa.Float(precision=53), nullable=False),
        sa.CheckConstraint("position > 0", name=op.f("ck_package_stop_position")),
        sa.ForeignKeyConstraint(["package_id"], ["work_package.id"], name=op.f("fk_package_stop_package_id")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_package_stop_report_id")),
        sa.PrimaryKeyConstraint("package_id", "report_id", name=op.f("pk_package_stop")),
    )
    op.create_index("ix_package_stop_report_id", "package_stop", ["report_id"])
    op.create_table(
        "work_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=True),
        sa.Column("package_id", sa.Uuid(), nullable=True),
        sa.Column("may", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(report_id IS NULL) <> (package_id IS NULL)", name=op.f("ck_work_link_one_thing")),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_work_link_created_by")),
        sa.ForeignKeyConstraint(["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_work_link_jurisdiction_id")),
        sa.ForeignKeyConstraint(["package_id"], ["work_package.id"], name=op.f("fk_work_link_package_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_work_link_person_id")),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name=op.f("fk_work_link_report_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_link")),
    )
    op.create_index("ix_work_link_created_at", "work_link", ["jurisdiction_id", "created_at", "id"])
    op.create_index("ix_work_link_person_id", "work_link", ["person_id"])
    op.create_geospatial_table(
        "map_feature",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="GEOMETRY",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("imported_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('street', 'asset')", name=op.f("ck_map_feature_kind")),
        sa.ForeignKeyConstraint(["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_map_feature_jurisdiction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_map_feature")),
    )
    op.create_geospatial_index(
        "ix_map_feature_geom", "map_feature", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
