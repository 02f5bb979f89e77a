"""The desk's queue with 10,000 and with 1,000,000 reports: the same questions to both, in turns, in one run.

`python -m bench.queue`. Questions go through the whole of the API in this process (token, rights, admission, SQL, JSON), one
after another, without a network. What counts is the p95 of the large one over that of the small one.
"""

import argparse
import hashlib
import logging
import os
import platform
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import exp, log
from pathlib import Path
from random import Random
from typing import Any

import orjson
import psycopg2
from flask.testing import FlaskClient

from api import town as api_town
from api.app import create_app
from api.forms import forms
from bench import queue_ground
from bench.ground import ROOT, prepare
from bench.queue_mix import questions
from core import db
from core.config import Config, read_config
from machine.testing import start_postgres, throw_away_folder

WANTED = 3.0
RESULT = ROOT / "bench" / "results" / "queue.json"
NEXT_PAGE_SHARE = 0.3
WARM = (
    "/v1/queue?near=0,0&sort=distance",
    "/v1/queue?q=word1",
    "/v1/queue/counts?by=status,category,area",
    "/v1/queue/load",
)
CALLERS = ("whole", "department")  # who sees all, and who sees one department


@dataclass
class Size:
    """One database, and what was measured on it."""

    count: int
    config: Config
    filled: dict[str, list[str]]
    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    slowest: list[tuple[float, str]] = field(default_factory=list)

    @property
    def all_ms(self) -> list[float]:
        return [one for each in self.ms.values() for one in each]


def main() -> int:
    """Lay both out, ask in rounds, print the table, write the JSON. 1 when the ratio is above what is wanted."""
    options = _options()
    logging.disable(logging.INFO)
    with throw_away_folder() as folder:
        cluster = start_postgres(folder, durable=True)
        try:
            sizes = [_laid_out(cluster, folder, count) for count in options.sizes]
            client = create_app(sizes[0].config).test_client()
            for number in range(options.rounds + 1):  # the first warms up
                for size in sizes:
                    _round(client, size, number)
        finally:
            db.disconnect()
            cluster.stop()
    return _told(sizes, options.rounds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.queue", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    return parser.parse_args()


def _laid_out(cluster: Any, folder: Path, count: int) -> Size:
    name, began = f"queue_{count}", time.monotonic()
    with closing(psycopg2.connect(cluster.url("mendway", "postgres"))) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name} OWNER mendway")
    url = cluster.url(name)
    ground = prepare(url, folder)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        people = _people(cursor)
        queue_ground.lay_out(cursor, count, ground.box, *people)
        connection.commit()
        connection.autocommit = True
        cursor.execute("VACUUM ANALYZE")
        filled = _filled(cursor, ground.box)
    print(f"{count:,} reports laid out in {time.monotonic() - began:.0f} s", flush=True)
    return Size(count, read_config(ground.environment), filled)


def _people(cursor: Any) -> tuple[str, str]:
    """A reporter, and a dispatcher who has some reports; tokens for both kinds of callers."""
    cursor.execute(
        "INSERT INTO person (id, jurisdiction_id, role) SELECT gen_random_uuid(), id, 'resident' FROM jurisdiction RETURNING id"
    )
    (reporter,) = cursor.fetchone()
    cursor.execute("SELECT id FROM person WHERE role = 'dispatcher' ORDER BY code LIMIT 2")
    desk = [key for (key,) in cursor.fetchall()]
    cursor.execute("UPDATE person SET department_ids = NULL, area_keys = NULL WHERE id = ANY(%s::uuid[])", (desk,))
    cursor.execute(
        "UPDATE person SET department_ids = (SELECT ARRAY[min(id)] FROM department) WHERE id = %s", (desk[1],)
    )
    for who, person in zip(CALLERS, desk, strict=True):
        cursor.execute(
            "INSERT INTO credential (token_hash, jurisdiction_id, person_id) SELECT %s, id, %s FROM jurisdiction",
            (hashlib.sha256(_token(who).encode()).digest(), person),
        )
    return reporter, desk[0]


def _token(who: str) -> str:
    return f"bench-desk-{who}"


def _filled(cursor: Any, box: tuple[float, float, float, float]) -> dict[str, list[str]]:
    """What stands in the place of {names} in the mix."""
    chance = Random(7)
    west, south, east, north = box

    def listed(question: str) -> list[str]:
        cursor.execute(question)
        return [str(row[0]) for row in cursor.fetchall()]

    def word(most: int) -> str:
        return f"word{int(exp(chance.random() * log(most)))}"

    places = [(chance.uniform(west, east), chance.uniform(south, north)) for _ in range(50)]
    dx, dy = (east - west) / 10, (north - south) / 10
    return {
        "department": listed("SELECT code FROM department ORDER BY id"),
        "category": listed("SELECT code FROM category ORDER BY id"),
        "group": listed("SELECT code FROM category_group ORDER BY id"),
        "crew": listed("SELECT code FROM crew ORDER BY id"),
        "area": listed(
            "SELECT l.code || ':' || a.code FROM area a JOIN layer l ON l.id = a.layer_id WHERE a.is_current AND l.stamp ORDER BY 1"
        ),
        "reference": listed("SELECT reference FROM report ORDER BY id LIMIT 60"),
        "place": [f"{lon:.5f},{lat:.5f}" for lon, lat in places],
        "bbox": [f"{lon - dx:.5f},{lat - dy:.5f},{lon + dx:.5f},{lat + dy:.5f}" for lon, lat in places],
        "word": [word(20_000) for _ in range(60)],
        "words": [f"{word(400)} {word(400)}" for _ in range(60)],
        "number": [str(number) for number in range(1, 3_000, 70)],
        "lately": [(datetime.now(UTC) - timedelta(days=25)).strftime("%Y-%m-%dT00:00:00Z")],
    }


def _round(client: FlaskClient, size: Size, number: int) -> None:
    db.connect(size.config)
    api_town.forget_town()
    forms.forget()
    chance = Random(number)
    asked = list(questions(Random(1_000 + number), size.filled, 1))
    for path in WARM:  # a process keeps its connections, and PostgreSQL what a connection has looked up of its tables
        _ask(client, Size(0, size.config, {}), "warm", path, CALLERS[0])
    kept = size if number else Size(0, size.config, {})
    for kind, path in asked:
        who = CALLERS[0] if chance.random() < 0.75 else CALLERS[1]
        answer = _ask(client, kept, kind, path, who)
        if kind == "page" and chance.random() < NEXT_PAGE_SHARE and answer["next"]:
            _ask(client, kept, "next page", f"{path}&cursor={answer['next']}", who)


def _ask(client: FlaskClient, size: Size, kind: str, path: str, who: str) -> Any:
    began = time.perf_counter()
    answer = client.get(path, headers={"Authorization": f"Bearer {_token(who)}"})
    passed_ms = (time.perf_counter() - began) * 1_000
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:300]}")
    size.ms[kind].append(passed_ms)
    size.slowest = sorted([*size.slowest, (passed_ms, path)], reverse=True)[:10]
    return answer.json


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _told(sizes: list[Size], rounds: int) -> int:
    small, large = sizes[0], sizes[-1]
    print(f"{'':12}" + "".join(f"{size.count:>14,} p50{'p95':>8}{'p99':>8}" for size in sizes) + f"{'p95 ratio':>12}")
    for kind in [*small.ms, "all"]:
        rows = [size.all_ms if kind == "all" else size.ms[kind] for size in sizes]
        figures = "".join(
            f"{percentile(ms, 0.5):18.1f}{percentile(ms, 0.95):8.1f}{percentile(ms, 0.99):8.1f}" for ms in rows
        )
        print(f"{kind:12}{figures}{percentile(rows[-1], 0.95) / percentile(rows[0], 0.95):12.2f}")
    ratio = percentile(large.all_ms, 0.95) / percentile(small.all_ms, 0.95)
    print(f"p95 of {large.count:,} over that of {small.count:,}: {ratio:.2f}, wanted {WANTED:g} at most")
    for passed_ms, path in large.slowest:
        print(f"  {passed_ms:7.1f} ms  {path[:110]}")
    _write(sizes, rounds, ratio)
    return 0 if ratio <= WANTED else 1


def _write(sizes: list[Size], rounds: int, ratio: float) -> None:
    RESULT.parent.mkdir(exist_ok=True)
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "rounds": rounds,
        "sizes": {
            str(size.count): {
                kind: {
                    name: round(percentile(ms, share), 2)
                    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
                }
                | {"questions": len(ms)}
                for kind, ms in [*size.ms.items(), ("all", size.all_ms)]
            }
            for size in sizes
        },
        "p95_ratio": round(ratio, 3),
        "wanted": WANTED,
    }
    RESULT.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    print(f"Written to {RESULT.relative_to(ROOT)}.")


if __name__ == "__main__":
    raise SystemExit(main())
