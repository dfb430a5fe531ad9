"""`worker retention`: show what the store keeps how long, and remove what is older."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

import click

from worker.cli.resources import opened_store
from worker.cli.terminal import out, print_json, print_table, progress, several, yes_option
from worker.config.worker_rules import load_worker_rules
from worker.maintenance.removal import RetentionPeriods, count_aged, remove_aged
from worker.runtime.retention_turns import periods_of
from worker.settings import Settings
from worker.store.ports import ExpiringStore
from worker.store.retention_values import Aged

_WHAT = {
    Aged.UNCHANGED_JOURNAL: "ledger notes, after the outcome unchanged",
    Aged.JOURNAL: "ledger notes, after another outcome",
    Aged.UNCHANGED_RECEIPTS: "outcomes of unchanged articles",
    Aged.RECEIPTS: "other outcomes",
    Aged.CHANGES: "changes",
    Aged.REPLAYED_LETTERS: "dead letters replayed with success",
    Aged.PAGE_PAYLOADS: "raw articles of whole pages",
    Aged.HOURLY_COUNTS: "counts of outcomes by hour",
}
_FOR_EVER = ("content and tags", "dead letters that stand", "totals, and the ledger by day")


@click.command(epilog="Example: worker retention · worker retention --yes")
@yes_option("removed")
@click.option("--json", "as_json", is_flag=True, help="Print periods and numbers as JSON.")
def retention(yes: bool, as_json: bool) -> None:
    """Show how long the store keeps what, and how many rows are due; with --yes remove these.

    Workers remove them by themselves, once an hour. The periods are in the table `retention` of
    worker.toml. Rows go in transactions of at most 5,000, so workers need not stop, and an
    interrupted command may be repeated. What is needed of a removed outcome is kept: the verdict
    of each revision, how each replay ended, and the numbers of `worker ledger`. Without --yes
    nothing is removed.
    """
    store, now = opened_store(), datetime.now(UTC)
    periods = periods_of(load_worker_rules(Settings.load().config_dir).retention)
    due = _remove(store, periods, now) if yes else count_aged(store, periods, now)
    if as_json:
        rows = {what: {"days": periods.days[what], "rows": due.get(what, 0)} for what in Aged}
        print_json({"removed": yes, "kinds": rows, "page_payload_bytes": periods.page_bytes})
        return
    column = "removed" if yes else "due"
    cells = [(_WHAT[w], _days(periods.days[w]), f"{due.get(w, 0):,}") for w in Aged]
    cells += [(what, _days(0), "") for what in _FOR_EVER]
    print_table("retention", ("what", "kept", column), cells)
    total = several(sum(due.values()), "row")
    out.print(f"{total} removed" if yes else f"{total} would be removed: --yes")


def _remove(store: ExpiringStore, periods: RetentionPeriods, now: datetime) -> Mapping[Aged, int]:
    removed: Counter[Aged] = Counter()
    expected = count_aged(store, periods, now)
    with progress("removing") as bar:
        task = bar.add_task("", total=sum(expected.values()))
        for what, count in remove_aged(store, periods, now):
            removed[what] += count
            bar.advance(task, count)
    return removed


def _days(days: float) -> str:
    return ("1 day" if days == 1 else f"{days:g} days") if days else "for ever"
