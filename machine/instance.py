"""One running Mendway: which programs it consists of, and the settings that each of them gets."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from core.config import read_config
from machine import dotenv
from machine.account import cluster_account
from machine.fcm_standin import StandIn
from machine.folder import DataFolder
from machine.postgres import Cluster
from machine.processes import MARK, end_group, spawn
from machine.seaweed import PORTS, Seaweed
from machine.services import Service, Team
from machine.web import get

ROOT = Path(__file__).resolve().parent.parent
FOR_OPERATORS = (
    "DATABASE_URL",
    "S3_ENDPOINT",
    "S3_PUBLIC_ENDPOINT",
    "S3_ACCESS_KEY_ID",
    "S3_SECRET_ACCESS_KEY",
    "S3_BUCKET",
    "S3_REGION",
    "HOST",
    "PORT",
    "PUBLIC_URL",
    "MENDWAY_DATA",
    "MENDWAY_SECRET",
    "FIREBASE_CREDENTIALS",
)


class CommandFailed(RuntimeError):
    """A `mendway` command of the start failed; the text has its last words."""


@dataclass
class Instance:
    """The parts of one instance, each started by the method that is named for it."""

    data: DataFolder
    environment: dict[str, str]
    team: Team = field(default_factory=Team)
    worker_only: dict[str, str] = field(default_factory=dict)
    has_new_database: bool = False
    phone_page: str | None = None
    database_elsewhere: str | None = None

    @property
    def base_url(self) -> str:
        host = self.environment["HOST"]
        shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - what to ask, not where to listen
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.environment['PORT']}"

    def log(self, name: str) -> Path:
        return self.data.logs / f"{name}.log"

    def postgres(self) -> None:
        account = cluster_account()
        home = self.data.database_home(account)
        cluster = Cluster(home, self.log("postgres"), self.data.port("postgres", must_be_free=False), account=account)
        self.has_new_database = not cluster.folder.exists()
        if not home.is_relative_to(self.data.path):
            self.database_elsewhere = f"{home}    ({account.name}, who runs PostgreSQL, may not enter {self.data.path})"
        self.environment["DATABASE_URL"] = cluster.url()

        def begin() -> Popen[bytes]:
            cluster.start()
            assert cluster.process is not None
            return cluster.process

        self.team.add(Service("PostgreSQL", begin, cluster.log, end=cluster.stop))

    def s3(self) -> Callable[[], None]:
        """Starts it, and returns what waits until it is ready: it takes two seconds of hardly any work."""
        keys = self.data.keys()
        seaweed = Seaweed(
            self.data.path / "s3",
            self.log("s3"),
            {name: self.data.port(f"s3.{name}") for name in PORTS},
            keys["s3_access_key_id"],
            keys["s3_secret_access_key"],
            keys["s3_inner"],
        )
        self.environment |= {
            "S3_ENDPOINT": seaweed.endpoint,
            "S3_ACCESS_KEY_ID": seaweed.access_key,
            "S3_SECRET_ACCESS_KEY": seaweed.secret_key,
        }

        self.team.add(Service("S3 server", seaweed.begin, seaweed.log, end=seaweed.stop))
        return seaweed.wait

    def standin(self) -> None:
        """Firebase's stand-in, its account file for firebase-admin, and the way to it for the worker alone."""
        folder, log = self.data.path / "fcm", self.log("fcm")
        page, proxy = self.data.port("fcm.page"), self.data.port("fcm.proxy")
        command = [sys.executable, "-m", "machine.fcm_standin", "--data", str(folder)]
        command += ["--page-port", str(page), "--proxy-port", str(proxy)]
        self._run_always("FCM stand-in", command, self.environment, log=log, patience_s=5)
        standin = StandIn(folder, f"http://127.0.0.1:{page}/", f"http://127.0.0.1:{proxy}", stop=lambda: None)
        self._wait_for(standin.page_url, "The FCM stand-in")
        settings = standin.environment()
        self.environment["FIREBASE_CREDENTIALS"] = settings.pop("FIREBASE_CREDENTIALS")
        self.worker_only = settings
        self.phone_page = standin.page_url

    def worker(self) -> None:
        command = [sys.executable, "-m", "jobs.app"]
        self._run_always("worker", command, {**self.environment, **self.worker_only}, self.log("worker"), patience_s=25)

    def api(self) -> None:
        """The API, started as in any deployment."""
        command = [sys.executable, "-m", "api.commands", "serve"]
        self._run_always("API", command, self.environment, self.log("api"), patience_s=20)
        self._wait_for(f"{self.base_url}/readyz", "The API")

    def _run_always(
        self, name: str, command: list[str], environment: dict[str, str], log: Path, patience_s: float
    ) -> None:
        self.team.add(Service(name, lambda: spawn(command, environment, log, folder=ROOT), log, patience_s=patience_s))

    def command(self, *words: str) -> None:
        """Run one `mendway` command to its end. Raises CommandFailed."""
        log = self.log(words[0])
        log.unlink(missing_ok=True)
        process = spawn([sys.executable, "-m", "api.commands", *words], self.environment, log, folder=ROOT)
        try:
            code = process.wait()
        finally:
            end_group(process)
        if code != 0:
            raise CommandFailed(f"`mendway {' '.join(words)}` failed (all of it: {log}):\n{last_words(log)}")

    def _wait_for(self, url: str, name: str, patience_s: float = 60) -> None:
        """Wait until the service that was started last answers 200 there. Raises CommandFailed."""
        until = time.monotonic() + patience_s
        service = self.team.services[-1]
        while True:
            status, body = get(url)
            if status == 200:
                return
            ended = service.process is not None and service.process.poll() is not None
            if ended or time.monotonic() > until:
                raise CommandFailed(
                    f"{name} is not ready: {body.decode(errors='replace') or 'no answer'}\n{last_words(service.log)}"
                )
            time.sleep(0.1)

    def note_for_operators(self) -> None:
        """Leave the settings where `./mendway` finds them while this runs, and afterwards for its own database."""
        settings = {name: self.environment[name] for name in FOR_OPERATORS if self.environment.get(name)}
        dotenv.write(
            self.data.path / "env", settings, "The settings of `make run`, for ./mendway. Written at each start."
        )


def settings_for(data: DataFolder, given: dict[str, str], mark: str) -> dict[str, str]:
    """What every program of ours gets: the settings that were given, and ours where nothing was."""
    own = {
        "HOST": "127.0.0.1",
        "PORT": "8311",
        "MENDWAY_SECRET": data.keys()["secret"],
    }
    fixed = {"MENDWAY_DATA": str(data.path), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", MARK: mark}
    return {**own, **{key: value for key, value in given.items() if value}, **fixed}


def check_settings(environment: dict[str, str]) -> None:
    """Raise core.config.BadConfiguration now rather than in five programs later; what we shall start counts as set."""
    to_come = {"DATABASE_URL": "postgresql://", "S3_ENDPOINT": "http://"}
    if not environment.get("S3_ENDPOINT"):
        to_come |= {"S3_ACCESS_KEY_ID": "to come", "S3_SECRET_ACCESS_KEY": "to come"}
    read_config({**to_come, **environment})


def last_words(log: Path, lines: int = 20) -> str:
    """The end of a log."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
