"""Everything that goes wrong on purpose: one class per thing a client can act on.

`slug` becomes the problem's `type` and is never renamed. Titles and details stand in `api/texts/`, by slug and language.
`retry` tells a phone what to do with its draft: `never` (change it first), `same` (send the same again), `later`.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: a JSON pointer into the body (or `?name` for a query parameter) and a listed code.

    A pointer that begins with # leads into the whole town instead, shaped as town.toml. `says` names the sentence to tell
    it in, where that of the code would say too little.
    """

    pointer: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)
    says: str | None = None


class Refusal(Exception):
    """The parent of all; `facts` go into the problem document beside type, title, status and detail."""

    status: ClassVar[int] = 400
    slug: ClassVar[str]
    retry: ClassVar[str] = "never"

    def __init__(self, errors: list[FieldError] | None = None, headers: dict[str, str] | None = None, **facts: Any):
        super().__init__(self.slug)
        self.errors = errors or []
        self.headers = headers or {}
        self.facts = facts


# --- the request cannot be read (400, 413, 415) ---


class Unreadable(Refusal):
    slug = "unreadable"


class BodyTooLarge(Refusal):
    status = 413
    slug = "body-too-large"


class WrongContentType(Refusal):
    status = 415
    slug = "wrong-content-type"


class BadCursor(Refusal):
    slug = "bad-cursor"


class CursorExpired(Refusal):
    status = 410
    slug = "cursor-expired"


class KeyMissing(Refusal):
    slug = "idempotency-key-missing"


# --- who is calling (401, 403) ---


class TokenMissing(Refusal):
    status = 401
    slug = "token-missing"


class TokenUnknown(Refusal):
    status = 401
    slug = "token-unknown"


class TokenExpired(Refusal):
    status = 401
    slug = "token-expired"


class TokenRevoked(Refusal):
    status = 401
    slug = "token-revoked"


class SignInFailed(Refusal):
    status = 401
    slug = "sign-in-failed"


class SignInAgain(Refusal):
    status = 401
    slug = "sign-in-again"


class InvitationOver(Refusal):
    status = 410
    slug = "invitation-over"


class NoRole(Refusal):
    status = 403
    slug = "no-role"


class SignInNotOffered(Refusal):
    status = 409
    slug = "sign-in-not-offered"


class NotAllowed(Refusal):
    status = 403
    slug = "not-allowed"


class NotYourMove(Refusal):
    status = 403
    slug = "not-your-move"


class NotYours(Refusal):
    status = 403
    slug = "not-yours"


class NotOnTheLink(Refusal):
    status = 403
    slug = "not-on-the-link"


class KeyUnknown(Refusal):
    status = 403
    slug = "key-unknown"


class ScopeMissing(Refusal):
    status = 403
    slug = "scope-missing"


class DeviceBlocked(Refusal):
    status = 403
    slug = "device-blocked"


# --- what is not there, or not there for this caller (404, 405) ---


class NotFound(Refusal):
    status = 404
    slug = "not-found"


class MethodNotAllowed(Refusal):
    status = 405
    slug = "method-not-allowed"


class NotAcceptable(Refusal):
    status = 406
    slug = "not-acceptable"


# --- readable but wrong (422) ---


class Invalid(Refusal):
    status = 422
    slug = "invalid"


class OutsideTown(Refusal):
    status = 422
    slug = "outside-town"


class NotOurs(Refusal):
    status = 422
    slug = "not-ours"


class StopInstead(Refusal):
    status = 422
    slug = "stop-instead"


class FormExpired(Refusal):
    status = 422
    slug = "form-expired"


class AlreadySent(Refusal):
    status = 422
    slug = "already-sent"


class KeyReused(Refusal):
    status = 422
    slug = "idempotency-key-reused"


# --- the state of things is against it (409, 412, 428) ---


class IdTaken(Refusal):
    status = 409
    slug = "id-taken"


class StillWorking(Refusal):
    status = 409
    slug = "still-working"
    retry = "same"


class WrongStatus(Refusal):
    status = 409
    slug = "wrong-status"


class KeyRevoked(Refusal):
    status = 409
    slug = "key-revoked"


class StillNeeded(Refusal):
    status = 409
    slug = "still-needed"


class LastAdmin(Refusal):
    status = 409
    slug = "last-admin"


class ChangedSince(Refusal):
    status = 409
    slug = "changed-since"


class NoWayBack(Refusal):
    status = 409
    slug = "no-way-back"


class BulkRunning(Refusal):
    status = 409
    slug = "bulk-running"
    retry = "same"


class BulkRunAlready(Refusal):
    status = 409
    slug = "bulk-run-already"


class UndoTooLate(Refusal):
    status = 409
    slug = "undo-too-late"


class UndoneAlready(Refusal):
    status = 409
    slug = "undone-already"


class NothingToBlock(Refusal):
    status = 409
    slug = "nothing-to-block"


class CircularParent(Refusal):
    status = 409
    slug = "circular-parent"


class OpenChildren(Refusal):
    status = 409
    slug = "open-children"


class AskTheParent(Refusal):
    status = 409
    slug = "ask-the-parent"


class PossibleDuplicates(Refusal):
    status = 409
    slug = "possible-duplicates"


class VerdictClosed(Refusal):
    status = 409
    slug = "verdict-closed"


class VerdictGiven(Refusal):
    status = 409
    slug = "verdict-given"


class ItemStale(Refusal):
    status = 412
    slug = "item-stale"


class VersionStale(Refusal):
    status = 412
    slug = "version-stale"


class PackageStale(Refusal):
    status = 412
    slug = "package-stale"


class MapTooWide(Refusal):
    status = 409
    slug = "map-too-wide"


class VersionMissing(Refusal):
    status = 428
    slug = "version-missing"


# --- too much (429) ---


class RateLimited(Refusal):
    status = 429
    slug = "rate-limited"
    retry = "later"


# --- not now: the draft stays on the phone (403, 503) ---


class AppTooOld(Refusal):
    status = 403
    slug = "app-too-old"
    retry = "later"  # the same request, from a newer app


class Maintenance(Refusal):
    status = 503
    slug = "maintenance"
    retry = "later"


# --- our side (500, 503) ---


class Unexpected(Refusal):
    status = 500
    slug = "unexpected"
    retry = "later"


class Away(Refusal):
    status = 503
    slug = "away"
    retry = "later"
