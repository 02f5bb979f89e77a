"""Work in parcels: a crew's round, a contractor's link to a report or a round, and what a map without a network shows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from domain.base import WGS84, Base, Key, Now, Town, TownOfCaller

DEEDS = {"in_progress": "start", "on_hold": "hold", "scheduled": "schedule", "resolved": "resolve"}
"""What a contractor may be allowed to do with a report, besides seeing it, by the status that it leads to."""
FEATURE_KINDS = ("street", "asset")


class WorkPackage(Base):
    """Reports that are worked off in one round, in the order of their stops."""

    __tablename__ = "work_package"
    __table_args__ = (
        Index("ix_work_package_created_at", "jurisdiction_id", "created_at", "id"),
        Index("ix_work_package_crew_id", "crew_id", "created_at", "id"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[TownOfCaller]
    name: Mapped[str]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    crew_id: Mapped[int | None] = mapped_column(ForeignKey("crew.id"))
    start_lon: Mapped[float | None] = mapped_column(Float(53))  # where the round begins, in EPSG:4326
    start_lat: Mapped[float | None] = mapped_column(Float(53))
    version: Mapped[int] = mapped_column(server_default="1")
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[Now]
    updated_at: Mapped[Now]
    closed_at: Mapped[datetime | None]


class PackageStop(Base):
    """One report of a package, and at which place it comes, from 1."""

    __tablename__ = "package_stop"
    __table_args__ = (Index("ix_package_stop_report_id", "report_id"), CheckConstraint("position > 0", name="position"))

    package_id: Mapped[UUID] = mapped_column(ForeignKey("work_package.id"), primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("report.id"), primary_key=True)
    jurisdiction_id: Mapped[TownOfCaller]
    position: Mapped[int]
    distance_m: Mapped[float] = mapped_column(Float(53))  # from the stop before, or from the start


class WorkLink(Base):
    """What a contractor without an account holds: one report or one package, for a time. The token is a credential."""

    __tablename__ = "work_link"
    __table_args__ = (
        CheckConstraint("(report_id IS NULL) <> (package_id IS NULL)", name="one_thing"),
        Index("ix_work_link_created_at", "jurisdiction_id", "created_at", "id"),
        Index("ix_work_link_person_id", "person_id"),
    )

    id: Mapped[Key]
    jurisdiction_id: Mapped[Town]
    label: Mapped[str]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))  # of role contractor; its history lines are theirs
    report_id: Mapped[UUID | None] = mapped_column(ForeignKey("report.id"))
    package_id: Mapped[UUID | None] = mapped_column(ForeignKey("work_package.id"))
    may: Mapped[list[str]]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[Now]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class MapFeature(Base):
    """A street or an asset as a map shows it; it routes nothing."""

    __tablename__ = "map_feature"
    __table_args__ = (
        CheckConstraint(f"kind IN {FEATURE_KINDS}", name="kind"),
        Index("ix_map_feature_geom", "geom", postgresql_using="gist"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    jurisdiction_id: Mapped[Town]
    kind: Mapped[str]
    layer: Mapped[str]  # the code under which a file was imported, such as lights
    name: Mapped[str | None]
    geom: Mapped[Any] = mapped_column(Geometry("GEOMETRY", WGS84, spatial_index=False))
    imported_at: Mapped[Now]
