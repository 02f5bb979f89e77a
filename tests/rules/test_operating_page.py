"""docs/operate.md says what is so: its commands are commands, its settings settings, its files are there and can be used."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from api.commands.doctor import settings
from api.commands.main import parser
from core.config import read_config
from tests.support.live import ROOT

PAGE = (ROOT / "docs" / "operate.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
UNITS = sorted((ROOT / "docs" / "systemd").iterdir())
OF_OTHERS = {"EOF", "PASSWORD", "S3_KEY", "S3_SECRET", "ALTER ROLE"}


def commands():
    """Every `mendway …` of the page, in blocks and between words, and in the units."""
    lines = [line for block in BLOCKS for line in block.splitlines() if line.startswith("mendway ")]
    lines += [words for words in re.findall(r"`(mendway [^`]+)`", PAGE) if not words.startswith("mendway-")]
    for unit in UNITS:
        lines += re.findall(r"^ExecStart=/opt/mendway/(mendway .+)$", unit.read_text(), re.MULTILINE)
    return sorted(set(lines))


def heredoc(file):
    """What the page writes into a file."""
    found = re.search(rf"cat > {re.escape(file)} <<'?EOF'?\n(.*?)^EOF$", PAGE, re.DOTALL | re.MULTILINE)
    assert found, file
    return found[1]


def test_there_are_commands_to_check():
    verbs = {line.split()[1] for line in commands()}

    assert verbs >= {
        "serve",
        "worker",
        "migrate",
        "create-admin",
        "doctor",
        "backup",
        "restore",
        "apply",
        "maintenance",
    }


@pytest.mark.parametrize("line", commands())
def test_every_command_is_one(line, capsys):
    words = shlex.split(line, comments=True)[1:]
    if words[-1] == "ID":
        words[-1] = "01930000-0000-7000-8000-0000000de300"
    try:
        parser().parse_args(words)
    except SystemExit as end:  # --help
        assert end.code == 0, capsys.readouterr().err


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_is_shell(block):
    done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_every_setting_is_one():
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    named = set(re.findall(r"`([A-Z][A-Z0-9_]{3,})[=`]", PAGE))
    written = set(re.findall(r"^([A-Z][A-Z0-9_]+)=", heredoc("/etc/mendway/env"), re.MULTILINE))

    assert named | written
    assert (named | written) - OF_OTHERS <= known


def test_the_settings_of_the_page_are_enough_and_fit(tmp_path):
    script = f"S3_KEY=$(openssl rand -hex 10) S3_SECRET=$(openssl rand -hex 24)\ncat <<EOF\n{heredoc('/etc/mendway/env')}EOF\n"
    written = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
    (tmp_path / "env").write_text(written)
    sourced = subprocess.run(
        ["sh", "-c", f"set -a; . {tmp_path}/env; env -0"], capture_output=True, text=True, check=True, env={}
    ).stdout

    environment = dict(pair.split("=", 1) for pair in sourced.split("\0") if "=" in pair)

    config = read_config(environment)
    for check in (settings.secrets, settings.address_of_database, settings.public_address, settings.proxies):
        assert [finding.level for finding in check(config)] == ["ok"] * len(list(check(config))), check.__name__
    # The same for systemd, which reads the file without a shell.
    assert environment.items() >= dict(line.split("=", 1) for line in written.splitlines()).items()


def test_the_script_that_the_page_writes_is_shell():
    done = subprocess.run(
        ["sh", "-n"], input=heredoc("/usr/local/bin/mendway"), capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_every_file_that_the_page_names_is_there():
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists() or link == "push.md", link
    for path in re.findall(r"/opt/mendway/(docs/[\w./-]+\w)", PAGE):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_unit_passes_systemds_own_check(unit, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    for one in UNITS:
        (tmp_path / one.name).write_text(one.read_text().replace("/opt/mendway", str(ROOT)))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit.name], capture_output=True, text=True, check=False
    )

    told = [line for line in done.stderr.splitlines() if str(tmp_path) in line or unit.name in line]
    assert (done.returncode, told) == (0, [])


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_every_program_runs_with_few_rights(unit):
    text = unit.read_text()

    for line in (
        "User=mendway",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "CapabilityBoundingSet=",
        "RestrictNamespaces=yes",
        "SystemCallFilter=@system-service",
        "UMask=0077",
    ):
        assert f"\n{line}\n" in text, line


def test_all_that_runs_is_described_in_the_units():
    assert {Path(unit).name for unit in UNITS} == {
        "mendway-api.service",
        "mendway-worker.service",
        "mendway-backup.service",
        "mendway-backup.timer",
        "mendway-photos.service",
    }
    for unit in UNITS:
        assert unit.name.removesuffix(".service") in PAGE
