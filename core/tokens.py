"""Hashes of bearer tokens, and signed texts that clients carry for us (cursors)."""

import base64
import hashlib
import hmac
import secrets
from typing import Any

import orjson


def token_hash(token: str) -> bytes:
    """What is stored instead of a bearer token. Tokens are long and random, so a plain SHA-256 suffices."""
    return hashlib.sha256(token.encode()).digest()


def new_token(prefix: str) -> str:
    """A fresh bearer token of 256 random bits; the prefix lets people and secret scanners recognise it."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


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
