"""Print the results of `worker run`: articles, dead letters, and which commands show more."""

import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from worker.cli.terminal import counted, out, print_table, several
from worker.model.records import Outcome, OutcomeKind
from worker.model.short_ids import short_id
from worker.store.dead_letter_values import StoredDeadLetter
from worker.store.ports import ArticleReader
from worker.store.values import SearchHit
from worker.store.view_values import ArticleView

_ROWS = 200  # rows of the printed table; --json prints all
_COLUMNS = ("title", "source", "verdict", "cluster", "language", "tags", "words")
_LETTER_COLUMNS = ("detail", "reason", "source", "seen", "letter")


Listing = Sequence[tuple[Outcome, SearchHit | None]]


def withdrawn_articles(store: ArticleReader, listing: Listing) -> dict[str, ArticleView]:
    """Return what is left of the listed articles that were taken down, by article id."""
    ids = dict.fromkeys(o.article_id for o, hit in listing if o.article_id and not hit)
    shown = {article_id: store.show(article_id) for article_id in [*ids][:_ROWS]}
    return {article_id: stored for article_id, stored in shown.items() if stored}


def print_results(
    listing: Listing,
    withdrawn: Mapping[str, ArticleView],
    letters: Sequence[StoredDeadLetter],
    took_s: float,
) -> None:
    """Print a table of articles as they are now and one of dead letters, and how many raw articles
    had which outcome within `took_s` seconds.

    `withdrawn` is what is left of articles that were taken down, by article id.
    """
    rows = [
        _row(o, hit) if hit else _withdrawn_row(o, withdrawn[o.article_id])
        for o, hit in listing
        if hit or o.article_id in withdrawn
    ]
    print_table("articles, as they are now", _COLUMNS, rows[:_ROWS])
    if len(rows) > _ROWS:
        out.print(f"… and {len(rows) - _ROWS} more: worker search\n")
    if letters:
        print_table("dead letters", _LETTER_COLUMNS, [_letter_row(letter) for letter in letters])
    kinds = Counter(outcome.kind for outcome, _ in listing)
    out.print(
        f"[bold]{several(len(listing), 'raw article')} in {took_s:.1f} s:[/] "
        + counted({kind: kinds[kind] for kind in OutcomeKind})
    )


def print_unseen(listing: Listing, withdrawn: Mapping[str, ArticleView]) -> None:
    """Say how many withdrawals found no article that they could take down."""
    ids = {o.article_id for o, _ in listing if o.kind is OutcomeKind.WITHDRAWN}
    shown = [stored for article_id, stored in withdrawn.items() if article_id in ids]
    if unseen := sum(not stored["article"]["revision"] for stored in shown):
        out.print(
            f"{several(unseen, 'withdrawal')} took nothing down: no article had the id or link "
            "yet. A delivery of it that was fetched before the withdrawal is refused when it comes",
            soft_wrap=True,
        )


def _row(outcome: Outcome, hit: SearchHit) -> tuple[object, ...]:
    labels, cluster = ", ".join(hit.labels), short_id(hit.cluster_id)
    edited = ", edited" if 0 < outcome.revision < hit.revision else ""
    verdict = f"{outcome.kind}{edited}"
    return hit.title, hit.source, verdict, cluster, hit.language, labels, hit.words


def _withdrawn_row(outcome: Outcome, stored: ArticleView) -> tuple[object, ...]:
    article = stored["article"]
    withdrawn = OutcomeKind.WITHDRAWN
    verdict = outcome.kind if outcome.kind is withdrawn else f"{outcome.kind}, {withdrawn}"
    _, _, name = article["key"].partition(":")
    return (
        f"(withdrawn: {name})",
        article["source"],
        verdict,
        short_id(article["cluster_id"]),
        "",
        "",
        "",
    )


def _letter_row(letter: StoredDeadLetter) -> tuple[object, ...]:
    return letter.detail, letter.reason, letter.source, letter.seen, short_id(letter.letter_id)


def print_next(stored: Listing) -> None:
    """Print the commands that show more, with the first stored article as an example."""
    program = _program()
    first = next((short_id(hit.article_id) for _, hit in stored if hit), "ID")
    commands = {
        f"{program} web --open": "look at all of this in a browser",
        f"{program} search Ukraine": "find articles by word, tag, source or date",
        f"{program} show {first}": "everything about one article",
        f"{program} enqueue FILE": "push your own .json, .jsonl, .txt or .html",
        f"{program} config": "the rules in force and the files they come from",
    }
    width = max(map(len, commands))
    out.print("\nnext:", style="bold")
    for command, what in commands.items():
        out.print(f"  {command:{width}}  {what}", markup=False)


def _program() -> str:
    """The name or relative path under which the user can call this command again."""
    program = Path(sys.argv[0]).absolute()
    if shutil.which(program.name) == str(program) or not program.is_relative_to(Path.cwd()):
        return "worker"
    return str(program.relative_to(Path.cwd()))
