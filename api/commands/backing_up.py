"""backup."""

import argparse
import fcntl
import hashlib
import os
import shutil
import sys
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from api.commands import manifests
from api.commands.answers import Mistake, counted, open_database, present_town
from api.commands.bars import bar
from api.commands.manifests import DUMP, OBJECTS, UNFINISHED, KeptFile, KeptObject, Manifest
from api.commands.revisions import revision_of, standing_of
from core.config import Config
from core.db import transaction
from machine.dumps import DumpFailed, dump, way_to
from media.storage import Bucket, Listed, StorageFailed

ROOT = Path(__file__).parents[2]
AT_ONCE = 8  # objects
COUNTED = ("report", "report_event", "comment", "person", "device", "change")
_SNAPSHOT = text("SELECT pg_export_snapshot(), now(), current_setting('server_version_num')::int / 10000")


def add_verbs(verbs: Any) -> None:
    """Add this verb to the command line."""
    verb = verbs.add_parser(
        "backup",
        help="the database and every photo into a folder, while everything goes on",
        description="Write the database, then every object of the bucket, into a new folder in DIR, with the hash of each file. It "
        "gets its name when it is whole. Reports may come in meanwhile: the backup shows one moment. It holds personal data, and is for "
        "its owner's eyes only. `mendway restore` puts it back. The settings are not in it: keep MENDWAY_SECRET elsewhere.",
    )
    verb.add_argument("--to", type=Path, required=True, metavar="DIR", help="where backups are kept; made when missing")
    verb.add_argument("--keep", type=_count, metavar="N", help="then remove all but the newest N of this town in DIR")
    verb.set_defaults(run=run)


def _count(word: str) -> int:
    count = int(word)
    if count < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return count


def run(options: argparse.Namespace) -> None:
    folder: Path = options.to
    try:
        with manifests.for_the_owner_only(), open_database() as config, _alone_in(folder):
            place, manifest = _back_up(config, folder)
            _tell(config, place, manifest)
            if options.keep:
                _prune(folder, manifest.town, options.keep)
    except OSError as fault:
        raise Mistake(f"There is no new backup: {fault.filename or folder}: {fault.strerror}.") from fault
    except (DumpFailed, StorageFailed) as fault:
        raise Mistake(f"There is no new backup: {fault}") from fault


def _tell(config: Config, place: Path, manifest: Manifest) -> None:
    sizes = f"{counted(manifest.counts['report'], 'report')}, {counted(len(manifest.objects), 'object')}"
    print(f"{place}: {manifest.town} as of {manifest.made_at}, {sizes}, {manifest.bytes:,} bytes.")
    try:
        manifests.leave_note(config, manifest, place)
    except OSError as fault:
        print(f"`mendway doctor` will not know of it: {config.data}: {fault.strerror}.", file=sys.stderr)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One backup at a time in a folder. Raises Mistake."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Mistake(f"Another backup into {folder} is running.") from None
    finally:
        os.close(handle)


def _back_up(config: Config, folder: Path) -> tuple[Path, Manifest]:
    """Write everything under a name that no restore takes, then give it its own."""
    for half in folder.glob(f"*-????????T??????Z{UNFINISHED}"):  # nobody else is at work here, so it was cut off
        shutil.rmtree(half)
    with transaction() as session:
        town = present_town(session).code
    whole = _new_place(folder, town)
    half = whole.with_name(whole.name + UNFINISHED)
    half.mkdir()
    try:
        manifest = _fill(config, half, manifests.whole_backups(folder, town))
        os.sync()
        half.rename(whole)
    finally:
        shutil.rmtree(half, ignore_errors=True)  # when it has its name, there is nothing left of this one
    _sync_folder(folder)
    return whole, manifest


def _new_place(folder: Path, town: str) -> Path:
    while (place := folder / f"{town}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}").exists():
        time.sleep(0.1)
    return place


def _fill(config: Config, half: Path, before: list[Path]) -> Manifest:
    way = way_to(config.database_url)
    log = half / "dump.log"
    with transaction() as session:
        # The counts, the revision and the dump are of one moment, whatever is written meanwhile.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        snapshot, at, server = session.execute(_SNAPSHOT).one()
        town, revision = present_town(session).code, _revision(session)
        counts = _counts(session)
        with bar("database", unit="B") as show:
            pg_dump = dump(way, server, snapshot, half / DUMP, log, show)
    log.unlink(missing_ok=True)
    dumped = KeptFile(DUMP, (half / DUMP).stat().st_size, manifests.sha256_of(half / DUMP))
    manifest = Manifest(
        town=town,
        made_at=at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        revision=revision,
        program=_version(),
        postgres=server,
        pg_dump=pg_dump,
        secret_check=manifests.secret_check(config),
        counts=counts,
        dump=dumped,
        # After the dump, so that every photo that it names is there.
        objects=_objects(Bucket(config), half, before),
    )
    manifests.write(manifest, half)
    return manifest


def _revision(session: Session) -> str:
    revision = revision_of(session)
    if revision is None or standing_of(revision) == "newer":
        raise Mistake(f"The database is at revision {revision}, which a later program made; back it up with that one.")
    return revision


def _counts(session: Session) -> dict[str, int]:
    session.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'"))
    return {table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in COUNTED}  # noqa: S608


def _objects(bucket: Bucket, half: Path, before: list[Path]) -> list[KeptObject]:
    earlier = {kept.key: (before[-1], kept) for kept in manifests.read(before[-1]).objects} if before else {}
    listed = list(bucket.each())

    def keep(found: Listed) -> KeptObject | None:
        linked = _linked(found, half, *earlier[found.key]) if found.key in earlier else None
        return linked or _fetched(bucket, found, half)

    with bar("objects", total=len(listed)) as show, ThreadPoolExecutor(AT_ONCE) as pool:
        kept = []
        for count, one in enumerate(pool.map(keep, listed), 1):
            show(count)
            if one is not None:
                kept.append(one)
    return kept


def _place_of(key: str) -> str:
    """A key may hold anything, also what no file can be called."""
    hashed = hashlib.sha256(key.encode()).hexdigest()
    return f"{OBJECTS}/{hashed[:2]}/{hashed}"


def _fetched(bucket: Bucket, found: Listed, half: Path) -> KeptObject | None:
    """None when somebody has deleted it since it was listed."""
    path = half / _place_of(found.key)
    path.parent.mkdir(parents=True, exist_ok=True)
    fetched = bucket.fetch(found.key, path)
    if fetched is None:
        return None
    return KeptObject(_place_of(found.key), fetched.bytes, fetched.sha256, found.key, found.tag, fetched.headers)


def _linked(found: Listed, half: Path, backup: Path, kept: KeptObject) -> KeptObject | None:
    """The same file as in the backup before, when the object is the same and the file is still whole."""
    if (kept.tag, kept.bytes) != (found.tag, found.bytes):
        return None
    path = half / kept.path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        if manifests.sha256_of(backup / kept.path) != kept.sha256:
            return None
        path.hardlink_to(backup / kept.path)
    except OSError:  # no longer there, or a file system without links
        return None
    return kept


def _prune(folder: Path, town: str, keep: int) -> None:
    """Remove all but the newest. Raises Mistake."""
    gone = manifests.whole_backups(folder, town)[:-keep]
    for place in gone:
        # Its name first: one that is half removed must not look whole.
        half = place.with_name(place.name + UNFINISHED)
        try:
            place.rename(half)
            shutil.rmtree(half)
        except OSError as fault:
            raise Mistake(f"The older backup {place} cannot be removed: {fault.strerror}.") from fault
    if gone:
        print(f"{counted(len(gone), 'older backup')} removed.")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
