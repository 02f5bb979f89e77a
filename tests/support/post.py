"""A mail server on loopback: takes mails, or does not."""

import email
import ssl
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.support.live import free_port


class PostOffice:
    """`mails` are those that were taken; `refuse` is what every recipient is answered, when it is set."""

    def __init__(self, tls: ssl.SSLContext | None = None, password: str | None = None, **options: Any):
        self.mails: list[EmailMessage] = []
        self.refuse: str | None = None
        self.encrypted: list[bool] = []
        if password is not None:
            options |= {"authenticator": _only(password), "auth_required": True, "auth_require_tls": tls is not None}
        if tls is not None:
            options |= {"tls_context": tls, "require_starttls": True}
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=10, **options)
        self._controller.start()
        self.url = f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["X-To"] == address]

    def stop(self) -> None:
        self._controller.stop()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.refuse is not None:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        mail = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        for address in envelope.rcpt_tos:
            mail["X-To"] = address
        self.mails.append(mail)
        self.encrypted.append(session.ssl is not None)
        return "250 Taken"


def _only(password: str) -> Any:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and data.password == password.encode()
        return AuthResult(success=is_right, handled=False)

    return check
