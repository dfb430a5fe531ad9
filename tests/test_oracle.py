"""The whole system against an oracle that compares all pairs; the long form is `bench.oracle`."""

from typing import NamedTuple

import pytest
import redis

from bench.oracle import MOST_MISSED, Oracle, Report, compare_with_oracle, fingerprints_of, run
from bench.wire import Raw, invented, raw
from devtools.servers import unix_url
from tests.store.stored import Rows, rows
from tests.support.pipelines import CONFIG
from worker.explain import explain_templates
from worker.store.migrate import migrate


class Alone(NamedTuple):
    """What one worker made of the stream, in order."""

    raws: list[Raw]
    oracle: Oracle
    report: Report
    decisions: Rows


@pytest.fixture(scope="module")
def alone(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Alone:
    raws = [raw(text) for text in invented(120, seed=6)]
    oracle = Oracle.of(fingerprints_of(raws, CONFIG), CONFIG.dedup)
    store_url = f"sqlite:///{tmp_path_factory.mktemp('alone')}/store.db"
    migrate(store_url)
    with redis.Redis.from_url(unix_url(valkey_url)) as client:
        client.flushall()
    stored = run(raws, 1, CONFIG, store_url, valkey_url)
    return Alone(
        raws,
        oracle,
        compare_with_oracle(oracle, stored, CONFIG.dedup),
        rows(store_url, "decisions"),
    )


def test_eight_workers_link_what_the_oracle_allows_as_one_does(
    alone: Alone, postgres_store_url: str, valkey: redis.Redis, valkey_url: str
) -> None:
    stored = run(alone.raws, 8, CONFIG, postgres_store_url, valkey_url)
    eight = compare_with_oracle(alone.oracle, stored, CONFIG.dedup)
    for report in (alone.report, eight):
        assert (report.articles, report.disallowed, report.split_groups) == (
            len(alone.raws),
            [],
            [],
        )
        assert len(report.missed) <= MOST_MISSED * report.articles, str(report)
    assert alone.report.links > 100
    assert abs(alone.report.canonicals - eight.canonicals) <= MOST_MISSED * eight.articles


def test_every_decision_keeps_its_evidence_and_has_a_sentence_of_its_own(alone: Alone) -> None:
    seen = {(decision["verdict"], decision["signal"]) for decision in alone.decisions}
    assert seen >= {("duplicate", signal) for signal in ("exact", "near", "contained", "extended")}
    assert seen >= {("new", "unseen"), ("variant", "series"), ("variant", "template")}
    assert seen <= explain_templates.EXPLAINED
    for decision in alone.decisions:
        assert decision["version"].endswith(f"/{CONFIG.dedup.version}")
        assert (
            bool(decision["rival"])
            == (decision["verdict"] != "new")
            == ("containment" in decision["scores"])
        )
        assert decision["thresholds"] or decision["signal"] in ("unseen", "exact")
