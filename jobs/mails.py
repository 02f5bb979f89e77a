"""Send a mail: its words and its code are worked out here, so that no job holds them."""

import logging
from uuid import UUID

from actions.magic_links import mail_to_send, note_sent
from core.db import transaction
from jobs.tasks import Work
from notifications.mail import MailRefused

log = logging.getLogger(__name__)


def send_mail(work: Work, link_id: str) -> None:
    """Send the mail of a link, unless it went already. Raises MailAway: the queue tries again until the link is over."""
    if work.mailer is None:
        raise RuntimeError("The mail queue is worked without a server.")
    with transaction() as session:
        mail = mail_to_send(session, UUID(link_id), work.secret, work.public_url)
    if mail is None:
        return
    # A server can take many seconds. A transaction open all that time would hold row locks and a pooled connection.
    try:
        work.mailer.send(mail)
    except MailRefused as fault:
        log.warning("mail refused", extra={"link_id": link_id, "reason": str(fault)})
    with transaction() as session:
        note_sent(session, UUID(link_id))
