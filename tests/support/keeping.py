"""A photo store of the tests' own, and what a town keeps in database and bucket: for tests that put both away and back."""

import contextlib
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.config import Config, read_config
from machine.seaweed import Seaweed
from machine.testing import start_s3, throw_away_folder
from media.storage import Bucket, ensure_bucket
from tests.support.bare import BareTown, Said
from tests.support.live import ROOT
from tests.support.server import open_connection

# Not kept: a restore begins a new epoch, and counted requests are not worth keeping.
_DIGEST = (
    "SELECT count(*) || ' ' || coalesce(md5(string_agg(one::text, E'\\n' ORDER BY one::text)), '') FROM {table} AS one"
)


@pytest.fixture(scope="session")
def store() -> Iterator[Seaweed]:
    """A real S3 server. Buckets are made by `with_bucket`."""
    with throw_away_folder() as folder:
        s3 = start_s3(folder)
        yield s3
        s3.stop()


@pytest.fixture
def first(applied: BareTown, store: Seaweed) -> BareTown:
    """The town of tests/town with a bucket of its own."""
    with_bucket(applied, store, "first")
    return applied


@pytest.fixture
def second(unmigrated: BareTown, store: Seaweed) -> BareTown:
    """Another machine: an empty database and an empty bucket."""
    with_bucket(unmigrated, store, "second")
    return unmigrated


def with_bucket(town: BareTown, store: Seaweed, name: str) -> Config:
    """Give a town a bucket of its own, with nothing in it. Few names: each bucket takes the store some gigabytes of its disk."""
    town.environment |= {
        "S3_ENDPOINT": store.endpoint,
        "S3_ACCESS_KEY_ID": store.access_key,
        "S3_SECRET_ACCESS_KEY": store.secret_key,
        "S3_BUCKET": name,
    }
    config = read_config(town.environment)
    assert ensure_bucket(config)
    bucket = Bucket(config)
    for found in list(bucket.each()):
        bucket._store.delete_object(Bucket=name, Key=found.key)
    return config


def put(config: Config, folder: Path, key: str, content: bytes, **headers: Any) -> None:
    """Store an object."""
    file = folder / "to-store"
    file.write_bytes(content)
    Bucket(config).put(key, file, headers)


def objects(config: Config, folder: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every object by its key: the hash of its bytes, and how it is handed out."""
    bucket, file = Bucket(config), folder / "fetched"
    found = {}
    for listed in bucket.each():
        fetched = bucket.fetch(listed.key, file)
        assert fetched is not None
        assert fetched.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
        found[listed.key] = (fetched.sha256, fetched.headers)
    return found


def digests(town: BareTown) -> dict[str, str]:
    """Every table: how many rows, and a hash over all of them."""
    found = {table: town.value(_DIGEST.format(table=table)) for table in town.counts() if table != "rate_count"}
    found["jurisdiction"] = town.value(
        "SELECT md5(string_agg((to_jsonb(one) - 'epoch')::text, '' ORDER BY id)) FROM jurisdiction one"
    )
    return found


def config_of(town: BareTown) -> Config:
    return read_config(town.environment)


def backed_up(town: BareTown, to: Path, *words: str) -> Path:
    """Make a backup; its folder."""
    return Path(town.mendway("backup", "--to", to, *words).out.split(": ")[0])


def begin(town: BareTown, *words: str | Path) -> subprocess.Popen[str]:
    """Start a command as a process of its own, which can be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "api.commands", *map(str, words)],
        cwd=ROOT,
        env={**town.environment, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def process(town: BareTown, *words: str | Path, expect: int = 0) -> Said:
    """Run a command as a process of its own, beside an API in this one."""
    running = begin(town, *words)
    out, err = running.communicate(timeout=60)
    said = Said(running.returncode, out, err)
    assert said.code == expect, said.told
    return said


@contextlib.contextmanager
def locked(town: BareTown, table: str) -> Iterator[None]:
    """Nobody reads or changes that table meanwhile."""
    holder = open_connection(town.url)
    holder.autocommit = False
    holder.cursor().execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    try:
        yield
    finally:
        holder.close()


def waiting_for_locks(town: BareTown) -> int:
    """How many statements of the town's database wait for a lock."""
    return town.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
