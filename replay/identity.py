"""Who the phones are: ids, secrets and push targets, all derived from the run's seed, so that a second start is the same crowd."""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

_KEY = re.compile(r"[\x21-\x7e]{1,200}")


def new_seed() -> str:
    """A fresh seed. Whoever knows it can speak as the run's phones: the ledger that holds it is private."""
    return secrets.token_hex(16)


@dataclass(frozen=True)
class Phone:
    """One resident's phone."""

    id: UUID
    secret: str
    push_value: str


@dataclass(frozen=True)
class Crowd:
    """The phones of one run, and the ids that they make."""

    seed: str
    phone_count: int

    @property
    def push_prefix(self) -> str:
        """What all push targets of this run begin with."""
        return f"replay-{hashlib.sha256(self.seed.encode()).hexdigest()[:12]}-"

    def phone(self, number: int) -> Phone:
        raw = self._hash("phone", str(number))
        return Phone(
            id=UUID(bytes=_as_version_8(raw[:16])),
            secret=base64.urlsafe_b64encode(self._hash("secret", str(number))).decode().rstrip("="),
            push_value=f"{self.push_prefix}{number}",
        )

    def phone_of(self, row: str) -> int:
        """The number of the phone that sends a row: always the same one, so that a retry has the same sender."""
        return int.from_bytes(self._hash("sender", row)[:8], "big") % self.phone_count

    def report_id(self, row: str, opened_at: datetime) -> UUID:
        """The report's id as the phone makes it: UUIDv8 (RFC 9562), its first 48 bits the time of opening in milliseconds."""
        milliseconds = int(opened_at.timestamp() * 1000) & ((1 << 48) - 1)
        return UUID(bytes=_as_version_8(milliseconds.to_bytes(6, "big") + self._hash("report", row)[:10]))

    @staticmethod
    def key(row: str, report_id: UUID) -> str:
        """The Idempotency-Key: the row's id where that can stand in a header, the report's otherwise."""
        return row if _KEY.fullmatch(row) else str(report_id)

    def _hash(self, purpose: str, name: str) -> bytes:
        return hashlib.sha256(f"{self.seed}\0{purpose}\0{name}".encode()).digest()


def _as_version_8(raw: bytes) -> bytes:
    marked = bytearray(raw)
    marked[6] = marked[6] & 0x0F | 0x80
    marked[8] = marked[8] & 0x3F | 0x80
    return bytes(marked)
