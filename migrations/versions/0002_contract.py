"""What app makers and a city's IT need: what apps are told, notices, keys, recovery codes, counted requests, history."""

from pathlib import Path

import geoalchemy2  # noqa: F401
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


SQL = Path(__file__).parents[1] / "sql"
FUNCTIONS = ("0002_limits.sql", "0002_submit.sql")

# Importers' keys were credentials of a person "importer:<label>". They stay there too, for code of before this migration.
KEYS = """
    INSERT INTO partner_key (id, jurisdiction_id, label, person_id, key_hash, scopes, created_at, expires_at, revoked_at)
    SELECT gen_random_uuid(), jurisdiction_id, coalesce(label, 'importer'), person_id, token_hash, scopes,
           created_at, expires_at, revoked_at
    FROM credential
    WHERE scopes @> '{import}'
"""


def upgrade() -> None:
    op.create_table(
        "rate_count",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("began", sa.Integer(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "began", "slot", name=op.f("pk_rate_count")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("text", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.CheckConstraint("severity IN ('info', 'warning', 'emergency')", name=op.f("ck_notice_severity")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_notice_ends_after_start")),
        sa.ForeignKeyConstraint(["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_notice_jurisdiction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("jurisdiction_id", "code", name=op.f("uq_notice_jurisdiction_id_code")),
    )
    op.create_table(
        "catalogue_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "origin IN ('apply', 'import-areas', 'api', 'command')", name=op.f("ck_catalogue_change_origin")
        ),
        sa.ForeignKeyConstraint(
            ["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_catalogue_change_jurisdiction_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_catalogue_change_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_change")),
    )
    op.create_index(
        "ix_catalogue_change_section_code",
        "catalogue_change",
        ["jurisdiction_id", "section", "code", "id"],
        unique=False,
    )
    op.create_table(
        "partner_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("old_key_hash", sa.LargeBinary(), nullable=True),
        sa.Column("old_key_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_partner_key_created_by")),
        sa.ForeignKeyConstraint(["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_partner_key_jurisdiction_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_partner_key_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_key")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_partner_key_key_hash")),
        sa.UniqueConstraint("old_key_hash", name=op.f("uq_partner_key_old_key_hash")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by_device_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_recovery_code_device_id")),
        sa.ForeignKeyConstraint(
            ["jurisdiction_id"], ["jurisdiction.id"], name=op.f("fk_recovery_code_jurisdiction_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_recovery_code_person_id")),
        sa.ForeignKeyConstraint(["used_by_device_id"], ["device.id"], name=op.f("fk_recovery_code_used_by_device_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_index("ix_recovery_code_person_id", "recovery_code", ["person_id"], unique=False)
    op.add_column("device", sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "jurisdiction", sa.Column("app", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column("jurisdiction", sa.Column("maintenance", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("person", sa.Column("origin", sa.Text(), server_default="town", nullable=False))
    op.execute(KEYS)
    # As they are: they hold percent signs and colons, so a raw cursor takes them.
    with op.get_bind().connection.cursor() as cursor:
        for name in FUNCTIONS:
            cursor.execute((SQL / name).read_text())
