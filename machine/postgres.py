"""A private PostgreSQL with PostGIS: one cluster in one folder, reached only through a socket in that folder."""

import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from urllib.parse import quote

import psycopg2

from machine.account import Account, cluster_account
from machine.processes import is_running, pids, spawn
from machine.programs import PostgresPrograms, installed_postgres, usable_postgres

ROLE = "mendway"  # owns our databases and may make more; not a superuser
DATABASE = "mendway"
LONGEST_SOCKET_PATH = 100  # sun_path holds 108 bytes (unix(7)); PostgreSQL appends ".lock" to its own name

# No TCP at all: nothing to collide with, and no other account of the machine can knock. Whoever may enter the socket's
# folder (mode 0700) is trusted, which is the same people who could read the cluster's files.
SETTINGS = """\
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 256MB
effective_cache_size = 1GB
maintenance_work_mem = 128MB
random_page_cost = 1.1
max_wal_size = 2GB
checkpoint_timeout = 15min
wal_compression = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %a '
# Logs carry no personal data: neither the failing statement nor the row that it would have written.
log_min_error_statement = panic
log_error_verbosity = terse
"""

# For tests: fast, and lost only when the whole machine loses power.
CARELESS = """\
fsync = off
full_page_writes = off
synchronous_commit = off
"""


class PostgresFailed(RuntimeError):
    """The cluster cannot be made or started; the text says why and what to do."""


@dataclass
class Cluster:
    """One private cluster. `home` will hold `cluster/` (its files) and `socket/`.

    port: only a name here (it is part of the socket's), but kept apart from others' all the same.
    durable: False turns off what protects against a power cut (tests).
    """

    home: Path
    log: Path
    port: int = 5432
    durable: bool = True
    account: Account = field(default_factory=cluster_account)
    process: Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        return self.home / "cluster"

    @property
    def socket(self) -> Path:
        """The folder of the socket: inside `home`, or in /tmp when that path is too long for a unix socket."""
        inside = self.home / "socket"
        if len(os.fsencode(inside / ".s.PGSQL.65535.lock")) <= LONGEST_SOCKET_PATH:
            return inside
        return Path("/tmp") / f"mendway-{hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]}"  # noqa: S108

    def url(self, database: str = DATABASE, role: str = ROLE) -> str:
        """A libpq URI for `database`."""
        return f"postgresql://{role}@/{quote(database)}?host={quote(str(self.socket), safe='')}&port={self.port}"

    def start(self, patience_s: float = 60) -> None:
        """Make the cluster if there is none, start it, and wait until it answers and has our role and database.

        Recovers from whatever an earlier run left: a half-made cluster, a stale lock, processes without a parent.
        Raises PostgresFailed.
        """
        self._check_folder()
        self.account.owns(self.home)
        self.account.owns(self.socket)
        programs = self._programs()
        if not self.folder.exists():
            self._make(programs)
        self._clear_leftovers()
        self._write_settings()
        self.process = spawn(
            [programs["postgres"], "-D", str(self.folder), "-k", str(self.socket), "-p", str(self.port)],
            _plain_environment(),
            self.log,
            self.account,
            farewell=signal.SIGINT,  # "fast": open transactions are rolled back, then a clean shutdown
        )
        self._wait(patience_s)
        self._ensure_database()

    def stop(self, patience_s: float = 30) -> None:
        """Shut down cleanly; open transactions are rolled back."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def kill(self) -> None:
        """SIGKILL for the server and all of its backends at once, as an out-of-memory killer would."""
        process, self.process = self.process, None
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
        self._signal_leftovers(signal.SIGKILL)
        while self._leftovers():
            time.sleep(0.02)

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _check_folder(self) -> None:
        longest = self.socket / f".s.PGSQL.{self.port}.lock"
        if len(os.fsencode(longest)) > LONGEST_SOCKET_PATH:
            raise PostgresFailed(
                f"{self.home} is too long a path for a unix socket. Set MENDWAY_DATA to a shorter one."
            )
        if not self.account.may_enter(self.home.parent):
            raise PostgresFailed(
                f"PostgreSQL runs as {self.account.name}, who may not enter {self.home.parent}.\n"
                f"Set MENDWAY_DATA to a folder that {self.account.name} can reach, such as /var/lib/mendway."
            )

    def _programs(self) -> PostgresPrograms:
        """The programs for this cluster: those of the version that made it, or the newest usable ones for a new one."""
        try:
            version = int((self.folder / "PG_VERSION").read_text())
        except FileNotFoundError:
            programs = usable_postgres()
            if programs is None:
                raise PostgresFailed(
                    "There is no PostgreSQL 15 or later with PostGIS here; `make run` installs it."
                ) from None
            return programs
        for programs in installed_postgres():
            if programs.version == version and programs.has_postgis:
                return programs
        raise PostgresFailed(
            f"{self.folder} was made by PostgreSQL {version}, which is no longer installed with PostGIS.\n"
            f"Install it again (postgresql-{version} postgresql-{version}-postgis-3), or choose another MENDWAY_DATA."
        )

    def _make(self, programs: PostgresPrograms) -> None:
        new = self.home / "cluster.new"  # renamed when complete: a start that was cut off leaves nothing half-made
        shutil.rmtree(new, ignore_errors=True)
        command = [programs["initdb"], "-D", str(new), "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8"]
        command += ["--auth-local=trust", "--auth-host=reject"]
        command += ["--data-checksums"] if self.durable else ["--no-sync"]
        done = self._as_account(command)
        if done.returncode != 0:
            raise PostgresFailed(f"`{shlex.join(command)}` failed:\n{done.stdout[-2000:]}")
        with (new / "postgresql.conf").open("a") as settings:
            settings.write("\ninclude_if_exists = 'mendway.conf'\n")
        new.rename(self.folder)

    def _as_account(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        lent: dict[str, object] = {}
        if self.account.uid != os.geteuid():
            lent = {"user": self.account.uid, "group": self.account.gid, "extra_groups": [self.account.gid]}
        return subprocess.run(  # type: ignore[call-overload]
            command,
            cwd="/",
            env=_plain_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **lent,
        )

    def _write_settings(self) -> None:
        own = self.folder / "mendway.conf"
        own.write_text(
            "# Written at each start by machine/postgres.py.\n" + SETTINGS + ("" if self.durable else CARELESS)
        )
        if os.geteuid() != self.account.uid:
            os.chown(own, self.account.uid, self.account.gid)

    def _leftovers(self) -> list[int]:
        """Processes whose working folder is this cluster: the server and its backends, and nobody else."""
        return [pid for pid in pids() if _working_folder(pid) == str(self.folder.resolve()) and is_running(pid)]

    def _signal_leftovers(self, number: signal.Signals) -> None:
        for pid in self._leftovers():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def _clear_leftovers(self) -> None:
        """End what an earlier run left of this cluster: politely, then as a crash, which PostgreSQL recovers from."""
        for number, patience_s in ((signal.SIGINT, 20), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            if not self._leftovers():
                break
            self._signal_leftovers(number)
            until = time.monotonic() + patience_s
            while self._leftovers() and time.monotonic() < until:
                time.sleep(0.05)
        # Nobody works here now, so a lock is stale. PostgreSQL itself would refuse if its number had meanwhile
        # gone to another program of the same account.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def _wait(self, patience_s: float) -> None:
        until = time.monotonic() + patience_s
        while True:
            try:
                psycopg2.connect(self.url("postgres", "postgres"), connect_timeout=5).close()
                return
            except psycopg2.OperationalError as fault:
                if self.process is None or self.process.poll() is not None or time.monotonic() > until:
                    raise PostgresFailed(f"PostgreSQL did not start: {fault}\n{_last_words(self.log)}") from fault
                time.sleep(0.05)

    def _ensure_database(self) -> None:
        """Our role, PostGIS in the template (so that each new database has it), and our database. Safe to repeat."""
        if not self._ask("postgres", f"SELECT FROM pg_roles WHERE rolname = '{ROLE}'"):
            self._do("postgres", f"CREATE ROLE {ROLE} LOGIN CREATEDB")
        if not self._ask("template1", "SELECT FROM pg_extension WHERE extname = 'postgis'"):
            self._do("template1", "CREATE EXTENSION postgis")
        if not self._ask("postgres", f"SELECT FROM pg_database WHERE datname = '{DATABASE}'"):
            self._do("postgres", f"CREATE DATABASE {DATABASE} OWNER {ROLE}")

    def _ask(self, database: str, question: str) -> bool:
        return self._do(database, question) > 0

    def _do(self, database: str, statement: str) -> int:
        connection = psycopg2.connect(self.url(database, "postgres"))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.rowcount
        finally:
            connection.close()


def _plain_environment() -> dict[str, str]:
    """What PostgreSQL needs and no more: our secrets are not its business."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _working_folder(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def _last_words(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
