"""How mails with links go: the server may be busy or refuse, the worker may run twice, and not everybody has the app."""

# ruff: noqa: F811 - a test that takes a fixture does not redefine it

import pytest

from tests.support.callers import Caller
from tests.support.mailing import (  # noqa: F401 - fixtures
    IDA,
    ask,
    code_in,
    confirm,
    confirmed,
    deliver,
    ida,
    mailing,
    new_phone,
    own_reports,
    post,
    use,
)
from tests.support.worker import WorkerProcess, eventually


def test_a_server_that_is_busy_gets_the_mail_later(ida, deliver, mailing, database):
    ida.put("/v1/me/email", json={"email": IDA})
    mailing.refuse = "451 later"
    deliver()
    assert mailing.mails == []
    assert (
        database.value("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'send_mail' AND status = 'todo'") == 1
    )

    mailing.refuse = None
    database.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
    deliver()

    assert len(mailing.mails) == 1


def test_a_server_that_will_never_take_it_is_asked_once(ida, deliver, mailing, database):
    ida.put("/v1/me/email", json={"email": IDA})
    mailing.refuse = "550 nobody of that name"
    deliver()

    assert database.value("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'send_mail'") == 0


def test_a_job_that_runs_twice_sends_one_mail(ida, deliver, mailing, database):
    ida.put("/v1/me/email", json={"email": IDA})
    link = database.value("SELECT id::text FROM mail_link")
    deliver()
    database.execute(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args)"
        " VALUES ('mails', 'send_mail', jsonb_build_object('link_id', %s))",
        link,
    )
    deliver()

    assert len(mailing.mails) == 1


def test_a_town_without_mail_says_so(ida, new_phone):
    ida.put("/v1/me/email", json={"email": IDA}, expect=409)
    ask(new_phone, expect=409)

    assert new_phone.last.problem == "sign-in-not-offered"


def test_staff_sign_in_otherwise(crew, mailing):
    crew.put("/v1/me/email", json={"email": IDA}, expect=403)
    ask(crew, expect=403)


def test_the_link_without_an_app_shows_the_code_and_uses_nothing_up(client, new_phone, confirmed, deliver, mailing):
    ask(new_phone)
    deliver()
    code = code_in(mailing.mails[0])

    for language, words in (("en", "Open this on the phone that asked"), ("es", "Ábralo en el teléfono que lo pidió")):
        page = client.send("GET", f"/m/{code}", language=language, headers={"Accept": "text/html"}, expect=200)
        assert words in page.text
        assert code in page.text
        assert page.headers["x-robots-tag"] == "noindex"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "script" not in page.text
    use(new_phone, code, expect=200)


@pytest.mark.parametrize("code", ["x", "AAAAA", "<script>", "aaaaa-aaaaa-aaaaa-aaaaa-aaaaa"])
def test_what_is_no_code_is_not_shown(client, code):
    client.get(f"/m/{code}", expect=404)


def test_the_app_learns_that_there_is_mail(client, mailing, app, monkeypatch):
    from api import configuration
    from api.town import forget_town

    forget_town()
    monkeypatch.setattr(configuration, "_kept", None)
    assert "magic_link" in client.get("/v1/config")["sign_in_methods"]
    monkeypatch.setattr(configuration, "_kept", None)


def test_a_token_alone_has_no_phone_to_bring_anything_to(client, mailing, database, ida):
    database.execute("UPDATE credential SET device_id = NULL WHERE device_id = %s", ida.device_id)

    Caller(client.ask, client.contract, ida.token).put("/v1/me/email", json={"email": IDA}, expect=404)


@pytest.mark.slow
def test_a_worker_sends_the_mail(ida, mailing, environment, tmp_path):
    """A process of its own, with the settings that a town would give it."""
    settings = {**environment, "SMTP_URL": mailing.url, "MAIL_FROM": "no-reply@squareton.example"}
    worker = WorkerProcess(settings, tmp_path / "worker.log").start()
    try:
        ida.put("/v1/me/email", json={"email": IDA}, expect=200)
        eventually(lambda: mailing.mails, 30, "the mail")
        confirm(ida, code_in(mailing.mails[0]), expect=200)
    finally:
        worker.stop()

    assert IDA not in worker.log.read_text()
