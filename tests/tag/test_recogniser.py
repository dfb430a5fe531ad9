"""The recogniser of names: scores of words, and the vocabulary that is shared by texts."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import repeat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.make import article
from worker.config.loader import load_config
from worker.model.records import Article
from worker.tag import read_together, tag, tokens
from worker.tag.entities import EntityRules, entity_tags
from worker.tag.entities.hashed_keys import FeaturePrefixes, FeatureSuffixes, crc
from worker.tag.entities.name_model import pack_strings, shipped, unpack_strings
from worker.tag.entities.word_features import SHAPES, shape, word_features
from worker.tag.tokens import Tokens, WordFinder

RULES = EntityRules(version="1")
TEXT = "Angela Merkel met Olaf Scholz in Berlin. Mr Scholz later flew to Kiev, Merkel stayed."

WORDS = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=20)


def tagged_names(text: str, title: str = "") -> list[tuple[str, str, int]]:
    article = Article(source="wire", key="id:1", title=title, text=text, language="en")
    return [(tag.scheme, tag.label, len(tag.spans)) for tag in entity_tags(article, RULES)]


@given(st.sampled_from(shipped().common) | WORDS)
def test_the_score_of_a_word_is_the_sum_of_its_feature_weights(word: str) -> None:
    recogniser = shipped().recogniser
    named = recogniser.weights.summed([word_features(word, recogniser.lexicon.entry(word))])
    scored = recogniser.scorer.score([word])
    assert shape(word) in SHAPES
    assert np.array_equal(scored.scores, named)


def test_a_word_has_the_same_score_alone_and_in_a_batch() -> None:
    scorer, words = shipped().recogniser.scorer, ["Kyiv", "the", "U.S.", "-", "NATO", "Mc-Kay", "7"]
    together = scorer.score(words)
    for at, word in enumerate(words):
        alone = scorer.score([word])
        assert np.array_equal(alone.scores[0], together.scores[at])
        assert alone.limits[0] == together.limits[at]


@given(st.sampled_from(["", "0w=", "-2w="]), st.lists(WORDS, min_size=1))
def test_the_key_of_a_name_is_computed_from_its_prefix_and_suffix(
    prefix: str, suffixes: list[str]
) -> None:
    keys = FeaturePrefixes([prefix]).keys(FeatureSuffixes(suffixes))[0].tolist()
    assert keys == [crc(prefix + end) for end in suffixes]


def test_resetting_the_vocabulary_changes_no_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = tagged_names(TEXT)
    monkeypatch.setattr(tokens, "_MAX_PIECES", 30)
    for number in range(20):
        tagged_names(f"Somebody called Name{number} went to Place{number}.")
        assert tagged_names(TEXT) == before
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
def test_unusual_characters_raise_no_error(text: str) -> None:
    tagged_names(text)
    tagged_names(TEXT, title=text)


def test_a_text_all_in_capitals_is_read_like_any_other() -> None:
    names = tagged_names("ANGELA MERKEL MET OLAF SCHOLZ IN BERLIN " * 400)
    assert all(spans <= RULES.most_spans for _, _, spans in names)


def test_strings_come_back_from_a_model_file() -> None:
    assert unpack_strings(pack_strings(["Kyiv", "Sankt Pölten", "北京"])) == [
        "Kyiv",
        "Sankt Pölten",
        "北京",
    ]


def test_eight_threads_find_the_same_names_as_one() -> None:
    # New words, so that all threads add to the vocabulary.
    people = [f"{first:x}Anna {second:x}Miller" for first in range(80) for second in range(60)]
    texts = [f"{' and '.join(people[n : n + 8])} met Olaf Scholz." for n in range(0, 4800, 8)]
    often, slowly = 1e-6, sys.getswitchinterval()
    tokens.reset_vocabulary()
    sys.setswitchinterval(often)
    try:
        with ThreadPoolExecutor(8) as pool:
            together = [*pool.map(tagged_names, texts)]
    finally:
        sys.setswitchinterval(slowly)
    tokens.reset_vocabulary()
    assert together == [*map(tagged_names, texts)]


def test_articles_of_a_batch_get_the_tags_that_each_gets_alone() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    long = "Angela Merkel met Emmanuel Macron in Paris. " * 1_500
    articles = [
        article(title="Biden in Kyiv", text=TEXT, language="en"),
        article(title="", text="", language="en"),
        article(title="A long text", text=long, language="en"),
        article(title="Merkel in Paris", text="Angela Merkel traf Macron.", language="de"),
        article(title="SHOUTED " * 40, text="NATO AND THE UN MET IN GENEVA " * 30, language="en"),
        article(title="Untitled", text="Ingen modell läser detta.", language="sv"),
    ]
    tagging = load_config().tagging
    alone = [tag(each, tagging, now) for each in articles]
    read = read_together(articles, tagging)
    together = [*map(tag, articles, repeat(tagging), repeat(now), read)]
    assert together == alone
    assert [each is None for each in read] == [False, False, True, False, False, False]
    assert {"Joe Biden", "Angela Merkel"} & {each.label for each in alone[0]}


def test_the_thorough_model_finds_the_same_names_whatever_was_read_before() -> None:
    recogniser = shipped("thorough").recogniser
    tokens.reset_vocabulary()
    alone = recogniser.find(Tokens(TEXT))
    tokens.reset_vocabulary()
    Tokens("Words of other texts get numbers before those of this one, and get no scores.")
    recogniser.find(Tokens("Nobody in Berlin met Zorblatt."))
    assert recogniser.find(Tokens(TEXT)) == alone
