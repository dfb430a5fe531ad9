"""Preview which tags `worker retag` would give and take in stored articles. Nothing is stored."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from typing import Any

from rich.text import Text

from worker.cli.terminal import out, print_table, several, visible
from worker.config.loader import Config
from worker.model.records import StoredRecord, Tag
from worker.model.short_ids import short_id
from worker.tag import tag
from worker.tag.changed_rules import changed_rules, fired_rules

_MOST_TAGS = 60  # rows of the table
_MOST_PHRASES = 5  # by which a tag was given, as shown
_MOST_RULES = 20  # that fired nowhere, as shown
_OF_RULES = ("taxonomy", "category")  # schemes of tags that rules and topic models give


class RetagPreview:
    """Counts for each tag how many stored articles would gain or lose it if they were tagged again.

    `config` has the rules by which they would be tagged. If a draft is tried, `in_force` is the
    config without it: articles that this config tagged are tagged again only if a rule that the
    draft changes gives them its tag. For each gained or lost tag up to `samples` titles of articles
    are kept, to show to the user as examples, and the phrases by which it was given.
    """

    def __init__(self, config: Config, samples: int, in_force: Config | None = None) -> None:
        self._config = config
        self._samples = samples
        self._in_force = in_force.tagging.version if in_force else ""
        tagging = config.tagging
        self._changed = (
            changed_rules(in_force.tagging.taxonomy, tagging.taxonomy) if in_force else None
        )
        self._watched = self._changed.new if self._changed else tagging.rules
        self._topics_only = replace(tagging, entities=None, keyphrases=None)
        self._fired: set[str] = set()
        self.changed = 0
        self.gains: Counter[str] = Counter()
        self.losses: Counter[str] = Counter()
        self.titles: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.phrases: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.labels: dict[str, str] = {}

    def compare(self, record: StoredRecord) -> None:
        new_tags = self._new_tags(record)
        before, after = self._named(record.tags), self._named(new_tags)
        self._count("+", self.gains, after.keys() - before.keys(), record)
        self._count("-", self.losses, before.keys() - after.keys(), record)
        for sign, tags, others in (("+", after, before), ("-", before, after)):
            for name in tags.keys() - others.keys():
                if tags[name].spans:
                    self.phrases[sign, name][tags[name].spans[0].surface.casefold()] += 1
        self.changed += before.keys() != after.keys()

    def _new_tags(self, record: StoredRecord) -> Sequence[Tag]:
        """The tags that an article would get. Those of names and keyphrases are taken as stored if
        only rules differ, since finding them takes most of the time."""
        article, received = record.article, record.received
        fired = fired_rules(article, self._watched, received)
        self._fired |= fired
        if self._changed is None or record.tagger != self._in_force:
            return tag(article, self._config.tagging, received)
        if not fired and not self._changed.may_change(article, received):
            return record.tags
        kept = [t for t in record.tags if t.scheme not in _OF_RULES]
        return (*tag(article, self._topics_only, received), *kept)

    def _named(self, tags: Iterable[Tag]) -> dict[str, Tag]:
        named = {f"{tag.scheme}:{tag.code}": tag for tag in tags}
        self.labels |= {name: tag.label for name, tag in named.items()}
        return named

    def _count(
        self, sign: str, counts: Counter[str], names: Set[str], record: StoredRecord
    ) -> None:
        counts.update(names)
        for name in names:
            if len(titles := self.titles[sign, name]) < self._samples:
                titles.append(f"{short_id(record.article_id)} {record.article.title}")

    @property
    def never_fired(self) -> list[str]:
        """The ids of the rules of the draft, or of all rules, that gave no compared article their
        tag."""
        return [rule.id for rule in self._watched.rules if rule.id not in self._fired]

    def counts(self) -> dict[str, Any]:
        samples = {f"{sign}{name}": titles for (sign, name), titles in self.titles.items()}
        phrases = {
            f"{sign}{name}": dict(surfaces.most_common(_MOST_PHRASES))
            for (sign, name), surfaces in self.phrases.items()
        }
        return {
            "changed": self.changed,
            "gains": dict(self.gains.most_common()),
            "losses": dict(self.losses.most_common()),
            "samples": samples,
            "phrases": phrases,
            "never_fired": self.never_fired,
        }

    def print(self, total: int) -> None:
        out.print(
            f"{several(total, 'article')} to tag again, which other rules tagged; "
            f"{self.changed} of them would get other tags\n"
        )
        names = sorted(self.labels, key=lambda n: (-(self.gains[n] + self.losses[n]), n))
        changed = [name for name in names if self.gains[name] or self.losses[name]]
        rows = ((self.labels[n], n, f"+{self.gains[n]}", f"-{self.losses[n]}") for n in changed)
        if changed:
            print_table("tags", ("tag", "code", "gains", "losses"), list(rows)[:_MOST_TAGS])
        for name in changed[:_MOST_TAGS]:
            for sign in "+-":
                self._print_samples(sign, name)
        if changed:
            out.print()
        if total and (silent := self.never_fired):
            more = f" and {len(silent) - _MOST_RULES} more" if len(silent) > _MOST_RULES else ""
            listed = ", ".join(silent[:_MOST_RULES])
            out.print(Text(visible(f"rules that fired on no article: {listed}{more}\n")))

    def _print_samples(self, sign: str, name: str) -> None:
        for title in self.titles.get((sign, name), ()):
            out.print(Text(visible(f"{sign} {self.labels[name]}: {title}")))
        if self._samples and (surfaces := self.phrases.get((sign, name))):
            first = surfaces.most_common(_MOST_PHRASES)
            listed = ", ".join(f"“{surface}” {count}" for surface, count in first)
            out.print(Text(visible(f"  by {listed}")))
