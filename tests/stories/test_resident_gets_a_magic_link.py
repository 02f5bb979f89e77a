"""Ida's phone is gone and the recovery code with it; her mail address brings her reports to the new one."""

# ruff: noqa: F811 - a test that takes a fixture does not redefine it

import pytest

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
from tests.support.reports import send_report


def test_an_address_is_hers_once_she_has_read_the_mail(ida, deliver, mailing):
    asked = ida.put("/v1/me/email", json={"email": "Ida@Home.example"}, expect=200)
    deliver()
    (mail,) = mailing.mails
    told = confirm(ida, code_in(mail), expect=200)

    assert asked == {"email": None, "confirmed_at": None, "wanted": IDA}
    assert (told["email"], told["wanted"]) == (IDA, None)
    assert ida.get("/v1/me/email") == told
    assert mail["X-To"] == mail["To"] == IDA
    assert mail["Subject"] == "Squareton: is this your address?"
    assert mail["From"] == "Squareton <no-reply@squareton.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "24 hours" in mail.get_content()


def test_the_link_brings_her_reports_to_the_new_phone(ida, new_phone, confirmed, deliver, mailing):
    here, there = send_report(ida), send_report(new_phone)

    ask(new_phone)
    deliver()
    (mail,) = mailing.mails
    brought = use(new_phone, code_in(mail), expect=200)

    assert own_reports(new_phone) == own_reports(ida) == {here.id, there.id}
    assert {one["id"] for one in brought["devices"]} == {ida.device_id, new_phone.device_id}
    assert mail["Subject"] == "Villacuadrada: sus avisos en otro teléfono"
    assert "15 minutos" in mail.get_content()


def test_the_code_may_be_typed_as_people_type(new_phone, confirmed, deliver, mailing):
    ask(new_phone)
    deliver()

    use(new_phone, code_in(mailing.mails[0]).lower().replace("-", " ").replace("1", "l").replace("0", "o"), expect=200)


def test_whoever_reads_the_mail_elsewhere_gets_nothing(ida, new_phone, other_resident, confirmed, deliver, mailing):
    ask(new_phone)
    deliver()
    code = code_in(mailing.mails[0])

    for thief in (other_resident, ida):
        use(thief, code, expect=422)
        assert thief.last.faults == [("/code", "unknown-mail-code")]
    use(new_phone, code, expect=200)


def test_a_link_is_good_once_and_a_retry_gets_the_same(new_phone, confirmed, deliver, mailing, database):
    ask(new_phone)
    deliver()
    code = code_in(mailing.mails[0])

    first = use(new_phone, code, key="k", expect=200)
    assert use(new_phone, code, key="k", expect=200) == first
    assert use(new_phone, code, expect=200) == first
    assert database.value("SELECT count(*) FROM mail_link WHERE used_at IS NOT NULL AND kind = 'sign-in'") == 1


def test_a_link_is_over_after_a_quarter_of_an_hour(new_phone, confirmed, deliver, mailing, database):
    ask(new_phone)
    deliver()
    database.execute("UPDATE mail_link SET expires_at = now()")

    use(new_phone, code_in(mailing.mails[0]), expect=422)


def test_every_address_gets_the_same_answer_and_only_hers_a_mail(new_phone, confirmed, deliver, mailing):
    known = ask(new_phone).keys()
    unknown = ask(new_phone, "nobody@home.example").keys()
    deliver()

    assert known == unknown == {"expires_at"}
    assert [mail["X-To"] for mail in mailing.mails] == [IDA]


def test_an_address_that_nobody_confirmed_gets_no_link(ida, new_phone, deliver, mailing):
    ida.put("/v1/me/email", json={"email": IDA})
    ask(new_phone)
    deliver()

    assert [mail["Subject"] for mail in mailing.mails] == ["Squareton: is this your address?"]


def test_somebody_who_enters_her_address_gets_none_of_her_reports(ida, other_resident, confirmed, deliver, mailing):
    """The mail comes to Ida, who does not have the phone that it is for."""
    report = send_report(ida)
    other_resident.put("/v1/me/email", json={"email": IDA}, expect=200)
    deliver()

    confirm(ida, code_in(mailing.mails[0]), expect=422)

    assert own_reports(other_resident) == set()
    assert other_resident.get("/v1/me/email")["email"] is None
    assert own_reports(ida) == {report.id}


def test_her_own_second_phone_becomes_hers_by_entering_the_address_there(ida, new_phone, confirmed, deliver, mailing):
    report = send_report(ida)
    new_phone.put("/v1/me/email", json={"email": IDA})
    deliver()
    code = code_in(mailing.mails[0])

    confirm(new_phone, code, expect=200)
    confirm(new_phone, code, expect=200)

    assert own_reports(new_phone) == {report.id}


def test_until_the_new_address_is_confirmed_the_old_one_stays(ida, confirmed, deliver, mailing):
    changed = ida.put("/v1/me/email", json={"email": "ida@work.example"})
    assert (changed["email"], changed["wanted"]) == (IDA, "ida@work.example")
    back = ida.put("/v1/me/email", json={"email": IDA})
    assert (back["email"], back["wanted"]) == (IDA, None)
    deliver()

    confirm(ida, code_in(mailing.to("ida@work.example")[0]), expect=422)  # she has thought better of it


def test_an_address_can_be_forgotten(ida, new_phone, confirmed, deliver, mailing, database):
    ask(new_phone)
    ida.delete("/v1/me/email", expect=204)
    ida.delete("/v1/me/email", expect=204)
    deliver()

    assert mailing.mails == []
    assert ida.get("/v1/me/email") == {"email": None, "confirmed_at": None, "wanted": None}
    assert database.value("SELECT count(*) FROM mail_address") == 0


def test_whoever_keeps_an_address_keeps_their_reports_when_their_phone_changes_hands(
    ida, new_phone, other_resident, confirmed, deliver, mailing
):
    report = send_report(ida)
    code = other_resident.post(f"/v1/devices/{other_resident.device_id}/recovery-codes", json={})["recovery_code"]
    ida.post("/v1/recoveries", json={"recovery_code": code})  # her old phone is somebody else's now
    assert own_reports(ida) == set()

    ask(new_phone)
    deliver()
    use(new_phone, code_in(mailing.mails[0]), expect=200)

    assert own_reports(new_phone) == {report.id}


def test_no_code_is_kept_anywhere(ida, new_phone, confirmed, deliver, mailing, database):
    ask(new_phone)
    jobs = str(database.rows("SELECT args FROM procrastinate_jobs"))
    deliver()
    code = code_in(mailing.mails[0])
    everything = jobs + "".join(str(database.rows(f"SELECT * FROM {table}")) for table in database.tables)

    assert code not in everything
    assert code.replace("-", "") not in everything
    assert IDA not in jobs


@pytest.mark.parametrize(
    "address", ["ida", "@home.example", "ida@", "a@b@c", "a,b@c.example", "Ida <a@b.example>", "a@b\n"]
)
def test_what_no_mail_could_go_to_is_no_address(ida, mailing, address):
    ida.put("/v1/me/email", json={"email": address}, expect=422)

    assert ida.last.faults[0][0] == "/email"


def test_a_phone_asks_five_times_an_hour(new_phone, mailing, deliver):
    for number in range(5):
        ask(new_phone, f"someone-{number}@home.example")

    ask(new_phone, "someone-else@home.example", expect=429)


def test_an_address_is_written_to_five_times_an_hour_whoever_asks(a_resident, mailing, deliver, confirmed):
    for _ in range(4):  # and once when Ida entered it
        ask(a_resident())

    ask(a_resident(), IDA.upper(), expect=429)
    ask(a_resident(), "other@home.example")
    deliver()
    assert len(mailing.mails) == 4


def test_codes_cannot_be_guessed_for_long(new_phone, mailing):
    codes = [f"AAAAA-AAAAA-AAAAA-AAAAA-AAA{number:02}" for number in range(11)]

    for code in codes[:10]:
        use(new_phone, code, expect=422)
    use(new_phone, codes[10], expect=429)
