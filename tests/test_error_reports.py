"""What is sent to Sentry names the error and its place, and has nothing of an article in it."""

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport
from urllib3.response import HTTPResponse

from tests.running import running_worker
from tests.support.alert_receivers import webhook
from tests.support.log_reading import pushed_message
from worker.config.loader import load_config
from worker.config.rule_files import PACKAGED
from worker.errors import BadConfig
from worker.index.memory_index import MemoryIndex
from worker.model.log_lines import log_context, set_context
from worker.pipeline import ingestion
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.runtime import error_reports
from worker.settings import Settings
from worker.store.sql_store import SqlStore

DSN = "https://abc123@sentry.example/7"
SECRETS = ("Confidential Headline", "zanzibar quokka", "s3cretpassword")
ARTICLE = {
    "id": "1",
    "title": SECRETS[0],
    "content": [{"type": "text/plain", "value": f"A {SECRETS[1]} was seen. " * 20}],
    "fetch": {"headers": {"Authorization": SECRETS[2]}},
    "source": {"id": "wire"},
}

sent: list[Envelope] = []


class Recorder(Transport):
    def capture_envelope(self, envelope: Envelope) -> None:
        sent.append(envelope)


@pytest.fixture
def report() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Reports on; the result returns those sent so far, after a look for secrets in the bytes."""
    sent.clear()
    error_reports.start(Settings.load({"WORKER_SENTRY_DSN": DSN}), "celery@a", Recorder)

    def reports() -> list[dict[str, Any]]:
        sentry_sdk.flush()
        for envelope in sent:
            text = envelope.serialize().decode()
            assert not [secret for secret in SECRETS if secret in text]
        return [dict(event) for envelope in sent if (event := envelope.get_event())]

    yield reports
    sentry_sdk.get_global_scope().set_client(None)


def crash(raw: Any, *_: object) -> None:
    text = raw.content[0].value
    try:
        int(text)
    except ValueError as e:
        raise RuntimeError(f"can't clean {raw.title}: {text}") from e


def test_an_article_that_crashes_a_stage_leaves_no_text(
    report: Callable[[], list[dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    sqlite_store_url: str,
) -> None:
    monkeypatch.setattr(ingestion, "clean", crash)
    config, store = load_config(), SqlStore(sqlite_store_url)
    pipeline = Pipeline(config, store, MemoryIndex(config.dedup))
    set_context(log_context("task-1", []))
    try:
        pipeline.ingest([Delivery(receipt="r1", raw=ARTICLE)], now=datetime.now(UTC))
    finally:
        set_context()
        store.close()
    (event,) = report()
    assert event["logentry"] == {"message": "article.crashed"}
    assert event["tags"] == {"source": "wire", "stage": "clean", "task_id": "task-1"}
    assert event["server_name"] == "celery@a"
    assert [error["type"] for error in event["exception"]["values"]] == [
        "ValueError",
        "RuntimeError",
    ]
    frame = event["exception"]["values"][1]["stacktrace"]["frames"][-1]
    assert frame["function"] == "crash"
    assert "vars" not in frame


def test_values_of_log_lines_that_may_have_text_stay_here(
    report: Callable[[], list[dict[str, Any]]],
) -> None:
    log = logging.getLogger("worker.broker")
    log.warning("batch.returned what=%s detail=%s", "store", SECRETS[1])  # no error
    log.error("message.failed task=%s id=%s error=%s", "articles.ingest", "7", SECRETS[1])
    log.error("unplanned %s", SECRETS[1])
    logging.getLogger("celery.app.trace").error("Task %s raised", SECRETS[0])
    logging.getLogger("other").error(f"could not parse {SECRETS[0]}")
    first, *others = report()
    assert first["logentry"] == {"message": "message.failed"}
    assert first["tags"] == {"task": "articles.ingest", "id": "7"}
    assert [event["logentry"]["message"] for event in others] == [
        "error in worker.broker",
        "error in celery.app.trace",
        "error in other",
    ]


def test_what_is_added_to_a_report_elsewhere_stays_here(
    report: Callable[[], list[dict[str, Any]]],
) -> None:
    sentry_sdk.set_context("article", {"title": SECRETS[0]})
    sentry_sdk.set_tag("title", SECRETS[0])
    sentry_sdk.set_user({"email": SECRETS[2]})
    sentry_sdk.add_breadcrumb(message=SECRETS[1])
    try:
        raise ValueError(SECRETS[0])
    except ValueError as e:
        sentry_sdk.capture_exception(e)
    sentry_sdk.capture_message(SECRETS[1])
    assert len(report()) == 2


def test_without_an_address_nothing_is_sent() -> None:
    sent.clear()
    error_reports.start(Settings.load({}), "celery@a", Recorder)
    logging.getLogger("worker").error("article.crashed source=%s stage=%s", "wire", "clean")
    assert sent == []


@pytest.mark.parametrize("dsn", ["https://sentry.example/7", "https://abc123@sentry.example"])
def test_an_address_that_is_no_project_is_refused_without_the_key(dsn: str) -> None:
    with pytest.raises(BadConfig, match="WORKER_SENTRY_DSN") as caught:
        error_reports.start(Settings.load({"WORKER_SENTRY_DSN": dsn}), "celery@a", Recorder)
    assert "abc123" not in str(caught.value)
    sentry_sdk.get_global_scope().set_client(None)


@pytest.mark.processes
@pytest.mark.long
def test_a_pool_process_sends_its_errors(tmp_path: Path) -> None:
    shutil.copy(PACKAGED / "cleaning.toml", tmp_path)
    with webhook() as hook:
        port = hook.url.split(":")[2].partition("/")[0]
        settings = {"WORKER_SENTRY_DSN": f"http://abc123@127.0.0.1:{port}/7"}
        settings["WORKER_CONFIG_DIR"] = str(tmp_path)
        with contextmanager(running_worker)(settings=settings) as running:
            running.broker.lpush("articles", pushed_message("r1", ARTICLE))
            running.outcome("r1")
            with (tmp_path / "cleaning.toml").open("a") as rules:
                rules.write("\n[unknown]\n")
            numbers = count(2)

            def reported() -> bool:
                """Whether a report came; rules are looked at before a batch, every few seconds."""
                if not running.broker.llen("articles"):
                    running.broker.lpush("articles", pushed_message(f"r{next(numbers)}", ARTICLE))
                return bool(hook.requests)

            running.until(reported, "a report")
    bodies = [HTTPResponse(BytesIO(body), headers=headers).data for headers, body in hook.requests]
    assert any(b'"config.refused"' in body for body in bodies)
    assert not [secret for secret in SECRETS if any(secret.encode() in body for body in bodies)]
