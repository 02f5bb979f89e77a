"""Work packages: make, read, change, reorder, close."""

from io import BytesIO
from typing import Any
from uuid import UUID

from flask import Response, send_file
from marshmallow import fields
from sqlalchemy.orm import Session

from actions.package_maps import map_of
from actions.packages import (
    MOST_STOPS,
    Wishes,
    change_package,
    close_package,
    make_package,
    package_for,
    packages_page,
    stops_of,
)
from api.auth import caller, may
from api.blueprints import CONTENT_ETAG, IF_NONE_MATCH, KEY_HEADER, VERSION_HEADER, Audience
from api.fields import Flag, Id, Line, Moment, Number, Shape, YesNo
from api.idempotency import answered_once
from api.lists import PageQuery, cursor_to, place_of
from api.moving import VERSION_ETAG, shown_whole
from api.reading import expected_version
from api.schemas import NamedOut, PlaceOut, ReportOut
from api.shown import named
from api.town import config
from core.db import transaction
from domain.city import Crew, Department
from domain.errors import PackageStale
from domain.packages import WorkPackage
from domain.queries import Condition, Where
from domain.rights import Right
from geo.points import LonLat

PMTILES = "application/vnd.pmtiles"

packages = Audience(
    "packages", __name__, description="Rounds: reports in walking order, with a map that needs no network"
)


class StartIn(Shape):
    """Where the round begins."""

    lon = Number(low=-180, high=180, required=True)
    lat = Number(low=-90, high=90, required=True)


def report_ids(**more: Any) -> fields.List:
    """A list of reports, by id."""
    return fields.List(
        Id(),
        validate=[
            fields.validate.Length(min=1, error="too-few:min=1"),
            fields.validate.Length(max=MOST_STOPS, error=f"too-many:max={MOST_STOPS}"),
        ],
        **more,
    )


class PackageChange(Shape):
    """What a package is to be; what is left out stays."""

    name = Line(longest=200, shortest=1)
    reports = report_ids(metadata={"description": "All of them, in any order."})
    crew = Line(longest=100, shortest=1, metadata={"description": "By code. Its reports are this crew's from then on."})
    start = fields.Nested(StartIn, allow_none=True)
    keep_order = YesNo(
        load_default=False,
        metadata={"description": "Keep the order of `reports` instead of putting them in walking order."},
    )


class PackageIn(PackageChange):
    """A new package."""

    name = Line(longest=200, shortest=1, required=True)
    reports = report_ids(required=True)
    department = Line(
        longest=100,
        shortest=1,
        metadata={"description": "By code; needed when there is no crew and the reports are of several."},
    )


class PackageStopOut(Shape):
    """One report of a round."""

    position = fields.Integer(
        required=True, metadata={"description": "From 1. One that is missing is not for the caller."}
    )
    distance_m = fields.Float(
        required=True, metadata={"description": "As the crow flies, from the stop before or the start."}
    )
    report = fields.Nested(ReportOut, required=True)


class PackageRowOut(Shape):
    """A package in a list."""

    id = Id(required=True)
    name = fields.String(required=True)
    version = fields.Integer(required=True)
    department = fields.Nested(NamedOut, required=True)
    crew = fields.Nested(NamedOut, required=True, allow_none=True)
    stop_count = fields.Integer(required=True)
    open_count = fields.Integer(required=True)
    length_m = fields.Float(required=True)
    created_at = Moment(required=True)
    closed_at = Moment(required=True, allow_none=True)


class PackageOut(PackageRowOut):
    """A package with its stops."""

    start = fields.Nested(PlaceOut, required=True, allow_none=True)
    stops = fields.List(fields.Nested(PackageStopOut), required=True)
    map = fields.String(required=True, metadata={"description": "Where its map for use without a network is."})


class PackageListOut(Shape):
    """One page of packages, the newest first; `next` is the cursor of the next one, null at the end."""

    items = fields.List(fields.Nested(PackageRowOut), required=True)
    next = fields.String(required=True, allow_none=True)


class PackageQuery(PageQuery):
    """Filters; all that are given must hold."""

    crew = Line(longest=100, metadata={"description": "By code."})
    open = Flag(metadata={"description": "true: those that are not closed; false: those that are."})


@packages.post("/work/packages")
@may(Right.PLAN)
@packages.arguments(PackageIn)
@packages.response(201, PackageOut, headers=VERSION_ETAG)
@packages.doc(parameters=[KEY_HEADER])
@answered_once(PackageOut, 201)
def make_work_package(session: Session, body: dict[str, Any]) -> Any:
    """Put reports together for one round, in walking order"""
    return _shown(session, make_package(session, caller(), _wishes(body)))


@packages.get("/work/packages")
@may(Right.PLAN, Right.DO_WORK)
@packages.arguments(PackageQuery, location="query")
@packages.response(200, PackageListOut)
def list_work_packages(query: dict[str, Any]) -> Any:
    """Rounds of my crew, and of my department that no crew has; for the desk all of its departments"""
    question = {"packages": {name: value for name, value in query.items() if name not in ("cursor", "limit")}}
    with transaction() as session:
        key = place_of(question, query.get("cursor"))
        rows = packages_page(session, caller(), _conditions(query), key, query["limit"] + 1)
    shown = [_row(row) for row in rows[: query["limit"]]]
    last = shown[-1] if len(rows) > query["limit"] else None
    return {
        "items": shown,
        "next": cursor_to(question, [last["created_at"].isoformat(), str(last["id"])]) if last else None,
    }


@packages.get("/work/packages/<uuid:package_id>")
@may(Right.PLAN, Right.DO_WORK)
@packages.response(200, PackageOut, headers=VERSION_ETAG)
def read_work_package(package_id: UUID) -> Any:
    """One round with its reports in full"""
    with transaction() as session:
        shown = _shown(session, package_for(session, caller(), package_id))
    return shown, 200, {"ETag": f'"{shown["version"]}"'}


@packages.patch("/work/packages/<uuid:package_id>")
@may(Right.PLAN)
@packages.arguments(PackageChange)
@packages.response(200, PackageOut, headers=VERSION_ETAG)
@packages.doc(parameters=[KEY_HEADER, VERSION_HEADER])
@answered_once(PackageOut, 200)
def change_work_package(session: Session, body: dict[str, Any], package_id: UUID) -> Any:
    """Change a round; with `start` alone it is put in walking order from there"""
    package = _seen(session, package_id)
    change_package(session, caller(), package, _wishes(body))
    return _shown(session, package)


@packages.post("/work/packages/<uuid:package_id>/close")
@may(Right.PLAN)
@packages.response(200, PackageOut, headers=VERSION_ETAG)
def close_work_package(package_id: UUID) -> Any:
    """The round is over; its reports stay as they are. Safe to repeat"""
    with transaction() as session:
        package = package_for(session, caller(), package_id, to_change=True)
        close_package(session, package)
        shown = _shown(session, package)
    return shown, 200, {"ETag": f'"{shown["version"]}"'}


@packages.get("/work/packages/<uuid:package_id>/map")
@may(Right.PLAN, Right.DO_WORK)
@packages.response(
    200,
    {"type": "string", "format": "binary"},
    content_type=PMTILES,
    description="PMTiles version 3 with vector tiles of zoom 12 to 16 round the stops, at most 20 MB. With `Range`, a piece of it (206).",
    headers=CONTENT_ETAG,
)
@packages.alt_response(304, description="What the client has is still good")
@packages.doc(parameters=[IF_NONE_MATCH])
def read_package_map(package_id: UUID) -> Response:
    """The round's map in one file, for use without a network"""
    with transaction() as session:
        package = package_for(session, caller(), package_id)
        file = map_of(session, caller(), package, config().base_map)
    answer = send_file(BytesIO(file.content), mimetype=PMTILES, etag=file.tag, conditional=True, max_age=0)
    answer.headers["Content-Disposition"] = f'attachment; filename="{package_id}.pmtiles"'
    return answer


def _seen(session: Session, package_id: UUID) -> WorkPackage:
    """The package, locked, as the caller has seen it. Raises VersionMissing, NotFound, PackageStale."""
    seen = expected_version()
    package = package_for(session, caller(), package_id, to_change=True)
    if package.version != seen:
        raise PackageStale(headers={"ETag": f'"{package.version}"'}, sent=seen, version=package.version)
    return package


def _wishes(body: dict[str, Any]) -> Wishes:
    start = body.get("start")
    return Wishes(
        name=body.get("name"),
        reports=body.get("reports"),
        department=body.get("department"),
        crew=body.get("crew"),
        start=LonLat(lon=start["lon"], lat=start["lat"]) if start else None,
        keeps_order=body["keep_order"],
    )


def _conditions(query: dict[str, Any]) -> list[Condition]:
    found: list[Condition] = []
    if "crew" in query:
        found.append(Where("c.code = :crew", {"crew": query["crew"]}))
    if "open" in query:
        found.append(Where("p.closed_at IS NULL" if query["open"] else "p.closed_at IS NOT NULL", {}))
    return found


def _row(row: Any) -> dict[str, Any]:
    plain = ("id", "name", "version", "created_at", "closed_at", "stop_count", "open_count")
    return {
        **{name: row[name] for name in plain},
        "department": named(row["department"], row["department_name"]),
        "crew": {"code": row["crew"], "name": row["crew_name"]} if row["crew"] else None,
        "length_m": round(row["length_m"], 1),
    }


def _shown(session: Session, package: WorkPackage) -> dict[str, Any]:
    rows = stops_of(session, caller(), package)
    department = session.get_one(Department, package.department_id)
    crew = session.get(Crew, package.crew_id) if package.crew_id is not None else None
    stops = [{"position": row["position"], "distance_m": row["distance_m"], "report": shown_whole(row)} for row in rows]
    has_start = package.start_lon is not None
    return {
        **{name: getattr(package, name) for name in ("id", "name", "version", "created_at", "closed_at")},
        "department": named(department.code, department.name),
        "crew": {"code": crew.code, "name": crew.name} if crew else None,
        "start": {"lon": package.start_lon, "lat": package.start_lat} if has_start else None,
        "stops": stops,
        "stop_count": len(stops),
        "open_count": sum(stop["report"]["status"]["phase"] != "closed" for stop in stops),
        "length_m": round(sum(stop["distance_m"] for stop in stops), 1),
        "map": f"/v1/work/packages/{package.id}/map",
    }
