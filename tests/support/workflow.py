"""Settling in a test what the city has settled of a report's life, and having residents speak."""

from typing import Any

from tests.support.admin import make
from tests.support.callers import Caller
from tests.support.reports import SentReport


def says(person: Caller, report: SentReport, verb: str, expect: int = 200, **body: Any) -> Any:
    """A resident answers, confirms or disputes."""
    return person.post(f"{report.path}/{verb}", json=body, expect=expect)


def desk_asks(desk: Caller, report: SentReport, path: str, expect: int = 200, method: str = "POST", **body: Any) -> Any:
    """The desk does something to the version that it sees: split, correct, parent."""
    version = desk.get(f"/v1/work/{report.id}")["version"]
    headers = {"key": f"{path}-{report.id}-{version}-{sorted(body)}"[:200].replace(" ", "")}
    return desk.send(
        method, f"/v1/triage/{report.id}/{path}", json=body, if_match=version, expect=expect, **headers
    ).json


def hides(admin: Caller, *statuses: str) -> None:
    """The city keeps these statuses from the public."""
    for status in statuses:
        make(admin, f"statuses/{status}", {"public": False})


def lists_reason(admin: Caller, code: str, purpose: str, *, public: bool = True) -> None:
    """The city lists a reason, called after its code."""
    name = {"en": f"Reason {code}", "es": f"Motivo {code}"}
    make(admin, f"reasons/{code}", {"for": purpose, "name": name, "public": public})


def has_template(admin: Caller, code: str, status: str, en: str, es: str, **of: Any) -> None:
    """The city has words for moves to a status."""
    make(admin, f"templates/{code}", {"status": status, "text": {"en": en, "es": es}, **of})


def whole_history(database: Any, report: SentReport) -> list[dict[str, Any]]:
    """Every line as it is stored."""
    return database.rows("SELECT * FROM report_event WHERE report_id = %s ORDER BY seq", report.id)


def parts_of(desk: Caller, report: SentReport) -> list[SentReport]:
    """The parts of a report that the desk sees."""
    return [SentReport(desk, {}, child) for child in desk.get(f"/v1/work/{report.id}")["children"]]


def is_split(desk: Caller, report: SentReport, *departments: str) -> list[SentReport]:
    """A part for each department."""
    desk_asks(desk, report, "split", parts=[{"department": one} for one in departments])
    return parts_of(desk, report)


def moves(desk: Caller, part: SentReport, to: str, **said: Any) -> Any:
    """The desk moves a report that its reporter may not see."""
    version = desk.get(f"/v1/work/{part.id}")["version"]
    return desk.post(f"/v1/triage/{part.id}/move", json={"to": to, **said}, if_match=version, expect=200)


def works(desk: Caller, part: SentReport, *steps: str) -> None:
    """One step after the other, each with what it demands."""
    said = {"resolved": {"note": "Done."}, "closed": {"reason": "not_found"}, "on_hold": {"reason": "Rain."}}
    for step in steps:
        moves(desk, part, step, **said.get(step, {}))


def status(desk: Caller, report: SentReport) -> str:
    """Where it stands, as the desk sees it."""
    found: str = desk.get(f"/v1/work/{report.id}")["status"]["code"]
    return found


def related(desk: Caller, report: SentReport, parent: SentReport | None, expect: int = 200) -> Any:
    """The desk makes a report a part of another, or of none."""
    return desk_asks(desk, report, "parent", expect, "PUT", parent=parent.id if parent else None)
