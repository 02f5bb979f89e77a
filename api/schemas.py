"""Shapes that more than one audience sends or sees; shapes used once live beside their route."""

from marshmallow import INCLUDE, fields

from api.fields import Facts, Id, MailAddress, Moment, Number, Shape, Words
from domain.reports import PRIORITIES


class LocationIn(Shape):
    """Where, as a phone says it."""

    lon = Number(low=-180, high=180, required=True)
    lat = Number(low=-180, high=180, required=True)  # the swapped ones get an answer of their own
    accuracy_m = Number(low=0, high=100_000, load_default=None, allow_none=True)


class PlaceOut(Shape):
    """A position in EPSG:4326 degrees."""

    lon = fields.Float(required=True)
    lat = fields.Float(required=True)


class StatusOut(Shape):
    """Where a report stands; `phase` is open, in_progress or closed for ever, whatever codes are added."""

    code = fields.String(required=True)
    label = fields.String(required=True)
    phase = fields.String(required=True, metadata={"enum": ["open", "in_progress", "closed"], "x-name": "Phase"})


class NamedOut(Shape):
    """A code with its name in the caller's language."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class AreaOut(Shape):
    """The area of one layer that a place lies in."""

    id = fields.Integer(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    edition = fields.String(required=True)


class DecidingAreaOut(AreaOut):
    """The area that decided, with its layer."""

    layer = fields.String(required=True)


class WhyOut(Shape):
    """Why a report went where it went: the rule, the area that it named (none for the whole town), and a sentence."""

    rule = fields.String(required=True, allow_none=True)
    area = fields.Nested(DecidingAreaOut, required=True, allow_none=True)
    text = fields.String(required=True)


class ReceiptOut(Shape):
    """What a phone gets for a report that was stored."""

    id = Id(required=True)
    reference = fields.String(required=True)
    version = fields.Integer(required=True)
    status = fields.Nested(StatusOut, required=True)
    category = fields.Nested(NamedOut, required=True)
    department = fields.Nested(NamedOut, required=True, allow_none=True)
    why = fields.Nested(WhyOut, required=True)
    areas = fields.Dict(keys=fields.String(), values=fields.Nested(AreaOut), required=True)
    visibility = fields.String(required=True, metadata={"enum": ["public", "private"]})
    received_at = Moment(required=True)
    clock_flag = fields.String(required=True, allow_none=True, metadata={"enum": ["ahead", "old", None]})


class Contact(Shape):
    """How the city may reach the reporter. Never public."""

    name = Words(longest=200)
    email = MailAddress(longest=254)
    phone = Words(longest=50)


class ContactOut(Shape):
    """How the city may reach the reporter, as they wrote it."""

    name = fields.String()
    email = fields.String()
    phone = fields.String()


class ChildOut(Shape):
    """A part of a report."""

    id = Id(required=True)
    reference = fields.String(required=True)
    status = fields.Nested(StatusOut, required=True)
    category = fields.Nested(NamedOut, required=True)
    department = fields.Nested(NamedOut, required=True, allow_none=True)


class RatingsOut(Shape):
    """Stars from 1 to 5, of everybody who gave any."""

    average = fields.Float(required=True, allow_none=True)
    count = fields.Integer(required=True)


class ReportOut(Shape):
    """A report. Members from `visibility` on are only there for its reporter and for staff who work on it."""

    id = Id(required=True)
    reference = fields.String(required=True)
    version = fields.Integer(required=True)
    status = fields.Nested(StatusOut, required=True)
    category = fields.Nested(NamedOut, required=True)
    location = fields.Nested(PlaceOut, required=True)
    blur_m = fields.Integer(
        required=True, metadata={"description": "The position is rounded to a grid this wide; 0: exact."}
    )
    description = fields.String(required=True)
    answers = Facts(required=True)
    department = fields.Nested(NamedOut, required=True, allow_none=True)
    areas = fields.Dict(keys=fields.String(), values=fields.Nested(AreaOut), required=True)
    received_at = Moment(required=True)
    updated_at = Moment(required=True)
    resolved_at = Moment(required=True, allow_none=True)
    expected_at = Moment(required=True, allow_none=True)
    mine = fields.Boolean(required=True)
    following = fields.Boolean()
    distance_m = fields.Float(metadata={"description": "Only in lists asked for with `near`."})
    visibility = fields.String(metadata={"enum": ["public", "private"]})
    accuracy_m = fields.Float(allow_none=True)
    address = fields.String(allow_none=True)
    private_answers = Facts(allow_none=True)
    contact = fields.Nested(ContactOut, allow_none=True)
    captured_at = Moment(allow_none=True)
    clock_flag = fields.String(allow_none=True, metadata={"enum": ["ahead", "old", None]})
    form_version = fields.String()
    source = fields.String()
    why = fields.Nested(WhyOut)
    crew = fields.Nested(NamedOut, allow_none=True)
    moves = fields.List(
        fields.String(), metadata={"description": "Statuses that the caller may move it to; staff only, like the rest."}
    )
    reason = fields.String(allow_none=True, metadata={"description": "Why it is on hold, closed or reopened."})
    reason_name = fields.String(
        allow_none=True, metadata={"description": "What that reason is called; null where it is free text."}
    )
    priority = fields.String(metadata={"enum": list(PRIORITIES)})
    assignee = fields.Nested(NamedOut, allow_none=True, metadata={"description": "Whom of the staff it was given to."})
    parent = Id(allow_none=True, metadata={"description": "The report that this one is a part of."})
    held_at = Moment(allow_none=True, metadata={"description": "Since when a moderator keeps it from the public."})
    children = fields.List(
        fields.Nested(ChildOut), metadata={"description": "Its parts that the caller may see; not in lists."}
    )
    open_children = fields.Integer(metadata={"description": "How many of its parts are not over; not in lists."})
    rating = fields.Nested(RatingsOut, metadata={"description": "What people say of the result; not in lists."})
    verdict_until = Moment(
        metadata={
            "description": "Until when its reporter can confirm or dispute the fix; only there while it is resolved."
        }
    )


class ReportListOut(Shape):
    """One page of reports; `next` is the cursor of the next one, null at the end."""

    items = fields.List(fields.Nested(ReportOut), required=True)
    next = fields.String(required=True, allow_none=True)


class PointMovedOut(Shape):
    """A place that was corrected."""

    from_ = fields.Nested(PlaceOut, required=True, data_key="from", attribute="from")
    to = fields.Nested(PlaceOut, required=True)


class NamedMovedOut(Shape):
    """A category that was corrected."""

    from_ = fields.Nested(NamedOut, required=True, data_key="from", attribute="from")
    to = fields.Nested(NamedOut, required=True)


class CodeMovedOut(Shape):
    """A priority that was corrected."""

    from_ = fields.String(required=True, data_key="from", attribute="from")
    to = fields.String(required=True)


class CorrectedOut(Shape):
    """What was corrected. All but the category is for staff."""

    category = fields.Nested(NamedMovedOut)
    location = fields.Nested(PointMovedOut)
    priority = fields.Nested(CodeMovedOut)
    answers = fields.List(fields.String(), metadata={"description": "The questions whose answers were corrected."})


class PartOut(Shape):
    """A part of a report, as its history names it."""

    id = Id(required=True)
    reference = fields.String(required=True)


class LineOut(Shape):
    """One line of a report's history, numbered per report."""

    seq = fields.Integer(required=True)
    kind = fields.String(required=True)
    from_status = fields.Nested(StatusOut, required=True, allow_none=True)
    to_status = fields.Nested(StatusOut, required=True, allow_none=True)
    by = fields.String(required=True, metadata={"description": "The role of who did it; never a person."})
    at = Moment(required=True)
    captured_at = Moment(allow_none=True)
    note = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    reason_name = fields.String(
        allow_none=True, metadata={"description": "What that reason is called; null where it is free text."}
    )
    comment = fields.String(required=True, allow_none=True)
    withdrawn = fields.Boolean(metadata={"description": "The comment was taken back by who wrote it."})
    comment_id = Id(allow_none=True, metadata={"description": "To flag it, or for its author to take it back."})
    department = fields.Nested(NamedOut, metadata={"description": "Where it went, when it was rerouted."})
    corrected = fields.Nested(CorrectedOut, metadata={"description": "What the desk corrected; only what changed."})
    expected_at = Moment(metadata={"description": "When it is to be done, as said with this move."})
    clock_flag = fields.String(allow_none=True, metadata={"enum": ["ahead", "old", None]})
    crew = fields.Nested(
        NamedOut, allow_none=True, metadata={"description": "Who has it since, null for nobody; not for strangers."}
    )
    assignee = fields.Nested(
        NamedOut, allow_none=True, metadata={"description": "Whom it was given to. For staff, as all that follows."}
    )
    template = fields.String(metadata={"description": "The template that the first words of the note are from."})
    parts = fields.List(fields.Nested(PartOut), metadata={"description": "What it was split into."})
    parent = fields.Nested(PartOut, allow_none=True, metadata={"description": "What it is a part of since."})
    stars = fields.Integer(allow_none=True)
    source = fields.String(metadata={"description": "How it was taken in."})
    is_public = fields.Boolean(metadata={"description": "Whether the public timeline has it too."})


class TimelineOut(Shape):
    """A report's history in order."""

    items = fields.List(fields.Nested(LineOut), required=True)
    next = fields.String(required=True, allow_none=True)


class CommentOut(Shape):
    """A comment."""

    id = Id(required=True)
    report_id = Id(required=True)
    text = fields.String(required=True)
    by = fields.String(required=True)
    captured_at = Moment(required=True, allow_none=True)
    created_at = Moment(required=True)


class FieldErrorOut(Shape):
    """What is wrong with one field."""

    pointer = fields.String(
        required=True, metadata={"description": "JSON pointer into the body, or ?name for a query parameter."}
    )
    code = fields.String(required=True)
    params = Facts(required=True)
    message = fields.String(required=True)


class Problem(Shape):
    """An error, RFC 9457. More members may follow by type."""

    class Meta:
        unknown = INCLUDE

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)
    retry = fields.String(required=True, metadata={"enum": ["never", "same", "later"], "x-name": "Retry"})
    request_id = fields.String(required=True, allow_none=True)
    errors = fields.List(fields.Nested(FieldErrorOut))
