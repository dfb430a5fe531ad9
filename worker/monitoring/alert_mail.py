"""Send a report about incidents as a mail, by SMTP."""

import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from worker.errors import Unavailable
from worker.model.alert_addresses import SmtpServer
from worker.monitoring.alert_messages import RUNBOOK, AlertMessage

TIMEOUT_S = 10.0  # for connecting
LONGEST_S = 30.0  # for all answers together


def send_mail(
    server: SmtpServer,
    sender: str,
    recipients: Sequence[str],
    message: AlertMessage,
    now: datetime,
) -> None:
    """Send a report as a mail to these recipients.

    Raises Unavailable when the server has not taken it within 30 s, or takes it for none of them.
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
        client = _TimedSmtps(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        client = _TimedSmtp(server.host, server.port, timeout=TIMEOUT_S)
    try:
        if server.tls == "starttls":
            client.starttls(context=context)
        if server.user:
            client.login(server.user, server.password)
        client.send_message(mail, sender, list(recipients))
    finally:
        with suppress(OSError, smtplib.SMTPException):
            client.quit()


class _TimedSmtp(smtplib.SMTP):
    """A connection by SMTP that waits at most 30 s for all answers of the server together.

    smtplib limits the time for each part of an answer only, so a server that sends its answer byte
    by byte could hold it for ever.
    """

    def getreply(self) -> tuple[int, bytes]:
        if not hasattr(self, "_ends_at"):
            self._ends_at = time.monotonic() + LONGEST_S
        if self.file is None and self.sock is not None:
            self.file = _TimedLines(self.sock, self._ends_at)
        return super().getreply()


class _TimedSmtps(_TimedSmtp, smtplib.SMTP_SSL):
    """A connection by SMTP that is encrypted from the first byte, and waits at most 30 s for all
    answers of the server together."""


class _TimedLines:
    """Reads lines from a socket until the time `ends_at` of the monotonic clock.

    Raises TimeoutError if a line is not complete by then.
    """

    def __init__(self, source: socket.socket, ends_at: float) -> None:
        self._source, self._ends_at, self._received = source, ends_at, b""

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self._received and len(self._received) < limit:
            left_s = self._ends_at - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(f"no complete answer within {LONGEST_S:g} s")
            self._source.settimeout(left_s)
            if not (received := self._source.recv(limit)):
                break
            self._received += received
        length = min(self._received.find(b"\n") + 1 or limit, limit)
        line, self._received = self._received[:length], self._received[length:]
        return line

    def close(self) -> None:
        self._received = b""
