"""What let somebody in for a time is thrown away when it is over, and nothing else is."""

import pytest

from actions.retain import drop_passed
from core.db import transaction
from tests.support.sign_in import give_password, refresh, sign_in


@pytest.fixture
def kept(admin, client, database):
    """How many rows there are after a sweep."""
    give_password(admin, client, "dora")
    tokens = sign_in(client, "dora")
    refresh(client, tokens["refresh_token"])

    def sweep():
        with transaction() as session:
            drop_passed(session)
        tables = ("invitation", "staff_session", "refresh_token", "local_account")
        counts = {table: database.value(f"SELECT count(*) FROM {table}") for table in tables}
        kinds = database.rows("SELECT kind, count(*) AS rows FROM credential GROUP BY kind")
        return counts | {row["kind"]: row["rows"] for row in kinds}

    return sweep


def test_what_is_good_stays(kept):
    found = kept()

    assert (found["staff_session"], found["refresh_token"], found["session"]) == (1, 2, 2)
    assert found["token"] == 9


def test_access_tokens_go_a_day_after_they_end_and_their_session_stays(kept, database):
    database.execute("UPDATE credential SET expires_at = now() - interval '25 hours' WHERE kind = 'session'")

    found = kept()

    assert "session" not in found
    assert (found["staff_session"], found["refresh_token"], found["token"]) == (1, 2, 9)


def test_sessions_go_a_month_after_they_end_and_accounts_stay(kept, database):
    database.execute("UPDATE credential SET expires_at = now() - interval '31 days' WHERE kind = 'session'")
    database.execute("UPDATE staff_session SET ended_at = now() - interval '31 days', ended_by = 'revoked'")
    database.execute("UPDATE invitation SET expires_at = now() - interval '31 days'")

    found = kept()

    assert (found["staff_session"], found["refresh_token"], found["invitation"]) == (0, 0, 0)
    assert (found["local_account"], found["token"]) == (1, 9)
