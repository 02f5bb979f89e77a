"""Reports by the hundred thousand for the measurement of the queue, written set by set; the same rows each time."""

from typing import Any

DAYS = 3 * 365  # over which they came in
OPEN_DAYS = 120  # what is still open came in during the last of them

# One tenth is open, at any size. Words follow Zipf: few are everywhere, most are rare.
STATEMENTS = (
    "SELECT setseed(0.311)",
    """
    CREATE TEMP TABLE kind ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY c.id) - 1 AS n, c.id, f.version, c.is_public,
           (SELECT d.id FROM department d ORDER BY md5(d.code || c.code) LIMIT 1) AS department_id
    FROM category c JOIN category_form f ON f.category_id = c.id AND f.retired_at IS NULL WHERE c.active
    """,
    """
    CREATE TEMP TABLE place ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY a.code) - 1 AS n, l.code || ':' || a.code AS key
    FROM area a JOIN layer l ON l.id = a.layer_id WHERE a.is_current AND l.stamp AND l.active
    """,
    """
    CREATE TEMP TABLE team ON COMMIT DROP AS
    SELECT w.department_id, row_number() OVER (PARTITION BY w.department_id ORDER BY w.id) - 1 AS n,
           count(*) OVER (PARTITION BY w.department_id) AS size, w.id
    FROM crew w WHERE w.active
    """,
    """
    CREATE TEMP TABLE drawn ON COMMIT DROP AS
    SELECT n, random() AS status_at, random() AS age, random() AS kind_at, random() AS place_at, random() AS other_at,
           random() AS urgent_at, random() AS source_at, random() AS crew_at, random() AS late_at,
           random() AS x, random() AS y
    FROM generate_series(1, %(count)s) AS n
    """,
    """
    INSERT INTO report (id, jurisdiction_id, reference, person_id, category_id, form_version, status, visibility, priority, location,
                        public_location, address, description, answers, received_at, updated_at, resolved_at, department_id,
                        crew_id, assignee_id, routed_by, areas, area_keys, source, content_hash, held_at)
    SELECT md5('bench' || d.n)::uuid, j.id, report_reference(nextval('report_reference_seq')), %(person)s, k.id, k.version, s.status,
           CASE WHEN k.is_public THEN 'public' ELSE 'private' END,
           CASE WHEN urgent_at < 0.02 THEN 'urgent' WHEN urgent_at < 0.12 THEN 'high' WHEN urgent_at < 0.9 THEN 'normal' ELSE 'low' END,
           p.point, p.point, 'Street ' || floor(place_at * 3000) || ' no ' || floor(other_at * 200), w.said, '{}', t.at, t.at, NULL,
           k.department_id, m.id, CASE WHEN crew_at > 0.995 THEN %(assignee)s::uuid END, '{"rule": null, "area": null}', '{}',
           ARRAY[a.key, b.key], CASE WHEN source_at < 0.8 THEN 'app' WHEN source_at < 0.95 THEN 'telephone' ELSE 'email' END, '',
           CASE WHEN source_at > 0.998 THEN t.at END
    FROM drawn d
    CROSS JOIN jurisdiction j
    JOIN kind k ON k.n = floor(power(kind_at, 2) * (SELECT count(*) FROM kind))
    JOIN place a ON a.n = floor(place_at * (SELECT count(*) FROM place))
    JOIN place b ON b.n = floor(other_at * (SELECT count(*) FROM place))
    CROSS JOIN LATERAL (SELECT CASE WHEN status_at < 0.03 THEN 'received' WHEN status_at < 0.05 THEN 'acknowledged'
      WHEN status_at < 0.06 THEN 'scheduled' WHEN status_at < 0.08 THEN 'in_progress' WHEN status_at < 0.09 THEN 'on_hold'
      WHEN status_at < 0.095 THEN 'needs_information' WHEN status_at < 0.1 THEN 'reopened' WHEN status_at < 0.6 THEN 'resolved'
      ELSE 'closed' END AS status) s
    CROSS JOIN LATERAL (SELECT now() - make_interval(secs => 86400 * age * CASE WHEN status_at < 0.1 THEN %(open_days)s ELSE %(days)s END)
      AS at) t
    CROSS JOIN LATERAL (SELECT ST_SetSRID(ST_MakePoint(%(west)s + x * (%(east)s - %(west)s), %(south)s + y * (%(north)s - %(south)s)),
      4326) AS point) p
    CROSS JOIN LATERAL (SELECT string_agg('word' || floor(exp(u * ln(20000))), ' ') AS said
      FROM (SELECT ('x' || substr(md5(d.n || '.' || i), 1, 8))::bit(32)::bigint / 4294967296.0 AS u FROM generate_series(1, 14) i) z) w
    LEFT JOIN team m ON m.department_id = k.department_id AND crew_at < 0.6 AND s.status <> 'received'
                    AND m.n = floor(other_at * m.size)
    """,
    """
    INSERT INTO service_clock (report_id, jurisdiction_id, running_since, due_at, warn_at)
    SELECT r.id, r.jurisdiction_id, CASE WHEN open THEN r.received_at END, due_at, due_at - interval '1 day'
    FROM report r CROSS JOIN LATERAL (SELECT r.status NOT IN ('resolved', 'closed', 'on_hold', 'needs_information') AS open) o
    CROSS JOIN LATERAL (SELECT CASE WHEN r.status NOT IN ('on_hold', 'needs_information') AND r.priority <> 'low'
                                    THEN r.received_at + make_interval(hours => 24 + abs(hashtext(r.reference)) %% 3000) END AS due_at) u
    """,
    "SELECT put_in_queue(array_agg(id)) FROM (SELECT id, row_number() OVER () / 20000 AS chunk FROM report) r GROUP BY chunk",
    "UPDATE queue_item SET escalated_at = due_at + interval '2 days' WHERE is_open AND due_at < now() - interval '30 days'",
)


_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'queue_item' AND indexname <> 'pk_queue_item'
"""


def lay_out(cursor: Any, count: int, box: tuple[float, float, float, float], person: str, assignee: str) -> None:
    """Write `count` reports with clocks and queue rows; in one transaction of the caller's."""
    west, south, east, north = box
    values = {"count": count, "days": DAYS, "open_days": OPEN_DAYS, "west": west, "south": south, "east": east, "north": north,
              "person": person, "assignee": assignee}  # fmt: skip
    cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
    cursor.execute(_INDEXES)
    indexes = cursor.fetchall()
    for name, _ in indexes:  # made anew when the rows are there: ten times as fast
        cursor.execute(f"DROP INDEX {name}")
    for statement in STATEMENTS:
        cursor.execute(statement, values)
    for _, definition in indexes:
        cursor.execute(definition)
