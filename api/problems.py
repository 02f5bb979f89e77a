"""Every error leaves as application/problem+json (RFC 9457), from here only."""

import logging
from typing import Any

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from api.town import language
from api.words import field_text, problem_text
from core import logs
from core.db import DatabaseAway, LockTimeout
from domain import errors
from domain.errors import Refusal

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = "1"
_OWN = ("type", "title", "status", "detail", "instance", "retry", "request_id", "errors")


def set_up_problems(app: Flask) -> None:
    """Turn every way out of a request that is not an answer into a problem document."""
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(DatabaseAway, database_away)
    app.register_error_handler(LockTimeout, lock_timeout)
    app.register_error_handler(HTTPException, http_fault)
    app.register_error_handler(Exception, unexpected)


def refused(refusal: Refusal) -> Response:
    """A refusal as a problem document in the caller's language."""
    log.info("refused", extra={"problem": refusal.slug, "status": refusal.status})
    return problem(refusal)


def database_away(_fault: DatabaseAway) -> Response:
    """The phone sends the same again; the idempotency key makes that safe."""
    log.error("database away")
    return problem(errors.Away(headers={"Retry-After": RETRY_AFTER_S}))


def lock_timeout(_fault: LockTimeout) -> Response:
    """Another copy of the request still holds what this one needs."""
    log.info("lock timeout")
    return problem(errors.StillWorking(headers={"Retry-After": RETRY_AFTER_S}))


def http_fault(fault: HTTPException) -> Response:
    """What Flask and werkzeug refuse by themselves, in our words."""
    return problem(_translated(fault))


def _translated(fault: HTTPException) -> Refusal:
    match fault.code:
        case 404:
            return errors.NotFound()
        case 405:
            allowed = sorted(set(getattr(fault, "valid_methods", None) or []) - {"HEAD", "OPTIONS"})
            return errors.MethodNotAllowed(headers={"Allow": ", ".join(allowed)}, allowed=allowed)
        case 406:
            return errors.NotAcceptable()
        case 413:
            return errors.BodyTooLarge(limit_bytes=request.max_content_length)
        case 415:
            return errors.WrongContentType()
        case code if code is not None and code < 500:
            return errors.Unreadable()
        case _:
            return errors.Unexpected()


def unexpected(fault: Exception) -> Response:
    """A surprise: logged with its place, told without its inside."""
    log.error("unexpected", exc_info=fault)
    return problem(errors.Unexpected())


def _message(error: errors.FieldError, speaks: str) -> str:
    return field_text(speaks, error.says or error.code, error.params)


def problem(refusal: Refusal) -> Response:
    """The document itself. Facts never overwrite the standard members."""
    speaks = language()
    request_id = logs.request_id.get()
    facts = {"request_id": request_id, **refusal.facts}
    title, detail = problem_text(speaks, refusal.slug, facts)
    document: dict[str, Any] = {key: value for key, value in refusal.facts.items() if key not in _OWN}
    document |= {
        "type": f"/problems/{refusal.slug}",
        "title": title,
        "status": refusal.status,
        "detail": detail,
        "instance": request.path,
        "retry": refusal.retry,
        "request_id": request_id,
    }
    if refusal.errors:
        document["errors"] = [
            {"pointer": e.pointer, "code": e.code, "params": e.params, "message": _message(e, speaks)}
            for e in refusal.errors
        ]
    answer = Response(orjson.dumps(document, default=str), refusal.status, content_type=CONTENT_TYPE)
    answer.headers.update(refusal.headers)
    if refusal.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    g.problem = refusal.slug
    return answer
