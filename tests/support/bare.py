"""A migrated database without a town, the command line over it, and the API over that: for tests of bringing a town in."""

import contextlib
import io
import itertools
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from psycopg2.extras import RealDictCursor
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from api import town as api_town
from api.app import create_app
from api.commands.main import main
from api.forms import forms
from core import db
from core.config import read_config
from core.migrate import migrate
from tests.support.answers import inside
from tests.support.callers import Caller, Resident
from tests.support.contract import Contract
from tests.support.database import Database
from tests.support.server import Server, open_connection, sqlalchemy_url

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"  # published files beside the checkout; absent elsewhere
TOWN_FOLDER = Path(__file__).parents[1] / "town"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> str:
        """All of it, for messages."""
        return f"exit status {self.code}\n{self.out}\n{self.err}"


class BareTown:
    """A database that has no town yet, and who works with it."""

    def __init__(self, url: str, data: Path, contract: Contract):
        self.url = url
        self.contract = contract
        self.data = data
        self.environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": url,
            "MENDWAY_SECRET": "a secret of the tests, long enough to sign with",
            "MENDWAY_DATA": str(data),
            "S3_ENDPOINT": "http://127.0.0.1:9",
            "S3_ACCESS_KEY_ID": "tests",
            "S3_SECRET_ACCESS_KEY": "tests",
        }

    def mendway(self, *words: str | Path, expect: int | None = 0) -> Said:
        """Run a command as `./mendway` would, in this process."""
        out, err = io.StringIO(), io.StringIO()
        with (
            _set_aside_connections(),
            _set_aside_logs(),
            patch.dict(os.environ, self.environment, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                code = main([str(word) for word in words])
            except SystemExit as end:  # argparse
                code = int(end.code or 0)
        said = Said(code, out.getvalue(), err.getvalue())
        assert expect is None or code == expect, said.told
        return said

    @contextlib.contextmanager
    def api(self) -> Iterator["Api"]:
        """The API over this database, for as long as the block lasts."""
        with _set_aside_connections():
            app = create_app(read_config(self.environment))
            try:
                yield Api(app, self.contract)
            finally:
                db.disconnect()

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """A unit of work of the test's own."""
        engine = create_engine(sqlalchemy_url(self.url))
        with Session(engine) as session, session.begin():
            yield session
        engine.dispose()

    def rows(self, question: str, *values: Any) -> list[dict[str, Any]]:
        connection = open_connection(self.url)
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(question, values)
            found = [dict(row) for row in cursor.fetchall()] if cursor.description else []
        connection.close()
        return found

    def value(self, question: str, *values: Any) -> Any:
        return next(iter(self.rows(question, *values)[0].values()))

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        tables = [row["name"] for row in self.rows(_TABLES)]
        return {table: self.value(f"SELECT count(*) FROM {table}") for table in tables}


_TABLES = """
    SELECT relname AS name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT IN ('spatial_ref_sys', 'alembic_version')
    ORDER BY 1
"""


class Api:
    """Who calls the API of a bare town."""

    def __init__(self, app: Any, contract: Contract):
        self.app = app
        self.contract = contract
        self.forget()

    def forget(self) -> None:
        """Let the process look up the town and its forms afresh, as it does by itself after some seconds."""
        forms.forget()
        api_town.forget_town()

    def stranger(self) -> Caller:
        return Caller(inside(self.app), self.contract)

    def holder(self, token: str) -> Caller:
        return Caller(inside(self.app), self.contract, token)

    def resident(self) -> Resident:
        return Resident(inside(self.app), self.contract).register()


@contextlib.contextmanager
def _set_aside_connections() -> Iterator[None]:
    """Commands and applications open the process's connections anew; those of the worker's own application wait meanwhile."""
    kept = db._sessions, db._units, db._singles
    db._sessions = db._units = db._singles = None
    try:
        yield
    finally:
        db.disconnect()
        db._sessions, db._units, db._singles = kept
        forms.forget()
        api_town.forget_town()


@contextlib.contextmanager
def _set_aside_logs() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)


@pytest.fixture(scope="session")
def bare_template() -> tuple[Server, str]:
    """A migrated database with no rows, to copy."""
    server = Server.of_this_run()
    name = server.make_empty(f"bare_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    migrate(sqlalchemy_url(server.url(name)))
    return server, name


@pytest.fixture(scope="session")
def applied_template(
    bare_template: tuple[Server, str], contract: Contract, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Server, str]:
    """The same with tests/town applied by the command, to copy."""
    server, source = bare_template
    name = f"{source}_applied"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
    BareTown(server.url(name), tmp_path_factory.mktemp("applied"), contract).mendway("apply", TOWN_FOLDER / "town.toml")
    return server, name


@pytest.fixture
def bare(bare_template: tuple[Server, str], tmp_path: Path, contract: Contract) -> Iterator[BareTown]:
    """A fresh migrated database with nothing in it."""
    with copied(bare_template, tmp_path, contract) as made:
        yield made


@pytest.fixture
def second_bare(bare_template: tuple[Server, str], tmp_path: Path, contract: Contract) -> Iterator[BareTown]:
    """Another one."""
    with copied(bare_template, tmp_path, contract) as made:
        yield made


@pytest.fixture
def applied(applied_template: tuple[Server, str], tmp_path: Path, contract: Contract) -> Iterator[BareTown]:
    """A fresh database with the town of tests/town, as `mendway apply` made it."""
    with copied(applied_template, tmp_path, contract) as made:
        yield made


@pytest.fixture
def own_town(database: Database, tmp_path: Path, contract: Contract) -> BareTown:
    """The command line over the test's own database: the town of tests/town, put back in milliseconds."""
    return BareTown(database.url, tmp_path / "data", contract)


@pytest.fixture
def unmigrated(bare_template: tuple[Server, str], tmp_path: Path, contract: Contract) -> BareTown:
    """A database without any table of ours."""
    server, source = bare_template
    name = server.make_empty(f"unmigrated_{source.rpartition('_')[2]}")
    return BareTown(server.url(name), tmp_path / "data", contract)


@contextlib.contextmanager
def copied(template: tuple[Server, str], folder: Path, contract: Contract) -> Iterator[BareTown]:
    """A copy of a template, gone afterwards."""
    server, source = template
    name = f"{source}_{next(_numbers)}"
    server.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
    try:
        yield BareTown(server.url(name), folder / f"data-{name}", contract)
    finally:
        server.drop(name)


@pytest.fixture
def town_folder(tmp_path: Path) -> Path:
    """A copy of tests/town that a test may change."""
    return Path(shutil.copytree(TOWN_FOLDER, tmp_path / "town"))


def line_of(path: Path, piece: str) -> int:
    """On which line of the file `piece` stands, which is there once."""
    text = path.read_text()
    assert text.count(piece) == 1, f"{piece!r} is there {text.count(piece)} times"
    return text[: text.index(piece)].count("\n") + 1


@pytest.fixture
def edit(town_folder: Path) -> Callable[..., Path]:
    """Changes town_folder's town.toml: edit("old", "new", …), each old being there exactly once. The file's path."""

    def change(*pairs: str) -> Path:
        path = town_folder / "town.toml"
        text = path.read_text()
        for old, new in zip(pairs[::2], pairs[1::2], strict=True):
            assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
            text = text.replace(old, new)
        path.write_text(text)
        return path

    return change
