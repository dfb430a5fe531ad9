"""Measure how many mentions of people, organisations and places in news are found, and are right.

    python -m bench.news_names DATA

DATA is the folder of `bench.tags`. `bench/labels/news-names.jsonl` says where names stand in texts
that trained nothing. A mention is right if it has exactly the characters and the kind of a marked
one. *Found* are all mentions, however small the score of their name; *shown* are those of names
that become tags.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from devtools.marked_names import MarkedText, marked_texts
from worker.config.loader import load_config
from worker.model.records import Article
from worker.tag.entities import EntityRules, find_names
from worker.tag.entities.mentions import ORGANISATION, PERSON, PLACE
from worker.tag.entities.name_model import ENGLISH, shipped
from worker.tag.entities.name_scores import name_features, name_score
from worker.tag.tokens import tokens_of_article

_LABELS = Path(__file__).parent / "labels" / "news-names.jsonl"
_CORPORA = {
    "fnc1": "FNC-1",
    "wcxb": "WCXB (web pages)",
    "huffpost": "HuffPost",
    "current-events": "Current Events",
}

Span = tuple[int, int, str]


class Counts(NamedTuple):
    """How many mentions were right, how many were there, and how many are marked."""

    right: int = 0
    found: int = 0
    marked: int = 0

    def plus(self, found: set[Span], marked: set[Span]) -> "Counts":
        right = len(found & marked)
        return Counts(self.right + right, self.found + len(found), self.marked + len(marked))

    def __str__(self) -> str:
        precision = self.right / max(1, self.found)
        recall = self.right / max(1, self.marked)
        f1 = 2 * self.right / max(1, self.found + self.marked)
        return f"{precision:.3f} | {recall:.3f} | {f1:.3f}"


def mentions(marked: MarkedText, rules: EntityRules, *, shown: bool) -> Iterator[Span]:
    """Yield the mentions in a text that are found, or those of the names that become tags."""
    article = Article(source="marked", key="", title="", text=marked.text, language=ENGLISH)
    tokens = tokens_of_article(article)
    before = len(tokens.text) - len(marked.text)
    for name in find_names(article, rules, tokens, shipped("fast", ENGLISH)):
        features = name_features(name, tokens.text, recognised=True)
        if not shown or name_score(name.kind, features) >= rules.least_score(ENGLISH):
            for mention in name.mentions:
                yield mention.start - before, mention.end - before, name.kind


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.news_names", description=__doc__)
    parser.add_argument("data", type=Path)
    rules = load_config().tagging.entities
    if rules is None:
        raise SystemExit("the config finds no names")
    counts: dict[tuple[str, str, bool], Counts] = defaultdict(Counts)
    for marked in marked_texts(parser.parse_args().data, _LABELS):
        for shown in (False, True):
            found = set(mentions(marked, rules, shown=shown))
            for kind in (PERSON, ORGANISATION, PLACE):
                of_kind = [{s for s in spans if s[2] == kind} for spans in (found, marked.names)]
                for corpus in (marked.corpus, "all"):
                    counts[corpus, kind, shown] = counts[corpus, kind, shown].plus(*of_kind)
    print("| texts | kind | mentions | found: precision | recall | F1 ", end="")
    print("| shown: precision | recall | F1 |")
    print("|---|---|---|---|---|---|---|---|---|")
    for corpus, name in {"all": "all", **_CORPORA}.items():
        for kind in (PERSON, ORGANISATION, PLACE):
            found, shown_ = counts[corpus, kind, False], counts[corpus, kind, True]
            print(f"| {name} | {kind} | {found.marked} | {found} | {shown_} |")


if __name__ == "__main__":
    main()
