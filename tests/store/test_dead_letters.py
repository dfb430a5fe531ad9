"""Stored dead letters are found, replayed and removed, on both databases."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.make import NOW, article, dead, record
from tests.store.stored import everything
from worker.errors import Reason
from worker.model.receipts import replay_receipt
from worker.model.records import DeadLetter, Record
from worker.store.database.engine import open_engine, parse
from worker.store.database.schema import dead_letters
from worker.store.dead_letter_values import DeadLetterQuery, DeadLetterState, StoredDeadLetter
from worker.store.sql_store import SqlStore

LATER = NOW + timedelta(hours=1)
ALL = tuple(DeadLetterState)


def write(store: SqlStore, *ends: Record | DeadLetter) -> None:
    records = [end for end in ends if isinstance(end, Record)]
    letters = [end for end in ends if isinstance(end, DeadLetter)]
    store.write(records, [], letters, now=NOW)


def replayed(store: SqlStore, letter: DeadLetter) -> str:
    """Mark it as sent again; the receipt it was sent under."""
    receipt = replay_of(store, letter)
    store.mark_replays({letter.letter_id: receipt}, now=LATER)
    return receipt


def only(store: SqlStore, letter: DeadLetter) -> StoredDeadLetter:
    [found] = store.letters([letter.letter_id])
    return found


def replay_of(store: SqlStore, letter: DeadLetter) -> str:
    """The receipt of the next replay of a letter."""
    stored = only(store, letter)
    return replay_receipt(stored.letter_id, stored.seen)


def ids(store: SqlStore, **query: object) -> set[str]:
    return set(store.letter_ids(DeadLetterQuery(**query)))


def test_a_letter_is_replaying_until_its_replay_ends_and_then_it_is_settled(
    store: SqlStore,
) -> None:
    letter = dead("x")
    write(store, letter)
    assert only(store, letter).state is DeadLetterState.DEAD
    receipt = replayed(store, letter)
    assert only(store, letter).state is DeadLetterState.REPLAYING
    assert ids(store) == set()
    write(store, record(receipt=receipt))
    settled = only(store, letter)
    assert (settled.state, settled.outcome) == (DeadLetterState.REPLAYED, "new")
    assert (settled.replay, settled.replay_at) == (receipt, LATER)
    assert settled.article_id == article().article_id
    assert ids(store, states=(DeadLetterState.REPLAYED,)) == {letter.letter_id}


def test_a_replay_that_dies_makes_the_letter_dead_again_seen_once_more(store: SqlStore) -> None:
    letter = dead("x")
    write(store, letter)
    first = replayed(store, letter)
    write(store, dead("x", receipt=first, stage="clean"))
    again = only(store, letter)
    assert (again.state, again.seen, again.stage) == (DeadLetterState.DEAD, 2, "clean")
    assert replay_receipt(again.letter_id, again.seen) != first
    second = replayed(store, letter)
    write(store, record(receipt=second))
    assert only(store, letter).state is DeadLetterState.REPLAYED
    write(store, dead("x"))  # a poller that sends the same once more
    assert (only(store, letter).state, only(store, letter).seen) == (DeadLetterState.DEAD, 3)


def test_a_replay_that_is_repeated_has_its_effect_once(store: SqlStore, store_url: str) -> None:
    letter = dead("x")
    write(store, letter)
    receipt = replayed(store, letter)
    assert replay_of(store, letter) == receipt
    write(store, record(receipt=receipt))
    before = everything(store_url)
    write(store, record(receipt=receipt), dead("x", receipt=receipt))
    assert everything(store_url) == before


def test_a_replay_that_dies_with_another_payload_leaves_its_letter_dead(store: SqlStore) -> None:
    """A lone surrogate is kept as replacement characters: sent again it is another payload."""
    letter = dead("x")
    write(store, letter)
    write(store, dead("y", receipt=replayed(store, letter)))
    assert only(store, letter).state is DeadLetterState.DEAD


def test_an_undeliverable_message_is_replayed_once_it_is_back_on_its_queue(
    store: SqlStore,
) -> None:
    letter = dead("x", reason=Reason.UNDELIVERABLE, queue="articles")
    write(store, letter)
    replayed(store, letter)
    assert only(store, letter).state is DeadLetterState.REPLAYED
    write(store, dead("x", reason=Reason.UNDELIVERABLE, queue="articles.quarantine"))
    again = only(store, letter)
    assert (again.state, again.queue) == (DeadLetterState.DEAD, "articles.quarantine")


def test_letters_are_found_by_what_is_known_of_them_the_last_seen_first(store: SqlStore) -> None:
    crashed = dead("1", reason=Reason.CRASHED, stage="tag", source="other")
    write(store, crashed, dead("2"))
    late = dead("3")
    store.write([], [], [late], now=LATER)
    assert ids(store, reason="crashed") == {crashed.letter_id}
    assert ids(store, stage="tag", source="other") == {crashed.letter_id}
    assert ids(store, stage="tag", source="wire") == set()
    assert ids(store, since=LATER) == {late.letter_id}
    assert ids(store, before=LATER) == {crashed.letter_id, dead("2").letter_id}
    replayed(store, crashed)
    assert ids(store, before=LATER, never_replayed=True) == {dead("2").letter_id}
    write(store, dead("1", reason=Reason.CRASHED, stage="tag", source="other"))
    assert ids(store, id_prefixes=(crashed.letter_id[:12], late.letter_id)) == {
        crashed.letter_id,
        late.letter_id,
    }
    assert list(store.letter_ids(DeadLetterQuery(limit=1))) == [late.letter_id]
    assert store.count_letters(DeadLetterQuery(limit=1)) == {"malformed": 2, "crashed": 1}


def test_dropping_removes_these_letters_and_no_others(store: SqlStore) -> None:
    letters = [dead(n) for n in range(3)]
    write(store, *letters)
    assert store.drop_letters([letters[0].letter_id, letters[1].letter_id, "gone"]) == 2
    assert ids(store, states=ALL) == {letters[2].letter_id}


def test_old_letters_expire_unless_they_are_being_replayed(store: SqlStore) -> None:
    old, moving, done = dead("old"), dead("moving"), dead("done")
    write(store, old, moving, done)
    replayed(store, moving)
    write(store, record(receipt=replayed(store, done)))
    late = dead("late")
    store.write([], [], [late], now=LATER)
    assert store.expire_letters(LATER) == 2
    assert ids(store, states=ALL) == {moving.letter_id, late.letter_id}


@pytest.mark.parametrize("count", [0, 3])
def test_marking_any_number_of_replays_is_one_transaction(store: SqlStore, count: int) -> None:
    letters = [dead(n) for n in range(count)]
    write(store, *letters)
    replays = {each.letter_id: replay_of(store, each) for each in letters}
    store.mark_replays(replays, now=LATER)
    assert len(ids(store, states=(DeadLetterState.REPLAYING,))) == count


def test_a_worker_of_the_version_before_still_buries(store: SqlStore, store_url: str) -> None:
    letter = dead("x")
    write(store, letter)
    engine = open_engine(parse(store_url))
    known = [c for c in dead_letters.c if c.name not in ("queue", "replay", "replay_at")]
    copied = [sa.literal("f00d") if c.name == "letter_id" else c for c in known]
    with engine.begin() as connection:
        names = [column.name for column in known]
        connection.execute(sa.insert(dead_letters).from_select(names, sa.select(*copied)))
    engine.dispose()
    [before] = store.letters(["f00d"])
    assert (before.state, before.queue, before.replay) == (DeadLetterState.DEAD, "", None)
