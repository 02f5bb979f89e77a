"""Finding the PostgreSQL programs. Standard library only: the bootstrap runs this before there is an environment."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST_POSTGRES = 15

# Debian and Ubuntu; the PostgreSQL project's own packages for other distributions; a build from source.
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")


@dataclass(frozen=True)
class PostgresPrograms:
    """One installed PostgreSQL: where its programs lie, its major version, and whether PostGIS belongs to it."""

    folder: Path
    version: int
    has_postgis: bool

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)


def installed_postgres() -> list[PostgresPrograms]:
    """Every PostgreSQL server on this machine, newest first. `MENDWAY_PG_BIN` names one folder and nothing else."""
    named = os.environ.get("MENDWAY_PG_BIN")
    if named:
        folders = [Path(named)]
    else:
        folders = [found for place in PLACES for found in Path("/").glob(place.lstrip("/"))]
        on_path = shutil.which("postgres")
        if on_path:
            folders.append(Path(on_path).resolve().parent)
    found = [programs for folder in dict.fromkeys(folders) if (programs := _examine(folder))]
    return sorted(found, key=lambda programs: -programs.version)


def usable_postgres() -> PostgresPrograms | None:
    """The newest PostgreSQL that is new enough and has PostGIS, or None."""
    for programs in installed_postgres():
        if programs.version >= OLDEST_POSTGRES and programs.has_postgis:
            return programs
    return None


def client_program(name: str, oldest: int) -> tuple[str, int] | None:
    """Path and major version of pg_dump, pg_restore or psql: the oldest one here of at least `oldest`, or None.

    A client may be newer than its server, never older; the nearest one writes what the server's own tools can read.
    """
    named = os.environ.get("MENDWAY_PG_BIN")
    if named:
        folders = [Path(named)]
    else:
        folders = [found for place in PLACES for found in Path("/").glob(place.lstrip("/"))]
        folders += [Path(folder) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    found = [
        (version, place)
        for place, folder in enumerate(folders)
        if os.access(folder / name, os.X_OK) and (version := _version_of(folder / name)) >= oldest
    ]
    return (str(folders[min(found)[1]] / name), min(found)[0]) if found else None


def _version_of(program: Path) -> int:
    """Its major version; 0 when it does not say."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"PostgreSQL\)? (\d+)", said)
    return int(number[1]) if number else 0


def _examine(folder: Path) -> PostgresPrograms | None:
    if not os.access(folder / "postgres", os.X_OK) or not os.access(folder / "initdb", os.X_OK):
        return None
    version = _version_of(folder / "postgres")
    if not version:
        return None
    extensions = [
        Path(f"/usr/share/postgresql/{version}/extension"),
        folder.parent / "share" / "extension",
        folder.parent / "share" / "postgresql" / "extension",
    ]
    return PostgresPrograms(folder, version, any((place / "postgis.control").is_file() for place in extensions))
