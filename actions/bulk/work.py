"""One chunk of an action on many reports: in one transaction, each report behind a savepoint of its own.

A kill loses nothing: what has committed has its result, the rest waits, and the job that goes on is written in the same
transaction as the chunk before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.bulk.start import QUEUE, TASK
from actions.bulk.steps import Codes, Left, Stand, do, put_back, stand_of
from core import queue
from domain.access import Caller, departments_of, report_to_work_on
from domain.bulk import BulkAction, BulkResult
from domain.errors import NotAllowed, Refusal, VersionStale
from domain.people import Person
from domain.reports import Report
from domain.rights import Right, holders

MOST_AT_ONCE = 50  # reports are locked while a chunk of them is worked on, about half a second
SOON = timedelta(seconds=1)


@dataclass
class Chunk:
    """Some of an action's reports, with what is known while they are worked on."""

    bulk: BulkAction
    results: Sequence[BulkResult]
    caller: Caller | None  # None: whoever started it may not any more
    role: str
    codes: Codes

    @property
    def is_preview(self) -> bool:
        return self.bulk.state == "previewing"


@dataclass(frozen=True)
class Outcome:
    """What came of one report."""

    outcome: str
    before: Stand | None = None
    after: Stand | None = None
    version_seen: int | None = None
    problem: dict[str, Any] | None = None


def take_chunk(session: Session, bulk_id: UUID) -> Chunk | None:
    """The next reports that wait and that nobody else is working on, locked. None when there is nothing to do, or another
    worker does it."""
    bulk = session.scalar(select(BulkAction).where(BulkAction.id == bulk_id).with_for_update(skip_locked=True))
    if bulk is None or bulk.state not in ("previewing", "running"):
        return None
    waiting = _waiting(session, bulk)
    ids = [one.report_id for one in waiting]
    held = select(Report.id).where(Report.id.in_(ids)).order_by(Report.id)
    there = set(session.scalars(held))
    free = set(session.scalars(held.with_for_update(skip_locked=True)))
    results = [one for one in waiting if one.report_id in free or one.report_id not in there]
    person = session.get_one(Person, bulk.actor_id)
    return Chunk(bulk, results, _acting(person, bulk.id), person.role, Codes(session))


def attempt(session: Session, chunk: Chunk, result: BulkResult) -> Outcome:
    """Do the action to one report, with the rights and within the reach that whoever started it has now.

    Raises what refuses it. The caller undoes it again when it was only to be tried.
    """
    caller = chunk.caller
    if caller is None:
        raise NotAllowed(roles=list(holders(Right.BULK)), role=chunk.role)
    report = report_to_work_on(session, caller, result.report_id)
    seen, before = report.version, stand_of(report, chunk.codes)
    if not chunk.is_preview and result.version_seen is not None and result.version_seen != seen:
        raise VersionStale(sent=result.version_seen, version=seen)
    if chunk.bulk.undo_of_id is not None:
        done = session.get_one(BulkResult, (chunk.bulk.undo_of_id, result.place))
        left = Left(done.before or {}, done.after or {})
        put_back(session, caller, report, left, chunk.codes, chunk.bulk.wishes)
    else:
        do(session, caller, report, chunk.bulk)
    session.flush()
    outcome = "done" if report.version != seen else "unchanged"
    return Outcome(outcome, before, stand_of(report, chunk.codes), seen)


def refused(session: Session, result: BulkResult, refusal: Refusal) -> Outcome:
    """A refusal as the result of one report; its words are chosen when somebody reads it."""
    errors = [{"pointer": e.pointer, "code": e.code, "params": e.params, "says": e.says} for e in refusal.errors]
    problem = {"slug": refusal.slug, "facts": refusal.facts, "errors": errors}
    plain = orjson.loads(orjson.dumps(problem, default=str))
    version = session.scalar(select(Report.version).where(Report.id == result.report_id))
    return Outcome("refused", version_seen=version, problem=plain)


def note(result: BulkResult, outcome: Outcome, *, is_preview: bool) -> None:
    """Keep what came of one report."""
    result.outcome, result.at = outcome.outcome, datetime.now(UTC)
    result.before, result.after, result.problem = outcome.before, outcome.after, outcome.problem
    if is_preview:
        result.version_seen = outcome.version_seen


def go_on(session: Session, chunk: Chunk, *, progressed: bool) -> None:
    """Have the next chunk worked on after this one has committed, or say that the action is over."""
    session.flush()
    if _waiting(session, chunk.bulk, most=1):
        at = None if progressed else datetime.now(UTC) + SOON
        queue.defer(session, TASK, QUEUE, {"bulk_id": str(chunk.bulk.id)}, queue.CROWD, at)
        return
    chunk.bulk.state = "previewed" if chunk.is_preview else "done"
    chunk.bulk.finished_at = datetime.now(UTC)


def _waiting(session: Session, bulk: BulkAction, most: int = MOST_AT_ONCE) -> Sequence[BulkResult]:
    return session.scalars(
        select(BulkResult)
        .where(BulkResult.bulk_action_id == bulk.id)
        .where(BulkResult.outcome == "waiting")
        .order_by(BulkResult.place)
        .limit(most)
    ).all()


def _acting(person: Person, bulk_id: UUID) -> Caller | None:
    """Whoever started it, with what they may do at this moment."""
    caller = Caller(
        jurisdiction_id=person.jurisdiction_id,
        role=person.role,
        person_id=person.id,
        department_id=person.department_id,
        crew_id=person.crew_id,
        departments=departments_of(person),
        areas=frozenset(person.area_keys) if person.area_keys is not None else None,
    )
    return replace(caller, bulk_id=bulk_id) if person.active and caller.may(Right.BULK) else None
