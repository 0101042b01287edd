"""Mails: first a row in the transaction of what they tell, then sent by a job, tried again where that
can help. A sender that dies between sending and noting it makes a mail come twice, which harms nobody.
"""

import smtplib
from datetime import timedelta

import structlog
from sqlalchemy import delete, select

from cloudchat import config
from cloudchat.clients import mail
from cloudchat.events import MailQueued, publish
from cloudchat.extensions import db, now
from cloudchat.models import Mail
from cloudchat.services import secrets
from cloudchat.tenancy import current_organization_id

log = structlog.get_logger(__name__)

WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1))
CLAIM = timedelta(minutes=5)  # how long a sender has; then another may try
KEPT = timedelta(days=30)


def can_send() -> bool:
    """Does this installation have a mail server?"""
    return mail.can_send(config.active())


def queue(kind: str, recipient: str, subject: str, text: str) -> bool:
    """Add a mail to the present transaction; False where there is no server to send it."""
    if not can_send():
        return False
    sealed = secrets.encrypt({"text": text})
    db.session.add(Mail(kind=kind, recipient=recipient, subject=subject[:255], text=sealed))
    publish(MailQueued(current_organization_id()))
    return True


def filled(text: str, values: dict[str, str]) -> str:
    """Each placeholder once, from the left: what a name holds is not looked at again."""
    found = ((text.find(mark), mark) for mark in values)
    place, mark = min((pair for pair in found if pair[0] >= 0), default=(-1, ""))
    if place < 0:
        return text
    rest = text[place + len(mark) :]
    return text[:place] + values[mark] + filled(rest, values)


def organizations_due() -> list[int]:
    """Organizations with a mail to send, across all of them."""
    statement = select(Mail.organization_id).where(Mail.status == "queued", Mail.due_at <= now())
    return list(db.session.scalars(statement.distinct()))


def deliver() -> int:
    """Send the present organization's mails that are due; answers how many were sent. A process that
    was given no mail server leaves them to one that was."""
    if not can_send():
        return 0
    sent = 0
    while (row := _claimed()) is not None:
        # No connection to the database is held while the mail server thinks.
        error, permanent = _sent(row)
        row.error = error
        if error is None:
            row.status, row.text = "sent", None
            sent += 1
        elif permanent or row.tries > len(WAITS):
            row.status, row.text = "failed", None
        else:
            row.due_at = now() + WAITS[row.tries - 1]
        db.session.commit()
    return sent


def _claimed() -> Mail | None:
    row = db.session.scalar(
        select(Mail)
        .where(Mail.status == "queued", Mail.due_at <= now())
        .order_by(Mail.due_at, Mail.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is not None:
        row.due_at, row.tries = now() + CLAIM, row.tries + 1
    db.session.commit()
    return row


def _sent(row: Mail) -> tuple[str | None, bool]:
    """What went wrong, if anything, and whether another try is of no use."""
    try:
        mail.send(config.active(), [row.recipient], row.subject, secrets.decrypt(row.text)["text"])
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail_not_sent", mail_id=row.id, kind=row.kind, error=type(error).__name__)
        return f"{type(error).__name__}: {error}"[:200], _is_permanent(error)
    return None, False


def _is_permanent(error: Exception) -> bool:
    """Does the mail server say that it will never take this mail? 4xx means later."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _text in error.recipients.values())
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500


def drop_old() -> None:
    """Forget mails of the present organization that were sent or given up long ago."""
    db.session.execute(
        delete(Mail)
        .where(Mail.status != "queued", Mail.created_at < now() - KEPT)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
