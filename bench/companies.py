"""Measure how often mentions of large companies are found, and found as organisations.

    python -m bench.companies --data FOLDER

FOLDER is that of `bench.tags`. The labels are in `bench/labels/companies.jsonl`; the texts belong
to others and are read from FOLDER.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from devtools.labelled_texts import article_with_title, labelled_texts
from worker.config.loader import load_config
from worker.model.records import Article, Tag
from worker.tag.entities import entity_tags

_LABELS = Path(__file__).parent / "labels" / "companies.jsonl"
_NOT_COUNTED = "part"
_MANY = 1000  # entities of an article; none is cut off


class LabelledMention(NamedTuple):
    """One labelled place in a text: its characters, and the kind of what stands there."""

    start: int
    end: int
    label: str


def labelled_mentions() -> dict[tuple[str, str], list[LabelledMention]]:
    """The labelled mentions of each document, by (corpus, document)."""
    mentions = defaultdict(list)
    for line in _LABELS.read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["label"] != _NOT_COUNTED:
            mention = LabelledMention(row["start"], row["end"], row["label"])
            mentions[row["corpus"], row["id"]].append(mention)
    return dict(mentions)


def kind_at(tags: Sequence[Tag], title_length: int, mention: LabelledMention) -> str:
    """The kind of the tag that has evidence at a mention; "" if no tag has."""
    for tag in tags:
        for span in tag.spans:
            offset = 0 if span.field == "title" else title_length
            if span.start + offset < mention.end and mention.start < span.end + offset:
                return tag.scheme
    return ""


def company_scores(
    folder: Path, tags_of: Callable[[Article], Sequence[Tag]]
) -> dict[str, Counter[str]]:
    """Count for each label what the mentions with this label were tagged as ("" if missed)."""
    wanted = labelled_mentions()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for corpus, document, text in labelled_texts(folder):
        if mentions := wanted.get((corpus, document)):
            article = article_with_title(text)
            tags = tags_of(article)
            for mention in mentions:
                kind = kind_at(tags, len(article.title) + 1 if article.title else 0, mention)
                counts[mention.label][kind] += 1
    return counts


def print_company_scores(folder: Path) -> None:
    """Print what the labelled mentions are tagged as by the packaged rules."""
    rules = load_config().tagging.entities
    if rules is None:
        raise ValueError("the packaged config tags entities")
    every = rules.model_copy(update={"most": _MANY, "most_spans": _MANY})
    counts = company_scores(folder, lambda article: entity_tags(article, every))
    companies = counts["organisation"]
    total, found = companies.total(), companies.total() - companies[""]
    right = companies["organisation"]
    print("\n| large companies | mentions | missed | kind right, of those found |")
    print("|---|---|---|---|")
    print(f"| | {total} | {companies[''] / total:.3f} | {right / found:.3f} |")
    print("\n| labelled | organisation | person | place | no tag |\n|---|---|---|---|---|")
    for label, kinds in sorted(counts.items()):
        cells = (kinds[kind] for kind in ("organisation", "person", "place", ""))
        print(f"| {label} | {' | '.join(map(str, cells))} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    print_company_scores(parser.parse_args().data)


if __name__ == "__main__":
    sys.exit(main())
