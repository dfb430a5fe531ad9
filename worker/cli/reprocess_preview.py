"""Preview what `worker retag` and `worker reclean` would change in stored articles.

Changes are counted, and some articles are shown as samples. Nothing is stored.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from typing import Any

from rich.text import Text

from worker.clean import clean
from worker.clean.lines.source_boilerplate import learned_before, leave_out
from worker.cli.terminal import counted, out, print_table, several, visible
from worker.config.loader import Config
from worker.dedup import fingerprint
from worker.errors import Rejected
from worker.model.admission import Payload, admit
from worker.model.dataclass_fields import field_names
from worker.model.records import Article, StoredRecord, Tag
from worker.tag import tag

_MOST_TAGS = 60  # rows of the table
_DIFF_LINES = 12  # lines shown of one article


class RetagPreview:
    """Counts for each tag how many stored articles would gain or lose it if they were tagged again.

    `config` has the rules by which they would be tagged. For each gained or lost tag up to
    `samples` titles of articles are kept, to show to the user as examples.
    """

    def __init__(self, config: Config, samples: int) -> None:
        self._config = config
        self._samples = samples
        self.changed = 0
        self.gains: Counter[str] = Counter()
        self.losses: Counter[str] = Counter()
        self.titles: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.labels: dict[str, str] = {}

    def compare(self, record: StoredRecord) -> None:
        before = self._named(record.tags)
        after = self._named(tag(record.article, self._config.tagging, record.received))
        self._count("+", self.gains, after - before, record)
        self._count("-", self.losses, before - after, record)
        self.changed += before != after

    def _named(self, tags: Iterable[Tag]) -> set[str]:
        names = {f"{tag.scheme}:{tag.code}": tag.label for tag in tags}
        self.labels |= names
        return set(names)

    def _count(
        self, sign: str, counts: Counter[str], names: set[str], record: StoredRecord
    ) -> None:
        counts.update(names)
        for name in names:
            if len(titles := self.titles[sign, name]) < self._samples:
                titles.append(f"{record.article_id[:10]} {record.article.title}")

    def counts(self) -> dict[str, Any]:
        samples = {f"{sign}{name}": titles for (sign, name), titles in self.titles.items()}
        return {
            "changed": self.changed,
            "gains": dict(self.gains.most_common()),
            "losses": dict(self.losses.most_common()),
            "samples": samples,
        }

    def print(self, total: int) -> None:
        out.print(
            f"{several(total, 'article')} tagged by other rules; "
            f"{self.changed} would get other tags\n"
        )
        names = sorted(self.labels, key=lambda n: (-(self.gains[n] + self.losses[n]), n))
        changed = [name for name in names if self.gains[name] or self.losses[name]]
        rows = ((self.labels[n], n, f"+{self.gains[n]}", f"-{self.losses[n]}") for n in changed)
        if changed:
            print_table("tags", ("tag", "code", "gains", "losses"), list(rows)[:_MOST_TAGS])
        for name in changed[:_MOST_TAGS]:
            for sign in "+-":
                for title in self.titles.get((sign, name), ()):
                    out.print(Text(visible(f"{sign} {self.labels[name]}: {title}")))
        if changed:
            out.print()


class RecleanPreview:
    """Counts how many stored articles would change, and how, if they were cleaned again.

    The kinds of change are `revised` (other title or text), `refreshed` (only other fields differ),
    `same` (no change) and `rejected` (the article would not be accepted any more).
    """

    def __init__(self, config: Config, samples: int) -> None:
        self._config = config
        self._samples = samples
        self.kinds: Counter[str] = Counter()
        self.fields: Counter[str] = Counter()
        self.shown: list[dict[str, Any]] = []

    def compare(self, record: StoredRecord) -> None:
        try:
            cleaned = self._cleaned(record)
        except Rejected as e:
            self._note(record, "rejected", [f"{e.reason}: {e.detail}"])
            return
        # The index is not asked here: lines count as learned if they were left out before.
        learned = learned_before(record.article)
        article = leave_out(cleaned, learned, self._config.cleaning.learned)
        content_hash = fingerprint(article, self._config.dedup, cleaned).content_hash
        changed = [
            name for name in _FIELDS if getattr(article, name) != getattr(record.article, name)
        ]
        self.fields.update(changed)
        if content_hash != record.content_hash:
            self._note(record, "revised", list(_diff(record.article, article)))
        elif changed:
            self._note(
                record, "refreshed", [f"{name}: {getattr(article, name)}" for name in changed]
            )
        else:
            self.kinds["same"] += 1

    def _cleaned(self, record: StoredRecord) -> Article:
        raw = json.loads(record.payload)
        admitted = admit(raw, Payload.of(raw).bytes)
        return clean(admitted, self._config.cleaning, record.received)

    def _note(self, record: StoredRecord, kind: str, lines: list[str]) -> None:
        self.kinds[kind] += 1
        if sum(sample["becomes"] == kind for sample in self.shown) < self._samples:
            self.shown.append(
                {
                    "article_id": record.article_id,
                    "title": record.article.title,
                    "becomes": kind,
                    "lines": lines[:_DIFF_LINES],
                }
            )

    def counts(self) -> dict[str, Any]:
        return {"becomes": self.kinds, "fields": self.fields, "samples": self.shown}

    def print(self, total: int) -> None:
        out.print(f"{several(total, 'article')} cleaned by another version: {counted(self.kinds)}")
        out.print(f"changed fields: {counted(dict(self.fields.most_common()))}\n")
        for sample in self.shown:
            title = f"{sample['becomes']}: {sample['title']} ({sample['article_id'][:10]})"
            out.print(Text(visible(title), style="bold"))
            for line in sample["lines"]:
                style = {"+": "green", "-": "red"}.get(line[:1], "dim")
                out.print(Text(visible(line), style=style))
            out.print()


_FIELDS = sorted(
    field_names(Article)
    - {"source", "key", "aliases", "opening_key", "words", "dropped", "cleaner", "learned"}
    - {"page_fetched", "fetch_dated"}
)


def _diff(before: Article, after: Article) -> Iterator[str]:
    """Yield the removed and added lines of title and text, in the style of a unified diff.

    Unchanged lines are left out.
    """
    old, new = (f"{a.title}\n\n{a.text}".splitlines() for a in (before, after))
    for line in unified_diff(old, new, lineterm="", n=0):
        if not line.startswith(("---", "+++", "@@")):
            yield line
