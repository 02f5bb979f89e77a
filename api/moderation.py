"""Moderators: hold and publish, look at what was flagged, black out a passage, shut a phone out."""

from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from actions.blocking import block, blocks_page, lift, shown_block, whose
from actions.flags import flags_page, resolve
from actions.moderation import comment_to_moderate, hold, hold_comment, publish, publish_comment
from actions.redaction import Passage, redact
from api.auth import caller, may
from api.blueprints import KEY_HEADER, Audience
from api.idempotency import answered_once
from api.lists import PageQuery, cursor_to, place_of
from api.moderation_shapes import (
    BlockIn,
    BlockListOut,
    BlockOut,
    FlagListOut,
    FlagQuery,
    ModeratedCommentOut,
    ModerateIn,
    RedactIn,
    ResolvedOut,
    ResolveIn,
)
from api.moving import a_move, after, report_as_seen
from core.db import transaction
from domain.errors import FieldError, Invalid
from domain.reports import Comment
from domain.rights import Right

moderation = Audience(
    "moderation", __name__, description="Moderators: what the public sees of reports and comments, and who may write"
)


@moderation.post("/moderation/reports/<uuid:report_id>/hold")
@may(Right.MODERATE)
@moderation.arguments(ModerateIn)
@a_move(moderation)
def hold_report(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Keep a report from the public"""
    report = report_as_seen(session, report_id)
    hold(session, caller(), report, body.get("reason"))
    return after(session, report)


@moderation.post("/moderation/reports/<uuid:report_id>/publish")
@may(Right.MODERATE)
@moderation.arguments(ModerateIn)
@a_move(moderation)
def publish_report(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Show a report again that was held, as far as its category lets it be seen"""
    report = report_as_seen(session, report_id)
    publish(session, caller(), report, body.get("reason"))
    return after(session, report)


@moderation.post("/moderation/reports/<uuid:report_id>/redact")
@may(Right.REDACT)
@moderation.arguments(RedactIn)
@a_move(moderation)
def redact_report(session: Any, body: dict[str, Any], report_id: UUID) -> Any:
    """Black a passage out of a report, its comments, its history and all stored answers; it cannot be brought back"""
    report = report_as_seen(session, report_id)
    parts = body.get("fields")
    passage = Passage(body["passage"], body["replacement"])
    redact(session, caller(), report, passage, tuple(parts) if parts is not None else None, body.get("reason"))
    return after(session, report)


@moderation.post("/moderation/comments/<uuid:comment_id>/hold")
@may(Right.MODERATE)
@moderation.arguments(ModerateIn)
@moderation.response(200, ModeratedCommentOut)
@moderation.doc(parameters=[KEY_HEADER])
@answered_once(ModeratedCommentOut, 200)
def hold_a_comment(session: Any, body: dict[str, Any], comment_id: UUID) -> Any:
    """Keep a comment from the public; comments have no version"""
    report, comment = comment_to_moderate(session, caller(), comment_id)
    hold_comment(session, caller(), report, comment, body.get("reason"))
    return _comment(comment)


@moderation.post("/moderation/comments/<uuid:comment_id>/publish")
@may(Right.MODERATE)
@moderation.arguments(ModerateIn)
@moderation.response(200, ModeratedCommentOut)
@moderation.doc(parameters=[KEY_HEADER])
@answered_once(ModeratedCommentOut, 200)
def publish_a_comment(session: Any, body: dict[str, Any], comment_id: UUID) -> Any:
    """Show a comment again that was held"""
    report, comment = comment_to_moderate(session, caller(), comment_id)
    publish_comment(session, caller(), report, comment, body.get("reason"))
    return _comment(comment)


@moderation.get("/moderation/flags")
@may(Right.MODERATE)
@moderation.arguments(FlagQuery, location="query")
@moderation.response(200, FlagListOut)
def list_flags(query: dict[str, Any]) -> Any:
    """What residents found fault with, the oldest first"""
    question = {"flags": query["state"]}
    key, limit = place_of(question, query.get("cursor")), query["limit"]
    with transaction() as session:
        rows = flags_page(session, caller(), is_open=query["state"] == "open", key=key, limit=limit + 1)
    return _page(question, [_flag(row) for row in rows], limit)


@moderation.post("/moderation/flags/<uuid:flag_id>/resolve")
@may(Right.MODERATE)
@moderation.arguments(ResolveIn)
@moderation.response(200, ResolvedOut)
@moderation.doc(parameters=[KEY_HEADER])
@answered_once(ResolvedOut, 200)
def resolve_flag(session: Any, body: dict[str, Any], flag_id: UUID) -> Any:
    """Say what became of a flag and of all others about the same report or comment"""
    return resolve(session, caller(), flag_id, body["outcome"], body.get("note"))


@moderation.get("/moderation/blocks")
@may(Right.BLOCK)
@moderation.arguments(PageQuery, location="query")
@moderation.response(200, BlockListOut)
def list_blocks(query: dict[str, Any]) -> Any:
    """Who is or was shut out, the newest first"""
    question = {"blocks": True}
    key, limit = place_of(question, query.get("cursor")), query["limit"]
    with transaction() as session:
        rows = blocks_page(session, caller(), key, limit + 1)
    return _page(question, [_block(row) for row in rows], limit)


@moderation.post("/moderation/blocks")
@may(Right.BLOCK)
@moderation.arguments(BlockIn)
@moderation.response(201, BlockOut)
@moderation.doc(parameters=[KEY_HEADER])
@answered_once(BlockOut, 201)
def block_a_phone(session: Any, body: dict[str, Any]) -> Any:
    """Shut out the phones of whoever wrote a report or a comment; a second time changes nothing"""
    blocked = whose(session, caller(), *_report_or_comment(body))
    made = block(session, caller(), blocked, body["reason"])
    return _block(shown_block(session, caller(), made.id))


@moderation.post("/moderation/blocks/<uuid:block_id>/lift")
@may(Right.BLOCK)
@moderation.arguments(ModerateIn)
@moderation.response(200, BlockOut)
@moderation.doc(parameters=[KEY_HEADER])
@answered_once(BlockOut, 200)
def lift_block(session: Any, body: dict[str, Any], block_id: UUID) -> Any:
    """Let somebody's phones send again"""
    lifted = lift(session, caller(), block_id, body.get("reason"))
    session.flush()
    return _block(shown_block(session, caller(), lifted.id))


def _report_or_comment(body: dict[str, Any]) -> tuple[UUID | None, UUID | None]:
    named = [name for name in ("report_id", "comment_id") if name in body]
    if not named:
        raise Invalid([FieldError("/report_id", "required")])
    return body.get("report_id"), body.get("comment_id")


def _comment(comment: Comment) -> dict[str, Any]:
    text = comment.text if comment.withdrawn_at is None else None
    return {"id": comment.id, "report_id": comment.report_id, "text": text, "held_at": comment.held_at}


def _page(question: dict[str, Any], items: list[dict[str, Any]], limit: int) -> dict[str, Any]:
    shown = items[:limit]
    key = [shown[-1]["created_at"].isoformat(), str(shown[-1]["id"])] if len(items) > limit else None
    return {"items": shown, "next": cursor_to(question, key) if key else None}


def _flag(row: RowMapping) -> dict[str, Any]:
    comment = {"id": row["comment_id"], "text": row["comment"], "held_at": row["comment_held_at"]}
    return {
        **{name: row[name] for name in ("id", "reason", "text", "created_at", "open_count")},
        **{name: row[name] for name in ("resolved_at", "resolved_by", "outcome", "note")},
        "report": {"id": row["report_id"], "reference": row["reference"], "held_at": row["report_held_at"]},
        "comment": comment if row["comment_id"] is not None else None,
    }


def _block(row: RowMapping) -> dict[str, Any]:
    return {**row, "report": {"id": row["report_id"], "reference": row["reference"]}}
