"""Reports reach a webhook and a mail server as documented; a failure is Unavailable."""

import base64
import hmac
import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.alerts.reports import NOW, change, message
from tests.support.alert_receivers import bytes_server, certificate, mail_server, webhook
from worker.errors import BadConfig, Unavailable
from worker.model.alert_addresses import SmtpServer, mail_addresses, smtp_server
from worker.monitoring import alert_mail
from worker.monitoring import webhook as sending
from worker.monitoring.alert_mail import send_mail
from worker.monitoring.incidents import ReportKind
from worker.monitoring.status_values import Severity
from worker.monitoring.webhook import post, signature_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the specification's example


def test_a_webhook_gets_json_with_all_incidents_and_a_text_for_chat_programs() -> None:
    changes = [
        change("source-silent", about="<!channel> & wire", severity=Severity.TICKET),
        change("no-workers"),
        change("broker-full", what=ReportKind.RESOLVED),
    ]
    with webhook() as hook:
        post(hook.url, "", message(*changes), NOW)
    ((headers, body),) = hook.requests
    assert headers["content-type"] == "application/json"
    assert "webhook-signature" not in headers
    report = json.loads(body)
    assert report["schema"] == "worker-alert/1"
    assert [i["name"] for i in report["incidents"]] == [
        "no-workers",
        "source-silent",
        "broker-full",
    ]
    assert report["incidents"][0] == {
        "id": "id-no-workers",
        "state": "firing",
        "name": "no-workers",
        "about": "",
        "severity": "page",
        "sentence": "something is wrong",
        "remedy": "mend it",
        "runbook": "docs/runbook.md#no-workers",
        "since": "2026-11-30T08:00:00Z",
        "until": None,
    }
    assert report["incidents"][2]["until"] == "2026-11-30T08:00:00Z"
    assert "&lt;!channel&gt; &amp; wire" in report["text"]
    assert "<" not in report["text"]


def test_a_receiver_can_verify_that_a_report_is_genuine() -> None:
    with webhook() as hook:
        post(hook.url, SECRET, message(change()), NOW)
    ((headers, body),) = hook.requests
    signed = b".".join(
        (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body)
    )
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_the_signature_is_that_of_the_specification() -> None:
    # The example in the specification "Standard Webhooks", made with its own library.
    at = datetime.fromtimestamp(1614265330, UTC)
    headers = signature_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', SECRET, at)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_that_is_no_base64_is_used_as_it_is() -> None:
    for secret in ("plain secret", "whsec_not base64"):
        headers = signature_headers("id", b"{}", secret, NOW)
        expected = hmac.digest(secret.encode(), b"id.1796025600.{}", "sha256")
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"


@pytest.mark.parametrize("status", [301, 307, 400, 404, 500, 503])
def test_another_status_is_a_failure_and_a_redirection_is_not_followed(status: int) -> None:
    with webhook(status) as hook, pytest.raises(Unavailable, match=str(status)):
        post(hook.url, "", message(change()), NOW)
    assert len(hook.requests) == 1


@pytest.mark.parametrize("sent", [[b""], [b"SSH-2.0-OpenSSH\r\n"], [b"x" * 5000]])
def test_a_server_that_speaks_no_http_is_a_failure(sent: list[bytes]) -> None:
    with bytes_server(sent) as url, pytest.raises(Unavailable):
        post(url, "", message(change()), NOW)


def test_a_server_that_answers_byte_by_byte_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.5)
    began = time.monotonic()
    with bytes_server([b"H"] * 1000, 0.1) as url, pytest.raises(Unavailable):
        post(url, "", message(change()), NOW)
    assert time.monotonic() - began < 30  # the answer takes 100 s


def test_nobody_at_the_address_is_a_failure() -> None:
    with pytest.raises(Unavailable, match="refused"):
        post("http://127.0.0.1:1/", "", message(change()), NOW)
    with pytest.raises(Unavailable, match=r"\w"):
        post("http://127.0.0.1:1/a b", "", message(change()), NOW)


def test_a_mail_has_what_is_wrong_and_no_line_of_strangers() -> None:
    changes = [change("source-silent", about="wire\r\nBcc: all@example.org"), change("no-workers")]
    with mail_server() as box:
        server = SmtpServer("127.0.0.1", box.port, "", "", "")
        send_mail(
            server, "news@example.org", ["a@example.org", "b@example.org"], message(*changes), NOW
        )
    (mail,) = box.mails
    assert box.recipients == [["a@example.org", "b@example.org"]]
    assert mail["Subject"] == "article-worker: 2 incidents"
    assert (mail["From"], mail["Bcc"]) == ("news@example.org", None)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "[page] no-workers: something is wrong" in mail.get_content()
    assert r"wire\r\nBcc: all@example.org" in mail.get_content()


def test_a_subject_has_no_line_of_strangers() -> None:
    with mail_server() as box:
        server = SmtpServer("127.0.0.1", box.port, "", "", "")
        send_mail(server, "n@a.example", ["a@a.example"], message(change(about="x\nBcc: b@a")), NOW)
    assert box.mails[0]["Subject"] == r"article-worker: no-workers x\nBcc: b@a"


def test_a_mail_server_that_refuses_everyone_is_a_failure_one_that_refuses_some_is_not() -> None:
    with mail_server() as box:
        box.refused = {"a@a.example"}
        server = SmtpServer("127.0.0.1", box.port, "", "", "")
        with pytest.raises(Unavailable):
            send_mail(server, "n@a.example", ["a@a.example"], message(change()), NOW)
        send_mail(server, "n@a.example", ["a@a.example", "b@a.example"], message(change()), NOW)
    assert box.recipients == [["b@a.example"]]


def test_a_mail_server_that_is_away_or_without_starttls_is_a_failure() -> None:
    with pytest.raises(Unavailable):
        send_mail(SmtpServer("127.0.0.1", 1, "", "", ""), "n@a", ["a@a"], message(change()), NOW)
    with mail_server() as box:
        server = SmtpServer("localhost", box.port, "me", "secret", "starttls")
        with pytest.raises(Unavailable, match="STARTTLS"):
            send_mail(server, "n@a.example", ["a@a.example"], message(change()), NOW)
    assert (box.mails, box.logins) == ([], [])


@pytest.mark.parametrize(
    ("sent", "pause_s"),
    [
        ([b"2"] * 1000, 0.1),
        ([b"220-more\r\n" * 500] * 10_000, 0.01),
        ([b"220 a\r\n", b"2"], 100),
    ],
)
def test_a_mail_server_that_never_ends_its_answer_holds_nobody(
    monkeypatch: pytest.MonkeyPatch, sent: list[bytes], pause_s: float
) -> None:
    monkeypatch.setattr(alert_mail, "LONGEST_S", 0.5)
    began = time.monotonic()
    with bytes_server(sent, pause_s) as url:
        server = SmtpServer("127.0.0.1", urlsplit(url).port or 0, "", "", "")
        with pytest.raises(Unavailable):
            send_mail(server, "n@a.example", ["a@a.example"], message(change()), NOW)
    assert time.monotonic() - began < 30  # the answer takes 100 s


@pytest.mark.processes
def test_a_password_is_sent_only_over_a_connection_that_is_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make certificates with")
    with mail_server(certificate(tmp_path)) as box:
        server = SmtpServer("localhost", box.port, "me", "secret", "starttls")
        with pytest.raises(Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
            send_mail(server, "n@a.example", ["a@a.example"], message(change()), NOW)
        assert box.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        send_mail(server, "n@a.example", ["a@a.example"], message(change()), NOW)
    assert (box.logins, box.encrypted) == (["\0me\0secret"], [True])


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", ("mail.example", 587, "", "", "starttls")),
        ("smtps://mail.example", ("mail.example", 465, "", "", "smtps")),
        ("smtp://me:p%40ss@mail.example:25", ("mail.example", 25, "me", "p@ss", "starttls")),
        ("smtp://localhost:25?starttls=no", ("localhost", 25, "", "", "")),
    ],
)
def test_an_address_of_a_mail_server_says_how_to_connect(
    url: str, server: tuple[str, int, str, str, str]
) -> None:
    assert smtp_server(url) == server


@pytest.mark.parametrize(
    "url",
    [
        *("mail.example", "http://mail.example", "smtp://", "smtp://mail.example:x"),
        *("smtp://mail.example?starttls=maybe", "smtp://mail.example?tls=no"),
        *("smtp://mail.example/path", "smtp://me:secret@mail.example?starttls=no"),
    ],
)
def test_another_address_of_a_mail_server_is_refused_without_the_password(url: str) -> None:
    with pytest.raises(BadConfig, match="WORKER_SMTP_URL") as caught:
        smtp_server(url)
    assert "secret" not in str(caught.value)


def test_mail_addresses_are_checked() -> None:
    assert mail_addresses(" a@x.example, b@x.example,") == ("a@x.example", "b@x.example")
    assert mail_addresses("") == ()
    for wrong in ("a", "a@", "@b", "a@b@c", "A <a@b>", "a@b\nBcc: c@d"):
        with pytest.raises(BadConfig, match="WORKER_ALERT_MAIL_TO"):
            mail_addresses(wrong)
