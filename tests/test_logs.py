"""Text of strangers can't forge a log line."""

import logging

import pytest

from worker.model.log_lines import keep_on_one_line, quoted

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
