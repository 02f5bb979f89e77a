"""How much one phone and one network address may do."""

import re
from dataclasses import dataclass

UNREACHABLE = 2_000_000_000  # fits a 32-bit integer, and no stretch of a day sees so many


@dataclass(frozen=True)
class RateLimit:
    """So many of one thing in a stretch of `window_s` seconds, for one phone and for one network address; 0: no limit."""

    per_device: int
    per_address: int
    window_s: int

    @property
    def quotas(self) -> tuple[int, int]:
        """For the phone and for the address, as they are compared with counts."""
        return self.per_device or UNREACHABLE, self.per_address or UNREACHABLE


# What somebody who reports a lot stays below, many people behind one address of a mobile network included.
RATE_LIMITS = {
    "registrations": RateLimit(0, 300, 3600),  # a phone that registers has no token yet: only its address is counted
    "reports": RateLimit(60, 600, 3600),
    "comments": RateLimit(60, 600, 3600),
    "recoveries": RateLimit(10, 60, 3600),
    "flags": RateLimit(30, 300, 3600),
    "sign_ins": RateLimit(10, 100, 900),  # for one name instead of one phone
    "identities": RateLimit(20, 200, 3600),
    "magic_links": RateLimit(5, 60, 3600),  # for one phone, and as many to one mail address
}
_WORD = re.compile(r"(\w+)=(\d{1,9})/(\d{1,9})/(\d{1,5})")


def read_limit(word: str) -> tuple[str, RateLimit]:
    """`reports=60/600/3600`: for one phone, for one address, in seconds. Raises ValueError with the rule."""
    parts = _WORD.fullmatch(word)
    if parts is None or parts[1] not in RATE_LIMITS or not 1 <= int(parts[4]) <= 86_400:
        raise ValueError(
            f"{word[:40]!r} is not `off`, and not NAME=PER_PHONE/PER_ADDRESS/SECONDS with up to 86400 seconds and a name of"
            f" {', '.join(RATE_LIMITS)}"
        )
    return parts[1], RateLimit(int(parts[2]), int(parts[3]), int(parts[4]))
