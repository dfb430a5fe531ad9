"""The version before and this one work on one broker and one store, in any order: nothing is lost.

docs/operations.md (Upgrades) promises what stands here.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa

from devtools.generated_articles import generate
from devtools.outcome_recount import miscounted, stored_counts
from devtools.servers import NoServer, create_database, drop_database, in_database
from devtools.waiting import limit_s, until
from tests.missing_server import skip_or_fail
from tests.store.stored import rows
from tests.support.two_versions import Mixed, Side, mixed_versions, version_before
from worker.broker.built_messages import given_back
from worker.client.producer import Producer
from worker.errors import Reason
from worker.maintenance.missed_counts import count_missed_outcomes
from worker.model.admission import Payload
from worker.model.records import DeadLetter
from worker.model.zstd_frames import MAGIC
from worker.store.database.engine import open_engine, parse
from worker.store.database.schema import metadata
from worker.store.migrate import revision
from worker.store.sql_store import SqlStore

pytestmark = [pytest.mark.long, pytest.mark.processes]

FLOOD = 60  # articles of one source; more than `bulk.source_articles` below
SOURCE_ARTICLES = 40


@pytest.fixture(scope="module")
def root_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return version_before(tmp_path_factory.mktemp("before"))


@pytest.fixture(params=["sqlite", "postgres"])
def empty_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    server = request.getfixturevalue("postgres_url")
    create_database(server, "two_versions")
    yield in_database(server, "two_versions")
    drop_database(server, "two_versions")


@pytest.fixture
def mixed(root_before: Path, empty_store_url: str, tmp_path: Path) -> Iterator[Mixed]:
    try:
        with mixed_versions(root_before, tmp_path, empty_store_url) as mixed:
            mixed.now.use_rules(
                mixed.now.root / "config" / "worker.toml", source_articles=SOURCE_ARTICLES
            )
            yield mixed
    except NoServer as e:
        skip_or_fail(e)


class Sent:
    """The articles that were pushed, and what the store says of them."""

    def __init__(self, mixed: Mixed) -> None:
        self.mixed = mixed
        self.receipts: list[str] = []
        self.seed = 0
        self.letters = 0  # dead letters that the test wrote, which no producer pushed

    def articles(self, count: int, source: str = "") -> list[dict[str, Any]]:
        """Articles that are distinct from all others of the test."""
        self.seed += 1
        raws = list(generate(count, chars=400, seed=self.seed))
        return [raw | {"source": {"id": source}} if source else raw for raw in raws]

    def push(self, by: Side, raws: Sequence[Any]) -> list[str]:
        receipts = by.enqueue(raws)
        self.receipts += receipts
        return receipts

    @contextmanager
    def all_the_time(self) -> Iterator[None]:
        """Push one article after another until the block ends."""
        done, pushed = Event(), Event()

        def push() -> None:
            with Producer(self.mixed.now.broker_url) as producer:
                while not done.wait(0.02):
                    self.receipts += producer.enqueue(self.articles(1))
                    pushed.set()

        with ThreadPoolExecutor(1) as pool:
            pushing = pool.submit(push)
            try:
                until(pushed.is_set, "an article is pushed")
                yield
            finally:
                done.set()
            pushing.result()

    def ended(self, receipts: Sequence[str]) -> None:
        """Wait until each of these articles has an outcome."""
        with closing(SqlStore(self.mixed.store_url)) as store:
            until(
                lambda: len(store.outcomes(receipts)) == len(receipts),
                lambda: (
                    f"{len(receipts) - len(store.outcomes(receipts))} open\n{self.mixed.logs()}"
                ),
                # A stopped process is killed at its time limit, and the lease of a killed worker
                # expires later than that, also on a machine that is not busy.
                at_most_s=4 * limit_s(),
            )

    def all_ended(self, *, dead: int = 0) -> None:
        """Wait for all outcomes; then nothing is missing for either version, and nothing twice."""
        self.ended(self.receipts)
        until(lambda: not self.mixed.leased(), lambda: f"leases\n{self.mixed.logs()}")
        outcomes = {row["receipt"]: row for row in rows(self.mixed.store_url, "receipts")}
        assert sorted(self.receipts) == sorted(set(self.receipts) & set(outcomes))
        kinds = [outcomes[receipt]["outcome"] for receipt in self.receipts]
        reasons = [row["reason"] for row in outcomes.values() if row["outcome"] == "dead"]
        assert reasons.count("stalled") + kinds.count("dead") == len(reasons)
        assert kinds.count("dead") == dead, reasons
        assert kinds.count("new") == len(kinds) - dead
        for table in ("articles", "revisions"):
            assert len(rows(self.mixed.store_url, table)) == kinds.count("new"), table
        changes = [row["article_id"] for row in rows(self.mixed.store_url, "changes")]
        assert len(changes) == len(set(changes)) == kinds.count("new")
        for side in (self.mixed.now, self.mixed.before):
            self.balanced(side)

    def balanced(self, side: Side) -> None:
        """The ledger of this version knows all receipts and misses none."""
        audit = json.loads(side.command("ledger", "--json"))
        assert audit["missing"] == []
        assert audit.get("lost", []) == []
        days = audit["days"]
        assert sum(day["received"] for day in days) >= len(self.receipts)
        assert sum(day["foreign"] for day in days) == self.letters
        for state in ("waiting", "leased", "undeliverable", "missing"):
            assert sum(day[state] for day in days) == 0, (state, days)


def stopping(file: Path) -> dict[str, Any]:
    """An article whose process stops, once, as on a machine that is suspended."""
    file.touch()
    return {"id": file.name, "title": f"FAULT stop {file}", "content": file.name}


def leased_by_a_killed_worker(
    mixed: Mixed, sent: Sent, by: Side, producer: Side, file: Path
) -> None:
    """Leave leased, waiting and journalled messages, and no worker."""
    worker = by.start_worker()
    sent.push(producer, [stopping(file)])
    until(lambda: not file.exists(), lambda: f"a process stops\n{mixed.logs()}")
    sent.push(producer, sent.articles(10))
    by.kill(worker)
    sent.push(producer, sent.articles(10))
    assert mixed.leased() >= 1
    assert mixed.broker.llen("articles") >= 1
    assert mixed.broker.xlen("articles.journal") >= 1


def stalled_letters(sent: Sent, *names: str) -> list[str]:
    """Dead letters as this version writes them for articles that stalled."""
    letters = [
        DeadLetter(
            receipt=f"stalled-{name}",
            reason=Reason.STALLED,
            detail="ended by wall-clock time",
            stage="quarantine",
            source="wire",
            payload=Payload.of(
                {"id": name, "title": f"The harbour {name} opens", "source": {"id": "wire"}}
            ),
        )
        for name in names
    ]
    sent.letters += len(letters)
    store = SqlStore(sent.mixed.store_url)
    store.write_dead_letters(letters, now=datetime.now(UTC))
    store.close()
    return [letter.letter_id for letter in letters]


def test_an_upgrade_with_messages_under_way_loses_nothing(
    mixed: Mixed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, now, sent = mixed.before, mixed.now, Sent(mixed)
    before.command("migrate")
    assert revision(mixed.store_url) == "0010"
    leased_by_a_killed_worker(mixed, sent, before, before, tmp_path / "stop-1")

    # The store is migrated while a worker of the version before is at work, and it goes on.
    old_worker = before.start_worker()
    with sent.all_the_time():
        began = datetime.now(UTC)
        now.command("migrate")
        ended = datetime.now(UTC)
    assert revision(mixed.store_url) == "0024"
    assert stored_counts(mixed.store_url).total() > 0  # what the version before had stored
    sent.push(before, sent.articles(10))
    sent.push(now, sent.articles(10))
    sent.push(now, sent.articles(FLOOD, source="flood"))
    sent.ended(sent.receipts)
    assert any(began < row["at"] < ended for row in rows(mixed.store_url, "receipts"))
    assert any(ended < row["at"] for row in rows(mixed.store_url, "receipts"))
    assert len(rows(mixed.store_url, "journal_messages")) == 0  # the one before stores no numbers
    monkeypatch.setenv("WORKER_CONFIG_DIR", now.environment["WORKER_CONFIG_DIR"])
    with Producer(now.broker_url) as producer:  # lives through the upgrade

        def push_numbered(count: int) -> None:
            for raw in sent.articles(count):
                sent.receipts += producer.enqueue([raw])

        push_numbered(3)
        until(lambda: not mixed.broker.xlen("articles.journal"), "the journal is stored")
        push_numbered(3)

        # Both versions at work, with the config files of the version before.
        now.use_rules(before.root / "config" / "worker.toml")
        now.start_worker()
        push_numbered(3)
        for side in (before, now, before, now):
            sent.push(side, sent.articles(20))
        sent.push(now, sent.articles(FLOOD, source="flood"))
        sent.push(before, sent.articles(FLOOD, source="flood"))
        sent.push(before, [{"id": "kill-1", "title": "FAULT kill"}])
        sent.push(now, [{"id": "kill-2", "title": "FAULT kill"}])
        sent.ended(sent.receipts)
        letters = stalled_letters(sent, "early", "late")
        _read_by_the_version_before(before, letters)
        sent.receipts += [f"replay-{letter}-1" for letter in letters]
        before.command("dead", "replay", letters[0], "--yes")
        now.command("dead", "replay", letters[1], "--yes")

        # The last worker of the version before dies with a message.
        sent.push(before, [stopping(tmp_path / "stop-2"), *sent.articles(5)])
        sent.push(now, [stopping(tmp_path / "stop-3"), *sent.articles(5)])
        until(lambda: not (tmp_path / "stop-2").exists(), lambda: f"stop-2\n{mixed.logs()}")
        before.kill(old_worker)
        push_numbered(3)
    sent.all_ended(dead=2)
    # The version before does not count by hour. A worker of this one does it for both, hourly.
    with closing(SqlStore(mixed.store_url)) as store:
        count_missed_outcomes(store, datetime.now(UTC))
    assert miscounted(mixed.store_url) == 0


def _read_by_the_version_before(before: Side, letters: Sequence[str]) -> None:
    """Only its option --reason does not know the reason."""
    found = json.loads(before.command("dead", "list", "--json"))
    assert found["counts"]["stalled"] == len(letters)
    assert set(letters) <= {letter["letter_id"] for letter in found["letters"]}
    assert json.loads(before.command("dead", "show", letters[0], "--json"))["reason"] == "stalled"
    before.command("dead", "list", "--reason", "stalled", code=2)


def test_a_worker_of_the_version_before_joins_and_takes_over_from_this_one(
    mixed: Mixed, tmp_path: Path
) -> None:
    before, now, sent = mixed.before, mixed.now, Sent(mixed)
    now.command("migrate")
    leased_by_a_killed_worker(mixed, sent, now, now, tmp_path / "stop-1")
    new_worker = now.start_worker()
    sent.push(before, sent.articles(20))
    before.start_worker()
    for side in (now, before, now, before):
        sent.push(side, sent.articles(20))
    sent.push(now, sent.articles(FLOOD, source="flood"))
    sent.push(now, [{"id": "kill-1", "title": "FAULT kill"}])
    sent.push(before, [{"id": "kill-2", "title": "FAULT kill"}])
    sent.ended(sent.receipts)
    sent.push(now, [stopping(tmp_path / "stop-2")])
    sent.push(before, [stopping(tmp_path / "stop-3")])
    until(
        lambda: not ((tmp_path / "stop-2").exists() or (tmp_path / "stop-3").exists()),
        lambda: f"both are stopped\n{mixed.logs()}",
    )
    now.kill(new_worker)
    sent.push(now, sent.articles(20))
    sent.push(before, sent.articles(20))
    sent.all_ended(dead=2)


def test_old_rows_are_removed_while_the_version_before_is_at_work(mixed: Mixed) -> None:
    """The version before has stored them, and stores more of the same articles meanwhile."""
    before, now, sent = mixed.before, mixed.now, Sent(mixed)
    now.command("migrate")
    before.start_worker()
    raws = sent.articles(12)
    texts = [f"{n} ships came. " * 40 for n in range(12)]
    edited = [raw | {"content": text} for raw, text in zip(raws, texts, strict=True)]
    for deliveries in (raws, edited):
        sent.ended(sent.push(before, deliveries))
    until(lambda: not mixed.broker.xlen("articles.journal"), "the journal is stored")
    exported = now.command("export", "--all-revisions", "--format", "jsonl")
    old = list(sent.receipts)
    _age(mixed.store_url, old)
    with sent.all_the_time():
        removed = json.loads(now.command("retention", "--yes", "--json"))["kinds"]
        assert removed["receipts"]["rows"] == removed["journal"]["rows"] == len(old)
        again = sent.push(before, edited)  # under new receipts
        sent.ended(again)
    sent.ended([receipt for receipt in sent.receipts if receipt not in old])
    with closing(SqlStore(mixed.store_url)) as store:
        assert store.outcomes(old) == {}
        assert {o.kind for o in store.outcomes(again).values()} == {"unchanged"}
    stored = now.command("export", "--all-revisions", "--format", "jsonl")
    assert set(exported.splitlines()) <= set(stored.splitlines())
    for side in (before, now):
        assert json.loads(side.command("ledger", "--since", "400d", "--json"))["missing"] == []
    days = json.loads(now.command("ledger", "--since", "400d", "--json"))["days"]
    assert sum(day["received"] for day in days) == len(sent.receipts)
    assert sum(day["foreign"] for day in days) == 0


def _tags(side: Side) -> dict[str, list[tuple[str, str]]]:
    """Article id -> its tags, as this version exports them."""
    lines = side.command("export", "--format", "jsonl").splitlines()
    return {
        article["article_id"]: [(tag["scheme"], tag["code"]) for tag in article["tags"]]
        for article in map(json.loads, lines)
    }


def test_both_versions_read_the_same_tags_while_they_are_moved_to_their_new_form(
    mixed: Mixed,
) -> None:
    before, now, sent = mixed.before, mixed.now, Sent(mixed)
    before.command("migrate")
    old_worker = before.start_worker()
    sent.push(before, sent.articles(30))
    until(lambda: len(_tags(before)) == 30, "the version before stores all")
    written = _tags(before)
    assert any(written.values())
    tagged = sum(map(bool, written.values()))
    assert f"those of {tagged} articles" in now.command("migrate", "--dry-run")
    with sent.all_the_time():
        now.command("migrate")
        now.start_worker()
        for side in (before, now):
            sent.ended(sent.push(side, sent.articles(20)))
        now.command("migrate")
    sent.ended(sent.receipts)
    mixed_tags = _tags(now)
    assert written.items() <= mixed_tags.items()
    assert _tags(before) == mixed_tags
    before.stop(old_worker)
    now.command("migrate")
    assert rows(mixed.store_url, "tag_rows") == []
    assert len(rows(mixed.store_url, "article_tags")) == sum(map(bool, mixed_tags.values()))
    assert _tags(now) == _tags(before) == mixed_tags


def _age(store_url: str, receipts: Sequence[str]) -> None:
    """Move the outcomes and the journal entries of these receipts a year back."""
    engine = open_engine(parse(store_url))
    with engine.begin() as connection:
        for name in ("receipts", "journal"):
            table = metadata.tables[name]
            stored = connection.execute(
                sa.select(table.c.receipt, table.c.at).where(table.c.receipt.in_(receipts))
            ).all()
            for row in stored:
                update = sa.update(table).where(table.c.receipt == row.receipt)
                connection.execute(update.values(at=row.at - timedelta(days=365)))
    engine.dispose()


def test_after_a_roll_back_the_version_before_drains_what_this_one_left(
    mixed: Mixed, tmp_path: Path
) -> None:
    """The schema stays that of this version; a later upgrade finds everything in its place."""
    before, now, sent = mixed.before, mixed.now, Sent(mixed)
    now.command("migrate")
    new_worker = now.start_worker()
    sent.push(now, sent.articles(10))
    sent.ended(sent.receipts)
    now.stop(new_worker)
    with Producer(now.broker_url) as producer:
        producer.redo("retag", [row["article_id"] for row in rows(mixed.store_url, "articles")])
    leased_by_a_killed_worker(mixed, sent, now, now, tmp_path / "stop-1")
    sent.push(now, sent.articles(FLOOD, source="flood"))
    [stalled] = stalled_letters(sent, "harbour")
    files = [tmp_path / "stop-2", tmp_path / "stop-3"]
    _quarantined(mixed, sent, files)

    before.command("migrate")
    assert revision(mixed.store_url) == "0024"
    for file in files:
        old_worker = before.start_worker()
        until(lambda: not file.exists(), lambda: f"{file.name}\n{mixed.logs()}")  # noqa: B023
        assert b'"x-stalled-runs": {"r-stalled": 2}' in b"".join(mixed.broker.hvals("unacked"))
        before.kill(old_worker)
    old_worker = before.start_worker()
    sent.ended(sent.receipts)
    before.command("dead", "replay", stalled, "--yes")
    sent.receipts.append(f"replay-{stalled}-1")
    sent.all_ended()

    sent.push(before, sent.articles(20))
    now.start_worker()
    before.stop(old_worker)
    sent.push(now, sent.articles(20))
    sent.all_ended()


def _quarantined(mixed: Mixed, sent: Sent, files: Sequence[Path]) -> None:
    """Leave a message in quarantine as this version does after two stalled runs of its article."""
    for file in files:
        file.touch()
    title = " ".join(["FAULT stop", *map(str, files)])
    sent.push(mixed.now, [{"id": "stalls", "receipt": "r-stalled", "title": title}])
    message = json.loads(mixed.broker.lpop("articles"))
    assert message["headers"]["argsrepr"] == "[1 article]"
    quarantined = given_back(
        *(message,), delivered=False, quarantined=True, error="k", stalled_runs={"r-stalled": 2}
    )
    mixed.broker.lpush("articles.quarantine", json.dumps(quarantined))


def _revision_forms(mixed: Mixed) -> list[bool]:
    """Whether the payload of each stored revision is a Zstandard frame."""
    return [bytes(row["payload"]).startswith(MAGIC) for row in rows(mixed.store_url, "revisions")]


def test_compressed_articles_wait_for_the_last_old_worker_and_none_is_lost(
    mixed: Mixed, tmp_path: Path
) -> None:
    """By default, both versions read all messages and payloads of the other; zstd comes last."""
    before, now, sent = mixed.before, mixed.now, Sent(mixed)
    now.command("migrate")
    sent.push(now, sent.articles(10))
    old_worker = before.start_worker()
    sent.push(now, sent.articles(10))
    sent.ended(sent.receipts)
    before.stop(old_worker)
    sent.push(before, sent.articles(10))
    sent.push(now, sent.articles(10))
    new_worker = now.start_worker()
    sent.ended(sent.receipts)
    assert _revision_forms(mixed) == [False] * 40

    # Somebody switches compression on too early: an old worker sets these articles aside.
    now.stop(new_worker)
    with Producer(now.broker_url, compress=True) as producer:
        early = producer.enqueue(sent.articles(10))
    old_worker = before.start_worker()
    sent.ended(early)
    before.stop(old_worker)
    letters = json.loads(before.command("dead", "list", "--json"))["letters"]
    assert [letter["reason"] for letter in letters] == ["unknown-schema"] * 10

    # Nothing of the version before is left. Its own messages still wait.
    sent.push(before, sent.articles(10))
    now.use_rules(now.root / "config" / "worker.toml", zstd=True)
    now.start_worker()
    sent.push(now, sent.articles(10))
    now.command("dead", "replay", "--reason", "unknown-schema", "--yes")
    replayed = [f"replay-{letter['letter_id']}-1" for letter in letters]
    sent.ended([*sent.receipts, *replayed])
    outcomes = SqlStore(mixed.store_url)
    kinds = {outcome.kind.value for outcome in outcomes.outcomes(replayed).values()}
    outcomes.close()
    assert kinds == {"new"}
    forms = _revision_forms(mixed)
    assert (forms.count(False), forms.count(True)) == (40, 30)


def test_the_version_before_names_the_key_of_this_one_s_config_that_it_does_not_know(
    mixed: Mixed,
) -> None:
    before = mixed.before
    before.use_rules(mixed.now.root / "config" / "worker.toml")
    before.command("config", code=4)


def test_workers_of_the_version_before_do_not_heed_a_pause_and_are_named(mixed: Mixed) -> None:
    sent = Sent(mixed)
    mixed.now.command("migrate")
    mixed.before.start_worker()
    mixed.now.command("pause", "live")
    sent.push(mixed.now, sent.articles(3))
    sent.all_ended()
    found = json.loads(mixed.now.command("doctor", "--json", code=1))
    [named] = [result for result in found if result["what"] == "pauses"]
    assert named["state"] == "mend"
    assert "before-0@mixed" in named["found"]
    for worker in mixed.before.workers:
        mixed.before.stop(worker)
    mixed.now.start_worker()
    receipts = sent.push(mixed.now, sent.articles(3))
    found = json.loads(mixed.now.command("doctor", "--json", code=1))
    assert [result["what"] for result in found if "pause" in result["found"]] == ["lane live"]
    assert mixed.broker.llen("articles") == 1
    mixed.now.command("resume", "live")
    sent.ended(receipts)
