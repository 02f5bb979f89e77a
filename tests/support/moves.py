"""Crews and dispatchers at work, with the version that they would have seen."""

from typing import Any

from tests.support.callers import Caller
from tests.support.reports import SentReport


def crew_moves(crew: Caller, report: SentReport, *verbs: str, **said: Any) -> Any:
    """One verb after the other (take, start, …); `said` goes with the last. Gives the last answer."""
    for verb in verbs[:-1]:
        crew.post(f"/v1/work/{report.id}/{verb}", json={}, if_match=report.version, expect=200)
    return crew.post(f"/v1/work/{report.id}/{verbs[-1]}", json=said, if_match=report.version, expect=200)


def desk_moves(dispatcher: Caller, report: SentReport, to: str, **said: Any) -> Any:
    """Move a report to a status from the desk."""
    path = f"/v1/triage/{report.id}/move"
    return dispatcher.post(path, json={"to": to, **said}, if_match=report.version, expect=200)


def assigned(dispatcher: Caller, report: SentReport, **wishes: Any) -> Any:
    """Send a report to a department or a crew."""
    return dispatcher.post(f"/v1/triage/{report.id}/assign", json=wishes, if_match=report.version, expect=200)


def resolved(crew: Caller, report: SentReport, note: str = "Filled with asphalt.") -> Any:
    """Take, start, resolve."""
    return crew_moves(crew, report, "take", "start", "resolve", note=note)


def lines(caller: Caller, report: SentReport) -> list[dict[str, Any]]:
    """The history of a report as this caller sees it."""
    return caller.get(f"{report.path}/timeline?limit=100")["items"]
