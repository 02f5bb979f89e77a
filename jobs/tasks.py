"""What the worker does: open a transaction, call a room, close. A job takes ids, may run twice, and does no harm."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from actions import limits, retain
from core import queue
from core.db import DatabaseAway, LockTimeout, transaction
from domain import changes
from notifications import delivery, expand, lost
from notifications.letters import Letter, Outcome
from notifications.mail import Mailer
from notifications.patience import Patience
from notifications.push import MOST_LETTERS

log = logging.getLogger(__name__)

FORGOTTEN_S = 600.0  # waits for so long without a job: its job was lost with an older copy of the queue
FINISHED_S = 24 * 3600.0
RECORD_AGAIN_S = (0.5, 1.0, 2.0, 4.0)  # while the database is away for a moment, what was sent is still known here


class Push(Protocol):
    """A provider: letters in, one outcome for each, in their order."""

    def send(self, letters: Sequence[Letter]) -> Sequence[Outcome]: ...


@dataclass(frozen=True)
class Work:
    """What jobs need to know besides their ids."""

    public_url: str
    push: Push | None = None
    mailer: Mailer | None = None
    secret: str = ""  # what codes in mails are worked out from
    patience: Patience = field(default_factory=Patience)
    silent_s: float = 20.0  # a worker without a sign of life for so long is gone
    longest_s: float = 600.0  # no job takes longer


def expand_announcement(work: Work, announcement_id: str, goes_on: bool = False) -> None:
    """Plan who is told of a change."""
    with transaction() as session:
        done = expand.expand(session, UUID(announcement_id), goes_on=goes_on)
    log.debug(
        "announcements expanded",
        extra={"announcements": done.announcement_count, "notifications": done.notification_count},
    )


def deliver_notifications(work: Work, notification_ids: list[str]) -> None:
    """Send what these people are to be told, and what else is due."""
    if work.push is None:
        raise RuntimeError("The push queue is worked without a provider.")
    with transaction() as session:
        claimed = delivery.claim(session, list(map(UUID, notification_ids)), work.public_url, work.patience)
    if not claimed.letters:
        return
    # The provider can take many seconds. A transaction open all that time would hold row locks and a pooled connection.
    outcomes = _send(work.push, claimed.letters)
    _record(claimed, outcomes, work.patience)
    for one, outcome in zip(claimed.addressed, outcomes, strict=True):
        if outcome.kind != "sent":
            log.info(
                "push not delivered",
                extra={"notification_id": str(one.notification_id), "outcome": outcome.kind, "reason": outcome.reason},
            )


def number_changes(work: Work) -> None:
    """Number what has committed since the last time."""
    while True:
        with transaction() as session:
            if changes.number_changes(session) == 0:
                return


def rescue(work: Work) -> None:
    """Bring back what a lost worker had in hand."""
    with transaction() as session:
        jobs = queue.rescue(session, work.silent_s, work.longest_s)
    notifications = _until_none(lambda session: lost.return_stuck(session, work.patience))
    if jobs or notifications:
        log.warning("work of a lost worker returned", extra={"jobs": jobs, "notifications": notifications})


def sweep(work: Work, timestamp: int) -> None:
    """Throw away what is past its time, and find what was forgotten."""
    keys = _until_none(retain.drop_old_keys)
    results = _until_none(retain.drop_old_results)
    with transaction() as session:
        finished = queue.forget_finished(session, FINISHED_S)
        limits.forget_hits(session)
        retain.drop_passed(session)
    with transaction() as session:
        announcements = lost.requeue_announcements(session, FORGOTTEN_S)
    with transaction() as session:
        notifications = lost.requeue_notifications(session, FORGOTTEN_S)
    log.info("swept", extra={"idempotency_keys": keys, "bulk_results": results, "finished_jobs": finished})
    if announcements or notifications:
        log.warning("without a job", extra={"announcements": announcements, "notifications": notifications})


def guarded(work: Work, name: str, task: Callable[..., None], **args: object) -> bool:
    """Run a task that is no job and comes again anyway; whatever goes wrong is logged. Returns whether it went well."""
    try:
        task(work, **args)
    except (DatabaseAway, LockTimeout) as fault:
        log.warning("task could not run", extra={"task": name, "reason": type(fault).__name__})
    except Exception:
        log.exception("task failed", extra={"task": name})
    else:
        return True
    return False


def logged(work: Work, name: str, task: Callable[..., None], **args: object) -> None:
    """Run a job; whatever goes wrong is logged and raised, so that the queue tries it again."""
    try:
        task(work, **args)
    except (DatabaseAway, LockTimeout) as fault:
        log.warning("job could not run", extra={"task": name, "reason": type(fault).__name__})
        raise
    except Exception:
        log.exception("job failed", extra={"task": name})
        raise


def _send(push: Push, letters: Sequence[Letter]) -> list[Outcome]:
    chunks = [letters[start : start + MOST_LETTERS] for start in range(0, len(letters), MOST_LETTERS)]
    return [outcome for chunk in chunks for outcome in _send_chunk(push, chunk)]


def _send_chunk(push: Push, letters: Sequence[Letter]) -> Sequence[Outcome]:
    try:
        return push.send(letters)
    except Exception:
        # Nobody knows how far it got. Sent again under the same ids they are shown once.
        log.exception("sending failed", extra={"letters": len(letters)})
        return [Outcome("retry", "sending-failed")] * len(letters)


def _record(claimed: delivery.Claimed, outcomes: Sequence[Outcome], patience: Patience) -> None:
    for pause_s in (*RECORD_AGAIN_S, None):
        try:
            with transaction() as session:
                delivery.record(session, claimed, outcomes, patience)
            return
        except (DatabaseAway, LockTimeout):
            if pause_s is None:
                raise
            time.sleep(pause_s)


def _until_none(step: Callable[[Session], int]) -> int:
    total = 0
    while True:
        with transaction() as session:
            done = step(session)
        if done == 0:
            return total
        total += done
