"""`worker reconcile`: repair clusters, groups of articles that are copies of each other.

A worker assigns each article to a cluster when its batch is processed. That can be wrong later: the
main article of the cluster may be withdrawn, an article edited, or a copy not found at the time.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import click

from worker.cli.resources import opened_index, opened_store
from worker.cli.search_commands import Since
from worker.cli.terminal import counted, err, out, print_json, print_table
from worker.config.loader import load_config
from worker.maintenance.reconcile import Reconciler
from worker.model.short_ids import short_id
from worker.settings import Settings
from worker.store.cluster_values import ClusterMove
from worker.store.values import DisplayTitle

_SHOWN = 20
_LOOKED_AT = timedelta(days=1)


@click.command(epilog="Example: worker reconcile --dry-run --since 7d")
@click.option("--since", type=Since(), help="Check edits and twins since: 7d or a date. Unset: 1d.")
@click.option("--dry-run", is_flag=True, help="Say what would be repaired and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the repairs as JSON.")
def reconcile(since: datetime | None, dry_run: bool, as_json: bool) -> None:
    """Repair clusters, groups of articles that are copies of each other.

    These articles are moved to another cluster: copies whose canonical article, the one that stands
    for the others, was withdrawn or has moved; edited articles that are no copies any more; and
    canonical articles that are copies of each other (twins).

    Workers do the same every half minute, but search for twins only after the index was lost. The
    command may run beside them and be repeated. Pinned articles stay.
    """
    now, rules = datetime.now(UTC), load_config(Settings.load().config_dir).dedup
    store, index = opened_store(), opened_index(rules)
    reconciler = Reconciler(store, index, rules, now=now, write=not dry_run)
    with err.status("looking at clusters …"):
        moves = [*reconciler.run(since or now - _LOOKED_AT)]
    if as_json:
        print_json({"repaired": not dry_run, "moves": moves})
        sys.exit(0)
    _print_repairs(moves, store.titles([move.article_id for move in moves]), dry_run=dry_run)


def _print_repairs(
    moves: Sequence[ClusterMove], titles: Mapping[str, DisplayTitle], *, dry_run: bool
) -> None:
    if not moves:
        out.print("nothing to repair: every copy belongs to a stored canonical article")
        return
    print_moves(moves[:_SHOWN], titles)
    if len(moves) > _SHOWN:
        out.print(f"… and {len(moves) - _SHOWN} more: --json")
    done = "would repair" if dry_run else "repaired"
    hint = "; nothing is changed yet: leave out --dry-run" if dry_run else ""
    out.print(f"{done} {counted(Counter(move.reason.value for move in moves))}{hint}")


def print_moves(moves: Sequence[ClusterMove], titles: Mapping[str, DisplayTitle]) -> None:
    """Print a table of articles that moved from one cluster, a group of copies, to another.

    The columns are title, reason, old and new cluster, and article id. `titles` has the titles by
    article id; an article without one is shown as withdrawn.
    """
    rows = (
        (
            titles[m.article_id].title if m.article_id in titles else "withdrawn",
            *(m.reason, short_id(m.left), short_id(m.joined), short_id(m.article_id)),
        )
        for m in moves
    )
    print_table("moves between clusters", ("title", "reason", "from", "to", "id"), rows)
