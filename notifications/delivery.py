"""Notifications on their way to phones: claim them, send with no transaction open, record what the answers mean.

    with transaction() as session:   claimed = claim(session, …)
    outcomes = push.send(claimed.letters)                # no transaction: a provider can take many seconds
    with transaction() as session:   record(session, claimed, outcomes, …)

Delivery is at least once: whatever dies in between comes back to waiting (notifications/lost.py) and may be sent again under the same
id, which a phone shows once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from core import queue
from notifications.letters import Letter, Outcome
from notifications.patience import Patience, with_jitter
from notifications.templates import words

TASK = "deliver_notifications"
QUEUE = "push"
MOST_AT_ONCE = 100  # notifications in one job and one claim

_CLAIM = text(
    """
    UPDATE notification n
    SET state = 'sending', claimed_at = now(), attempt_count = n.attempt_count + 1
    FROM (
      SELECT id
      FROM notification
      WHERE id = ANY(:ids)
        AND state = 'waiting'
      ORDER BY id
      FOR NO KEY UPDATE SKIP LOCKED
    ) AS waiting
    WHERE n.id = waiting.id
    RETURNING n.id, n.attempt_count, n.claimed_at, n.created_at
    """
)
# A phone that has this notification, or for which the provider refused it for good, gets no second copy.
_ADDRESSES = text(
    """
    SELECT n.id, a.event, a.report_id, r.reference, form.name AS category, j.languages,
           d.id AS device_id, d.push_kind, d.push_value, d.language
    FROM notification n
    JOIN announcement a ON a.id = n.announcement_id
    JOIN report r ON r.id = a.report_id
    JOIN jurisdiction j ON j.id = n.jurisdiction_id
    CROSS JOIN LATERAL (
      SELECT f.form -> 'name' AS name
      FROM category_form f
      WHERE f.category_id = r.category_id
      ORDER BY f.retired_at DESC NULLS FIRST
      LIMIT 1
    ) AS form
    JOIN device d ON d.person_id = n.person_id
    WHERE n.id = ANY(:ids)
      AND d.push_value IS NOT NULL
      AND d.push_retired_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM credential c WHERE c.device_id = d.id AND c.revoked_at IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM delivery_attempt t
                      WHERE t.notification_id = n.id AND t.device_id = d.id AND t.outcome IN ('sent', 'refused'))
    ORDER BY n.id, d.id
    """
)
_ATTEMPTS = text(
    """
    INSERT INTO delivery_attempt (jurisdiction_id, notification_id, device_id, outcome, reason, provider_message_id)
    SELECT n.jurisdiction_id, n.id, said.device_id, said.outcome, said.reason, said.message_id
    FROM unnest(CAST(:notifications AS uuid[]), CAST(:devices AS uuid[]), CAST(:outcomes AS text[]), CAST(:reasons AS text[]),
                CAST(:messages AS text[])) AS said (notification_id, device_id, outcome, reason, message_id)
    JOIN notification n ON n.id = said.notification_id
    """
)
# The phone may have brought a new target while we were talking to the provider about the old one.
_RETIRE = text(
    """
    UPDATE device d
    SET push_retired_at = now(), push_retired_reason = dead.reason
    FROM unnest(CAST(:devices AS uuid[]), CAST(:values AS text[]), CAST(:reasons AS text[])) AS dead (device_id, value, reason)
    WHERE d.id = dead.device_id
      AND d.push_value = dead.value
      AND d.push_retired_at IS NULL
    """
)
# `claimed_at` is the claim's name: a worker that was given up for lost must not undo what another has done since.
_AGAIN = text(
    """
    UPDATE notification
    SET state = 'waiting', reason = :reason
    WHERE id = ANY(:ids)
      AND state = 'sending'
      AND claimed_at = :claimed_at
    RETURNING id
    """
)
_FINISH = text(
    """
    UPDATE notification n
    SET (state, sent_at, reason) = (
      SELECT CASE WHEN count(*) > 0 THEN 'sent' ELSE 'undeliverable' END, min(t.at), CASE WHEN count(*) > 0 THEN NULL ELSE done.reason END
      FROM delivery_attempt t
      WHERE t.notification_id = n.id AND t.outcome = 'sent'
    )
    FROM unnest(CAST(:ids AS uuid[]), CAST(:reasons AS text[])) AS done (id, reason)
    WHERE n.id = done.id
      AND n.state = 'sending'
      AND n.claimed_at = :claimed_at
    """
)


@dataclass(frozen=True)
class Addressed:
    """One letter to one phone."""

    notification_id: UUID
    device_id: UUID
    letter: Letter


@dataclass(frozen=True)
class Claimed:
    """What one worker has taken on itself to send."""

    claimed_at: datetime | None
    attempts: dict[UUID, int]
    addressed: list[Addressed]

    @property
    def letters(self) -> list[Letter]:
        """What to hand to the provider; the outcomes come back in this order."""
        return [one.letter for one in self.addressed]


def hand_out(session: Session, ids: Sequence[UUID], priority: int = 0, at: datetime | None = None) -> None:
    """Write the jobs that will deliver these notifications, not before `at`."""
    chunks = [ids[start : start + MOST_AT_ONCE] for start in range(0, len(ids), MOST_AT_ONCE)]
    each = [{"notification_ids": [str(one) for one in chunk]} for chunk in chunks]
    queue.defer_each(session, TASK, QUEUE, each, priority, at)


def claim(session: Session, ids: Sequence[UUID], public_url: str, patience: Patience) -> Claimed:
    """Take these notifications, and others that are due, MOST_AT_ONCE in all; skip what is sent or in other hands.

    Those that have nobody to go to, or have waited too long, are finished here.
    """
    others = queue.take_along(session, TASK, QUEUE, "notification_ids", MOST_AT_ONCE - len(ids))
    taken = session.execute(_CLAIM, {"ids": [*ids, *map(UUID, others)]}).mappings().all()
    if not taken:
        return Claimed(None, {}, [])
    claimed_at = taken[0]["claimed_at"]
    hopeless = {row["id"]: reason for row in taken if (reason := _hopeless(row, claimed_at, patience))}
    hopeful = [row["id"] for row in taken if row["id"] not in hopeless]
    addressed = _address(session, hopeful, public_url, claimed_at, patience)
    reached = {one.notification_id for one in addressed}
    nowhere = {row["id"]: "no-target" for row in taken if row["id"] not in reached}
    _finish(session, {**nowhere, **hopeless}, claimed_at)
    return Claimed(claimed_at, {row["id"]: row["attempt_count"] for row in taken}, addressed)


def record(session: Session, claimed: Claimed, outcomes: Sequence[Outcome], patience: Patience) -> None:
    """Write down what the provider answered to each letter: sent, to be tried again later, or never."""
    answers = list(zip(claimed.addressed, outcomes, strict=True))
    _write_attempts(session, answers)
    _retire(session, [(one, outcome) for one, outcome in answers if outcome.kind == "dead"])
    finished: dict[UUID, str] = {}
    again: list[tuple[float, str, UUID]] = []
    for notification_id, group in groupby(answers, key=lambda answer: answer[0].notification_id):
        said = [outcome for _, outcome in group]
        failing = [outcome for outcome in said if outcome.kind == "retry"]
        attempt = claimed.attempts[notification_id]
        if failing and attempt < patience.most_attempts:
            asked_s = max(outcome.retry_after_s or 0.0 for outcome in failing)
            again.append((patience.wait_s(attempt, asked_s), failing[0].reason, notification_id))
        else:
            finished[notification_id] = "gave-up" if failing else said[0].reason
    _finish(session, finished, claimed.claimed_at)
    _try_again(session, again, claimed.claimed_at)


def _hopeless(row: RowMapping, now: datetime, patience: Patience) -> str | None:
    if row["attempt_count"] > patience.most_attempts:
        return "gave-up"  # every attempt so far took its worker down with it
    if now - row["created_at"] > timedelta(seconds=patience.too_late_s):
        return "too-late"
    return None


def _address(
    session: Session, ids: Sequence[UUID], public_url: str, now: datetime, patience: Patience
) -> list[Addressed]:
    rows = session.execute(_ADDRESSES, {"ids": ids}).mappings()
    ttl_s = int(patience.too_late_s)
    return [Addressed(row["id"], row["device_id"], _letter(row, public_url, now, ttl_s)) for row in rows]


def _letter(row: RowMapping, public_url: str, now: datetime, ttl_s: int) -> Letter:
    shown = words(row["event"], row["language"], row["languages"], row["category"], row["reference"])
    return Letter(
        target_kind=row["push_kind"],
        target_value=row["push_value"],
        notification_id=str(row["id"]),
        thread=str(row["report_id"]),
        title=shown.title,
        body=shown.body,
        data={
            "v": "1",
            "event": row["event"],
            "notification_id": str(row["id"]),
            "report_id": str(row["report_id"]),
            "url": f"{public_url}/r/{row['reference']}",
            "sent_at": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        },
        ttl_s=ttl_s,
    )


def _write_attempts(session: Session, answers: Sequence[tuple[Addressed, Outcome]]) -> None:
    values = {
        "notifications": [one.notification_id for one, _ in answers],
        "devices": [one.device_id for one, _ in answers],
        "outcomes": [outcome.kind for _, outcome in answers],
        "reasons": [outcome.reason for _, outcome in answers],
        "messages": [outcome.message_id for _, outcome in answers],
    }
    session.execute(_ATTEMPTS, values)


def _retire(session: Session, dead: Sequence[tuple[Addressed, Outcome]]) -> None:
    if dead:
        values = {
            "devices": [one.device_id for one, _ in dead],
            "values": [one.letter.target_value for one, _ in dead],
            "reasons": [outcome.reason for _, outcome in dead],
        }
        session.execute(_RETIRE, values)


def _finish(session: Session, reasons: dict[UUID, str], claimed_at: datetime | None) -> None:
    """Sent where any phone has it, undeliverable for this reason where none has."""
    if reasons:
        values = {"ids": list(reasons), "reasons": list(reasons.values()), "claimed_at": claimed_at}
        session.execute(_FINISH, values)


def _try_again(session: Session, again: list[tuple[float, str, UUID]], claimed_at: datetime | None) -> None:
    """Back to waiting, with one job for all that wait for the same time and reason."""
    for (wait_s, reason), group in groupby(sorted(again), key=lambda one: one[:2]):
        values = {"ids": [key for *_, key in group], "reason": reason, "claimed_at": claimed_at}
        returned = session.execute(_AGAIN, values).scalars().all()
        hand_out(session, returned, at=datetime.now(UTC) + timedelta(seconds=with_jitter(wait_s)))
