"""A crew's software does what docs/field-work.md says, block by block as it is written."""

import pytest

from tests.support.live import ROOT
from tests.support.maps import MapFile
from tests.support.pages import what_a_page_prints

PAGE = (ROOT / "docs" / "field-work.md").read_text()


@pytest.mark.slow
def test_the_examples_of_the_page_work(tmp_path):
    printed = what_a_page_prints(PAGE, tmp_path, "DISPATCHER", "CREW")

    assert '"url":"' in printed
    found = MapFile((tmp_path / "round.pmtiles").read_bytes())
    assert found.features("stops", 16)
