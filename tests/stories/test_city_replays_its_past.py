"""A city sends its published requests through the running server and learns what became of them."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from actions.accounts import create_staff_token
from actions.catalogue.apply import apply_town
from actions.catalogue.history import COMMAND
from actions.keys import NewKey, make_key
from core.migrate import migrate
from domain.base import Jurisdiction
from domain.city import Department
from replay.main import ALL_WELL, CANNOT_START, GAVE_UP, NOT_AS_ACKNOWLEDGED, main
from tests.support.database import Database
from tests.support.live import ROOT, LiveServer
from tests.support.server import open_connection, sqlalchemy_url
from tests.support.town import EAST, FAR_AWAY, IMPORTER_KEY, MIDDLE_LAT, MIDDLE_LON, NORTH, SOUTH, STAFF_TOKENS, WEST

MAPPING = """
format = 1
time_zone = "America/New_York"
[columns]
id = "case"
category = "kind"
lon = "lon"
lat = "lat"
opened = "opened"
closed = "closed"
status = "status"
[report]
description = "{kind}, case {case}: “{words}”"
address = "{street}"
[answers.pothole]
size = "small"
[answers.needles]
seen = "{words}"
[categories]
codes = { Hole = "pothole", Needle = "needles", Gas = "gas", Odd = "other" }
[closed]
statuses = ["Closed"]
note = "Closed on {closed}."
[compare.wards]
column = "ward"
field = "name"
"""
WARD_NAMES = {(False, True): "1", (True, True): "2", (False, False): "3", (True, False): "4"}
COLUMNS = ("case", "kind", "lon", "lat", "opened", "closed", "status", "street", "words", "ward")


@dataclass
class City:
    """A city's published file and how to replay it."""

    folder: Path
    server: str

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.jsonl"

    def publish(self, rows: list[dict[str, Any]]) -> None:
        (self.folder / "mapping.toml").write_text(MAPPING)
        with (self.folder / "requests.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)

    def words(self, *more: str) -> list[str]:
        """The words of the command."""
        files = [str(self.folder / "requests.csv"), "--mapping", str(self.folder / "mapping.toml")]
        places = ["--server", self.server, "--ledger", str(self.ledger), "--json", str(self.folder / "figures.json")]
        crews = ["--crew-token", f"roads={STAFF_TOKENS['ana']}", "--desk-token", STAFF_TOKENS["dora"]]
        return [*files, *places, "--phones", "7", "--concurrency", "4", "--crews", "4", *crews, *more]

    def replay(self, *more: str) -> int:
        return main(self.words(*more))

    def start(self, *more: str) -> subprocess.Popen[bytes]:
        """Replay in a process of its own, to be killed."""
        command = [sys.executable, "-m", "replay.main", *self.words(*more)]
        return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})

    @property
    def figures(self) -> dict[str, Any]:
        return json.loads((self.folder / "figures.json").read_text())

    def acknowledged(self) -> int:
        """How many reports the ledger has as acknowledged at this moment."""
        return self.ledger.read_bytes().count(b'{"kind":"accepted"') if self.ledger.exists() else 0


@pytest.fixture
def city(tmp_path: Path, live_server: LiveServer) -> City:
    return City(tmp_path, live_server.url)


def some_rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Cases all over town, each with the ward that it lies in; two of three were closed."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        lon = round(chance.uniform(WEST + 0.0001, EAST - 0.0001), 6)
        lat = round(chance.uniform(SOUTH + 0.0001, NORTH - 0.0001), 6)
        is_closed = number % 3 != 0
        rows.append({
            "case": str(1000 + number),
            "kind": "Odd",
            "lon": lon,
            "lat": lat,
            "opened": f"2015-01-{1 + number % 28:02}T08:30:00",
            "closed": f"2015-02-{1 + number % 28:02}T08:30:00" if is_closed else "",
            "status": "Closed" if is_closed else "Open",
            "street": f"{number} Elm Street",
            "words": chance.choice(["Broken again", "¿Otra vez?", "坑 👩‍🔧", 'It says "no"']),
            "ward": f"Ward {WARD_NAMES[lon > MIDDLE_LON, lat > MIDDLE_LAT]}",
        })  # fmt: skip
    return rows


def stored(database: Database) -> dict[str, int]:
    return {
        "reports": database.value("SELECT count(*) FROM report"),
        "resolved": database.value("SELECT count(*) FROM report WHERE status = 'resolved'"),
        "lines": database.value("SELECT count(*) FROM report_event"),
    }


def damage(database: Database, statement: str, report_id: str) -> None:
    """Change a row behind the program's back, foreign keys or not."""
    connection = open_connection(database.server.admin_url(database.name))
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, [report_id])
    connection.close()


def test_every_request_arrives_in_its_ward_and_crews_resolve_what_was_closed(city: City, database: Database):
    city.publish(some_rows(60))

    status = city.replay()

    assert status == ALL_WELL
    assert stored(database) == {"reports": 60, "resolved": 40, "lines": 60 + 3 * 40}
    assert city.figures["accepted"] == 60
    assert city.figures["moves"] == {"take": 40, "start": 40, "resolve": 40}
    assert city.figures["agreement"]["wards"]["all"]["percent"] == 100.0
    assert city.figures["check"] == {"acknowledged": 60, "checked": 60, "missing": {}, "different": {}}
    assert city.figures["latency"]["POST /v1/reports"]["count"] == 60


def test_what_the_server_refuses_is_counted_by_reason(city: City, database: Database):
    rows = some_rows(6)
    rows[0] |= {"lon": FAR_AWAY.lon, "lat": FAR_AWAY.lat}
    rows[1] |= {"lon": rows[1]["lat"], "lat": rows[1]["lon"]}
    rows[2] |= {"kind": "Gas"}
    rows[3] |= {"words": "bell \a"}
    rows[4] |= {"kind": "Unheard of"}
    city.publish(rows)

    status = city.replay()

    assert status == ALL_WELL
    assert city.figures["refused"] == {
        "outside-town (/location outside-town)": 1,
        "invalid (/location/lon swapped)": 1,
        "stop-instead": 1,
        "invalid (/description control-character)": 1,
    }
    assert city.figures["skipped"] == {"the mapping has no category for it": 1}
    assert stored(database)["reports"] == 1


def test_reports_go_to_their_departments_and_keep_public_and_private_answers(city: City, database: Database):
    rows = some_rows(4)
    rows[0] |= {
        "kind": "Hole",
        "lon": -69.985,
        "lat": 42.03,
        "status": "Closed",
    }  # west: Roads, whose own crew resolves it
    rows[1] |= {"kind": "Hole", "lon": -69.975, "lat": 42.03, "status": "Closed"}  # east: Public Works, by the desk
    rows[2] |= {"kind": "Needle", "status": "Open"}
    city.publish(rows)

    status = city.replay()

    assert status == ALL_WELL
    assert city.figures["routed"] == {"roads": 1, "works": 1, "health": 1, "(nobody)": 1}
    roles = database.rows("SELECT DISTINCT actor_role FROM report_event WHERE kind <> 'received' ORDER BY 1")
    assert [row["actor_role"] for row in roles] == ["crew", "dispatcher"]
    assert (
        database.value("SELECT private_answers ->> 'seen' FROM report WHERE private_answers IS NOT NULL")
        == rows[2]["words"]
    )


def test_with_an_importers_key_reports_were_received_when_the_city_received_them(city: City, database: Database):
    city.publish(some_rows(3))

    status = city.replay("--importer-key", IMPORTER_KEY)

    assert status == ALL_WELL
    received = database.value("SELECT min(received_at AT TIME ZONE 'America/New_York')::text FROM report")
    assert received == "2015-01-01 08:30:00"


def test_without_the_key_the_phones_clock_is_kept_and_flagged(city: City, database: Database):
    city.publish(some_rows(3))

    status = city.replay()

    assert status == ALL_WELL
    assert (
        database.value("SELECT count(*) FROM report WHERE clock_flag = 'old' AND received_at > now() - interval '1 h'")
        == 3
    )


def test_a_second_start_makes_nothing_twice(city: City, database: Database):
    city.publish(some_rows(20))
    city.replay()
    before = stored(database)

    status = city.replay()

    assert status == ALL_WELL
    assert stored(database) == before
    assert city.figures["accepted"] == 20
    assert "POST /v1/reports" not in city.figures["latency"]


def test_a_replay_that_lost_its_ledgers_end_makes_nothing_twice_either(city: City, database: Database):
    city.publish(some_rows(20))
    city.replay()
    before = stored(database)
    lines = city.ledger.read_bytes().splitlines(keepends=True)
    city.ledger.write_bytes(b"".join(lines[:12]) + lines[12][:30])

    status = city.replay()

    assert status == ALL_WELL
    assert stored(database) == before
    assert city.figures["moves"] == {"take": 13, "start": 13, "resolve": 13}


def test_forms_that_changed_between_two_starts_do_not_change_what_was_sent(city: City, database: Database):
    city.publish(some_rows(20))
    city.replay()
    before = stored(database)
    lines = city.ledger.read_bytes().splitlines(keepends=True)
    city.ledger.write_bytes(b"".join(lines[:12]))
    other = database.value("SELECT id FROM category WHERE code = 'other'")
    database.execute("UPDATE category_form SET retired_at = now() WHERE category_id = %s", other)
    database.execute(
        "INSERT INTO category_form (jurisdiction_id, category_id, version, form)"
        " SELECT jurisdiction_id, category_id, 'another', form FROM category_form WHERE category_id = %s",
        other,
    )

    status = city.replay()

    assert status == ALL_WELL
    assert stored(database) == before
    assert city.figures["refused"] == {}


def test_crews_may_come_later(city: City, database: Database):
    city.publish(some_rows(9))
    words = city.words()
    main(words[: words.index("--crew-token")])
    assert stored(database)["resolved"] == 0

    city.replay()

    assert stored(database) == {"reports": 9, "resolved": 6, "lines": 9 + 3 * 6}


def test_an_acknowledged_report_that_is_gone_or_altered_is_noticed(city: City, database: Database, capsys: Any):
    city.publish(some_rows(9))
    city.replay()
    gone, altered = (
        database.value("SELECT id::text FROM report ORDER BY id LIMIT 1 OFFSET %s", place) for place in (0, 1)
    )
    damage(database, "DELETE FROM report WHERE id = %s", gone)
    damage(database, "UPDATE report SET description = 'Another' WHERE id = %s", altered)

    status = city.replay("--only-verify")

    assert status == NOT_AS_ACKNOWLEDGED
    assert list(city.figures["check"]["missing"].values()) == ["not-found"]
    (differing,) = city.figures["check"]["different"].values()
    assert differing[0].endswith("became 'Another'")
    assert "missing" in capsys.readouterr().err


def test_a_crews_move_that_was_lost_is_noticed(city: City, database: Database):
    city.publish(some_rows(3))
    city.replay()
    database.execute(
        "UPDATE report SET status = 'in_progress', version = 3"
        " WHERE id = (SELECT id FROM report WHERE status = 'resolved' ORDER BY id LIMIT 1)"
    )

    status = city.replay("--only-verify")

    assert status == NOT_AS_ACKNOWLEDGED
    assert list(city.figures["check"]["different"].values()) == [["version: 4 was acknowledged, 3 is there"]]


def test_a_mapping_to_categories_that_the_town_does_not_have_is_refused_before_anything_is_sent(
    city: City, database: Database, capsys: Any
):
    city.publish(some_rows(3))
    mapping = city.folder / "mapping.toml"
    mapping.write_text(MAPPING.replace('"gas"', '"gaz"').replace('Odd = "other"', 'Odd = "odd"'))

    status = city.replay()

    assert status == CANNOT_START
    assert stored(database)["reports"] == 0
    told = capsys.readouterr().err
    assert "  - gaz" in told
    assert "  - odd" in told


def test_a_server_that_is_not_there_is_told_within_seconds(city: City, capsys: Any):
    city.publish(some_rows(3))
    city.server = "http://127.0.0.1:9"

    status = city.replay("--patience", "0.5")

    assert status == GAVE_UP
    assert "No answer from http://127.0.0.1:9" in capsys.readouterr().err


def wait_for(what: Callable[[], bool], patience_s: float = 30) -> None:
    until = time.monotonic() + patience_s
    while not what():
        assert time.monotonic() < until, "It did not happen in time."
        time.sleep(0.02)


@pytest.mark.slow
def test_who_replays_without_an_importers_key_is_told_why_it_stops(city: City, capfd):
    city.publish(some_rows(700))

    status = city.start("--patience", "2").wait()

    assert status != ALL_WELL
    assert "429 rate-limited" in (told := "".join(capfd.readouterr()))
    assert "with --importer-key nothing is counted" in told


@pytest.mark.slow
def test_a_replay_that_is_killed_goes_on_where_it_was(city: City, database: Database):
    city.publish(some_rows(600))
    key = ("--importer-key", IMPORTER_KEY)  # 600 reports are more than one address may send in an hour
    process = city.start(*key)
    wait_for(lambda: city.acknowledged() > 100)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert city.acknowledged() < 600

    status = city.replay(*key)

    assert status == ALL_WELL
    assert stored(database) == {"reports": 600, "resolved": 400, "lines": 600 + 3 * 400}


@pytest.mark.slow
def test_a_server_that_is_killed_again_and_again_loses_nothing_that_it_acknowledged(
    city: City, database: Database, live_server: LiveServer
):
    city.publish(some_rows(600))
    outcome: list[int] = []
    key = ("--importer-key", IMPORTER_KEY)
    replaying = threading.Thread(target=lambda: outcome.append(city.start(*key).wait()))
    replaying.start()

    for share in (100, 250, 400):
        wait_for(lambda share=share: city.acknowledged() > share)
        live_server.kill()
        live_server.start()
    replaying.join()

    assert outcome == [ALL_WELL]
    assert stored(database) == {"reports": 600, "resolved": 400, "lines": 600 + 3 * 400}
    assert any(reason.startswith("no answer") for reason in city.figures["retries"])
    assert city.figures["check"]["checked"] == 600


# --- Boston's own files, where they are at hand ---

BOSTON = ROOT.parent / "shared" / "data" / "boston"
THE_CITY = ROOT / "docs" / "cities" / "boston"


@dataclass
class Boston:
    """Boston as docs/cities/boston describes it, in a database and behind a server of its own."""

    server: LiveServer
    crew_tokens: dict[str, str]
    importer_key: str


@pytest.fixture
def boston(environment: dict[str, str], worker_database: Database, tmp_path: Path) -> Iterator[Boston]:
    if not BOSTON.exists():
        pytest.skip(f"Boston's published files are not in {BOSTON}.")
    postgres = worker_database.server
    url = postgres.url(postgres.make_empty(f"boston_{os.getpid()}"))
    migrate(sqlalchemy_url(url))
    for file in (THE_CITY / "town.toml", *BOSTON.glob("[wn]*s.geojson"), BOSTON / "police_districts.shp.zip"):
        shutil.copy(file, tmp_path)
    engine = create_engine(sqlalchemy_url(url))
    with Session(engine) as session:
        apply_town(session, tmp_path / "town.toml")
        town = session.scalars(select(Jurisdiction)).one()
        codes = session.scalars(select(Department.code)).all()
        tokens = {code: create_staff_token(session, town, f"crew-{code}", None, "tests") for code in codes}
        make_key(session, town.id, NewKey("tests", ("import",)), IMPORTER_KEY, COMMAND)
        session.commit()
    engine.dispose()
    server = LiveServer({**environment, "DATABASE_URL": url}, tmp_path).start()
    yield Boston(server, tokens, IMPORTER_KEY)
    server.kill()


def lookup(file: Path, field: str) -> Callable[[float, float], list[str]]:
    """Which areas of a published file cover a point, lowest code first; asked of GEOS, not of us."""
    fields, _, shapes, values = pyogrio.raw.read(file, columns=[field])
    codes = [str(value) for value in values[0]]
    mended = shapely.make_valid(shapely.from_wkb(shapes))
    assert list(fields["fields"]) == [field]
    return lambda lon, lat: sorted(codes[n] for n in shapely.intersects_xy(mended, lon, lat).nonzero()[0])


@pytest.mark.slow
def test_bostons_requests_fall_where_its_published_boundaries_say(boston: Boston, tmp_path: Path):
    ledger, figures = tmp_path / "ledger.jsonl", tmp_path / "figures.json"
    words = [str(BOSTON / "requests_2015.csv.gz"), "--mapping", str(THE_CITY / "mapping.toml"), "--every", "200"]
    words += ["--server", boston.server.url, "--ledger", str(ledger), "--json", str(figures), "--phones", "20"]
    words += ["--importer-key", boston.importer_key]
    for department, token in boston.crew_tokens.items():
        words += ["--crew-token", f"{department}={token}"]

    status = main(words)

    assert status == ALL_WELL
    said = json.loads(figures.read_text())
    assert said["accepted"] > 590
    assert said["moves"]["resolve"] > 450
    assert not said["moves_refused"]
    for label, least in (("wards", 98.0), ("police", 98.0)):
        assert said["agreement"][label]["without_left_out"]["percent"] >= least
    wards, neighborhoods = (
        lookup(BOSTON / "wards.geojson", "WARD"),
        lookup(BOSTON / "neighborhoods.geojson", "Neighborhood_ID"),
    )
    for line in map(json.loads, ledger.read_text().splitlines()):
        if line["kind"] == "accepted":
            place, areas = line["sent"]["location"], line["got"]["areas"]
            for layer, found in (("wards", wards), ("neighborhoods", neighborhoods)):
                ours = [areas[layer]["code"]] if layer in areas else []
                assert ours == found(place["lon"], place["lat"])[:1], (layer, place)
