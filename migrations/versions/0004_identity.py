"""Local accounts and their sessions, identities that others vouch for, magic links."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NOW = sa.text("now()")


def _moment(name: str, *, needed: bool = False, now: bool = False) -> sa.Column:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=NOW if now else None, nullable=not (needed or now)
    )


def _town(table: str) -> tuple[sa.Column, sa.ForeignKeyConstraint]:
    key = sa.ForeignKeyConstraint(["jurisdiction_id"], ["jurisdiction.id"], name=op.f(f"fk_{table}_jurisdiction_id"))
    return sa.Column("jurisdiction_id", sa.Integer(), nullable=False), key


def _of(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    _accounts()
    _identities()
    _mail()
    op.add_column("credential", sa.Column("kind", sa.Text(), server_default="token", nullable=False))
    op.add_column("credential", sa.Column("session_id", sa.Uuid(), nullable=True))
    # NOT VALID first: nothing is read while the lock is held. All rows are the default or NULL, so validating is quick.
    op.execute(
        "ALTER TABLE credential ADD CONSTRAINT ck_credential_kind"
        " CHECK (kind IN ('token', 'session', 'oidc', 'firebase')) NOT VALID"
    )
    op.create_foreign_key(
        op.f("fk_credential_session_id"),
        "credential",
        "staff_session",
        ["session_id"],
        ["id"],
        postgresql_not_valid=True,
    )
    for name in ("ck_credential_kind", "fk_credential_session_id"):
        op.execute(f"ALTER TABLE credential VALIDATE CONSTRAINT {name}")
    with op.get_context().autocommit_block():
        for name, column, where in (
            ("ix_credential_session_id", "session_id", "session_id IS NOT NULL"),
            ("ix_credential_passing", "expires_at", "kind <> 'token'"),
        ):
            op.create_index(
                name,
                "credential",
                [column],
                unique=False,
                postgresql_where=sa.text(where),
                postgresql_concurrently=True,
                if_not_exists=True,
            )


def _accounts() -> None:
    op.create_table(
        "local_account",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        *_town("local_account"),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        _moment("password_set_at", now=True),
        _moment("created_at", now=True),
        _of("local_account", "person_id", "person"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_local_account")),
        sa.UniqueConstraint("jurisdiction_id", "email", name=op.f("uq_local_account_jurisdiction_id_email")),
    )
    op.create_table(
        "invitation",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        *_town("invitation"),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        _moment("created_at", now=True),
        _moment("expires_at", needed=True),
        _moment("replaced_at"),
        _moment("used_at"),
        _of("invitation", "person_id", "person"),
        _of("invitation", "created_by", "person"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invitation")),
    )
    op.create_index("ix_invitation_person_id", "invitation", ["person_id"], unique=False)
    op.create_table(
        "staff_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_town("staff_session"),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        _moment("created_at", now=True),
        _moment("refreshed_at", now=True),
        _moment("expires_at", needed=True),
        _moment("ended_at"),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "ended_by IN ('signed-out', 'revoked', 'replayed', 'password', 'left')",
            name=op.f("ck_staff_session_ended_by"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_staff_session_end_whole")),
        _of("staff_session", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
    )
    op.create_index("ix_staff_session_person_id", "staff_session", ["person_id", "created_at", "id"], unique=False)
    op.create_table(
        "refresh_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        *_town("refresh_token"),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        _moment("created_at", needed=True),
        _moment("expires_at", needed=True),
        _moment("used_at"),
        _of("refresh_token", "session_id", "staff_session"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_token")),
    )
    op.create_index("ix_refresh_token_session_id", "refresh_token", ["session_id"], unique=False)


def _identities() -> None:
    op.create_table(
        "identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_town("identity"),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        _moment("created_at", now=True),
        _moment("told_at"),
        sa.CheckConstraint("provider IN ('oidc', 'firebase')", name=op.f("ck_identity_provider")),
        _of("identity", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint(
            "jurisdiction_id", "issuer", "subject", name=op.f("uq_identity_jurisdiction_id_issuer_subject")
        ),
    )
    op.create_index("ix_identity_person_id", "identity", ["person_id"], unique=False)


def _mail() -> None:
    op.create_table(
        "mail_address",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        *_town("mail_address"),
        sa.Column("address", sa.Text(), nullable=True),
        _moment("confirmed_at"),
        sa.Column("wanted", sa.Text(), nullable=True),
        _of("mail_address", "person_id", "person"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_mail_address")),
    )
    op.create_index(
        "ix_mail_address_address",
        "mail_address",
        ["jurisdiction_id", "address"],
        unique=True,
        postgresql_where=sa.text("address IS NOT NULL"),
    )
    op.create_table(
        "mail_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        *_town("mail_link"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        _moment("created_at", now=True),
        _moment("expires_at", needed=True),
        _moment("sent_at"),
        _moment("used_at"),
        sa.CheckConstraint("kind IN ('confirm', 'sign-in')", name=op.f("ck_mail_link_kind")),
        _of("mail_link", "person_id", "person"),
        _of("mail_link", "device_id", "device"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_link")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_mail_link_code_hash")),
    )
    op.create_index("ix_mail_link_expires_at", "mail_link", ["expires_at"], unique=False)
