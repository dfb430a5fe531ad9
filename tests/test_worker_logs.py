"""What a worker writes can be read by programs, line by line, whatever happens to it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from devtools.waiting import limit_s
from tests.running import Running, running_worker
from tests.support.log_reading import logfmt, pushed_message

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


@contextmanager
def at_work(settings: Mapping[str, str]) -> Iterator[Running]:
    yield from running_worker(settings=settings)


def stopped(running: Running) -> list[str]:
    """The lines of the worker, after it was ended as it should be."""
    running.worker.terminate()
    running.worker.wait(limit_s())
    return running.log.read_text("utf-8").splitlines()


@pytest.mark.processes
def test_every_line_is_json_and_a_trace_leads_to_the_outcome() -> None:
    with at_work({"WORKER_LOG_FORMAT": "json"}) as running:
        good = {"id": "1", "title": "Harbour reopens", "link": "https://a.example/1"}
        running.broker.lpush("articles", "no message\nat all")
        running.broker.lpush("articles", pushed_message("r1", good, traceparent=TRACE))
        assert running.outcome("r1").handling.traceparent == TRACE
        # Each of two messages of one batch keeps its own trace; an invalid one is none.
        pair = [
            pushed_message("r2", {"id": "2\n=", "source": {"id": 'x "y"\n='}}, traceparent=OTHER)
        ]
        pair += [pushed_message("r3", {"id": "3", "title": "Third"}, traceparent="00-x-1")]
        pair += [
            pushed_message(
                "r4", {"id": "4", "title": "Fourth"}, **{"x-quarantine": 1}, traceparent=OTHER
            )
        ]
        running.broker.lpush("articles", *pair)
        traces = [running.outcome(f"r{n}").handling.traceparent for n in (2, 3, 4)]
        assert traces == [OTHER, "", OTHER]
        lines = [json.loads(line) for line in stopped(running)]
    assert not [line for line in lines if "Task articles." in line.get("message", "")]
    batch = next(line for line in lines if line.get("event") == "batch.ingested")
    assert (batch["traceparent"], batch["new"]) == (TRACE, 1)
    assert batch["task_id"] == "id-r1"
    assert batch["worker"].startswith("celery@")
    letter = next(line for line in lines if line.get("event") == "article.rejected")
    assert letter["source"].startswith('x "y"')
    assert "message.dead" in [line.get("event") for line in lines]
    assert {line["logger"] for line in lines} >= {"worker", "worker.broker"}


@pytest.mark.processes
@pytest.mark.long
def test_every_line_is_logfmt() -> None:
    with at_work({"WORKER_LOG_FORMAT": "logfmt"}) as running:
        running.broker.lpush(
            "articles", pushed_message("r1", {"id": "1", "source": {"id": 'x "y"'}})
        )
        running.outcome("r1")
        lines = [logfmt(line) for line in stopped(running)]
    assert [line["source"] for line in lines if line.get("event") == "article.rejected"] == [
        'x "y"'
    ]
    assert all(line["time"].endswith("Z") and line["level"] for line in lines)
