"""Logs: one JSON object a line, a request id in each, never personal data."""

import json
import logging
import subprocess
import sys
import uuid

from core.logs import JsonLines, request_id
from tests.support.live import ROOT


def logged(message="a thing happened", level=logging.INFO, fault=None, **extra):
    record = logging.getLogger("api").makeRecord(
        "api",
        level,
        __file__,
        1,
        message,
        (),
        (type(fault), fault, fault.__traceback__) if fault else None,
        extra=extra,
    )
    line = JsonLines().format(record)
    assert "\n" not in line
    return json.loads(line)


def test_a_line_says_when_how_grave_where_and_what():
    line = logged()

    assert line["at"].endswith("Z")
    assert (line["level"], line["logger"], line["event"]) == ("info", "api", "a thing happened")


def test_ids_stand_beside_fixed_words():
    report = uuid.uuid4()

    line = logged("refused", report_id=report, status=422)

    assert (line["event"], line["report_id"], line["status"]) == ("refused", str(report), 422)


def test_a_line_carries_the_id_of_its_request():
    token = request_id.set("r-1234567")
    try:
        assert logged()["request_id"] == "r-1234567"
    finally:
        request_id.reset(token)
    request_id.set(None)
    assert "request_id" not in logged()


def test_line_feeds_in_a_message_do_not_break_the_line():
    assert logged("one\ntwo\u2028three")["event"] == "one\ntwo\u2028three"


def test_a_fault_is_told_by_its_kind_and_place_and_not_by_its_words():
    def typed_by_a_resident():
        raise ValueError("canary: key (email)=(me@example.org) exists")

    try:
        typed_by_a_resident()
    except ValueError as caught:
        line = logged(fault=caught, level=logging.ERROR)

    assert line["fault"] == "ValueError"
    assert any("typed_by_a_resident" in step for step in line["trace"])
    assert "canary" not in json.dumps(line)


def test_what_json_cannot_hold_is_written_as_text():
    assert logged(place=object)["place"] == str(object)


def test_a_process_writes_json_lines_to_standard_output():
    program = (
        "import logging; from core.logs import set_up_logs; set_up_logs('INFO');"
        " logging.getLogger('a').info('one', extra={'n': 1}); logging.getLogger('b').debug('two');"
        " logging.getLogger('urllib3').info('three'); logging.getLogger('urllib3').warning('four')"
    )

    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )

    assert [json.loads(line)["event"] for line in said.stdout.splitlines()] == ["one", "four"]
    assert said.stderr == ""
