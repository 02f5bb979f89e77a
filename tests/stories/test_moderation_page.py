"""The desk's software does what docs/moderation.md says, block by block as it is written."""

import pytest

from actions.bulk.start import MOST_REPORTS, UNDO_DAYS
from actions.bulk.work import MOST_AT_ONCE
from actions.retain import BULK_DAYS
from api.bulk_shapes import TOLD
from domain.moderation import HOLD_AFTER_FLAGS
from tests.support.live import ROOT
from tests.support.pages import what_a_page_prints

PAGE = (ROOT / "docs" / "moderation.md").read_text()


@pytest.mark.slow
def test_the_examples_of_the_page_work(tmp_path):
    printed = what_a_page_prints(PAGE, tmp_path, "DISPATCHER", "ADMIN")

    assert "[…]" in printed
    assert '"kind":"redacted"' in printed
    assert '"outcome":"done"' in printed


def test_its_numbers_and_its_table_are_the_programs():
    assert f"Up to {MOST_REPORTS:,} reports" in PAGE
    assert f"within {UNDO_DAYS} days and once" in PAGE
    assert f"{MOST_AT_ONCE} reports are locked at once" in PAGE
    assert f"kept for {BULK_DAYS} days" in PAGE
    assert f"({HOLD_AFTER_FLAGS} without it)" in PAGE
    for action, told in TOLD.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{action}` |"))
        assert {name for name in told if f"`{name}`" in row} == told
