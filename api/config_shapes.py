"""The shapes of GET /v1/config."""

from marshmallow import fields

from api.fields import Moment, Shape
from domain.city import SEVERITIES


class TownOut(Shape):
    """The town: its code never changes."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class LanguageOut(Shape):
    """A language of the town, with its name in that language."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class BoxOut(Shape):
    """West, south, east, north in EPSG:4326 degrees."""

    west = fields.Float(required=True)
    south = fields.Float(required=True)
    east = fields.Float(required=True)
    north = fields.Float(required=True)


class OutlineOut(Shape):
    """Where reports are taken: a GeoJSON MultiPolygon, [longitude, latitude] in EPSG:4326."""

    type = fields.String(required=True, metadata={"enum": ["MultiPolygon"]})
    coordinates = fields.List(
        fields.List(fields.List(fields.List(fields.Float()))),
        required=True,
        metadata={"description": "Polygons of rings of positions."},
    )


class FeaturesOut(Shape):
    """What this town offers. An app hides what is false, and ignores what it does not know."""

    anonymous_reports = fields.Boolean(required=True)
    comments = fields.Boolean(required=True)
    following = fields.Boolean(required=True)
    push = fields.Boolean(required=True)
    recovery_codes = fields.Boolean(required=True)
    photos = fields.Boolean(required=True)


class LimitsOut(Shape):
    """How much an app may send; lengths in Unicode code points."""

    photo_count = fields.Integer(required=True, metadata={"description": "Of one report."})
    photo_long_edge_px = fields.Integer(
        required=True, metadata={"description": "Shrink photos to this before sending."}
    )
    photo_bytes = fields.Integer(required=True)
    description_length = fields.Integer(required=True)
    comment_length = fields.Integer(required=True)
    address_length = fields.Integer(required=True)
    contact_name_length = fields.Integer(required=True)
    contact_email_length = fields.Integer(required=True)
    contact_phone_length = fields.Integer(required=True)
    answer_length = fields.Integer(
        required=True, metadata={"description": "Of a text answer whose question has no `max_length`."}
    )
    body_bytes = fields.Integer(required=True)
    page_size = fields.Integer(required=True, metadata={"description": "The largest `limit` of a list."})


class SignInWaysOut(Shape):
    """Who vouches for people here, beside the town itself; null or empty where nobody does."""

    firebase_project = fields.String(required=True, allow_none=True)
    oidc_issuer = fields.String(required=True, allow_none=True)
    oidc_audiences = fields.List(fields.String(), required=True)


class MapOut(Shape):
    """The map that the town would like to see under its reports."""

    style = fields.String(required=True, allow_none=True, metadata={"description": "Address of a MapLibre style."})


class PrivacyOut(Shape):
    """What people agree to. Ask again when `version` is another one than they agreed to."""

    version = fields.String(required=True)
    text = fields.String(required=True)
    link = fields.String(required=True, allow_none=True)


class EmergencyOut(Shape):
    """A number to call instead of reporting."""

    code = fields.String(required=True)
    number = fields.String(required=True)
    name = fields.String(required=True)


class NoticeOut(Shape):
    """Something to show while it lasts."""

    code = fields.String(required=True)
    severity = fields.String(required=True, metadata={"enum": list(SEVERITIES)})
    text = fields.String(required=True)
    link = fields.String(required=True, allow_none=True)
    starts_at = Moment(required=True, allow_none=True)
    ends_at = Moment(required=True, allow_none=True)


class AppOut(Shape):
    """The town's own app on one platform."""

    minimum = fields.String(
        required=True, allow_none=True, metadata={"description": "Older ones are answered with app-too-old."}
    )
    newest = fields.String(required=True, allow_none=True)
    store = fields.String(required=True, allow_none=True)


class AppsOut(Shape):
    """By platform; null where the town has no app of its own."""

    ios = fields.Nested(AppOut, required=True, allow_none=True)
    android = fields.Nested(AppOut, required=True, allow_none=True)


class MaintenanceOut(Shape):
    """The town takes nothing in at the moment; drafts stay on the phone."""

    text = fields.String(required=True)
    since = Moment(required=True)
    until = Moment(required=True, allow_none=True)


class ConfigOut(Shape):
    """All that an app needs to know of the town before it asks for anything else."""

    town = fields.Nested(TownOut, required=True)
    contract_version = fields.String(required=True)
    time_zone = fields.String(required=True, metadata={"description": "IANA"})
    language = fields.String(required=True, metadata={"description": "Of the texts in this answer."})
    languages = fields.List(fields.Nested(LanguageOut), required=True, metadata={"description": "The fallback first."})
    box = fields.Nested(BoxOut, required=True)
    outline = fields.Nested(OutlineOut, required=True)
    outline_tolerance_m = fields.Integer(
        required=True, metadata={"description": "The outline is simplified by at most so many metres."}
    )
    features = fields.Nested(FeaturesOut, required=True)
    limits = fields.Nested(LimitsOut, required=True)
    sign_in_methods = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "device: the phone registers itself. recovery_code, firebase, magic_link: more phones of the same "
            "person. password, oidc: staff. An app ignores what it does not know."
        },
    )
    sign_in = fields.Nested(SignInWaysOut, required=True)
    map = fields.Nested(MapOut, required=True)
    privacy = fields.Nested(PrivacyOut, required=True, allow_none=True)
    emergency = fields.List(fields.Nested(EmergencyOut), required=True)
    notices = fields.List(fields.Nested(NoticeOut), required=True)
    apps = fields.Nested(AppsOut, required=True)
    maintenance = fields.Nested(MaintenanceOut, required=True, allow_none=True)
