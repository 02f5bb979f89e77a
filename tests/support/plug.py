"""A database that can go away and come back, for a real server."""

from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from tests.support.database import Database


class Plug:
    """A folder with a link to the database server's socket, for a server that is to lose its database."""

    def __init__(self, url: str, folder: Path, database: Database):
        """Before the server starts: connections that are open now are not its own, and stay."""
        place = parse_qs(urlsplit(url).query)
        self.name = f".s.PGSQL.{place['port'][0]}"
        self.real = Path(place["host"][0])
        self.folder = folder
        self.url = url.split("?")[0] + f"?host={quote(str(folder), safe='')}&port={place['port'][0]}"
        self.others = [row["pid"] for row in database.rows("SELECT pid FROM pg_stat_activity")]
        self.put_in()

    def put_in(self) -> None:
        (self.folder / self.name).symlink_to(self.real / self.name)

    def pull(self, database: Database) -> None:
        """Nobody gets a new connection this way, and those who have one lose it."""
        (self.folder / self.name).unlink()
        database.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'mendway' AND NOT pid = ANY(%s)",
            self.others,
        )
