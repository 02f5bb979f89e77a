"""What all tables share, and the town itself."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import DateTime, ForeignKey, Index, Integer, MetaData, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

WGS84 = 4326

Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Now = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
Town = Annotated[int, mapped_column(Integer, ForeignKey("jurisdiction.id"))]
# In tables that every report writes to: a foreign key would lock the town's one row in each of these inserts, and
# concurrent intakes would queue for it. The value always comes from the caller's credential, which has the foreign key.
TownOfCaller = Annotated[int, mapped_column(Integer)]
Key = Annotated[UUID, mapped_column(primary_key=True)]
Words = Annotated[dict[str, str], mapped_column(JSONB)]


class Base(DeclarativeBase):
    """The parent of every table; names of constraints are fixed so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        str: Text,
        dict[str, Any]: JSONB,
        dict[str, str]: JSONB,
        list[Any]: JSONB,
        list[str]: ARRAY(Text),
        datetime: DateTime(timezone=True),
    }


class Jurisdiction(Base):
    """A town. One row today; every key below carries its id, so that one deployment can serve several."""

    __tablename__ = "jurisdiction"
    __table_args__ = (Index("ix_jurisdiction_outline", "outline", postgresql_using="gist"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[Words]
    time_zone: Mapped[str]
    languages: Mapped[list[str]]  # the first is the fallback
    outline: Mapped[Any] = mapped_column(Geometry("MULTIPOLYGON", WGS84, spatial_index=False))
    outside_body_id: Mapped[int | None] = mapped_column(
        ForeignKey("external_body.id", use_alter=True, name="fk_jurisdiction_outside_body_id")
    )
    epoch: Mapped[UUID] = mapped_column(server_default=func.gen_random_uuid())  # a restore starts a new one
    app: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # the [app] table of town.toml: what apps are told
    moderation: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # the [moderation] table of town.toml
    workflow: Mapped[dict[str, Any]] = mapped_column(server_default="{}")  # the [workflow] table of town.toml
    maintenance: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True)
    )  # while it is on: text by language, until, since
    created_at: Mapped[Now]
