"""What a token of somebody else says, once it is known to be good; and how tokens look before."""

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from identity.claims import Part

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Vouched:
    """Whom a provider vouches for, by its own name for them, and until when.

    part: what they are in this town, for staff; None when nothing in the token gives them a role.
    """

    provider: str  # one of domain.identities.PROVIDERS
    issuer: str
    subject: str
    issued_at: datetime
    expires_at: datetime
    part: Part | None = None
    code: str | None = None
    name: str | None = None


def is_subject(value: Any, longest: int) -> bool:
    """Whether a claim can be a provider's name for somebody: some letters that can be written down."""
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def claimed_issuer(token: str) -> str | None:
    """Who is said to have issued a token, which is not checked yet; None for what is no JWT."""
    if not _JWT.fullmatch(token):
        return None
    claims = json_part(token.split(".")[1])
    issuer = claims.get("iss") if claims is not None else None
    return issuer if isinstance(issuer, str) else None


def json_part(text: str) -> dict[str, Any] | None:
    """One part of a JWT; None when it is not a JSON object."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
