"""`mendway doctor` looks at the town, its worker and its keys."""

from tests.support.health import findings, only, wrong
from tests.support.reports import send_report


def test_a_worker_that_fell_silent_is_told(fit_town):
    fit_town.rows("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '5 minutes'")

    assert [text for check, text in wrong(findings(fit_town)) if check == "worker" and "sign of life" in text]


def test_a_late_queue_is_told(fit_town):
    fit_town.rows(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, scheduled_at)"
        " VALUES ('announcements', 'x', now() - interval '10 minutes')"
    )

    assert [text for level, text in only(findings(fit_town), "worker") if level == "warning" and "late" in text]


def test_without_a_town_it_says_how_to_bring_one(bare):
    assert ("town", "There is no town yet: the API answers 503. mendway apply town.toml") in wrong(findings(bare))


def test_a_category_that_reaches_nobody_is_told(fit_town):
    fit_town.rows("DELETE FROM rule WHERE code = 'litter'")
    fit_town.rows("DELETE FROM rule WHERE code = 'streets-east'")

    found = only(findings(fit_town), "owners")

    assert [level for level, text in found if "litter" in text and "must hand each on" in text] == ["warning"]
    assert [level for level, text in found if "pothole" in text and "In parts of the town" in text] == ["warning"]


def test_a_text_that_is_missing_in_a_language_is_told(fit_town):
    fit_town.rows("UPDATE department SET name = name - 'es' WHERE code = 'roads'")

    assert "departments.roads.name.es" in only(findings(fit_town), "languages")[0][1]


def test_demo_tokens_are_wrong_where_others_are_let_in(fit_town):
    fit_town.mendway("create-token", "--staff", "adam")
    fit_town.rows("UPDATE credential SET label = 'demo'")

    assert only(findings(fit_town), "demo tokens")[0][0] == "wrong"

    fit_town.environment["PUBLIC_URL"] = ""
    assert only(findings(fit_town), "demo tokens")[0][0] == "warning"

    fit_town.mendway("revoke-demo-tokens")
    assert only(findings(fit_town), "demo tokens") == []


def test_keys_that_end_soon_or_that_nobody_uses_are_told(fit_town):
    for label in ("ending", "ended", "idle", "busy"):
        fit_town.mendway("create-token", "--importer", label)
    fit_town.rows("UPDATE partner_key SET expires_at = now() + interval '7 days' WHERE label = 'ending'")
    fit_town.rows("UPDATE partner_key SET expires_at = now() - interval '1 day' WHERE label = 'ended'")
    fit_town.rows("UPDATE partner_key SET last_used_on = now() - interval '300 days' WHERE label = 'idle'")

    told = [text for _, text in only(findings(fit_town), "keys")]

    assert [text.split()[2] for text in told] == ["ending", "ended", "idle"]
    assert "ends on" in told[0]
    assert "has expired" in told[1]
    assert "has not been used since" in told[2]


def test_a_staff_token_that_ends_soon_is_told(fit_town):
    fit_town.rows("DELETE FROM credential")
    fit_town.mendway("create-token", "--staff", "dora", "--days", "5")
    fit_town.mendway("create-token", "--staff", "adam", "--days", "5")
    fit_town.mendway("create-token", "--staff", "adam")  # has another that lasts

    told = [text for _, text in only(findings(fit_town), "staff tokens")]

    assert len(told) == 1
    assert "mendway create-token --staff dora" in told[0]


def test_pushes_without_a_provider_are_counted(fit_town):
    with fit_town.api() as api:
        report = send_report(api.resident())
    fit_town.rows(
        "WITH said AS (INSERT INTO announcement (id, jurisdiction_id, report_id, seq, event)"
        " SELECT gen_random_uuid(), jurisdiction_id, id, 99, 'resolved' FROM report WHERE id = %s RETURNING *)"
        " INSERT INTO notification (id, jurisdiction_id, announcement_id, person_id, channel)"
        " SELECT gen_random_uuid(), said.jurisdiction_id, said.id, person_id, 'push' FROM said JOIN report ON report.id = report_id",
        report.id,
    )

    assert "1 push wait for a provider" in only(findings(fit_town), "pushes")[0][1]
