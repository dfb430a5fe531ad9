"""Every term of the glossary is in use, and every slug that a user can meet is defined in it."""

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import pytest

from worker.broker.backpressure import Answer
from worker.dedup.clustering import EditSize
from worker.errors import Reason
from worker.explain import explain_templates
from worker.model.records import OutcomeKind
from worker.monitoring.source_health import SilenceCause, SourceState
from worker.store.cluster_values import MoveReason
from worker.store.dead_letter_values import DeadLetterState
from worker.store.values import ChangeKind

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs/glossary.md").read_text("utf-8")
TERMS = re.findall(r"^\| ([a-z][a-z -]+?) \| [A-Z]", GLOSSARY, re.M)
FILES = [
    *(ROOT / "worker").rglob("*.py"),
    *(ROOT / "config").rglob("*.toml"),
    *(path for path in (ROOT / "docs").rglob("*.md") if path.name != "glossary.md"),
    ROOT / "README.md",
]
IN_USE = " ".join(
    re.sub(r"[^a-z]+", " ", path.read_text("utf-8").lower().replace("-", " ")) for path in FILES
)


def section(title: str) -> str:
    """The text below a heading of the glossary, up to the next one."""
    text = GLOSSARY.partition(f"\n### {title}\n")[2]
    return text.partition("\n### ")[0]


def defined(title: str) -> set[str]:
    """The slugs in the first column of a section's table."""
    rows = re.findall(r"^\| (`[^|]+`) \|", section(title), re.M)
    return set(re.findall(r"`([^`]+)`", " ".join(rows)))


def test_the_glossary_has_terms_and_none_twice() -> None:
    assert len(TERMS) > 60
    assert [term for term in set(TERMS) if TERMS.count(term) > 1] == []


@pytest.mark.parametrize("term", TERMS)
def test_every_term_occurs_in_the_code_or_the_other_pages(term: str) -> None:
    words = re.sub(r"[^a-z]+", " ", term)
    forms = rf"\b{words}(?:s|es|ed|d|ing)?\b"
    assert re.search(forms, IN_USE), f"nothing else names a {term}"


@pytest.mark.parametrize(
    ("title", "slugs"),
    [
        ("Outcomes", OutcomeKind),
        ("Reasons of dead letters", Reason),
        ("Moves between clusters", MoveReason),
        ("Changes in the feed", ChangeKind),
        ("States of sources", SourceState),
        ("Flags", explain_templates.FLAGS),
        ("Signals", {signal for _, signal in explain_templates.DECISIONS}),
    ],
)
def test_every_slug_is_defined_and_nothing_else(title: str, slugs: Iterable[str]) -> None:
    assert defined(title) == {str(slug) for slug in slugs}


@pytest.mark.parametrize("kinds", [Answer, DeadLetterState, EditSize, SilenceCause])
def test_every_smaller_list_of_slugs_is_named_in_a_sentence(kinds: type[StrEnum]) -> None:
    assert {kind.value for kind in kinds if f"`{kind.value}`" not in GLOSSARY} == set()


def test_each_signal_stands_beside_the_verdict_that_it_decides() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([a-z]+) \|", section("Signals"), re.M)
    assert {(verdict, signal) for signal, verdict in rows} == set(explain_templates.DECISIONS)


def test_every_flag_and_signal_that_the_stages_write_is_defined() -> None:
    """Flags and signals are written as literals: each that a stage names has a definition."""
    code = "\n".join(
        path.read_text("utf-8")
        for folder in ("clean", "dedup", "model")
        for path in (ROOT / "worker" / folder).rglob("*.py")
    )
    for title in ("Flags", "Signals"):
        assert {slug for slug in defined(title) if f'"{slug}"' not in code} == set()
