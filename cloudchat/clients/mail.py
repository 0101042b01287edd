"""Mail, where the installation has a server for it. Without `SMTP_URL` nothing is sent: that is no error."""

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import unquote, urlsplit

from cloudchat.config import Config

TIMEOUT = 20


def can_send(config: Config) -> bool:
    return bool(config.smtp_url)


def send(config: Config, to: list[str], subject: str, text: str) -> None:
    """Send one plain text to each address by itself. Raises OSError or smtplib.SMTPException."""
    if not config.smtp_url or not to:
        return
    server = urlsplit(config.smtp_url)
    secure = server.scheme == "smtps"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    more = {"context": ssl.create_default_context()} if secure else {}
    port = server.port or (465 if secure else 587)
    with kind(server.hostname or "localhost", port, timeout=TIMEOUT, **more) as connection:
        if not secure and connection.ehlo()[0] == 250 and connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        for address in to:
            connection.send_message(_message(config.mail_from, address, subject, text))


def _message(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, to
    message["Subject"] = " ".join(subject.split())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">") or "localhost")
    message.set_content(text)
    return message
