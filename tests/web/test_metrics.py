"""/metrics: what Prometheus is told about the system, in which names, types and labels."""

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from tests.support.statuses import (
    AT,
    counted,
    lane,
    present,
    scaled,
    source,
    system,
    times,
)
from worker.broker.batch_counters import MessageEnd
from worker.errors import Reason
from worker.model.records import OutcomeKind
from worker.monitoring.status_values import LedgerCheck, SourceNumbers
from worker.store.hourly_values import OutcomeTotals
from worker.web.metrics import metrics_text
from worker.web.source_metrics import MAX_SOURCES
from worker.web.system_state import SystemState

Labels = tuple[tuple[str, str], ...]


def scraped(state: SystemState) -> dict[tuple[str, Labels], float]:
    """Every sample as Prometheus' own parser reads it, by name and labels; none may come twice."""
    found: dict[tuple[str, Labels], float] = {}
    for family in text_string_to_metric_families(metrics_text(state).decode()):
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found, f"twice: {key}"
            found[key] = sample.value
    return found


def of(state: SystemState, name: str) -> dict[str, float]:
    """The samples of one metric, by the values of their labels, with a space between."""
    return {
        " ".join(value for _, value in labels): number
        for (found, labels), number in scraped(state).items()
        if found == name
    }


def names(state: SystemState) -> set[str]:
    return {name for name, _ in scraped(state)}


BUSY = system(
    lanes=(
        lane("live", (1, 0, 2, 5), oldest_s=7.5),
        lane("bulk", paused=True),
        lane("quarantine", (0, 1, 0, 0), oldest_s=90.0),
    ),
    leased=3,
    overdue=1,
    undeliverable=2,
    held=4,
    journal=6,
    scale=scaled(5, drain_s=33.0),
    workers=(present("celery@a", 2, 1), present("celery@b", 4, 4, digest="bb", refused=True)),
    counters={
        "live": counted(0.05, 0.5, 20.0, ends={MessageEnd.DONE: 2, MessageEnd.DEAD: 1}, killed=2),
        "bulk": counted(killed=1),
    },
    stages={"clean": times(0.2, 2.0)},
    outcomes=OutcomeTotals(
        outcomes=dict.fromkeys(OutcomeKind, 0) | {OutcomeKind.NEW: 9, OutcomeKind.DEAD: 2},
        dead={"empty": 2},
    ),
    dead_letters={"empty": 1},
    sources=SourceNumbers(ok=3, silent=2, new=1),
    ledger=LedgerCheck(at=AT, missing=8),
    broker_limit_bytes=5,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("worker_probe_success", {"broker": 1, "store": 1, "index": 1}),
        ("worker_queue_messages", {"live 0": 1, "live 2": 2, "live 3": 5, "quarantine 1": 1}),
        ("worker_queue_oldest_seconds", {"live": 7.5, "bulk": 0, "quarantine": 90}),
        ("worker_queue_paused", {"live": 0, "bulk": 1, "quarantine": 0}),
        ("worker_leases", {"": 3}),
        ("worker_leases_overdue", {"": 1}),
        ("worker_undeliverable_messages", {"": 2}),
        ("worker_held_articles", {"": 4}),
        ("worker_journal_entries", {"": 6}),
        ("worker_drain_seconds", {"": 33}),
        ("worker_scale_replicas", {"": 5}),
        ("worker_pressure", {"": 0}),
        ("worker_messages_total", {"done live": 2, "dead live": 1, "returned live": 0}),
        ("worker_busy_seconds_total", {"live": 20.55}),
        ("worker_batch_seconds_bucket", {"live 0.1": 1, "live 1.0": 2, "live +Inf": 3}),
        ("worker_batch_seconds_sum", {"live": 20.55}),
        ("worker_batch_seconds_count", {"live": 3}),
        ("worker_wait_seconds_count", {"live": 3}),
        ("worker_stage_seconds_bucket", {"1.0 clean": 1, "+Inf clean": 2}),
        ("worker_stage_seconds_sum", {"clean": 2.2}),
        ("worker_processes_lost_total", {"killed": 3, "time-limit": 0}),
        ("worker_workers", {"": 2}),
        ("worker_processes", {"busy": 5, "idle": 1}),
        ("worker_info", {"aa 1": 1, "bb 1": 1}),
        ("worker_config_refused", {"": 1}),
        ("worker_articles_total", {"new": 9, "dead": 2, "revision": 0}),
        ("worker_dead_letters_total", {"empty": 2, "poison": 0}),
        ("worker_dead_letters", {"empty": 1, "poison": 0}),
        ("worker_sources", {"ok": 3, "silent": 2, "new": 1, "paused": 0}),
        ("worker_ledger_missing", {"": 8}),
        ("worker_ledger_last_success_timestamp_seconds", {"": AT.timestamp()}),
        ("worker_store_bytes", {"revisions": 4096}),
        ("worker_store_limit_bytes", {"": 8192}),
        ("worker_nothing_arrives", {"": 0}),
        ("worker_broker_memory_bytes", {"": 1_000_000}),
        ("worker_broker_memory_limit_bytes", {"": 5}),
    ],
)
def test_a_metric_has_the_numbers_of_the_state(name: str, expected: dict[str, float]) -> None:
    found = of(BUSY, name)
    assert {labels: found[labels] for labels in expected} == expected


def test_every_lane_has_all_four_priorities_also_the_empty_ones() -> None:
    assert len(of(BUSY, "worker_queue_messages")) == 12


def test_all_outcomes_and_reasons_are_there_before_the_first_article() -> None:
    # A counter that first appears with a 1 has not increased in the eyes of Prometheus.
    state = system()
    assert of(state, "worker_articles_total") == {kind.value: 0 for kind in OutcomeKind}
    for name in ("worker_dead_letters_total", "worker_dead_letters"):
        assert of(state, name) == {reason.value: 0 for reason in Reason}
    ends = {f"{end.value} {name}" for end in MessageEnd for name in ("live", "bulk", "quarantine")}
    assert of(state, "worker_messages_total") == dict.fromkeys(ends, 0)


def test_a_reason_of_another_version_is_told_too() -> None:
    assert of(system(dead_letters={"newly-made": 3}), "worker_dead_letters")["newly-made"] == 3


def test_an_unreadable_broker_gives_no_queues_instead_of_empty_ones() -> None:
    state = system(unreachable=("broker",), lanes=(), counters={}, workers=(), advice=None)
    assert of(state, "worker_probe_success") == {"broker": 0, "store": 1, "index": 1}
    assert names(state) & {"worker_queue_messages", "worker_workers", "worker_leases"} == set()
    assert {"worker_articles_total", "worker_sources"} <= names(state)


def test_an_unreadable_store_gives_no_articles_instead_of_none() -> None:
    state = system(unreachable=("store",), outcomes=None, ledger=None)
    state = dataclasses.replace(state, sources=None, index_answers=False)
    assert of(state, "worker_probe_success") == {"broker": 1, "store": 0, "index": 0}
    gone = {"worker_articles_total", "worker_sources", "worker_dead_letters", "worker_store_bytes"}
    gone |= {"worker_store_limit_bytes", "worker_nothing_arrives"}
    assert names(state) & (gone | {"worker_sources_untold"}) == set()
    assert {"worker_queue_messages", "worker_workers"} <= names(state)


def test_an_unknown_time_to_drain_and_a_ledger_that_never_ran_have_no_number() -> None:
    state = system(scale=scaled(1, drain_s=None), ledger=None)
    assert names(state) & {"worker_drain_seconds", "worker_ledger_missing"} == set()


def test_a_source_has_its_counts_and_both_its_times() -> None:
    wire = source("wire", articles=5, dead=2, silent=True, due=AT)
    state = system([wire, source("blog")])
    assert of(state, "worker_source_articles_total") == {"wire": 5, "blog": 10}
    assert of(state, "worker_source_dead_total") == {"wire": 2, "blog": 1}
    assert of(state, "worker_source_silent") == {"wire": 1}  # blog is too new to be judged
    assert of(state, "worker_source_due_timestamp_seconds") == {"wire": AT.timestamp()}
    assert of(state, "worker_source_last_seen_timestamp_seconds").keys() == {"wire", "blog"}
    assert of(state, "worker_sources_untold") == {"": 0}


def test_beyond_the_limit_sources_are_added_up() -> None:
    many = [source(f"s{n:03}", n, articles=1) for n in range(MAX_SOURCES + 50)]
    articles = of(system(many), "worker_source_articles_total")
    assert len(articles) == MAX_SOURCES + 1
    assert articles["other"] == 50
    assert of(system(many), "worker_sources_untold") == {"": 50}


def test_no_counter_falls_when_a_source_is_added_or_grows() -> None:
    # A counter that falls has been reset in the eyes of Prometheus, which then adds all of it.
    before = [source(f"s{n:03}", n, articles=1000 - n) for n in range(MAX_SOURCES + 5)]
    grown = [dataclasses.replace(before[-1], articles=9000), source("a-late-one", 999)]
    earlier = of(system(before), "worker_source_articles_total")
    later = of(system([*before[:-1], *grown]), "worker_source_articles_total")
    assert earlier.keys() == later.keys()
    assert all(later[name] >= earlier[name] for name in earlier)


def test_a_source_named_other_is_no_second_series_of_that_name() -> None:
    few = [source("other", articles=3), source("wire", articles=4)]
    assert of(system(few), "worker_source_articles_total") == {"other": 3, "wire": 4}
    many = [source("other", articles=3), *(source(f"s{n}", n, articles=1) for n in range(250))]
    assert of(system(many), "worker_source_articles_total")["other"] == 3 + 51


@given(st.sets(st.text(st.characters(codec="utf-8"), min_size=1), max_size=5))
def test_any_name_of_a_source_survives_the_text_format(found: set[str]) -> None:
    state = system([source(name) for name in found])
    labels = {dict(labels)["source"] for (name, labels) in scraped(state) if "_dead_total" in name}
    assert labels == found


def test_the_number_of_series_is_bounded() -> None:
    many = [source(f"s{n}", n, silent=False, due=AT) for n in range(1000)]
    assert len(scraped(system(many))) <= 5 * (MAX_SOURCES + 1) + 300


def test_every_metric_is_in_the_table_of_the_documentation_and_no_other() -> None:
    text = (Path(__file__).parents[2] / "docs/operations.md").read_text("utf-8")
    table = text.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `(worker_[a-z_]+)` \|", table, re.M))
    state = system([source("wire", silent=True, due=AT)])
    families = re.findall(r"^# TYPE (\S+)", metrics_text(state).decode(), re.M)
    assert documented == set(families)
