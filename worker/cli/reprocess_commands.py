"""`worker retag` and `worker reclean`: apply newer rules to stored articles."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from worker.cli.finite_numbers import FiniteRange
from worker.cli.reclean_preview import RecleanPreview
from worker.cli.resources import opened_store
from worker.cli.retag_preview import RetagPreview
from worker.cli.rule_agreement import require_agreement, wait_for_reload
from worker.cli.search_commands import Since
from worker.cli.tags_command import rules_option, trial_config
from worker.cli.terminal import err, out, print_json, progress, several
from worker.maintenance.reprocess import Reprocessing
from worker.model.short_ids import short_id
from worker.settings import Settings
from worker.store.ports import StaleRecordReader
from worker.store.values import Query

_PAGE = 100  # articles in one message
_COMPARED = 10  # articles in memory at a time in a dry run; each may be 5 MB
_POLL_S = 0.5
_SHOWN_IDS = 20  # of articles without payload
_RUN_IT = "run it without --dry-run"


def _options(command: Callable[..., None]) -> Callable[..., None]:
    options = [
        click.option("--source", default="", help="Source id."),
        click.option(
            "--since",
            type=Since(),
            help="Only articles that were published since then (received, if no date is known): "
            "2026-11-01 or 7d.",
        ),
        click.option(
            "--limit", type=click.IntRange(min=1), help="The most articles that are reprocessed."
        ),
        click.option("--dry-run", is_flag=True, help="Only show what would change."),
        click.option(
            "--samples",
            default=3,
            show_default=True,
            type=click.IntRange(0, 50),
            help="With --dry-run: the most examples of each change.",
        ),
        click.option(
            "--rate",
            default=50.0,
            show_default=True,
            type=FiniteRange(min=0.01),
            help="The most articles that are sent in a second.",
        ),
        click.option(
            "--wait/--no-wait", default=True, help="Wait until the workers have finished."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command(epilog="Example: worker retag --rules draft.toml --since 30d --dry-run")
@_options
@rules_option
def retag(rules: Path | None, dry_run: bool, **options: Any) -> None:
    """Tag stored articles again by the present rules; preview the changes with --dry-run.

    Articles that the present rules tagged already are left out. The others are sent to workers,
    RATE a second, and processed after new articles. After an interruption the same command
    continues. Articles get no new revision; `worker changes` lists each one whose tags change as
    `retagged`. --rules tries a draft in a dry run, which names the phrases that gave or lost a tag
    and the rules that fired on no article. Exit code 1 when workers have not retagged all of the
    articles; without --no-wait nothing is sent if no running worker has the same rules.
    """
    if rules and not dry_run:
        raise click.UsageError(f"--rules is for --dry-run: {_use_draft(rules)}")
    config = trial_config(rules)
    stale = _StaleArticles(opened_store(), "tagger", config.tagging.version, **_query(options))
    if dry_run:
        in_force = trial_config(None) if rules else None
        next_step = _use_draft(rules) if rules else _RUN_IT
        _preview(stale, RetagPreview(config, options["samples"], in_force), options, next_step)
    else:
        _send(stale, Reprocessing.RETAG, options, config.digest)


@click.command(epilog="Example: worker reclean --source wire --dry-run")
@_options
def reclean(dry_run: bool, **options: Any) -> None:
    """Clean stored payloads again by newer rules; preview the changes with --dry-run.

    A payload is a raw article as it was received. Articles that these rules cleaned already are
    left out. The others are sent to workers, RATE a second, and processed after new articles. After
    an interruption the same command continues. A changed title or text becomes a new revision, and
    the old one is kept; other changes replace fields in place. None of this counts as a new
    delivery of the article. Articles whose payloads were removed because of their age can't be
    recleaned; they are listed. Exit code 1 when workers have not recleaned all of the articles;
    without --no-wait nothing is sent if no running worker has the same rules.
    """
    config = trial_config(None)
    stale = _StaleArticles(opened_store(), "cleaner", config.cleaner, **_query(options))
    _print_without_payload(stale)
    if dry_run:
        _preview(stale, RecleanPreview(config, options["samples"]), options)
    else:
        _send(stale, Reprocessing.RECLEAN, options, config.digest)


class _StaleArticles:
    """The stored articles that `worker retag` or `reclean` must process again.

    These are the articles that another version of the rules than `version` tagged (`part` is
    "tagger") or cleaned (`part` is "cleaner"). `query` restricts them, for example to one source,
    and `limit` is the most articles to take.
    """

    def __init__(
        self, store: StaleRecordReader, part: str, version: str, query: Query, limit: int
    ) -> None:
        self.store = store
        self._asked = (query, part, version)
        self._limit = limit
        self.version = version

    def count(self) -> int:
        return min(self.remaining(), self._limit)

    def remaining(self) -> int:
        return self.store.count_stale(*self._asked)

    def without_payload(self) -> tuple[int, Sequence[str]]:
        query, _, version = self._asked
        return self.store.without_payload(query, version, _SHOWN_IDS)

    def pages(self) -> Iterator[list[str]]:
        """Yield the ids of the articles to process again, in lists of up to 100.

        Each list is sent to workers as one message.
        """
        after, count = 0, 0
        while count < self._limit:
            size = min(_PAGE, self._limit - count)
            page = self.store.stale_revisions(*self._asked, after, size)
            if not page:
                return
            yield [article_id for _, article_id in page]
            after, count = page[-1][0], count + len(page)


def _print_without_payload(stale: _StaleArticles) -> None:
    count, first = stale.without_payload()
    if not count:
        return
    ids = ", ".join(short_id(article_id) for article_id in first)
    more = ", …" if count > len(first) else ""
    err.print(
        f"{several(count, 'article')} can't be cleaned again, because the payloads were removed "
        f"(retention.page_payloads_days): {ids}{more}",
        markup=False,
        soft_wrap=True,
    )


def _query(options: dict[str, Any]) -> dict[str, Any]:
    since: datetime | None = options["since"]
    limit = options["limit"] or sys.maxsize
    return {"query": Query(source=options["source"], since=since), "limit": limit}


def _preview(
    stale: _StaleArticles,
    preview: "RetagPreview | RecleanPreview",
    options: dict[str, Any],
    next_step: str = _RUN_IT,
) -> None:
    total = stale.count()
    with progress("comparing") as bar:
        task = bar.add_task("", total=total)
        for ids in stale.pages():
            for part in range(0, len(ids), _COMPARED):
                for record in stale.store.records(ids[part : part + _COMPARED]):
                    preview.compare(record)
                bar.advance(task, len(ids[part : part + _COMPARED]))
    if options["as_json"]:
        print_json({"stale": total, "version": stale.version, **preview.counts()})
        return
    preview.print(total)
    if total:
        out.print(f"nothing is changed yet: {next_step}", markup=False, soft_wrap=True)


def _use_draft(rules: Path) -> str:
    """How to use a rule file that was tried in a dry run."""
    below = "" if rules.name == "taxonomy.toml" else "rules/"
    return (
        f"to use {rules.name}, put it into WORKER_CONFIG_DIR/{below} of the workers, then run "
        "`worker retag`"
    )


def _send(stale: _StaleArticles, what: Reprocessing, options: dict[str, Any], digest: str) -> None:
    total, sent = stale.count(), 0
    before = stale.remaining() if total else 0
    if total:
        settings = Settings.load()
        wait_for_reload(settings)
        if options["wait"]:
            require_agreement(settings, digest)
        sent = _send_pages(stale, what, total, options["rate"])
    remaining = _wait_until_done(stale, before - sent) if sent and options["wait"] else None
    undone = 0 if remaining is None else max(0, remaining - (before - sent))
    if options["as_json"]:
        print_json({"sent": sent, "version": stale.version, "undone": undone})
    elif not total:
        out.print(f"every article was made by the rules in force, {stale.version}", markup=False)
    elif remaining is None:
        out.print(f"{several(sent, 'article')} sent; run {what} again to see what is left")
    else:
        done = {Reprocessing.RETAG: "tagged", Reprocessing.RECLEAN: "cleaned"}[what]
        out.print(f"{several(sent - undone, 'article')} {done} again", markup=False)
    if undone:
        err.print(
            f"{undone} are not: is a worker running with the same WORKER_CONFIG_DIR? "
            f"Its log says what failed; `worker {what}` continues",
            style="yellow",
            markup=False,
        )
    sys.exit(1 if undone else 0)


def _send_pages(stale: _StaleArticles, what: Reprocessing, total: int, per_s: float) -> int:
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


def _wait_until_done(stale: _StaleArticles, others: int, patience_s: float = 60.0) -> int:
    """Wait until workers have reprocessed the articles; return the number of stale ones left.

    Stops when only `others`, which were not sent, are left, or when the number has not fallen for
    `patience_s` seconds.
    """
    with progress("reprocessing") as bar:
        remaining = stale.remaining()
        task = bar.add_task("", total=max(0, remaining - others))
        total, moved = remaining, time.monotonic()
        while remaining > others and time.monotonic() - moved < patience_s:
            asked = time.monotonic()
            now = stale.remaining()
            # Counting reads every article, so a large store is asked less often.
            time.sleep(max(_POLL_S, 4 * (time.monotonic() - asked)))
            if now < remaining:
                moved = time.monotonic()
            remaining = now
            bar.update(task, completed=total - remaining)
    return remaining
