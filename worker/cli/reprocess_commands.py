"""`worker retag` and `worker reclean`: newer rules for what is stored, first as a rehearsal."""

import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from worker.cli.reprocess_preview import Cleanings, Taggings
from worker.cli.resources import opened_store
from worker.cli.search_commands import Since
from worker.cli.tags_command import rules_option, trial_config
from worker.cli.terminal import err, out, print_json, progress, several
from worker.config.loader import files_of
from worker.maintenance.reprocess import Reprocessing
from worker.runtime.config_reload import SETTLED_S
from worker.settings import Settings
from worker.store.ports import StaleRecordReader
from worker.store.values import Query

_PAGE = 100  # articles in one message
_POLL_S = 0.5


def _options(command: Callable[..., None]) -> Callable[..., None]:
    options = [
        click.option("--source", default="", help="Source id."),
        click.option("--since", type=Since(), help="Published (or else received) since."),
        click.option("--limit", type=click.IntRange(min=1), help="At most so many articles."),
        click.option("--dry-run", is_flag=True, help="Only show what would change."),
        click.option("--samples", default=3, show_default=True, type=click.IntRange(0, 50)),
        click.option(
            "--rate",
            default=50.0,
            show_default=True,
            type=click.FloatRange(min=0.01),
            help="At most so many articles a second.",
        ),
        click.option("--wait/--no-wait", default=True, help="Wait until the workers are done."),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command(epilog="Example: worker retag --rules draft.toml --since 30d --dry-run")
@_options
@rules_option
def retag(rules: Path | None, dry_run: bool, **how: Any) -> None:
    """Give stored articles the tags of the rules in force; first see them with --dry-run.

    Only articles that were tagged by other rules are done over. They take the replay lane, RATE
    a second; broken off, the same command goes on where it ended. No revision is made: where
    tags change, the change feed has one entry `retagged`. --rules tries a draft in a dry run.
    Exit code 1 when articles are left that the workers did not do over.
    """
    if rules and not dry_run:
        raise click.UsageError("--rules is for --dry-run: put the file into WORKER_CONFIG_DIR")
    config = trial_config(rules)
    stale = _Stale(opened_store(), "tagger", config.tagging.version, **_query(how))
    if dry_run:
        _preview(stale, Taggings(config, how["samples"]), how)
    else:
        _send(stale, Reprocessing.RETAG, how)


@click.command(epilog="Example: worker reclean --source wire --dry-run")
@_options
def reclean(dry_run: bool, **how: Any) -> None:
    """Clean stored payloads again that older rules cleaned; first see it with --dry-run.

    They take the replay lane, RATE a second; broken off, the same command goes on where it
    ended. What reads differently becomes a revision of its article, the old text is kept; what
    does not is brought up to date in place. Sightings are not counted. Exit code 1 when articles
    are left that the workers did not do over.
    """
    config = trial_config(None)
    stale = _Stale(opened_store(), "cleaner", config.cleaner, **_query(how))
    if dry_run:
        _preview(stale, Cleanings(config, how["samples"]), how)
    else:
        _send(stale, Reprocessing.RECLEAN, how)


class _Stale:
    """The stored articles whose tagger or cleaner is another than the one in force."""

    def __init__(
        self, store: StaleRecordReader, part: str, version: str, query: Query, limit: int
    ) -> None:
        self.store = store
        self._asked = (query, part, version)
        self._limit = limit
        self.version = version

    def count(self) -> int:
        return min(self.left(), self._limit)

    def left(self) -> int:
        return self.store.count_stale(*self._asked)

    def pages(self) -> Iterator[list[str]]:
        """Article ids, a message's worth at a time, in the order of storage."""
        after, given = 0, 0
        while given < self._limit:
            size = min(_PAGE, self._limit - given)
            found = self.store.stale_revisions(*self._asked, after, size)
            if not found:
                return
            yield [article_id for _, article_id in found]
            after, given = found[-1][0], given + len(found)


def _query(how: dict[str, Any]) -> dict[str, Any]:
    since: datetime | None = how["since"]
    limit = how["limit"] or sys.maxsize
    return {"query": Query(source=how["source"], since=since), "limit": limit}


def _preview(stale: _Stale, seen: "Taggings | Cleanings", how: dict[str, Any]) -> None:
    total = stale.count()
    with progress("comparing") as bar:
        task = bar.add_task("", total=total)
        for ids in stale.pages():
            for record in stale.store.records(ids):
                seen.compare(record)
            bar.advance(task, len(ids))
    if how["as_json"]:
        print_json({"stale": total, "version": stale.version, **seen.counts()})
        return
    seen.print(total)
    if total:
        out.print("nothing is changed yet: leave --dry-run out")


def _send(stale: _Stale, what: Reprocessing, how: dict[str, Any]) -> None:
    total, sent = stale.count(), 0
    before = stale.left() if total else 0
    if total:
        _settle(Settings.load())
        sent = _sent(stale, what, total, how["rate"])
    left = _left(stale, before - sent) if sent and how["wait"] else None
    undone = 0 if left is None else max(0, left - (before - sent))
    if how["as_json"]:
        print_json({"sent": sent, "version": stale.version, "undone": undone})
    elif not total:
        out.print(f"every article is of the rules in force, {stale.version}", markup=False)
    elif left is None:
        out.print(f"{several(sent, 'article')} on the way: {what} again shows what is left")
    else:
        out.print(f"{several(sent - undone, 'article')} done over", markup=False)
    if undone:
        err.print(
            f"{undone} are not: is a worker running, with this config? Its log says what failed; "
            f"`worker {what}` goes on",
            style="yellow",
            markup=False,
        )
    sys.exit(1 if undone else 0)


def _settle(settings: Settings) -> None:
    """Workers take files up once they are settled: what is sent before meets the old rules."""
    newest_s = max(path.stat().st_mtime for path in files_of(settings.config_dir).values())
    time.sleep(min(max(0.0, newest_s + SETTLED_S * 2.1 - time.time()), SETTLED_S * 2.1))


def _sent(stale: _Stale, what: Reprocessing, total: int, per_s: float) -> int:
    from worker.client.producer import Producer

    began, sent = time.monotonic(), 0
    with Producer() as producer, progress("sending") as bar:
        task = bar.add_task("", total=total)
        for ids in stale.pages():
            time.sleep(max(0.0, began + sent / per_s - time.monotonic()))
            producer.redo(what, ids)
            sent += len(ids)
            bar.advance(task, len(ids))
    return sent


def _left(stale: _Stale, others: int, patience_s: float = 60.0) -> int:
    """Wait while fewer and fewer are stale; how many are left when none is, or nothing moves."""
    with progress("doing over") as bar:
        left = stale.left()
        task = bar.add_task("", total=max(0, left - others))
        total, moved = left, time.monotonic()
        while left > others and time.monotonic() - moved < patience_s:
            asked = time.monotonic()
            now = stale.left()
            # Counting reads every article: a large store is asked less often.
            time.sleep(max(_POLL_S, 4 * (time.monotonic() - asked)))
            if now < left:
                moved = time.monotonic()
            left = now
            bar.update(task, completed=total - left)
    return left
