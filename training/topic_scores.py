"""Fit how probable a topic is that a rule finds, from what readers said. Prints the weights of
worker/tag/topics/joined_probability.py.

    python -m training.topic_scores DATA

DATA is the folder of `bench.tags`. Read are the topics of English news texts that two
readers judged (bench/labels/read-tags*.tsv), as far as a rule still gives them. A topic on which
the readers differ counts half as right and half as wrong. Environment: training/requirements.txt; a
minute.
"""

import argparse
import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from math import log
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from devtools.judged_tags import Shown, documents, verdicts
from worker.config.loader import load_config
from worker.tag.rules.fields import TITLE
from worker.tag.rules.matcher import RuleResult, evaluate_rule
from worker.tag.rules.taxonomy import Taxonomy
from worker.tag.topics.model_tags import ModelOpinion
from worker.tag.topics.topic_model import shipped
from worker.tag.topics.topic_tags import match_context

_LABELS = Path(__file__).parents[1] / "bench" / "labels"
_DRAWS = ("read-tags", "read-tags-2", "read-tags-3")
_NOW = datetime(2026, 12, 1, tzinfo=UTC)
_SMALLEST = 0.001  # probability
_REGULARISATION = 10.0


class Judged(NamedTuple):
    """A topic of a text that a rule gives: the three facts of joined_probability(), and the share
    of the readers who found it right."""

    facts: tuple[float, float, bool]
    right: float


def judged_topics(folder: Path) -> Iterator[Judged]:
    """Yield the judged topics of all texts."""
    tagging = load_config().tagging
    for draw, name in enumerate(_DRAWS):
        found = _verdicts(name)
        for document in documents(folder, draw):
            article = document.article
            opinion = ModelOpinion(article, shipped("en"))
            context = match_context(article, tagging.rules, _NOW)
            best: dict[str, tuple[float, float, bool]] = {}
            for rule, evidence in context.candidates():
                result = evaluate_rule(context, rule, evidence, tagging.taxonomy.scoring)
                facts = _facts(result, opinion, tagging.taxonomy)
                code = rule.topic.code
                if not result.why_not and facts and (code not in best or facts > best[code]):
                    best[code] = facts
            for code, facts in best.items():
                if (right := found.get((document.id, code))) is not None:
                    yield Judged(facts, right)


def _verdicts(name: str) -> dict[tuple[str, str], float]:
    with (_LABELS / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        shown = [Shown(*row[:6]) for row in csv.reader(file, delimiter="\t")]
    readers = [verdicts(_LABELS / f"{name}-{reader}.tsv") for reader in ("first", "second")]
    return {
        (tag.id, tag.code): sum(reader[tag.number] for reader in readers) / len(readers)
        for tag in shown
    }


def _facts(
    result: RuleResult, opinion: ModelOpinion, taxonomy: Taxonomy
) -> tuple[float, float, bool] | None:
    of_model = opinion.broadest(result.rule.topic.code, taxonomy)
    if of_model is None:
        return None
    bounded = min(max(of_model, _SMALLEST), 1 - _SMALLEST)
    phrases = log(max(1, len(result.evidence)))
    return log(bounded / (1 - bounded)), phrases, result.is_in(TITLE)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.topic_scores", description=__doc__)
    parser.add_argument("data", type=Path)
    rows = [*judged_topics(parser.parse_args().data)]
    facts = np.array([row.facts for row in rows] * 2, dtype=float)
    answers = np.repeat([1, 0], len(rows))
    weights = np.array([row.right for row in rows] + [1 - row.right for row in rows])
    model = LogisticRegression(C=_REGULARISATION).fit(facts, answers, sample_weight=weights)
    print(f"{len(rows)} topics, {sum(row.right for row in rows) / len(rows):.3f} right")
    print("intercept", model.intercept_.round(3), "model, phrases, title", model.coef_.round(3))


if __name__ == "__main__":
    main()
