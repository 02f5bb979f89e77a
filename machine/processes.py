"""Starting and stopping programs so that none outlives us and none but ours is ever touched."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import Popen

from machine.account import Account

PR_SET_PDEATHSIG = 1  # linux/prctl.h
MARK = "MENDWAY_RUN"  # each program we start carries this in its environment, and so does whatever it starts itself

_libc = ctypes.CDLL(None)  # loaded here: between fork and exec nothing may be loaded


def die_with_parent(number: signal.Signals) -> None:
    """Have the kernel send this process `number` when the thread that started it ends, however it ends."""
    _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def spawn(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    account: Account | None = None,
    folder: Path | str = "/",
    farewell: signal.Signals = signal.SIGTERM,
) -> Popen[bytes]:
    """Start `command` in a session of its own, its words appended to `log`.

    account: whom to run as; None for oneself.
    farewell: what it gets when this process ends without having stopped it, even by SIGKILL. Call from the main
    thread: the kernel watches the thread that forks, not the process.
    """

    def between_fork_and_exec() -> None:
        # After setuid: a change of user would clear it.
        die_with_parent(farewell)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    lent: dict[str, object] = {}
    if account is not None and account.uid != os.geteuid():
        lent = {"user": account.uid, "group": account.gid, "extra_groups": [account.gid]}
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A stop signal that arrived between fork and our knowing of the child would leave it running.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        with log.open("ab") as words:
            return Popen(  # type: ignore[call-overload]
                list(command),
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=between_fork_and_exec,  # noqa: PLW1509 - no threads here, and it loads nothing
                **lent,
            )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def stop(process: Popen[bytes], farewell: signal.Signals = signal.SIGTERM, patience_s: float = 15) -> None:
    """Ask `process` to end, wait, then end it and all of its session."""
    if process.poll() is None:
        process.send_signal(farewell)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            pass
    end_group(process)


def end_group(process: Popen[bytes]) -> None:
    """SIGKILL for `process` and for whatever it started and left behind. Its group is its own (see spawn)."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def end_marked(mark: str, patience_s: float = 10) -> int:
    """End what an earlier start left running, known by its mark; returns how many there were."""
    left = marked(mark)
    found = len(left)
    _signal(left, signal.SIGTERM)
    until = time.monotonic() + patience_s
    while (left := marked(mark)) and time.monotonic() < until:
        time.sleep(0.1)
    _signal(left, signal.SIGKILL)
    return found


def marked(mark: str) -> list[int]:
    """Every process of this machine, other than this one, whose environment carries the mark."""
    wanted = f"{MARK}={mark}".encode()
    return [pid for pid in pids() if pid != os.getpid() and wanted in _environment(pid)]


def pids() -> list[int]:
    """Every process of this machine."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def own_mark() -> dict[str, str]:
    """The mark of this process, for the environment of a child that gets nothing else of ours."""
    return {MARK: os.environ[MARK]} if MARK in os.environ else {}


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it is not only a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            pass
