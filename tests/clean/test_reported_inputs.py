"""Inputs after reports of readers give what a reader would accept.

An entry that says why its value is `arguable` is not asserted."""

import tomllib
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.clean.ordinary import BODIES, RULES, cleaned, markup
from tests.support.article_text import filled
from worker.clean.lines.line_rules import ArticleMetadata, sweep
from worker.errors import Rejected
from worker.model.records import Article

FOLDER = Path(__file__).parent / "reports"
TITLE = "Harbour reopens after storm repairs"
STORY = filled("{all}")


def table(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def entries(name: str, kind: str = "case") -> list[Any]:
    """The entries of a table whose value is not arguable."""
    return [
        pytest.param(entry, id=f"{kind}-{n}")
        for n, entry in enumerate(table(name)[kind])
        if "arguable" not in entry
    ]


def page(head: str, body: str, language: str = "en") -> list[dict[str, str]]:
    return markup(
        f'<!doctype html><html lang="{language}"><head>{head}</head><body>{body}</body></html>'
    )


DATES = [
    pytest.param(language, text, wanted, id=f"{language}: {text}")
    for language, dates in table("dates").items()
    for text, wanted in dates.items()
]


@pytest.mark.parametrize(("language", "text", "wanted"), DATES)
def test_a_date_of_a_feed_is_the_instant_that_it_means(
    language: str, text: str, wanted: str
) -> None:
    article = cleaned(published=text, language=language)
    if wanted == "flagged":
        assert article.published is None or "future-date" in article.flags
        return
    accepted = [
        None if value == "none" else datetime.fromisoformat(value).replace(tzinfo=UTC)
        for value in wanted.split(" or ")
    ]
    assert article.published in accepted


@pytest.mark.parametrize("entry", entries("page_dates", "page"))
def test_a_page_tells_the_day_of_its_article(entry: dict[str, str]) -> None:
    content = page(
        f"<title>{TITLE}</title>{entry.get('head', '')}",
        f"{entry.get('before', '')}<article><h1>{TITLE}</h1>{entry['body']}{STORY}</article>"
        f"{entry.get('foot', '')}",
        entry["lang"],
    )
    link = entry.get("link", "https://www.northmouth-post.example/local/harbour-reopens")
    article = cleaned(title="", link=link, content=content)
    assert str(article.published_day or "") == entry["day"]
    if at := entry.get("at"):
        assert article.published == datetime.fromisoformat(at).replace(tzinfo=UTC)
    if updated := entry.get("updated"):
        assert article.updated is not None
        assert article.updated.date().isoformat() == updated


@pytest.mark.parametrize("entry", entries("titles", "feed"))
def test_a_title_of_a_feed_is_what_a_reader_shows(entry: dict[str, str]) -> None:
    source = {"id": "s", "title": entry.get("site", "")}
    assert cleaned(title=entry["given"], source=source).title == entry["title"]


@pytest.mark.parametrize("entry", entries("titles", "page"))
def test_a_title_of_a_page_is_that_of_its_article(entry: dict[str, str]) -> None:
    content = page(entry["head"], f"{entry['body']}{STORY}")
    article = cleaned(title="", link="https://www.np.example/?p=12", content=content)
    assert article.title == entry["title"]


@pytest.mark.parametrize("entry", entries("authors", "feed"))
def test_authors_of_a_feed_are_people(entry: dict[str, Any]) -> None:
    assert list(cleaned(authors=entry["given"]).authors) == entry["names"]


@pytest.mark.parametrize("entry", entries("authors", "page"))
def test_authors_of_a_page_are_those_of_its_article(entry: dict[str, Any]) -> None:
    content = page(entry.get("head", ""), entry["body"].replace("…", STORY))
    assert list(cleaned(content=content).authors) == entry["names"]


@pytest.mark.parametrize("entry", entries("characters", "bytes"))
def test_bytes_become_the_text_that_was_written(entry: dict[str, str]) -> None:
    document = f"<html><body><article><p>{entry['text']}</p></article></body></html>"
    content = {
        "type": "text/html",
        "encoding": "base64",
        "value": b64encode(document.encode(entry["charset"])).decode(),
        "charset": entry["declared"],
    }
    assert cleaned(title="", content=[content]).text == entry["text"]


@pytest.mark.parametrize("entry", entries("characters", "text"))
def test_a_text_in_wrong_characters_is_mended(entry: dict[str, str]) -> None:
    assert cleaned(content=f"<p>{entry['broken']}</p>").text == entry["mended"]


@pytest.mark.parametrize("entry", entries("text"))
def test_a_text_keeps_what_belongs_to_it(entry: dict[str, Any]) -> None:
    content = markup(entry.get("fragment", ""))
    if "body" in entry:
        content = page(f"<title>{TITLE} - Northmouth Post</title>", filled(entry["body"]))
    text = cleaned(content=content, title="").text
    at = 0
    for part in map(filled, entry["keeps"]):
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is missing, or not in its place, in {text!r}"
        at = found + len(part)
    assert [part for part in entry.get("drops", ()) if part in text] == []


def sentences(kind: str) -> list[Any]:
    return [
        pytest.param(language, sentence, id=f"{language}: {sentence}")
        for language, kinds in table("prompts").items()
        for sentence in kinds[kind]
    ]


def with_sentence(language: str, sentence: str) -> Any:
    text = "\n\n".join([*[BODIES[language]] * 4, sentence])
    return sweep(text, ArticleMetadata("Title"), language, RULES)


@pytest.mark.parametrize(("language", "sentence"), sentences("stays"))
def test_a_sentence_of_the_article_stays(language: str, sentence: str) -> None:
    assert with_sentence(language, sentence).dropped == ()


@pytest.mark.parametrize(("language", "sentence"), sentences("paywall"))
def test_a_prompt_to_pay_goes_and_is_noted(language: str, sentence: str) -> None:
    swept = with_sentence(language, sentence)
    assert sentence not in swept.text
    assert (swept.truncated, swept.paywalled) == (True, True)


@pytest.mark.parametrize(("language", "sentence"), sentences("goes"))
def test_a_prompt_of_the_site_goes(language: str, sentence: str) -> None:
    swept = with_sentence(language, sentence)
    assert sentence not in swept.text
    assert not swept.paywalled


@pytest.mark.parametrize("entry", entries("failed_fetches", "failed"))
def test_what_comes_instead_of_an_article_is_refused(entry: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        cleaned(title="", content=markup(entry["page"]))


@pytest.mark.parametrize("entry", entries("failed_fetches", "honest"))
def test_an_article_about_such_pages_is_none(entry: dict[str, str]) -> None:
    assert len(cleaned(title="", content=markup(entry["page"])).text) > 100


def linked(entry: dict[str, str]) -> Article:
    source = {"id": "s", "url": entry.get("feed", "")}
    head = f"<title>{TITLE}</title>{entry.get('head', '')}"
    return cleaned(link=entry["link"], source=source, content=page(head, f"<h1>Port</h1>{STORY}"))


@pytest.mark.parametrize("entry", entries("links"))
def test_the_address_is_that_of_the_article(entry: dict[str, str]) -> None:
    assert linked(entry).url == entry["url"]


@pytest.mark.parametrize("entry", entries("images", "media"))
def test_the_picture_is_the_first_medium_that_shows_something(entry: dict[str, Any]) -> None:
    media = [{"url": url, "type": kind} for url, kind in entry["media"]]
    assert cleaned(media=media).image == entry["image"]


@pytest.mark.parametrize("entry", entries("images", "markup"))
def test_the_picture_is_the_first_of_the_text(entry: dict[str, str]) -> None:
    assert cleaned(content=markup(entry["markup"])).image == entry["image"]


@pytest.mark.parametrize("entry", entries("languages"))
def test_the_language_is_that_of_the_text(entry: dict[str, str]) -> None:
    article = cleaned(title="", content=entry["text"], language=entry.get("declared", ""))
    assert article.language == entry["language"]
