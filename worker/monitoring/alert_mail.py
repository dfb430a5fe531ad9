"""Send a report about incidents as a mail, by SMTP."""

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from worker.errors import Unavailable
from worker.model.alert_addresses import SmtpServer
from worker.monitoring.alert_messages import RUNBOOK, AlertMessage

TIMEOUT_S = 10.0  # for connecting and for each answer


def send_mail(
    server: SmtpServer,
    sender: str,
    recipients: Sequence[str],
    message: AlertMessage,
    now: datetime,
) -> None:
    """Send a report as a mail to these recipients.

    Raises Unavailable when the server does not answer, or takes it for none of them.
    """
    mail = EmailMessage()
    mail["Subject"] = message.title
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = make_msgid(idstring=message.id, domain="article-worker")
    mail["Auto-Submitted"] = "auto-generated"  # so that no absence note answers it
    mail.set_content(f"{message.text}\n\nWhat each means, and how to mend it: {RUNBOOK}\n")
    try:
        _send(server, mail, sender, recipients)
    except (OSError, smtplib.SMTPException, ValueError) as e:
        raise Unavailable("mail", f"{type(e).__name__}: {e}") from e


def _send(server: SmtpServer, mail: EmailMessage, sender: str, recipients: Sequence[str]) -> None:
    context = ssl.create_default_context()
    client: smtplib.SMTP
    if server.tls == "smtps":
        client = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    try:
        if server.tls == "starttls":
            client.starttls(context=context)
        if server.user:
            client.login(server.user, server.password)
        client.send_message(mail, sender, list(recipients))
    finally:
        with suppress(OSError, smtplib.SMTPException):
            client.quit()
