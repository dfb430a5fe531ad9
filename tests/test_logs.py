"""Text of strangers can't forge a log line, and machines read back what was logged."""

import json
import logging
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.log_reading import logfmt
from worker.model.log_formats import RESERVED, JsonFormatter, LogfmtFormatter
from worker.model.log_lines import (
    LogEvent,
    keep_on_one_line,
    log_context,
    log_event,
    quoted,
    set_context,
)

FORGED = "x\n[2026-11-30 10:00:00,000: WARNING/MainProcess] article.rejected source=bank"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("wire", "wire"),
        ("wire/2026-11.8:a", "wire/2026-11.8:a"),
        ("", '""'),
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ('say "no"', r'"say \"no\""'),
        ("a\nb", r'"a\nb"'),
        ("a\u2028b", r'"a\u2028b"'),
        ("a\x1b[31m", r'"a\u001b[31m"'),
        ("a\u202eb", r'"a\u202eb"'),
        ("a\U000e0067b", r'"a\U000e0067b"'),
        ("\ud800", r'"\ud800"'),
        ("a\\nb", r'"a\\nb"'),
        ("é漢", "é漢"),
    ],
)
def test_a_value_is_written_as_logfmt_writes_it(value: str, written: str) -> None:
    assert quoted(value) == written


@pytest.mark.parametrize("name", ["worker", "worker.broker"])
@pytest.mark.parametrize("value", [FORGED, "x id=7 reason=none", "x\u2028y", "x\x85y", "x\ry"])
def test_a_value_adds_neither_a_line_nor_a_pair(
    caplog: pytest.LogCaptureFixture, name: str, value: str
) -> None:
    log = logging.getLogger(name)
    log.warning("message.failed task=%s id=%s count=%d ms=%.1f error=%r", value, value, 3, 1, value)
    (message,) = caplog.messages
    assert len(message.splitlines()) == 1
    assert message.startswith('message.failed task="x')
    assert message.count(' id="x') == 1
    assert " count=3 ms=1.0 error=" in message


def test_texts_outside_of_pairs_stay_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("worker").warning("batch.ingested %s ms=%d, 100%% done", "new=4 dead=1", 7)
    assert caplog.messages == ["batch.ingested new=4 dead=1 ms=7, 100% done"]


def test_no_line_of_a_traceback_looks_like_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError(FORGED)
    except ValueError:
        logging.getLogger("worker").exception("article.crashed source=%s", "wire")
    first, *others = caplog.text.splitlines()
    assert first.endswith("article.crashed source=wire")
    assert others
    assert all(line.startswith("    ") for line in others)


def test_lines_of_libraries_stay_on_one_line() -> None:
    record = logging.LogRecord("celery", 30, "", 0, "Task %(id)s failed", ({"id": FORGED},), None)
    assert keep_on_one_line(record)
    assert record.getMessage().splitlines() == [record.getMessage()]


def written(
    formatter: logging.Formatter, level: int, text: str, *values: object, **more: Any
) -> str:
    """The line that a formatter makes of a call of the package's logger."""
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Lines()
    handler.setFormatter(formatter)
    log = logging.getLogger("worker")
    log.addHandler(handler)
    try:
        log.log(level, text, *values, **more)
    finally:
        log.removeHandler(handler)
    (line,) = lines
    assert line.splitlines() == [line]
    return line


@pytest.mark.parametrize(
    "value", [FORGED, "x id=7", "", 'a"b', "a\\", "\u2028", "漢 é", "a\x00b", "\\U0001f600"]
)
def test_both_forms_give_back_any_value(value: str) -> None:
    call = (
        logging.WARNING,
        "message.failed task=%s count=%d ms=%.1f error=%r",
        value,
        3,
        0.25,
        value,
    )
    report = json.loads(written(JsonFormatter("celery@a"), *call))
    assert report["task"] == value
    assert (report["count"], report["ms"], report["error"]) == (3, 0.2, repr(value))
    assert (report["level"], report["logger"]) == ("warning", "worker")
    assert (report["event"], report["worker"]) == ("message.failed", "celery@a")
    assert datetime.fromisoformat(report["time"]).utcoffset() == timedelta(0)
    pairs = logfmt(written(LogfmtFormatter("celery@a"), *call))
    assert pairs["task"] == value
    assert (pairs["event"], pairs["count"], pairs["worker"]) == ("message.failed", "3", "celery@a")


@given(st.text(max_size=40))
def test_no_text_breaks_a_line_of_either_form(value: str) -> None:
    call = (logging.ERROR, "article.rejected source=%s stage=%s", value, value)
    assert json.loads(written(JsonFormatter(), *call))["source"] == value
    assert logfmt(written(LogfmtFormatter(), *call))["source"] == value


@pytest.mark.parametrize(
    ("text", "values", "event", "fields", "note"),
    [
        ("a.b", (), "a.b", {}, ""),
        ("config.restart queues ask for it", (), "config.restart", {}, "queues ask for it"),
        ("drain.failed; the leases expire", (), "drain.failed", {}, "the leases expire"),
        (
            "a.b tag=%s error=%s; it expires",
            ("t", "e"),
            "a.b",
            {"tag": "t", "error": "e"},
            "it expires",
        ),
        ("a.b limit-s=%g on=%s", (2.5, True), "a.b", {"limit-s": 2.5, "on": True}, ""),
        ("a.b n=%d of %s, 100%%", (True, "c"), "a.b", {"n": 1}, "of c, 100%"),
        ("a.b n=%f", (float("nan"),), "a.b", {"n": "nan"}, ""),
        ("plain words n=%s", ("x",), "", {"n": "x"}, "plain words"),
        ("a.b n=%d", ("no number",), "", {}, "a.b n=%d"),
        ("a.b %(n)s", ({"n": 1},), "a.b", {}, "1"),
    ],
)
def test_event_values_and_note_of_a_line_are_told_apart(
    text: str, values: tuple[Any, ...], event: str, fields: dict[str, Any], note: str
) -> None:
    record = logging.LogRecord("worker", 30, "", 0, text, values, None)
    assert log_event(record) == LogEvent(event, fields, note)


def test_a_traceback_is_one_value() -> None:
    try:
        raise ValueError(FORGED)
    except ValueError:
        call = (logging.ERROR, "article.crashed source=%s", "wire")
        report = json.loads(written(JsonFormatter(), *call, exc_info=True))
        pairs = logfmt(written(LogfmtFormatter(), *call, exc_info=True))
    assert report["traceback"].startswith("Traceback (most recent call last):\n")
    assert report["traceback"] == pairs["traceback"]


def test_lines_of_libraries_have_a_message_and_no_event() -> None:
    record = logging.LogRecord("celery", 30, "", 0, "Task %s\nfailed k=v", ("a.b",), None)
    report = json.loads(JsonFormatter().format(record))
    assert report["message"] == "Task a.b\nfailed k=v"
    assert "event" not in report
    wrong = logging.LogRecord("celery", 30, "", 0, "Task %d", ("a.b",), None)
    assert json.loads(JsonFormatter().format(wrong))["message"] == "Task %d"


def test_a_line_says_which_task_and_which_trace_it_belongs_to(
    caplog: pytest.LogCaptureFixture,
) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    set_context(log_context("task-7", ["", trace, trace]))
    try:
        report = json.loads(written(JsonFormatter(), logging.INFO + 10, "batch.ingested new=%d", 1))
    finally:
        set_context()
    assert (report["task_id"], report["traceparent"]) == ("task-7", trace)
    assert caplog.messages == [f"batch.ingested new=1 traceparent={trace}"]
    assert "traceparent" not in written(JsonFormatter(), logging.WARNING, "a.b")


def test_a_batch_of_many_traces_names_five() -> None:
    assert log_context("", [str(n) for n in range(9)]).traceparent == "0,1,2,3,4"


CALLS = re.compile(
    r'\blog\.(?:debug|info|warning|error|exception|log)\(\s*(?:[\w.]+,\s*)?f?"([^"]+)"'
)
PAGE = (Path(__file__).parents[1] / "docs/logs.md").read_text("utf-8")


def logged() -> list[str]:
    """The text of every log line of the package."""
    files = (Path(__file__).parents[1] / "worker").rglob("*.py")
    return [text for file in files for text in CALLS.findall(file.read_text("utf-8"))]


def test_every_event_and_every_key_that_is_logged_is_documented() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+\.[a-z-]+)` \| ([^|]*) \|", PAGE, re.M))
    for text in logged():
        event = log_event(logging.LogRecord("worker", 30, "", 0, text, (), None)).name
        assert event in rows, f"{text}: its event is not in docs/logs.md"
        keys = re.findall(r"([A-Za-z][\w-]*)=%", text)
        assert set(keys) <= set(re.findall(r"`([\w-]+)`", rows[event])), text
        assert not RESERVED & set(keys), text
    events = {text.split()[0].rstrip(";") for text in logged()}
    assert set(rows) == events
