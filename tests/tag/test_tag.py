import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.support.taxonomies import SCORING, codes, topic
from worker.model.records import Article, Tag
from worker.tag import Tagging, Taxonomy, compile_rules
from worker.tag import tag as tag_with
from worker.tag.rules.rule import flattened

CONFIG = Path(__file__).parents[2] / "config" / "taxonomy.toml"
SHIPPED = Taxonomy.model_validate(tomllib.loads(CONFIG.read_text("utf-8")))

NOW = datetime(2026, 11, 22, tzinfo=UTC)


SHIPPED_TAGGING = Tagging(compile_rules(SHIPPED))


def tag(article_: Article, taxonomy: Taxonomy) -> tuple[Tag, ...]:
    return tag_with(article_, Tagging(compile_rules(taxonomy)), NOW)


def tag_as_shipped(article_: Article) -> tuple[Tag, ...]:
    return tag_with(article_, SHIPPED_TAGGING, NOW)


def article(title: str = "", text: str = "", **more: Any) -> Article:
    return Article(source="wire", key="id:1", title=title, text=text, **{"language": "en"} | more)


def taxonomy(*topics: dict[str, Any], **scoring: Any) -> Taxonomy:
    return Taxonomy.model_validate(
        {"version": "t1", "scoring": SCORING | scoring, "topics": topics}
    )


def rules(**rule: Any) -> Taxonomy:
    return taxonomy(topic("t", rules=[rule]), threshold=0.01)


@pytest.mark.parametrize(
    ("rule", "text", "seen"),
    [
        ({"any": ["vote", "poll"]}, "A poll opens", True),
        ({"any": ["vote", "poll"]}, "Nothing opens", False),
        ({"all": ["vote", "poll"]}, "A poll opens", False),
        ({"all": ["vote", "poll"]}, "A poll opens for the vote", True),
        ({"all": ["vote"], "any": ["poll"]}, "The vote", False),
        ({"all": ["vote"], "any": ["poll"]}, "The vote, the poll", True),
        ({"any": ["vote"], "none": ["song contest"]}, "The vote in the Song Contest", False),
        ({"any": ["vote"], "none": ["song contest"]}, "The vote", True),
        ({"any": ["vote"], "min_count": 3}, "vote, vote", False),
        ({"any": ["vote"], "min_count": 3}, "vote, vote, Vote", True),
        ({"any": ["vote", "poll"], "min_count": 2}, "poll, vote", True),
        ({"any": ["vote"], "languages": ["en", "de"]}, "vote", True),
        ({"any": ["vote"], "languages": ["fr"]}, "vote", False),
        ({"any": ["vote"], "threshold": 0.9}, "vote", False),
        (
            {"any": ["vote"], "weights": {"title": 1, "lead": 0, "body": 0, "facts": 1}},
            "vote",
            False,
        ),
    ],
)
def test_a_rule_fires_by_its_phrases(rule: dict[str, Any], text: str, *, seen: bool) -> None:
    assert codes(tag(article(text=text), rules(**rule))) == ["t"] * seen


def test_only_rules_for_any_language_fire_on_an_undetermined_language() -> None:
    assert codes(tag(article("vote", language="und"), rules(any=["vote"], languages=["en"]))) == []
    assert codes(tag(article("vote", language="und"), rules(any=["vote"]))) == ["t"]


def score(title: str, text: str) -> float:
    (only,) = tag(article(title, text), rules(any=["vote", "poll", "ballot"]))
    return only.score


def test_a_title_scores_higher_than_a_text_and_a_long_text_lower_than_a_short_one() -> None:
    assert score("vote", "") == pytest.approx(2 / 3, abs=1e-3)
    assert score("", "vote") < score("vote", "")
    assert score("", "vote" + " nothing" * 500) < score("", "vote")


def test_other_phrases_add_more_than_repeats_and_repeats_are_bounded() -> None:
    assert score("", "vote vote") < score("", "vote poll")
    assert score("", "vote " * 5) >= score("", "vote " * 50)


def test_a_tag_has_its_rule_version_and_evidence() -> None:
    article_ = article("Vote today", "The poll opens. The vote goes on; a ballot is cast.")
    (only,) = tag(article_, rules(id="core", any=["vote", "poll", "ballot"]))
    assert (only.scheme, only.code, only.label, only.method) == ("taxonomy", "t", "T", "rule")
    assert (only.rule, only.version.partition("+")[0]) == ("t/core", "t1")
    assert [(s.field, s.start, s.surface) for s in only.spans] == [
        ("title", 0, "Vote"),
        ("text", 4, "poll"),
        ("text", 36, "ballot"),
    ]


def test_evidence_is_bounded() -> None:
    words = [f"word{letter}" for letter in "abcdefgh"]
    (only,) = tag(article(" ".join(words)), rules(any=words))
    assert [s.surface for s in only.spans] == words[:5]


FAMILY = taxonomy(
    topic("sport", rules=[{"any": ["athlete"]}], categories=["Sports"]),
    topic("ball", parents=["sport"], rules=[{"any": ["ball game"]}]),
    topic("soccer", parents=["ball"], rules=[{"any": ["goalkeeper"]}], categories=["Fußball"]),
    topic("futsal", parents=["ball"], rules=[{"any": ["futsal"]}]),
)


def test_ancestors_are_implied_once_by_the_best_tag_below_them() -> None:
    tags = tag(article("Futsal goalkeeper", "A goalkeeper again"), FAMILY)
    assert [(t.code, t.method, t.rule) for t in tags] == [
        ("ball", "implied", "soccer"),
        ("soccer", "rule", "soccer/any"),
        ("sport", "implied", "soccer"),
        ("futsal", "rule", "futsal/any"),
    ]
    assert tags[0].score == tags[1].score == tags[2].score > tags[3].score


def test_an_ancestor_with_a_firing_rule_is_not_implied() -> None:
    by_code = {t.code: t for t in tag(article("Athlete and goalkeeper"), FAMILY)}
    assert by_code["sport"].method == "rule"
    assert by_code["ball"].method == "implied"


def test_a_feed_category_gives_its_topic_without_any_phrase() -> None:
    (soccer, *others) = sorted(
        tag(article("x", categories=("FUSSBALL",)), FAMILY), key=lambda t: t.method
    )
    assert (soccer.code, soccer.score, soccer.method) == ("soccer", 1.0, "category")
    assert soccer.rule == "soccer/category:fussball"
    assert [s.surface for s in soccer.spans] == ["FUSSBALL"]
    assert {t.code for t in others} == {"ball", "sport"}


def test_other_feed_categories_become_tags_with_the_label_of_the_feed() -> None:
    article_ = article("x", categories=("Local  News", "ＬＯＣＡＬ news", "  ", "Ötztal"))
    assert [
        (t.scheme, t.code, t.label, t.method, t.spans[0].field) for t in tag(article_, FAMILY)
    ] == [
        ("category", "local-news", "Local  News", "feed", "category"),
        ("category", "ötztal", "Ötztal", "feed", "category"),
    ]


@pytest.mark.parametrize(
    ("topics", "problem"),
    [
        ([topic("a"), topic("a")], "a: 2 topics"),
        ([topic("a", parents=["z"])], "a: unknown parent z"),
        ([topic("a", parents=["b"]), topic("b", parents=["a"])], "a: is among its own ancestors"),
        ([topic("a", rules=[{"none": ["vote"]}])], "a: rule any: empty"),
        ([topic("a", rules=[{"any": ["x"]}])], "a: rule any: phrase 'x' is too short"),
        ([topic("a", rules=[{"any": ["x*"]}])], "a: rule any: phrase 'x.' is too short"),
        ([topic("a", rules=[{"any": ["x*y"]}])], "a: rule any: phrase"),
        ([topic("a", rules=[{"any": [" vote"]}])], "a: rule any: phrase"),
        ([topic("a", rules=[{"any": ["vote"]}, {"any": ["poll"]}])], "a: rule any: 2 rules"),
    ],
)
def test_a_broken_taxonomy_names_the_topic(topics: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        taxonomy(*topics)


def test_the_shipped_taxonomy_has_the_17_top_level_classes() -> None:
    top = {t.code for t in SHIPPED.topics if not t.parents}
    assert top == {f"medtop:{n:02}000000" for n in range(1, 18)}


def test_every_shipped_rule_can_be_satisfied_by_its_own_phrases() -> None:
    for shipped in SHIPPED.topics:
        for rule in shipped.rules:
            words = " . ".join(p.removesuffix("*") for p in (*rule.any, *flattened(rule.all)))
            language = rule.languages[0] if rule.languages else "en"
            tags = tag_as_shipped(article(words, words, language=language))
            assert f"{shipped.code}/{rule.name}" in {t.rule for t in tags}, shipped.code


@pytest.mark.parametrize(
    ("language", "title", "text", "code"),
    [
        ("en", "Parliament passes budget after late vote", "The prime minister won.", "11000000"),
        ("en", "Strong earthquake shakes coast", "Aftershocks followed.", "20000153"),
        ("de", "Notenbank senkt Leitzins", "Der Zinssatz fällt um 25 Basispunkte.", "20000371"),
        ("de", "Warnstreik legt Nahverkehr lahm", "Die Gewerkschaft rief dazu auf.", "20000530"),
        ("fr", "Séisme de magnitude 5", "L’épicentre se situe en mer, une secousse.", "20000153"),
        ("es", "Gol en el descuento", "El delantero marcó dos goles en LaLiga.", "20001065"),
    ],
)
def test_plain_news_gets_its_plain_topic(language: str, title: str, text: str, code: str) -> None:
    assert f"medtop:{code}" in codes(tag_as_shipped(article(title, text, language=language)))


PHRASES = sorted({p.removesuffix("*") for t in SHIPPED.topics for r in t.rules for p in r.phrases})


@given(
    st.lists(st.sampled_from([*PHRASES, "Straße", "İstanbul", "ﬁn", "—", "ΐ"]), max_size=12),
    st.text(max_size=30),
    st.sampled_from(["en", "de", "fr", "es", "und"]),
)
def test_each_span_has_its_surface(words: list[str], noise: str, language: str) -> None:
    article_ = article(noise + " " + " ".join(words), f"{noise} ".join(words), language=language)
    tags = tag_as_shipped(article_)
    assert len({(t.scheme, t.code) for t in tags}) == len(tags)
    for tag_ in tags:
        assert 0 < tag_.score <= 1
        for span in tag_.spans:
            assert getattr(article_, span.field)[span.start : span.end] == span.surface


@pytest.mark.parametrize(
    ("title", "mentions", "words", "fires"),
    [
        ("China, China and China", 60, 700, True),
        ("China, China and China", 60, 2_100, True),
        ("China reacts", 1, 2_100, True),
        ("", 60, 2_100, True),
        ("", 14, 700, True),
        ("", 2, 700, False),
        ("", 8, 2_100, False),
        ("", 1, 300, False),
        ("Chinaware sold", 0, 300, False),
    ],
)
def test_one_phrase_fires_on_a_long_text_if_it_is_frequent_or_in_the_title(
    title: str, mentions: int, words: int, *, fires: bool
) -> None:
    filler = ["nothing"] * words
    for number in range(mentions):
        filler[number * words // mentions] = "China"
    rule = taxonomy(topic("t", rules=[{"any": ["China"]}]))
    assert codes(tag(article(title=title, text=" ".join(filler)), rule)) == ["t"] * fires
