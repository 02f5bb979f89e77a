"""Throw-away servers for tests and measurements: the same PostgreSQL and S3 as `make run`'s, in a folder that goes away.

    with throw_away_folder() as folder:
        postgres = start_postgres(folder)
        s3 = start_s3(folder)
        …
        s3.stop()
        postgres.stop()

One pytest run starts them once, in the process that starts the xdist workers. They end with the process that started
them, however it ends, so call from its main thread.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from machine.folder import free_port
from machine.postgres import Cluster
from machine.processes import is_running
from machine.seaweed import PORTS, Seaweed

PREFIX = "mendway-test-"


def start_postgres(folder: Path, durable: bool = False) -> Cluster:
    """A running cluster in `folder`/postgres with PostGIS in every new database and the role `mendway`.

    It has `url(database, role)` (role "postgres" is the superuser), `stop()`, `start()`, and `kill()`, which is SIGKILL
    for the server and its backends. The role `mendway` owns the database `mendway` and may make more.

    durable: True for tests that kill it and ask what is left; else what protects against a crash is off, for speed.
    Raises machine.postgres.PostgresFailed. As root, `folder` must let PostgreSQL's account through (mode 0711).
    """
    cluster = Cluster(folder / "postgres", folder / "postgres.log", durable=durable)
    cluster.start()
    return cluster


def start_s3(folder: Path) -> Seaweed:
    """A running S3 server in `folder`/s3, on free ports: `endpoint`, `access_key`, `secret_key`, `stop()`, `kill()`.

    It has no bucket yet. Ready after about two seconds. Raises machine.seaweed.SeaweedFailed.
    """
    taken: set[int] = set()
    for _ in PORTS:
        taken.add(free_port(taken))
    seaweed = Seaweed(
        folder / "s3",
        folder / "s3.log",
        dict(zip(PORTS, sorted(taken), strict=True)),
        access_key=secrets.token_hex(10).upper(),
        secret_key=secrets.token_urlsafe(30),
        inner_key=secrets.token_urlsafe(30),
    )
    seaweed.start()
    return seaweed


@contextmanager
def throw_away_folder() -> Iterator[Path]:
    """A folder for servers, removed afterwards; those of runs that were killed are removed now."""
    remove_abandoned_folders()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    folder.chmod(0o711)  # PostgreSQL's account must be able to pass
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned_folders() -> None:
    """Remove the folders of runs whose process is gone, if they are ours to remove."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not is_running(int(owner)) and folder.stat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)
