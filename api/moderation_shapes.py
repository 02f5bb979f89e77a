"""The shapes of moderation: what is held, flagged, blacked out, and who is shut out."""

from marshmallow import fields

from actions.redaction import PARTS, REPLACEMENT
from api.fields import Id, Line, Moment, OneOf, Shape, Words
from api.lists import PageQuery
from domain.moderation import FLAG_OUTCOMES, FLAG_REASONS


class ModerateIn(Shape):
    """Why, for colleagues. No resident reads it."""

    reason = Line(longest=300, allow_none=True)


class RedactIn(Shape):
    """What to black out, and where. Capitals and spacing do not matter."""

    passage = Line(longest=1000, shortest=2, required=True)
    replacement = Line(longest=100, load_default=REPLACEMENT)
    fields_ = fields.List(
        OneOf(PARTS, metadata={"x-name": "RedactedPart"}),
        data_key="fields",
        attribute="fields",
        load_default=None,
        allow_none=True,
        metadata={"description": "Only in these. Without it everywhere, flags and actions on many reports included."},
    )
    reason = Line(longest=300, allow_none=True)


class ModeratedCommentOut(Shape):
    """A comment as moderators see it."""

    id = Id(required=True)
    report_id = Id(required=True)
    text = fields.String(required=True, allow_none=True)
    held_at = Moment(required=True, allow_none=True)


class FlagQuery(PageQuery):
    """Which flags."""

    state = OneOf(("open", "resolved"), load_default="open", metadata={"x-name": "FlagState"})


class FlaggedReportOut(Shape):
    """The report that a flag is about."""

    id = Id(required=True)
    reference = fields.String(required=True)
    held_at = Moment(required=True, allow_none=True)


class FlaggedCommentOut(Shape):
    """The comment that a flag is about."""

    id = Id(required=True)
    text = fields.String(required=True)
    held_at = Moment(required=True, allow_none=True)


class FlagOut(Shape):
    """Somebody finds that a report or a comment should not be there. Who it was is not told."""

    id = Id(required=True)
    report = fields.Nested(FlaggedReportOut, required=True)
    comment = fields.Nested(FlaggedCommentOut, required=True, allow_none=True)
    reason = fields.String(required=True, metadata={"enum": list(FLAG_REASONS)})
    text = fields.String(required=True, allow_none=True)
    created_at = Moment(required=True)
    open_count = fields.Integer(
        required=True, metadata={"description": "How many people have flagged the same and wait for an answer."}
    )
    resolved_at = Moment(required=True, allow_none=True)
    resolved_by = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True, allow_none=True, metadata={"enum": [*FLAG_OUTCOMES, None]})
    note = fields.String(required=True, allow_none=True)


class FlagListOut(Shape):
    """One page of flags, the oldest first."""

    items = fields.List(fields.Nested(FlagOut), required=True)
    next = fields.String(required=True, allow_none=True)


class ResolveIn(Shape):
    """What became of it. upheld: it is held from the public. dismissed: what was held for its flags alone is shown again."""

    outcome = OneOf(FLAG_OUTCOMES, required=True, metadata={"x-name": "FlagOutcome"})
    note = Words(longest=1000, allow_none=True)


class ResolvedOut(Shape):
    """A flag that was resolved, and with it all other open ones about the same."""

    id = Id(required=True)
    outcome = fields.String(required=True, metadata={"enum": list(FLAG_OUTCOMES)})
    resolved_at = Moment(required=True)


class BlockIn(Shape):
    """Whoever wrote this report, or this comment. Which phone it was, staff never learn."""

    report_id = Id()
    comment_id = Id()
    reason = Line(longest=300, shortest=1, required=True)


class BlockedForOut(Shape):
    """The report that somebody was shut out for, or on which they wrote the comment."""

    id = Id(required=True)
    reference = fields.String(required=True)


class BlockOut(Shape):
    """Somebody's phones are shut out: they may read and send nothing."""

    id = Id(required=True)
    report = fields.Nested(BlockedForOut, required=True)
    comment_id = Id(required=True, allow_none=True)
    reason = fields.String(required=True)
    created_at = Moment(required=True)
    created_by = fields.String(required=True, allow_none=True)
    lifted_at = Moment(required=True, allow_none=True)
    lifted_by = fields.String(required=True, allow_none=True)
    lifted_reason = fields.String(required=True, allow_none=True)


class BlockListOut(Shape):
    """One page of them, the newest first."""

    items = fields.List(fields.Nested(BlockOut), required=True)
    next = fields.String(required=True, allow_none=True)
