"""One worker's database: put back as it was before each test, looked into by tests that ask what was stored."""

from typing import Any

from psycopg2.extras import RealDictCursor

from tests.support.server import Server, open_connection

_OURS = """
    SELECT c.relname FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
      AND c.relname NOT IN ('spatial_ref_sys', 'alembic_version')
    ORDER BY c.relname
"""


class Database:
    """The database of this worker. `url` is what the program connects to."""

    def __init__(self, server: Server, name: str):
        self.server = server
        self.name = server.clone(name)
        self.url = server.url(self.name)
        self._admin = open_connection(server.admin_url(self.name))
        self._rewind = ""
        self._remember()

    def close(self) -> None:
        self._admin.close()

    def _remember(self) -> None:
        """Keep a copy of every table that has rows, and the statements that put all tables back."""
        # A replica runs no triggers: neither foreign keys nor the guard of the append-only history.
        steps = ["SET session_replication_role = replica"]
        with self._admin.cursor() as cursor:
            cursor.execute("CREATE SCHEMA kept")
            cursor.execute("SET lock_timeout = '10s'")
            cursor.execute(_OURS)
            self.tables = [name for (name,) in cursor.fetchall()]
            for table in self.tables:
                steps.append(f"DELETE FROM public.{table}")
                cursor.execute(f"SELECT EXISTS (SELECT 1 FROM public.{table})")
                if cursor.fetchone()[0]:
                    cursor.execute(f"CREATE TABLE kept.{table} AS TABLE public.{table}")
                    steps.append(f"INSERT INTO public.{table} OVERRIDING SYSTEM VALUE TABLE kept.{table}")
        self._rewind = ";\n".join(steps)

    def rewind(self) -> None:
        """Every table as it was when the worker began. One round trip, a few milliseconds."""
        with self._admin.cursor() as cursor:
            cursor.execute(self._rewind)

    def execute(self, statement: str, *values: Any) -> int:
        """Run a statement as the program's role would, committed at once; how many rows it touched."""
        with open_connection(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            touched = cursor.rowcount
        connection.close()
        return touched

    def rows(self, question: str, *values: Any) -> list[dict[str, Any]]:
        with self._admin.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(question, values)
            return [dict(row) for row in cursor.fetchall()]

    def value(self, question: str, *values: Any) -> Any:
        """The first column of the first row."""
        return next(iter(self.rows(question, *values)[0].values()))

    def counts(self) -> dict[str, int]:
        """How many rows each table has: what a refusal must not change. It does count as a request."""
        tables = [table for table in self.tables if table != "rate_count"]
        parts = [f"SELECT '{table}' AS name, count(*) AS rows FROM public.{table}" for table in tables]
        return {row["name"]: row["rows"] for row in self.rows(" UNION ALL ".join(parts))}

    def connect(self) -> Any:
        """A raw connection of the test's own, for holding locks and transactions open. Close it."""
        connection = open_connection(self.url)
        connection.autocommit = False
        return connection
