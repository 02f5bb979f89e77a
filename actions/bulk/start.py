"""Starting an action on many reports, running what was tried, undoing what was done. The work itself is the worker's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from actions.reasons import why
from core import queue
from core.ids import new_id
from domain.access import Caller
from domain.bulk import BulkAction
from domain.city import Crew, Department
from domain.errors import BulkRunAlready, BulkRunning, FieldError, Invalid, NotFound, UndoneAlready, UndoTooLate
from domain.people import Person
from domain.rights import Right
from domain.status import MOVES, PURPOSES, Status
from domain.workflow import ResponseTemplate

TASK = "work_on_bulk"
QUEUE = "bulk"
MOST_REPORTS = 10_000
UNDO_DAYS = 7

_PLACES = text(
    """
    INSERT INTO bulk_result (bulk_action_id, place, jurisdiction_id, report_id)
    SELECT :bulk, place, :town, report_id FROM unnest(CAST(:reports AS uuid[])) WITH ORDINALITY AS named (report_id, place)
    """
)
_PLACES_OF_UNDO = text(
    """
    INSERT INTO bulk_result (bulk_action_id, place, jurisdiction_id, report_id)
    SELECT :undo, place, jurisdiction_id, report_id FROM bulk_result WHERE bulk_action_id = :bulk AND outcome = 'done'
    """
)
_AGAIN = text(
    "UPDATE bulk_result SET outcome = 'waiting', problem = NULL, before = NULL, after = NULL, at = NULL WHERE bulk_action_id = :bulk"
)


@dataclass(frozen=True)
class Wanted:
    """What is to be done: one of domain.bulk.ACTIONS but undo, with its values by name."""

    action: str
    wishes: dict[str, Any]


def start(session: Session, caller: Caller, wanted: Wanted, reports: Sequence[UUID], *, is_preview: bool) -> BulkAction:
    """Have the worker do this to each of these reports, or with `is_preview` only try it. A report named twice counts once.

    Whose reports they are is looked at when it is done, one by one. Raises Invalid for codes that no report could take.
    """
    _refuse_unknown(session, caller.jurisdiction_id, wanted.wishes)
    _refuse_incomplete(session, caller.jurisdiction_id, wanted)
    named = list(dict.fromkeys(reports))
    made = _new(session, caller, wanted, len(named), "previewing" if is_preview else "running")
    session.execute(_PLACES, {"bulk": made.id, "town": caller.jurisdiction_id, "reports": named})
    _defer(session, made)
    return made


def run(session: Session, bulk: BulkAction) -> None:
    """Do what was tried, to the same reports. What has changed since it was tried is left alone.

    Raises BulkRunning while it is still being tried, BulkRunAlready.
    """
    if bulk.state == "previewing":
        raise BulkRunning()
    if bulk.state != "previewed":
        raise BulkRunAlready()
    session.execute(_AGAIN, {"bulk": bulk.id})
    bulk.state, bulk.started_at, bulk.finished_at = "running", datetime.now(UTC), None
    _defer(session, bulk)


def undo(session: Session, caller: Caller, bulk: BulkAction, wishes: dict[str, Any]) -> BulkAction:
    """Have the worker bring back what the action did and what still stands as it left it, where the moves allow it.

    wishes: note and reason for the moves that demand one. Raises BulkRunning, UndoneAlready, UndoTooLate.
    """
    if bulk.state in ("previewing", "running"):
        raise BulkRunning()
    earlier = undo_of(session, bulk)
    if earlier is not None or bulk.action == "undo" or bulk.finished_at is None:
        raise UndoneAlready(undo=str(earlier or bulk.id))
    if bulk.finished_at < datetime.now(UTC) - timedelta(days=UNDO_DAYS) or bulk.started_at is None:
        raise UndoTooLate(days=UNDO_DAYS)
    made = _new(session, caller, Wanted("undo", wishes), 0, "running", undo_of=bulk.id)
    placed = session.execute(_PLACES_OF_UNDO, {"undo": made.id, "bulk": bulk.id})
    made.report_count = placed.rowcount  # type: ignore[attr-defined]
    _defer(session, made)
    return made


def undo_of(session: Session, bulk: BulkAction) -> UUID | None:
    """The action that undid this one."""
    return session.scalar(select(BulkAction.id).where(BulkAction.undo_of_id == bulk.id))


def bulk_of(session: Session, caller: Caller, bulk_id: UUID, *, lock: bool = False) -> BulkAction:
    """The action, for whoever started it and for those who look after the whole town's desk. Raises NotFound for others."""
    asked = (
        select(BulkAction).where(BulkAction.id == bulk_id).where(BulkAction.jurisdiction_id == caller.jurisdiction_id)
    )
    found = session.scalar(asked.with_for_update() if lock else asked)
    if found is None or not (found.actor_id == caller.person_id or oversees_all(caller)):
        raise NotFound()
    return found


def oversees_all(caller: Caller) -> bool:
    """Whether somebody looks after everybody's work: a supervisor or admin without limits."""
    return caller.may(Right.BLOCK) and caller.departments is None and caller.areas is None


def _new(
    session: Session, caller: Caller, wanted: Wanted, count: int, state: str, undo_of: UUID | None = None
) -> BulkAction:
    made = BulkAction(
        id=new_id(),
        jurisdiction_id=caller.jurisdiction_id,
        actor_id=caller.known_id,
        action=wanted.action,
        wishes=orjson.loads(orjson.dumps(wanted.wishes)),
        state=state,
        report_count=count,
        undo_of_id=undo_of,
        started_at=datetime.now(UTC) if state == "running" else None,
    )
    session.add(made)
    session.flush()
    session.refresh(made)
    return made


def _defer(session: Session, bulk: BulkAction) -> None:
    session.flush()
    queue.defer(session, TASK, QUEUE, {"bulk_id": str(bulk.id)}, queue.CROWD)


def _refuse_unknown(session: Session, town_id: int, wishes: dict[str, Any]) -> None:
    """Say at once what would be refused for every single report."""
    wrong = []
    for name, model, code in (
        ("department", Department, "unknown-department"),
        ("crew", Crew, "unknown-crew"),
        ("assignee", Person, "unknown-staff"),
        ("template", ResponseTemplate, "unknown-template"),
    ):
        if wishes.get(name) is None:
            continue
        asked = select(func.count()).select_from(model).where(model.jurisdiction_id == town_id)
        if not session.scalar(asked.where(model.code == wishes[name]).where(model.active)):
            wrong.append(FieldError(f"/{name}", code))
    if wrong:
        raise Invalid(wrong)


def _refuse_incomplete(session: Session, town_id: int, wanted: Wanted) -> None:
    """Raise Invalid when the move demands, of whatever report, what was not said, or for a reason that is not on its list."""
    if wanted.action not in ("move", "close"):
        return
    to = Status(wanted.wishes["to"]) if wanted.action == "move" else Status.CLOSED
    step = next(move for moves in MOVES.values() for move in moves if move.to == to)
    said = wanted.wishes
    missing = [
        FieldError(f"/{name}", "required")
        for name, is_needed, value in (
            ("note", step.needs_note, said.get("note") or said.get("template")),
            ("reason", step.needs_reason, said.get("reason")),
            ("expected_at", step.needs_expected_at, said.get("expected_at")),
        )
        if is_needed and not value
    ]
    if missing:
        raise Invalid(missing)
    if to in PURPOSES and said.get("reason") is not None:
        why(session, town_id, to.value, said["reason"])
