"""The page behind a contractor's link, in a real browser against a real server; an answer that is lost is asked for again."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.interop.conftest import HERE
from tests.interop.peers.node import Node
from tests.support.live import LiveServer
from tests.support.moves import lines


def test_a_contractor_works_through_the_link(
    node_js: Node,
    chromium_program: Path,
    map_packages: Path,
    tmp_path: Path,
    live_server: LiveServer,
    dispatcher,
    resident,
    a_report,
):
    report = a_report("pothole", description="<script>canary()</script>")
    ends = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    link = dispatcher.post(
        "/v1/work/links",
        json={"label": "Paving Ltd", "report": report.id, "may": ["start", "resolve"], "expires_at": ends},
        expect=201,
    )
    shutil.copy(HERE / "map" / "contractor.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(map_packages / "node_modules")
    url = f"{live_server.url}/w#{link['token']}"

    done = subprocess.run(
        [node_js.command("node"), "contractor.mjs", str(chromium_program), url, "page.png"],
        cwd=tmp_path,
        env={"PATH": node_js.path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["faults"] == []
    assert told["left"] == 0, "there is nothing more that the link allows"
    first, again = told["keys"]
    assert first == again, "pressed again, it is the same request"
    told_by = [(line["to_status"]["code"], line["by"]) for line in lines(resident, report)]
    assert told_by == [("received", "resident"), ("in_progress", "contractor"), ("resolved", "contractor")]
