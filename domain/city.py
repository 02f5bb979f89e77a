"""The town's catalogue: departments, crews, categories with their forms, layers, areas and rules."""

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.base import WGS84, Base, Now, Town, Words

SEVERITIES = ("info", "warning", "emergency")
ORIGINS = ("apply", "import-areas", "api", "command")


class Department(Base):
    """A part of the city's administration that owns reports."""

    __tablename__ = "department"
    __table_args__ = (UniqueConstraint("jurisdiction_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    name: Mapped[Words]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default="true")


class ExternalBody(Base):
    """Somebody else who owns a place: the state, a county, a utility."""

    __tablename__ = "external_body"
    __table_args__ = (UniqueConstraint("jurisdiction_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    name: Mapped[Words]
    url: Mapped[str | None]
    phone: Mapped[str | None]
    open311: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default="true")


class Crew(Base):
    """A team in the field."""

    __tablename__ = "crew"
    __table_args__ = (UniqueConstraint("jurisdiction_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    name: Mapped[str]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    active: Mapped[bool] = mapped_column(server_default="true")


class CategoryGroup(Base):
    """A heading over categories; rules may name it."""

    __tablename__ = "category_group"
    __table_args__ = (UniqueConstraint("jurisdiction_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    name: Mapped[Words]
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(server_default="true")


class Category(Base):
    """What a report is about. Its questions live in `category_form`, whose versions never change."""

    __tablename__ = "category"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "code"),
        CheckConstraint("blur_m >= 0", name="blur_m"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    group_id: Mapped[int | None] = mapped_column(ForeignKey("category_group.id"))
    is_public: Mapped[bool] = mapped_column(server_default="true")
    blur_m: Mapped[int] = mapped_column(server_default="0")  # the public position is snapped to a grid this wide
    areas: Mapped[list[str]] = mapped_column(server_default="{}")  # "layer:code" where it is offered; empty: everywhere
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(server_default="true")


class CategoryForm(Base):
    """One edition of a category's whole form: name, questions, stops, in every language. Immutable but for its dates."""

    __tablename__ = "category_form"
    __table_args__ = (
        UniqueConstraint("category_id", "version"),
        Index(
            "uq_category_form_current",
            "category_id",
            unique=True,
            postgresql_where="retired_at IS NULL",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    version: Mapped[str]  # a hash of the content
    form: Mapped[dict[str, Any]] = mapped_column(JSONB)
    valid_from: Mapped[Now]
    retired_at: Mapped[datetime | None]


class Layer(Base):
    """A set of areas that divide the town for one purpose: wards, districts, parks."""

    __tablename__ = "layer"
    __table_args__ = (UniqueConstraint("jurisdiction_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    name: Mapped[Words]
    stamp: Mapped[bool] = mapped_column(server_default="false")  # every report keeps the area it fell in
    active: Mapped[bool] = mapped_column(server_default="true")


class LayerEdition(Base):
    """One import of a layer. Old editions stay, for the reports that they routed."""

    __tablename__ = "layer_edition"
    __table_args__ = (UniqueConstraint("layer_id", "edition"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    layer_id: Mapped[int] = mapped_column(ForeignKey("layer.id"))
    edition: Mapped[str]
    content_hash: Mapped[str]
    imported_at: Mapped[Now]
    replaced_at: Mapped[datetime | None]


class Area(Base):
    """One polygon of a layer, in EPSG:4326."""

    __tablename__ = "area"
    __table_args__ = (
        UniqueConstraint("edition_id", "code"),
        # Lookups only ever ask for what is in force, so the index holds nothing else.
        Index("ix_area_geom_current", "geom", postgresql_using="gist", postgresql_where="is_current"),
        Index("ix_area_layer_id_code", "layer_id", "code"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    layer_id: Mapped[int] = mapped_column(ForeignKey("layer.id"))
    edition_id: Mapped[int] = mapped_column(ForeignKey("layer_edition.id"))
    code: Mapped[str]
    name: Mapped[str]
    size_m2: Mapped[float] = mapped_column(Float(53))
    is_current: Mapped[bool] = mapped_column(server_default="true")
    geom: Mapped[Any] = mapped_column(Geometry("MULTIPOLYGON", WGS84, spatial_index=False))


class Notice(Base):
    """Something that every app shows its people while it lasts: a storm, a closed office."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "code"),
        CheckConstraint(f"severity IN {SEVERITIES}", name="severity"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    text: Mapped[Words]
    severity: Mapped[str]
    link: Mapped[str | None]
    starts_at: Mapped[datetime | None]  # NULL: since ever
    ends_at: Mapped[datetime | None]  # NULL: until it is taken away
    active: Mapped[bool] = mapped_column(server_default="true")


class CatalogueChange(Base):
    """Who changed what of the town, and how: one row for each item that an apply, an import or an admin changed."""

    __tablename__ = "catalogue_change"
    __table_args__ = (
        Index("ix_catalogue_change_section_code", "jurisdiction_id", "section", "code", "id"),
        CheckConstraint(f"origin IN {ORIGINS}", name="origin"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    jurisdiction_id: Mapped[Town]
    at: Mapped[Now]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))  # NULL: the command line
    origin: Mapped[str]
    section: Mapped[str]  # as in town.toml: town, departments, rules …; keys
    code: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # NULL: it was not there
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # NULL: it is gone


class Rule(Base):
    """Category or group × area or whole town → department or external body.

    Order of rules: priority (high first), category before group before any, an area before the whole town,
    the smaller area first, then `code`: a total order, so nothing is left to chance.
    """

    __tablename__ = "rule"
    __table_args__ = (
        UniqueConstraint("jurisdiction_id", "code"),
        CheckConstraint("(department_id IS NULL) <> (external_body_id IS NULL)", name="one_target"),
        CheckConstraint("category_id IS NULL OR group_id IS NULL", name="category_or_group"),
        CheckConstraint("area_code IS NULL OR layer_id IS NOT NULL", name="area_has_layer"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[Town]
    code: Mapped[str]
    priority: Mapped[int] = mapped_column(server_default="0")
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("category_group.id"))
    layer_id: Mapped[int | None] = mapped_column(ForeignKey("layer.id"))
    area_code: Mapped[str | None]  # NULL with a layer: any area of it
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    external_body_id: Mapped[int | None] = mapped_column(ForeignKey("external_body.id"))
