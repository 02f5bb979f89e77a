"""A mail goes to the city's server: encrypted where others could listen, signed in, or it says why not."""

import ssl

import pytest
import trustme

from notifications.mail import TEXTS, Mail, MailAway, Mailer, MailRefused, is_mail_address, worded
from tests.support.post import PostOffice

SENDER = "Squareton <no-reply@squareton.example>"
MAIL = Mail("01890a5d-ac96-774b-bcce-b302099a8057", "ida@home.example", "Hello ñ 市", "Grüße\nhttps://x.example/m/A\n")
FACTS = {"code": "AAAAA-BBBBB", "link": "https://311.example/m/AAAAA-BBBBB", "minutes": "15"}


@pytest.fixture
def office():
    """Makes mail servers: office(password="…")."""
    made = []

    def open_one(**options):
        made.append(PostOffice(**options))
        return made[-1]

    yield open_one
    for one in made:
        one.stop()


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """Whoever is trusted, and a certificate for this machine."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def context(authority, name="127.0.0.1"):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(made)
    return made


def test_a_mail_arrives_as_it_was_written(office):
    server = office()

    Mailer(server.url, SENDER).send(MAIL)

    (mail,) = server.mails
    assert (mail["Subject"], mail.get_content().replace("\r\n", "\n")) == (MAIL.subject, MAIL.body)
    assert (mail["From"], mail["To"], mail["X-To"]) == (SENDER, MAIL.to, MAIL.to)
    assert mail["Message-ID"] == f"<{MAIL.key}@squareton.example>"


def test_with_starttls_it_is_encrypted(office, authority):
    server = office(tls=context(authority))

    Mailer(server.url + "?starttls=always", SENDER).send(MAIL)

    assert server.encrypted == [True]


def test_without_a_good_certificate_nothing_goes(office, authority):
    server = office(tls=context(authority, "mail.elsewhere.example"))

    with pytest.raises(MailAway):
        Mailer(server.url + "?starttls=always", SENDER).send(MAIL)
    assert server.mails == []


def test_a_server_that_cannot_encrypt_gets_nothing_when_others_could_listen(office):
    server = office()

    with pytest.raises(MailAway):
        Mailer(server.url + "?starttls=always", SENDER).send(MAIL)
    assert server.mails == []
    assert Mailer("smtp://mail.example.org", SENDER)._starts_tls
    assert not Mailer("smtp://127.0.0.1", SENDER)._starts_tls
    assert not Mailer("smtp://mail.example.org?starttls=never", SENDER)._starts_tls


def test_it_signs_in(office):
    server = office(password="p@ss/word")

    Mailer(f"smtp://ida:p%40ss%2Fword@127.0.0.1:{server.port}", SENDER).send(MAIL)
    with pytest.raises(MailAway):
        Mailer(f"smtp://ida:wrong@127.0.0.1:{server.port}", SENDER).send(MAIL)

    assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("550 nobody", MailRefused),
        ("553 no such address", MailRefused),
        ("451 later", MailAway),
        ("421 busy", MailAway),
    ],
)
def test_what_the_server_says_decides_whether_it_is_asked_again(office, answer, fault):
    server = office()
    server.refuse = answer

    with pytest.raises(fault):
        Mailer(server.url, SENDER).send(MAIL)


def test_nobody_there_is_for_now():
    with pytest.raises(MailAway):
        Mailer("smtp://127.0.0.1:9", SENDER, timeout_s=1).send(MAIL)


def test_trying_out_says_why_not(office):
    assert Mailer(office().url, SENDER).try_out() is None
    assert "ConnectionRefused" in (Mailer("smtp://127.0.0.1:9", SENDER, timeout_s=1).try_out() or "")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("ida@home.example", True),
        ("ida+311@home.example", True),
        ("i.d-a_x@sub.home.example", True),
        ("ida@home.example, ben@home.example", False),
        ("a,b@home.example", False),
        ("Ida <ida@home.example>", False),
        ("<ida@home.example>", False),
        ("ida@home.example\r\nBcc: all@home.example", False),
        ("ida", False),
        ("", False),
    ],
)
def test_an_address_is_one_address_and_nothing_else(text, is_one):
    assert is_mail_address(text) is is_one


@pytest.mark.parametrize("kind", ["confirm", "sign-in"])
def test_there_are_words_in_english_and_spanish_with_the_same_facts(kind):
    assert set(TEXTS) == {"en", "es"}
    for language in TEXTS:
        subject, body = TEXTS[language][kind]["subject"], TEXTS[language][kind]["body"]
        assert subject.count("{town}") == 1
        assert [body.count("{" + fact + "}") for fact in ("town", "link", "code", "time")] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Squareton: is this your address?"),
        ("es-MX", "Villacuadrada: ¿es esta su dirección?"),
        ("fr", "Squareton: is this your address?"),
    ],
)
def test_words_are_the_readers(language, subject):
    told = worded("confirm", language, {"en": "Squareton", "es": "Villacuadrada"}, ["en", "es"], FACTS)

    assert told[0] == subject
    assert FACTS["link"] in told[1]
    assert "{" not in told[0] + told[1]


def test_a_towns_name_fills_in_nothing_and_breaks_no_header():
    subject, body = worded("confirm", "en", {"en": "{code}\r\nBcc: all@home.example"}, ["en"], FACTS)

    assert subject == "{code} Bcc: all@home.example: is this your address?"
    assert body.count(FACTS["code"]) == 2  # in the link and by itself
