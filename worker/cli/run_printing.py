"""Print the results of `worker run`: articles, dead letters, and which commands show more."""

import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from worker.cli.terminal import counted, out, print_table, several
from worker.model.records import Outcome, OutcomeKind
from worker.store.dead_letter_values import StoredDeadLetter
from worker.store.ports import ArticleReader
from worker.store.values import SearchHit

_ROWS = 200  # rows of the printed table; --json prints all
_COLUMNS = ("title", "source", "verdict", "cluster", "language", "tags", "words")
_LETTER_COLUMNS = ("detail", "reason", "source", "seen", "letter")


Listing = Sequence[tuple[Outcome, SearchHit | None]]


def print_results(listing: Listing, letters: Sequence[StoredDeadLetter], took_s: float) -> None:
    """Print a table of articles and one of dead letters, and how many raw articles had which
    outcome within `took_s` seconds."""
    stored = [(o, hit) for o, hit in listing if hit]
    print_table("articles", _COLUMNS, [_row(o, hit) for o, hit in stored[:_ROWS]])
    if len(stored) > _ROWS:
        out.print(f"… and {len(stored) - _ROWS} more: worker search\n")
    if letters:
        print_table("dead letters", _LETTER_COLUMNS, [_letter_row(letter) for letter in letters])
    kinds = Counter(outcome.kind for outcome, _ in listing)
    out.print(
        f"[bold]{several(len(listing), 'raw article')} in {took_s:.1f} s:[/] "
        + counted({kind: kinds[kind] for kind in OutcomeKind})
    )


def print_unseen(store: ArticleReader, withdrawn: Sequence[Outcome]) -> None:
    """Say how many withdrawals found no article that they could take down."""
    ids = {outcome.article_id for outcome in withdrawn[:_ROWS]}
    shown = [stored for article_id in ids if (stored := store.show(article_id))]
    if unseen := sum(not stored["article"]["revision"] for stored in shown):
        out.print(
            f"{several(unseen, 'withdrawal')} took nothing down: no article had the id or link "
            "yet. A delivery of it that was fetched before the withdrawal is refused when it comes",
            soft_wrap=True,
        )


def _row(outcome: Outcome, hit: SearchHit) -> tuple[object, ...]:
    labels, cluster = ", ".join(hit.labels), hit.cluster_id[:8]
    return hit.title, hit.source, outcome.kind, cluster, hit.language, labels, hit.words


def _letter_row(letter: StoredDeadLetter) -> tuple[object, ...]:
    return letter.detail, letter.reason, letter.source, letter.seen, letter.letter_id[:8]


def print_next(stored: Listing) -> None:
    """Print the commands that show more, with the first stored article as an example."""
    program = _program()
    first = next((hit.article_id[:8] for _, hit in stored if hit), "ID")
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
