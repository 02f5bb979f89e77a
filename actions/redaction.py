"""A passage that should never have been written is blacked out wherever a report's words are kept. That it was, and who did it,
stays in the history; what it was does not.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from unicodedata import normalize
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, and_, or_, select, text
from sqlalchemy.orm import Session

from actions.family import SPLIT
from actions.history import add_line
from domain.access import Caller
from domain.errors import FieldError, Invalid
from domain.reports import Report

REPLACEMENT = "[…]"
PARTS = ("description", "address", "answers", "private_answers", "contact", "comments", "history")
"""What a redaction may be limited to; without a limit it also reaches what residents and staff wrote beside the report."""

# Codes, ids and names of the catalogue: nobody's words.
_NO_WORDS = frozenset(
    (
        *("code", "name", "id", "kind", "status", "outcome", "comment_id", "flag_id", "bulk_action", "crew"),
        *("department", "category", "routed_by_before", "priority", "assignee", "clock_flag", "expected_at", "area"),
        *("rule", "by", "parent", "child", "children", "at", "from", "to", "shown", "answers", "source"),
    )
)
# Where answers of this API hold somebody's words.
_WORDS_OF_ANSWERS = frozenset(
    (
        *("description", "address", "answers", "private_answers", "contact"),
        *("note", "reason", "text", "comment", "question", "answer", "q"),
    )
)


@dataclass(frozen=True)
class Kept:
    """A place where words about a report are kept. `where` finds its rows, :report being the report's id."""

    part: str
    table: str
    where: str
    key: tuple[str, ...] = ("id",)
    texts: tuple[str, ...] = ()
    values: tuple[str, ...] = ()  # JSON


_OF_THE_REPORT = "report_id = :report"
KEPT = (
    Kept("description", "report", "id = :report", texts=("description",)),
    Kept("address", "report", "id = :report", texts=("address",)),
    Kept("answers", "report", "id = :report", values=("answers",)),
    Kept("private_answers", "report", "id = :report", values=("private_answers",)),
    Kept("contact", "report", "id = :report", values=("contact",)),
    Kept("history", "report", "id = :report", texts=("status_reason",)),
    Kept("comments", "comment", _OF_THE_REPORT, texts=("text",)),
    Kept("history", "report_event", _OF_THE_REPORT, ("report_id", "seq"), texts=("note", "reason"), values=("data",)),
    Kept("flags", "flag", _OF_THE_REPORT, texts=("text", "note")),
    Kept("ratings", "rating", _OF_THE_REPORT, ("report_id", "person_id"), texts=("text",)),
    Kept("links", "work_link", _OF_THE_REPORT, texts=("label",)),
    Kept("blocks", "device_block", _OF_THE_REPORT, texts=("reason", "lifted_reason")),
    Kept(
        "bulk actions",
        "bulk_action",
        "id IN (SELECT bulk_action_id FROM bulk_result WHERE report_id = :report)",
        values=("wishes",),
    ),
)
"""All of them; a test goes through the tables for one that is missing here."""

# Answers are kept by who asked. Who could have had these words in an answer: whoever wrote a line, and all staff.
_STORED_ANSWERS = text(
    """
    WITH person_asking AS (
      SELECT actor_id AS id FROM report_event WHERE report_id = :report AND actor_id IS NOT NULL
      UNION SELECT person_id FROM report WHERE id = :report
      UNION SELECT person_id FROM comment WHERE report_id = :report
      UNION SELECT person_id FROM flag WHERE report_id = :report
      UNION SELECT person_id FROM rating WHERE report_id = :report
      UNION SELECT person_id FROM follow WHERE report_id = :report
      UNION SELECT id FROM person WHERE role <> 'resident' OR code IS NOT NULL
    ), owner AS (
      SELECT id FROM person_asking
      UNION SELECT d.id FROM device d JOIN person_asking p ON p.id = d.person_id
      UNION SELECT device_id FROM report WHERE id = :report AND device_id IS NOT NULL
    ), named AS (
      SELECT :report\\:\\:text AS id
      UNION SELECT bulk_action_id\\:\\:text FROM bulk_result WHERE report_id = :report
    )
    SELECT k.owner_id, k.key, k.body
    FROM idempotency_key k
    WHERE k.owner_id IN (SELECT id FROM owner)
      AND k.created_at >= (SELECT received_at - interval '1 minute' FROM report WHERE id = :report)
      AND EXISTS (SELECT 1 FROM named WHERE position(named.id IN coalesce(k.path, '') || k.body) > 0)
    ORDER BY k.owner_id, k.key
    FOR UPDATE OF k
    """
)
_KEEP_ANSWER = text("UPDATE idempotency_key SET body = :body WHERE owner_id = :owner_id AND key = :key")
_ALLOW = text("SELECT set_config('mendway.redacting', :report, true)")


@dataclass
class Passage:
    """What is blacked out: in any case and spacing, also inside of words. Counts the texts that it was found in."""

    words: str
    replacement: str = REPLACEMENT
    count: int = 0
    _pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        # Accents come as letters of their own from some phones.
        forms = {normalize(form, self.words) for form in ("NFC", "NFD")} | {self.words}
        each = [r"\s+".join(re.escape(piece) for piece in form.split()) for form in sorted(forms)]
        self._pattern = re.compile("|".join(each), re.IGNORECASE)

    def out_of(self, words: str) -> str:
        """A text without it."""
        # A function as the replacement: in a template, a backslash would mean something.
        done, found = self._pattern.subn(lambda _: self.replacement, words)
        self.count += bool(found)
        return done

    def out_of_value(self, value: Any) -> Any:
        """JSON without it, but for members that hold no words."""
        if isinstance(value, str):
            return self.out_of(value)
        if isinstance(value, dict):
            return {key: inner if key in _NO_WORDS else self.out_of_value(inner) for key, inner in value.items()}
        return [self.out_of_value(inner) for inner in value] if isinstance(value, list) else value

    def out_of_everything(self, value: Any) -> Any:
        """JSON without it, whatever its members are called: what people filled in."""
        if isinstance(value, str):
            return self.out_of(value)
        if isinstance(value, dict):
            return {key: self.out_of_everything(inner) for key, inner in value.items()}
        return [self.out_of_everything(inner) for inner in value] if isinstance(value, list) else value

    def out_of_answer(self, value: Any) -> Any:
        """An answer of this API without it: only in members that hold somebody's words, so that it stays what it was."""
        if isinstance(value, dict):
            return {
                key: self.out_of_everything(inner)
                if key in _WORDS_OF_ANSWERS
                else inner
                if key == "why"
                else self.out_of_answer(inner)
                for key, inner in value.items()
            }
        return [self.out_of_answer(inner) for inner in value] if isinstance(value, list) else value


def redact(
    session: Session,
    caller: Caller,
    report: Report,
    passage: Passage,
    parts: tuple[str, ...] | None = None,
    reason: str | None = None,
) -> int:
    """Black a passage out of a locked report and everything kept about it, stored answers too. In how many texts it was.

    Where a report was split, the same words stand in each part: they go from the whole and from every part.
    parts: some of PARTS only. Raises Invalid when it is nowhere.
    """
    found = _black_out(session, caller, report, passage, parts, reason)
    for other in _with_the_same_words(session, report):
        found += _black_out(session, caller, other, replace(passage, count=0), parts, reason)
    if found == 0:
        raise Invalid([FieldError("/passage", "not-in-report")])
    return found


def _with_the_same_words(session: Session, report: Report) -> Sequence[Report]:
    """The other parts of what was split, and the whole, locked."""
    whole_id = report.parent_id if report.source == SPLIT else report.id
    is_whole, is_part = Report.id == whole_id, and_(Report.parent_id == whole_id, Report.source == SPLIT)
    family = select(Report).where(or_(is_whole, is_part)).where(Report.id != report.id)
    return session.scalars(family.order_by(Report.id).with_for_update()).all()


def _black_out(
    session: Session,
    caller: Caller,
    report: Report,
    passage: Passage,
    parts: tuple[str, ...] | None,
    reason: str | None,
) -> int:
    session.flush()
    session.execute(_ALLOW, {"report": str(report.id)})
    touched = [
        kept.part
        for kept in KEPT
        if (parts is None or kept.part in parts) and _redact_kept(session, report.id, kept, passage)
    ]
    session.execute(_ALLOW, {"report": ""})
    found = passage.count
    if found == 0:
        return 0
    _redact_answers(session, report.id, passage)
    session.refresh(report)
    report.version += 1
    facts = {"texts": found, "parts": list(dict.fromkeys(touched))}
    add_line(session, caller, report, "redacted", reason=reason, is_public=False, data=facts)
    return found


def _redact_kept(session: Session, report_id: UUID, kept: Kept, passage: Passage) -> bool:
    """Whether it was there."""
    columns = ", ".join((*kept.key, *kept.texts, *kept.values))
    ask = f"SELECT {columns} FROM {kept.table} WHERE {kept.where} FOR UPDATE"  # noqa: S608 - all ours
    is_there = False
    for row in session.execute(text(ask), {"report": report_id}).mappings().all():
        changes = dict(_changes(row, kept, passage))
        if changes:
            is_there = True
            _write(session, row, kept, changes)
    return is_there


def _changes(row: RowMapping, kept: Kept, passage: Passage) -> Iterator[tuple[str, Any]]:
    is_filled_in = kept.table == "report"
    for column in kept.texts:
        if row[column] is not None and (done := passage.out_of(row[column])) != row[column]:
            yield column, done
    in_value: Callable[[Any], Any] = passage.out_of_everything if is_filled_in else passage.out_of_value
    for column in kept.values:
        if row[column] is not None and (done := in_value(row[column])) != row[column]:
            yield column, orjson.dumps(done).decode()


def _write(session: Session, row: RowMapping, kept: Kept, changes: dict[str, Any]) -> None:
    sets = ", ".join(
        f"{column} = CAST(:new_{column} AS jsonb)" if column in kept.values else f"{column} = :new_{column}"
        for column in changes
    )
    found_by = " AND ".join(f"{column} = :{column}" for column in kept.key)
    values = {f"new_{column}": value for column, value in changes.items()} | {name: row[name] for name in kept.key}
    session.execute(text(f"UPDATE {kept.table} SET {sets} WHERE {found_by}"), values)  # noqa: S608 - all ours


def _redact_answers(session: Session, report_id: UUID, passage: Passage) -> None:
    for row in session.execute(_STORED_ANSWERS, {"report": report_id}).mappings().all():
        if not row["body"]:
            continue  # of a request that is being worked on; it is this one, for others hold the report
        kept = orjson.loads(row["body"])
        done = passage.out_of_answer(kept)
        if done != kept:
            body = orjson.dumps(done).decode()
            session.execute(_KEEP_ANSWER, {"owner_id": row["owner_id"], "key": row["key"], "body": body})
