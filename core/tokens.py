"""Hashes of bearer tokens, and signed texts that clients carry for us (cursors)."""

import base64
import hashlib
import hmac
import secrets
from typing import Any

import orjson

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is easily taken for another
_MISREAD = str.maketrans("OIL", "011")


def token_hash(token: str) -> bytes:
    """What is stored instead of a bearer token. Tokens are long and random, so a plain SHA-256 suffices."""
    return hashlib.sha256(token.encode()).digest()


def new_token(prefix: str) -> str:
    """A fresh bearer token of 256 random bits; the prefix lets people and secret scanners recognise it."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def derived_token(prefix: str, secret: str, bearer: str, purpose: str) -> str:
    """A token of 256 bits that is the same for the same bearer token and purpose, and cannot be told from a random one.

    So that what is shown once can be shown again to a retry without being stored: the caller brings `bearer` along,
    `purpose` holds the Idempotency-Key, and only who knows both and the server's `secret` can work it out.
    """
    return f"{prefix}_{_b64(_derived(secret, bearer, purpose))}"


def derived_code(secret: str, bearer: str, purpose: str) -> str:
    """The same as 25 letters and digits in groups of five (125 bits), to be written on paper and read out."""
    number = int.from_bytes(_derived(secret, bearer, purpose), "big")
    letters = "".join(_LETTERS[number >> 5 * place & 31] for place in range(25))
    return "-".join(letters[at : at + 5] for at in range(0, 25, 5))


def plain_code(text: str) -> str:
    """A code as somebody typed it: any case, any spacing, O for 0, I and L for 1. Source: Crockford's base 32."""
    return "".join(letter for letter in text.upper().translate(_MISREAD) if letter.isalnum())


def _derived(secret: str, bearer: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), purpose.encode() + b"\0" + bearer.encode(), "sha256")


def sign(secret: str, purpose: str, value: Any) -> str:
    """`value` (JSON) as a URL-safe text that only the holder of `secret` can make for this purpose."""
    body = orjson.dumps(value)
    return _b64(_mac(secret, purpose, body) + body)


def unsign(secret: str, purpose: str, text: str) -> Any | None:
    """What `sign` was given, or None when the text is not ours, not for this purpose, or damaged."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, UnicodeEncodeError):
        return None
    mac, body = raw[:16], raw[16:]
    if len(mac) != 16 or not hmac.compare_digest(mac, _mac(secret, purpose, body)) or _b64(raw) != text:
        return None
    return orjson.loads(body)


def _mac(secret: str, purpose: str, body: bytes) -> bytes:
    return hmac.digest(secret.encode(), purpose.encode() + b"\0" + body, "sha256")[:16]


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
