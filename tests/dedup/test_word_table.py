"""Words get numbers, by which their hashes and classes are looked up."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from worker.dedup.word_table import MOST_CHARS, MOST_WORDS, WordClass, WordTable, hash_of

WORDS = st.lists(st.text(max_size=8), max_size=30)


@given(WORDS, WORDS)
def test_each_word_has_its_own_id_and_hash(first: list[str], second: list[str]) -> None:
    table = WordTable()
    for words in (first, second, first):
        ids = table.ids(words)
        assert [table.words[n] for n in ids] == words
        assert table.hashes(ids).tolist() == [hash_of(word) for word in words]


@given(WORDS, WORDS)
def test_a_renewed_table_gives_the_same_hashes(first: list[str], second: list[str]) -> None:
    table = WordTable()
    table.ids(first)
    renewed = table.renewed()
    words = first + second
    assert renewed.hashes(renewed.ids(words)).tolist() == [hash_of(word) for word in words]
    assert len(table) == len({*first})


@given(WORDS, WORDS)
def test_a_class_knows_the_words_of_every_table(first: list[str], second: list[str]) -> None:
    long = WordClass(lambda word: len(word) > 3)
    tables = [WordTable(), WordTable()]
    for table, words in zip([*tables, *tables], [first, second, second, first], strict=True):
        assert long.mask(table, table.ids(words)).tolist() == [len(word) > 3 for word in words]


def test_a_class_is_asked_once_for_each_word() -> None:
    asked: list[str] = []
    words = WordClass(lambda word: not asked.append(word))
    table = WordTable()
    for text in (["a", "b", "a"], ["b", "c"]):
        assert words.mask(table, table.ids(text)).all()
    assert asked == ["a", "b", "c"]


def test_a_table_is_full_after_many_words_or_long_ones() -> None:
    table = WordTable()
    ids = table.ids([f"w{n}" for n in range(3 * MOST_WORDS)])
    assert table.is_full
    assert table.hashes(ids)[-1] == hash_of(f"w{3 * MOST_WORDS - 1}")
    assert not table.renewed().is_full
    long = WordTable()
    long.ids(["x" * MOST_CHARS, "y"])
    assert long.is_full


def test_threads_get_one_id_for_each_word() -> None:
    table = WordTable()
    words = [f"w{n}" for n in range(3000)]
    with ThreadPoolExecutor(8) as threads:
        found = [*threads.map(table.ids, [words] * 16)]
    assert all(np.array_equal(found[0], ids) for ids in found)
    assert table.words == [*table]
    assert sorted(table.words) == sorted(words)
    assert table.hashes(found[0]).tolist() == [hash_of(word) for word in words]
