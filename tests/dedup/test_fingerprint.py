"""The features of a text that its fingerprint has, and the differences that it ignores."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import make
from tests.dedup.texts import CHINESE, RULES, STORY, TITLE, fingerprint_of, invented
from worker.dedup import fingerprint
from worker.dedup.fingerprint import FORMER_SKETCH
from worker.model.records import Fingerprint

texts = st.text(max_size=600)


def hashes(fingerprint_: Fingerprint) -> list[int]:
    return np.frombuffer(fingerprint_.shingles, "<u4").tolist()


def narrow(fingerprint_: Fingerprint) -> list[int]:
    return [h for h in hashes(fingerprint_) if h & 1]


@settings(deadline=None)
@given(texts, texts)
def test_any_text_has_a_fingerprint_and_always_the_same(title: str, text: str) -> None:
    article = make.article(title=title, text=text)
    assert fingerprint(article, RULES) == fingerprint(article, RULES)


@settings(deadline=None)
@given(texts, texts)
def test_only_the_same_title_and_text_have_the_same_content_hash(one: str, other: str) -> None:
    same = fingerprint_of(one, other).content_hash == fingerprint_of(other, one).content_hash
    assert same == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('"We don\'t know," she said - twice', "“We don’t know,” she said — twice"),
        ("rock 'n' roll", "rock ´n´ roll"),
        ("Straße in ﬁnest form", "STRASSE IN FINEST FORM"),
        ("co\u00adoperation un\u200bder way", "cooperation under way"),
        ("full width １２ text", "full width 12 text"),
        ("one\n\ntwo\tthree", "one two  three…"),
        ("caf\u0065\u0301 au lait", "café au lait"),
    ],
)
def test_typography_makes_no_difference(one: str, other: str) -> None:
    first, second = fingerprint_of(STORY + one, one), fingerprint_of(STORY + other, other)
    assert first.content_hash != second.content_hash
    assert replace(first, content_hash=second.content_hash) == second


@settings(deadline=None)
@given(st.text(alphabet="ab cdé\"'-.,12", max_size=200))
def test_quotes_and_dashes_make_no_difference(text: str) -> None:
    curly = text.translate(str.maketrans({'"': "„", "'": "’", "-": "–"}))
    assert fingerprint_of(text).text_hash == fingerprint_of(curly).text_hash
    assert fingerprint_of(text).shingles == fingerprint_of(curly).shingles


@pytest.mark.processes
def test_the_fingerprint_is_the_same_in_another_process() -> None:
    # Fixed on purpose: stored fingerprints of other machines and releases must stay comparable.
    script = (
        "from tests.dedup.texts import STORY, fingerprint_of; f = fingerprint_of(STORY);"
        "print(f.text_hash, f.sketch[0], f.version)"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    fingerprint_ = fingerprint_of(STORY)
    assert done.stdout.split() == [
        fingerprint_.text_hash,
        str(fingerprint_.sketch[0]),
        fingerprint_.version,
    ]
    assert (fingerprint_.text_hash, fingerprint_.sketch[0], fingerprint_.version) == PINNED


PINNED = ("2927853966fa8438edf6b5d460ca9321", 214309639550786042, "5.eb3403")


def test_the_former_sketch_is_the_smallest_hashes() -> None:
    fingerprint_ = fingerprint_of(STORY)
    assert list(fingerprint_.former_sketch) == sorted(fingerprint_.former_sketch)
    smallest = hashes(fingerprint_)[:FORMER_SKETCH]
    assert [h >> 32 & ~1 for h in fingerprint_.former_sketch] == [h & ~1 for h in smallest]
    assert fingerprint_.scale == 1


def test_a_long_text_is_sampled_below_its_scale() -> None:
    fingerprint_ = fingerprint_of(invented(1, words=5000))
    assert fingerprint_.scale == 8
    assert RULES.shingles.most / 4 < len(hashes(fingerprint_)) <= RULES.shingles.most
    assert max(hashes(fingerprint_)) < 2**32 // fingerprint_.scale


def test_shingles_are_three_words_and_no_two_words() -> None:
    fingerprint_ = fingerprint_of(invented(2, words=100))
    assert len(hashes(fingerprint_)) == 98
    assert narrow(fingerprint_) == []


def test_a_short_text_has_two_word_shingles_too() -> None:
    fingerprint_ = fingerprint_of(invented(3, words=20))
    assert (len(hashes(fingerprint_)), len(narrow(fingerprint_))) == (18 + 19, 19)


def test_a_tiny_text_has_no_shingles_and_its_title_counts() -> None:
    one, other = (
        fingerprint_of("See the video", "Fire at sea"),
        fingerprint_of("See the video", "Flood"),
    )
    assert one.shingles == b""
    assert one.sketch == ()
    assert one.text_hash != other.text_hash


def test_texts_of_symbols_without_words_have_different_hashes() -> None:
    assert fingerprint_of("🔥🔥", "").text_hash != fingerprint_of("💧", "").text_hash


def test_stop_words_do_not_count_for_the_length_of_a_text() -> None:
    assert narrow(fingerprint_of("and so it is that " * 20 + invented(4, words=12)))


def test_chinese_without_spaces_is_split_into_words() -> None:
    fingerprint_ = fingerprint_of(CHINESE, "风暴逼近鹿特丹")
    assert fingerprint_.words > 100
    assert len(hashes(fingerprint_)) > 100
    assert words(fingerprint_.title) & words(fingerprint_.vocabulary)


def test_thai_is_hashed_by_characters() -> None:
    thai = "รัฐบาลประกาศมาตรการช่วยเหลือผู้ประสบภัยน้ำท่วมในภาคเหนือของประเทศ"
    assert len(hashes(fingerprint_of(thai * 3))) > 40


def test_combining_marks_do_not_split_a_word() -> None:
    assert fingerprint_of("हिन्दी समाचार", "").words == 2


def figures(text: str) -> list[tuple[int, int]]:
    """Pairs of hashes: the words around each figure, and the figure."""
    return [
        (a, b)
        for a, b in np.frombuffer(fingerprint_of(text).figures, "<u4").reshape(-1, 2).tolist()
    ]


def test_figures_are_compared_without_separators() -> None:
    (one,), (other,), (third,) = map(figures, ("at 1,000.5 pct", "at 1.000,5 pct", "at 10005 pct"))
    assert one == other == third


def test_a_figure_is_identified_by_the_words_around_it() -> None:
    (day, rate), (other_day, other_rate) = (
        figures("up 3 pct, at 6-5/16 now"),
        figures("up 4 pct, at 7 now"),
    )
    assert [day[0], rate[0]] == [other_day[0], other_rate[0]]
    assert {day[1], rate[1]}.isdisjoint({other_day[1], other_rate[1]})


def test_a_number_may_be_spelled_out() -> None:
    (two,), (three,) = figures("lent two billion"), figures("lent three billion")
    assert two[0] == three[0]
    assert two[1] != three[1]


def test_figures_at_both_ends_of_a_text_are_found() -> None:
    assert len(figures("12 boats, 7")) == 2
    assert figures("no figure") == figures("") == []


def words(packed: bytes) -> set[int]:
    return set(np.frombuffer(packed, "<u4").tolist())


def test_titles_and_vocabularies_have_content_words_only() -> None:
    fingerprint_ = fingerprint_of(STORY, TITLE)
    assert len(words(fingerprint_.title)) == len(
        "closes gates ida nears port rotterdam storm".split()
    )
    assert words(fingerprint_.title) & words(fingerprint_.vocabulary)
    assert words(fingerprint_of("", "The harbour").title) <= words(fingerprint_.vocabulary)
    assert fingerprint_of("", "And what of it?").title == b""


def test_the_opening_has_the_shingles_of_the_first_words() -> None:
    fingerprint_ = fingerprint_of(STORY, TITLE)
    opening = set(np.frombuffer(fingerprint_.opening, "<u4").tolist())
    assert len(opening) == RULES.content.lead_words - RULES.shingles.words.wide + 1
    assert opening < set(hashes(fingerprint_))


@settings(deadline=None)
@given(texts, texts)
def test_unpacking_a_packed_fingerprint_restores_it(title: str, text: str) -> None:
    fingerprint_ = fingerprint_of(text, title)
    assert Fingerprint.unpacked(fingerprint_.packed()) == fingerprint_


def test_a_fingerprint_packed_by_another_release_counts_as_missing() -> None:
    assert Fingerprint.unpacked(b"\0\0\1\7{}") is None
    assert Fingerprint.unpacked(b"") is None
    assert Fingerprint.unpacked(None) is None


def test_the_day_is_that_of_publication() -> None:
    assert fingerprint_of(STORY).day == "2026-11-20"
    assert fingerprint_of(STORY, days=None).day == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            "أَعْلَنَتِ الْحُكُومَةُ عَنْ خُطَّةٍ جَدِيدَةٍ", "أعلنت الحكومة عن خطة جديدة", id="Arabic vowels"
        ),
        pytest.param("الرئيـــس يزور المدينة", "الرئيس يزور المدينة", id="tatweel"),
        pytest.param("國際機場關閉兩個跑道", "国际机场关闭两个跑道", id="traditional Chinese"),
        pytest.param("ارتفع السعر ١٢ دولارا", "ارتفع السعر 12 دولارا", id="Arabic digits"),
    ],
)
def test_spellings_of_one_text_meet(one: str, other: str) -> None:
    assert fingerprint_of(one).text_hash == fingerprint_of(other).text_hash
    assert fingerprint_of(one).vocabulary == fingerprint_of(other).vocabulary


def test_other_words_of_arabic_and_chinese_stay_apart() -> None:
    assert fingerprint_of("كتب الرجل").text_hash != fingerprint_of("كتاب الرجل").text_hash
    assert fingerprint_of("機場關閉").text_hash != fingerprint_of("机场开放").text_hash
