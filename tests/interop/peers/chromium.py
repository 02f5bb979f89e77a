"""Chromium: the machine's own, else Debian's package, which only root can install: it leans on a hundred others."""

import os
import shutil
from pathlib import Path

from tests.interop.peers import NotHere
from tests.interop.peers.installed import run

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> Path:
    """The program. Raises NotHere."""
    if (found := _present()) is not None:
        return found
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise NotHere("Chromium is not on this machine, and only root on Debian could install it")
    asked = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]
    run(["apt-get", "update", "-q"])
    run(asked, DEBIAN_FRONTEND="noninteractive")
    if (found := _present()) is None:
        raise NotHere("Debian's chromium was installed and is not there")
    return found


def _present() -> Path | None:
    return next((Path(found) for name in NAMES if (found := shutil.which(name))), None)
