"""Where the measurement happens: a durable private cluster with the demo town, phones, and a place to report from."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from core.migrate import migrate

ROOT = Path(__file__).parents[1]
PHONES = 64
FEWEST_SHRINKS = 40

_PLAIN_CATEGORIES = """
    SELECT c.code, f.version, f.form FROM category c
    JOIN category_form f ON f.category_id = c.id AND f.retired_at IS NULL
    WHERE c.active AND c.is_public AND c.areas = '{}' AND f.form -> 'stop' = 'null'
      AND NOT EXISTS (SELECT 1 FROM rule r WHERE r.external_body_id IS NOT NULL
                      AND coalesce(r.category_id, c.id) = c.id AND coalesce(r.group_id, c.group_id) = c.group_id)
    ORDER BY c.position
"""
_SHRUNK = """
    WITH town AS (SELECT outline, ST_PointOnSurface(outline) AS middle FROM jurisdiction),
         box AS (SELECT ST_MakeEnvelope(ST_X(middle) - %(dx)s, ST_Y(middle) - %(dy)s,
                                        ST_X(middle) + %(dx)s, ST_Y(middle) + %(dy)s, 4326) AS box, outline FROM town)
    SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) FROM box WHERE ST_Covers(outline, box)
"""


@dataclass(frozen=True)
class Ground:
    """Everything that a contestant needs to know."""

    url: str
    environment: dict[str, str]
    box: tuple[float, float, float, float]  # west, south, east, north, all inside the town
    category: str
    form_version: str
    answers: dict[str, Any]

    def secret(self, number: int) -> str:
        """The bearer token of one of the phones."""
        return f"bench-phone-{number:040d}"


def prepare(url: str, folder: Path) -> Ground:
    """Migrate, bring the demo town in, register phones, choose what to report."""
    migrate("postgresql+psycopg2://" + url.split("://", 1)[1])
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "MENDWAY_SECRET": "of a measurement that ends with it " * 2,
        "S3_ENDPOINT": "http://127.0.0.1:9",
        "S3_ACCESS_KEY_ID": "unused",
        "S3_SECRET_ACCESS_KEY": "unused",
        # All of it is counted, for 64 phones behind one address, as high as no run comes.
        "RATE_LIMITS": "reports=900000000/900000000/3600",
        "LOG_LEVEL": "INFO",
        "PYTHONPATH": str(ROOT),
        "MENDWAY_DATA": str(folder),
    }
    subprocess.run(
        [sys.executable, "-m", "api.commands", "apply", str(ROOT / "demo" / "town.toml")],
        env=environment,
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(_PLAIN_CATEGORIES)
        found = cursor.fetchone()
        if found is None:
            raise RuntimeError("No category of the demo town suits.")
        category, version, form = found
        ground = Ground(url, environment, _box(cursor), category, version, _answers(form))
        _register_phones(cursor, ground)
    connection.close()
    return ground


def _box(cursor: Any) -> tuple[float, float, float, float]:
    """The largest box of a fixed shape, round a point in the town, that lies wholly inside it."""
    dx, dy = 0.2, 0.15
    for _ in range(FEWEST_SHRINKS):
        cursor.execute(_SHRUNK, {"dx": dx, "dy": dy})
        if (found := cursor.fetchone()) is not None:
            return found
        dx, dy = dx * 0.85, dy * 0.85
    raise RuntimeError("No box lies inside the town.")


def _answers(form: dict[str, Any]) -> dict[str, Any]:
    """An answer for each required question that does not stop the report."""
    return {question["code"]: _answer(question) for question in form["questions"] if question.get("required")}


def _answer(question: dict[str, Any]) -> Any:
    choices = [choice["code"] for choice in question.get("choices") or [] if not choice.get("stop")]
    kinds: dict[str, Any] = {
        "choice": choices[0] if choices else None,
        "multi_choice": choices[:1],
        "yes_no": False,
        "number": question.get("min") or 1,
        "text": "by the gate",
        "date": "2026-11-25",
    }
    return kinds[question["type"]]


def _register_phones(cursor: Any, ground: Ground) -> None:
    for number in range(PHONES):
        hashed = hashlib.sha256(ground.secret(number).encode()).digest()
        cursor.execute(
            """
            WITH someone AS (INSERT INTO person (id, jurisdiction_id, role)
                             SELECT gen_random_uuid(), id, 'resident' FROM jurisdiction RETURNING id, jurisdiction_id),
                 phone AS (INSERT INTO device (id, jurisdiction_id, person_id, language)
                           SELECT gen_random_uuid(), jurisdiction_id, id, 'en' FROM someone RETURNING *)
            INSERT INTO credential (token_hash, jurisdiction_id, person_id, device_id)
            SELECT %s, jurisdiction_id, person_id, id FROM phone
            """,
            (hashed,),
        )
