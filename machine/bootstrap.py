"""From a bare machine to one with PostgreSQL, PostGIS and our Python environment. Standard library only.

    python3 -m machine.bootstrap [--steps N] [--only-packages]

Says nothing when there is nothing to do, unless --steps asks for numbered progress.
"""

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from machine.dotenv import environment
from machine.packages import CannotInstall, install, missing_packages

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "made-from"
OLDEST_PYTHON = (3, 11)


class CannotPrepare(Exception):
    """The Python environment cannot be made; the text says why."""


def main() -> int:
    arguments = _arguments()
    steps = arguments.steps
    try:
        with _only_one():
            needed = missing_packages(with_postgres=_needs_postgres(is_start=steps > 0))
            _step(steps, 1, "System packages", lambda: install(needed), why=", ".join(needed))
            if arguments.only_packages:
                return 0
            why = "" if _is_current() else "installing from requirements.lock"
            _step(steps, 2, "Python environment", make_environment, why=why)
    except (CannotInstall, CannotPrepare) as fault:
        print(f"\n{fault}", file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m machine.bootstrap")
    parser.add_argument("--steps", type=int, default=0, help="before a start of that many steps: “[1/9] …” lines")
    parser.add_argument("--only-packages", action="store_true", help="no Python environment: for `sudo make packages`")
    return parser.parse_args()


def _needs_postgres(is_start: bool) -> bool:
    """Tests always bring their own cluster; a start does not when DATABASE_URL names a server."""
    return not (is_start and environment().get("DATABASE_URL"))


def _step(steps: int, number: int, name: str, work: Callable[[], None], why: str) -> None:
    """Do one step and say so. Nothing to do and no numbering asked for: nothing is said."""
    label = f"[{number}/{steps}] {name}" if steps else name
    if not why:
        if steps:
            print(f"{label} … there", flush=True)
        return
    print(f"{label} … {why}", flush=True)
    began = time.monotonic()
    work()
    print(f"{label} … ready in {time.monotonic() - began:.1f} s", flush=True)


def _fingerprint() -> str:
    """What the environment is made from: the lock file's bytes and this Python."""
    return f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()} python{sys.version_info.major}.{sys.version_info.minor}"


def _is_current() -> bool:
    try:
        return STAMP.read_text() == _fingerprint() and os.access(VENV / "bin" / "python", os.X_OK)
    except FileNotFoundError:
        return False


def make_environment() -> None:
    """Make `.venv` and install exactly what requirements.lock names, hashes checked.

    Raises CannotPrepare when the folder cannot be written or an install fails.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise CannotPrepare(f"Python 3.11 or later is needed; this is {sys.version.split()[0]} ({sys.executable}).")
    if not os.access(ROOT, os.W_OK):
        raise CannotPrepare(
            f"This user cannot write in {ROOT}, where the Python environment goes. Use a checkout of your own."
        )
    STAMP.unlink(missing_ok=True)
    python = str(VENV / "bin" / "python")
    same_python = VENV / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    if not same_python.is_dir() or not os.access(python, os.X_OK):
        shutil.rmtree(VENV, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(VENV)])
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
    with NamedTemporaryFile("w", suffix=".txt") as only_uv:
        only_uv.write(_requirement_of("uv"))
        only_uv.flush()
        _run([*pip, "--no-deps", "-r", only_uv.name])
    # uv takes seconds where pip takes a minute, but it does not read pip's settings, and a site with its own mirror of
    # the package index may have only those.
    fast = [python, "-m", "uv", "pip", "sync", "--quiet", "--system-certs", "--require-hashes", "--python", python]
    if subprocess.run([*fast, str(LOCK)], stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode != 0:
        _run([*pip, "-r", str(LOCK)])
    STAMP.write_text(_fingerprint())


def _requirement_of(name: str) -> str:
    """The lines of requirements.lock for one package, hashes included."""
    found = re.search(rf"^{name}==(?:.*\\\n)*.*\n", LOCK.read_text(), re.MULTILINE)
    if found is None:
        raise CannotPrepare(f"requirements.lock does not name {name}; `make lock` writes it anew.")
    return found[0]


@contextmanager
def _only_one() -> Iterator[None]:
    """Two starts at once: the second waits for the first instead of installing over it."""
    try:
        handle = os.open(ROOT, os.O_RDONLY)
    except OSError as fault:
        raise CannotPrepare(f"{ROOT} cannot be opened: {fault.strerror}.") from fault
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotPrepare(f"`{' '.join(command)}` failed:\n{(done.stdout + done.stderr)[-4000:]}")


if __name__ == "__main__":
    sys.exit(main())
