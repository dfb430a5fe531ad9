"""`worker index`: measure, verify and rebuild the index, by which copies of articles are found."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from worker import bootstrap
from worker.cli.terminal import counted, out, print_json, print_table, progress, several
from worker.config.loader import load_config
from worker.index import verification
from worker.index.redis_index import RedisIndex
from worker.index.verification import ExpectedEntry, IndexDifference
from worker.model.short_ids import short_id
from worker.settings import Settings
from worker.store.ports import ClusteredStore

_PAGE = 1000  # articles
_SHOWN = 10


@click.group(epilog="Examples: worker index stats · worker index verify · worker index rebuild")
def index() -> None:
    """Measure, verify or rebuild the index, by which workers find copies of articles.

    It can be lost safely: which article is a copy of which one is in the store, and the index can
    be rebuilt from the store.
    """


def _opened_store_and_index() -> tuple[ClusteredStore, RedisIndex]:
    settings = Settings.load()
    store = bootstrap.existing_store(settings)
    index_ = bootstrap.started_index(settings, load_config(settings.config_dir).dedup)
    context = click.get_current_context()
    context.call_on_close(store.close)
    context.call_on_close(index_.close)
    return store, index_


@index.command(epilog="Example: worker index stats --json | jq .layers")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def stats(as_json: bool) -> None:
    """Count entries, keys and bytes of the index; bytes are estimated from a sample of keys.

    By the index, copies of articles are found. It also holds the fingerprints of articles that are
    being processed, and counts of the lines that sources repeat around their articles. The bytes
    for each article fall as their number grows.
    """
    _, index_ = _opened_store_and_index()
    stats_ = verification.stats(index_)
    if as_json:
        print_json(stats_)
        return
    rows = (
        (layer.layer, f"{layer.entries:,}", layer.keys, f"{layer.bytes:,}")
        for layer in stats_.layers
    )
    print_table("index", ("layer", "entries", "keys", "bytes"), rows)
    summary = (
        f"{several(stats_.articles, 'article')} in the window, {stats_.bytes_each:.0f} bytes each"
    )
    out.print(f"{summary} as long as it lasts; {stats_.newest:,} numbered in all")
    out.print(f"copies of articles stored since {stats_.begins:%Y-%m-%d %H:%M} are found")


@index.command(epilog="Example: worker index rebuild --dry-run")
@click.option("--from-nothing", is_flag=True, help="Empty the index first.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def rebuild(from_nothing: bool, dry_run: bool, as_json: bool) -> None:
    """Put all recent articles back into the index, from the fingerprints in the store.

    A fingerprint is a short summary of a text, by which copies are found. Workers may run
    meanwhile. `worker reconcile` then joins copies that were taken for new articles while the index
    was empty.
    """
    store, index_ = _opened_store_and_index()
    since = _window(index_)
    total = store.clusters.count_recent(since)
    removed = 0
    if not dry_run:
        removed = verification.clear(index_) if from_nothing else 0
        with progress("rebuilding") as bar:
            task = bar.add_task("", total=total)
            for page in _stored(store, since):
                verification.restore(index_, page)
                bar.advance(task, len(page))
    if as_json:
        print_json({"rebuilt": not dry_run, "articles": total, "removed_keys": removed})
    elif dry_run:
        first = "remove the index and " if from_nothing else ""
        out.print(
            f"would {first}put back {several(total, 'article')} stored since {since:%Y-%m-%d}"
        )
    else:
        out.print(f"put back {several(total, 'article')}; now: worker reconcile")


@index.command(epilog="Example: worker index verify --json | jq .differs")
@click.option("--json", "as_json", is_flag=True, help="Print all differences as JSON.")
def verify(as_json: bool) -> None:
    """Compare the index with the store and list the differences. Changes nothing.

    By the index, copies of articles are found; it should have an entry of each recent article in
    the store. Exit code 1 when there are differences.
    """
    store, index_ = _opened_store_and_index()
    since = _window(index_)
    differences: list[IndexDifference] = []
    total = store.clusters.count_recent(since)
    with progress("verifying") as bar:
        task = bar.add_task("", total=total)
        for page in _stored(store, since):
            differences += verification.differences(index_, page)
            bar.advance(task, len(page))
    if as_json:
        print_json(
            {
                "articles": total,
                "differs": verification.count_by_kind(differences),
                "differences": differences,
            }
        )
    elif differences:
        columns = ("what", "id", "index", "store")
        shown = (
            (d.what, short_id(d.article_id), short_id(d.index), short_id(d.store))
            for d in differences[:_SHOWN]
        )
        print_table("differences", columns, shown)
        kinds = counted(verification.count_by_kind(differences))
        out.print(f"of {several(total, 'article')} differ: {kinds}")
        out.print(
            "missing and unowned: copies of them are not found; register: the index has another"
        )
        out.print("canonical article than the store. To repair all of it: worker index rebuild")
    else:
        out.print(f"{several(total, 'article')}: index and store agree")
    sys.exit(1 if differences else 0)


def _window(index_: RedisIndex) -> datetime:
    return verification.window_begin(index_, int(datetime.now(UTC).timestamp()))


def _stored(store: ClusteredStore, since: datetime) -> Iterator[list[ExpectedEntry]]:
    """The stored articles since a date, page by page, as the index should hold them.

    They come in the order of storage.
    """
    after = 0
    while page := store.clusters.recent_fingerprints(since, after, _PAGE):
        after = page[-1].revision_id
        yield [ExpectedEntry(p.article_id, p.canonical, p.fingerprint, p.at) for p in page]
