"""Where the classifier is unsure of the main text, the text is used on which extractors agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from tests.clean.ordinary import PARAGRAPHS, RULES
from worker.clean.page.agreement import (
    is_confirmed,
    is_supported,
    is_sure,
    nearest,
    runs,
    similarity,
)
from worker.clean.page.block_classifier import ClassifiedText, classify_blocks, shipped_weights
from worker.clean.page.block_features import features, holder_columns
from worker.clean.page.blocks import read_blocks
from worker.clean.page.class_names import ClassNameScores
from worker.clean.page.main_text import asks_others, main_text, parse
from worker.clean.page.neighbour_features import second_features

RULES_OF_PAGES = RULES.html
ARTICLE = " ".join(PARAGRAPHS * 3)
MENU_TEXT = " ".join(f"Section {n} of the site" for n in range(40))
JAPANESE = "港湾は月曜日に再開した。" * 40


@pytest.mark.parametrize(
    ("text", "doubt", "sure"),
    [
        (ARTICLE, 0.01, True),
        (ARTICLE * 2, RULES_OF_PAGES.second_opinion_doubt, True),
        (ARTICLE * 2, 0.51, False),
        (ARTICLE, 0.25, True),
        (ARTICLE[:400], 0.25, False),
        (ARTICLE[:200], 0.01, False),
        ("", 0.0, False),
        (JAPANESE, 0.01, False),  # no script that the trees know
        ("Порт снова открылся в понедельник. " * 20, 0.01, True),
    ],
)
def test_a_long_text_chosen_with_little_doubt_needs_no_other_extractor(
    text: str, doubt: float, sure: bool
) -> None:
    assert is_sure(text, doubt, RULES_OF_PAGES) is sure


@pytest.mark.parametrize(
    ("text", "other", "doubt", "confirmed"),
    [
        (ARTICLE, ARTICLE, 0.3, True),
        (ARTICLE, ARTICLE + " Read more", 0.3, True),
        (ARTICLE, MENU_TEXT, 0.3, False),
        (ARTICLE, f"{ARTICLE} {MENU_TEXT} {MENU_TEXT}", 0.3, False),  # much more is no agreement
        (ARTICLE, "", 0.3, False),
        (ARTICLE, ARTICLE, 1.5, False),  # so much doubt needs more than one opinion
        (ARTICLE[:200], ARTICLE[:200], 0.01, False),
        (JAPANESE, JAPANESE, 0.01, False),
    ],
)
def test_one_other_extractor_confirms_a_text_of_nearly_the_same_words(
    text: str, other: str, doubt: float, confirmed: bool
) -> None:
    assert is_confirmed(text, other, doubt, RULES_OF_PAGES) is confirmed


@pytest.mark.parametrize(
    ("text", "others", "supported"),
    [
        (ARTICLE, (MENU_TEXT, ARTICLE + " Read more"), True),  # one of them is enough
        (ARTICLE, (ARTICLE, ""), True),
        (ARTICLE, (MENU_TEXT, ""), False),
        (ARTICLE, (f"{ARTICLE} {MENU_TEXT} {MENU_TEXT}", MENU_TEXT), False),
        (JAPANESE, ("", JAPANESE), True),  # also a script that the trees do not know
        ("", ("", ""), False),  # no text is no agreement
        (ARTICLE, (), False),
    ],
)
def test_a_text_like_that_of_another_extractor_needs_no_further_opinion(
    text: str, others: tuple[str, ...], supported: bool
) -> None:
    assert is_supported(text, others, RULES_OF_PAGES) is supported


@pytest.mark.parametrize(
    ("texts", "chosen"),
    [
        ([ARTICLE, ARTICLE + " Read more", MENU_TEXT], ARTICLE),
        ([MENU_TEXT, ARTICLE, ARTICLE + " Read more"], ARTICLE),
        ([ARTICLE, MENU_TEXT], ARTICLE),  # a draw: the first
        ([MENU_TEXT, ARTICLE], MENU_TEXT),
        (["", MENU_TEXT, ""], MENU_TEXT),
        (["", ""], ""),
        ([], ""),
        (["a b c d e f", "a b c d e f g h", "a b c d e f g h i j"], "a b c d e f g h"),
    ],
)
def test_the_text_nearest_to_the_others_is_chosen(texts: list[str], chosen: str) -> None:
    assert nearest(texts) == chosen


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("One two three four", "one TWO, three: four!", 1.0),
        ("one two three four five", "one two three four six", 0.5),
        ("one two", "one two", 1.0),
        ("one two three four", "five six seven eight", 0.0),
        ("", "", 0.0),
        ("港湾は再開", "港湾は再会", 0.5),  # each letter is a word
        ("ท่าเรือ", "ท่าเรือ", 1.0),
    ],
)
def test_texts_are_as_similar_as_their_runs_of_words(
    first: str, second: str, expected: float
) -> None:
    assert similarity(runs(first), runs(second)) == expected


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab 港\n", max_size=30), max_size=5))
def test_one_of_the_texts_is_chosen_whatever_they_are(texts: list[str]) -> None:
    assert nearest(texts) in {*texts, ""}
    assert bool(nearest(texts)) is any(texts)


def test_pages_of_very_many_tags_are_not_given_to_others() -> None:
    page = parse("<p>x</p>")
    unsure = ClassifiedText("x", 9.0)
    assert asks_others(page, unsure, RULES_OF_PAGES)
    many = page._replace(load=RULES_OF_PAGES.max_asked_tags + 1)
    assert not asks_others(many, unsure, RULES_OF_PAGES)


def test_an_article_of_thousands_of_paragraphs_is_found_as_a_whole() -> None:
    paragraphs = [f"{' '.join(PARAGRAPHS * 2)} That was said on day {n}." for n in range(3300)]
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    page = parse(f"<html><head><title>Harbour reopens</title></head><body>{body}</body></html>")
    assert classify_blocks(page.tree, shipped_weights()).text  # a few of them
    assert page.tags > RULES_OF_PAGES.max_asked_tags
    text, flag = main_text(page, RULES_OF_PAGES)
    assert flag == ""
    assert all(paragraph in text for paragraph in paragraphs)


def test_an_article_in_a_script_that_the_classifier_was_not_trained_on_is_found() -> None:
    sentence = "港湾は嵐による損傷の修理が終わり、月曜日に二週間ぶりに再開したと発表した。"
    body = "".join(f"<p>{sentence}{n}</p>" for n in range(12))
    page = f"<html><body><article><h1>港湾再開</h1>{body}</article></body></html>"
    assert sentence in main_text(parse(page), RULES_OF_PAGES)[0]


def test_a_short_text_that_two_extractors_read_alike_is_the_text() -> None:
    heading, rest = "Dieser Hafen existiert leider nicht (mehr)", "Vielleicht wurde er verlegt."
    page = parse(f"<html><body><h1>{heading}</h1><p>{rest}</p></body></html>")
    assert asks_others(page, classify_blocks(page.tree, shipped_weights()), RULES_OF_PAGES)
    assert main_text(page, RULES_OF_PAGES) == (f"{heading}\n{rest}", "")


def test_a_short_article_is_found_where_the_classifier_finds_too_little() -> None:
    menu = "".join(f"<li><a href=/{n}>Section {n}</a></li>" for n in range(20))
    page = parse(
        f"<html><body><ul>{menu}</ul><article><p>{PARAGRAPHS[0]}</p></article></body></html>"
    )
    assert asks_others(page, classify_blocks(page.tree, shipped_weights()), RULES_OF_PAGES)
    text, flag = main_text(page, RULES_OF_PAGES)
    assert PARAGRAPHS[0] in text
    assert flag == ""


def second_rows(markup: str, probability: list[float]) -> np.ndarray:
    blocks = read_blocks(LexborHTMLParser(markup))
    holders = holder_columns(blocks)
    first = features(blocks, holders, "", ClassNameScores({}))
    return second_features(holders, first, np.array(probability, dtype=np.float32))


def test_blocks_in_elements_of_one_kind_share_their_probability() -> None:
    markup = "<p class=x>aaaa</p><p class=y>bbbb</p><p class=x>cccc</p>"
    mean, count, highest, others = second_rows(markup, [0.2, 0.9, 0.6])[-16:-12]
    assert np.allclose(mean, [0.4, 0.9, 0.4])
    assert np.allclose(count, [2, 1, 2])
    assert np.allclose(highest, [0.6, 0.9, 0.6])
    assert np.allclose(others, [0.6, -1, 0.2])


def test_blocks_know_their_distance_from_the_likeliest_element() -> None:
    markup = "<p>menu</p><div><p>long text</p><p>and more</p></div><p>imprint</p><p>end</p>"
    rows = second_rows(markup, [0.1, 0.9, 0.8, 0.1, 0.1])
    inside, distance, _ = rows[-8:-5]
    assert np.allclose(inside, [0, 1, 1, 0, 0])
    assert np.allclose(distance, [-1, 0, 0, 1, 2])
    assert np.allclose(rows[-2:], [[-1, 0, 1, 2, 3], [-2, -1, 0, 1, 2]])
