"""What is sent of each item: the tables of town.toml as JSON, with the same members.

These say what the contract promises. What is checked, and in which words, is decided by the readers of town.toml, so that
both ways in agree: a body is handed to them as it came. Null stands for a member that is not there.
"""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import fields

from actions.catalogue.clocks import LONGEST_DAYS, LONGEST_HOURS
from actions.catalogue.items import LARGEST_BLUR_M, STAFF_ROLES
from actions.catalogue.moderation import MOST_FLAGS
from actions.catalogue.parts import LONGEST, LONGEST_CODE, LONGEST_TEXT
from actions.catalogue.questions import TYPES
from actions.catalogue.workflow import LONGEST_TEMPLATE
from api.fields import Moment, Shape
from domain.city import SEVERITIES
from domain.forms import LONGEST_TEXT as LONGEST_ANSWER
from domain.moderation import HOLD_AFTER_FLAGS
from domain.reports import PRIORITIES
from domain.status import PURPOSES, Status
from domain.workflow import DISPUTE_DAYS, MOST_DISPUTE_DAYS

CODE = {"maxLength": LONGEST_CODE, "pattern": "^[a-z0-9]+([-_][a-z0-9]+)*$"}


class AsSent(Shape):
    """A table that is checked by the readers of town.toml."""

    def on_bind_field(self, _name: str, field: fields.Field) -> None:
        # Never told, since nothing is loaded by these fields; but no field may answer in sentences of marshmallow's.
        field.error_messages = dict.fromkeys(field.error_messages, "wrong-type")

    def load(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, dict):
            raise ma.ValidationError("wrong-type:expected=object", "_schema")
        known = {field.data_key or name for name, field in self.fields.items()}
        if unknown := [name for name in data if name not in known]:
            raise ma.ValidationError({name: ["unknown-field"] for name in unknown})
        return data


def words(longest: int = LONGEST_TEXT, **more: Any) -> fields.Dict:
    """A text in every language of the town."""
    return fields.Dict(
        keys=fields.String(),
        values=fields.String(metadata={"minLength": 1, "maxLength": longest}),
        **_said("In every language of the town, by its code, and in no other.", more),
    )


def code(said: str = "", **more: Any) -> fields.String:
    """The code of something, its own or of another item."""
    return fields.String(**_said(said, more, CODE))


def line(said: str = "", longest: int = LONGEST_TEXT, **more: Any) -> fields.String:
    """A text of one line."""
    return fields.String(**_said(said, more, {"minLength": 1, "maxLength": longest}))


def link(said: str = "", **more: Any) -> fields.String:
    """An address that begins with https:// or http://."""
    return fields.String(**_said(said, more, {"format": "uri", "maxLength": 2_000}))


def texts(said: str) -> fields.List:
    """Several codes or places."""
    return fields.List(fields.String(), allow_none=True, metadata={"description": said})


def _count(said: str, least: int, most: int) -> fields.Integer:
    """A whole number that may be left out."""
    return fields.Integer(allow_none=True, metadata={"description": said, "minimum": least, "maximum": most})


def _said(said: str, more: dict[str, Any], limits: Mapping[str, Any] | None = None) -> dict[str, Any]:
    description = {"description": said} if said else {}
    optional = {} if more.get("required") else {"allow_none": True}
    return {**optional, **more, "metadata": {**(limits or {}), **description, **more.get("metadata", {})}}


class StopIn(AsSent):
    """Whom to call instead of reporting."""

    number = line(longest=40, required=True)
    text = words(LONGEST["text"], required=True)


class ChoiceIn(AsSent):
    """One answer to choose."""

    code = code(required=True)
    label = words(LONGEST["label"], required=True)
    stop = fields.Nested(StopIn, allow_none=True)


class WhenIn(AsSent):
    """The question is only asked when an earlier one has one of these answers ("yes" and "no" for yes_no)."""

    question = code(required=True)
    is_ = fields.List(fields.String(), required=True, data_key="is", attribute="is")


class QuestionIn(AsSent):
    """One question of a category's form. `when` can only ask earlier questions, so none wait for each other."""

    code = code(required=True)
    type = fields.String(required=True, metadata={"enum": list(TYPES)})
    required = fields.Boolean(allow_none=True)
    private = fields.Boolean(allow_none=True, metadata={"description": "Answers are never public."})
    label = words(LONGEST["label"], required=True)
    help = words(LONGEST["help"])
    min = fields.Float(allow_none=True)
    max = fields.Float(allow_none=True)
    max_length = fields.Integer(allow_none=True, metadata={"minimum": 1, "maximum": LONGEST_ANSWER})
    choices = fields.List(fields.Nested(ChoiceIn), allow_none=True)
    when = fields.Nested(WhenIn, allow_none=True)


class DepartmentIn(AsSent):
    """A part of the administration that owns reports."""

    name = words(required=True)
    phone = line(longest=40)
    email = fields.String(allow_none=True, metadata={"maxLength": LONGEST_TEXT})


class ExternalBodyIn(AsSent):
    """Somebody else who owns a place: the state, a county, a utility."""

    name = words(required=True)
    url = link()
    phone = line(longest=40)
    open311 = link("Its Open311 endpoint.")


class CrewIn(AsSent):
    """A team in the field."""

    name = line(required=True)
    department = code("The department that it works for.", required=True)


class GroupIn(AsSent):
    """A heading over categories; rules may name it."""

    name = words(required=True)


class CategoryIn(AsSent):
    """What a report is about, with its whole form."""

    group = code()
    name = words(required=True)
    description = words(LONGEST["description"])
    public = fields.Boolean(
        allow_none=True, metadata={"description": "False: only its reporter and staff ever see it."}
    )
    blur_m = fields.Integer(
        allow_none=True,
        metadata={
            "minimum": 0,
            "maximum": LARGEST_BLUR_M,
            "description": "The public sees the place snapped to a grid this wide.",
        },
    )
    areas = fields.List(
        fields.String(), allow_none=True, metadata={"description": "Offered only in these, as layer:code."}
    )
    stop = fields.Nested(StopIn, allow_none=True)
    questions = fields.List(fields.Nested(QuestionIn), allow_none=True)


class RuleIn(AsSent):
    """What goes where: a category, a group or everything; in an area, in any area of a layer or in the whole town."""

    priority = fields.Integer(
        allow_none=True,
        metadata={"minimum": -1_000_000, "maximum": 1_000_000, "description": "The highest decides; 0 without it."},
    )
    category = code("Instead of a group.")
    group = code("Instead of a category.")
    layer = code("Any of its areas.")
    area = fields.String(allow_none=True, metadata={"description": "As layer:code, instead of a layer."})
    department = code("Where it goes; or a body.")
    body = code("The external body that owns it; instead of a department.")


class StaffIn(AsSent):
    """Somebody who works for the town."""

    name = line(required=True)
    role = fields.String(required=True, metadata={"enum": list(STAFF_ROLES)})
    crew = code("Of role crew only, and needed there.")
    department = code("Of a dispatcher, supervisor or analyst: the department whose reports they work with.")
    departments = texts("Further departments, by code. Without any, reports of all.")
    areas = texts("layer:code of stamped layers: where they work. Without any, everywhere.")


class NoticeIn(AsSent):
    """What every app shows while it lasts."""

    text = words(1_000, required=True)
    severity = fields.String(allow_none=True, metadata={"enum": list(SEVERITIES), "description": "info without it."})
    link = link()
    from_ = Moment(allow_none=True, data_key="from", attribute="from")
    until = Moment(allow_none=True)


class CalendarIn(AsSent):
    """When there is work: hours by weekday (mon to sun), and days without any."""

    time_zone = line("Of the IANA database; the town's without it.")
    hours = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        required=True,
        metadata={
            "description": 'By weekday, such as {"mon": ["08:00-12:00", "13:00-17:00"]}; days left out are free.'
        },
    )
    holidays = texts("Days such as 2026-12-25.")


class TargetIn(AsSent):
    """How long reports may take. Of those that fit a report, the one of its category counts before that of its group, one
    with a priority before one without."""

    category = code("Instead of a group.")
    group = code("Instead of a category.")
    priority = fields.String(allow_none=True, metadata={"enum": list(PRIORITIES)})
    hours = _count("Working hours; or days.", 1, LONGEST_HOURS)
    days = _count("Working days, each as long as the calendar's are on the average; instead of hours.", 1, LONGEST_DAYS)
    calendar = code("Whose working time is counted; without one all the time that passes.")
    warn_hours = _count(
        "Due soon so many working hours before it is due; for the last quarter without it.", 0, LONGEST_HOURS
    )
    escalate_hours = _count(
        "So many working hours overdue, supervisors hear of it; never without it.", 0, LONGEST_HOURS
    )


class StatusIn(AsSent):
    """What the town calls a status, and whether the public sees it. Its code is the status."""

    label = words()
    public = fields.Boolean(
        allow_none=True, metadata={"description": "False: the public goes on seeing the status before it."}
    )


class ReasonIn(AsSent):
    """Why a report is on hold, closed, reopened or disputed."""

    for_ = fields.String(required=True, data_key="for", attribute="for", metadata={"enum": list(PURPOSES)})
    name = words(required=True)
    public = fields.Boolean(allow_none=True, metadata={"description": "False: only staff are told of it."})


class TemplateIn(AsSent):
    """Words for a move to one status, with {placeholders}; of a category, a group or any."""

    status = fields.String(required=True, metadata={"enum": [status.value for status in Status]})
    category = code("Instead of a group.")
    group = code("Instead of a category.")
    text = words(LONGEST_TEMPLATE, required=True)


class WorkflowIn(AsSent):
    """How residents take part in a report's life."""

    dispute_days = fields.Integer(
        allow_none=True,
        metadata={
            "minimum": 1,
            "maximum": MOST_DISPUTE_DAYS,
            "description": f"For so long a fix can be confirmed or disputed; {DISPUTE_DAYS} without it.",
        },
    )
    followers_may_dispute = fields.Boolean(
        allow_none=True, metadata={"description": "Also who only follows the report."}
    )


class LayerIn(AsSent):
    """A layer but for its areas, which have an address of their own."""

    name = words(required=True)
    stamp = fields.Boolean(allow_none=True, metadata={"description": "Every report keeps the area that it fell in."})


class PrivacyIn(AsSent):
    """What people agree to; apps ask again when the version changes."""

    version = line(longest=40, required=True)
    text = words(20_000, required=True)
    link = link()


class EmergencyNumberIn(AsSent):
    """A number to call in an emergency."""

    code = code(required=True)
    number = line(longest=40, required=True)
    name = words(required=True)


class AppVersionsIn(AsSent):
    """Which versions of an app are served."""

    minimum = line("Older apps are told to update; such as 1.4.0.", longest=20)
    newest = line(longest=20)
    store = link("Where to get it; needed with a minimum.")


class IosAppIn(AppVersionsIn):
    """The town's app for iOS."""

    ids = fields.List(
        fields.String(), allow_none=True, metadata={"description": "May open the town's links: TEAMID.bundle.id."}
    )


class AndroidAppIn(AppVersionsIn):
    """The town's app for Android."""

    package = line("May open the town's links.")
    fingerprints = fields.List(
        fields.String(), allow_none=True, metadata={"description": "SHA-256 of its signing certificates."}
    )


class AppIn(AsSent):
    """What GET /v1/config tells apps."""

    map_style = link("A MapLibre style.")
    privacy = fields.Nested(PrivacyIn, allow_none=True)
    emergency = fields.List(fields.Nested(EmergencyNumberIn), allow_none=True)
    ios = fields.Nested(IosAppIn, allow_none=True)
    android = fields.Nested(AndroidAppIn, allow_none=True)


class ModerationIn(AsSent):
    """What is held until a moderator has looked at it."""

    hold_after_flags = _count(
        f"A report or comment that so many people have flagged; 0: none. {HOLD_AFTER_FLAGS} without it.", 0, MOST_FLAGS
    )
    hold_new = texts("Categories, by code, whose new reports are all looked at before the public sees them.")


class TownIn(AsSent):
    """The town itself. Its code never changes; its outline has an address of its own."""

    name = words(required=True)
    time_zone = line("Of the IANA database.", required=True)
    languages = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The first is the fallback. Every text of the town must be in all of them."},
    )
    outside = code("The external body that is named to who reports from outside the town.")
    app = fields.Nested(AppIn, allow_none=True)
    workflow = fields.Nested(WorkflowIn, allow_none=True)
    moderation = fields.Nested(ModerationIn, allow_none=True)


class OrderIn(AsSent):
    """The codes of all of them, each once, as phones show them."""

    codes = fields.List(fields.String(metadata=CODE), required=True)
