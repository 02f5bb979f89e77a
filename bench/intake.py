"""Intake against (a) a trivial Flask POST, (b) its own statement through pgbench, (c) a straightforward ORM version.

All in one run, interleaved in rounds, on one durable cluster; only ratios mean anything. Needs wrk and pgbench.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
from tqdm import tqdm

from actions.submit import STATEMENT
from api.intake import receipt_words
from bench.figures import Contestant, Ratio, table
from bench.ground import PHONES, ROOT, Ground, prepare
from bench.servers import granian, gunicorn, running
from machine.folder import free_port
from machine.packages import install
from machine.programs import usable_postgres
from machine.testing import start_postgres, throw_away_folder

CLIENTS = 8
Server = Callable[[str, int], list[str]]
RESULT = ROOT / "bench" / "results" / "intake.json"
PGBENCH_LATENCY = re.compile(r"latency average = ([\d.]+) ms")
PGBENCH_RATE = re.compile(r"tps = ([\d.]+)")


def main() -> int:
    """Run the rounds, print the table, write the JSON."""
    options = _options()
    _have_wrk()
    ours = Contestant("ours", "ours (full intake)")
    trivial = Contestant("trivial_flask", "(a) trivial Flask, gunicorn sync")
    pgbench = Contestant("pgbench", "(b) the same statement, pgbench")
    orm = Contestant("orm", "(c) straightforward ORM")
    with throw_away_folder() as folder:
        cluster = start_postgres(folder, durable=True)
        try:
            ground = prepare(cluster.url(), folder)
            for _ in tqdm(range(options.rounds), desc="rounds", unit="round"):
                _http(trivial, ground, gunicorn, "bench.trivial_app:app", options.seconds)
                _http(ours, ground, granian, "api.wsgi:app", options.seconds)
                _pgbench(pgbench, ground, options.seconds)
                _http(orm, ground, granian, "bench.orm_app:app", options.seconds)
        finally:
            cluster.stop()
    ratios = [Ratio(trivial, 0.25), Ratio(pgbench, 0.55), Ratio(orm, 3.0)]
    print(table(ours, ratios))
    _write(ours, ratios, options.seconds)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6, help="of load for each contestant in each round")
    return parser.parse_args()


def _have_wrk() -> None:
    if shutil.which("wrk") is None:
        install(["wrk"])


def _http(contestant: Contestant, ground: Ground, server: Server, target: str, seconds: int) -> None:
    port = free_port(set())
    with running(server(target, port), ground, port):
        _wrk(ground, port, 1)  # connections opened, statements prepared, code warm
        figures = _wrk(ground, port, seconds)
    if figures["not_2xx"] or figures["socket_errors"]:
        raise RuntimeError(f"{contestant.name} refused requests: {figures}")
    contestant.add(figures["requests"] / figures["seconds"], figures["p50_ms"], figures["p95_ms"])


def _wrk(ground: Ground, port: int, seconds: int) -> dict[str, float]:
    with tempfile.NamedTemporaryFile(suffix=".json") as result:
        environment = {
            **os.environ,
            "TOKENS": ",".join(ground.secret(number) for number in range(PHONES)),
            "BOX": ",".join(map(str, ground.box)),
            "CATEGORY": ground.category,
            "ANSWERS": json.dumps(ground.answers),
            "RESULT": result.name,
        }
        script = str(Path(__file__).with_name("intake.lua"))
        command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{port}/v1/reports"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        return json.loads(Path(result.name).read_text())


def _pgbench(contestant: Contestant, ground: Ground, seconds: int) -> None:
    programs = usable_postgres()
    if programs is None:
        raise RuntimeError("No PostgreSQL programs were found.")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(pgbench_script(ground))
        script.flush()
        log = str(Path(tempfile.gettempdir()) / f"mendway-pgbench-{os.getpid()}")
        command = [programs["pgbench"], "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1"]
        command += ["-T", str(seconds), "-f", script.name, "-l", "--log-prefix", log, ground.url]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = PGBENCH_RATE.search(output)
    if rate is None:
        raise RuntimeError(output)
    p50_ms, p95_ms = _percentiles(log)
    contestant.add(float(rate.group(1)), p50_ms, p95_ms)


def _percentiles(log_prefix: str) -> tuple[float, float]:
    """From pgbench's log of each transaction, whose third column is microseconds."""
    latencies: list[float] = []
    for log in Path(log_prefix).parent.glob(Path(log_prefix).name + ".*"):
        latencies += [int(line.split()[2]) / 1000 for line in log.read_text().splitlines()]
        log.unlink()
    latencies.sort()
    return latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.95)]


def pgbench_script(ground: Ground) -> str:
    """The very statement of the API, with random phones, ids and places."""
    west, south, east, north = ground.box
    values = [
        "sha256(convert_to('bench-phone-' || lpad(:phone::text, 40, '0'), 'UTF8'))",
        "gen_random_uuid()::text",
        r"'\x" + "5a" * 32 + "'",
        "gen_random_uuid()",
        f"'{ground.category}'",
        f"'{ground.form_version}'",
        ":lon / 1e6",
        ":lat / 1e6",
        "8.5",
        "'48 Alder Lane'",
        "'A deep hole in the right lane, just before the crossing; cars swerve into the cycle lane.'",
        f"'{orjson.dumps(ground.answers).decode()}'",
        "NULL",
        "NULL",
        "'2026-11-25T08:15:30Z'",
        "'2026-11-25T08:15:30Z'",
        "NULL",
        "'app'",
        "'en'",
        "'" + receipt_words("en").replace("'", "''") + "'",
        "gen_random_uuid()",
        r"'\x" + "a5" * 16 + "'",
        "'{900000000,900000000}'",
        "3600",
    ]
    statement = STATEMENT
    for place in range(len(values), 0, -1):
        statement = statement.replace(f"${place}", values[place - 1])
    return (
        f"\\set phone random(0, {PHONES - 1})\n"
        f"\\set lon random({west * 1e6:.0f}, {east * 1e6:.0f})\n"
        f"\\set lat random({south * 1e6:.0f}, {north * 1e6:.0f})\n"
        f"{statement};\n"
    )


def _write(ours: Contestant, ratios: list[Ratio], seconds: int) -> None:
    RESULT.parent.mkdir(exist_ok=True)
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "clients": CLIENTS,
        "seconds": seconds,
        "ours": ours.summary(),
        **{ratio.over.name: ratio.over.summary() for ratio in ratios},
        "ratios": {ratio.over.name: {"ours": round(ratio.of(ours), 3), "least": ratio.least} for ratio in ratios},
    }
    RESULT.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    print(f"Written to {RESULT.relative_to(ROOT)}.")
