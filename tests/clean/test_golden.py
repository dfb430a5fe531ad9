"""Each line rule in each of its languages removes its line and keeps a similar one."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.clean.ordinary import BODIES, RULES
from worker.clean.cleaning_rules import EVERY_LANGUAGE
from worker.clean.lines.line_rules import ArticleMetadata, SweptText, sweep

GOLDEN: dict[str, dict[str, dict[str, str]]] = tomllib.loads(
    (Path(__file__).parent / "golden.toml").read_text("utf-8")
)
CASES = [
    pytest.param(rule, language, case, id=f"{rule}-{language}")
    for rule, cases in GOLDEN.items()
    for language, case in cases.items()
]
LANGUAGES = {"en", "de", "fr", "es", "pt", "it", "ru"}
CODED = {  # rules that are code: where they look, and the languages they tell apart
    "title-echo": ("head", {EVERY_LANGUAGE}),
    "byline-echo": ("head", {EVERY_LANGUAGE}),
    "site-name": ("tail", {EVERY_LANGUAGE}),
    "credits": ("end", LANGUAGES),
    "dateline": ("start", LANGUAGES),
}
METADATA = ArticleMetadata(
    "Harbour reopens after the storm", ("Ann Lee",), frozenset({"examplenews"})
)
POSITIONS = {rule.name: rule.position for rule in RULES.lines.rules} | {
    name: position for name, (position, _) in CODED.items()
}


def placed(rule: str, language: str, line: str) -> str:
    """A text of three paragraphs, with this line at the position of the rule."""
    body = "\n\n".join([BODIES.get(language, BODIES["en"])] * 3)
    return {
        "start": f"{line.strip()} {body}",
        "head": f"{line}\n\n{body}",
        "tail": f"{body}\n\n{line}",
        "any": f"{body}\n\n{line}\n\n{body}",
        "end": f"{body} {line}",
    }[POSITIONS[rule]]


def swept(rule: str, language: str, line: str) -> SweptText:
    spoken = "en" if language == EVERY_LANGUAGE else language
    return sweep(placed(rule, language, line), METADATA, spoken, RULES)


@pytest.mark.parametrize(("rule", "language", "case"), CASES)
def test_what_the_rule_is_for_goes(rule: str, language: str, case: dict[str, str]) -> None:
    result = swept(rule, language, case["goes"])
    assert [(dropped.rule, dropped.line) for dropped in result.dropped] == [(rule, case["goes"])]
    assert result.text == placed(rule, language, "").strip().replace("\n\n\n\n", "\n\n")


@pytest.mark.parametrize(("rule", "language", "case"), CASES)
def test_its_look_alike_stays(rule: str, language: str, case: dict[str, str]) -> None:
    result = swept(rule, language, case["stays"])
    assert result.dropped == ()
    assert result.text == placed(rule, language, case["stays"])


def test_every_rule_has_a_case_in_each_of_its_languages() -> None:
    expected = {rule.name: set(rule.patterns) for rule in RULES.lines.rules}
    expected |= {name: languages for name, (_, languages) in CODED.items()}
    assert {rule: set(cases) for rule, cases in GOLDEN.items()} == expected


@pytest.mark.parametrize("rule", RULES.lines.rules, ids=lambda rule: rule.name)
def test_every_rule_of_the_config_speaks_the_seven_languages(rule: Any) -> None:
    assert set(rule.patterns) >= LANGUAGES


def test_credits_speak_the_seven_languages() -> None:
    assert set(RULES.credits.roles) == LANGUAGES
