"""The original publisher of an article, as far as a copy of it names one."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.make import NOW
from tests.support.pipelines import CONFIG
from worker.clean import clean
from worker.clean.lines.original_publisher import Publisher, original_publisher, publisher_of
from worker.model.admission import RawArticle
from worker.model.records import StoredRecord

RULES = CONFIG.cleaning
TEXT = "The harbour board agreed on Tuesday to deepen the eastern channel.\n\nWork starts in March."
POST = {"id": "planet", "title": "Harbour Post", "url": "https://post.example"}


def stored(article_id: str = "a", **fields: Any) -> StoredRecord:
    raw = {"title": "Channel is deepened", "content": TEXT, **fields}
    return StoredRecord(
        article_id=article_id,
        revision=1,
        article=clean(RawArticle.model_validate(raw), RULES, NOW),
        content_hash="",
        received=NOW,
        versions={},
        payload=json.dumps(raw),
    )


@pytest.mark.parametrize(
    ("fields", "name", "named_by"),
    [
        ({"authors": ["Reuters Staff"]}, "Reuters", "byline"),
        ({"content": f"ODESSA, Nov 20 (AFP) - {TEXT}"}, "AFP", "dateline"),
        ({"content": f"{TEXT}\n\nSource: dpa"}, "dpa", "source line"),
        ({"source": POST, "feed": {"url": "https://planet.example/rss"}}, "Harbour Post", ""),
        ({"source": {"title": "Harbour Post"}}, "Harbour Post", ""),
        ({"source": {"title": "Harbour Post"}, "feed": {"title": "Planet"}}, "Harbour Post", ""),
        ({"source": {"url": "https://post.example"}, "feed": {"url": "https://b.example"}}, "", ""),
    ],
)
def test_a_copy_names_it_in_one_of_four_places(
    fields: dict[str, Any], name: str, named_by: str
) -> None:
    found = publisher_of(stored(**fields), RULES.datelines)
    expected = (name or "post.example", named_by or "source element")
    assert found
    assert (found.name, found.named_by) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"authors": ["Ann Lee"]},
        {"source": POST},
        {"source": POST, "feed": {"url": "https://post.example/rss", "title": "Harbour Post"}},
        {"source": {"id": "planet"}, "feed": {"url": "https://planet.example/rss"}},
        {"source": POST, "feed": {"url": "https://post.example/rss", "title": "Post: all news"}},
    ],
)
def test_what_only_names_itself_says_nothing_of_the_origin(fields: dict[str, Any]) -> None:
    assert publisher_of(stored(**fields), RULES.datelines) is None


def test_a_payload_that_is_cut_off_or_emptied_still_has_its_dateline() -> None:
    article = stored(content=f"ODESSA, Nov 20 (AFP) - {TEXT}")
    for payload in ("", "[1]", '{"source": {"ti', '{"source": "wire", "feed": 7}'):
        publisher = publisher_of(replace(article, payload=payload), RULES.datelines)
        assert publisher
        assert publisher.name == "AFP"


def test_the_surest_place_wins_and_of_two_the_first() -> None:
    named = [
        Publisher(name="dpa", named_by="byline", article_id="1"),
        None,
        Publisher(name="AFP", named_by="dateline", article_id="2"),
        Publisher(name="AP", named_by="dateline", article_id="3"),
    ]
    first = original_publisher(named)
    assert first
    assert first.article_id == "2"
    assert original_publisher([None]) is None
