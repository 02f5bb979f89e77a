"""Rate limits: counted in PostgreSQL for all processes together, told in the standard headers.

Sources: RFC 6585 (429), RFC 9110 (Retry-After), draft-ietf-httpapi-ratelimit-headers-10 (RateLimit, RateLimit-Policy).
"""

import hmac
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any

from flask import Response, g, request

from actions.limits import count_hits
from api.importers import is_importer
from api.town import config
from core.db import DatabaseAway, single_statement
from core.limits import RateLimit
from domain.errors import RateLimited

IPV6_SITE_BITS = 64  # one customer of a provider gets at least so much, and can send from any address in it


@dataclass(frozen=True)
class Count:
    """What is left for the phone and for the address, -1 when it is used up, and when counting begins anew."""

    limit: RateLimit
    remaining: tuple[int, int]
    reset_s: int


def count_name(subject: str, name: str, *, with_sender: bool = True) -> None:
    """Count one `subject` for a name that anybody may send, in the phone's place, and for the network address.

    with_sender: False when the address was counted already. The name is kept as a hash that only this town's processes
    can make. Raises RateLimited.
    """
    limit = limit_of(subject)
    if limit is None:
        return
    for_name, for_address = limit.quotas
    hashed = hmac.digest(config().secret.encode(), b"name\0" + name.strip().lower().encode(), "sha256")[:16]
    asked = [(subject.encode() + b":name:" + hashed, for_name)]
    if with_sender:
        asked.append((subject.encode() + b":address:" + sender(), for_address))
    remaining, reset_s = _counted(asked, limit.window_s)
    keep(Count(limit, (remaining[0], remaining[1] if with_sender else for_address), reset_s))


def count(subject: str) -> None:
    """Count one `subject` of core.limits for the caller's phone and for its network address.

    Called where something new is about to be made, so that a retry is never held up. Staff and importers are not counted.
    Raises RateLimited.
    """
    limit = limit_of(subject)
    if limit is None or is_importer():
        return
    who = g.get("caller")
    if who is not None and who.role != "resident":
        return
    for_device, for_address = limit.quotas
    asked = [(subject.encode() + b":address:" + sender(), for_address)]
    if who is not None and who.person_id is not None:
        asked.append((subject.encode() + b":device:" + who.key_owner.bytes, for_device))
    remaining, reset_s = _counted(asked, limit.window_s)
    keep(Count(limit, (remaining[1] if len(remaining) > 1 else for_device, remaining[0]), reset_s))


def _counted(asked: list[tuple[bytes, int]], window_s: int) -> tuple[list[int], int]:
    """Tried again once: these connections are not looked at before use, and the database may have been started anew since."""
    try:
        with single_statement() as cursor:
            return count_hits(cursor, asked, window_s)
    except DatabaseAway:
        with single_statement() as cursor:
            return count_hits(cursor, asked, window_s)


def limit_of(subject: str) -> RateLimit | None:
    """The limit in force; None when nothing is counted."""
    limits = config().rate_limits
    limit = limits[subject] if limits is not None else None
    return limit if limit is not None and (limit.per_device or limit.per_address) else None


def keep(count: Count) -> None:
    """Have the answer tell of it. Raises RateLimited when one of the two is used up."""
    if min(count.remaining) < 0:
        raise RateLimited(headers={"Retry-After": str(count.reset_s), **headers_of(count)}, retry_after_s=count.reset_s)
    g.rate_count = count


def tell(answer: Response, kept: Any) -> None:
    """The headers of what was counted for this request, if anything was. kept: flask's `g`."""
    count = kept.get("rate_count")
    if count is not None:
        for name, value in headers_of(count).items():
            answer.headers.add(name, value)


def headers_of(count: Count) -> dict[str, str]:
    """The policies that there are, and how much is left of each."""
    left = dict(zip(("device", "address"), count.remaining, strict=True))
    return {
        "RateLimit-Policy": _policies(count.limit),
        "RateLimit": ", ".join(
            f'"{name}";r={max(0, left[name])};t={count.reset_s}' for name, quota in _told(count.limit).items() if quota
        ),
    }


def _told(limit: RateLimit) -> dict[str, int]:
    return {"device": limit.per_device, "address": limit.per_address}


@lru_cache(maxsize=64)
def _policies(limit: RateLimit) -> str:
    return ", ".join(f'"{name}";q={quota};w={limit.window_s}' for name, quota in _told(limit).items() if quota)


def sender() -> bytes:
    """Where the request comes from, as a hash that only this town's processes can make: addresses are not kept."""
    return _hashed(config().secret, request.remote_addr or "")


@lru_cache(maxsize=4096)
def _hashed(secret: str, address: str) -> bytes:
    return hmac.digest(secret.encode(), b"sender\0" + site_of(address).encode(), "sha256")[:16]


def site_of(address: str) -> str:
    """The address; of IPv6 the network of one customer."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Address(int(parsed) >> (128 - IPV6_SITE_BITS) << (128 - IPV6_SITE_BITS)))
    return str(parsed)
