"""The rule language: each row of a table is a rule, an article, and whether the rule fires."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.support.taxonomies import SCORING, codes, topic
from worker.model.records import Article, Tag
from worker.tag import Tagging, Taxonomy, compile_rules
from worker.tag import tag as tag_with
from worker.tag.rule_examples import failed_examples
from worker.tag.rules.phrases import words_between
from worker.tag.rules.taxonomy import RuleFile, category_code

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def taxonomy(*topics: dict[str, Any], **more: Any) -> Taxonomy:
    scoring = SCORING | {"threshold": 0.01}
    values = {"version": "t1", "scoring": scoring, "topics": topics, **more}
    return Taxonomy.model_validate(values)


def rule(**rule: Any) -> Taxonomy:
    synonyms = {"staff": ["staff", "workers", "crew*"], "strike": ["strike*", "walkout"]}
    return taxonomy(topic("t", rules=[rule]), synonyms=synonyms)


def article(text: str = "", title: str = "", **more: Any) -> Article:
    ordinary = {"source": "wire.example", "key": "id:1", "title": title, "text": text}
    return Article(**ordinary | {"language": "en"} | more)


def tags(article_: Article, rules: Taxonomy) -> tuple[Tag, ...]:
    return tag_with(article_, Tagging(compile_rules(rules)), NOW)


NEAR = {"near": ["bank", ["rates", "rate"]]}


@pytest.mark.parametrize(
    ("rule_fields", "text", "seen"),
    [
        ({"any": ["*minister"]}, "Der Finanzminister kam", True),
        ({"any": ["*minister"]}, "Das Ministerium und die Ministerin", False),
        ({"any": ["*minister*"]}, "Die Finanzministerin kam", True),
        ({"any": ["apple"], "case": True}, "An apple a day", True),
        ({"any": ["Apple"], "case": True}, "An apple a day", False),
        ({"any": ["Apple"], "case": True}, "Apple rises", True),
        ({"any": ["O’Neill"], "case": True}, "Mr O'Neill said", True),
        ({"all": [["vote", "poll"], ["london", "paris"]]}, "A poll in Paris", True),
        ({"all": [["vote", "poll"], ["london", "paris"]]}, "A poll, a vote", False),
        ({"all": ["@strike", "@staff"]}, "A walkout of cabin crews", True),
        ({"all": ["@strike", "@staff"]}, "A walkout", False),
        ({"any": ["vote"], "none": ["@staff"]}, "A vote of the workers", False),
        (NEAR, "The bank raised its rates. It rained.", True),
        (NEAR, "The bank is closed. Rates rise.", False),
        (NEAR, "The U.S. bank of no. 5 street raised rates", True),
        (NEAR | {"within": 2}, "The bank raised its rates", True),
        (NEAR | {"within": 2}, "The bank raised all its rates", False),
        (NEAR | {"within": 2}, "Rates at the bank", True),
        (NEAR | {"within": ["sentence", 3]}, "The bank raised its rates. It rained.", True),
        (NEAR | {"within": ["sentence", 3]}, "The bank is shut. Rates rise.", False),
        (NEAR | {"within": ["sentence", 1]}, "The bank raised all its rates.", False),
        (NEAR | {"within": 5}, "The bank\n\nRates", False),
        ({"near": ["銀行", "金利"], "within": 3}, "銀行が金利を", True),
        ({"near": ["銀行", "金利"]}, "銀行が来た。金利は上がる", False),
        ({"regex": [r"G\d{1,2}"]}, "The G20 meets", True),
        ({"regex": [r"G\d{1,2}"]}, "The SG20 meets", False),
        ({"regex": [r"(?i)über\pL+"]}, "Überschwemmung am Rhein", True),
        ({"regex": [r"G\d"], "any": ["summit"]}, "The summit", True),
        ({"regex": [r"G\d"], "all": ["summit"]}, "The summit", False),
        ({"regex": [r"G\d"], "all": ["summit"]}, "The summit of the G7", True),
        ({"any": ["@strike"], "min_count": 2}, "Strike, strikes", True),
    ],
)
def test_a_rule_fires_if_all_its_parts_hold(rule_fields: Any, text: str, *, seen: bool) -> None:
    assert codes(tags(article(text), rule(**rule_fields))) == ["t"] * seen


ANYWHERE = article(
    "The harbour reopens.\n\nShips return.",
    title="Storm over",
    summary="Calm seas",
    url="https://wire.example/sport/sailing-42",
    authors=("Ada Byron",),
    categories=("Travel News",),
)


@pytest.mark.parametrize(
    ("phrase", "field"),
    [
        ("title:storm", "title"),
        ("lead:calm seas", "summary"),
        ("lead:harbour", "text"),
        ("lead:ships", None),
        ("body:ships", "text"),
        ("body:storm", None),
        ("ships", "text"),
        ("sailing", None),
        ("url:sailing", "url"),
        ("url:/sport/", "url"),
        ("author:ada byron", "author"),
        ("section:travel", "category"),
        ("source:wire.example", "source"),
        ("source:wire.ex", None),
        ("lang:en", "language"),
        ("lang:de", None),
    ],
)
def test_a_phrase_counts_in_its_scope(phrase: str, field: str | None) -> None:
    matches = [t for t in tags(ANYWHERE, rule(any=[phrase])) if t.code == "t"]
    assert [span.field for t in matches for span in t.spans] == ([field] if field else [])


def test_a_rule_may_name_the_scopes_of_all_its_phrases() -> None:
    assert codes(tags(article("vote", "x"), rule(**{"any": ["vote"], "in": ["title"]}))) == []
    assert codes(tags(article("x", "vote"), rule(**{"any": ["vote"], "in": ["title"]}))) == ["t"]


@pytest.mark.parametrize(
    ("published", "seen"), [(date(2026, 7, 19), True), (date(2026, 7, 20), False), (None, False)]
)
def test_an_expired_rule_fires_only_on_articles_published_before(
    published: date | None, *, seen: bool
) -> None:
    day = published and datetime(published.year, published.month, published.day, tzinfo=UTC)
    article_ = article("The world cup", published=day)
    assert codes(tags(article_, rule(any=["world cup"], expires=date(2026, 7, 19)))) == ["t"] * seen


def test_a_rule_may_fix_its_score() -> None:
    (only,) = tags(article("vote " + "nothing " * 900), rule(any=["vote"], score=0.8))
    assert only.score == 0.8


SOURCES = [
    {"source": "*.met.example", "topics": ["weather"], "score": 0.7},
    {"source": "mixed.example", "categories": {"Panorama": ["weather"], "Sports": []}},
]
WITH_SOURCES = taxonomy(
    topic("weather", parents=["world"]),
    topic("sport", categories=["Sports"]),
    topic("world"),
    sources=SOURCES,
)


@pytest.mark.parametrize(
    ("source", "category", "expected"),
    [
        ("uk.met.example", "", {"weather": "source", "world": "implied"}),
        ("met.example", "", {"weather": "source", "world": "implied"}),
        ("notmet.example", "", {}),
        ("mixed.example", "PANORAMA", {"weather": "category", "world": "implied"}),
        ("mixed.example", "sports", {"sports": "feed"}),
        ("other.example", "sports", {"sport": "category"}),
        ("other.example", "Panorama", {"panorama": "feed"}),
    ],
)
def test_a_source_has_defaults_and_its_own_meaning_of_categories(
    source: str, category: str, expected: dict[str, str]
) -> None:
    article_ = article("x", source=source, categories=(category,) if category else ())
    assert {t.code: t.method for t in tags(article_, WITH_SOURCES)} == expected


@pytest.mark.parametrize("label", ["World News", "world-news", "WORLD_NEWS", " #World  news/ "])
def test_spellings_of_a_category_are_one(label: str) -> None:
    assert category_code(label) == "world-news"


@pytest.mark.parametrize(
    ("rule_fields", "problem"),
    [
        ({"any": ["vote"], "in": ["headline"]}, "t: rule any: unknown scope 'headline'"),
        ({"near": ["vote"]}, "t: rule any: `near` needs at least two"),
        ({"any": ["@nobody"]}, "t: rule any: no synonyms @nobody"),
        ({"regex": ["(vote"]}, r"t: rule any: regex '\(vote': missing"),
        ({"regex": ["x*"]}, r"t: rule any: regex 'x\*': matches the empty text"),
        ({"regex": [r"(a)\1"]}, r"t: rule any: regex .*invalid escape"),
        ({"regex": ["((a{1,100}){1,100}){1,100}"]}, "t: rule any: regex .*"),
        ({"any": ["title:x"]}, "t: rule any: phrase 'title:x' is too short"),
    ],
)
def test_a_broken_rule_is_named(rule_fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        rule(**rule_fields)


def test_examples_are_tried_on_the_rule_itself() -> None:
    rules = taxonomy(
        topic(
            "t",
            rules=[
                {
                    "id": "core",
                    "any": ["vote"],
                    "languages": ["de"],
                    "matches": ["Die vote", "Die Wahl"],
                    "not": ["A vote", {"title": "Vote", "lang": "en"}],
                }
            ],
            matches=["Nothing"],
        )
    )
    assert [(b.rule, b.example, b.why) for b in failed_examples(compile_rules(rules))] == [
        ("t/core", "Die Wahl", "does not match: not found: “vote”"),
        ("t/core", "A vote", "matches by “vote”"),
        ("t", "Nothing", "does not match"),
    ]


@given(thousandths=st.integers(min_value=1, max_value=1000))
def test_the_score_that_is_named_as_too_low_is_below_the_threshold(thousandths: int) -> None:
    example = {"id": "a", "any": ["vote"], "threshold": thousandths / 1000, "matches": ["A vote"]}
    for failed in failed_examples(compile_rules(rule(**example))):
        score, threshold = re.findall(r"[\d.]+", failed.why)
        assert float(score) < float(threshold) == thousandths / 1000


@pytest.mark.parametrize(
    ("rule_fields", "why"),
    [
        ({"any": ["vote"], "regex": [r"elects? \w+"]}, "“vote” or a match of its `regex`"),
        ({"regex": [r"elects? \w+"]}, "a match of its `regex`"),
        ({"any": ["aa", "bb", "cc", "dd"]}, "“aa” or “bb” or “cc” or 1 more"),
        ({"any": ["aa", "bb", "cc"]}, "“aa” or “bb” or “cc”"),
    ],
)
def test_what_a_rule_has_not_found_is_said_in_words(rule_fields: dict[str, Any], why: str) -> None:
    (failed,) = failed_examples(compile_rules(rule(id="a", matches=["Nothing"], **rule_fields)))
    assert failed.why == f"does not match: not found: {why}"


def test_files_add_topics_rules_and_synonyms_and_say_when_they_replace() -> None:
    first = taxonomy(topic("t", rules=[{"id": "a", "any": ["vote"]}]))
    more: dict[str, Any] = {"topics": [{"code": "t", "rules": [{"id": "b", "any": ["@poll"]}]}]}
    more |= {"synonyms": {"poll": ["poll"]}}
    extended = first.extended_by({"rules/x": RuleFile.model_validate(more)})
    assert codes(tags(article("The poll"), extended)) == ["t"]
    assert extended.file_of("t/b") == "rules/x"
    assert extended.version != first.version

    clash = {"topics": [{"code": "t", "rules": [{"id": "a", "any": ["poll"]}]}]}
    with pytest.raises(ValueError, match="rules/x: t: rule a: both files have a rule of this id"):
        first.extended_by({"rules/x": RuleFile.model_validate(clash)})
    clash["topics"][0]["rules"][0]["replaces"] = True  # type: ignore[index]
    replaced = first.extended_by({"rules/x": RuleFile.model_validate(clash)})
    assert codes(tags(article("The vote"), replaced)) == []


def test_equal_rules_have_equal_versions() -> None:
    assert rule(any=["vote"]).version == rule(any=["vote"]).version
    assert rule(any=["vote"]).version != rule(any=["votes"]).version


PIECES = st.sampled_from(["bank", "rates", "Straße", "ﬁ", "\ud800", ". ", "\n\n", " ", "x", "銀行"])


@given(st.lists(PIECES, max_size=30).map("".join), st.lists(PIECES, max_size=4).map("".join))
def test_each_span_of_any_text_has_its_surface(text: str, title: str) -> None:
    rules = taxonomy(
        topic("a", rules=[{"near": ["bank", "rates"], "within": 3}]),
        topic("b", rules=[{"near": ["bank", "strasse"]}]),
        topic("c", rules=[{"regex": [r"ban\w|rat\w+"]}]),
    )
    article_ = article(text, title, summary=title[1:])
    for tag_ in tags(article_, rules):
        assert tag_.spans
        for span in tag_.spans:
            assert getattr(article_, span.field)[span.start : span.end] == span.surface


@given(st.lists(st.sampled_from(["war", "peace", "été"]), max_size=6))
def test_words_between_two_offsets_are_counted(words: list[str]) -> None:
    text = f"first {' '.join(words)} last"
    assert words_between(text, 5, len(text) - 4) == len(words)
