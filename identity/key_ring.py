"""The keys that an OpenID provider signs with: found by discovery, kept, and looked for again when one is not known.

Sources: OpenID Connect Discovery 1.0; RFC 7517 (JWK sets).
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from core.config import is_loopback
from domain.errors import Away

log = logging.getLogger(__name__)

PublicKey = RSAKey | ECKey | OKPKey

KINDS = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP"}
"""The algorithms that are accepted, and what kind of key each takes. No `none`, and nothing with a shared secret."""
CURVES = {"EC": "P-256", "OKP": "Ed25519"}
SHORTEST_RSA_BITS = 2048
FRESH_S = 3600.0  # a key that the provider takes back is good for at most so long after
STALE_S = 24 * 3600.0  # while the provider is away its keys serve for a day
UNKNOWN_S = 60.0  # an unknown key has the provider asked at most so often, or any token could make us a nuisance
FAILED_S = 5.0  # after a failure nobody waits for the provider again before this
PATIENCE_S = 5.0
LONGEST_ANSWER = 1_000_000  # bytes
MOST_KEYS = 100


class KeyRing:
    """The keys of one issuer. Threads share it; one of them asks, the others wait for it."""

    def __init__(self, issuer: str, clock: Callable[[], float] = time.monotonic):
        self.issuer = issuer
        self._clock = clock
        self._asking = threading.Lock()
        self._client = httpx.Client(timeout=PATIENCE_S, follow_redirects=False)
        self._keys: list[tuple[dict[str, Any], PublicKey]] | None = None
        self._fetched_at = self._failed_at = self._missed_at = float("-inf")
        self._is_away = False  # at the last look

    def keys_for(self, header: dict[str, Any]) -> list[PublicKey]:
        """The keys that may have signed a token with this header. Empty: none that the provider serves.

        Raises Away when the provider cannot be asked and it might be one of its newer keys.
        """
        self._keep_fresh()
        found = self._matching(header)
        if not found and self._look_again():
            found = self._matching(header)
        if not found and self._is_away:
            raise _away()
        return found

    def try_out(self) -> str | None:
        """Ask the provider now; None when it serves keys that we can use, else why not."""
        try:
            return None if self._served() else "no key that we can use"
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as fault:
            return f"{type(fault).__name__}: {fault}"

    def _matching(self, header: dict[str, Any]) -> list[PublicKey]:
        kid, algorithm = header.get("kid"), header["alg"]
        return [
            key
            for told, key in self._keys or []
            if key.key_type == KINDS[algorithm]
            and (kid is None or told.get("kid") == kid)
            and told.get("alg") in (None, algorithm)
        ][:5]

    def _keep_fresh(self) -> None:
        if self._age() < FRESH_S:
            return
        with self._asking:
            if self._age() >= FRESH_S and self._clock() - self._failed_at >= FAILED_S:
                self._fetch()
        if self._keys is None or self._age() >= STALE_S:
            raise _away()

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _look_again(self) -> bool:
        with self._asking:
            now = self._clock()
            if now - self._missed_at < UNKNOWN_S or now - self._failed_at < FAILED_S:
                return True  # somebody has just looked
            self._missed_at = now
            return self._fetch()

    def _fetch(self) -> bool:
        """Ask the provider; whether that went well. Whatever it served before stays until then."""
        try:
            self._keys = self._served()
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as fault:
            self._failed_at, self._is_away = self._clock(), True
            log.warning("identity provider away", extra={"reason": type(fault).__name__})
            return False
        self._fetched_at, self._is_away = self._clock(), False
        return True

    def _served(self) -> list[tuple[dict[str, Any], PublicKey]]:
        document = self._ask(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if document["issuer"] != self.issuer:
            raise ValueError("another issuer")
        found = self._ask(document["jwks_uri"])["keys"]
        return [(told, key) for told in found[:MOST_KEYS] if (key := _public_key(told)) is not None]

    def _ask(self, url: str) -> dict[str, Any]:
        parts = urlsplit(url)
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise ValueError("not https")
        with self._client.stream("GET", url, headers={"Accept": "application/json"}) as answer:
            answer.raise_for_status()
            if answer.status_code != 200:
                raise ValueError("no document")
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > LONGEST_ANSWER:
                    raise ValueError("too long")
        document = httpx.Response(200, content=body).json()
        if not isinstance(document, dict):
            raise ValueError("not an object")
        return document


def _public_key(told: Any) -> PublicKey | None:
    """A key that may be used; None for one of another kind, for encryption, or that cannot be read."""
    if not isinstance(told, dict) or told.get("use", "sig") != "sig" or told.get("kty") not in KINDS.values():
        return None
    if "verify" not in told.get("key_ops", ["verify"]) or told.get("crv") != CURVES.get(told["kty"]):
        return None
    try:
        key = import_key({name: value for name, value in told.items() if name not in ("key_ops", "use", "d")})
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, RSAKey) and key.raw_value.key_size < SHORTEST_RSA_BITS:
        return None
    return key if isinstance(key, PublicKey) else None


def _away() -> Away:
    return Away(headers={"Retry-After": "10"})
