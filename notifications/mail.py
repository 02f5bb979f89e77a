"""Mail through the city's SMTP server: what a mail says, and one attempt to hand it over."""

import smtplib
import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from core.config import is_loopback

QUEUE, TASK = "mails", "send_mail"
TEXTS: dict[str, dict[str, dict[str, str]]] = {
    path.stem: tomllib.loads(path.read_text()) for path in sorted((Path(__file__).parent / "mail_texts").glob("*.toml"))
}
FALLBACK = "en"
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class Mail:
    """One mail. `key` names it for ever: a second copy has the same Message-ID, so that readers show one."""

    key: str
    to: str
    subject: str
    body: str


class MailRefused(Exception):
    """The server will never take this mail; sending it again is no use."""


class MailAway(Exception):
    """It did not go now; later it may."""


def is_mail_address(text: str) -> bool:
    """Whether a mail could be addressed so: one address, without a name or anything else round it."""
    try:
        Address(addr_spec=text)
    except (ValueError, HeaderParseError, IndexError):
        return False
    return "," not in text and parseaddr(text)[1] == text


def worded(
    kind: str, language: str, town: Mapping[str, str], town_languages: list[str], facts: dict[str, str]
) -> tuple[str, str]:
    """Subject and body of a mail in the reader's language, else in the town's first that we speak, else in English.

    facts: link, code, and `minutes` for how long they are good.
    """
    wishes = [language.replace("_", "-").partition("-")[0].lower(), *town_languages, FALLBACK]
    chosen = next(wish for wish in wishes if wish in TEXTS)
    parts = TEXTS[chosen]
    minutes = int(facts["minutes"])
    unit, count = ("hours", minutes // 60) if minutes > 120 else ("minutes", minutes)
    filled = {
        "town": " ".join((town.get(chosen) or town.get(town_languages[0]) or next(iter(town.values()))).split()),
        "link": facts["link"],
        "code": facts["code"],
        "time": parts["time"][unit].replace("{count}", str(count)),
    }
    subject, body = parts[kind]["subject"], parts[kind]["body"].lstrip()
    # The town's name last: it is the only one that may hold braces.
    for name in ("link", "code", "time", "town"):
        subject, body = (text.replace("{" + name + "}", filled[name]) for text in (subject, body))
    return subject, body


class Mailer:
    """The way to the city's server. Threads may share it; each mail has a connection of its own."""

    def __init__(self, url: str, sender: str, timeout_s: float = 10.0):
        """url: smtp:// or smtps://, with user, password and port if there are any; `?starttls=never` for a network that needs none."""
        parts = urlsplit(url)
        self.host = parts.hostname or "localhost"
        self.port = parts.port or PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._is_tls = parts.scheme == "smtps"
        asked = parse_qs(parts.query).get("starttls", [""])[-1]
        self._starts_tls = asked != "never" and (asked == "always" or not is_loopback(self.host))
        self._timeout_s = timeout_s
        self._sender = sender

    def send(self, mail: Mail) -> None:
        """Hand one mail over. Raises MailRefused, MailAway."""
        try:
            message = self._message(mail)
        except (ValueError, HeaderParseError) as fault:
            raise MailRefused("not a mail") from fault
        try:
            with self._connected() as server:
                server.send_message(message, parseaddr(self._sender)[1], [mail.to])
        except smtplib.SMTPRecipientsRefused as fault:
            code = next(iter(fault.recipients.values()))[0]
            raise _named(code, fault) from fault
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as fault:
            raise _named(fault.smtp_code, fault) from fault
        except smtplib.SMTPNotSupportedError as fault:
            # SMTPUTF8 is a matter of this address, STARTTLS of the server.
            raise (MailAway("no TLS") if "STARTTLS" in str(fault) else MailRefused("no SMTPUTF8")) from fault
        except (smtplib.SMTPException, OSError) as fault:
            raise MailAway(type(fault).__name__) from fault

    def try_out(self) -> str | None:
        """Greet the server and sign in, sending nothing; None when that works, else why not."""
        try:
            with self._connected() as server:
                server.noop()
        except (smtplib.SMTPException, OSError) as fault:
            return f"{type(fault).__name__}: {fault}"
        return None

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._is_tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=self._timeout_s, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self._timeout_s)
        try:
            if self._starts_tls and not self._is_tls:
                server.starttls(context=context)
            if self._user:
                server.login(self._user, self._password)
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
        return server

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = Address(addr_spec=mail.to)
        message["Subject"] = mail.subject
        message["Date"] = formatdate(localtime=False)
        message["Message-ID"] = f"<{mail.key}@{parseaddr(self._sender)[1].rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence notice answers it
        message.set_content(mail.body, cte="quoted-printable")
        return message


def _named(code: int, fault: Exception) -> Exception:
    """What an SMTP code means: 5xx is for ever, 4xx for now (RFC 5321, 4.2.1)."""
    return MailRefused(f"{code}") if code >= 500 else MailAway(f"{code}")
