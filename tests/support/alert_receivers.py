"""Receivers of alerts on the loopback interface: an HTTP server, and a mail server."""

import base64
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Hook:
    """What a webhook got, and what it answers: each status once, the last one for ever."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def answer(self) -> int:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@contextmanager
def webhook(*statuses: int) -> Iterator[Hook]:
    """Yield a webhook that answers with these statuses, 200 unless given."""
    hook = Hook(statuses=list(statuses) or [200])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.requests.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(hook.answer())
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing on standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.url = f"http://127.0.0.1:{server.server_port}/hook?team=news"
        with _served(server):
            yield hook


@contextmanager
def bytes_server(sent: Sequence[bytes], pause_s: float = 0.0) -> Iterator[str]:
    """Yield the address of a server that sends these bytes, with pauses, whatever it is asked."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                for part in sent:
                    self.request.sendall(part)
                    time.sleep(pause_s)
                self.request.recv(65536)
            except OSError:
                pass

    with _Server(("127.0.0.1", 0), Handler) as server, _served(server):
        yield f"http://127.0.0.1:{server.server_address[1]}/"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@dataclass
class Mailbox:
    """What a mail server got: mails, their recipients, and how the clients logged in."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)


@contextmanager
def mail_server(context: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """Yield a mail server; it offers STARTTLS if it is given a certificate in `context`."""
    box = Mailbox()

    class Handler(_MailHandler):
        mailbox, tls_context = box, context

    with _Server(("127.0.0.1", 0), Handler) as server:
        box.port = server.server_address[1]
        with _served(server):
            yield box


class _MailHandler(socketserver.StreamRequestHandler):
    mailbox: Mailbox
    tls_context: ssl.SSLContext | None

    def handle(self) -> None:
        self.encrypted, self.to = False, list[str]()
        with suppress(OSError):  # a client that does not trust the certificate hangs up
            self.reply("220 mail.test")
            while line := self.rfile.readline():
                word, _, rest = line.decode().strip().partition(" ")
                if not self.obey(word.upper(), rest):
                    break

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def obey(self, word: str, rest: str) -> bool:
        if word == "EHLO":
            offers = ["STARTTLS"] if self.tls_context and not self.encrypted else []
            offers += ["AUTH PLAIN"] if self.encrypted or not self.tls_context else []
            self.reply(*(f"250-{offer}" for offer in ["mail.test", *offers]), "250 OK")
        elif word == "STARTTLS" and self.tls_context:
            self.reply("220 go")
            self.start_tls(self.tls_context)
        elif word == "AUTH":
            self.mailbox.logins.append(base64.b64decode(rest.split()[1]).decode())
            self.reply("235 welcome")
        elif word == "RCPT":
            address = rest[rest.index("<") + 1 : rest.index(">")]
            if address in self.mailbox.refused:
                self.reply("550 nobody")
            else:
                self.to.append(address)
                self.reply("250 OK")
        elif word == "DATA":
            self.take_mail()
        else:
            self.reply("221 bye" if word == "QUIT" else "250 OK")
        return word != "QUIT"

    def take_mail(self) -> None:
        self.reply("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mailbox.mails.append(mail)
        self.mailbox.recipients.append(self.to)
        self.mailbox.encrypted.append(self.encrypted)
        self.reply("250 taken")

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.request = context.wrap_socket(self.request, server_side=True)
        self.encrypted = True
        self.rfile.close()
        self.rfile = self.request.makefile("rb")

    def reply(self, *lines: str) -> None:
        self.request.sendall("".join(f"{line}\r\n" for line in lines).encode())


def certificate(folder: Path) -> ssl.SSLContext:
    """A certificate for localhost, signed by itself; `folder / "cert.pem"` is to be trusted."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", "key.pem"]
    command += ["-out", "cert.pem", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
