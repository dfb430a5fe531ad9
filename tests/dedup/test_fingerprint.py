"""What a fingerprint sees of a text, and what it does not."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import make
from tests.dedup.texts import CHINESE, RULES, STORY, TITLE, invented, print_of
from worker.dedup import fingerprint
from worker.model.records import Fingerprint

texts = st.text(max_size=600)


def hashes(of: Fingerprint) -> list[int]:
    return np.frombuffer(of.shingles, "<u4").tolist()


def narrow(of: Fingerprint) -> list[int]:
    return [h for h in hashes(of) if h & 1]


@settings(deadline=None)
@given(texts, texts)
def test_any_text_has_a_fingerprint_and_always_the_same(title: str, text: str) -> None:
    of = make.article(title=title, text=text)
    assert fingerprint(of, RULES) == fingerprint(of, RULES)


@settings(deadline=None)
@given(texts, texts)
def test_only_the_same_title_and_text_have_the_same_content_hash(one: str, other: str) -> None:
    same = print_of(one, other).content_hash == print_of(other, one).content_hash
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
    mine, rival = print_of(STORY + one, one), print_of(STORY + other, other)
    assert mine.content_hash != rival.content_hash
    assert replace(mine, content_hash=rival.content_hash) == rival


@settings(deadline=None)
@given(st.text(alphabet="ab cdé\"'-.,12", max_size=200))
def test_quotes_and_dashes_make_no_difference(text: str) -> None:
    curly = text.translate(str.maketrans({'"': "„", "'": "’", "-": "–"}))
    assert print_of(text).text_hash == print_of(curly).text_hash
    assert print_of(text).shingles == print_of(curly).shingles


@pytest.mark.processes
def test_the_fingerprint_is_the_same_in_another_process() -> None:
    # Fixed on purpose: stored fingerprints of other machines and releases must stay comparable.
    script = (
        "from tests.dedup.texts import STORY, print_of; p = print_of(STORY);"
        "print(p.text_hash, p.sketch[0], p.version)"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    mine = print_of(STORY)
    assert done.stdout.split() == [mine.text_hash, str(mine.sketch[0]), mine.version]
    assert (mine.text_hash, mine.sketch[0], mine.version) == PINNED


PINNED = ("2927853966fa8438edf6b5d460ca9321", 214309639550786042, "3.eb3403")


def test_a_sketch_is_the_smallest_hashes() -> None:
    made = print_of(STORY)
    assert list(made.sketch) == sorted(made.sketch)
    smallest = hashes(made)[: RULES.shingles.sketch]
    assert [h >> 32 & ~1 for h in made.sketch] == [h & ~1 for h in smallest]
    assert made.scale == 1


def test_a_long_text_is_sampled_below_its_scale() -> None:
    made = print_of(invented(1, words=5000))
    assert made.scale == 8
    assert RULES.shingles.most / 4 < len(hashes(made)) <= RULES.shingles.most
    assert max(hashes(made)) < 2**32 // made.scale


def test_shingles_are_three_words_and_no_two_words() -> None:
    made = print_of(invented(2, words=100))
    assert len(hashes(made)) == 98
    assert narrow(made) == []


def test_a_short_text_has_two_word_shingles_besides() -> None:
    made = print_of(invented(3, words=20))
    assert (len(hashes(made)), len(narrow(made))) == (18 + 19, 19)


def test_a_tiny_text_has_no_shingles_and_its_title_counts() -> None:
    one, other = print_of("See the video", "Fire at sea"), print_of("See the video", "Flood")
    assert one.shingles == b""
    assert one.sketch == ()
    assert one.text_hash != other.text_hash


def test_signs_without_words_are_told_apart() -> None:
    assert print_of("🔥🔥", "").text_hash != print_of("💧", "").text_hash


def test_stop_words_do_not_make_a_text_long() -> None:
    assert narrow(print_of("and so it is that " * 20 + invented(4, words=12)))


def test_chinese_needs_no_spaces() -> None:
    made = print_of(CHINESE, "风暴逼近鹿特丹")
    assert made.words > 100
    assert len(hashes(made)) > 100
    assert words(made.title) & words(made.vocabulary)


def test_thai_is_hashed_by_characters() -> None:
    thai = "รัฐบาลประกาศมาตรการช่วยเหลือผู้ประสบภัยน้ำท่วมในภาคเหนือของประเทศ"
    assert len(hashes(print_of(thai * 3))) > 40


def test_marks_belong_to_their_word() -> None:
    assert print_of("हिन्दी समाचार", "").words == 2


def figures(text: str) -> list[tuple[int, int]]:
    """What is around each figure, and the figure."""
    return [(a, b) for a, b in np.frombuffer(print_of(text).figures, "<u4").reshape(-1, 2).tolist()]


def test_figures_lose_their_separators() -> None:
    (one,), (other,), (third,) = map(figures, ("at 1,000.5 pct", "at 1.000,5 pct", "at 10005 pct"))
    assert one == other == third


def test_a_figure_is_known_by_the_words_around_it() -> None:
    (day, rate), (again, other) = figures("up 3 pct, at 6-5/16 now"), figures("up 4 pct, at 7 now")
    assert [day[0], rate[0]] == [again[0], other[0]]
    assert {day[1], rate[1]}.isdisjoint({again[1], other[1]})


def test_a_number_may_be_spelled_out() -> None:
    (two,), (three,) = figures("lent two billion"), figures("lent three billion")
    assert two[0] == three[0]
    assert two[1] != three[1]


def test_figures_at_both_ends_and_none_at_all() -> None:
    assert len(figures("12 boats, 7")) == 2
    assert figures("no figure") == figures("") == []


def words(packed: bytes) -> set[int]:
    return set(np.frombuffer(packed, "<u4").tolist())


def test_titles_and_vocabularies_hold_content_words() -> None:
    made = print_of(STORY, TITLE)
    assert len(words(made.title)) == len("closes gates ida nears port rotterdam storm".split())
    assert words(made.title) & words(made.vocabulary)
    assert words(print_of("", "The harbour").title) <= words(made.vocabulary)
    assert print_of("", "And what of it?").title == b""


def test_an_opening_is_some_of_the_shingles() -> None:
    made = print_of(STORY, TITLE)
    opening = set(np.frombuffer(made.opening, "<u4").tolist())
    assert len(opening) == RULES.content.lead_words - RULES.shingles.words.wide + 1
    assert opening < set(hashes(made))


@settings(deadline=None)
@given(texts, texts)
def test_a_packed_fingerprint_comes_back_as_it_was(title: str, text: str) -> None:
    made = print_of(text, title)
    assert Fingerprint.unpacked(made.packed()) == made


def test_what_another_release_packed_counts_as_gone() -> None:
    assert Fingerprint.unpacked(b"\0\0\1\7{}") is None
    assert Fingerprint.unpacked(b"") is None
    assert Fingerprint.unpacked(None) is None


def test_the_day_is_that_of_publication() -> None:
    assert print_of(STORY).day == "2026-11-20"
    assert print_of(STORY, days=None).day == ""
