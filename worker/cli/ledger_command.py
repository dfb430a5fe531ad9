"""`worker ledger`: list the enqueued articles that have no outcome and are in no message."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from worker import bootstrap
from worker.broker import embedded
from worker.broker.connection import BrokerConnection
from worker.celery import broker_url, make_app
from worker.cli.search_commands import Since
from worker.cli.terminal import counted, err, out, print_json, print_table
from worker.client.receipt_journal import read_journal
from worker.config.worker_rules import load_worker_rules
from worker.maintenance.receipt_audit import DayBalance, ReceiptBalance, balance
from worker.model.records import OutcomeKind
from worker.settings import Settings

_DAY = timedelta(days=1)
_ROWS = 50  # missing receipts that are printed; --json prints all
_COLUMNS = ("day", "receipts", "stored", "dead", "waiting", "leased", "undeliverable", "missing")


@click.command(
    epilog="Examples: worker ledger · worker ledger --day 2026-11-22 --json | jq '.missing[]'"
)
@click.option("--day", type=Since(), help="This UTC day of the journal only.")
@click.option("--since", type=Since(), help="Since: 2026-11-01 or 7d.  [default: 7 days]")
@click.option(
    "--journal",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also read a producer's own journal, which outlives the broker.",
)
@click.option("--json", "as_json", is_flag=True, help="Print balance and missing receipts as JSON.")
def ledger(
    day: datetime | None, since: datetime | None, journal: Path | None, as_json: bool
) -> None:
    """Find out whether any enqueued article was lost, by their receipts.

    A receipt is the id that a Producer returns for an enqueued article and notes in a journal. Its
    article must be stored, a dead letter, or in a message of the broker that is waiting, leased to
    a worker or undeliverable. Others are listed as missing, and the exit code is 1. Articles of
    other clients are in no journal, and are counted as foreign when they have an outcome.
    """
    settings = Settings.load()
    rules = load_worker_rules(settings.config_dir)
    app = make_app(broker_url(settings), rules)
    first, until = _span(day, since)
    if settings.embedded_broker:
        embedded.ensure(settings.var_dir)
    bootstrap.prepare_store(settings)
    connection, store = BrokerConnection(app), bootstrap.store(settings)
    if journal and (sent := list(read_journal(journal))):
        store.add_journal_entries(sent)
        first = since or day or min(first, *(entry.at for entry in sent))
    with connection.channel() as channel:
        audit = balance(
            channel, list(app.amqp.queues), store, first, until, grace_s=rules.ledger.grace_s
        )
    store.close()
    connection.close()
    if as_json:
        print_json(audit)
    else:
        _print_balance(audit, first)
    sys.exit(1 if audit.missing else 0)


def _span(day: datetime | None, since: datetime | None) -> tuple[datetime, datetime]:
    if day:
        midnight = day.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight, midnight + _DAY
    now = datetime.now(UTC)
    # The broker's clock may be ahead of this machine's.
    return since or (now - 7 * _DAY).replace(hour=0, minute=0, second=0, microsecond=0), now + _DAY


def _print_balance(audit: ReceiptBalance, since: datetime) -> None:
    if not audit.days:
        out.print(f"nothing was received since {since:%Y-%m-%d %H:%M} UTC")
        return
    print_table("receipts by day", _COLUMNS, map(_row, audit.days))
    stored: dict[str, int] = {}
    for day in audit.days:
        for kind, count in day.ended.items():
            stored[kind] = stored.get(kind, 0) + count
    out.print(counted({kind: stored.get(kind, 0) for kind in OutcomeKind}))
    if foreign := sum(day.foreign for day in audit.days):
        out.print(f"{foreign:,} more outcomes have receipts that are not in the journal")
    if audit.missing:
        rows = [(entry.receipt, entry.message_id, entry.at) for entry in audit.missing[:_ROWS]]
        out.print()
        print_table(f"{len(audit.missing)} missing", ("receipt", "message", "received"), rows)
        err.print("enqueue these articles again, under the same receipts", style="red")


def _row(day: DayBalance) -> tuple[object, ...]:
    dead = day.ended.get(OutcomeKind.DEAD, 0)
    stored = sum(day.ended.values()) - dead
    return (
        *(day.day, day.received, stored, dead),
        *(day.waiting, day.leased, day.undeliverable, day.missing),
    )
