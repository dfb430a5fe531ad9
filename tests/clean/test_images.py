from typing import Any

import pytest

from tests.clean.ordinary import PARAGRAPHS, cleaned, markup
from tests.support.cleaning_tables import IMAGES

ARTICLE = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS * 3)


@pytest.mark.parametrize("case", IMAGES["media"], ids=lambda case: case["media"][0][0][-40:])
def test_the_image_is_the_first_medium_that_illustrates_the_article(case: dict[str, Any]) -> None:
    media = [{"url": url, "type": kind} for url, kind in case["media"]]
    assert cleaned(media=media).image == case["image"]


@pytest.mark.parametrize("case", IMAGES["markup"], ids=lambda case: case["markup"][:60])
def test_without_media_the_image_is_the_first_picture_in_the_text(case: dict[str, Any]) -> None:
    assert cleaned(content=markup(case["markup"])).image == case["image"]


@pytest.mark.parametrize(
    "case", IMAGES["page"], ids=lambda case: (case["head"] + case["body"])[:60]
)
def test_the_image_of_a_page_is_no_placeholder(case: dict[str, Any]) -> None:
    body = case["body"].replace("<p>…</p>", ARTICLE) or ARTICLE
    page = f"<html><head>{case['head']}</head><body>{body}</body></html>"
    assert cleaned(content=markup(page)).image == case["image"]


def test_a_medium_of_the_feed_outranks_a_picture_in_the_text() -> None:
    media = [{"url": "https://np.example/b.jpg"}]
    text = markup('<img src="/a.jpg"><p>Ships sail.</p>')
    assert cleaned(content=text, media=media).image == "https://np.example/b.jpg"
