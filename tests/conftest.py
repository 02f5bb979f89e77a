"""Fixtures: one throw-away PostgreSQL for each run, one database for each worker, put back before each test."""

import logging
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings

from api import town as api_town
from api.app import create_app
from api.forms import forms
from core import db
from core.config import Config, read_config
from core.logs import JsonLines
from jobs.app import run_due_jobs
from jobs.tasks import Work
from machine.fcm_standin import StandIn
from notifications.patience import Patience
from notifications.push import Push, connect
from tests.support import server
from tests.support.answers import Ask, inside
from tests.support.bare import (  # noqa: F401 - fixtures
    applied,
    applied_template,
    bare,
    bare_template,
    edit,
    own_town,
    second_bare,
    town_folder,
    unmigrated,
)
from tests.support.callers import Caller, Resident
from tests.support.contract import Contract
from tests.support.database import Database
from tests.support.health import fit_town, whole_town  # noqa: F401 - fixtures
from tests.support.keeping import first, second, store  # noqa: F401 - fixtures
from tests.support.live import ROOT, LiveServer
from tests.support.phones import Phones, standin_of_a_worker
from tests.support.reports import SentReport, send_report
from tests.support.town import IMPORTER_KEY, PARTNER_KEY, STAFF_TOKENS

# The same examples in every run, however slow the machine is: a failure is about the change, not about luck.
settings.register_profile("mendway", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mendway")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the server once, in the process that starts the workers."""
    if not hasattr(session.config, "workerinput") and not session.config.option.collectonly:
        server.begin_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        server.end_run()


# --- the worker's database and the program over it ---


@pytest.fixture(scope="session")
def worker_database() -> Iterator[Database]:
    """The database of this worker, for as long as it works. Tests ask for `database`."""
    made = Database(server.Server.of_this_run(), os.environ.get("PYTEST_XDIST_WORKER", "main"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def environment(worker_database: Database, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of the program under test, as a process would find them."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": worker_database.url,
        "MENDWAY_SECRET": "a secret of the tests, long enough to sign with",
        "MENDWAY_DATA": str(tmp_path_factory.mktemp("data")),
        "S3_ENDPOINT": "http://127.0.0.1:9",  # the discard port: nobody answers
        "S3_ACCESS_KEY_ID": "tests",
        "S3_SECRET_ACCESS_KEY": "tests",
        "PUBLIC_URL": "https://311.squareton.example",
    }


@pytest.fixture(scope="session")
def config(environment: dict[str, str]) -> Config:
    """The program's configuration."""
    return read_config(environment)


@pytest.fixture(scope="session")
def worker_app(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    yield app
    db.disconnect()


@pytest.fixture
def database(worker_database: Database) -> Database:
    """The worker's database as every test finds it: the town of tests/town, its staff, and nothing else."""
    worker_database.rewind()
    forms.forget()
    api_town.forget_town()
    return worker_database


@pytest.fixture
def app(worker_app: Flask, database: Database) -> Flask:
    """The application, over a fresh database."""
    return worker_app


@pytest.fixture(scope="session")
def contract(worker_app: Flask) -> Contract:
    """What the API promises in /openapi.json."""
    return Contract(worker_app.test_client().get("/openapi.json").json)


# --- people ---


@pytest.fixture
def ask(app: Flask) -> Ask:
    return inside(app)


@pytest.fixture
def client(ask: Ask, contract: Contract) -> Caller:
    """A stranger: no token."""
    return Caller(ask, contract)


@pytest.fixture
def a_resident(ask: Ask, contract: Contract) -> Callable[..., Resident]:
    """Makes residents with registered phones: a_resident(push="…", language="es")."""
    return lambda **phone: Resident(ask, contract).register(**phone)


@pytest.fixture
def resident(a_resident: Callable[..., Resident]) -> Resident:
    """Somebody with a phone."""
    return a_resident(push=f"phone-{uuid.uuid4()}")


@pytest.fixture
def other_resident(a_resident: Callable[..., Resident]) -> Resident:
    """Somebody else with a phone."""
    return a_resident(push=f"phone-{uuid.uuid4()}")


@pytest.fixture
def crew(ask: Ask, contract: Contract) -> Caller:
    """Ana of crew roads-north, department roads."""
    return Caller(ask, contract, STAFF_TOKENS["ana"])


@pytest.fixture
def second_crew(ask: Ask, contract: Contract) -> Caller:
    """Bo of crew roads-south, the same department."""
    return Caller(ask, contract, STAFF_TOKENS["bo"])


@pytest.fixture
def other_crew(ask: Ask, contract: Contract) -> Caller:
    """Pia of crew parks-one, another department."""
    return Caller(ask, contract, STAFF_TOKENS["pia"])


@pytest.fixture
def dispatcher(ask: Ask, contract: Contract) -> Caller:
    """Dora at the desk."""
    return Caller(ask, contract, STAFF_TOKENS["dora"])


@pytest.fixture
def admin(ask: Ask, contract: Contract) -> Caller:
    """Adam, who runs it."""
    return Caller(ask, contract, STAFF_TOKENS["adam"])


@pytest.fixture
def supervisor(ask: Ask, contract: Contract) -> Caller:
    """Sue, who looks after the desk."""
    return Caller(ask, contract, STAFF_TOKENS["sue"])


@pytest.fixture
def analyst(ask: Ask, contract: Contract) -> Caller:
    """Lia, who only counts."""
    return Caller(ask, contract, STAFF_TOKENS["lia"])


@pytest.fixture
def roads_desk(ask: Ask, contract: Contract) -> Caller:
    """Rod, a dispatcher for the department roads only."""
    return Caller(ask, contract, STAFF_TOKENS["rod"])


@pytest.fixture
def ward_desk(ask: Ask, contract: Contract) -> Caller:
    """Wes, a dispatcher for ward 1 only."""
    return Caller(ask, contract, STAFF_TOKENS["wes"])


@pytest.fixture
def partner(ask: Ask, contract: Contract) -> Caller:
    """The city's work-order system, with a key of scope staff."""
    return Caller(ask, contract, PARTNER_KEY)


@pytest.fixture
def importer_key(database: Database) -> str:
    """For the header Importer-Key: may send `received_at` in the past."""
    return IMPORTER_KEY


# --- things ---


@pytest.fixture
def a_report(resident: Resident) -> Callable[..., SentReport]:
    """Sends a report as `resident` (or `reporter=`): a_report("streetlight", at=WARD_2, description="…")."""

    def send(category: str = "pothole", *args: Any, reporter: Caller | None = None, **overrides: Any) -> SentReport:
        return send_report(reporter or resident, category, *args, **overrides)

    return send


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """What the program logs during the test, as the lines that it would print."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    keep = Keep()
    keep.setFormatter(JsonLines())
    root = logging.getLogger()
    level = root.level
    root.addHandler(keep)
    root.setLevel(logging.INFO)
    yield lines
    root.removeHandler(keep)
    root.setLevel(level)


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """Firebase's stand-in of this worker. Tests ask for `phones`."""
    with standin_of_a_worker(tmp_path_factory.mktemp("fcm")) as running:
        yield running


@pytest.fixture(scope="session")
def provider(standin: StandIn) -> Iterator[Push]:
    """firebase-admin as the program's worker has it, connected to the stand-in."""
    connected = connect(standin.data / "service-account.json", timeout_s=3)
    yield connected
    connected.close()


@pytest.fixture
def phones(standin: StandIn) -> Phones:
    """Every phone: phones.heard(resident.push_token), phones.titles(…), phones.behave(token, "unregistered")."""
    standin.behave_well()
    standin.forget()
    return Phones(standin)


@pytest.fixture
def run_jobs(app: Flask, config: Config, provider: Push, phones: Phones) -> Callable[..., None]:
    """Does every job that is due, and those that these write: run_jobs(first_wait_s=0.1) shortens the patience."""

    def run(push: Any = provider, **patience: Any) -> None:
        quick = replace(Patience(), first_wait_s=0.05, longest_wait_s=0.2)
        run_due_jobs(config, Work(public_url=config.public_url, push=push, patience=replace(quick, **patience)))

    return run


@pytest.fixture(scope="session")
def worker_server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    running = LiveServer(environment, tmp_path_factory.mktemp("live"))
    yield running
    running.kill()


@pytest.fixture
def live_server(worker_server: LiveServer, database: Database) -> LiveServer:
    """A real server with two workers over the test's database: .url, .stop(), .kill(), .start().

    It is kept from test to test, so it may remember the town's forms for 15 seconds.
    """
    return worker_server if worker_server.is_running else worker_server.start()
