"""Folders that something is installed into, once for each version of its lock."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.interop.peers import NotHere
from tests.support.live import ROOT

CACHE = ROOT / ".cache" / "interop"
LOCKS = Path(__file__).parents[1] / "locks"
PATIENCE_S = 600


def installed(name: str, made_from: str, make: Callable[[Path], None]) -> Path:
    """The folder of a peer. `make` fills it when it is not there or was made from something else. Raises NotHere."""
    CACHE.mkdir(parents=True, exist_ok=True)
    folder, stamp = CACHE / name, hashlib.sha256(made_from.encode()).hexdigest()
    with (CACHE / f"{name}.lock").open("w") as only_one:
        fcntl.flock(only_one, fcntl.LOCK_EX)
        if not _is_there(folder, stamp):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "made-from").write_text(stamp)
    return folder


def _is_there(folder: Path, stamp: str) -> bool:
    try:
        return (folder / "made-from").read_text() == stamp
    except FileNotFoundError:
        return False


def python_environment(name: str) -> Path:
    """A Python environment of its own with what locks/<name>.lock names, hashes checked. Raises NotHere."""
    lock = LOCKS / f"{name}.lock"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"

    def make(folder: Path) -> None:
        run([sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        run([*pip, "--require-hashes", "-r", str(lock)])

    return installed(name, f"{version}\n{lock.read_text()}", make)


def run(command: list[str], cwd: Path | None = None, **environment: str) -> str:
    """What a program of an installation says. Raises NotHere when it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise NotHere(f"`{' '.join(command[:3])} …`: {fault}") from None
    if done.returncode != 0:
        raise NotHere(f"`{' '.join(command[:4])} …` failed: {(done.stdout + done.stderr).strip()[-1500:]}")
    return done.stdout
