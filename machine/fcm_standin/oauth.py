"""The token endpoint: a JWT signed by the service account in, a bearer token out (RFC 7523, as Google's does it)."""

import base64
import binascii
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from machine.fcm_standin.identity import ServiceAccount
from machine.fcm_standin.wire import Reply, Request, as_json

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GOOGLE = "https://oauth2.googleapis.com/token"  # what google-auth names as the audience, wherever `token_uri` points
LIFETIME_S = 3599  # what Google answers
LONGEST_ASSERTION_S = (
    3600  # "maximum of 1 hour after the issued time" (Google, "Using OAuth 2.0 for server to server applications")
)
CLOCKS_MAY_DIFFER_S = 300
SCOPES = frozenset(
    {"https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform"}
)


class _Refused(Exception):
    """No token for this assertion: OAuth's error word and the text beside it."""

    def __init__(self, error: str, description: str):
        super().__init__(description)
        self.document = {"error": error, "error_description": description}


class Tokens:
    """Issues bearer tokens and knows which of them still count. They are forgotten when the process ends, as a 401 tells."""

    def __init__(self, account: ServiceAccount):
        self._account = account
        self._good_until: dict[str, float] = {}

    def grant(self, request: Request) -> Reply:
        """The answer to POST /token."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode("latin-1")).items()}
        try:
            if form.get("grant_type") != GRANT:
                raise _Refused("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
            self._check(form.get("assertion", ""))
        except _Refused as refused:
            return as_json(400, refused.document)
        token = "ya29." + secrets.token_urlsafe(48)
        self._good_until[token] = time.time() + LIFETIME_S
        return as_json(200, {"access_token": token, "expires_in": LIFETIME_S, "token_type": "Bearer"})

    def is_good(self, authorization: str) -> bool:
        """Whether an Authorization header carries a token of ours that has not run out."""
        scheme, _, token = authorization.partition(" ")
        return scheme.lower() == "bearer" and self._good_until.get(token, 0) > time.time()

    def forget(self) -> None:
        """Revoke every token: what a worker meets when Google does the same."""
        self._good_until.clear()

    def _check(self, assertion: str) -> None:
        """Raises _Refused unless `assertion` is this account's, for us, and of this hour."""
        signed, _, signature = assertion.rpartition(".")
        head, _, payload = signed.partition(".")
        if _part(head).get("alg") != "RS256":
            raise _Refused("invalid_grant", "Invalid JWT: Must be signed with RS256.")
        try:
            self._account.public_key.verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise _Refused("invalid_grant", "Invalid JWT Signature.") from None
        self._check_claims(_part(payload))

    def _check_claims(self, claims: dict[str, Any]) -> None:
        if claims.get("iss") != self._account.email:
            raise _Refused("invalid_grant", "Invalid grant: account not found")
        if claims.get("aud") not in (GOOGLE, self._account.token_uri):
            raise _Refused("invalid_grant", "Invalid JWT: Failed audience check.")
        if not _is_of_now(claims.get("iat"), claims.get("exp")):
            raise _Refused(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
                "Check your iat and exp values in the JWT claim.",
            )
        if not SCOPES & set(str(claims.get("scope", "")).split()):
            raise _Refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")


def _is_of_now(issued_at: Any, expires_at: Any) -> bool:
    if not isinstance(issued_at, int | float) or not isinstance(expires_at, int | float):
        return False
    return issued_at - CLOCKS_MAY_DIFFER_S <= time.time() < expires_at <= issued_at + LONGEST_ASSERTION_S


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise _Refused("invalid_grant", "Bad Request") from None


def _part(encoded: str) -> dict[str, Any]:
    try:
        content = json.loads(_decoded(encoded))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise _Refused("invalid_grant", "Bad Request")
    return content
