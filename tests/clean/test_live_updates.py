"""The text of a live blog has its entries in their order, with time and heading of each."""

import json
from typing import Any

import pytest

from tests.clean.ordinary import RULES
from worker.clean.body import read_body
from worker.clean.metadata.live_updates import LiveUpdate, live_updates, with_live_updates
from worker.model.admission import Content

TEXTS = (
    "The first ferry left the quay with two hundred people on board, and everybody waved.",
    "The mayor thanked the engineers, who had worked through the nights since November.",
    "A crane lifts the last stone of the eastern wall while the harbour master looks on.",
    "Fishing crews return before dawn, and count fourteen departures in a single hour.",
    "The gates of the harbour are still closed, but a small crowd has come to the pier.",
)
TIMES = ("14:32", "13:05", "12:10", "11:58", "11:30")
HEADINGS = ("Ferries leave", "Mayor speaks", "", "Crews are back", "")


def declared(count: int = 5, **instead: Any) -> dict[str, Any]:
    entries = [
        {
            "@type": "BlogPosting",
            "datePublished": f"2026-05-06T{time}:00+02:00",
            "headline": heading,
            "articleBody": text,
        }
        for text, time, heading in zip(TEXTS, TIMES, HEADINGS, strict=True)
    ]
    return {"@type": "LiveBlogPosting", "liveBlogUpdate": entries[:count], **instead}


UPDATES = live_updates(declared())
COMPLETE = (
    f"14:32\nFerries leave\n{TEXTS[0]}\n13:05\nMayor speaks\n{TEXTS[1]}\n12:10\n{TEXTS[2]}\n"
    f"11:58\nCrews are back\n{TEXTS[3]}\n11:30\n{TEXTS[4]}"
)
LEAD = "The harbour opens again today, half a year after the storm. We report from the pier."


@pytest.mark.parametrize(
    ("text", "completed"),
    [
        (LEAD, f"{LEAD}\n{COMPLETE}"),
        ("", COMPLETE),
        (f"{LEAD}\n" + "\n".join(TEXTS), f"{LEAD}\n{COMPLETE}"),
        # The text has some headings, or all times, in the form of the page.
        (f"{LEAD}\nFerries leave\n" + "\n".join(TEXTS), f"{LEAD}\n{COMPLETE}"),
        (
            "\n".join(f"{time} Uhr\n{text}" for time, text in zip(TIMES, TEXTS, strict=True)),
            "\n".join(f"{time} Uhr\n{text}" for time, text in zip(TIMES, TEXTS, strict=True)),
        ),
        # An entry that was removed from the page is not added to the others.
        ("\n".join(TEXTS[:4]), COMPLETE.partition("\n11:30")[0]),
    ],
)
def test_a_text_is_completed_by_the_entries_that_its_page_declares(
    text: str, completed: str
) -> None:
    assert with_live_updates(text, UPDATES) == completed


@pytest.mark.parametrize(
    "article",
    [
        {"@type": "NewsArticle", "articleBody": TEXTS[0]},
        declared(count=2),
        declared(liveBlogUpdate=[]),
        declared(liveBlogUpdate="none"),
        declared(liveBlogUpdate=[None, 3, ["x"], {"@type": "BlogPosting"}] * 3),
        declared(liveBlogUpdate=[{"headline": "Ferries leave", "articleBody": 7}] * 4),
    ],
)
def test_too_few_entries_with_a_text_are_no_live_blog(article: dict[str, Any]) -> None:
    assert live_updates(article) == ()
    assert with_live_updates(LEAD, ()) == LEAD


@pytest.mark.parametrize(
    ("entry", "update"),
    [
        (
            {
                "datePublished": "2026-05-06 09:01",
                "articleBody": "<p>One &amp; two.</p><p>Three.</p>",
            },
            LiveUpdate("2026-05-06", "09:01", "", ("One & two.", "Three.")),
        ),
        (
            {"dateModified": "2026-05-06T09:01Z", "text": "One.\n\n Two.", "name": "Title"},
            LiveUpdate("2026-05-06", "09:01", "Title", ("One.", "Two.")),
        ),
        ({"datePublished": "6 May", "articleBody": "One."}, LiveUpdate("", "", "", ("One.",))),
        (
            {"headline": "One and", "articleBody": "One and two."},
            LiveUpdate("", "", "", ("One and two.",)),
        ),
    ],
)
def test_an_entry_is_read_as_it_is_declared(entry: dict[str, Any], update: LiveUpdate) -> None:
    assert live_updates({"liveBlogUpdate": [entry] * 3}) == (update,) * 3


def test_times_have_their_day_if_the_entries_are_of_several_days() -> None:
    updates = [UPDATES[0], UPDATES[1]._replace(day="2026-05-05"), UPDATES[2]]
    text = with_live_updates("", updates)
    assert "2026-05-06 14:32\n" in text
    assert "2026-05-05 13:05\n" in text


def page(json_ld: dict[str, Any], body: str) -> str:
    return (
        "<!doctype html><html lang=en><head><title>Harbour reopens: live</title>"
        f"<script type='application/ld+json'>{json.dumps(json_ld)}</script></head>"
        f"<body><article><h1>Harbour reopens: live</h1>{body}</article></body></html>"
    )


def text_of(markup: str) -> list[str]:
    return read_body(Content(type="text/html", value=markup), RULES).text.split("\n\n")


def test_a_page_whose_script_adds_the_entries_has_them_in_its_text() -> None:
    lines = text_of(page(declared(headline="Harbour reopens: live"), f"<p>{LEAD}</p>"))
    assert lines[-len(COMPLETE.split("\n")) :] == COMPLETE.split("\n")


def test_the_entries_of_a_ticker_beside_an_article_are_not_in_its_text() -> None:
    article = {"@type": "NewsArticle", "headline": "Harbour reopens: live", "url": "/a"}
    body = "".join(f"<p>{LEAD} {number}</p>" for number in range(5))
    ticker = declared(headline="Elections: all results")
    lines = text_of(page({"@graph": [ticker, article]}, body))
    assert not set(TEXTS) & set(lines)
