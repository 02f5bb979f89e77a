"""Whether FCM would take a message, and what a phone makes of it.

The tables below are the fields of the HTTP v1 API. Source: Firebase, "REST Resource: projects.messages" (read 2026-11), and the encoder of
firebase-admin 7.7, which knows `fid`.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from machine.fcm_standin.answers import INVALID_TOKEN, bad_field, refused_by_fcm
from machine.fcm_standin.wire import Reply

LARGEST_PAYLOAD_BYTES = (
    4096  # keys and values of data and the notification's texts (Firebase, "ErrorCode", INVALID_ARGUMENT)
)
LONGEST_TTL_S = 28 * 24 * 3600  # "between 0 and 2,419,200" (the same page)
LONGEST_COLLAPSE_ID_BYTES = 64  # Apple, "Sending notification requests to APNs", apns-collapse-id
LONGEST_TARGET = 4096

TEXT, FLAG, NUMBER, TEXTS, MAP, ANYTHING = "TYPE_STRING", "TYPE_BOOL", "TYPE_INT32", "texts", "map", "anything"
Fields = Mapping[str, Any]

NOTIFICATION: Fields = {"title": TEXT, "body": TEXT, "image": TEXT}
ANDROID_NOTIFICATION: Fields = {
    **NOTIFICATION,
    **dict.fromkeys(("icon", "color", "sound", "tag", "click_action", "body_loc_key", "title_loc_key"), TEXT),
    **dict.fromkeys(("channel_id", "ticker", "event_time", "notification_priority", "visibility", "proxy"), TEXT),
    **dict.fromkeys(
        ("sticky", "local_only", "default_sound", "default_vibrate_timings", "default_light_settings"), FLAG
    ),
    **dict.fromkeys(("body_loc_args", "title_loc_args", "vibrate_timings"), TEXTS),
    "notification_count": NUMBER,
    "light_settings": ANYTHING,
}
LABEL: Fields = {"analytics_label": TEXT}
MESSAGE: Fields = {
    **dict.fromkeys(("name", "fid", "token", "topic", "condition"), TEXT),
    "data": MAP,
    "notification": NOTIFICATION,
    "fcm_options": LABEL,
    "android": {
        **dict.fromkeys(("collapse_key", "priority", "ttl", "restricted_package_name"), TEXT),
        **dict.fromkeys(("direct_boot_ok", "bandwidth_constrained_ok", "restricted_satellite_ok"), FLAG),
        "data": MAP,
        "notification": ANDROID_NOTIFICATION,
        "fcm_options": LABEL,
    },
    "webpush": {"headers": MAP, "data": MAP, "notification": ANYTHING, "fcm_options": {"link": TEXT, **LABEL}},
    "apns": {
        "headers": MAP,
        "payload": ANYTHING,
        "fcm_options": {"image": TEXT, **LABEL},
        "live_activity_token": TEXT,
    },
}
REQUEST: Fields = {"message": MESSAGE, "validate_only": FLAG}
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which JSON can spell but no text can hold
TARGETS = ("fid", "token", "topic", "condition")


class NotTaken(Exception):
    """FCM would refuse this message; `reply` is its answer."""

    def __init__(self, reply: Reply):
        super().__init__(reply.body.decode())
        self.reply = reply


def read_payload(body: bytes) -> tuple[dict[str, Any], bool]:
    """The message with its fields in snake_case, and whether it is only to be validated. Raises NotTaken."""
    try:
        document = json.loads(body)
    except ValueError:
        raise NotTaken(bad_field("", "Invalid JSON payload received. Unexpected token.")) from None
    request = _checked(document, REQUEST, "")
    message = request.get("message", {})
    _check_target(message)
    _check_data(message)
    _check_android(message.get("android", {}))
    _check_apns(message.get("apns", {}).get("headers", {}))
    _check_webpush(message.get("webpush", {}).get("headers", {}))
    return message, request.get("validate_only", False)


def _checked(value: Any, kind: Any, where: str) -> Any:
    """`value` if it is of `kind`, an object with its keys in snake_case. Raises NotTaken, naming the field as Google does."""
    if isinstance(kind, Mapping):
        if not isinstance(value, dict):
            raise _wrong_value(where, "Object", value)
        checked = {}
        for name, inner in value.items():
            field = re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)
            if field not in kind:
                at = f" at '{where}'" if where else ""
                text = f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.'
                raise NotTaken(bad_field(where, text))
            checked[field] = _checked(inner, kind[field], f"{where}.{field}" if where else field)
        return checked
    if kind == MAP:
        return _checked_map(value, where)
    if kind == TEXT and isinstance(value, str) and LONE_SURROGATE.search(value):
        raise _wrong_value(where, kind, value)
    right_types = {TEXT: str, FLAG: bool, NUMBER: int, TEXTS: list, ANYTHING: dict}
    if not isinstance(value, right_types[kind]) or (kind == NUMBER and isinstance(value, bool)):
        raise _wrong_value(where, kind, value)
    return value


def _checked_map(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _wrong_value(where, "Map", value)
    for index, inner in enumerate(value.values()):
        _checked(inner, TEXT, f"{where}[{index}].value")
    return value


def _wrong_value(where: str, kind: str, value: Any) -> NotTaken:
    return NotTaken(bad_field(where, f"Invalid value at '{where}' ({kind}), {json.dumps(value)[:80]}"))


def _check_target(message: dict[str, Any]) -> None:
    named = [target for target in TARGETS if target in message]
    if not named:
        raise NotTaken(bad_field("message", "Recipient of the message is not set."))
    if len(named) > 1:
        text = f"Invalid value at 'message' (oneof), oneof field 'target' is already set. Cannot set '{named[1]}'"
        raise NotTaken(bad_field("message", text))
    if named[0] in ("topic", "condition"):
        raise NotTaken(refused_by_fcm("The stand-in has no topics: it delivers to one token or one fid."))
    value = message[named[0]]
    if not value or len(value) > LONGEST_TARGET or re.search(r"[^\x21-\x7e]", value):
        raise NotTaken(refused_by_fcm(INVALID_TOKEN))


def _check_data(message: dict[str, Any]) -> None:
    for key in message.get("data", {}):
        if key in ("from", "message_type") or key.startswith(("google", "gcm")):
            raise NotTaken(refused_by_fcm(f"Invalid data payload key: {key}"))
    texts = [*message.get("data", {}).items(), *message.get("notification", {}).items()]
    if sum(len(key.encode()) + len(value.encode()) for key, value in texts) > LARGEST_PAYLOAD_BYTES:
        raise NotTaken(refused_by_fcm("Android message is too big"))


def _check_android(android: dict[str, Any]) -> None:
    ttl = android.get("ttl", "0s")
    if not re.fullmatch(r"\d+(\.\d{1,9})?s", ttl):
        text = f"Invalid value at 'message.android.ttl' (type.googleapis.com/google.protobuf.Duration), \"{ttl[:80]}\""
        raise NotTaken(bad_field("message.android.ttl", text))
    if float(ttl[:-1]) > LONGEST_TTL_S:
        raise NotTaken(refused_by_fcm("Invalid TTL: it must be between 0 and 2,419,200 seconds"))
    if android.get("priority", "high").upper() not in ("HIGH", "NORMAL"):
        raise _wrong_value("message.android.priority", "TYPE_ENUM", android["priority"])


def _check_apns(headers: dict[str, str]) -> None:
    collapse_id = headers.get("apns-collapse-id", "")
    if len(collapse_id.encode()) > LONGEST_COLLAPSE_ID_BYTES:
        raise NotTaken(refused_by_fcm("APNs collapse id is longer than 64 bytes"))


def _check_webpush(headers: dict[str, str]) -> None:
    topic = headers.get("Topic", headers.get("topic", "x"))
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", topic):  # RFC 8030, 5.4
        raise NotTaken(refused_by_fcm("Web push topic is not 1 to 32 characters of the URL-safe base64 alphabet"))


def on_the_phone(message: dict[str, Any]) -> dict[str, Any]:
    """What a phone shows of a message, and by what a later one would replace it (None: by nothing)."""
    android, apns = message.get("android", {}), message.get("apns", {})
    shown = android.get("notification", {})
    tags = (
        shown.get("tag"),
        apns.get("headers", {}).get("apns-collapse-id"),
        message.get("webpush", {}).get("notification", {}).get("tag"),
        android.get("collapse_key"),
    )
    texts = message.get("notification", {})
    return {
        "title": shown.get("title", texts.get("title")),
        "body": shown.get("body", texts.get("body")),
        "data": message.get("data", {}),
        "collapse_key": android.get("collapse_key"),
        "tag": next((tag for tag in tags if tag), None),
        "thread": apns.get("payload", {}).get("aps", {}).get("thread-id"),
    }
