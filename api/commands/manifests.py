"""What a backup consists of: a folder with a dump, every object of the bucket, and manifest.json, which names each with its hash."""

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from api.commands.answers import Mistake
from core.config import Config

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
OBJECTS = "objects"
UNFINISHED = ".part"
NOTE = "last-backup.json"  # in MENDWAY_DATA, for `mendway doctor`
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class KeptFile:
    """One file of a backup, by its path in the folder."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class KeptObject(KeptFile):
    """An object of the bucket. Its key is no path: keys may hold anything."""

    key: str
    tag: str
    headers: dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """All that is known of a backup without opening the rest of it."""

    town: str
    made_at: str  # RFC 3339, UTC: the moment that the backup shows
    revision: str
    program: str
    postgres: int  # major version of the server
    pg_dump: int
    secret_check: str
    counts: dict[str, int]
    dump: KeptFile
    objects: list[KeptObject] = field(default_factory=list)

    @property
    def files(self) -> list[KeptFile]:
        return [self.dump, *self.objects]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


@contextmanager
def for_the_owner_only() -> Iterator[None]:
    """Files and folders that are made meanwhile can be read by nobody else: a backup holds personal data."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def write(manifest: Manifest, folder: Path) -> None:
    """Write manifest.json, the last of a backup's files, and wait until it is on the disk."""
    with (folder / MANIFEST).open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, **asdict(manifest)}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())


def read(folder: Path) -> Manifest:
    """Raises Mistake when the folder is no whole backup of a kind that this program reads."""
    if folder.name.endswith(UNFINISHED):
        raise Mistake(f"{folder} is a backup that was cut off; it is not whole.")
    try:
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT:
            raise Mistake(f"{folder} was written by a later program than this one.")
        dump, objects = values.pop("dump"), values.pop("objects")
        return Manifest(**values, dump=KeptFile(**dump), objects=[KeptObject(**one) for one in objects])
    except OSError as fault:
        raise Mistake(f"{folder} is no backup: {MANIFEST} cannot be read ({fault.strerror}).") from fault
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise Mistake(f"{folder} is no backup: its {MANIFEST} is not one of ours.") from fault


def whole_backups(folder: Path, town: str) -> list[Path]:
    """The whole backups of a town in a folder, the oldest first."""
    found = []
    for place in folder.iterdir():
        if not place.is_dir() or place.name.endswith(UNFINISHED) or not (place / MANIFEST).is_file():
            continue
        try:
            manifest = read(place)
        except Mistake:
            continue
        if manifest.town == town:
            found.append((manifest.made_at, place))
    return [place for _, place in sorted(found)]


def wrong_files(manifest: Manifest, folder: Path, progress: Callable[[int], None]) -> Iterator[str]:
    """What is not as the manifest says, one sentence a file. Reads everything. progress: gets bytes as they are read."""
    for kept in manifest.files:
        path = folder / kept.path
        if not path.resolve().is_relative_to(folder.resolve()):
            yield f"{kept.path} is not in the backup's folder"
            continue
        try:
            found = sha256_of(path, progress)
        except OSError as fault:
            yield f"{kept.path} cannot be read ({fault.strerror})"
            continue
        if found != kept.sha256:
            yield f"{kept.path} is not what was written ({path.stat().st_size:,} bytes, {kept.bytes:,} were written)"


def sha256_of(path: Path, progress: Callable[[int], None] = lambda _: None) -> str:
    """The hash of a file, in hexadecimal digits."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            hashed.update(chunk)
            progress(len(chunk))
    return hashed.hexdigest()


def secret_check(config: Config) -> str:
    """Tells whether two settings of MENDWAY_SECRET are the same, and nothing else of them."""
    return hmac.digest(config.secret.encode(), b"mendway backup", "sha256").hex()[:16]


def leave_note(config: Config, manifest: Manifest, place: Path) -> None:
    """For doctor: when the last backup was made, and where it went. Raises OSError."""
    config.data.mkdir(parents=True, exist_ok=True, mode=0o711)
    new = config.data / f"{NOTE}.new"
    note = {"made_at": manifest.made_at, "place": str(place.resolve()), "bytes": manifest.bytes, "town": manifest.town}
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(note, file, indent=1)
    new.replace(config.data / NOTE)


def last_backup(config: Config) -> tuple[timedelta, Path] | None:
    """How old the last backup is and where it went; None when there has been none on this machine."""
    try:
        note = json.loads((config.data / NOTE).read_text())
        return datetime.now(UTC) - datetime.fromisoformat(note["made_at"]), Path(note["place"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
