import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.clean.text.mojibake import mend
from worker.clean.text.plain_text import (
    bare,
    is_sound,
    letters,
    one_line,
    paragraphs,
    split_paragraphs,
    storable,
    unescape,
    unescape_again,
    unwrap,
    visible,
)


@given(st.text(alphabet="ab\n", max_size=12))
def test_paragraphs_are_split_where_blank_lines_are(text: str) -> None:
    assert split_paragraphs(text) == text.split("\n\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u00a0b\u2009c\td", "a b c d"),
        ("co\u00adoperate", "cooperate"),
        ("zero\u200bwidth \ufeffmark", "zerowidth mark"),
        ("Pu\u200dtin", "Putin"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("e\u0301", "é"),
        ("a\x00b\ud800c\x1b", "abc"),
        (" Biden’s “talks” — at last… ", "Biden’s “talks” — at last…"),
    ],
)
def test_only_what_readers_see_is_left(text: str, expected: str) -> None:
    assert one_line(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb", "a\n\nb"),
        ("a\r\n\r\n \n\n b", "a\n\nb"),
        ("a\u2028b\u2029c\x0bd", "a\n\nb\n\nc\n\nd"),
        ("\n\n", ""),
    ],
)
def test_paragraphs_are_joined_by_one_blank_line(text: str, expected: str) -> None:
    assert paragraphs(text) == expected


@given(st.text())
def test_tidy_paragraphs_stay_as_they_are(text: str) -> None:
    assert paragraphs(paragraphs(text)) == paragraphs(text)
    assert storable(paragraphs(text)) == paragraphs(text)


ODD = st.text(
    st.sampled_from("aé’“Ã©â€™\u0301\u200b\u00a0\x85\x00\ud800\u2028Σü\t\n ."), max_size=12
)


@given(ODD)
def test_sound_text_is_what_no_repair_would_change(text: str) -> None:
    if is_sound(text):
        assert storable(text) == text
        assert visible(text) == text
        assert mend(text, 1000) == text
        assert paragraphs(text, sound=True) == paragraphs(text)


@pytest.mark.parametrize("text", ["", "It’s “5 €”\r\n\n– über ‘Dvořák’", "Порт открыт", "é’ “"])
def test_most_texts_are_sound(text: str) -> None:
    assert is_sound(text)


@pytest.mark.parametrize(
    "text",
    ["donâ€™t", "cafÃ©", "e\u0301", "a\u00ada", "a\u2028b", "a\tb", "\x00", "\ud800", "港口"],
)
def test_what_may_need_a_repair_is_not_called_sound(text: str) -> None:
    assert not is_sound(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AT&amp;T", "AT&T"),
        ("&#8217;&#x2019;&hellip;", "’’…"),
        ("/?a=1&copy=2", "/?a=1&copy=2"),
        ("a & b", "a & b"),
        ("&nosuch;", "&nosuch;"),
        ("&#0;&#xD800;", "\ufffd\ufffd"),
    ],
)
def test_entities_become_characters(text: str, expected: str) -> None:
    assert unescape(text) == expected


def test_a_second_unescape_makes_no_tags() -> None:
    assert unescape_again("AT&amp;T") == "AT&T"
    assert unescape_again("use &lt;b&gt; &amp; co") == "use &lt;b&gt; &amp; co"


@pytest.mark.parametrize(
    ("broken", "repaired"),
    [
        ("itâ€™s", "it’s"),
        ("cafÃ©", "café"),
        ("MÃ¼nchen â€“ KÃ¶ln", "München – Köln"),
        ("itâ\x80\x99s", "it’s"),
    ],
)
def test_mojibake_is_mended(broken: str, repaired: str) -> None:
    assert mend(broken, 1000) == repaired


@pytest.mark.parametrize("text", ["„Spaß“", "l’été» “quoted”", "Ångström’s", "ﬁne ＡＢＣ", "plain"])
def test_what_is_not_broken_is_not_mended(text: str) -> None:
    assert mend(text, 1000) == text


def test_mending_has_a_budget() -> None:
    assert mend("itâ€™s\n" * 3, max_chars=14) == "it’s\nit’s\nitâ€™s\n"


WRAPPED = """\
The harbour reopened on Monday after two weeks of repairs to
its eastern wall, which the storm in November had damaged so
badly that no ferry could land.

Short line
Another short line"""


def test_hand_wrapped_lines_are_joined_and_short_lines_are_not() -> None:
    assert unwrap(WRAPPED).splitlines() == [
        "The harbour reopened on Monday after two weeks of repairs to its eastern wall, which the"
        " storm in November had damaged so badly that no ferry could land.",
        "",
        "Short line",
        "Another short line",
    ]


def test_long_lines_are_paragraphs_of_their_own() -> None:
    text = "word " * 30 + "\n" + "word " * 30
    assert unwrap(text) == text


def test_letters_are_counted_in_every_script_up_to_what_is_enough() -> None:
    assert letters("12 ab", 3) == 2
    assert letters("京都市", 3) == 3
    assert letters("abcdef", 3) == 3


def test_bare_words_ignore_case_and_punctuation() -> None:
    assert bare("“Straße”, 5!") == bare("STRASSE 5") == "strasse5"


ANY_TEXT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("  \t\n\u00ad\u200b\u00a0é")
)


@settings(deadline=None)
@given(ANY_TEXT)
def test_tidy_paragraphs_are_only_passed_over_when_nothing_in_them_would_change(text: str) -> None:
    lines = (" ".join(line.split()) for line in visible(text).splitlines())
    assert paragraphs(text) == "\n\n".join(line for line in lines if line)


@settings(deadline=None)
@given(ANY_TEXT | st.text(st.characters(max_codepoint=127)))
def test_bare_text_has_the_letters_and_digits_alone(text: str) -> None:
    assert bare(text) == "".join(c for c in text.casefold() if c.isalnum())
