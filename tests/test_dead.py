"""`worker dead`: what could not be processed is listed, shown, sent again and dropped."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import CliRunner, Result

from devtools.chaos.stack import Stack
from devtools.waiting import until
from tests.make import NOW, dead
from tests.support.pipelines import CONFIG, STORY, raw
from tests.support.stores import sqlite_first
from worker.cli import group
from worker.client.producer import Producer
from worker.errors import Reason
from worker.index.memory_index import MemoryIndex
from worker.maintenance.replay import replay
from worker.maintenance.undeliverable import expire
from worker.model.admission import LIMITS
from worker.model.receipts import replay_receipt
from worker.model.records import DeadLetter, OutcomeKind
from worker.pipeline.deliveries import Delivery
from worker.pipeline.ingestion import Pipeline
from worker.store.dead_letter_values import DeadLetterState, StoredDeadLetter
from worker.store.sql_store import SqlStore

Worker = Callable[..., Result]


@pytest.fixture
def worker(valkey_url: str, valkey: redis.Redis, store_url: str) -> Worker:
    """The command line, on the broker and the store of this test."""
    environment = {"WORKER_BROKER_URL": valkey_url, "WORKER_STORE_URL": store_url}

    def run(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(group, ["dead", *arguments], env=environment)
        assert done.exit_code == code, done.output
        return done

    return run


def bury(store: SqlStore, *letters: DeadLetter) -> list[str]:
    store.write([], [], letters, now=NOW)
    return [letter.letter_id for letter in letters]


def only(store: SqlStore, letter_id: str) -> StoredDeadLetter:
    [letter] = store.letters([letter_id])
    return letter


def entry(message: bytes, reason: str = "malformed", at: float = 1.5) -> bytes:
    """As the broker writes a message that it can't deliver."""
    return json.dumps({"reason": reason, "queue": "articles", "at": at}).encode() + b"\n" + message


def test_the_list_begins_with_counts_and_keeps_to_the_width_of_the_terminal(
    worker: Worker, store: SqlStore
) -> None:
    wide = dead("1", detail="it went wrong " * 30, source="a-source-with-a-name-" * 6)
    bury(store, wide, dead("2"), dead("3", reason=Reason.CRASHED))
    lines = worker("list", "--limit", "2").stdout.splitlines()
    assert lines[0] == "3 dead letters: malformed 2, crashed 1"
    assert max(map(len, lines)) <= 120
    assert lines[-1] == "… and 1 more: --limit 3"
    assert worker("list", "--reason", "poison").stdout == "no dead letters\n"
    listed = json.loads(worker("list", "--reason", "crashed", "--json").stdout)
    assert [letter["reason"] for letter in listed["letters"]] == ["crashed"]
    assert "payload" not in listed["letters"][0]


@sqlite_first
def test_a_letter_is_shown_with_its_payload_readable_or_exactly_as_it_came(
    worker: Worker, store: SqlStore
) -> None:
    [letter_id] = bury(store, dead({"title": "Ä", "n": [1]}, detail="no \x1b[31mgood"))
    shown = worker("show", letter_id[:8]).stdout
    assert '"title": "Ä"' in shown
    assert "no \\x1b[31mgood" in shown
    assert f"worker dead show {letter_id[:10]} --raw > article.json, edit that file" in shown
    assert worker("show", letter_id, "--raw").stdout == '{"n":[1],"title":"Ä"}'
    assert json.loads(worker("show", letter_id, "--json").stdout)["stage"] == "admit"


@sqlite_first
def test_a_letter_that_a_replay_may_cure_is_not_to_be_mended(
    worker: Worker, store: SqlStore
) -> None:
    [letter_id] = bury(store, dead({"title": "A"}, reason=Reason.CRASHED))
    shown = worker("show", letter_id[:8]).stdout
    assert f"worker dead replay {letter_id[:10]}" in shown
    assert "edit that file" not in shown


@sqlite_first
@pytest.mark.parametrize("command", ["show", "list", "replay", "drop"])
def test_an_id_that_nobody_has_is_an_error_that_says_where_ids_are(
    worker: Worker, command: str
) -> None:
    assert "worker dead list --all" in worker(command, "f00", code=1).stderr


@sqlite_first
def test_an_id_that_several_begin_with_is_answered_with_those(
    worker: Worker, store: SqlStore
) -> None:
    ids = bury(store, *(dead(n) for n in range(17)))
    first = next(i for i in ids if sum(other[0] == i[0] for other in ids) > 1)
    assert first in worker("show", first[0], code=1).stderr.replace("\n", "")


def test_nothing_is_dropped_before_yes_and_then_only_what_was_asked_for(
    worker: Worker, store: SqlStore
) -> None:
    kept, gone = bury(store, dead("1"), dead("2", source="other"))
    assert "would drop 1 dead letter" in worker("drop", "--source", "other").stdout
    assert len(store.letters([kept, gone])) == 2
    assert worker("drop", "--source", "other", "--yes").stdout == "dropped 1 dead letter\n"
    assert [letter.letter_id for letter in store.letters([kept, gone])] == [kept]


def test_nothing_is_replayed_before_yes_and_then_it_waits_in_the_lane_of_replays(
    worker: Worker, store: SqlStore, valkey: redis.Redis
) -> None:
    [letter_id] = bury(store, dead({"title": "x", "receipt": "the producer's"}))
    dry = json.loads(worker("replay", "--json").stdout)
    assert (dry["replayed"], dry["letters"][0]["receipt"]) == (False, None)
    assert "add --yes" in worker("replay").stdout
    assert valkey.keys("articles*") == []
    [sent] = json.loads(worker("replay", "--yes", "--json").stdout)["letters"]
    assert valkey.llen("articles.replay") == 1
    assert only(store, letter_id).state is DeadLetterState.REPLAYING
    assert "replaying" in worker("list").stdout
    assert json.loads(worker("replay", "--json").stdout)["letters"] == []
    again = worker("replay", letter_id[:9], "--again", "--yes", "--json")
    assert json.loads(again.stdout)["letters"] == [sent]


@sqlite_first
def test_a_dry_run_of_a_replay_says_which_letters_would_fail_again(
    worker: Worker, store: SqlStore
) -> None:
    bad, cured, crashed = bury(
        store,
        dead({"title": "A", "content": 1}),
        dead({"title": "Ships return to the harbour"}, reason=Reason.UNKNOWN_SCHEMA),
        dead({"content": 1}, reason=Reason.CRASHED),  # it may crash the command, so it is not tried
    )
    said = worker("replay")
    assert f"{bad[:10]} would fail again: malformed: content: expected a list" in said.stderr
    assert cured[:10] not in said.stderr
    assert crashed[:10] not in said.stderr
    assert f"worker explain {bad[:10]}" in said.stdout
    assert list(json.loads(worker("replay", "--json").stdout)["would_fail"]) == [bad]


@sqlite_first
def test_a_mended_letter_leads_to_its_article_and_one_that_would_fail_is_refused(
    worker: Worker, store: SqlStore, valkey: redis.Redis, tmp_path: Path
) -> None:
    [letter_id] = bury(store, dead({"title": "A", "content": 1}))
    file = tmp_path / "article.json"
    file.write_text('{"title": "A", "content": 2}')
    refused = worker("replay", letter_id, "--with", str(file), "--yes", code=1)
    assert "would fail, too: malformed: content: expected a list" in refused.stderr
    file.write_text('{"title": "Ships return to the harbour"}')
    assert "add --yes" in worker("replay", letter_id, "--with", str(file)).stdout
    assert valkey.keys("articles*") == []
    worker("replay", letter_id, "--with", str(file), "--yes")
    assert valkey.llen("articles.replay") == 1
    again = worker("replay", letter_id, "--again", "--with", str(file), code=2)
    assert "it was sent again already" in again.stderr
    pipeline = Pipeline(CONFIG, store, MemoryIndex(CONFIG.dedup))
    delivered = Delivery(receipt=replay_receipt(letter_id, 1), raw=json.loads(file.read_text()))
    [outcome] = pipeline.ingest([delivered], now=NOW)
    letter = only(store, letter_id)
    assert (letter.state, letter.article_id) == (DeadLetterState.REPLAYED, outcome.article_id)
    assert f"article  {outcome.article_id}" in worker("show", letter_id).stdout
    assert worker("list").stdout == "no dead letters\n"


@sqlite_first
def test_what_was_cut_or_deleted_is_not_replayed_and_it_says_why(
    worker: Worker, store: SqlStore, valkey: redis.Redis
) -> None:
    cut, emptied, good = bury(store, dead("x" * (LIMITS.article_bytes + 1)), dead("1"), dead("2"))
    store.clear_letters([emptied])
    done = worker("replay", "--yes")
    assert "replaying 1 dead letter:" in done.stdout
    assert f"`worker explain {replay_receipt(good, 1)}` tells what became of it" in done.stdout
    assert f"{cut[:10]} can't be replayed: only the beginning" in done.stderr
    assert f"{emptied[:10]} can't be replayed: it was deleted" in done.stderr
    assert only(store, good).state is DeadLetterState.REPLAYING
    assert "only 65,536 of 5,242,8" in worker("show", cut, "--raw").stderr


def test_letters_are_kept_for_as_many_days_as_the_config_says(store: SqlStore) -> None:
    old, late = dead("old"), dead("late")
    store.write([], [], [old], now=NOW)
    store.write([], [], [late], now=NOW + timedelta(days=2))
    expire(store, 3, NOW + timedelta(days=3, hours=1))
    assert store.letters([old.letter_id, late.letter_id]) == store.letters([late.letter_id])


@sqlite_first
def test_a_replay_keeps_to_its_rate(valkey_url: str, valkey: redis.Redis, store: SqlStore) -> None:
    ids = bury(store, *(dead(n) for n in range(5)))
    pauses: list[float] = []
    with Producer(valkey_url) as producer:
        sent = list(replay(store, producer, ids, per_s=2, pause=pauses.append))
    assert [len(each) for each in sent] == [2, 2, 1]
    assert [round(pause) for pause in pauses] == [0, 1, 2]


@sqlite_first
@pytest.mark.parametrize("message", ['{"broken": "ü"', b"\xff\xfe\x00", b'{"base64": "AAAA"}'])
def test_what_the_broker_could_not_deliver_is_a_dead_letter_and_goes_back_byte_for_byte(
    worker: Worker, store: SqlStore, valkey: redis.Redis, message: str | bytes
) -> None:
    data = message if isinstance(message, bytes) else message.encode()
    valkey.lpush("articles.dead", entry(data))
    [listed] = json.loads(worker("list", "--json").stdout)["letters"]
    assert (listed["reason"], listed["stage"]) == ("undeliverable", "broker")
    assert (listed["detail"], listed["queue"]) == ("malformed", "articles")
    assert valkey.exists("articles.dead") == 0
    assert worker("show", listed["letter_id"], "--raw").stdout_bytes == data
    worker("replay", "--yes")
    assert valkey.lrange("articles", 0, -1) == [data]
    assert only(store, listed["letter_id"]).state is DeadLetterState.REPLAYED
    valkey.lpush("articles.dead", entry(data, at=2.5))
    assert "undeliverable 1" in worker("list").stdout
    assert only(store, listed["letter_id"]).seen == 2


@sqlite_first
def test_a_drain_that_was_broken_off_counts_nothing_twice(
    worker: Worker, store: SqlStore, valkey: redis.Redis
) -> None:
    valkey.lpush("articles.quarantine.dead", entry(b"a"), entry(b"b"))
    worker("list")
    valkey.lpush("articles.quarantine.dead", entry(b"a"))  # stored, but not taken off
    listed = json.loads(worker("list", "--json").stdout)["letters"]
    assert [letter["seen"] for letter in listed] == [1, 1]
    assert valkey.exists("articles.quarantine.dead") == 0


@sqlite_first
def test_an_entry_that_nobody_can_read_is_kept_as_it_is(
    worker: Worker, valkey: redis.Redis
) -> None:
    valkey.lpush("unknown.dead", b"no head\nat all")
    [listed] = json.loads(worker("list", "--json").stdout)["letters"]
    assert worker("show", listed["letter_id"], "--raw").stdout == "no head\nat all"
    assert "nobody knows which queue" in worker("replay", "--yes").stderr


@sqlite_first
def test_without_a_broker_letters_are_listed_and_replay_says_what_is_missing(
    store: SqlStore, store_url: str
) -> None:
    bury(store, dead("1"))
    environment = {"WORKER_BROKER_URL": "redis://127.0.0.1:1/0", "WORKER_STORE_URL": store_url}
    done = CliRunner().invoke(group, ["dead", "list"], env=environment)
    assert "1 dead letter:" in done.stdout
    assert "broker is unavailable" in done.stderr


@pytest.fixture
def stack(
    tmp_path: Path, valkey_url: str, valkey: redis.Redis, postgres_store_url: str
) -> Iterator[Stack]:
    stack = Stack(tmp_path, valkey_url, postgres_store_url)
    yield stack
    stack.close()


def test_replayed_letters_die_again_until_the_worker_can_take_them(
    stack: Stack, valkey: redis.Redis
) -> None:
    killer = {"id": "f-kill", "title": "FAULT kill", "content": [{"value": STORY}]}
    broken = {"id": "f-error", "title": "FAULT error", "content": [{"value": STORY[:150]}]}
    raws: list[Any] = [killer, broken, "SECRET text that is no article", raw(1, STORY[80:])]
    faulty = stack.start_worker(faults=True)
    valkey.lpush("articles.dead", entry(b"{broken SECRET"))
    receipts = stack.enqueue(raws)
    outcomes = stack.outcomes(receipts)
    ids = [outcomes[receipt].letter_id for receipt in receipts[:3]]

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(group, ["dead", *arguments], env=stack.environment)
        assert done.exit_code == 0, done.output
        return done.stdout

    def states() -> list[tuple[str, int]]:
        return [(letter.state, letter.seen) for letter in stack.store.letters(ids)]

    until(lambda: valkey.exists("articles.dead") == 0, "the worker drains the dead list")
    assert "undeliverable 1" in run("list")
    run("replay", *ids, "--yes")
    until(lambda: states() == [("dead", 2)] * 3, "each dies again")
    faulty.terminate()
    faulty.wait()

    stack.start_worker()
    run("replay", *ids, "--yes")
    healed = [("replayed", 2), ("replayed", 2), ("dead", 3)]
    until(lambda: states() == healed, "what can be processed is")
    assert {letter.outcome for letter in stack.store.letters(ids[:2])} <= {
        OutcomeKind.NEW,
        OutcomeKind.DUPLICATE,
    }
    assert "SECRET" not in stack.logs(1000)
    lanes = ("articles", "articles.replay", "articles.quarantine", "articles.replay.quarantine")
    assert valkey.exists(*lanes) == 0


@sqlite_first
def test_payloads_never_go_to_a_log(
    worker: Worker, store: SqlStore, valkey: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "worker")
    bury(store, dead("SECRET"))
    valkey.lpush("articles.dead", entry(b"{SECRET"))
    worker("list")
    worker("replay", "--yes")
    worker("drop", "--all", "--yes")
    assert "message.dead-lettered" in caplog.text
    assert "SECRET" not in caplog.text


@sqlite_first
@pytest.mark.parametrize(
    ("reason", "payload", "named"),
    [
        (Reason.EMPTY, {"id": "1", "titel": "Harbour reopens"}, 'titel: did you mean "title"?'),
        (Reason.NO_IDENTITY, {"url": "https://a.example"}, 'url: did you mean "link"?'),
        (Reason.EMPTY, {"id": "1", "colour": "red"}, ""),  # resembles no key
        (Reason.EMPTY, {"id": "1", "titel": "", "title": ""}, ""),  # the key itself is there
        (Reason.CRASHED, {"id": "1", "titel": "Harbour reopens"}, ""),  # not for want of a title
        (Reason.EMPTY, ["titel"], ""),
    ],
)
def test_a_mistyped_key_is_named_where_its_article_lacks_something(
    worker: Worker, store: SqlStore, reason: Reason, payload: object, named: str
) -> None:
    [letter_id] = bury(store, dead(payload, reason=reason, detail="it lacks something"))
    detail = f"{named} (it lacks something)" if named else "it lacks something"
    shown = worker("show", letter_id).stdout
    assert f"  detail  {detail}\n" in shown
    assert ("did you mean" in worker("list").stdout) == bool(named)
