"""Others who vouch for people: identity providers, and whoever reads the mail of an address."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.base import Base, Key, Now, Town

PROVIDERS = ("oidc", "firebase")
"""The city's own provider, for staff; Firebase, for residents."""
LINK_KINDS = ("confirm", "sign-in")


class Identity(Base):
    """Somebody as a provider knows them, by issuer and subject: no name, no address."""

    __tablename__ = "identity"
    __table_args__ = (
        CheckConstraint(f"provider IN {PROVIDERS}", name="provider"),
        UniqueConstraint("jurisdiction_id", "issuer", "subject"),
        Index("ix_identity_person_id", "person_id"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    provider: Mapped[str]
    issuer: Mapped[str]
    subject: Mapped[str]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[Now]
    told_at: Mapped[datetime | None]  # when the newest token that we have seen was issued


class MailAddress(Base):
    """Where a resident can be written to. `address` is theirs since they confirmed it; `wanted` waits for that."""

    __tablename__ = "mail_address"
    __table_args__ = (
        Index(
            "ix_mail_address_address",
            "jurisdiction_id",
            "address",
            unique=True,
            postgresql_where=text("address IS NOT NULL"),
        ),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    jurisdiction_id: Mapped[Town]
    address: Mapped[str | None]  # in small letters, as is `wanted`
    confirmed_at: Mapped[datetime | None]
    wanted: Mapped[str | None]


class MailLink(Base):
    """A link in a mail, kept as its hash only; it is worked out from the id and the server's secret when the mail goes.

    `person_id` of a sign-in is found by the address when the mail is sent, so that asking takes the same for any address.
    """

    __tablename__ = "mail_link"
    __table_args__ = (
        CheckConstraint(f"kind IN {LINK_KINDS}", name="kind"),
        UniqueConstraint("code_hash"),
        Index("ix_mail_link_expires_at", "expires_at"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    kind: Mapped[str]
    address: Mapped[str]
    language: Mapped[str]
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    device_id: Mapped[UUID | None] = mapped_column(ForeignKey("device.id"))  # which phone asked
    created_at: Mapped[Now]
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
