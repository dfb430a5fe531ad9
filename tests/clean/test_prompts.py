"""Prompts of sites and footers of feeds go, and sentences that only look like them stay."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.clean.ordinary import BODIES, RULES, TEXT, cleaned, markup
from worker.clean.lines.line_rules import ArticleMetadata, SweptText, sweep

PROMPTS: dict[str, dict[str, list[str]]] = tomllib.loads(
    (Path(__file__).parent / "prompts.toml").read_text("utf-8")
)


def sentences(kind: str) -> list[Any]:
    return [
        pytest.param(language, sentence, id=f"{language}-{n}")
        for language, kinds in PROMPTS.items()
        for n, sentence in enumerate(kinds[kind])
    ]


def body(language: str) -> str:
    return "\n\n".join([BODIES[language]] * 4)


def swept(language: str, sentence: str) -> SweptText:
    text = f"{body(language)}\n\n{sentence}"
    return sweep(text, ArticleMetadata("Title"), language, RULES)


@pytest.mark.parametrize(("language", "sentence"), sentences("stays"))
def test_a_sentence_that_looks_like_a_prompt_stays(language: str, sentence: str) -> None:
    assert swept(language, sentence).dropped == ()


@pytest.mark.parametrize(("language", "sentence"), sentences("paywall"))
def test_a_prompt_to_pay_goes_and_says_that_the_text_is_cut_off(
    language: str, sentence: str
) -> None:
    result = swept(language, sentence)
    assert result.text == body(language)
    assert (result.truncated, result.paywalled) == (True, True)


@pytest.mark.parametrize(("language", "sentence"), sentences("goes"))
def test_another_prompt_or_footer_goes(language: str, sentence: str) -> None:
    result = swept(language, sentence)
    assert result.text == body(language)
    assert not result.paywalled


def test_a_line_goes_only_if_each_of_its_sentences_is_a_prompt() -> None:
    assert swept("en", "Already a subscriber? Log in. It was late.").dropped == ()
    [dropped] = swept("en", "Already a subscriber? Log in.").dropped
    assert dropped.rule == "account-prompt"
    assert swept("en", "Log in. " * 9).dropped == ()


def test_an_entry_that_only_links_to_comments_has_no_text() -> None:
    link = '<a href="https://news.ycombinator.com/item?id=1">Comments</a>'
    assert cleaned(content=link).text == ""


FREE = "isAccessibleForFree"


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({FREE: "False"}, ("paywalled",)),
        ({FREE: False}, ("paywalled",)),
        ({FREE: "http://schema.org/False"}, ("paywalled",)),
        ({"hasPart": {FREE: "False", "cssSelector": ".pw"}}, ("paywalled",)),
        ({"hasPart": [{FREE: True}, {FREE: False}]}, ("paywalled",)),
        ({FREE: True}, ()),
        ({FREE: "True", "hasPart": {FREE: "False"}}, ()),
        ({FREE: "perhaps"}, ()),
        ({FREE: [False]}, ()),
        ({}, ()),
    ],
)
def test_a_page_may_declare_that_its_article_is_not_free(
    fields: dict[str, Any], flags: tuple[str, ...]
) -> None:
    data = json.dumps({"@type": "NewsArticle", "headline": "Harbour reopens"} | fields)
    script = f'<script type="application/ld+json">{data}</script>'
    assert cleaned(content=page(script)).flags == flags


@pytest.mark.parametrize(("tier", "flags"), [("locked", ("paywalled",)), ("free", ())])
def test_the_content_tier_of_a_page_is_read(tier: str, flags: tuple[str, ...]) -> None:
    meta = f'<meta property="article:content_tier" content="{tier}">'
    assert cleaned(content=page(meta)).flags == flags


def page(head: str) -> list[dict[str, str]]:
    paragraphs = "".join(f"<p>{line}</p>" for line in TEXT.split("\n\n"))
    return markup(
        f"<!doctype html><html><head><title>Harbour reopens</title>{head}</head>"
        f"<body><article>{paragraphs}</article></body></html>"
    )
