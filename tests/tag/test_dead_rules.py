"""Rules that can never give a tag are found; rules that look like them are not."""

from typing import Any

import pytest

from tests.support.taxonomies import SCORING
from worker.config.loader import load_config
from worker.tag.rules.dead_rules import dead_rules
from worker.tag.rules.taxonomy import Taxonomy


def reasons(synonyms: dict[str, list[str]] | None = None, **rule: Any) -> list[str]:
    topic = {"code": "t", "label": "T", "rules": [{"id": "a", **rule}]}
    values = {"version": "1", "scoring": SCORING, "topics": [topic], "synonyms": synonyms or {}}
    return [dead.why for dead in dead_rules(Taxonomy.model_validate(values))]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"any": ["tittle:war"]}, "did you mean title?"),
        ({"any": ["Title:war"]}, "did you mean title?"),
        ({"any": ["war", "headline: peace"]}, "did you mean title?"),
        ({"all": [["titel:war", "peace"]]}, "did you mean title?"),
        ({"none": ["sources:wire"], "any": ["war"]}, "did you mean source?"),
        ({"any": ["war"], "languages": ["english"]}, "did you mean 'en'?"),
        ({"any": ["war"], "languages": ["en-GB"]}, "did you mean 'en'?"),
        ({"any": ["war"], "languages": ["DE"]}, "did you mean 'de'?"),
        ({"any": ["war"], "languages": ["de", "deu"]}, "did you mean 'de'?"),
        ({"all": ["war", "lang:german"]}, "did you mean 'de'?"),
        ({"all": ["war", "lang:de"], "languages": ["en"]}, "leaves out 'de'"),
        ({"any": ["war"], "within": 8}, "without `near`"),
        ({"any": ["war", "peace"], "none": ["war"]}, "'war' is in `any`, and 'war' in `none`"),
        ({"any": ["War"], "none": ["war"]}, "in `none`"),
        ({"any": ["warfare"], "none": ["war*"]}, "in `none`"),
        ({"any": ["war room"], "none": ["war"]}, "in `none`"),
        ({"any": ["royal couple"], "none": ["coup*"]}, "in `none`"),
        ({"any": ["title:war"], "none": ["war"]}, "in `none`"),
        ({"all": ["war", "peace"], "none": ["peace"]}, "'peace' is in `all`"),
        ({"near": ["war", "peace"], "none": ["peace"]}, "'peace' is in `near`"),
        ({"near": ["title:war", "url:peace"]}, "never stand together"),
        ({"any": ["war"], "score": 0.3}, "below the threshold"),
        (
            {"any": ["war"], "weights": {"title": 0, "lead": 0, "body": 0, "facts": 0}},
            "all its `weights` are 0",
        ),
    ],
)
def test_a_dead_rule_is_found(rule: dict[str, Any], why: str) -> None:
    assert any(why in reason for reason in reasons(**rule))


@pytest.mark.parametrize(
    "rule",
    [
        {"any": ["title:war", "re:publica", "CSI: Miami", "at 12:30", "x:y"]},
        {"any": ["war"], "languages": ["en", "de", "gsw", "uk"]},
        {"near": ["war", "peace"], "within": 8},
        {"near": ["war", "peace"], "within": ["sentence", 8]},
        {"any": ["war"], "none": ["war room", "air war"]},
        {"any": ["war*"], "none": ["war"]},
        {"any": ["war"], "none": ["title:war"]},
        {"any": ["who"], "none": ["WHO"]},
        {"any": ["warm"], "none": ["war"]},
        {"any": ["couple"], "none": ["coup"]},
        {"near": ["title:war", "peace"]},
        {"near": ["lead:war", "body:peace"]},
        {"any": ["war"], "score": 0.9},
        {"all": ["war", "lang:en"], "languages": ["en"]},
    ],
)
def test_a_rule_that_may_fire_is_not_called_dead(rule: dict[str, Any]) -> None:
    assert reasons(**rule) == []


def test_synonyms_are_looked_into() -> None:
    lists = {"staff": ["dockers", "pilots"], "crew": ["pilots"]}
    assert reasons(lists, any=["@crew"], none=["@staff"])
    assert not reasons(lists, any=["@staff"], none=["@crew"])


def test_the_packaged_rules_are_alive() -> None:
    assert list(dead_rules(load_config().tagging.taxonomy)) == []
