"""What the replay must get right without a server of ours: its files, its ids, its patience, its arithmetic."""

import gzip
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from replay import check
from replay.faults import CannotStart, NoAnswer
from replay.identity import Crowd
from replay.ledger import Ledger
from replay.main import CANNOT_START, main
from replay.mapping import Mapping, read_mapping
from replay.report import as_markdown, as_text
from replay.rows import CityFile
from replay.summary import Summary
from replay.timing import percentile
from replay.wire import Connection, Patience

MAPPING = """
format = 1
time_zone = "America/New_York"

[columns]
id = "case"
category = "kind"
lon = "x"
lat = "y"
opened = "opened"
closed = "closed"
status = "status"

[report]
description = "{kind} at {street}"
address = "{street}"

[answers.pothole]
size = "{size}"
depth_cm = 12

[categories]
default = "other"
codes = { "Holes" = "pothole" }

[closed]
statuses = ["Done"]
note = "Done on {closed}."

[compare.wards]
column = "ward"
field = "code"
replace = [["^Ward ", ""], ["^0+", ""]]
same = { "9" = ["8", "9"] }

[[leave_out]]
name = "the town hall"
lon = -69.97
lat = 42.01
"""

HEADER = "case,kind,x,y,opened,closed,status,street,size,ward"
ROW = "17,Holes,-69.985,42.025,2015-01-31T20:45:00,2015-02-02T08:00:00,Done,1 Elm St,small,Ward 01"


@pytest.fixture
def mapping_file(tmp_path: Path) -> Path:
    file = tmp_path / "mapping.toml"
    file.write_text(MAPPING)
    return file


@pytest.fixture
def mapping(mapping_file: Path) -> Mapping:
    return read_mapping(mapping_file)


def city(tmp_path: Path, mapping: Mapping, *rows: str, header: str = HEADER) -> CityFile:
    file = tmp_path / "requests.csv"
    file.write_text("\n".join([header, *rows]) + "\n")
    return CityFile(file, mapping)


# --- the mapping ---


def test_every_mistake_of_a_mapping_is_named_at_once(tmp_path: Path):
    file = tmp_path / "wrong.toml"
    file.write_text(
        MAPPING.replace('"America/New_York"', '"Boston"')
        .replace('lon = "x"\n', "")
        .replace('field = "code"', 'field = "shape"')
        .replace('"^0+"', '"("')
        .replace("note =", "notes =")
        .replace("lat = 42.01", 'lat = "north"')
    )

    with pytest.raises(CannotStart) as refused:
        read_mapping(file)

    named = "\n".join(refused.value.mistakes)
    assert len(refused.value.mistakes) == 6
    for place in (
        "time_zone",
        "columns.lon",
        "compare.wards.field",
        "compare.wards.replace[1]",
        "closed.notes",
        "leave_out[0].lat",
    ):
        assert f"{place}:" in named


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path):
    file = tmp_path / "wrong.toml"
    file.write_text("format = ")

    with pytest.raises(CannotStart, match="is not TOML"):
        read_mapping(file)


def test_a_changed_comparison_may_go_on_with_the_same_ledger_but_not_a_changed_report(tmp_path: Path, mapping: Mapping):
    file = tmp_path / "changed.toml"
    file.write_text(MAPPING.replace('field = "code"', 'field = "name"'))
    compares_otherwise = read_mapping(file)
    file.write_text(MAPPING.replace("{kind} at", "{kind} in"))
    says_otherwise = read_mapping(file)

    assert compares_otherwise.sending_hash == mapping.sending_hash
    assert says_otherwise.sending_hash != mapping.sending_hash


# --- the city's file ---


def test_a_row_becomes_what_a_phone_would_send(tmp_path: Path, mapping: Mapping):
    request = next(city(tmp_path, mapping, ROW).requests(None, 1))

    assert (request.row, request.category, request.lon, request.lat) == ("17", "pothole", -69.985, 42.025)
    assert request.description == "Holes at 1 Elm St"
    assert request.address == "1 Elm St"
    assert request.answers == {"size": "small", "depth_cm": 12}
    assert request.opened_at == datetime(2015, 2, 1, 1, 45, tzinfo=UTC)
    assert request.opened_at.tzinfo == ZoneInfo("America/New_York")
    assert request.is_closed
    assert request.note == "Done on 2015-02-02T08:00:00."
    assert request.labels == {"ward": "Ward 01"}


@pytest.mark.parametrize(("change", "reason"), [
    pytest.param(("17,", ","), "no id", id="without an id"),
    pytest.param(("-69.985", ""), "no position", id="without a position"),
    pytest.param(("-69.985", "nan"), "no position", id="with a position that is no number"),
    pytest.param(("2015-01-31T20:45:00", "31/01/15"), "no time of opening", id="with a time in another form"),
])  # fmt: skip
def test_rows_that_no_phone_could_send_are_counted(
    tmp_path: Path, mapping: Mapping, change: tuple[str, str], reason: str
):
    broken = city(tmp_path, mapping, ROW.replace(*change), ROW)

    assert [request.row for request in broken.requests(None, 1)] == ["17"]
    assert broken.skipped == {reason: 1}


def test_a_row_that_stands_there_twice_is_sent_once(tmp_path: Path, mapping: Mapping):
    twice = city(tmp_path, mapping, ROW, ROW)

    assert len(list(twice.requests(None, 1))) == 1
    assert twice.skipped == {"its id stood in an earlier row": 1}


def test_every_third_row_of_the_first_ten(tmp_path: Path, mapping: Mapping):
    rows = [ROW.replace("17,", f"{number},", 1) for number in range(30)]

    requests = city(tmp_path, mapping, *rows).requests(10, 3)

    assert [request.row for request in requests] == [str(number) for number in range(0, 30, 3)]


def test_a_gzipped_file_is_read_by_what_it_is_not_by_its_name(tmp_path: Path, mapping: Mapping):
    file = tmp_path / "requests.csv"
    file.write_bytes(gzip.compress(f"{HEADER}\n{ROW}\n".encode()))

    assert CityFile(file, mapping).check() == 1


@pytest.mark.parametrize("content", [
    pytest.param(gzip.compress(f"{HEADER}\n{ROW}\n".encode() * 50)[:-20], id="broken off"),
    pytest.param(f"{HEADER}\n{ROW}\n".encode() + b"\xff\xfe\xfa\n", id="not UTF-8"),
    pytest.param(b"", id="empty"),
])  # fmt: skip
def test_an_unreadable_file_is_refused_before_anything_is_sent(tmp_path: Path, mapping: Mapping, content: bytes):
    file = tmp_path / "requests.csv"
    file.write_bytes(content)
    broken = CityFile(file, mapping)

    with pytest.raises(CannotStart):
        broken.check()


def test_all_missing_columns_are_named_with_where_the_mapping_wants_them(tmp_path: Path, mapping: Mapping):
    poor = city(tmp_path, mapping, header="case,kind,x,y,opened,closed,status")

    with pytest.raises(CannotStart) as refused:
        poor.check()

    assert refused.value.mistakes[:3] == [
        "report.description: no column 'street'",
        "answers.pothole.size: no column 'size'",
        "compare.wards.column: no column 'ward'",
    ]


def test_the_command_says_what_is_wrong_without_a_traceback(tmp_path: Path, mapping_file: Path, capsys: Any):
    status = main([str(tmp_path / "nowhere.csv"), "--mapping", str(mapping_file), "--ledger", str(tmp_path / "ledger")])

    assert status == CANNOT_START
    assert "The CSV cannot be read: No such file or directory" in capsys.readouterr().err


# --- who the phones are ---


def test_the_same_seed_makes_the_same_phones_and_ids():
    moment = datetime(2015, 1, 1, tzinfo=UTC)
    crowd, again, other = Crowd("a seed", 50), Crowd("a seed", 50), Crowd("another", 50)

    assert crowd.report_id("17", moment) == again.report_id("17", moment) != other.report_id("17", moment)
    assert crowd.phone(3) == again.phone(3) != other.phone(3)
    assert crowd.phone_of("17") == again.phone_of("17")
    assert crowd.report_id("17", moment).version == 8
    assert len(crowd.phone(3).secret) == 43


def test_ids_sort_by_the_time_of_opening():
    crowd = Crowd("a seed", 50)

    ids = [crowd.report_id("17", datetime(year, 1, 1, tzinfo=UTC)) for year in range(2000, 2030)]

    assert ids == sorted(ids)


def test_every_phone_sends_about_its_share():
    crowd = Crowd("a seed", 10)

    shares = [sum(crowd.phone_of(str(row)) == phone for row in range(2000)) for phone in range(10)]

    assert min(shares) > 140
    assert max(shares) < 260


def test_a_row_id_that_cannot_stand_in_a_header_gives_way_to_the_reports_own():
    moment = datetime(2015, 1, 1, tzinfo=UTC)
    report_id = Crowd("a seed", 1).report_id("no. 17", moment)

    assert Crowd.key("17", report_id) == "17"
    assert Crowd.key("no. 17", report_id) == str(report_id)


# --- the ledger ---


def test_a_line_that_a_kill_tore_is_cut_off_and_the_next_begins_on_its_own(tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger")
    ledger.start({"seed": "s"}, {"seed"})
    ledger.write({"kind": "refused", "row": "1", "reason": "invalid"})
    ledger.close()
    with ledger.path.open("ab") as file:
        file.write(b'{"kind":"accep')

    again = Ledger(ledger.path)
    again.start({"seed": "other"}, {"seed"})
    again.write({"kind": "refused", "row": "2", "reason": "invalid"})

    assert [line.get("row") for line in again.lines()] == [None, "1", "2"]


def test_a_second_start_takes_the_seed_from_the_ledger(tmp_path: Path):
    Ledger(tmp_path / "ledger").start({"seed": "first", "csv": "c"}, {"seed"})

    found = Ledger(tmp_path / "ledger").start({"seed": "second", "csv": "c"}, {"seed"})

    assert found["seed"] == "first"


def test_the_ledger_of_another_file_is_refused(tmp_path: Path):
    Ledger(tmp_path / "ledger").start({"seed": "s", "csv": "one"}, {"seed"})

    with pytest.raises(CannotStart, match="belongs to another run") as refused:
        Ledger(tmp_path / "ledger").start({"seed": "s", "csv": "two"}, {"seed"})

    assert refused.value.mistakes == ["csv: 'one' there, 'two' now"]


def test_only_its_owner_may_read_a_ledger_since_it_holds_the_phones_secrets(tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger")
    ledger.start({"seed": "s"}, {"seed"})

    assert ledger.path.stat().st_mode & 0o777 == 0o600


# --- patience ---


class Moody:
    """A server that answers one request after the other from a list: (status, headers, body), or None to hang up."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], Any] | None] = []
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        moody = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                moody.asked.append((self.path, dict(self.headers), body))
                answer = moody.answers.pop(0)
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, document = answer
                raw = json.dumps(document).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def moody() -> Iterator[Moody]:
    server = Moody()
    yield server
    server.server.shutdown()
    server.server.server_close()


def problem(slug: str, retry: str = "never") -> dict[str, Any]:
    return {"type": f"/problems/{slug}", "retry": retry, "errors": [{"pointer": "/location", "code": "outside-town"}]}


def test_whatever_may_pass_is_sent_again_exactly_as_it_was(moody: Moody):
    moody.answers = [
        None,
        (409, {"Retry-After": "0"}, problem("still-working", "same")),
        (429, {"Retry-After": "0"}, problem("too-many")),
        (503, {"Retry-After": "0"}, problem("away", "later")),
        (500, {}, problem("unexpected", "later")),
        (201, {}, {"reference": "ABC-DEF"}),
    ]
    patience = Patience(30)

    answer = patience.ask(Connection(moody.url), "POST", "/v1/reports", {"id": "x"}, {"Idempotency-Key": "17"})

    assert answer.json() == {"reference": "ABC-DEF"}
    assert {(path, headers["Idempotency-Key"], body) for path, headers, body in moody.asked} == {
        ("/v1/reports", "17", b'{"id":"x"}')
    }
    assert patience.retries.total() == len(moody.asked) - 1 == 5


def test_a_refusal_is_an_answer_and_named_with_its_fields(moody: Moody):
    moody.answers = [(422, {}, problem("outside-town"))]

    answer = Patience(30).ask(Connection(moody.url), "POST", "/v1/reports", {})

    assert answer.problem == "outside-town (/location outside-town)"
    assert len(moody.asked) == 1


def test_it_waits_as_long_as_the_server_asks(moody: Moody):
    moody.answers = [(503, {"Retry-After": "1"}, problem("away", "later")), (201, {}, {})]
    patience = Patience(30)
    waits: list[float] = []
    patience.stop.wait = lambda seconds: bool(waits.append(seconds))  # type: ignore[method-assign, func-returns-value]

    patience.ask(Connection(moody.url), "POST", "/v1/reports", {})

    assert 1.0 <= waits[0] <= 1.2


def test_patience_ends_and_ends_for_all(moody: Moody):
    moody.answers = [(503, {}, problem("away", "later"))] * 50
    patience = Patience(0.5)

    with pytest.raises(NoAnswer, match=r"503 away .* for 0.5 s"):
        patience.ask(Connection(moody.url), "POST", "/v1/reports", {})

    with pytest.raises(NoAnswer):
        patience.ask(Connection(moody.url), "POST", "/v1/reports", {})


# --- arithmetic ---


def accepted(
    row: str, ward: str | None, label: str, lon: float = -69.985, department: str | None = "roads"
) -> dict[str, Any]:
    areas = {"wards": {"code": ward, "name": f"Ward {ward}"}} if ward else {}
    return {
        "kind": "accepted",
        "row": row,
        "sent": {"location": {"lon": lon, "lat": 42.01}},
        "got": {"department": department, "version": 1, "areas": areas},
        "labels": {"ward": label} if label else {},
    }


def test_labels_are_compared_in_one_spelling_with_and_without_the_points_left_out(mapping: Mapping):
    summary = Summary(mapping).read([
        accepted("1", "1", "Ward 1"),
        accepted("2", "1", "01"),
        accepted("3", "2", "Ward 1"),
        accepted("4", "8", "Ward 9"),
        accepted("5", None, "Ward 3"),
        accepted("6", "4", ""),
        accepted("7", "2", "Ward 4", lon=-69.97),
    ])  # fmt: skip

    both = summary.as_json()["agreement"]["wards"]

    assert (both["all"]["compared"], both["all"]["agreed"], both["all"]["unlabelled"]) == (6, 3, 1)
    assert (both["without_left_out"]["compared"], both["without_left_out"]["agreed"]) == (5, 3)
    assert both["without_left_out"]["percent"] == 60.0
    assert {(d["label"], d["ours"]) for d in both["without_left_out"]["top_disagreements"]} == {
        ("1", "2"),
        ("3", "(no area)"),
    }
    assert summary.as_json()["left_out"] == {"the town hall": 1}


def test_a_ledger_that_was_written_in_two_starts_counts_each_report_once(mapping: Mapping):
    line = accepted("1", "1", "Ward 1")
    move = {"kind": "moved", "row": "1", "move": "take", "version": 2, "status": "acknowledged"}

    summary = Summary(mapping).read([line, move, line])

    assert len(summary.accepted) == 1
    assert summary.departments == {"roads": 1}
    assert summary.accepted["1"].next_moves == ("start", "resolve")


def test_percentiles_are_values_that_occurred():
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.95) == 4.0
    assert percentile([7.0], 0.99) == 7.0


SENT = {
    "id": "0190c000-0000-8000-8000-000000000000",
    "category": "pothole",
    "form_version": "v1",
    "location": {"lon": -69.985, "lat": 42.025},
    "description": "A hole",
    "answers": {"size": "small", "seen": "somebody"},
    "captured_at": "2015-02-01T01:45:00Z",
}
GOT = {
    "reference": "ABC-DEF",
    "version": 1,
    "status": "received",
    "received_at": "2015-02-01T01:45:00.000Z",
    "areas": {"wards": {"code": "1", "name": "Ward 1"}},
}
SHOWN = {
    **SENT,
    **GOT,
    "category": {"code": "pothole", "name": "Pothole"},
    "status": {"code": "received"},
    "answers": {"size": "small"},
    "private_answers": {"seen": "somebody"},
    "captured_at": "2015-02-01T01:45:00.000Z",
    "mine": True,
}


@pytest.mark.parametrize(("change", "named"), [
    pytest.param({"description": "A whole"}, "description: 'A hole' became 'A whole'", id="the text"),
    pytest.param({"location": {"lon": -69.985, "lat": 42.02500001}}, "location:", id="the place, by a millimetre"),
    pytest.param({"private_answers": None}, "answers:", id="a private answer"),
    pytest.param({"reference": "ABC-DEG"}, "reference:", id="the reference"),
    pytest.param({"captured_at": "2015-02-01T01:45:01Z"}, "captured_at:", id="the phone's time"),
    pytest.param({"areas": {}}, "areas:", id="the areas stamped on it"),
    pytest.param({"status": {"code": "closed"}}, "status:", id="the status without a new version"),
    pytest.param({"version": 0}, "version:", id="a version that went back"),
])  # fmt: skip
def test_whatever_differs_from_what_was_acknowledged_is_found(change: dict[str, Any], named: str):
    line = {"sent": SENT, "got": GOT}

    assert check.differences(line, SHOWN, None) == []
    assert [text for text in check.differences(line, SHOWN | change, None) if text.startswith(named)]


def test_a_report_that_others_moved_on_meanwhile_is_not_a_difference():
    line = {"sent": SENT, "got": GOT}

    assert check.differences(line, SHOWN | {"version": 3, "status": {"code": "in_progress"}}, (2, "acknowledged")) == []


def test_the_page_reads_the_same_as_text_and_as_markdown(mapping: Mapping):
    figures = {
        "rows": 1,
        "skipped": {"no | id": 1},
        **Summary(mapping).read([accepted("1", "1", "Ward 1")]).as_json(),
        "latency": {"POST /v1/reports": {"count": 1, "p50_ms": 5.0, "p95_ms": 5.0, "p99_ms": 5.0, "longest_ms": 5.0}},
        "retries": {},
        "speed": {"sending_s": 1.0, "seconds": 2.0, "reports_per_s": 0.5, "requests_per_s": 0.5, "client_cpu_s": 0.1},
        "pushes": None,
        "check": {"acknowledged": 1, "checked": 1, "missing": {"17": "not-found"}, "different": {}},
    }

    text, markdown = as_text(figures), as_markdown(figures)

    assert "wards (column ward)" in text
    assert "| no \\| id | 1 |" in markdown
    assert "| 17 | missing: not-found |" in markdown
