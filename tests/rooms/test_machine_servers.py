"""The private PostgreSQL and the private S3 server: what they promise, also after being killed."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from machine.folder import DataFolder
from machine.postgres import Cluster
from machine.processes import is_running
from machine.seaweed import Seaweed
from machine.testing import start_postgres, start_s3, throw_away_folder
from machine.web import get

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with throw_away_folder() as made:
        yield made


@pytest.fixture(scope="module")
def kept_cluster(folder: Path) -> Iterator[Cluster]:
    made = start_postgres(folder, durable=True)
    yield made
    made.stop()


@pytest.fixture
def cluster(kept_cluster: Cluster) -> Cluster:
    if not kept_cluster.is_alive():
        kept_cluster.start()
    return kept_cluster


def do(url: str, statement: str) -> list[Any]:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def test_every_new_database_has_postgis_and_belongs_to_a_role_that_is_no_superuser(cluster: Cluster):
    do(cluster.url("postgres"), "DROP DATABASE IF EXISTS another")
    do(cluster.url("postgres"), "CREATE DATABASE another")

    assert do(cluster.url("another"), "SELECT ST_AsText(ST_Point(1, 2))") == [("POINT(1 2)",)]
    assert do(cluster.url(), "SELECT current_user::text, rolsuper FROM pg_roles WHERE rolname = current_user") == [
        ("mendway", False)
    ]


def test_it_listens_on_no_network_and_its_socket_is_for_its_account_only(cluster: Cluster):
    assert do(cluster.url("postgres", "postgres"), "SHOW listen_addresses") == [("",)]
    assert cluster.socket.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the cluster another account")
def test_started_by_root_it_does_not_run_as_root(cluster: Cluster):
    assert Path(f"/proc/{cluster.process.pid}").stat().st_uid == cluster.account.uid != 0


def test_its_log_does_not_hold_what_people_wrote(cluster: Cluster):
    do(cluster.url(), "DROP TABLE IF EXISTS said; CREATE TABLE said (text text UNIQUE)")
    do(cluster.url(), "INSERT INTO said VALUES ('call me: Mrs Example')")

    with pytest.raises(psycopg2.errors.UniqueViolation):
        do(cluster.url(), "INSERT INTO said VALUES ('call me: Mrs Example')")

    words = cluster.log.read_text()
    assert "duplicate key" in words
    assert "Mrs Example" not in words


def test_what_was_committed_is_there_after_a_kill(cluster: Cluster):
    do(cluster.url(), "DROP TABLE IF EXISTS kept; CREATE TABLE kept (n int)")
    do(cluster.url(), "INSERT INTO kept VALUES (1)")
    cluster.kill()

    cluster.start()

    assert do(cluster.url(), "SELECT n FROM kept") == [(1,)]


def test_it_starts_though_only_the_server_was_killed_and_a_session_lives_on(cluster: Cluster):
    session = psycopg2.connect(cluster.url())
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait()

    cluster.start()

    assert do(cluster.url(), "SELECT 1") == [(1,)]
    session.close()


def test_a_lock_that_names_another_living_program_does_not_stop_it(cluster: Cluster):
    cluster.stop()
    lock = cluster.folder / "postmaster.pid"
    lock.write_text(f"{os.getppid()}\n{cluster.folder}\n")

    cluster.start()

    assert do(cluster.url(), "SELECT 1") == [(1,)]


@pytest.mark.slow
def test_a_cluster_whose_making_was_cut_off_is_made_anew(folder: Path):
    home = folder / "cut-off"
    (home / "cluster.new").mkdir(parents=True)
    (home / "cluster.new" / "PG_VERSION").write_text("15\n")
    cluster = Cluster(home, folder / "cut-off.log", durable=False)

    cluster.start()

    assert do(cluster.url(), "SELECT 1") == [(1,)]
    cluster.stop()


@pytest.mark.slow
def test_a_path_too_long_for_a_unix_socket_is_no_hindrance(folder: Path):
    home = folder / ("a-very-long-name-" * 6)
    home.mkdir(mode=0o711)
    cluster = Cluster(home / "postgres", folder / "long.log", durable=False)

    cluster.start()

    assert do(cluster.url(), "SELECT 1") == [(1,)]
    cluster.stop()
    cluster.socket.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the cluster another account")
def test_a_data_folder_that_the_account_cannot_enter_gets_its_cluster_elsewhere(folder: Path, cluster: Cluster):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    data = DataFolder.at(closed / "data")

    home = data.database_home(cluster.account)

    try:
        assert home.parent == Path("/var/lib/mendway")
        assert data.database_home(cluster.account) == home
        assert (data.path / "postgres").resolve() == home
    finally:
        home.rmdir()


@pytest.mark.slow
def test_the_server_ends_with_whoever_started_it(folder: Path):
    script = (
        "import os, signal; from pathlib import Path; from machine.testing import start_postgres;"
        f"made = start_postgres(Path({str(folder / 'orphan')!r})); print(made.process.pid, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    (folder / "orphan").mkdir(mode=0o711)
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    server = int(done.stdout)

    # The next start ends what may still be shutting down, and takes over.
    cluster = start_postgres(folder / "orphan")

    assert not is_running(server)
    cluster.stop()


@pytest.fixture(scope="module")
def s3(folder: Path) -> Iterator[Seaweed]:
    made = start_s3(folder)
    yield made
    made.stop()


@pytest.mark.slow
def test_s3_and_what_is_behind_it_refuse_strangers(s3: Seaweed):
    assert get(s3.endpoint + "/")[0] == 403
    assert get(f"http://127.0.0.1:{s3.ports['filer']}/")[0] == 401


@pytest.mark.slow
def test_s3_listens_on_loopback_only_and_on_no_port_that_we_did_not_choose(s3: Seaweed):
    listening = _listening(s3.process.pid)

    assert {address for address, _ in listening} == {"127.0.0.1"}
    assert {port for _, port in listening} == set(s3.ports.values())


@pytest.mark.slow
def test_s3_leaves_no_sockets_in_tmp(folder: Path):
    (folder / "second").mkdir()
    other = start_s3(folder / "second")
    other.stop()

    assert not [place for port in other.ports.values() for place in Path("/tmp").glob(f"seaweedfs-*-{port}.sock")]


def _listening(pid: int) -> set[tuple[str, int]]:
    """Addresses and ports where a process listens, from /proc."""
    inodes = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(handle)
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and columns[9] in inodes:
                address, port = columns[1].split(":")
                raw = b"".join(bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8))
                found.add((socket.inet_ntop(family, raw), int(port, 16)))
    return found
