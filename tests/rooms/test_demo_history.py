"""The demo town's history: reports that could have been sent, and lives that could have been lived."""

import json
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from shapely.geometry import shape

from demo.geography import AREAS
from demo.history import HistoricalReport, historical_reports
from demo.shapes import in_metres
from domain.forms import check_answers
from domain.status import CLOSING_REASONS, MOVES, Move, Status

CATEGORIES = tomllib.loads((AREAS.parent / "town.toml").read_text(encoding="utf-8"))["categories"]
UNTIL = datetime(2026, 11, 20, 12, tzinfo=UTC)
COUNT = 3000


@pytest.fixture(scope="module")
def history() -> list[HistoricalReport]:
    return list(historical_reports(7, COUNT, until=UNTIL))


def areas(layer: str) -> dict[str, shapely.Geometry]:
    """The areas of a layer by code, in metres."""
    read = json.loads((AREAS / f"{layer}.geojson").read_text(encoding="utf-8"))
    return {feature["properties"]["code"]: in_metres(shape(feature["geometry"])) for feature in read["features"]}


def test_a_history_is_the_same_each_time(history):
    again = list(historical_reports(7, COUNT, until=UNTIL))
    other = next(historical_reports(8, 1, until=UNTIL))

    assert again == history
    assert other.id not in {report.id for report in history}


def test_reports_come_in_the_order_in_which_they_were_received(history):
    times = [report.received_at for report in history]

    assert len(history) == COUNT
    assert times == sorted(times)
    assert UNTIL - timedelta(days=549) < times[0]
    assert times[-1] < UNTIL
    assert all(report.captured_at < report.received_at for report in history)
    assert sum(report.received_at - report.captured_at > timedelta(hours=1) for report in history) > COUNT * 0.03


def test_ids_are_version_7_and_tell_when_the_report_was_made(history):
    assert len({report.id for report in history}) == COUNT
    for report in history:
        assert (report.id.version, report.id.variant) == (7, "specified in RFC 4122")
        assert report.id.int >> 80 == int(report.captured_at.timestamp() * 1000 + 0.5)


def test_every_report_lies_inside_the_town_and_where_its_category_is_offered(history):
    outline, waterfront = areas("outline")["town"], areas("waterfront")

    for report in history:
        place = in_metres(shapely.Point(report.lon, report.lat))
        assert outline.contains(place), report.id
        assert 0 < report.accuracy_m <= 120
        for area in CATEGORIES[report.category].get("areas", []):
            assert waterfront[area.removeprefix("waterfront:")].distance(place) < 26, "as far as GPS may be off"


def test_every_category_but_the_stop_is_reported(history):
    counts = Counter(report.category for report in history)

    assert set(counts) == set(CATEGORIES) - {"gas-leak"}
    assert min(counts.values()) >= 20


def test_answers_fit_the_questions(history):
    for report in history:
        form = {"questions": CATEGORIES[report.category].get("questions", [])}
        public, private = check_answers(form, report.answers, "en", "en")
        assert public | private == report.answers


def test_descriptions_are_varied_filled_in_and_not_too_long(history):
    texts = [report.description for report in history]

    assert all(1 <= len(text) <= 4000 for text in texts)
    assert not [text for text in texts if "{" in text or "}" in text]
    assert len(set(texts)) > COUNT * 0.85
    assert 0.07 < sum(report.language == "es" for report in history) / COUNT < 0.13


def test_reports_only_make_moves_that_the_table_of_statuses_allows(history):
    for report in history:
        now, at = Status.RECEIVED, report.received_at
        for step in report.moves:
            assert at < step.at <= UNTIL
            move = next((move for move in MOVES[now] if move.to == step.status), None)
            assert move is not None, f"{report.id}: {now} → {step.status}"
            assert step.by in move.by
            assert_carries_what_it_needs(move, step)
            now, at = move.to, step.at
        assert report.status == now


def assert_carries_what_it_needs(move: Move, step) -> None:
    assert step.note or not move.needs_note
    assert step.reason or not move.needs_reason
    assert bool(step.expected_at) == move.needs_expected_at
    if move.to == Status.CLOSED:
        assert step.reason in CLOSING_REASONS


def test_old_reports_are_mostly_done_and_new_ones_mostly_open(history):
    done = {"resolved", "closed"}
    new = [report.status in done for report in history if report.received_at > UNTIL - timedelta(days=7)]
    old = [report.status in done for report in history if report.received_at < UNTIL - timedelta(days=120)]

    assert sum(new) / len(new) < 0.5
    assert sum(old) / len(old) > 0.95
    assert {report.status for report in history} >= {"acknowledged", "scheduled", "in_progress", "resolved", "closed"}


def test_residents_comment_after_reporting_and_some_follow(history):
    comments = [(report, comment) for report in history for comment in report.comments]

    assert len(comments) > COUNT * 0.1
    assert all(report.received_at < comment.at <= UNTIL for report, comment in comments)
    assert all("{" not in comment.text for _, comment in comments)
    assert sum(report.followers_count for report in history) > COUNT * 0.2
