"""FCM's answers, word for word: google.rpc.Status as JSON, with FcmError or BadRequest in `details`.

Source: Firebase, "FCM error codes" and "ErrorCode" of the HTTP v1 API (read 2026-11). A payload of the wrong shape is told by BadRequest
with the field; what FCM itself decides is told by FcmError with a code.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from machine.fcm_standin.wire import Reply, as_json

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"

INVALID_TOKEN = "The registration token is not a valid FCM registration token"  # noqa: S105 (a message, no secret)

# What a test can ask for: HTTP status, google.rpc code, FCM code, message.
ON_REQUEST: Mapping[str, tuple[int, str, str, str]] = {
    "unregistered": (404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found."),
    "quota_exceeded": (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "Resource has been exhausted (e.g. check quota)."),
    "unavailable": (503, "UNAVAILABLE", "UNAVAILABLE", "The service is currently unavailable."),
    "internal": (500, "INTERNAL", "INTERNAL", "Internal error encountered."),
    "invalid_argument": (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "Request contains an invalid argument."),
    "sender_id_mismatch": (403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", "SenderId mismatch"),
    "third_party_auth_error": (
        401,
        "UNAUTHENTICATED",
        "THIRD_PARTY_AUTH_ERROR",
        "Auth error from APNS or Web Push Service",
    ),
}


def error(status: int, code: str, message: str, details: list[Any], headers: Mapping[str, str] | None = None) -> Reply:
    """A google.rpc.Status document."""
    document: dict[str, Any] = {"error": {"code": status, "message": message, "status": code}}
    if details:
        document["error"]["details"] = details
    return as_json(status, document, headers)


def on_request(kind: str, retry_after_s: float | None) -> Reply:
    """The failure that a test asked for."""
    status, code, fcm_code, message = ON_REQUEST[kind]
    headers = {} if retry_after_s is None else {"Retry-After": str(round(retry_after_s))}
    return error(status, code, message, [{"@type": FCM_ERROR, "errorCode": fcm_code}], headers)


def sent(project: str, message_id: str) -> Reply:
    return as_json(HTTPStatus.OK, {"name": f"projects/{project}/messages/{message_id}"})


def bad_field(field: str, description: str) -> Reply:
    """The payload has the wrong shape at `field`."""
    details = [{"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": description}]}]
    return error(400, "INVALID_ARGUMENT", description, details)


def refused_by_fcm(message: str) -> Reply:
    """The payload has the right shape, but FCM does not take it."""
    return error(400, "INVALID_ARGUMENT", message, [{"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"}])


def no_token() -> Reply:
    return error(
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        [{"@type": ERROR_INFO, "reason": "ACCESS_TOKEN_EXPIRED", "domain": "googleapis.com"}],
        {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/", error="invalid_token"'},
    )


def other_project(project: str) -> Reply:
    return error(
        403,
        "PERMISSION_DENIED",
        f"Permission 'cloudmessaging.messages.create' denied on resource '//cloudresourcemanager.googleapis.com/projects/{project}' "
        "(or it may not exist).",
        [{"@type": ERROR_INFO, "reason": "IAM_PERMISSION_DENIED", "domain": "cloudresourcemanager.googleapis.com"}],
    )


def unknown_path() -> Reply:
    """Google's front end answers with a page, not with JSON, before a request has reached FCM."""
    page = b"<!DOCTYPE html>\n<html lang=en><title>Error 404 (Not Found)!!1</title>\n<p><b>404.</b> That\xe2\x80\x99s an error.\n"
    return Reply(404, page, "text/html; charset=UTF-8")
