"""The recogniser of names: what it knows of a word, and what it keeps of all words."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.model.records import Article
from worker.tag.entities import EntityRules, entity_tags, tokens
from worker.tag.entities.hashed_keys import FeaturePrefixes, FeatureSuffixes, crc
from worker.tag.entities.name_model import pack_strings, shipped, unpack_strings
from worker.tag.entities.tokens import Tokens, WordFinder
from worker.tag.entities.word_features import SHAPES, shape, word_features

RULES = EntityRules(version="1")
TEXT = "Angela Merkel met Olaf Scholz in Berlin. Mr Scholz later flew to Kiev, Merkel stayed."

WORDS = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=20)


def found(text: str, title: str = "") -> list[tuple[str, str, int]]:
    article = Article(source="wire", key="id:1", title=title, text=text, language="en")
    return [(tag.scheme, tag.label, len(tag.spans)) for tag in entity_tags(article, RULES)]


@given(st.sampled_from(shipped().common) | WORDS)
def test_a_word_scores_what_its_features_weigh(word: str) -> None:
    recogniser = shipped().recogniser
    named = recogniser.weights.summed([word_features(word, recogniser.lexicon.entry(word))])
    scored = recogniser.scorer.score([word])
    assert shape(word) in SHAPES
    assert np.array_equal(scored.scores, named)


def test_words_are_looked_at_alone_as_among_others() -> None:
    scorer, words = shipped().recogniser.scorer, ["Kyiv", "the", "U.S.", "-", "NATO", "Mc-Kay", "7"]
    together = scorer.score(words)
    for at, word in enumerate(words):
        alone = scorer.score([word])
        assert np.array_equal(alone.scores[0], together.scores[at])
        assert alone.limits[0] == together.limits[at]


@given(st.sampled_from(["", "0w=", "-2w="]), st.lists(WORDS, min_size=1))
def test_the_key_of_a_name_comes_from_that_of_its_end(beginning: str, ends: list[str]) -> None:
    keys = FeaturePrefixes([beginning]).keys(FeatureSuffixes(ends))[0].tolist()
    assert keys == [crc(beginning + end) for end in ends]


def test_names_are_the_same_when_what_was_kept_of_words_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = found(TEXT)
    monkeypatch.setattr(tokens, "_MAX_PIECES", 30)
    for number in range(20):
        found(f"Somebody called Name{number} went to Place{number}.")
        assert found(TEXT) == before
        assert len(Tokens("a").vocabulary.words) < 80
    assert ("person", "Olaf Scholz", 2) in before


def test_tokens_keep_their_words_when_the_vocabulary_starts_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finder = WordFinder(["Kiev,", "Kiev", "Berlin"])
    kept = Tokens(TEXT)
    monkeypatch.setattr(tokens, "_MAX_PIECES", 0)
    other = Tokens("In Berlin again")
    assert other.vocabulary is not kept.vocabulary
    assert [kept.words[at] for at in finder.find(kept)] == ["Berlin", "Kiev"]
    assert finder.find(other) == [1]
    assert kept.words[:2] == ["Angela", "Merkel"]


@pytest.mark.parametrize(
    "text",
    [
        "John Foo_Bar met John Foo_Bar. _ Foo_Bar left, _Foo_Bar too.",
        "Joe \ud800Biden met Olaf Schol\udfffz. \ud800",
        "\nAngela\n\n",
    ],
)
def test_odd_words_hurt_no_names(text: str) -> None:
    found(text)
    found(TEXT, title=text)


def test_a_text_all_in_capitals_is_read_like_any_other() -> None:
    names = found("ANGELA MERKEL MET OLAF SCHOLZ IN BERLIN " * 400)
    assert all(spans <= RULES.most_spans for _, _, spans in names)


def test_strings_come_back_from_a_model_file() -> None:
    assert unpack_strings(pack_strings(["Kyiv", "Sankt Pölten", "北京"])) == [
        "Kyiv",
        "Sankt Pölten",
        "北京",
    ]


def test_threads_find_what_one_of_them_finds() -> None:
    # Words never seen before, so that all threads add some.
    people = [f"{first:x}Anna {second:x}Miller" for first in range(80) for second in range(60)]
    texts = [f"{' and '.join(people[n : n + 8])} met Olaf Scholz." for n in range(0, 4800, 8)]
    often, slowly = 1e-6, sys.getswitchinterval()
    tokens.reset_vocabulary()
    sys.setswitchinterval(often)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = [*pool.map(found, texts)]
    finally:
        sys.setswitchinterval(slowly)
    tokens.reset_vocabulary()
    assert together == [*map(found, texts)]
