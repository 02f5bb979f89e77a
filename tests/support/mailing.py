"""A town that sends mail, somebody who has confirmed an address, and what they do with the codes."""

import re
from dataclasses import replace

import pytest

from jobs.app import run_due_jobs
from jobs.tasks import Work
from notifications.mail import Mailer
from tests.support.post import PostOffice

IDA = "ida@home.example"
LINK = re.compile(r"https://311\.squareton\.example/m/([0-9A-Z-]{29})\b")


@pytest.fixture
def post():
    made = PostOffice()
    yield made
    made.stop()


@pytest.fixture
def mailing(app, post):
    """The town sends mail through this server."""
    before = app.config["MENDWAY"]
    app.config["MENDWAY"] = replace(before, smtp_url=post.url, mail_from="Squareton <no-reply@squareton.example>")
    yield post
    app.config["MENDWAY"] = before


@pytest.fixture
def deliver(mailing, config):
    """Does the jobs that are due, mails among them."""

    def run():
        mailer = Mailer(mailing.url, "Squareton <no-reply@squareton.example>", timeout_s=5)
        run_due_jobs(config, Work(public_url=config.public_url, mailer=mailer, secret=config.secret))

    return run


@pytest.fixture
def ida(resident):
    return resident


@pytest.fixture
def new_phone(a_resident):
    """A phone that speaks Spanish."""
    return a_resident(language="es-MX")


def code_in(mail):
    return LINK.search(mail.get_content())[1]


@pytest.fixture
def confirmed(ida, deliver, mailing):
    """Ida's address is hers."""
    ida.put("/v1/me/email", json={"email": "Ida@Home.example"}, expect=200)
    deliver()
    confirm(ida, code_in(mailing.mails.pop()))


def confirm(phone, code, **how):
    return phone.post("/v1/me/email/confirm", json={"code": code}, **how)


def ask(phone, address=IDA, **how):
    return phone.post("/v1/magic-links", json={"email": address}, **{"expect": 202, **how})


def use(phone, code, **how):
    return phone.post("/v1/magic-links/use", json={"code": code}, **how)


def own_reports(caller):
    return {item["id"] for item in caller.get("/v1/reports?mine=true")["items"]}
