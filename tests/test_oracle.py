"""The whole system against an oracle that compares all pairs; the long form is `bench.oracle`."""

import redis

from bench.oracle import MOST_MISSED, Oracle, Report, judged, prints_of, run
from bench.wire import invented, raw
from tests.test_pipeline import CONFIG

RAWS = [raw(text) for text in invented(120, seed=6)]


def test_eight_workers_link_what_the_oracle_allows_as_one_does(
    sqlite_store_url: str, postgres_store_url: str, valkey: redis.Redis, valkey_url: str
) -> None:
    oracle = Oracle.of(prints_of(RAWS, CONFIG), CONFIG.dedup)

    def report(workers: int, store_url: str) -> Report:
        valkey.flushall()
        return judged(oracle, run(RAWS, workers, CONFIG, store_url, valkey_url), CONFIG.dedup)

    one, eight = report(1, sqlite_store_url), report(8, postgres_store_url)
    for each in (one, eight):
        assert (each.articles, each.forbidden, each.parted) == (len(RAWS), [], [])
        assert len(each.missed) <= MOST_MISSED * each.articles, str(each)
    assert one.links > 100
    assert abs(one.canonicals - eight.canonicals) <= MOST_MISSED * one.articles
