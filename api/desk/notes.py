"""What only staff read."""

from typing import Any
from uuid import UUID

from actions.notes import add_note
from api.auth import caller, may
from api.blueprints import KEY_HEADER
from api.desk.audience import desk
from api.fields import Moment, Shape, Words
from api.idempotency import answered_once
from api.schemas import LineOut
from domain.access import report_to_work_on
from domain.rights import Right


class InternalNoteIn(Shape):
    """Words for colleagues."""

    text = Words(longest=4000, shortest=1, required=True)
    captured_at = Moment(allow_none=True)


@desk.post("/triage/<uuid:report_id>/notes")
@may(Right.NOTE)
@desk.arguments(InternalNoteIn)
@desk.response(201, LineOut)
@desk.doc(parameters=[KEY_HEADER])
@answered_once(LineOut, 201)
def add_internal_note(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Write a note that only staff ever read; needs no version, since it changes nothing"""
    report = report_to_work_on(session, caller(), report_id)
    line = add_note(session, caller(), report, body["text"], body.get("captured_at"))
    empty = dict.fromkeys(("from_status", "to_status", "reason", "comment"))
    written = {name: getattr(line, name) for name in ("seq", "kind", "at", "captured_at", "note", "is_public")}
    return {**empty, **written, "by": line.actor_role}
