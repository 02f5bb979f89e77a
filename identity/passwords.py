"""Passwords: kept as argon2id, compared in the same time whoever's they are.

Source: OWASP, "Password Storage Cheat Sheet" (read 2026-11): 19 MiB, two passes, one lane.
"""

import unicodedata
from collections.abc import Iterable

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

SHORTEST, LONGEST = 12, 1000  # characters; NIST SP 800-63B-4 asks for no rules of letters and digits, nor do we
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
# Of nobody's password: whoever asks for a name that is not there waits as long as for one that is.
_NOBODY = _HASHER.hash("a password that nobody has")


def password_hash(password: str) -> str:
    """What is stored instead of a password: method, parameters, salt and hash in one text."""
    return _HASHER.hash(_plain(password))


def is_password(stored: str | None, password: str) -> bool:
    """Whether this is the password. None: there is no account, which takes the same time."""
    try:
        _HASHER.verify(_NOBODY if stored is None else stored, _plain(password))
    except (Argon2Error, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def is_a_name(password: str, names: Iterable[str | None]) -> bool:
    """Whether the password is one of these names in any case, such as the one that somebody signs in with."""
    told = _plain(password).strip().casefold()
    return any(name is not None and told == _plain(name).strip().casefold() for name in names)


def _plain(text: str) -> str:
    """One spelling for what keyboards write in two. Source: NIST SP 800-63B-4, 3.1.1.2."""
    return unicodedata.normalize("NFKC", text)
