"""Write docs/tagging-sample.md: 60 short news articles in six languages with their tags, each wrong
one marked.

    python -m bench.sample_page > docs/tagging-sample.md

The articles in `bench/sample/articles.tsv` (language, title, text) are this project's own, written
for the sample as newspapers write. `wrong.tsv` beside them has the tags that are wrong (number of
the article, scheme:code, why), marked by hand. Every tag that it lacks counts as right, so read new
tags before you believe the counts.
"""

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from worker.config.loader import load_config
from worker.model.records import Article, Tag
from worker.model.tags import ABOUT
from worker.tag import Tagging, tag

_FOLDER = Path(__file__).parent / "sample"
_NOW = datetime(2026, 12, 1, tzinfo=UTC)
_KINDS = {"taxonomy": "topic"}
_SHOWN = ("taxonomy", "person", "organisation", "place")


class SampleArticle(NamedTuple):
    """An article of the sample, numbered from 1."""

    number: int
    language: str
    title: str
    text: str


def _rows(name: str) -> Iterator[list[str]]:
    with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def sample_articles() -> list[SampleArticle]:
    """The articles of the sample, in the order of their numbers."""
    return [SampleArticle(n, *row) for n, row in enumerate(_rows("articles.tsv"), 1)]


def wrong_tags() -> dict[tuple[int, str], str]:
    """Why a tag is wrong, by number of the article and scheme:code."""
    return {(int(number), code): why for number, code, why in _rows("wrong.tsv")}


def _tags(sample: SampleArticle, tagging: Tagging) -> list[Tag]:
    article = Article(
        source="sample", key="", title=sample.title, text=sample.text, language=sample.language
    )
    return [each for each in tag(article, tagging, _NOW) if each.scheme in _SHOWN]


def _line(found: Tag, why: str | None) -> str:
    kind = _KINDS.get(found.scheme, found.scheme)
    about = ", about" if (found.salience or 0) >= ABOUT else ""
    text = f"{found.label} ({kind} {found.score:.2f}{about})"
    return text if why is None else f"**wrong: {text}, {why}**"


def page() -> Iterator[str]:
    """Yield the lines of the page."""
    tagging, wrong = load_config().tagging, wrong_tags()
    tagged = [(sample, _tags(sample, tagging)) for sample in sample_articles()]
    shown: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for sample, tags in tagged:
        for each in tags:
            kind = _KINDS.get(each.scheme, each.scheme)
            shown[kind] += 1
            right[kind] += (sample.number, f"{each.scheme}:{each.code}") not in wrong
    yield "# A sample of tags\n"
    yield "60 short articles, written for this page in six languages, and the tags that the"
    yield "packaged rules and models give them. Wrong tags are marked by hand; what is missing is"
    yield "not. The number is the probability that the tag is right; *about* means that its"
    yield f"salience is at least {ABOUT}. `python -m bench.sample_page` writes this page.\n"
    yield "| kind | shown | right | share |\n|---|---|---|---|"
    for kind in ("topic", "person", "organisation", "place"):
        share = right[kind] / max(1, shown[kind])
        yield f"| {kind} | {shown[kind]} | {right[kind]} | {share:.2f} |"
    for sample, tags in tagged:
        yield f"\n## {sample.number}. {sample.title} ({sample.language})\n"
        yield f"{sample.text}\n"
        lines = [_line(t, wrong.get((sample.number, f"{t.scheme}:{t.code}"))) for t in tags]
        yield "; ".join(lines) or "No tag."


def main() -> None:
    for line in page():
        print(line)


if __name__ == "__main__":
    sys.exit(main())
