"""The change feed skips nothing and repeats nothing, for any writers and order of commits."""

import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from devtools.servers import create_database, drop_database, in_database
from devtools.waiting import limit_s, until
from tests.make import NOW, article, record, tag, withdrawal
from tests.store.feeding import writers
from worker.errors import BadConfig
from worker.model.records import NO_ATTEMPT
from worker.store.database.engine import open_engine, parse
from worker.store.migrate import _config, migrate
from worker.store.sql_store import SqlStore
from worker.store.values import Change
from worker.store.writing.batch_decisions import WriteBatch
from worker.store.writing.write import write as write_batch

Seen = list[tuple[str, str, int]]


def write(store: SqlStore, *records: object, down: object = None) -> None:
    gone = [down] if down else []
    store.write(records, gone, [], now=NOW)


def read(store: SqlStore, since: str = "start", limit: int = 200) -> list[Change]:
    """Everything from there on, page by page."""
    found: list[Change] = []
    cursor = store.cursor(since)
    while page := store.changes(cursor, limit):
        found += page
        cursor = page[-1].cursor
    return found


def seen(changes: list[Change]) -> Seen:
    return [(change.kind.value, change.article_id, change.revision) for change in changes]


def run(url: str, *statements: str) -> None:
    engine = open_engine(parse(url))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_revisions_and_withdrawals_are_told_in_their_order(store: SqlStore) -> None:
    first, second = article("id:1"), article("id:2")
    write(store, record(first), record(second))
    write(store, record(article("id:1", text="Edited.")), record(second))
    write(store, down=withdrawal("id:2"))
    one, two = first.article_id, second.article_id
    assert seen(read(store)) == [
        ("stored", one, 1),
        ("stored", two, 1),
        ("stored", one, 2),
        ("withdrawn", two, 1),
    ]


def test_a_change_brings_its_article_unless_its_content_is_gone(store: SqlStore) -> None:
    write(store, record(article("id:1"), tags=(tag("storm", score=0.5),)), record(article("id:2")))
    write(store, record(article("id:1", text="Edited."), tags=(tag("sea"),)))
    write(store, down=withdrawal("id:2"))
    old, _, new, gone = (change.article for change in read(store))
    assert old is not None
    assert new is not None
    assert (old.revision, old.verdict, old.tags) == (1, "new", ())
    assert (new.revision, new.text, new.verdict) == (2, "Edited.", "revision")
    assert [its.code for its in new.tags] == ["sea"]
    assert gone is None
    assert read(store)[1].article is None


def test_a_new_verdict_for_the_same_content_is_a_change(store: SqlStore, store_url: str) -> None:
    write(store, record(article("id:1")))
    run(
        store_url,
        "UPDATE articles SET verdict = 'duplicate', cluster_id = 'x'",
        "UPDATE articles SET canonical_pending = true, sightings = sightings + 1",
    )
    assert [kind for kind, _, _ in seen(read(store))] == ["stored", "judged"]


@pytest.mark.parametrize("limit", [1, 2, 3, 200])
def test_reading_on_from_any_cursor_gives_exactly_what_follows(store: SqlStore, limit: int) -> None:
    for n in range(7):
        write(store, record(article(f"id:{n}")))
    whole = read(store)
    assert len({change.cursor for change in whole}) == 7
    for position, change in enumerate(whole):
        assert read(store, change.cursor, limit) == whole[position + 1 :]
    assert read(store, "start", limit) == whole


def test_now_begins_with_what_comes_next(store: SqlStore) -> None:
    assert store.cursor("now") == "start"
    write(store, record(article("id:1")))
    now = store.cursor("now")
    assert read(store, now) == []
    write(store, record(article("id:2")))
    assert seen(read(store, now)) == [("stored", article("id:2").article_id, 1)]


@pytest.mark.parametrize("cursor", ["", "1", "1-00", "99-xx", "yesterday", "-", "１-e4", "9" * 30])
def test_an_unreadable_cursor_says_what_to_take_instead(store: SqlStore, cursor: str) -> None:
    write(store, record())
    with pytest.raises(LookupError, match=r"not a cursor of this store; take .*`start`.*`now`"):
        store.cursor(cursor)


def test_a_cursor_of_another_store_that_is_ahead_is_refused(store: SqlStore) -> None:
    write(store, record(article("id:1")), record(article("id:2")))
    ahead = read(store)[-1].cursor
    assert store.cursor(ahead) == ahead
    with pytest.raises(LookupError):
        store.cursor("3-15")  # well written, but nothing has happened there


class Late:
    """A writer that has stored its article and stops short of its commit until told."""

    def __init__(self, url: str, key: str) -> None:
        self.written, self.may_commit = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._write, args=(url, key))
        self._thread.start()
        assert self.written.wait(limit_s())

    def _write(self, url: str, key: str) -> None:
        store = SqlStore(url)
        with store._writing() as connection:
            batch = WriteBatch(
                records=(record(article(key, source="late")),), withdrawals=(), dead=()
            )
            write_batch(connection, batch, NOW, NO_ATTEMPT)
            self.written.set()
            assert self.may_commit.wait(limit_s())
        store.close()

    def commit(self) -> None:
        self.may_commit.set()
        self._thread.join(60)

    def __enter__(self) -> "Late":
        return self

    def __exit__(self, *_: object) -> None:
        self.commit()


def test_what_commits_late_is_not_skipped(postgres_store_url: str) -> None:
    store = SqlStore(postgres_store_url)
    write(store, record(article("id:before")))
    with Late(postgres_store_url, "id:late") as late:
        write(store, record(article("id:after")))
        early = read(store)
        late.commit()
    rest = read(store, early[-1].cursor)

    keys = {article(f"id:{n}").article_id: n for n in ("before", "after")}
    keys[article("id:late", source="late").article_id] = "late"
    assert [keys[change.article_id] for change in early] == ["before"]
    assert sorted(keys[change.article_id] for change in rest) == ["after", "late"]
    store.close()


def follow(store: SqlStore, enough: Callable[[list[Change]], bool]) -> list[Change]:
    """What a reader sees that never stops asking, from the start."""
    found: list[Change] = []
    cursor = "start"

    def read_on() -> None:
        nonlocal cursor
        for change in store.changes(cursor, 7):
            found.append(change)
            cursor = change.cursor

    until(lambda: enough(found), lambda: f"{len(found)} changes", pause=read_on)
    return found


@pytest.mark.processes
def test_a_reader_beside_four_writers_sees_every_change_once(
    store: SqlStore, store_url: str
) -> None:
    postgres = store_url.startswith("postgres")
    # Writers wait for the one that is first to store the versions of the rules, which all share.
    write(store, record(article("id:first")))
    first = read(store)
    with (
        Late(store_url, "id:late") if postgres else nullcontext() as late,
        writers(store_url, processes=4, articles=25) as written,
    ):
        if late:
            while not all(each.done() for each in written):
                assert read(store) == first  # all others began after the open one
            late.commit()
        total = 102 if late else 101
        found = follow(store, lambda found: len(found) >= total)
    assert [each.result() for each in written] == [None] * 4
    assert len({change.article_id for change in found}) == len(found) == total
    assert found == read(store)


@pytest.fixture
def empty_urls(postgres_url: str, tmp_path: Path) -> Iterator[list[str]]:
    """Databases of each kind that were never migrated."""
    create_database(postgres_url, "before")
    yield [f"sqlite:///{tmp_path}/before.db", in_database(postgres_url, "before")]
    drop_database(postgres_url, "before")


def test_what_was_stored_before_there_was_a_feed_is_in_it(empty_urls: list[str]) -> None:
    for url in empty_urls:
        migrate(url)
        store = SqlStore(url)
        write(store, record(article("id:1")), record(article("id:2")), down=withdrawal("id:2"))
        _migrate_back_to(url, "0001")
        assert migrate(url) >= "0002"
        write(store, record(article("id:3")))
        told = [(kind, article_id) for kind, article_id, _ in seen(read(store))]
        assert told == [
            ("stored", article("id:1").article_id),
            ("withdrawn", article("id:2").article_id),
            ("stored", article("id:3").article_id),
        ]
        store.close()


def _migrate_back_to(url: str, revision: str) -> None:
    engine, config = open_engine(parse(url)), _config()
    with engine.execution_options(writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
    engine.dispose()


def test_after_a_restore_on_another_server_every_cursor_goes_on_where_it_was(
    postgres_store_url: str,
) -> None:
    store = SqlStore(postgres_store_url)
    for n in range(4):
        write(store, record(article(f"id:{n}")))
    before = read(store)
    # As a dump leaves it: transactions of a server that was further on.
    run(postgres_store_url, "UPDATE changes SET xid = xid + 4000000000")
    write(store, record(article("id:new")))
    with pytest.raises(BadConfig, match="run `worker migrate`"):
        store.cursor("start")

    migrate(postgres_store_url)
    after = read(store)
    assert seen(after)[:4] == seen(before)
    assert [change.article_id for change in after[4:]] == [article("id:new").article_id]
    for position, change in enumerate(before):
        assert read(store, change.cursor) == after[position + 1 :]
    migrate(postgres_store_url)
    assert read(store) == after
    store.close()


def test_times_are_those_of_the_store(store: SqlStore) -> None:
    store.write([record()], [], [], now=NOW)
    store.write([], [withdrawal("id:1")], [], now=NOW + timedelta(hours=1))
    assert [change.at for change in read(store)] == [NOW, NOW + timedelta(hours=1)]
