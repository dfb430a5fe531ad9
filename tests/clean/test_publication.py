"""The date of publication is chosen from the declared and the visible dates of a page."""

from datetime import UTC, date, datetime

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.clean.ordinary import NOW, PARAGRAPHS, RULES, cleaned, markup
from tests.support.cleaning_tables import PAGE_DATES
from worker.clean.dates.date_reader import ParsedDate, read_date
from worker.clean.metadata.page_metadata import PageMetadata, read_metadata
from worker.clean.metadata.publication_date import with_best_dates

ADDRESS = "https://a.example/2025/03/03/storm"
PLAIN = "https://a.example/storm"
BYLINE = "<h1>Storm</h1><p>March 3, 2025</p>"


def parsed(markup: str) -> PageMetadata:
    return read_metadata(LexborHTMLParser(markup))


def page(body: str, *, url: str = PLAIN, **declared: str) -> PageMetadata:
    properties = {
        "published": "article:published_time",
        "published_too": "datePublished",
        "updated": "article:modified_time",
        "canonical": "og:url",
    }
    head = "".join(
        f'<meta property="{properties[name]}" content="{date}">' for name, date in declared.items()
    )
    metadata = parsed(f"<html><head>{head}</head><body>{body}</body></html>")

    def read(text: str) -> ParsedDate:
        return read_date(text, RULES.dates, NOW)

    return with_best_dates(metadata, url, read, RULES.dates)


def test_what_is_declared_outranks_the_address_and_that_what_is_printed() -> None:
    assert page(BYLINE, url="https://a.example/2025/03/02/", published="2025-03-01").published == (
        "2025-03-01"
    )
    metadata = page("<h1>Storm</h1><p>March 4, 2025</p>", url=ADDRESS)
    assert (metadata.published, metadata.element_of["published"]) == ("2025-03-03", "URL")
    metadata = page(BYLINE)
    assert (metadata.published, metadata.element_of["published"]) == (
        "March 3, 2025",
        "visible text",
    )


def test_a_page_built_anew_was_published_when_it_says_to_readers() -> None:
    built = "2026-06-24T08:00:00Z"
    assert page(BYLINE, published=built, updated=built).published == "March 3, 2025"
    assert page(BYLINE, published=built).published == "March 3, 2025"
    assert page(BYLINE, published=built, updated="2026-07-01").published == "March 3, 2025"


def test_of_two_declared_days_the_one_that_is_printed_is_that_of_publication() -> None:
    two = {"published": "2025-02-20", "published_too": "2025-03-03"}
    assert page(BYLINE, **two, updated="2025-04-01").published == "March 3, 2025"
    assert page(BYLINE, **two, updated="2025-03-03").published == "2025-02-20"  # of the change


def test_a_date_of_something_yields_to_one_that_is_marked_as_that_of_publication() -> None:
    prefix = '<meta name="dcterms.date" content="2025-02-20">'
    marked = '<time itemprop="datePublished" datetime="2025-03-03">March 3</time>'
    assert parsed(prefix + marked).published == "2025-03-03"
    assert parsed(prefix).published == "2025-02-20"


def test_a_month_of_a_journal_is_no_day() -> None:
    month = '<meta name="citation_publication_date" content="2025/03">'
    assert parsed(month).published == ""


def test_the_canonical_address_may_have_the_day() -> None:
    source = "https://b.example/2025/oct/02/storm"
    assert (
        page("<h1>Storm</h1><p>02/10/2025</p>", canonical=source).element_of["published"] == "URL"
    )


@pytest.mark.parametrize(
    ("body", "published", "updated"),
    [
        (BYLINE, "2025-03-04T03:00:00Z", "2025-03-04T03:00:00Z"),  # the evening before, over there
        (BYLINE, "2025-01-01", "2025-01-01"),  # printed is the later one: a change
        ("<h1>Storm</h1><p>Updated March 3, 2025</p>", "2025-06-24", "2025-06-24"),
        (
            "<h1>Storm</h1><p>June 24, 2025</p><p>March 3, 2025</p>",  # the second is of a picture
            "2025-06-24",
            "2025-06-24",
        ),
        ("<h1>Storm</h1><p>" + "word " * 200 + "</p><p>March 3, 2025</p>", "2025-06-24", ""),
        ("<p>March 3, 2025</p><h1>Storm</h1>", "2025-06-24", ""),  # before: of a menu perhaps
    ],
)
def test_what_is_printed_does_not_outrank_what_may_be_right(
    body: str, published: str, updated: str
) -> None:
    assert page(body, published=published, updated=updated).published == published


def test_an_older_date_that_is_called_so_is_that_of_publication() -> None:
    body = "<h1>Storm</h1><p>Published: March 3, 2025</p><p>Updated: August 21, 2025</p>"
    metadata = page(body, published="2025-08-19", updated="2025-08-21")
    assert (metadata.published, metadata.updated) == ("March 3, 2025", "2025-08-21")


def test_a_change_that_only_readers_are_told_of_is_one() -> None:
    body = "<h1>Storm</h1><p>Posted 3 March 2025, last updated 4 March 2025</p>"
    metadata = page(body)
    assert (metadata.published, metadata.updated) == ("3 March 2025", "4 March 2025")
    assert metadata.element_of["updated"] == "visible text"
    assert page(body, updated="2025-03-05").updated == "2025-03-05"


def test_a_page_that_only_says_when_it_was_changed_was_published_by_then() -> None:
    far = "<h1>Storm</h1><p>" + "word " * 200 + "</p><p>Last updated: March 3, 2025</p>"
    assert page(far).published == "March 3, 2025"
    assert page(far.replace("Last updated:", "Next concert:")).published == ""


def test_the_time_of_a_comment_yields_to_address_and_print() -> None:
    comment = '<div><time class="published" datetime="2019-08-24T03:36:11Z">then</time></div>'
    article = f"<p>{'word ' * 200}</p>"
    assert page(f"{article}{comment}", url=ADDRESS).published == "2025-03-03"
    assert page(f"{BYLINE}{article}{comment}").published == "March 3, 2025"
    assert page(f"{article}{comment}").published == "2019-08-24T03:36:11Z"


def test_a_time_is_kept_where_address_and_print_agree_with_its_day() -> None:
    own = '<h1>Storm</h1><time class="published" datetime="2025-03-03T10:30:00Z">then</time>'
    assert page(own, url=ADDRESS).published == "2025-03-03T10:30:00Z"


@pytest.mark.parametrize("scope", ["citation", "comment", "review"])
def test_dates_of_works_and_comments_within_the_article_are_not_its_own(scope: str) -> None:
    other = (
        f'<ul><li itemprop="{scope}" itemscope><meta itemprop="datePublished" content="1988-01-01">'
        '<time itemprop="datePublished" datetime="1988-01-01">1988</time></li></ul>'
    )
    own = '<div itemscope><meta itemprop="datePublished" content="2025-03-03"></div>'
    assert page(other + own).published == "2025-03-03"


def test_a_year_of_copyright_is_no_date() -> None:
    footer = "<html><body><h1>Storm</h1><p>Text</p><footer>© 2024 Example</footer></body></html>"
    assert cleaned(content=markup(footer), link=PLAIN).published is None


def test_an_article_has_the_date_that_its_page_prints() -> None:
    article = cleaned(content=markup(f"<html><body>{BYLINE}<p>Text</p></body></html>"), link=PLAIN)
    assert article.published is not None
    assert article.published.date().isoformat() == "2025-03-03"


def test_of_declared_dates_the_first_that_can_be_read_counts() -> None:
    metadata = page("", published="4 May 2025 or so", published_too="2025-05-03")
    assert (metadata.published, metadata.element_of["published"]) == ("2025-05-03", "datepublished")


@pytest.mark.parametrize("declared", ["2025", "2025-03", "2025/03", "March 2025", "2025年3月"])
@pytest.mark.parametrize(
    "element",
    [
        '<meta property="article:published_time" content="{}">',
        '<meta name="date" content="{}">',
        '<time datetime="{}">Spring</time>',
        '<script type="application/ld+json">{{"@type": "Article", "datePublished": "{}"}}</script>',
    ],
)
def test_no_day_is_made_of_a_month_or_a_year(declared: str, element: str) -> None:
    text = "<p>The harbour reopened on Monday after two weeks of repairs.</p>"
    body = f"<html><body><h1>Storm</h1>{element.format(declared)}{text}</body></html>"
    article = cleaned(link=PLAIN, content=markup(body))
    assert article.published is None
    assert article.flags == ("bad-date",)


@pytest.mark.parametrize("language", ["de", "fr", "es", "en-GB", "en-US"])
@pytest.mark.parametrize(
    "date", ["2022/05/04", "2022.05.04", "2022-5-4", "2022. 5. 4.", "2022年5月4日"]
)
@pytest.mark.parametrize(
    "element",
    [
        '<meta property="article:published_time" content="{}">',
        '<time itemprop="datePublished" datetime="{}">x</time>',
        "<h1>Storm</h1><p>{} | Ann Lee</p>",
    ],
)
def test_a_year_in_front_is_year_month_and_day(language: str, date: str, element: str) -> None:
    text = "<p>The harbour reopened on Monday after two weeks of repairs.</p>"
    body = f'<html lang="{language}"><body>{element.format(date)}{text}</body></html>'
    article = cleaned(link=PLAIN, language=language, content=markup(body))
    assert article.published == datetime(2022, 5, 4, tzinfo=UTC)
    assert article.flags == ()


STORY = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS * 2)


@pytest.mark.parametrize("text", [STORY, STORY[:200] + "</p>"], ids=["long", "short"])
@pytest.mark.parametrize("labelled", PAGE_DATES["page"], ids=lambda labelled: labelled["name"])
def test_a_page_tells_the_local_day_of_its_article(labelled: dict[str, str], text: str) -> None:
    title = "Harbour reopens after storm repairs"
    page = (
        f'<!doctype html><html lang="{labelled.get("lang", "en")}"><head><title>{title}</title>'
        f"{labelled.get('head', '')}</head><body><article><h1>{title}</h1>"
        f"{labelled.get('body', '')}{text}</article>{labelled.get('foot', '')}</body></html>"
    )
    link = labelled.get("link", "https://www.northmouth-post.example/local/harbour-reopens")
    article = cleaned(title="", link=link, content=markup(page))
    assert str(article.published_day or "") == labelled["day"]
    if at := labelled.get("at"):
        assert article.published == datetime.fromisoformat(at).replace(tzinfo=UTC)
    if updated := labelled.get("updated"):
        assert article.updated is not None
        assert article.updated.date().isoformat() == updated


def test_a_date_of_the_feed_in_utc_has_the_local_day_that_its_page_shows() -> None:
    page = markup(f"<html><body><h1>Storm</h1><p>March 3, 2025</p>{STORY}</body></html>")
    article = cleaned(link=PLAIN, content=page, published="Tue, 04 Mar 2025 02:00:00 GMT")
    assert article.published == datetime(2025, 3, 4, 2, tzinfo=UTC)
    assert (article.published_day, article.published_zone) == (date(2025, 3, 3), None)
    article = cleaned(link=PLAIN, content=page, published="Thu, 06 Mar 2025 02:00:00 GMT")
    assert (article.published_day, article.published_zone) == (date(2025, 3, 6), "UTC")


def test_the_order_of_day_and_month_is_told_by_the_other_date_of_the_entry() -> None:
    article = cleaned(published="03/04/2022", updated="13/04/2022")
    assert (article.published_day, article.flags) == (date(2022, 4, 3), ())
    article = cleaned(published="03/04/2022")
    assert (article.published_day, article.flags) == (date(2022, 3, 4), ("ambiguous-date",))


@pytest.mark.parametrize(
    "foreign",
    [
        "<blockquote>Harbour on fire — Bo (@bo) <a href='x'>March 3, 2025</a></blockquote>",
        "<figure><img src='a.jpg'><figcaption>March 3, 2025</figcaption></figure>",
        "<p>On Sunday, 3 March 2025, shortly after nine, the harbour was closed for the day.</p>",
        "<p>Deadline: 3 March 2025</p>",
        "<p>Effective as of March 3, 2025</p>",
        "<article><h3><a href='/b'>Ferry</a></h3><time datetime='2025-03-03'>x</time></article>",
        "<div class='related-posts'>March 3, 2025</div>",
        "<div id='upcoming-events'>March 3, 2025</div>",
    ],
)
def test_a_declared_date_is_not_beaten_by_the_date_of_something_else(foreign: str) -> None:
    declared = {"published": "2026-06-24T08:00:00Z"}
    assert page(f"<h1>Storm</h1>{foreign}", **declared).published == declared["published"]


@pytest.mark.parametrize(
    "own",
    [
        "<p>March 3, 2025</p>",
        "<p>Ann Lee, March 3, 2025</p>",
        "<p>By Ann Lee on March 3, 2025</p>",
        "<p>News | March 3, 2025 | 10:30</p>",
        "<p>Monday, March 3, 2025 10:30 AM EST</p>",
        "<p>Published by the newsroom: March 3, 2025</p>",
        "<time datetime='2025-03-03T10:30:00Z'>March 3</time>",
    ],
)
def test_a_declared_date_is_beaten_by_an_older_one_that_readers_are_shown(own: str) -> None:
    metadata = page(f"<h1>Storm</h1>{own}", published="2026-06-24T08:00:00Z")
    assert metadata.element_of["published"] == "visible text"
    assert read_date(metadata.published, RULES.dates, NOW).day == date(2025, 3, 3)


def test_an_unspecific_date_yields_to_one_that_readers_are_shown_soon_after() -> None:
    def published(visible: str) -> str:
        head = '<html><head><meta name="dcterms.date" content="2025-02-20"></head>'
        metadata = parsed(f"{head}<body><h1>Storm</h1><p>{visible}</p></body></html>")
        dated = with_best_dates(
            metadata, PLAIN, lambda text: read_date(text, RULES.dates, NOW), RULES.dates
        )
        return dated.published

    assert published("March 3, 2025") == "March 3, 2025"
    assert published("February 19, 2025") == "February 19, 2025"
    assert published("February 20, 2025") == "2025-02-20"
    assert published("November 22, 2026") == "2025-02-20"  # the day of the visit
    assert published("Concert: March 3, 2025") == "2025-02-20"


@pytest.mark.parametrize(
    ("body", "day"),
    [
        ("<p>March 3, 2025 in the section for ports and ships</p>", "2025-03-03"),
        ("<p>Posted on March 3, 2025 for all at the harbour</p>", "2025-03-03"),
        ("<p>Ann Lee on March 3, 2025 at ten in the morning</p>", "2025-03-03"),
        ("<p>Meet us on March 3, 2026 for a night at the harbour.</p>", None),
        ("<table><tr><td>March 3, 2025</td><td>Ann Lee</td></tr></table>", "2025-03-03"),
        (
            "<table><tr><td>March 3, 2025</td><td>2-1</td></tr>"
            "<tr><td>March 9, 2025</td><td>0-0</td></tr></table>",
            None,
        ),
        ("<p>27. 8. 2024</p>", "2024-08-27"),
        ("<p>27.ago.2024 às 20h18</p>", "2024-08-27"),
        ("<div class='newsletter-post'><p>March 3, 2025</p></div>", "2025-03-03"),
        ("<div class='newsletter'><p>March 3, 2025</p></div>", None),
    ],
)
def test_a_day_in_a_sentence_a_table_or_a_box_is_not_that_of_the_article(
    body: str, day: str | None
) -> None:
    html = f"<html lang='en'><body><article><h1>Storm</h1>{body}{STORY}</article></body></html>"
    published = cleaned(title="", link=PLAIN, content=markup(html)).published_day
    assert published == (date.fromisoformat(day) if day else None)


@pytest.mark.parametrize(
    ("before", "day"),
    [
        ("<div id='current-date'>March 3, 2025</div>", None),
        ("<div class='today'>March 3, 2025</div>", None),
        ("<div class='usa-today'>March 3, 2025</div>", "2025-03-03"),
        ("<div class='date'>March 3, 2025</div>", "2025-03-03"),
        ("<div class='related'><p>March 3, 2025</p></div>", None),
    ],
)
def test_the_day_of_a_visit_above_the_heading_is_not_that_of_the_article(
    before: str, day: str | None
) -> None:
    html = f"<html lang='en'><body>{before}<h1>Storm</h1>{STORY}</body></html>"
    published = cleaned(title="", link=PLAIN, content=markup(html)).published_day
    assert published == (date.fromisoformat(day) if day else None)


@pytest.mark.parametrize(
    ("described", "day"),
    [
        ('{"@type":"VideoObject","name":"Wind","uploadDate":"2025-03-03T08:00:00Z"}', None),
        (
            '{"@type":"VideoObject","name":"Storm","uploadDate":"2025-03-03T08:00:00Z"}',
            "2025-03-03",
        ),
        ('{"@type":"Event","name":"Fair","startDate":"2025-03-03"}', None),
        ('{"@type":"CreativeWork","datePublished":"2025-03-03"}', "2025-03-03"),
    ],
)
def test_the_date_of_a_video_is_that_of_an_article_about_it(
    described: str, day: str | None
) -> None:
    head = f'<title>Storm</title><script type="application/ld+json">{described}</script>'
    html = f"<html lang='en'><head>{head}</head><body><h1>Storm</h1>{STORY}</body></html>"
    published = cleaned(title="", link=PLAIN, content=markup(html)).published_day
    assert published == (date.fromisoformat(day) if day else None)
