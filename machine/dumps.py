"""A database as one file and back, through PostgreSQL's own programs.

Passwords go to them in the environment, never on a command line, which every account of the machine can read.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from subprocess import PIPE, Popen

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from machine.processes import die_with_parent, end_group, spawn
from machine.programs import client_program

LOCK_WAIT_S = 60
_CHUNK_BYTES = 1024 * 1024

# Whatever an older or newer program made in this schema, but nothing that belongs to an extension.
EMPTY_SCHEMA = """
SET LOCAL client_min_messages = warning;
DO $do$
DECLARE
  statements text[];
  statement text;
BEGIN
  -- All names first: what a CASCADE has taken along has none any more.
  SELECT array_agg(made.statement) INTO statements
  FROM (
    SELECT format('DROP %s IF EXISTS %s CASCADE', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
             WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, c.oid::regclass) AS statement
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i'))
    UNION ALL
    SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure)
    FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT format('DROP TYPE IF EXISTS %s CASCADE', t.oid::regtype)
    FROM pg_type t
    WHERE t.typnamespace = 'public'::regnamespace
      AND (t.typtype IN ('e', 'd', 'r')
           OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
  ) AS made;
  FOREACH statement IN ARRAY coalesce(statements, '{}') LOOP
    EXECUTE statement;
  END LOOP;
END
$do$;
"""


class DumpFailed(RuntimeError):
    """A database could not be written to a file or read from one; the text says why and what to do."""


@dataclass(frozen=True)
class Way:
    """How libpq's programs reach a database: a connection string without its password, and their environment."""

    dsn: str
    environment: dict[str, str]


def way_to(database_url: str) -> Way:
    """Raises DumpFailed when libpq cannot read the address; the text has nothing of it."""
    try:
        parts = parse_dsn(database_url)
    except psycopg2.Error:
        raise DumpFailed(
            "DATABASE_URL cannot be read by libpq. Is a character of the password, such as % or @, not written as %XX?"
        ) from None
    password = parts.pop("password", None)
    kept = {name: value for name, value in os.environ.items() if name.startswith("PG") or name in ("HOME", "PATH")}
    environment = {"PATH": os.defpath, **kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    return Way(make_dsn(**parts), {**environment, "PGPASSWORD": password} if password else environment)


def dump(way: Way, server_version: int, snapshot: str, path: Path, log: Path, progress: Callable[[int], None]) -> int:
    """Write the database as of `snapshot` to `path` in pg_dump's own format. Returns pg_dump's major version.

    What is not logged is left out: it would not survive a crash either. progress: gets the size so far, in bytes.
    Raises DumpFailed.
    """
    program, version = _client("pg_dump", server_version)
    options = ["--format=custom", "--schema=public", "--no-owner", "--no-privileges", "--no-unlogged-table-data"]
    options += ["--exclude-table-data=public.spatial_ref_sys"]  # PostGIS brings its own
    options += [f"--lock-wait-timeout={LOCK_WAIT_S}s", f"--snapshot={snapshot}", "--no-password"]
    process = spawn([program, *options, f"--file={path}", f"--dbname={way.dsn}"], way.environment, log)
    try:
        while process.poll() is None:
            with suppress(FileNotFoundError):
                progress(path.stat().st_size)
            time.sleep(0.1)
    finally:
        end_group(process)
    if process.returncode != 0:
        raise DumpFailed(f"pg_dump failed: {_words(log)}")
    progress(path.stat().st_size)
    return version


def load(way: Way, dumped_by: int, path: Path, before: str, after: str, log: Path) -> None:
    """Put a dump into a database, in one transaction with the statements `before` and `after` it.

    dumped_by: the major version of the pg_dump that wrote it. Raises DumpFailed; then nothing has changed.
    """
    reader, _ = _client("pg_restore", dumped_by)
    writer, _ = _client("psql", dumped_by)
    contents = _contents(reader, path, log)
    options = ["--no-owner", "--no-privileges", "--no-comments", f"--use-list={contents}", "--file=-"]
    psql = ["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse", "--file=-"]
    with (
        log.open("ab") as words,
        _piped([reader, *options, str(path)], way.environment, stdout=PIPE, stderr=words) as source,
        _piped([writer, *psql, f"--dbname={way.dsn}"], way.environment, PIPE, subprocess.DEVNULL, words) as target,
    ):
        assert source.stdout is not None
        assert target.stdin is not None
        with suppress(BrokenPipeError):  # psql has met a mistake and said so
            target.stdin.write(f"BEGIN;\n{before}\n".encode())
            shutil.copyfileobj(source.stdout, target.stdin, _CHUNK_BYTES)
            # Only what was read to its end is committed: without this line psql's end undoes everything.
            if source.wait() == 0:
                target.stdin.write(f"\n{after}\nCOMMIT;\n".encode())
            target.stdin.close()
        if target.wait() != 0 or source.wait() != 0:
            raise DumpFailed(f"The dump could not be put into the database, and nothing has changed: {_words(log)}")


def _piped(
    command: list[str],
    environment: dict[str, str],
    stdin: int = subprocess.DEVNULL,
    stdout: int = PIPE,
    stderr: object = None,
) -> Popen[bytes]:
    farewell = partial(die_with_parent, signal.SIGTERM)
    return Popen(command, env=environment, stdin=stdin, stdout=stdout, stderr=stderr, preexec_fn=farewell)  # type: ignore[call-overload]  # noqa: PLW1509


def _contents(reader: str, path: Path, log: Path) -> Path:
    """The list of what the dump holds, without the schema itself and without extensions, which are not ours to make."""
    done = subprocess.run(
        [reader, "--list", str(path)], capture_output=True, text=True, check=False, env={"LC_ALL": "C.UTF-8"}
    )
    if done.returncode != 0:
        raise DumpFailed(f"{path} is not a dump that pg_restore can read: {done.stderr.strip()[-500:]}")
    wanted = [line for line in done.stdout.splitlines() if " SCHEMA - " not in line and " EXTENSION - " not in line]
    contents = log.with_suffix(".list")
    contents.write_text("\n".join([*wanted, ""]))
    return contents


def _client(name: str, oldest: int) -> tuple[str, int]:
    found = client_program(name, oldest)
    if found is None:
        raise DumpFailed(
            f"{name} of PostgreSQL {oldest} or later is not on this machine "
            f"(on Debian: apt-get install postgresql-client-{oldest}; MENDWAY_PG_BIN may name its folder)."
        )
    return found


def _words(log: Path, lines: int = 5) -> str:
    said = log.read_text(errors="replace").strip().splitlines()[-lines:] if log.exists() else []
    return "\n".join(said) or "it said nothing."
