"""What crews and the desk share: the version they have seen, what they say with a move, what they get back."""

import inspect
from collections.abc import Callable
from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from actions.moves import Said
from actions.verdicts import ratings_of
from api.auth import caller
from api.blueprints import KEY_HEADER, VERSION_HEADER, Audience
from api.fields import Line, Moment, Shape, Words
from api.idempotency import answered_once
from api.reading import expected_version
from api.schemas import Problem, ReportOut
from api.shown import shown_child, shown_report
from domain.access import report_to_work_on, whole_of
from domain.errors import VersionStale
from domain.family import parts_of
from domain.reports import Report
from domain.rights import Right

VERSION_ETAG = {"ETag": {"schema": {"type": "string"}, "description": "The version, in quotes, for the next If-Match."}}


class SaidIn(Shape):
    """What may be said with everything that staff do."""

    note = Words(longest=4000, allow_none=True)
    captured_at = Moment(
        allow_none=True, metadata={"description": "By the clock of the device: kept as evidence, never a gate."}
    )


class NoteIn(SaidIn):
    """What may be said with every move."""

    template = Line(
        longest=100,
        shortest=1,
        allow_none=True,
        metadata={"description": "The code of a template for this status; the note comes after its words."},
    )


class MoveIn(NoteIn):
    """What may be said with moves that have a reason or a date."""

    reason = Line(longest=300, allow_none=True)
    expected_at = Moment(allow_none=True, metadata={"description": "When the work is to be done. Public."})


class StaleProblem(Problem):
    """The report has changed since the version that was sent; this is how it stands, as GET would show it."""

    sent = fields.Integer(required=True)
    version = fields.Integer(required=True)
    current = fields.Nested(ReportOut, required=True)


def a_move(audience: Audience) -> Callable[[Callable[..., Any]], Any]:
    """A move: it has a key and the version that was seen, is answered once, and gives the report as it stands then."""

    def decorate(view: Callable[..., Any]) -> Any:
        once = answered_once(ReportOut, 200)(view)
        asked = audience.doc(parameters=[KEY_HEADER, VERSION_HEADER])(once)
        stale = audience.alt_response(412, schema=StaleProblem, description=inspect.getdoc(StaleProblem))(asked)
        return audience.response(200, ReportOut, headers=VERSION_ETAG)(stale)

    return decorate


def said(body: dict[str, Any]) -> Said:
    """What somebody said with a move."""
    names = ("note", "reason", "expected_at", "captured_at", "template")
    return Said(**{name: body.get(name) for name in names})


def report_as_seen(session: Session, report_id: UUID) -> Report:
    """The report, locked, as the caller has seen it.

    Raises VersionMissing without If-Match, NotFound for a report that is not theirs, VersionStale, with the report as it
    is now, when it has changed since.
    """
    seen = expected_version()
    report = report_to_work_on(session, caller(), report_id)
    if report.version != seen:
        current = ReportOut().dump(after(session, report))
        raise VersionStale(headers={"ETag": f'"{report.version}"'}, sent=seen, version=report.version, current=current)
    return report


def after(session: Session, report: Report) -> dict[str, Any]:
    """The report as it stands after the caller's move."""
    return shown_alone(session, whole_of(session, report))


def shown_alone(session: Session, row: RowMapping) -> dict[str, Any]:
    """The whole of a report with what lists leave out: its parts, and what people say of the result."""
    parts = parts_of(session, caller(), row["id"])
    shown = {
        **shown_whole(row),
        "children": [shown_child(child) for child in parts.rows],
        "open_children": parts.open_count,
    }
    is_ours = caller().may(Right.SEE_PRIVATE) or caller().may(Right.SEE_FIGURES)
    return {**shown, "rating": ratings_of(session, row["id"])} if is_ours else shown


def shown_whole(row: RowMapping) -> dict[str, Any]:
    """The whole of a report, with the moves that the caller may make."""
    return shown_report(row, True, caller())
