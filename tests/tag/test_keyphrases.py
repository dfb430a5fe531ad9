"""Keyphrases are computed from word counts of the operator's own articles."""

from pathlib import Path

import pytest

from worker.model.records import Article
from worker.tag.keyphrases.keyphrase_tags import (
    Frequencies,
    KeyphraseRules,
    document_words,
    keyphrase_tags,
)

TEXTS = [f"the council of town {n} said that the weather is fine" for n in range(60)]


def counted(language: str = "en") -> Frequencies:
    counts: dict[str, int] = {}
    for text in TEXTS:
        for word in document_words(text):
            counts[word] = counts.get(word, 0) + 1
    return Frequencies(documents={language: len(TEXTS)}, words={language: counts})


def phrases(text: str, title: str = "", language: str = "en", enabled: bool = True) -> list[str]:
    rules = KeyphraseRules(version="1", enabled=enabled, frequencies="-", most=3, max_words=3)
    of = Article(source="s", key="id:1", title=title, text=text, language=language)
    tags = keyphrase_tags(of, rules, counted())
    for tag_ in tags:
        for span in tag_.spans:
            assert getattr(of, span.field)[span.start : span.end] == span.surface
    return [tag_.label for tag_ in tags]


def test_a_phrase_that_the_corpus_lacks_is_a_keyphrase() -> None:
    text = "The council said that quantum computing is here. Quantum computing is fine."
    assert phrases(text)[0].lower() == "quantum computing"


def test_common_words_neither_begin_nor_end_a_phrase() -> None:
    start_words = [
        phrase.lower().split() for phrase in phrases("The volcano of the council erupted.")
    ]
    assert all(words[0] != "the" and words[-1] != "council" for words in start_words)


@pytest.mark.parametrize(("language", "enabled"), [("de", True), ("en", False)])
def test_without_counts_of_the_language_or_switched_off_there_are_none(
    language: str, enabled: bool
) -> None:
    assert phrases("Quantum computing is here.", language=language, enabled=enabled) == []


def test_the_title_counts_too() -> None:
    assert "Glacier" in phrases("The weather is fine.", title="Glacier")


def test_counts_survive_the_file(tmp_path: Path) -> None:
    path = tmp_path / "frequencies.json"
    path.write_text(counted().model_dump_json())
    assert Frequencies.model_validate_json(path.read_bytes()) == counted()
