"""Bearer tokens of the city's identity provider: OpenID Connect ID tokens, and access tokens that are JWTs.

Sources: OpenID Connect Core 1.0, 3.1.3.7; RFC 9068 (at+jwt); RFC 8725 (what to mind with JWTs).
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from domain.errors import TokenExpired, TokenUnknown
from identity.claims import ClaimRules
from identity.key_ring import KINDS, KeyRing
from identity.vouched import Vouched, is_subject, json_part

SKEW_S = 60  # how far their clock may be from ours
TYPES = (None, "jwt", "at+jwt")
LONGEST_SUBJECT = 255  # OpenID Connect Core 1.0, 2
_LATEST = 253_402_300_000  # the year 9999


class OpenId:
    """The city's provider: who it vouches for, and what they are here."""

    def __init__(
        self,
        issuer: str,
        audiences: tuple[str, ...],
        rules: ClaimRules,
        keys: KeyRing | None = None,
        clock: Callable[[], float] = time.time,
    ):
        self.issuer = issuer
        self.audiences = audiences
        self.rules = rules
        self.keys = keys or KeyRing(issuer)
        self._clock = clock

    def vouch(self, token: str) -> Vouched:
        """Whom a token is about, when it is good.

        Raises TokenUnknown for one that is not, TokenExpired for one that was, Away when its key cannot be looked for.
        """
        header = json_part(token.split(".")[0])
        if header is None or not _is_acceptable(header):
            raise TokenUnknown()
        claims = self._signed(token, header)
        self._refuse_others(claims)
        issued_at, expires_at = self._times(claims)
        return Vouched(
            provider="oidc",
            issuer=self.issuer,
            subject=claims["sub"],
            issued_at=_moment(issued_at),
            # Until then it is let in; what is known here ends at the same moment.
            expires_at=_moment(expires_at + SKEW_S),
            part=self.rules.part_of(claims),
            code=self.rules.code_of(claims),
            name=self.rules.name_of(claims),
        )

    def _signed(self, token: str, header: dict[str, Any]) -> dict[str, Any]:
        for key in self.keys.keys_for(header):
            try:
                jws.deserialize_compact(token, key, algorithms=[header["alg"]])
            except (JoseError, ValueError):
                continue
            claims = json_part(token.split(".")[1])
            if claims is not None:
                return claims
        raise TokenUnknown()

    def _refuse_others(self, claims: dict[str, Any]) -> None:
        """Raise TokenUnknown unless it is from this issuer, for us, and about somebody."""
        audience, subject = claims.get("aud"), claims.get("sub")
        audiences = audience if isinstance(audience, list) else [audience]
        is_ours = claims.get("iss") == self.issuer and any(one in self.audiences for one in audiences)
        is_about_somebody = is_subject(subject, LONGEST_SUBJECT)
        # Logout tokens and security events are signed by the same keys and are no one's bearer tokens.
        if not is_ours or not is_about_somebody or "events" in claims:
            raise TokenUnknown()

    def _times(self, claims: dict[str, Any]) -> tuple[float, float]:
        now = self._clock()
        issued, expires, begins = _time(claims.get("iat")), _time(claims.get("exp")), _time(claims.get("nbf", 0))
        if expires <= now - SKEW_S:
            raise TokenExpired()
        if max(issued, begins) > now + SKEW_S:
            raise TokenUnknown()
        return issued, expires


def _is_acceptable(header: dict[str, Any]) -> bool:
    kind = header.get("typ")
    kind = kind.lower().removeprefix("application/") if isinstance(kind, str) else kind
    is_named = header.get("kid") is None or isinstance(header["kid"], str)
    algorithm = header.get("alg")
    # Extensions that must be understood are none that we understand.
    return isinstance(algorithm, str) and algorithm in KINDS and kind in TYPES and is_named and "crit" not in header


def _time(value: Any) -> float:
    """A moment of a claim. Raises TokenUnknown."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < _LATEST:
        raise TokenUnknown()
    return value


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
