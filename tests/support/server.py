"""The PostgreSQL server of one test run, its template database, and a database for each worker."""

import os
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from core.migrate import migrate
from machine.testing import start_postgres, throw_away_folder
from tests.support.town import lay_out_town

SERVER_VARIABLE = "TEST_DATABASE_SERVER_URL"  # a server that is there already; its role must be a superuser
_SHARED = "MENDWAY_TEST_RUN"  # how the workers of one run find its server: "<url>|<run>"


def sqlalchemy_url(url: str) -> str:
    """The same database for SQLAlchemy and psycopg2."""
    return "postgresql+psycopg2://" + url.split("://", 1)[1]


def open_connection(url: str, **options: Any) -> Any:
    """A raw psycopg2 connection that commits each statement."""
    connection = psycopg2.connect(url, application_name="mendway-tests", **options)
    connection.autocommit = True
    return connection


class Server:
    """A PostgreSQL server where this run may make databases. `run` is in the name of each of them."""

    def __init__(self, owner_url: str, superuser_url: str, run: str):
        self.owner_url = owner_url
        self.superuser_url = superuser_url
        self.run = run

    @classmethod
    def of_this_run(cls) -> "Server":
        """The server that `begin_run` started, from whichever process of the run."""
        owner_url, superuser_url, run = os.environ[_SHARED].split("|")
        return cls(owner_url, superuser_url, run)

    @property
    def template(self) -> str:
        return f"{self.run}_template"

    def url(self, database: str) -> str:
        """`database` as the program's own role."""
        return _with_database(self.owner_url, database)

    def admin_url(self, database: str) -> str:
        """`database` as a superuser: for putting tables back between tests, and for pulling plugs."""
        return _with_database(self.superuser_url, database)

    def execute(self, statement: str) -> None:
        connection = open_connection(self.url("postgres"))
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()

    def drop(self, database: str) -> None:
        """Remove a database, as a superuser: its owner may not end an autovacuum that happens to be at work in it."""
        connection = open_connection(self.admin_url("postgres"))
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        connection.close()

    def clone(self, name: str) -> str:
        """A fresh database like the template, and its name."""
        database = f"{self.run}_{name}"
        self.drop(database)
        self.execute(f"CREATE DATABASE {database} TEMPLATE {self.template}")
        return database

    def make_empty(self, name: str) -> str:
        """A database without any of our tables, and its name."""
        database = f"{self.run}_{name}"
        self.drop(database)
        self.execute(f"CREATE DATABASE {database}")
        return database

    def drop_all(self) -> None:
        """Remove every database of this run."""
        connection = open_connection(self.admin_url("postgres"))
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [self.run + "\\_%"])
            for (database,) in cursor.fetchall():
                cursor.execute(f'DROP DATABASE "{database}" WITH (FORCE)')
        connection.close()


def _with_database(url: str, database: str) -> str:
    parts = urlsplit(url)
    return (
        parts._replace(path="/" + database)
        .geturl()
        .replace(f"{parts.scheme}:/{database}", f"{parts.scheme}:///{database}")
    )


_ends = ExitStack()  # what stops the run's cluster and removes its folder


def begin_run() -> None:
    """Start the run's cluster (or use the one that the environment names) and make its template. In the main process."""
    run = f"test_{os.getpid()}"
    given = os.environ.get(SERVER_VARIABLE)
    if given:
        owner_url = superuser_url = given
        _ends.callback(lambda: Server(given, given, run).drop_all())
    else:
        cluster = start_postgres(_ends.enter_context(throw_away_folder()))
        _ends.callback(cluster.stop)
        owner_url, superuser_url = cluster.url("postgres"), cluster.url("postgres", "postgres")
    os.environ[_SHARED] = f"{owner_url}|{superuser_url}|{run}"
    server = Server.of_this_run()
    url = server.url(server.make_empty("template"))
    migrate(sqlalchemy_url(url))
    lay_out_town(sqlalchemy_url(url))


def end_run() -> None:
    """Stop what `begin_run` started, and leave nothing behind."""
    _ends.close()
    os.environ.pop(_SHARED, None)
