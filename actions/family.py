"""A report and its parts: the whole follows its parts, and is not over before they are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions.history import add_line
from actions.steps import enter
from domain.access import Caller, scope_of
from domain.errors import AskTheParent, OpenChildren
from domain.reports import Report
from domain.status import PHASES, Phase, Status

SPLIT = "split"  # the source of a report that was made as a part of another
_OVER = [status.value for status, phase in PHASES.items() if phase == Phase.CLOSED]


def refuse_as_family(session: Session, report: Report, wanted: Status) -> None:
    """Raise OpenChildren for ending a report by hand before its parts have ended, AskTheParent for asking in a part
    whose reporter knows only of the whole."""
    if wanted.value in _OVER and (count := open_children(session, report)):
        raise OpenChildren(count=count)
    if wanted == Status.NEEDS_INFORMATION and report.source == SPLIT and report.parent_id is not None:
        raise AskTheParent(parent=session.get_one(Report, report.parent_id).reference)


def open_children(session: Session, report: Report) -> int:
    """How many of its parts are not over."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Report)
            .where(Report.parent_id == report.id)
            .where(Report.status.not_in(_OVER))
        )
        or 0
    )


def has_children(session: Session, report: Report) -> bool:
    """Whether it has parts."""
    return session.scalar(select(Report.id).where(Report.parent_id == report.id).limit(1)) is not None


@dataclass(frozen=True)
class Echo:
    """What was said of a part, which the whole repeats when it ends as the part did."""

    note: str | None = None
    reason: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def followed_by_parent(session: Session, caller: Caller, child: Report, echo: Echo) -> None:
    """Have the report that this one is a part of follow it, in the same transaction.

    Parts are locked before what they are parts of, always, so that two of them cannot wait for each other.
    """
    if child.parent_id is None:
        return
    session.flush()
    parent = session.scalars(
        select(Report).where(Report.id == child.parent_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    follow_children(session, caller, parent, child, echo)


def follow_children(session: Session, caller: Caller, parent: Report, child: Report, echo: Echo) -> None:
    """Bring a locked report to where its parts are, if that is somewhere else. child: the part that has just changed."""
    rows = session.execute(select(Report.status).where(Report.parent_id == parent.id).order_by(Report.id))
    wanted = whole_of_parts(Status(parent.status), [Status(row.status) for row in rows])
    if wanted is None:
        return
    said = echo if wanted.value in _OVER and child.status == wanted else Echo()
    before = scope_of(parent)
    step = enter(session, parent, wanted, reason=said.reason)
    parent.version += 1
    add_line(
        session,
        caller,
        parent,
        "moved",
        before=before,
        from_status=step.before.value,
        to_status=step.after.value,
        note=said.note,
        reason=said.reason,
        is_public=step.is_public,
        data={"by_parts": True, **said.facts, **step.facts},
        event=step.after.value,
    )


def whole_of_parts(now: Status, parts: Sequence[Status]) -> Status | None:
    """Where a report with these parts belongs; None: where it is. Pure.

    Over when all are: resolved when at least one is, else closed. In progress when one is, but for a question that is
    not answered yet. Opened again when it was over and a part no longer is.
    """
    if not parts:
        return None
    wanted: Status | None = None
    if all(PHASES[part] == Phase.CLOSED for part in parts):
        wanted = Status.RESOLVED if Status.RESOLVED in parts else Status.CLOSED
    elif Status.IN_PROGRESS in parts and now != Status.NEEDS_INFORMATION:
        wanted = Status.IN_PROGRESS
    elif PHASES[now] == Phase.CLOSED:
        wanted = Status.REOPENED
    return wanted if wanted != now else None
