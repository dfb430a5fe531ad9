"""`worker delete`: delete stored articles for good."""

import sys
from dataclasses import replace
from datetime import UTC, datetime

import click

from worker import bootstrap
from worker.cli.search_commands import Since
from worker.cli.terminal import NotFound, out, print_json, progress, several, yes_option
from worker.maintenance.deletion import DeletionScope, delete_articles, letters_about, named
from worker.settings import Settings
from worker.store.ports import DeletionStore
from worker.store.values import Query

_SAMPLES = 5  # titles shown before a deletion


@click.command(
    epilog="Examples: worker delete 3f2a91 · worker delete --source wire --older-than 90d"
)
@click.argument("ids", nargs=-1)
@click.option("--source", default="", help="Delete all articles and dead letters of this source.")
@click.option(
    "--older-than",
    type=Since(),
    help="With --source: only what was published before: 90d or a date.",
)
@yes_option("deleted")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def delete(
    ids: tuple[str, ...], source: str, older_than: datetime | None, yes: bool, as_json: bool
) -> None:
    """Delete articles for good, with content, tags, payloads and dead letters.

    IDS are ids or the beginnings of ids. Only a note that the article was deleted stays, so that it
    is not stored when a poller delivers it again. Without --yes nothing is deleted.
    """
    if bool(ids) == bool(source) or (older_than and not source):
        raise click.UsageError("give either IDS, or --source with or without --older-than")
    store = bootstrap.existing_store(Settings.load())
    try:
        scope = named(store, ids) if ids else DeletionScope(source=source, before=older_than)
    except LookupError as e:
        raise NotFound(str(e.args[0])) from e
    titles = list(scope.titles) or [f.title for f in store.search(_sample_query(scope))]
    total = len(scope.titles) if ids else store.count(scope.query)
    articles, letters = _delete(store, scope, total) if yes else (total, _letters(store, scope))
    held = store.held.counts().get(scope.source)
    if as_json:
        held_articles = held.articles if held else 0
        numbers = {"articles": articles, "dead_letters": letters, "held": held_articles}
        print_json({**numbers, "deleted": yes, "titles": titles[:_SAMPLES]})
    else:
        _print_deletion(titles, articles, letters, yes)
        if held:
            what = several(held.articles, "held article")
            out.print(f"{what} of this source stay, as messages on the queue do: resume it first")
    sys.exit(0 if articles or letters else 1)


def _sample_query(scope: DeletionScope) -> Query:
    return replace(scope.query, limit=_SAMPLES)


def _delete(store: DeletionStore, scope: DeletionScope, total: int) -> tuple[int, int]:
    articles = letters = 0
    with progress("deleting") as bar:
        task = bar.add_task("", total=total)
        for more in delete_articles(store, scope, datetime.now(UTC)):
            articles += more
            bar.advance(task, more)
        for page in letters_about(store, scope):
            store.clear_letters(page)
            letters += len(page)
    return articles, letters


def _letters(store: DeletionStore, scope: DeletionScope) -> int:
    return sum(len(page) for page in letters_about(store, scope))


def _print_deletion(titles: list[str], articles: int, letters: int, deleted: bool) -> None:
    for title in titles[:_SAMPLES]:
        out.print(f"  {' '.join(title.split())}", markup=False, overflow="ellipsis", no_wrap=True)
    if len(titles) > _SAMPLES or articles > len(titles):
        out.print(f"  … {several(articles, 'article')} in all")
    what = f"{several(articles, 'article')} and the content of {several(letters, 'dead letter')}"
    if deleted:
        out.print(f"deleted {what}")
    elif articles or letters:
        out.print(f"would delete {what}; nothing is deleted yet: add --yes")
    else:
        out.print("nothing to delete")
