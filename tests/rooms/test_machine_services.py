"""Programs that are to run all the time: they come back, and they never outlive us."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from machine.processes import MARK, end_marked, is_running, marked, spawn
from machine.services import Service, Team, keep_small

ROOT = Path(__file__).parents[2]


def soon(is_so: Callable[[], bool], within_s: float = 10) -> bool:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def team() -> Iterator[Team]:
    made = Team()
    yield made
    made.stop(in_a_hurry=True)


def sleeper(log: Path, *command: str) -> Service:
    words = list(command) or ["sleep", "60"]
    return Service("sleeper", lambda: spawn(words, {"PATH": os.environ["PATH"]}, log), log, patience_s=1)


def test_a_program_that_was_killed_comes_back(team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    service = sleeper(tmp_path / "log")
    team.add(service)
    first = service.process.pid
    os.kill(first, signal.SIGKILL)

    assert soon(lambda: service.look() or (service.process.pid != first and service.process.poll() is None))
    assert "was ended by SIGKILL; starting again in 0.5 s" in capsys.readouterr().out


def test_a_program_that_keeps_ending_is_started_less_and_less_often(
    team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    service = sleeper(tmp_path / "log", "false")
    team.add(service)

    soon(lambda: service.look() or False, within_s=1.9)

    said = capsys.readouterr().out
    assert "exit code 1; starting again in 0.5 s" in said
    assert "starting again in 1 s" in said
    assert said.count("starting again") <= 3


def test_what_a_program_started_itself_ends_with_it(team: Team, tmp_path: Path):
    service = sleeper(tmp_path / "log", "sh", "-c", "sleep 60 & echo $!; exec sleep 60")
    team.add(service)
    assert soon(lambda: (tmp_path / "log").read_text().strip().isdigit())
    grandchild = int((tmp_path / "log").read_text())

    team.stop()

    assert soon(lambda: not is_running(grandchild))


def test_a_program_that_ignores_sigterm_is_killed_in_the_end(team: Team, tmp_path: Path):
    service = sleeper(tmp_path / "log", "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done")
    team.add(service)
    assert soon(lambda: "ready" in (tmp_path / "log").read_text())
    pid = service.process.pid

    team.stop()

    assert not is_running(pid)


def test_a_program_ends_when_we_are_killed(tmp_path: Path):
    script = (
        "import os, signal; from pathlib import Path; from machine.processes import spawn;"
        f"print(spawn(['sleep', '60'], dict(PATH=os.environ['PATH']), Path({str(tmp_path / 'log')!r})).pid, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert done.returncode == -signal.SIGKILL
    assert soon(lambda: not is_running(int(done.stdout)))


def test_what_an_earlier_start_left_is_found_by_its_mark_and_nothing_else_is_touched(tmp_path: Path):
    environment = {"PATH": os.environ["PATH"]}
    left = spawn(["sleep", "60"], {**environment, MARK: "test-one"}, tmp_path / "log")
    other = spawn(["sleep", "60"], {**environment, MARK: "test-other"}, tmp_path / "log")
    try:
        assert soon(lambda: marked("test-one") == [left.pid])

        # A real leftover has another parent; ours would stay a zombie until somebody waits for it.
        assert end_marked("test-one", patience_s=0.2) == 1

        assert left.wait(5) == -signal.SIGTERM
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_log_that_has_grown_large_is_moved_aside_while_its_writer_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("machine.services.LARGEST_LOG_BYTES", 10)
    log = tmp_path / "api.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"a long line of an old day\n")
        keep_small([log])
        writer.write(b"today\n")

    assert log.read_bytes() == b"today\n"
    assert (tmp_path / "api.log.1").read_bytes() == b"a long line of an old day\n"
