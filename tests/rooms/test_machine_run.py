"""`make run` itself: two instances beside each other, parts that are killed, a start that is killed, a clear word when it cannot."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from machine.folder import DataFolder, free_port
from machine.postgres import Cluster
from machine.processes import is_running, marked
from machine.testing import throw_away_folder
from machine.web import get

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


class Start:
    """One `python -m machine.run` without the demo town."""

    def __init__(self, data: Path):
        self.data = data
        self.port = free_port(set())
        self.log = data.parent / f"{data.name}.log"

    def begin(self, **settings: str) -> "Start":
        mine = ("DATABASE_", "S3_", "MENDWAY", "FIREBASE", "PORT", "HOST", "PUBLIC_", "MAKE", "LOG_")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
        environment |= {"PORT": str(self.port), "MENDWAY_DATA": str(self.data), "MENDWAY_DEMO": "no", **settings}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "machine.run"],
                cwd=ROOT,
                env={**environment, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def wait(self, patience_s: float = 120) -> "Start":
        assert soon(lambda: "Ctrl-C stops" in self.said() or self.process.poll() is not None, patience_s), self.said()
        assert self.process.poll() is None, self.said()
        return self

    def said(self) -> str:
        return self.log.read_text()

    def is_ready(self) -> bool:
        return get(f"http://127.0.0.1:{self.port}/readyz")[0] == 200

    def programs(self) -> list[int]:
        mark = DataFolder.at(self.data).last_mark()
        return marked(mark) if mark else []

    def program(self, words: str) -> int:
        """The first process of one program: the one that the supervisor itself started."""
        found = [pid for pid in self.programs() if words in command_of(pid)]
        return min(found, key=lambda pid: Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])

    def database(self) -> int | None:
        """The PostgreSQL server, which gets nothing of our environment."""
        try:
            lock = (self.data / "postgres" / "cluster" / "postmaster.pid").read_text()
        except FileNotFoundError:
            return None
        return int(lock.split()[0])


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def soon(is_so: Callable[[], bool], within_s: float = 30) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with throw_away_folder() as made:
        yield made


@pytest.fixture(scope="module")
def two(folder: Path) -> Iterator[tuple[Start, Start]]:
    starts = (Start(folder / "one").begin(), Start(folder / "two").begin())
    for start in starts:
        start.wait()
    yield starts
    for start in starts:
        if start.process.poll() is None:
            start.process.terminate()
            start.process.wait(60)


def test_two_instances_run_beside_each_other(two: tuple[Start, Start]):
    assert all(start.is_ready() for start in two)
    assert two[0].database() != two[1].database()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("API", "-m granian"),
        ("worker", "-m jobs.app"),
        ("FCM stand-in", "-m machine.fcm_standin"),
        ("S3 server", "weed"),
    ],
)
def test_a_part_that_is_killed_comes_back_and_the_log_says_so(two: tuple[Start, Start], name: str, words: str):
    one, _ = two
    before = one.program(words)
    os.kill(before, signal.SIGKILL)

    assert soon(lambda: f"{name}: running again" in one.said())
    assert f"{name}: was ended by SIGKILL; starting again in" in one.said()
    assert soon(one.is_ready)
    assert one.program(words) != before


def test_the_database_comes_back_too(two: tuple[Start, Start]):
    one, _ = two
    before = one.database()
    os.kill(before, signal.SIGKILL)

    assert soon(lambda: "PostgreSQL: running again" in one.said())
    assert one.database() != before
    assert soon(one.is_ready)


def test_one_api_process_that_is_killed_is_replaced(two: tuple[Start, Start]):
    one, _ = two
    first = one.program("-m granian")
    workers = [pid for pid in one.programs() if pid != first and "granian" in command_of(pid)]
    os.kill(workers[0], signal.SIGKILL)

    def is_replaced() -> bool:
        now = {pid for pid in one.programs() if pid != first and "granian" in command_of(pid)}
        return len(now) >= 2 and workers[0] not in now

    assert soon(is_replaced)
    assert soon(one.is_ready)


def test_a_second_start_with_the_same_data_is_refused(two: tuple[Start, Start]):
    one, _ = two
    third = Start(one.data)
    third.log = one.data.parent / "third.log"

    assert third.begin().process.wait(30) == 1
    assert f"process {one.process.pid}" in third.said()
    assert one.is_ready()


def test_a_taken_port_is_refused_before_anything_is_made(folder: Path):
    start = Start(folder / "no-port")
    with socket.socket() as other:
        other.bind(("127.0.0.1", start.port))
        other.listen()

        assert start.begin().process.wait(30) == 1

    assert f"Port {start.port} of 127.0.0.1 is taken" in start.said()
    assert f"PORT={start.port + 1} make run" in start.said()
    assert not (start.data / "postgres").exists()


def test_a_start_that_was_killed_leaves_nothing_running_and_the_next_one_recovers(two: tuple[Start, Start]):
    one, other = two
    left, database = one.programs(), one.database()
    assert len(left) >= 6
    one.process.kill()
    one.process.wait()

    one.begin().wait()

    assert one.is_ready()
    assert not [pid for pid in [*left, database] if is_running(pid)]
    assert other.is_ready()


def test_sigterm_stops_all_of_it_and_nothing_else(two: tuple[Start, Start]):
    one, other = two
    programs, database = one.programs(), one.database()

    one.process.terminate()

    assert one.process.wait(60) == 0
    assert "stopped." in one.said()
    assert not [pid for pid in [*programs, database] if is_running(pid)]
    assert other.is_ready()


def test_a_database_and_an_s3_server_that_exist_are_used_instead_of_private_ones(folder: Path):
    cluster = Cluster(folder / "given", folder / "given.log", durable=False)
    cluster.start()
    start = Start(folder / "three").begin(
        DATABASE_URL=cluster.url(), S3_ENDPOINT="http://127.0.0.1:9", S3_ACCESS_KEY_ID="a", S3_SECRET_ACCESS_KEY="b"
    )
    try:
        start.wait()

        assert start.is_ready()  # degraded, since nobody answers at that S3_ENDPOINT, but not away
        assert not (start.data / "postgres").exists()
        assert not (start.data / "s3").exists()
        assert "[3/9] PostgreSQL … DATABASE_URL names one" in start.said()
    finally:
        start.process.terminate()
        start.process.wait(60)
        assert cluster.is_alive()
        cluster.stop()


def test_the_demo_town_is_shown_to_nobody_else(folder: Path):
    start = Start(folder / "demo").begin(HOST="0.0.0.0", MENDWAY_DEMO="yes")
    assert start.process.wait(120) == 1
    assert "stays on this machine, but HOST is 0.0.0.0" in start.said()

    start.begin(MENDWAY_DEMO="yes").wait()
    start.process.terminate()
    assert start.process.wait(60) == 0
    start.begin(HOST="0.0.0.0", MENDWAY_DEMO="yes")

    assert start.process.wait(120) == 1
    assert "Demo tokens exist" in start.said()
    assert "mendway revoke-demo-tokens" in start.said()
