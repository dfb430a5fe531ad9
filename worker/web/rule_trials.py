"""Try a draft of a rule file: check it like `worker tags check`, and apply it to stored articles.

Nothing is stored. One draft is tried at a time, and both the number of articles and the time that a
trial may take are limited.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from worker.config.loader import Config, load_config
from worker.errors import BadConfig
from worker.model.records import StoredRecord
from worker.store.ports import ListingReader
from worker.tag.changed_rules import changed_rules
from worker.tag.rule_trial import TopicChange, try_rules
from worker.tag.rules.dead_rules import dead_rules

MOST_ARTICLES = 1_000
_DEADLINE_S = 10.0
_BATCH = 20  # articles in memory at a time
_MOST_CHANGES = 300  # shown
_MOST_PROBLEMS = 200
_MOST_PHRASES = 5  # of a change
_PHRASE_CHARS = 200


class TrialRunning(Exception):
    """Another draft is tried at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedChange:
    """An article that would get a tag by the draft of a rule file (`gained` is true), or lose one.

    `rule` is the rule that gives the tag, of the draft for a gain and of the rules in force for a
    loss; `phrases` are the phrases of the article by which it does.
    """

    article_id: str
    title: str
    source: str
    gained: bool
    code: str
    label: str
    rule: str
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagTotal:
    """How many of the articles would get one tag, and how many would lose it."""

    code: str
    label: str
    gains: int
    losses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTrial:
    """What a draft of a rule file would change in the tags of the newest stored articles.

    `problems` has all that is wrong with the draft. If it can't be used at all, `valid` is false,
    and nothing was tried. `articles` is the number of articles that were compared; if not
    `is_complete`, time ran out before the others. `changed` counts those whose tags would change;
    `totals` sums this up by tag, and `changes` has the first changes, without `left_out` more.
    `never_fired` are the ids of rules of the draft that fired on none.
    """

    valid: bool
    problems: tuple[str, ...]
    articles: int = 0
    is_complete: bool = True
    changed: int = 0
    totals: tuple[TagTotal, ...] = ()
    changes: tuple[TriedChange, ...] = ()
    left_out: int = 0
    never_fired: tuple[str, ...] = ()


class RuleTrials:
    """Tries drafts of rule files on stored articles, one draft at a time.

    `config_dir` is the folder of the rule files in force, None for those of the package.
    """

    def __init__(self, config_dir: Path | None, deadline_s: float = _DEADLINE_S) -> None:
        self._config_dir = config_dir
        self._deadline_s = deadline_s
        self._lock = Lock()

    def run(self, name: str, draft: str, in_force: Config, store: ListingReader) -> RuleTrial:
        """Try a draft in place of the rule file `name`, such as "rules/weather", or as a new one.

        `draft` is its text in TOML. Raises TrialRunning while another draft is tried.
        """
        if not self._lock.acquire(blocking=False):
            raise TrialRunning
        try:
            deadline = time.monotonic() + self._deadline_s
            config, problems = self._checked(name, draft)
            if config is None:
                return RuleTrial(valid=False, problems=problems)
            return _compared(config, in_force, store, problems, deadline)
        finally:
            self._lock.release()

    def _checked(self, name: str, draft: str) -> tuple[Config | None, tuple[str, ...]]:
        """The config with the draft, None if it is invalid, and all that is wrong with it."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "draft.toml")
            file.write_text(draft, "utf-8", errors="replace")
            try:
                config = load_config(self._config_dir, {name: file}, most_problems=sys.maxsize)
            except BadConfig as e:
                lines = str(e).replace(str(file), f"{name}.toml").splitlines()
                return None, tuple(lines[:_MOST_PROBLEMS])
            except RecursionError:
                return None, (f"{name}.toml: too many brackets inside each other",)
        dead = (d for d in dead_rules(config.tagging.taxonomy) if d.file == name)
        return config, tuple(f"{name}.toml: {d.rule}: {d.why}" for d in dead)[:_MOST_PROBLEMS]


def _compared(
    config: Config,
    in_force: Config,
    store: ListingReader,
    problems: tuple[str, ...],
    deadline: float,
) -> RuleTrial:
    old, new = in_force.tagging, config.tagging
    changed = changed_rules(old.taxonomy, new.taxonomy)
    ids = store.newest_article_ids(MOST_ARTICLES)
    fired: set[str] = set()
    found: list[TriedChange] = []
    compared = with_changes = 0
    for record in _records(store, ids, deadline):
        trial = try_rules(record.article, record.received, old, new, changed)
        fired |= trial.fired
        found += [_tried(record, change) for change in trial.changes]
        with_changes += bool(trial.changes)
        compared += 1
    watched = changed.new if changed else new.rules
    return RuleTrial(
        valid=True,
        problems=problems,
        articles=compared,
        is_complete=time.monotonic() < deadline or compared >= len(ids),
        changed=with_changes,
        totals=_totals(found),
        changes=tuple(found[:_MOST_CHANGES]),
        left_out=max(0, len(found) - _MOST_CHANGES),
        never_fired=tuple(rule.id for rule in watched.rules if rule.id not in fired),
    )


def _records(store: ListingReader, ids: Sequence[str], deadline: float) -> Iterator[StoredRecord]:
    """Read the articles, the newest first, until time runs out."""
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        by_id = {record.article_id: record for record in store.records_without_payload(batch)}
        for article_id in batch:
            if time.monotonic() >= deadline:
                return
            if article_id in by_id:
                yield by_id[article_id]


def _tried(record: StoredRecord, change: TopicChange) -> TriedChange:
    phrases = dict.fromkeys(span.surface[:_PHRASE_CHARS] for span in change.tag.spans)
    return TriedChange(
        article_id=record.article_id,
        title=record.article.title,
        source=record.article.source,
        gained=change.gained,
        code=change.tag.code,
        label=change.tag.label,
        rule=change.tag.rule,
        phrases=tuple(phrases)[:_MOST_PHRASES],
    )


def _totals(changes: Sequence[TriedChange]) -> tuple[TagTotal, ...]:
    gains = Counter(change.code for change in changes if change.gained)
    losses = Counter(change.code for change in changes if not change.gained)
    labels = {change.code: change.label for change in changes}
    codes = sorted(labels, key=lambda code: (-gains[code] - losses[code], code))
    return tuple(
        TagTotal(code=code, label=labels[code], gains=gains[code], losses=losses[code])
        for code in codes
    )
