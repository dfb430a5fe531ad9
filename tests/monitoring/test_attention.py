"""What needs attention: a table of states, each with what must be said of it and what must not."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.monitoring.states import AT, ago, lane, scale, status, totals, worker
from worker.broker.broker_state import MessageCount
from worker.broker.ledger_check import LedgerCheck
from worker.broker.pauses import Pause, Pauses
from worker.config.monitoring_rules import AttentionRules, load_monitoring_rules
from worker.monitoring.attention import needs_attention, time_span
from worker.monitoring.status_values import (
    Severity,
    SilentSource,
    SourceNumbers,
    SourceSummary,
    Status,
)
from worker.store.retention_values import StoreGrowth

RULES = AttentionRules()
HOUR, DAY = 3600.0, 86400.0


def waiting(count: int, oldest_s: float, name: str = "live", **changes: Any) -> Any:
    """One lane with messages, the others empty."""
    return (lane(name, count, oldest_s=oldest_s, **changes),)


def check(age_s: float, **changes: Any) -> LedgerCheck:
    return replace(LedgerCheck(at=ago(age_s), missing=0), **changes)


def counts(*messages: tuple[float, int]) -> tuple[MessageCount, ...]:
    return tuple(MessageCount(at=ago(age_s), messages=count) for age_s, count in messages)


def silent(*sources: str) -> SourceSummary:
    return SourceSummary(silent=tuple(SilentSource(name=name, since=ago(DAY)) for name in sources))


def growing(size: int, a_day: float | None, *, limit: int = 100, sampled: bool = True) -> Any:
    """A store of this size that grows so fast, in bytes."""
    growth = StoreGrowth(tables={"t": size}, bytes_a_day=a_day, days=9, sampled=sampled)
    return {"growth": growth, "store_limit_bytes": limit}


CASES: list[tuple[str, dict[str, Any], set[str]]] = [
    ("a system at rest", {}, set()),
    ("no worker, nothing to do", {"workers": ()}, set()),
    ("no worker, messages", {"workers": (), "lanes": waiting(1, 1)}, {"no-workers"}),
    ("no worker, only leases", {"workers": (), "leased": 3}, {"no-workers"}),
    ("no worker known: no broker", {"workers": (), "leased": 3, "unreachable": ("broker",)},
     {"unreachable"}),
    ("no store", {"unreachable": ("store",), "lately": None}, {"unreachable"}),
    ("a worker waits for the store", {"breakers": {"celery@web1": "store"}}, {"worker-waits"}),
    ("a worker ends", {"breakers": {"celery@web1": "the end of this process"}}, set()),
    ("nothing ends", {"lanes": waiting(5, 900, "bulk"), "last_message_at": ago(900)},
     {"nothing-ends"}),
    ("nothing ever ended", {"lanes": waiting(5, 900, "bulk")}, {"nothing-ends"}),
    ("something ended just now", {"lanes": waiting(5, 5000, "bulk"), "last_message_at": ago(899)},
     set()),
    ("messages after a quiet night", {"lanes": waiting(5, 20), "last_message_at": ago(DAY)}, set()),
    ("a paused lane is meant to wait",
     {"lanes": waiting(5, DAY, paused=True), "last_message_at": ago(DAY)}, {"lane-paused"}),
    ("an old message", {"lanes": waiting(5, 901), "last_message_at": ago(1)}, {"queue-old"}),
    ("no old message", {"lanes": waiting(5, 900), "last_message_at": ago(1)}, set()),
    ("a flood may wait", {"lanes": waiting(5, DAY, "bulk"), "last_message_at": ago(1)}, set()),
    ("long to drain", {"scale": scale(3601)}, {"drain-long"}),
    ("long to drain, more than before",
     {"scale": scale(3601), "leased": 9, "history": counts((900, 8))}, {"drain-long"}),
    ("long to drain, fewer than before",
     {"scale": scale(3601), "leased": 9, "history": counts((900, 10), (60, 8))}, set()),
    ("not long to drain", {"scale": scale(3600)}, set()),
    ("nobody drains", {"scale": scale(None)}, set()),
    ("articles missing", {"ledger": check(60, missing=2)}, {"articles-missing"}),
    ("messages lost", {"ledger": check(60, lost=1)}, {"articles-missing"}),
    ("a good ledger", {"ledger": check(26 * HOUR)}, set()),
    ("an old ledger", {"ledger": check(26 * HOUR + 1)}, {"ledger-stale"}),
    ("an old ledger with missing articles", {"ledger": check(2 * DAY, missing=2)},
     {"articles-missing", "ledger-stale"}),
    ("never a ledger, a new system", {}, set()),
    ("never a ledger, an old system", {"workers": (worker(started=ago(2 * DAY)),)},
     {"ledger-stale"}),
    ("a young worker beside an old one, and a ledger",
     {"workers": (worker(started=ago(2 * DAY)), worker(2)), "ledger": check(60)}, set()),
    ("many dead letters", {"lately": totals({"empty": 21}, new=100), "dead_letters": {"empty": 21}},
     {"dead-fast"}),
    ("many dead letters, some of them dropped or mended",
     {"lately": totals({"empty": 21}, new=100), "dead_letters": {"empty": 20}}, set()),
    ("few articles that fail again and again",
     {"lately": totals({"empty": 500}, new=100), "dead_letters": {"empty": 11}}, set()),
    ("few dead letters", {"lately": totals({"empty": 20}, new=10), "dead_letters": {"empty": 99}},
     set()),
    ("many dead letters of many",
     {"lately": totals({"empty": 150}, new=900), "dead_letters": {"empty": 150}}, set()),
    ("crashes", {"lately": totals({"crashed": 1, "poison": 1}, new=9)}, {"crashes"}),
    ("a full broker", {"broker_bytes": 71, "broker_limit_bytes": 100}, {"broker-full"}),
    ("a broker with room", {"broker_bytes": 70, "broker_limit_bytes": 100}, set()),
    ("a broker without a limit", {"broker_bytes": 10**12}, set()),
    ("a long journal", {"journal": 1001}, {"journal-behind"}),
    ("a journal", {"journal": 1000}, set()),
    ("refused rules", {"workers": (worker(refused=True),)}, {"rules-refused"}),
    ("two versions", {"workers": (worker(), worker(2, version="0.2.0"))}, {"workers-differ"}),
    ("two rules", {"workers": (worker(), worker(2, digest="9f"))}, {"workers-differ"}),
    ("two alike", {"workers": (worker(), worker(2))}, set()),
    ("a silent source", {"source_summary": silent("wire")}, {"source-silent"}),
    ("silent sources that are snoozed", {"sources": SourceNumbers(ok=1, silent=5)}, set()),
    ("many silent sources", {"sources": SourceNumbers(ok=6, silent=3),
     "source_summary": SourceSummary(nothing_since=ago(DAY))}, {"nothing-arrives"}),
    ("a store that is full", growing(91, None), {"store-fills"}),
    ("a store with room", growing(89, None), set()),
    ("a store that grows fast", growing(50, 6), {"store-fills"}),
    ("a store that grows slowly", growing(50, 5), set()),
    ("a store that does not grow", growing(89, 0), set()),
    ("a store of which nobody knows how large it may be", growing(50, 50, limit=0), set()),
    ("a first import", growing(50, 50, sampled=False), set()),
    ("new and paused sources", {"sources": SourceNumbers(ok=1, new=5, paused=5)}, set()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "names"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_each_state_is_told_as_it_is(changes: dict[str, Any], names: set[str]) -> None:
    found = needs_attention(status(**changes), RULES)
    assert {item.name for item in found} == names
    for item in found:
        assert item.sentence
        assert not item.sentence.endswith(".")
        assert item.remedy
        assert item.since is None or item.since <= AT


@pytest.mark.parametrize(
    ("changes", "since"),
    [
        ({"workers": (), "leased": 1, "last_worker_at": ago(500)}, ago(500)),
        ({"workers": (), "lanes": waiting(1, 70), "last_worker_at": None}, ago(70)),
        ({"lanes": waiting(5, 5000, "bulk"), "last_message_at": ago(1000)}, ago(1000)),
        ({"lanes": waiting(5, 1000, "bulk"), "last_message_at": ago(5000)}, ago(1000)),
        ({"lanes": waiting(5, 1000), "last_message_at": ago(0)}, ago(100)),
        ({"ledger": check(60, missing=1, since=ago(DAY))}, ago(DAY)),
        ({"ledger": check(27 * HOUR)}, ago(HOUR)),
        ({"workers": (worker(started=ago(27 * HOUR)),)}, ago(HOUR)),
        ({"scale": scale(9999), "leased": 9, "history": counts((900, 2), (700, 3))}, ago(900)),
    ],
)
def test_since_when_is_told_where_it_is_known(changes: dict[str, Any], since: datetime) -> None:
    [item] = needs_attention(status(**changes), RULES)
    assert item.since == since


def test_the_most_urgent_comes_first() -> None:
    state = status(journal=5000, workers=(worker(refused=True),), unreachable=("store",))
    severities = [item.severity for item in needs_attention(state, RULES)]
    assert severities == [Severity.PAGE, Severity.TICKET, Severity.TICKET]


def test_crashes_and_kills_are_two_things() -> None:
    state = status(lately=totals({"crashed": 2, "poison": 1}, new=9))
    about = {item.about: item.sentence for item in needs_attention(state, RULES)}
    assert set(about) == {"crashed", "poison"}
    assert about["crashed"].startswith("2 articles crashed")
    assert about["poison"].startswith("1 article killed")


def test_each_silent_source_is_named_and_said_since_when() -> None:
    found = needs_attention(status(source_summary=silent("wire", "a b")), RULES)
    assert [(item.about, item.since) for item in found] == [
        ("wire", ago(DAY)),
        ("a b", ago(DAY)),
    ]
    assert "worker sources 'a b'" in found[1].remedy


def test_a_pause_says_who_and_why() -> None:
    pause = Pause(by="ann@host", at=ago(HOUR), reason="the store moves")
    pauses = Pauses(lanes={"live": pause}, sources={})
    [item] = needs_attention(status(lanes=waiting(2, 5, paused=True), pauses=pauses), RULES)
    assert "paused by ann@host (the store moves), with 2 messages" in item.sentence
    assert item.since == ago(HOUR)


def test_thresholds_are_those_of_the_config() -> None:
    def said(rules: AttentionRules) -> bool:
        return bool(needs_attention(status(journal=11), rules))

    assert not said(RULES)
    assert said(AttentionRules(journal_messages=10))
    assert load_monitoring_rules().attention == RULES  # the file and the class agree


def test_an_age_that_is_only_a_bound_is_told_as_one() -> None:
    def sentence(*, is_at_least: bool) -> str:
        state = status(lanes=waiting(1, 1000, is_at_least=is_at_least), last_message_at=AT)
        [item] = needs_attention(state, RULES)
        return item.sentence

    assert "at least 17 min" in sentence(is_at_least=True)
    assert "at least" not in sentence(is_at_least=False)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (-3, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (1e6, "12 days")],
)
def test_a_time_is_told_in_a_unit_of_which_it_has_two(seconds: float, words: str) -> None:
    assert time_span(seconds) == words


def test_a_state_without_anything_known_raises_nothing() -> None:
    empty: Status = status(
        lanes=(), workers=(), outcomes=None, lately=None, last_worker_at=None,
        scale=scale(None), unreachable=("broker", "store"),
    )  # fmt: skip
    assert {item.about for item in needs_attention(empty, RULES)} == {"broker", "store"}
