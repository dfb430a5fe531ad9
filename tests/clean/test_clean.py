import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from tests.clean.ordinary import NOW, PARAGRAPHS, RULES, TEXT, cleaned, markup, raw
from worker.clean import clean, withdrawn_keys
from worker.errors import Reason, Rejected
from worker.model.admission import RawArticle
from worker.model.records import Article, Dropped

SEED = """\
Moscow rejected US President Joe Biden’s terms for negotiations on Ukraine with Russian President \
Vladimir Putin.

He added: “Of course, it is better to reach our interests through diplomatic means.”

Putin stressed that Russian attacks on targets in Ukraine have been Russia’s inevitable response \
to provocations in Kiev, including the terrorist attack on the Crimean bridge.

Read More About: World News"""


def test_the_seed_article_loses_its_section_line_and_gains_its_category() -> None:
    title = "Putin rejects Biden’s conditions for talks on Ukraine"
    article = cleaned(title=title, content=SEED, published="2022-12-02")
    assert article.title == title
    assert article.text == SEED.removesuffix("\n\nRead More About: World News")
    assert article.categories == ("World News",)
    assert article.dropped == (Dropped(rule="read-more-about", line="Read More About: World News"),)
    assert article.published == datetime(2022, 12, 2, tzinfo=UTC)
    assert (article.language, article.flags) == ("en", ())


def test_an_ordinary_article_keeps_every_word() -> None:
    article = cleaned()
    assert article.text == TEXT
    assert article.words == 40
    assert article.dropped == ()
    assert article.cleaner == f"12/{RULES.version}"


def test_cleaning_again_gives_the_same_article() -> None:
    assert cleaned() == cleaned()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"content": markup("<p>one two</p><p>three four</p>")}, "one two\n\nthree four"),
        (
            {"content": [*markup("<p>short</p>"), *markup("<p>the longer body</p>")]},
            "the longer body",
        ),
        ({"content": [*markup("<p>AB</p>" * 9, "image/png"), "plain text"]}, "plain text"),
        ({"content": markup("<p>x y</p>", "application/xhtml+xml; charset=utf-8")}, "x y"),
        ({"content": markup("AT&amp;T &amp;amp; others\nline two")}, "AT&T & others\n\nline two"),
        ({"content": markup("1 < 2 <b>stays</b>", "text/plain")}, "1 < 2 <b>stays</b>"),
        ({"content": "a bare string with <b>markup</b>"}, "a bare string with markup"),
        (
            {"content": "&lt;p&gt;One too many.&lt;/p&gt;&lt;p&gt;It&amp;#8217;s.&lt;/p&gt;"},
            "One too many.\n\nIt’s.",
        ),
        ({"content": (), "summary": "<p>Only a summary.</p>"}, "Only a summary."),
        ({"content": (), "summary": ""}, ""),
    ],
)
def test_the_richest_body_becomes_the_text(fields: dict[str, object], text: str) -> None:
    assert cleaned(**fields).text == text


def test_a_summary_that_has_to_serve_as_text_is_flagged() -> None:
    article = cleaned(content=(), summary="Ferries run again, every hour [&#8230;]")
    assert article.summary == article.text == "Ferries run again, every hour"
    assert article.flags == ("summary-only", "truncated")


def test_feed_fields_outrank_the_page_and_the_page_fills_the_gaps() -> None:
    page = f"""<!doctype html><html lang="en"><head><title>Page title | Example</title>
      <meta property="article:published_time" content="2026-03-01T08:00:00Z">
      <meta name="author" content="Ann Lee"><meta property="article:section" content="Local">
      <link rel="canonical" href="/2026/harbour-reopens?utm_source=x"></head>
      <body><article>{"".join(f"<p>{p}</p>" for p in PARAGRAPHS * 4)}</article></body></html>"""
    article = cleaned(title="Feed title", content=markup(page), published="")
    assert article.title == "Feed title"
    assert article.authors == ("Ann Lee",)
    assert article.categories == ("Local",)
    assert article.published == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert article.url == "https://news.example.com/2026/harbour"
    assert article.aliases == ("url:news.example.com/2026/harbour-reopens",)
    assert cleaned(title="", content=markup(page)).title == "Page title"


def test_a_missing_title_is_made_from_the_first_sentence() -> None:
    article = cleaned(title="")
    assert article.title == PARAGRAPHS[0]
    assert article.flags == ("no-title",)


def test_dates_of_the_future_and_unreadable_ones_are_flagged() -> None:
    article = cleaned(published="2031-01-01", updated="soon")
    assert (article.published, article.updated) == (NOW, None)
    assert article.flags == ("future-date", "bad-date")


def test_an_article_is_not_newer_than_its_fetch() -> None:
    article = cleaned(published="2026-05-05", fetch={"at": "2026-05-01T00:00:00Z"})
    assert article.published == datetime(2026, 5, 1, tzinfo=UTC)


def test_mended_text_is_flagged() -> None:
    article = cleaned(title="The Queenâ€™s speech", content="He said itâ€™s over, for good.")
    assert article.title == "The Queen’s speech"
    assert article.text == "He said it’s over, for good."
    assert article.flags == ("mojibake",)


@pytest.mark.parametrize("fields", [{"title": "", "content": ""}, {"title": "—", "content": "12"}])
def test_an_article_without_letters_is_rejected_as_empty(fields: dict[str, str]) -> None:
    with pytest.raises(Rejected) as rejected:
        cleaned(**fields)
    assert rejected.value.reason is Reason.EMPTY


def test_nothing_that_postgresql_refuses_is_left_in_any_field() -> None:
    bad = "a\x00b\ud800c"
    article = cleaned(
        **dict.fromkeys(("id", "title", "summary", "content"), f"{bad} words"),
        link=f"https://example.com/{bad}",
        authors=[bad],
        tags=[bad],
        media=[{"url": f"https://example.com/{bad}.png", "type": bad, "title": bad}],
        source={"id": bad},
        language=bad,
    )
    assert storable(article)
    assert (article.source, article.key, article.authors) == ("abc", "id:abc words", ("abc",))


def storable(article: Article) -> bool:
    data = TypeAdapter(Article).dump_json(article)  # raises on a lone surrogate
    return (
        re.search(rb"(?<!\\)(?:\\\\)*\\u0000", data) is None
    )  # a backslash may be one of the text


texts = st.text(max_size=200)
MARKUP = """\
<p> </p> <br> <html> <body> <head> <title> <h1> <a href=x> </a> <table> <tr> <td> <pre> </pre> <svg>
<!-- --> <![CDATA[ ]]> <script> </script> <style> <frameset> &amp; &#0; &#xD800; &lt;b&gt; […]
<link rel=canonical href=http://[x> <meta property=og:title content=x> <time datetime=x>
<script type='application/ld+json'>{"@type":"Article","headline":1}</script>"""
markups = st.lists(st.one_of(texts, st.sampled_from(MARKUP.split(" "))), max_size=12).map("".join)
bodies = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["text/html", "text/plain", "", "html"]), "value": markups}
    ),
    max_size=3,
)
urls = st.one_of(texts, texts.map("https://example.com/".__add__), texts.map("http://".__add__))
dates = st.one_of(texts, st.integers().map(str), st.datetimes().map(str), st.floats().map(str))
anything = st.fixed_dictionaries(
    {},
    optional={
        "id": texts,
        "link": urls,
        "title": markups,
        "summary": markups,
        "content": bodies,
        "published": dates,
        "updated": dates,
        "language": texts,
        "authors": st.lists(texts, max_size=3),
        "tags": st.lists(texts, max_size=3),
        "media": st.lists(st.fixed_dictionaries({"url": urls, "title": texts}), max_size=2),
        "source": st.fixed_dictionaries({}, optional={"id": texts, "title": texts}),
        "feed": st.fixed_dictionaries({}, optional={"url": urls, "language": texts}),
        "fetch": st.fixed_dictionaries({}, optional={"at": dates}),
    },
)


@settings(deadline=None)
@given(anything)
def test_any_raw_article_is_cleaned_or_rejected(fields: dict[str, object]) -> None:
    try:
        article = clean(RawArticle.model_validate(fields), RULES, NOW)
    except Rejected:
        return
    assert storable(article)
    assert article.key
    assert "\n\n\n" not in article.text
    assert article.text == article.text.strip()
    for at in (article.published, article.updated):
        assert at is None or (at.tzinfo is UTC and at <= NOW + RULES.dates.tolerance)


def test_a_withdrawal_is_found_by_id_and_by_link() -> None:
    assert withdrawn_keys(raw(id="a-1")) == ("id:a-1", "url:news.example.com/2026/harbour")


def test_a_withdrawal_that_names_nothing_is_rejected() -> None:
    with pytest.raises(Rejected) as rejected:
        withdrawn_keys(raw(id=" ", link="https://example.com/"))
    assert rejected.value.reason is Reason.NO_IDENTITY


def test_the_source_of_a_withdrawal_is_the_source_of_its_article() -> None:
    withdrawal = raw(source={"id": " wi\x00re "})
    assert withdrawal.source_id == clean(withdrawal, RULES, NOW).source == "wire"


def test_addresses_and_types_of_media_steer_no_terminal() -> None:
    hidden = "\x1b]0;x\x07\u202e\n"
    media = [{"url": f"https://m.example/a{hidden}.png", "type": f"image/png{hidden}"}]
    (medium,) = cleaned(media=media).media
    assert (medium.url + medium.type).isprintable()
