"""System packages of Debian and Ubuntu: what is missing, and installing it. Standard library only."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from machine.programs import OLDEST_POSTGRES, installed_postgres, usable_postgres

CLUSTER_SETTINGS = Path("/etc/postgresql-common/createcluster.conf")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class CannotInstall(Exception):
    """Packages are missing and this user may not install them; the text says what to do."""


def missing_packages(with_postgres: bool) -> list[str]:
    """Names of the system packages that this machine still needs, in the order to install them."""
    missing = []
    if importlib.util.find_spec("ensurepip") is None:
        missing.append("python3-venv")
    if not CERTIFICATES.exists() and shutil.which("apt-get"):
        missing.append("ca-certificates")
    if with_postgres and usable_postgres() is None:
        version = _version_to_install()
        missing += [f"postgresql-{version}", f"postgresql-{version}-postgis-3"]
    return missing


def install(packages: list[str]) -> None:
    """Install `packages` as root or through sudo without a password. Raises CannotInstall otherwise."""
    rights = _rights()
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if rights is None:
        raise CannotInstall(
            "These system packages are missing: " + ", ".join(packages) + ".\n"
            "This user may not install them. Run this once, then start again:\n\n"
            "    sudo make packages\n\n"
            "It keeps Debian from starting a database server of its own; otherwise it is the same as\n\n"
            f"    sudo apt-get update && sudo {' '.join(command)}\n"
        )
    _run([*rights, "apt-get", "update", "-q"])
    if any(package.startswith("postgresql") for package in packages):
        _run([*rights, *command[:4], "postgresql-common"])
        with _no_system_cluster(rights):
            _run([*rights, *command])
    else:
        _run([*rights, *command])


def _rights() -> list[str] | None:
    """What to put before a command so that it runs as root; None when that cannot be had without a question."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n"]
    return None


def _version_to_install() -> int:
    """The PostgreSQL to take: the one already here when PostGIS exists for it, else the newest offered with PostGIS."""
    named = os.environ.get("MENDWAY_PG_BIN")
    if named:
        raise CannotInstall(
            f"MENDWAY_PG_BIN names {named}, where there is no PostgreSQL {OLDEST_POSTGRES} or later with PostGIS 3."
        )
    if not shutil.which("apt-get"):
        raise CannotInstall(
            f"PostgreSQL {OLDEST_POSTGRES} or later with PostGIS 3 is missing, and this is neither Debian nor Ubuntu.\n"
            "Install both with your system's own tools and start again (MENDWAY_PG_BIN may name the folder with\n"
            "`postgres` and `initdb`), or set DATABASE_URL to a PostgreSQL server that already exists."
        )
    offered = _offered_versions()
    if not offered and (rights := _rights()) is not None:
        _run([*rights, "apt-get", "update", "-q"])
        offered = _offered_versions()
    if not offered:
        raise CannotInstall(
            f"PostgreSQL {OLDEST_POSTGRES} or later with PostGIS 3 is missing, and this system does not offer it.\n"
            "If its package lists are only out of date, `sudo apt-get update` helps. Debian 12, Ubuntu 24.04 and later\n"
            "have it; older systems need the PostgreSQL project's own packages, or DATABASE_URL for an existing server."
        )
    present = [programs.version for programs in installed_postgres() if programs.version in offered]
    return max(present or offered)


def _offered_versions() -> set[int]:
    said = subprocess.run(["apt-cache", "pkgnames", "postgresql-"], capture_output=True, text=True, check=False).stdout
    versions = {int(number) for number in re.findall(r"^postgresql-(\d+)-postgis-3$", said, re.MULTILINE)}
    return {version for version in versions if version >= OLDEST_POSTGRES}


@contextmanager
def _no_system_cluster(rights: list[str]) -> Iterator[None]:
    """Keep Debian from making and starting a system-wide cluster; the setting is put back afterwards."""
    before = CLUSTER_SETTINGS.read_text() if CLUSTER_SETTINGS.exists() else ""
    kept_lines = [line for line in before.splitlines() if not re.match(r"\s*create_main_cluster\s*=", line)]
    _write(rights, CLUSTER_SETTINGS, "\n".join([*kept_lines, "create_main_cluster = false", ""]))
    try:
        yield
    finally:
        _write(rights, CLUSTER_SETTINGS, before)


def _write(rights: list[str], path: Path, text: str) -> None:
    subprocess.run([*rights, "tee", str(path)], input=text, text=True, stdout=subprocess.DEVNULL, check=True)


def _run(command: list[str]) -> None:
    """Run quietly; show what the command said only when it failed."""
    settings = ["DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"]
    at = command.index("apt-get") + 1
    command = [*command[: at - 1], "env", *settings, "apt-get", "-o", "DPkg::Lock::Timeout=180", *command[at:]]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotInstall(f"`{' '.join(command)}` failed:\n{(done.stdout + done.stderr)[-4000:]}")
