"""`worker ledger`: list the enqueued articles that have no outcome and are in no message."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from redis.exceptions import ResponseError

from worker import bootstrap
from worker.broker import embedded
from worker.broker.connection import BrokerConnection
from worker.broker.ledger_check import write_ledger_check
from worker.celery import broker_url, make_app
from worker.cli.search_commands import Since
from worker.cli.terminal import counted, err, out, print_json, print_table, several
from worker.client.receipt_journal import read_journal
from worker.config.worker_rules import WorkerRules, load_worker_rules
from worker.maintenance.receipt_audit import DayBalance, ReceiptBalance, balance
from worker.model.records import OutcomeKind
from worker.settings import Settings
from worker.store.ledger_values import LostMessages

_DAY = timedelta(days=1)
_ROWS = 50  # missing receipts that are printed; --json prints all
_COLUMNS = (
    *("day", "receipts", "stored", "dead", "waiting", "leased", "held", "undeliverable"),
    "missing",
)


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
    """Check that no enqueued article was lost: find each one in the store or in the broker.

    Each article that a Producer sent should be stored, a dead letter, held because its source is
    paused, or in a message in the broker. If some are missing, their receipts (ids) are listed and
    the exit code is 1; so it is for messages that the broker lost together with the note of their
    receipts, listed by producer and number. Articles that other clients sent have no such note;
    those with an outcome are counted as foreign. A check of the last 7 days or more is noted in the
    broker, where `worker status` finds it.
    """
    settings = Settings.load()
    rules = load_worker_rules(settings.config_dir)
    with _broker(settings):
        audit, first = _audit(settings, rules, day, since, journal)
    if as_json:
        print_json(audit)
    else:
        _print_balance(audit, first)
    sys.exit(1 if audit.missing or audit.lost else 0)


@contextmanager
def _broker(settings: Settings) -> Iterator[None]:
    """Let the embedded broker run for the check, if the settings name no other, and say so if it
    had to be started. It is stopped again then.

    Raises BadConfig if its folder has neither data of a broker nor a store.
    """
    if not settings.embedded_broker:
        yield
        return
    if not embedded.has_data(settings.var_dir):  # a wrong folder: start no broker in it
        settings.refuse_missing_store()
    with embedded.borrowed(settings.var_dir) as started:
        if started:
            err.print(
                f"the embedded broker in {settings.var_dir.absolute()} was down: it is started to "
                "count what waits in it, and stopped again",
                style="yellow",
                markup=False,
                soft_wrap=True,
            )
        yield


def _audit(
    settings: Settings,
    rules: WorkerRules,
    day: datetime | None,
    since: datetime | None,
    journal: Path | None,
) -> tuple[ReceiptBalance, datetime]:
    """Compare receipts with outcomes and messages. Returns also from which time on."""
    first, until = _span(day, since)
    app = make_app(broker_url(settings), rules)
    bootstrap.prepare_store(settings)
    connection, store = BrokerConnection(app), bootstrap.store(settings)
    expired = 0
    if journal and (sent := list(read_journal(journal))):
        compared = store.retention.compare_journal(sent)
        store.add_journal_entries(compared.undecided)
        expired = compared.expired
        first = since or day or min(first, *(entry.at for entry in sent))
    with connection.channel() as channel:
        audit = balance(
            channel, list(app.amqp.queues), store, first, until, grace_s=rules.ledger.grace_s
        )
        if day is None and first <= _span(None, None)[0]:
            _note(channel, rules.queue.name, audit)
    audit = replace(audit, expired=expired)
    store.close()
    connection.close()
    return audit, first


def _span(day: datetime | None, since: datetime | None) -> tuple[datetime, datetime]:
    if day:
        midnight = day.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight, midnight + _DAY
    now = datetime.now(UTC)
    # The broker's clock may be ahead of this machine's.
    return since or (now - 7 * _DAY).replace(hour=0, minute=0, second=0, microsecond=0), now + _DAY


def _note(channel: Any, queue: str, audit: ReceiptBalance) -> None:
    """Note the result in the broker, for `worker status` and alerts."""
    lost = sum(gap.count for gap in audit.lost)
    try:
        write_ledger_check(channel, queue, datetime.now(UTC), len(audit.missing), lost)
    except ResponseError as e:  # out of memory, a replica: the result is printed all the same
        err.print(f"the result is not noted for `worker status`: {e}", markup=False)


def _print_balance(audit: ReceiptBalance, since: datetime) -> None:
    if audit.expired:
        out.print(
            f"{several(audit.expired, 'article')} of the journal can't be looked up: they were "
            "sent so long ago that their outcomes are removed (worker retention)",
            soft_wrap=True,
        )
    if not audit.days and not audit.lost:
        out.print(f"nothing was received since {since:%Y-%m-%d %H:%M} UTC")
        return
    print_table("receipts by day", _COLUMNS, map(_row, audit.days))
    stored: dict[str, int] = {}
    for day in audit.days:
        for kind, count in day.ended.items():
            stored[kind] = stored.get(kind, 0) + count
    out.print(counted({kind: stored.get(kind, 0) for kind in OutcomeKind}))
    if foreign := sum(day.foreign for day in audit.days):
        out.print(
            f"{several(foreign, 'more article')} with an outcome came from other clients, which do "
            "not note what they send",
            soft_wrap=True,
        )
    if audit.missing:
        rows = [(entry.receipt, entry.message_id, entry.at) for entry in audit.missing[:_ROWS]]
        out.print()
        print_table(f"{len(audit.missing)} missing", ("receipt", "message", "received"), rows)
        err.print("enqueue these articles again, under the same receipts", style="red")
    if audit.lost:
        _print_lost(audit.lost)


def _print_lost(lost: list[LostMessages]) -> None:
    rows = [
        (gap.producer, f"{gap.first}-{gap.last}", gap.after or "", gap.before)
        for gap in lost[:_ROWS]
    ]
    count = sum(gap.count for gap in lost)
    out.print()
    columns = ("producer", "messages", "pushed after", "and before")
    print_table(f"{several(count, 'message')} lost with the journal", columns, rows)
    message = (
        "the broker acknowledged these messages and lost them with their journal entries, so their "
        "receipts are unknown: enqueue the articles of that time again. A journal of the "
        "producer's own, Producer(journal=…), lists the receipts"
    )
    err.print(message, style="red", soft_wrap=True)


def _row(day: DayBalance) -> tuple[object, ...]:
    dead = day.ended.get(OutcomeKind.DEAD, 0)
    stored = sum(day.ended.values()) - dead
    return (
        *(day.day, day.received, stored, dead),
        *(day.waiting, day.leased, day.held, day.undeliverable, day.missing),
    )
