"""What an element is for is told by its class names, and not by names that only sound alike."""

import pytest

from worker.clean.page.element_roles import (
    BOX,
    CAPTION,
    HIDDEN,
    LEAD,
    LIVE_ENTRY,
    PULL_QUOTE,
    may_expand,
    roles_of,
)
from worker.clean.page.live_blog import is_time


@pytest.mark.parametrize(
    ("names", "role"),
    [
        ("wp-caption-text", CAPTION),
        ("c-media__caption", CAPTION),
        ("Caption_caption__body", CAPTION),
        ("imageCredit", CAPTION),
        ("article-photo-credit", CAPTION),
        ("dm_figure_caption", CAPTION),
        ("foto-legenda", CAPTION),
        ("article__bildunterschrift", CAPTION),
        ("pie-de-foto", CAPTION),
        ("relatedArticles", BOX),
        ("x1 post-tags", BOX),
        ("comments-area", BOX),
        ("author_bio", BOX),
        ("sharedaddy sd-sharing", BOX),
        ("box-leia-tambem", BOX),
        ("mais-lidas", BOX),
        ("te-puede-interesar", BOX),
        ("a-lire-aussi", BOX),
        ("leggi-anche", BOX),
        ("lees-ook", BOX),
        ("newsletter-signup", BOX),
        ("post-cta", BOX),
        ("noprint", BOX),
        ("sr-only", HIDDEN),
        ("d-none d-print-block-x", HIDDEN),
        ("wp-block-pullquote", PULL_QUOTE),
        ("liveblog-entry", LIVE_ENTRY),
        ("liveBlogUpdate", LIVE_ENTRY),
        ("m-live-ticker__item", LIVE_ENTRY),
        ("article__standfirst", LEAD),
        ("linha-fina", LEAD),
    ],
)
def test_a_name_tells_what_an_element_is_for(names: str, role: int) -> None:
    assert roles_of(names) & role


@pytest.mark.parametrize(
    "names",
    [
        "",
        "article-body",
        "entry-content post-1234",
        "has-sidebar no-comments with-captions",
        "captioned",
        "shared-text shareable",
        "tagged staging",
        "commentary",
        "correlation relation",
        "hidden md:block",
        "d-none d-lg-block",
        "[&_.sidebar]:hidden-x",
        "what-the-council-said-about-related-articles",
        "liveblog",
        "category-newsletter",
        "x" * 10_000,
    ],
)
def test_other_names_tell_nothing(names: str) -> None:
    assert roles_of(names) == 0


@pytest.mark.parametrize(
    ("names", "expected"),
    [("more", True), ("faq-answer", True), ("paywall-content", True), ("hovercard", False)],
)
def test_an_element_that_opens_on_a_click_is_known_by_its_name(names: str, expected: bool) -> None:
    assert may_expand(names) is expected


@pytest.mark.parametrize(
    "text",
    ["14:32", "2.32pm", "12h10", "14:32 Uhr", "10:05 a.m. ET", "5 minutes ago", "May 6, 14:32"],
)
def test_a_time_alone_is_recognised(text: str) -> None:
    assert is_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "Ferries leave at 14:32 from the pier",
        "Ferries leave at 14:32",
        "3",
        "1:0",
        "In 2024",
        "x" * 50_000,
    ],
)
def test_a_text_with_more_than_a_time_is_none(text: str) -> None:
    assert not is_time(text)
