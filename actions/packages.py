"""Work packages: reports worked off in one round, in walking order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, insert, select, text
from sqlalchemy.orm import Session

from actions.moves import Said, is_closed, put_in_hands
from core.ids import new_id
from domain.access import Caller, Holding, in_hands_of, may_work_on, own_department_id
from domain.city import Crew
from domain.errors import FieldError, Invalid, NotFound
from domain.packages import PackageStop, WorkPackage
from domain.queries import Condition, Where
from domain.reports import Report
from geo.points import LonLat
from geo.walking import metres, walking_order

MOST_STOPS = 200

_STOPS = """
    SELECT stop.position, stop.distance_m, whole_report.*
    FROM package_stop stop
    JOIN whole_report ON whole_report.id = stop.report_id
    WHERE stop.package_id = :package AND whole_report.jurisdiction_id = :town AND {hands}
    ORDER BY stop.position
    """
_LIST = """
    SELECT p.id, p.name, p.version, p.created_at, p.closed_at, d.code AS department, d.name AS department_name,
           c.code AS crew, c.name AS crew_name, s.stop_count, s.open_count, s.length_m
    FROM work_package p
    JOIN department d ON d.id = p.department_id
    LEFT JOIN crew c ON c.id = p.crew_id
    CROSS JOIN LATERAL (
      SELECT count(*) AS stop_count, count(*) FILTER (WHERE r.status NOT IN ('resolved', 'closed')) AS open_count,
             coalesce(sum(stop.distance_m), 0) AS length_m
      FROM package_stop stop JOIN report r ON r.id = stop.report_id
      WHERE stop.package_id = p.id
    ) s
    WHERE p.jurisdiction_id = :town AND {conditions}
    ORDER BY p.created_at DESC, p.id DESC
    LIMIT :limit
    """
_PLACES = text("SELECT id, lon, lat FROM whole_report WHERE id = ANY(CAST(:ids AS uuid[]))")


@dataclass(frozen=True)
class Wishes:
    """What a package is to be. None: as it is, or as follows from its reports."""

    name: str | None = None
    reports: Sequence[UUID] | None = None
    department: str | None = None
    crew: str | None = None
    start: LonLat | None = None
    keeps_order: bool = False  # the reports come in the order of the list, not in walking order


def make_package(session: Session, caller: Caller, wishes: Wishes) -> WorkPackage:
    """A package of reports that are in this caller's hands; with a crew, the reports are the crew's from then on.

    Raises Invalid, naming each report that is not there for the caller, is over, or is of another department.
    """
    reports = _locked(session, caller, wishes.reports or [])
    crew = _crew(session, caller, wishes.crew) if wishes.crew else None
    department_id = crew.department_id if crew else _department_id(session, caller, wishes.department, reports)
    package = WorkPackage(
        id=new_id(),
        jurisdiction_id=caller.jurisdiction_id,
        name=wishes.name,
        department_id=department_id,
        crew_id=crew.id if crew else None,
        created_by=caller.person_id,
        version=1,
    )
    session.add(package)
    session.flush()
    _put_stops(session, package, reports, wishes)
    _hand_over(session, caller, package, reports)
    session.refresh(package)
    return package


def change_package(session: Session, caller: Caller, package: WorkPackage, wishes: Wishes) -> None:
    """Another name, crew or set of reports, or another order. `package` is locked. Raises as `make_package`."""
    reports = present = _present(session, package)
    if wishes.reports is not None:
        reports = _locked(session, caller, wishes.reports, frozenset(report.id for report in present))
    if wishes.name is not None:
        package.name = wishes.name
    if wishes.crew is not None:
        crew = _crew(session, caller, wishes.crew)
        package.crew_id, package.department_id = crew.id, crew.department_id
    _put_stops(session, package, reports, wishes)
    _hand_over(session, caller, package, reports)
    _touch(package)
    session.flush()


def close_package(session: Session, package: WorkPackage) -> None:
    """The round is over; its reports stay as they are. Repeating it changes nothing."""
    if package.closed_at is None:
        package.closed_at = datetime.now(UTC)
        _touch(package)
        session.flush()


def package_for(session: Session, caller: Caller, package_id: UUID, *, to_change: bool = False) -> WorkPackage:
    """The package, when it is there for this caller; locked, to change it. Raises NotFound."""
    package = session.get(WorkPackage, package_id, with_for_update=True if to_change else None)
    if package is None or package.jurisdiction_id != caller.jurisdiction_id or not _is_theirs(caller, package):
        raise NotFound()
    return package


def stops_of(session: Session, caller: Caller, package: WorkPackage) -> Sequence[RowMapping]:
    """The whole reports of a package in their order, without those that have left the caller's hands."""
    hands = in_hands_of(caller)
    values = {"package": package.id, "town": caller.jurisdiction_id, **hands.params}
    return session.execute(text(_STOPS.format(hands=hands.sql)), values).mappings().all()


def packages_page(
    session: Session, caller: Caller, conditions: Sequence[Condition], key: list[Any] | None, limit: int
) -> Sequence[RowMapping]:
    """Packages that are there for this caller, the newest first, after `key` (created_at and id of the last one seen)."""
    every = [_theirs(caller), *conditions]
    if key is not None:
        after = "(p.created_at, p.id) < (CAST(:key_at AS timestamptz), CAST(:key_id AS uuid))"
        every.append(Where(after, {"key_at": key[0], "key_id": key[1]}))
    values: dict[str, Any] = {"town": caller.jurisdiction_id, "limit": limit}
    for condition in every:
        values.update(condition.params)
    where = " AND ".join(f"({condition.sql})" for condition in every)
    return session.execute(text(_LIST.format(conditions=where)), values).mappings().all()


def _theirs(caller: Caller) -> Where:
    """`_is_theirs` as a condition."""
    if caller.role == "contractor":
        return Where("p.id = :own_package", {"own_package": caller.package_id})
    if caller.role == "crew":
        own = {"own_crew": caller.crew_id, "own_department": caller.department_id}
        return Where("p.crew_id = :own_crew OR p.crew_id IS NULL AND p.department_id = :own_department", own)
    if caller.departments is not None:
        return Where(
            "p.department_id = ANY(CAST(:own_departments AS int[]))", {"own_departments": [*caller.departments]}
        )
    return Where("TRUE", {})


def _is_theirs(caller: Caller, package: WorkPackage) -> bool:
    if caller.role == "contractor":
        return package.id == caller.package_id
    if caller.role == "crew":
        is_free = package.crew_id is None and package.department_id == caller.department_id
        return package.crew_id == caller.crew_id or is_free
    return caller.departments is None or package.department_id in caller.departments


def _locked(
    session: Session, caller: Caller, ids: Sequence[UUID], present: frozenset[UUID] = frozenset()
) -> list[Report]:
    """The reports, locked, in the order of `ids`. In the order of their ids while locking: two packages never wait in a ring.

    present: those that are on the round already, and may be over by now.
    """
    rows = session.scalars(
        select(Report)
        .where(Report.jurisdiction_id == caller.jurisdiction_id)
        .where(Report.id.in_(ids))
        .order_by(Report.id)
        .with_for_update()
    )
    found = {report.id: report for report in rows if may_work_on(caller, Holding.of(report))}
    wrong = []
    for number, key in enumerate(ids):
        if key not in found:
            wrong.append(FieldError(f"/reports/{number}", "unknown-report"))
        elif is_closed(found[key]) and key not in present:
            wrong.append(FieldError(f"/reports/{number}", "already-over", {"status": found[key].status}))
        elif key in ids[:number]:
            wrong.append(FieldError(f"/reports/{number}", "duplicate"))
    if wrong:
        raise Invalid(wrong)
    return [found[key] for key in ids]


def _present(session: Session, package: WorkPackage) -> list[Report]:
    """The package's reports, locked, in their order. Locked in the order of their ids, as above."""
    rows = session.execute(
        select(Report, PackageStop.position)
        .join(PackageStop, PackageStop.report_id == Report.id)
        .where(PackageStop.package_id == package.id)
        .order_by(Report.id)
        .with_for_update(of=Report)
    ).all()
    return [row.Report for row in sorted(rows, key=lambda row: row.position)]


def _crew(session: Session, caller: Caller, code: str) -> Crew:
    crew = session.scalar(
        select(Crew).where(Crew.jurisdiction_id == caller.jurisdiction_id).where(Crew.code == code).where(Crew.active)
    )
    is_for_them = crew is not None and (
        crew.id == caller.crew_id
        if caller.role == "crew"
        else caller.departments is None or crew.department_id in caller.departments
    )
    if crew is None or not is_for_them:
        raise Invalid([FieldError("/crew", "unknown-crew")])
    return crew


def _department_id(session: Session, caller: Caller, code: str | None, reports: Sequence[Report]) -> int:
    """The department that was named, else the one of all the reports."""
    if code is None:
        owners = {report.department_id for report in reports}
        owner = owners.pop() if len(owners) == 1 else None
        if owner is None:
            raise Invalid([FieldError("/department", "required")])
        return owner
    return own_department_id(session, caller, code)


def _put_stops(session: Session, package: WorkPackage, reports: Sequence[Report], wishes: Wishes) -> None:
    if wishes.start is not None:
        package.start_lon, package.start_lat = wishes.start.lon, wishes.start.lat
    start = None
    if package.start_lon is not None and package.start_lat is not None:
        start = LonLat(lon=package.start_lon, lat=package.start_lat)
    rows = session.execute(_PLACES, {"ids": [report.id for report in reports]})
    place = {row.id: LonLat(lon=row.lon, lat=row.lat) for row in rows}
    places = [place[report.id] for report in reports]
    order = list(range(len(reports))) if wishes.keeps_order else walking_order(places, start)
    session.execute(delete(PackageStop).where(PackageStop.package_id == package.id))
    before, stops = start, []
    for position, index in enumerate(order, 1):
        here = places[index]
        distance_m = metres(before, here) if before is not None else 0.0
        stops.append(
            {
                "package_id": package.id,
                "report_id": reports[index].id,
                "jurisdiction_id": package.jurisdiction_id,
                "position": position,
                "distance_m": round(distance_m, 1),
            }
        )
        before = here
    session.execute(insert(PackageStop), stops)


def _hand_over(session: Session, caller: Caller, package: WorkPackage, reports: Sequence[Report]) -> None:
    """Give the reports to the package's crew. Raises Invalid for those of another department."""
    if package.crew_id is None:
        return
    wrong = [
        FieldError(f"/reports/{number}", "other-departments-report")
        for number, report in enumerate(reports)
        if report.department_id != package.department_id
    ]
    if wrong:
        raise Invalid(wrong)
    for report in sorted(reports, key=lambda report: report.id):
        if report.crew_id != package.crew_id and not is_closed(report):
            put_in_hands(session, caller, report, package.crew_id, Said())


def _touch(package: WorkPackage) -> None:
    package.version += 1
    package.updated_at = datetime.now(UTC)
