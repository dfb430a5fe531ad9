"""Preview what `worker reclean` would change in stored articles. Nothing is stored."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from difflib import unified_diff
from typing import Any

from rich.text import Text

from worker.clean import clean
from worker.clean.lines.source_boilerplate import learned_before, leave_out
from worker.cli.terminal import counted, out, several, visible
from worker.config.loader import Config
from worker.dedup import fingerprint
from worker.errors import Rejected
from worker.model.admission import Payload, admit
from worker.model.dataclass_fields import field_names
from worker.model.records import Article, StoredRecord
from worker.model.short_ids import short_id

_NOTHING = "(nothing)"
_VALUE_CHARS = 80  # of a value before and after
_LEAD_CHARS = 20  # of equal text shown before the first difference
_DIFF_LINES = 12  # lines shown of one article


@dataclass(frozen=True, slots=True)
class FieldChange:
    """An example of a stored article in which a field would change if it were cleaned again.

    `before` is the value that is stored, and `after` the value that it would get. Of long values
    only a part is shown, where they begin to differ.
    """

    article_id: str
    before: str
    after: str


class RecleanPreview:
    """Counts how many stored articles would change, and how, if they were cleaned again.

    An article is counted as `revised` if its title or text would change, as `refreshed` if only
    other fields would, and as `same` if nothing would. It is `rejected` if it would not be accepted
    any more, or if cleaning it crashes. For each field that would change, up to `samples` articles
    are kept as examples.
    """

    def __init__(self, config: Config, samples: int) -> None:
        self._config = config
        self._samples = samples
        self.kinds: Counter[str] = Counter()
        self.fields: Counter[str] = Counter()
        self.shown: list[dict[str, Any]] = []
        self.examples: dict[str, list[FieldChange]] = defaultdict(list)

    @property
    def changed(self) -> int:
        return self.kinds["revised"] + self.kinds["refreshed"]

    def compare(self, record: StoredRecord) -> None:
        try:
            cleaned = self._cleaned(record)
        except Rejected as e:
            self._note(record, "rejected", [f"{e.reason}: {e.detail}"])
            return
        except Exception as e:  # noqa: BLE001 - a worker would log it and go on with the others
            self._note(record, "rejected", [f"crashed: {type(e).__name__}: {e}"])
            return
        # The index is not asked here: lines count as learned if they were left out before.
        learned = learned_before(record.article)
        article = leave_out(cleaned, learned, self._config.cleaning.learned)
        content_hash = fingerprint(article, self._config.dedup, cleaned).content_hash
        changed = [
            name for name in _FIELDS if getattr(article, name) != getattr(record.article, name)
        ]
        self._count_fields(record, article, changed)
        if content_hash != record.content_hash:
            self._note(record, "revised", list(_diff(record.article, article)))
        elif changed:
            pairs = ((n, *_difference(record.article, article, n)) for n in changed)
            self._note(record, "refreshed", [f"{n}: {old} -> {new}" for n, old, new in pairs])
        else:
            self.kinds["same"] += 1

    def _cleaned(self, record: StoredRecord) -> Article:
        raw = json.loads(record.payload)
        admitted = admit(raw, Payload.of(raw).bytes)
        return clean(admitted, self._config.cleaning, record.received)

    def _count_fields(self, record: StoredRecord, article: Article, changed: list[str]) -> None:
        self.fields.update(changed)
        for name in changed:
            if len(self.examples[name]) < self._samples:
                before, after = _difference(record.article, article, name)
                self.examples[name].append(FieldChange(record.article_id, before, after))

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
        return {
            "changed": self.changed,
            "becomes": self.kinds,
            "fields": dict(self.fields.most_common()),
            "examples": {
                name: [asdict(example) for example in self.examples[name]]
                for name, _ in self.fields.most_common()
                if self.examples[name]
            },
            "samples": self.shown,
        }

    def print(self, total: int) -> None:
        out.print(
            f"{several(total, 'article')} cleaned by another version; {self.changed} would change: "
            f"{counted(self.kinds)}"
        )
        self._print_fields()
        for sample in self.shown:
            if sample["becomes"] == "refreshed":
                continue  # the examples of its fields say it
            title = f"{sample['becomes']}: {sample['title']} ({short_id(sample['article_id'])})"
            out.print(Text(visible(title), style="bold"))
            for line in sample["lines"]:
                style = {"+": "green", "-": "red"}.get(line[:1], "dim")
                out.print(Text(visible(line), style=style))
            out.print()

    def _print_fields(self) -> None:
        out.print(f"changed fields: {counted(dict(self.fields.most_common()))}\n")
        for name, count in self.fields.most_common():
            out.print(Text(f"{name}: {several(count, 'article')}", style="bold"))
            for example in self.examples[name]:
                values = f"{example.before or _NOTHING} -> {example.after or _NOTHING}"
                line = f"{short_id(example.article_id)}  {values}"
                out.print(Text(visible(line, one_line=True)))
        if self.fields:
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


def _difference(before: Article, after: Article, name: str) -> tuple[str, str]:
    """The values of a field before and after, as short text that begins near the first
    difference."""
    old, new = (_as_text(getattr(article, name)) for article in (before, after))
    differing = (at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    start = max(0, next(differing, min(len(old), len(new))) - _LEAD_CHARS)
    return _shortened(old, start), _shortened(new, start)


def _as_text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_as_text(item) for item in value)
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value)


def _shortened(text: str, start: int) -> str:
    end = start + _VALUE_CHARS
    return f"{'…' * (start > 0)}{text[start:end]}{'…' * (len(text) > end)}"
