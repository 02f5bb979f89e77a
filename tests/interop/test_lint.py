"""What other people's linters say of openapi.yaml: nothing, not even a warning."""

import json
import os
import subprocess
from pathlib import Path

from tests.interop.conftest import HERE
from tests.interop.peers.node import Node
from tests.support.live import ROOT

CONTRACT = ROOT / "openapi.yaml"
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "true"}


def said(node: Node, command: list[str]) -> subprocess.CompletedProcess[str]:
    """What a linter answers."""
    environment = {**os.environ, **QUIET, "PATH": node.path}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, cwd=ROOT)


def test_redocly_finds_nothing(node_js: Node, npm_packages: Path):
    program = str(npm_packages / "node_modules/.bin/redocly")
    config = str(HERE / "rules/redocly.yaml")

    done = said(node_js, [program, "lint", str(CONTRACT), "--config", config, "--format", "json"])

    found = json.loads(done.stdout)
    problems = [(problem["ruleId"], problem["message"]) for problem in found["problems"]]
    assert [problem for problem in problems if not is_told_apart_by_its_shape(*problem)] == []


def is_told_apart_by_its_shape(rule: str, message: str) -> bool:
    """/v1/work/{report_id}/take and /v1/work/packages/{package_id} differ, for no report's id, a UUID, reads "packages"."""
    return rule == "no-ambiguous-paths" and "`/v1/work/packages/{package_id}`" in message


def test_spectral_finds_nothing(node_js: Node, npm_packages: Path):
    program = str(npm_packages / "node_modules/.bin/spectral")
    rules = str(HERE / "rules/spectral.yaml")

    done = said(node_js, [program, "lint", str(CONTRACT), "--ruleset", rules, "--fail-severity", "hint"])

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linters_do_find_what_is_wrong(node_js: Node, npm_packages: Path, tmp_path: Path):
    broken = tmp_path / "openapi.yaml"
    broken.write_text(CONTRACT.read_text().replace("operationId: send_report", "operationId: list_reports"))
    redocly, spectral = (str(npm_packages / "node_modules/.bin" / name) for name in ("redocly", "spectral"))

    first = said(node_js, [redocly, "lint", str(broken), "--config", str(HERE / "rules/redocly.yaml")])
    second = said(node_js, [spectral, "lint", str(broken), "--ruleset", str(HERE / "rules/spectral.yaml")])

    assert first.returncode == 1
    assert second.returncode == 1
