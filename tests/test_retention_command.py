"""`worker retention` and the commands that say what is no longer there."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from devtools.waiting import until
from tests.commands import Run, on
from tests.make import article, record
from tests.store.aged import remove_old
from tests.worker_rules import own_rules
from worker.cli.doctor_command import run_checks
from worker.cli.store_growth import growth_sentence
from worker.client.receipt_journal import read_journal
from worker.config.loader import load_config
from worker.config.worker_rules import RetentionRules, load_worker_rules
from worker.errors import BadConfig, Unavailable
from worker.index.redis_index import RedisIndex
from worker.model.admission import Payload
from worker.model.records import OutcomeKind
from worker.runtime import repair_loop, retention_turns
from worker.runtime.retention_turns import RetentionTurns, periods_of
from worker.settings import Settings
from worker.store.retention_values import StoreGrowth
from worker.store.sql_store import SqlStore

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def run(sqlite_store_url: str) -> Run:
    return on(sqlite_store_url, NOWHERE)


@pytest.fixture
def old_store(sqlite_store_url: str) -> SqlStore:
    """A store with an article of a year ago and three unchanged deliveries of three weeks ago."""
    store = SqlStore(sqlite_store_url)
    store.write([record(receipt="made"), record(article("id:2"))], [], [], now=NOW - 365 * DAY)
    for n in range(3):
        again = record(receipt=f"same-{n}", verdict={"kind": OutcomeKind.UNCHANGED})
        store.write([again], [], [], now=NOW - 21 * DAY)
    return store


def test_without_yes_the_command_only_counts(run: Run, old_store: SqlStore) -> None:
    asked = json.loads(run("retention", "--json").stdout)
    assert asked["removed"] is False
    due = {kind: numbers["rows"] for kind, numbers in asked["kinds"].items() if numbers["rows"]}
    assert due == {"unchanged_receipts": 3, "receipts": 2, "changes": 1}
    assert asked["kinds"]["page_payloads"] == {"days": 0, "rows": 0}
    assert "6 rows would be removed: --yes" in run("retention").stdout
    assert len(old_store.outcomes(["made", "same-0", "same-1", "same-2"])) == 4

    done = json.loads(run("retention", "--yes", "--json").stdout)
    removed = {kind: numbers["rows"] for kind, numbers in done["kinds"].items() if numbers["rows"]}
    assert removed == due
    assert old_store.outcomes(["made", "same-0", "same-1", "same-2"]) == {}
    assert "0 rows removed" in run("retention", "--yes").stdout


def test_the_periods_come_from_the_rules(
    run: Run, old_store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "[retention]\nreceipts_days = 0\nunchanged_receipts_days = 30\nchanges_days = 0\n"
    folder = tmp_path / "rules"
    folder.mkdir()
    packaged = Path("config/worker.toml").read_text()
    (folder / "worker.toml").write_text(packaged.partition("[retention]")[0] + text)
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(folder))
    done = json.loads(run("retention", "--yes", "--json").stdout)
    assert not any(numbers["rows"] for numbers in done["kinds"].values())
    assert re.search(r"other outcomes +for ever", run("retention").stdout)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"receipts_days": 0.5}, "receipts_days: expected at least 1 day"),
        ({"journal_days": 100}, "journal_days from 1 to receipts_days"),
        ({"journal_days": 0}, "journal_days from 1 to receipts_days"),
        ({"unchanged_receipts_days": 1, "unchanged_journal_days": 2}, "unchanged_journal_days"),
        ({"changes_days": -1}, "greater than or equal to 0"),
    ],
)
def test_periods_that_do_not_fit_are_refused(rules: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        RetentionRules.model_validate(rules)


def test_rules_of_the_version_before_have_the_default_periods(tmp_path: Path) -> None:
    packaged = Path("config/worker.toml").read_text()
    (tmp_path / "worker.toml").write_text(packaged.partition("[retention]")[0])
    assert load_worker_rules(tmp_path).retention == load_worker_rules().retention
    (tmp_path / "worker.toml").write_text(packaged + "letters_days = 1\n")
    with pytest.raises(BadConfig, match="letters_days"):
        load_worker_rules(tmp_path)


def test_explain_says_that_an_outcome_has_expired(run: Run, old_store: SqlStore) -> None:
    waiting = "019a22d9-0000-7be2-ac34-1ed82bdfd234"  # made in October 2025
    remove_old(old_store, NOW)
    assert "Its outcome has expired" in run("explain", waiting).stdout
    facts = json.loads(run("explain", waiting, "--json").stdout)
    assert facts["expired"]["kind"] == "expired"
    assert "as new, article" in run("explain", "made").stdout
    unknown = run("explain", "my-own", code=1)
    assert "a receipt that you chose yourself" in " ".join(unknown.output.split())


def test_changes_that_were_removed_are_an_error_of_the_command(
    run: Run, old_store: SqlStore
) -> None:
    first = run("changes", "--since", "start", "--limit", "1").stdout.split()[0]
    old_store.write([record(article("id:9"))], [], [], now=NOW)
    remove_old(old_store, NOW)
    for since in ("start", first):
        refused = run("changes", "--since", since, code=2)
        assert "worker export" in " ".join(refused.output.split())
    kept = run("changes", "--since", "oldest").stdout.splitlines()
    assert [line.split()[4] for line in kept] == [
        article(key).article_id for key in ("id:2", "id:9")
    ]


def test_reclean_names_the_articles_without_a_payload(
    run: Run, old_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "".join(f"<p>{n * 7919} of the harbour</p>" for n in range(3000))
    of_page = article("id:page")
    large = record(of_page, payload=Payload.of({"content": page}))
    old_store.write([large], [], [], now=NOW - 100 * DAY)
    remove_old(old_store, NOW, page_payloads_days=90)
    said = " ".join(run("reclean", "--dry-run").output.split())
    assert "1 article can't be cleaned again, because the payloads were removed" in said
    assert of_page.article_id[:10] in said


def test_a_producers_own_journal_is_not_counted_twice(
    valkey_url: str,
    valkey: redis.Redis,
    sqlite_store_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORKER_CONFIG_DIR", str(own_rules(tmp_path, grace_s=0)))
    lines = [
        {"message": "m", "receipts": ["made", "same", "known"], "at": f"{NOW - 40 * DAY}"},
        {"message": "n", "receipts": ["lost"], "at": f"{NOW - 2 * DAY}"},
    ]
    file = tmp_path / "sent.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with_store = SqlStore(sqlite_store_url)
    with_store.write(
        [record(article(f"id:{r}"), receipt=r) for r in ("made", "known")],
        [],
        [],
        now=NOW - 40 * DAY,
    )
    again = record(article("id:made"), receipt="same", verdict={"kind": OutcomeKind.UNCHANGED})
    with_store.write([again], [], [], now=NOW - 40 * DAY)
    with_store.add_journal_entries([e for e in read_journal(file) if e.receipt != "lost"])
    remove_old(with_store, NOW)
    run = on(sqlite_store_url, valkey_url)
    command = ("ledger", "--json", "--journal", str(file))
    for _ in range(2):  # the second time is like the first
        audit = json.loads(run(*command, code=1).stdout)
        assert [entry["receipt"] for entry in audit["missing"]] == ["lost"]
        assert audit["expired"] == 1  # an unchanged delivery
        assert sum(day["received"] for day in audit["days"]) == 4
        assert {k: v for day in audit["days"] for k, v in day["ended"].items()} == {
            "new": 2,
            "unchanged": 1,
        }
    assert (
        "1 article of the journal can't be looked up"
        in run(*command[:1], *command[2:], code=1).stdout
    )


def test_doctor_says_gigabytes_now_and_in_a_year(
    old_store: SqlStore, sqlite_store_url: str, tmp_path: Path
) -> None:
    settings = Settings(store_url=sqlite_store_url, broker_url=NOWHERE, var_dir=tmp_path)
    [size] = [result.found for result in run_checks(settings) if result.what == "size"]
    assert re.search(r"0\.\d{3} GB now, 0\.\d{3} GB in a year at the present rate", size)
    assert "revisions" in size or "others" in size


@pytest.mark.parametrize(
    ("growth", "sentence"),
    [
        (
            StoreGrowth(tables={"a": 2 * 10**9}, bytes_a_day=10**8, days=20, sampled=True),
            "2.000 GB now, 38.5 GB in a year at the present rate of 100.0 MB a day in the last "
            "20 days (a 2.000)",
        ),
        (
            StoreGrowth(tables={"a": 10**6, "b": 0}, bytes_a_day=None, days=0, sampled=False),
            "0.001 GB now (a 0.001); nothing is stored yet",
        ),
    ],
)
def test_the_growth_is_said_in_a_sentence(growth: StoreGrowth, sentence: str) -> None:
    assert growth_sentence(growth) == sentence


def test_a_worker_removes_a_step_a_turn_and_begins_again_an_hour_later(
    old_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_turns, "TURN_S", -1.0)  # one step and the turn is over
    turns = RetentionTurns(old_store, periods_of(RetentionRules()))
    left = []
    for _ in range(12):
        turns.turn()
        left.append(len(old_store.outcomes(["made", "same-0", "same-1", "same-2"])))
    assert left == sorted(left, reverse=True)
    assert (left[0], left[-1]) == (4, 0)
    assert len(set(left)) == 3  # unchanged ones go in one step, others in a later one
    old_store.write([record(article("id:5"), receipt="late")], [], [], now=NOW - 365 * DAY)
    turns.turn()
    assert old_store.outcomes(["late"])  # an hour has not passed
    monkeypatch.setattr(retention_turns, "EVERY_S", 0.0)
    for _ in range(12):
        turns.turn()
    assert not old_store.outcomes(["late"])


def test_a_turn_that_failed_begins_anew(
    old_store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_turns, "EVERY_S", 0.0)
    turns = RetentionTurns(old_store, periods_of(RetentionRules()))
    with monkeypatch.context() as broken:
        broken.setattr(retention_turns, "remove_aged", _unavailable)
        with pytest.raises(Unavailable):
            turns.turn()
    turns.turn()
    assert old_store.outcomes(["made"]) == {}


def _unavailable(*_: object) -> Iterator[object]:
    raise Unavailable("store", "no answer")
    yield


def test_the_loop_of_one_worker_removes_old_rows(
    valkey: redis.Redis, valkey_url: str, old_store: SqlStore, sqlite_store_url: str
) -> None:
    dedup = load_config().dedup
    loop = repair_loop.start(
        old_store,
        lambda: RedisIndex(valkey_url, dedup),
        dedup,
        periods=periods_of(RetentionRules()),
    )
    try:
        with closing(SqlStore(sqlite_store_url)) as reader:
            until(lambda: not reader.outcomes(["made", "same-0"]), "old outcomes are removed")
    finally:
        loop.stop()
