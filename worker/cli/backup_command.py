"""`worker backup` and `worker restore`: copy everything to a folder, and put it back."""

import shlex
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import click

from worker import bootstrap
from worker.broker import embedded
from worker.broker.connection import BrokerConnection
from worker.celery import broker_url, make_app
from worker.cli.terminal import err, out, print_json, progress, several
from worker.config.loader import load_config
from worker.config.worker_rules import WorkerRules, load_worker_rules
from worker.maintenance.backup import (
    BackedUpSystem,
    OnPart,
    check_backup,
    make_backup,
    mark_index_incomplete,
    occupied,
    refuse_workers,
    restore_backup,
)
from worker.maintenance.backup_manifest import Manifest
from worker.settings import Settings, masked

_REPLY_S = 120.0  # for a dump of a long queue
_FOLDER = click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON.")


@click.command(epilog="Example: worker backup /backups/monday --journal /var/poller/sent.jsonl")
@_FOLDER
@click.option(
    "--journal",
    "journals",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also copy a producer's own journal; may be given several times.",
)
@_JSON
def backup(folder: Path, journals: tuple[Path, ...], as_json: bool) -> None:
    """Copy the store, the queue and producers' journals to a new folder, while all goes on.

    SQLite is copied by VACUUM INTO, PostgreSQL by pg_dump, the broker key by key. The queue comes
    before the store and the journals come last, so that an article which is processed meanwhile is
    in both copies and not in none. The folder gets a manifest with checksums, and is readable by
    this user only. Rule files are not in it.
    """
    settings = Settings.load()
    settings.refuse_missing_store()
    left_out = ["rule files (WORKER_CONFIG_DIR)"]
    if settings.index_url:
        left_out.append(f"the index at {masked(settings.index_url)}: `worker index rebuild`")
    if not journals:
        left_out.append("journals of producers: --journal FILE")
    with _system(settings, borrow=True) as system, _bar() as on_part:
        manifest = make_backup(system, folder, journals, left_out, on_part)
    if as_json:
        print_json(manifest)
        return
    files, size = several(len(manifest.files), "file"), f"{manifest.bytes / 1e6:,.1f} MB"
    out.print(f"{folder}: {files}, {size}, {several(manifest.keys, 'key')} of the broker")
    for what in manifest.left_out:
        out.print(f"not in it: {what}", markup=False, soft_wrap=True)


@click.command(epilog="Example: worker restore /backups/monday --dry-run")
@_FOLDER
@click.option("--yes", is_flag=True, help="Replace a store and a broker that are not empty.")
@click.option("--dry-run", is_flag=True, help="Check the backup, and say what would be replaced.")
@_JSON
def restore(folder: Path, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Put a backup back: the store and the broker that the settings name become what it holds.

    Stop all workers first. The checksums are compared before anything changes. A store or broker
    that is not empty is only replaced with --yes. Afterwards `worker ledger --journal FILE` lists
    what a producer sent after the backup, and which must be sent again. What was processed twice
    has no effect.
    """
    settings = Settings.load()
    with _bar() as on_part:
        manifest = check_backup(folder, settings.store, on_part)
    with _system(settings, borrow=dry_run) as system:
        replaced = occupied(system, folder / manifest.store_file)
        if not dry_run:
            refuse_workers(system)
            if replaced and not yes:
                raise click.UsageError(f"there are {' and '.join(replaced)}: --yes replaces them")
            with _bar() as on_part:
                restore_backup(system, folder, manifest, on_part)
            if not settings.index_url:
                rules = load_config(settings.config_dir).dedup
                with closing(bootstrap.index(settings, rules)) as index:
                    mark_index_incomplete(index)
    if as_json:
        print_json({"restored": not dry_run, "replaces": replaced, "manifest": manifest})
    else:
        _print_restored(folder, manifest, replaced, dry_run=dry_run)


def _print_restored(
    folder: Path, manifest: Manifest, replaced: list[str], *, dry_run: bool
) -> None:
    made = f"the backup of {manifest.finished:%Y-%m-%d %H:%M:%S} UTC"
    if dry_run:
        what = " and ".join(replaced) or "nothing: store and broker are empty"
        out.print(f"{made} is whole; a restore replaces {what}; nothing is changed yet")
        return
    out.print(f"{made} is restored: {several(manifest.keys, 'key')} of the broker, and the store")
    for what in manifest.left_out:
        out.print(f"not restored: {what}", markup=False, soft_wrap=True)
    for name in manifest.journals:
        journal = shlex.quote(str(folder / name))
        out.print(f"what was sent since: worker ledger --journal {journal}", soft_wrap=True)
    err.print(
        "what producers sent after the backup is missing: `worker ledger --journal FILE` with the "
        "journal of each producer lists it; send it again",
        style="yellow",
        soft_wrap=True,
    )


@contextmanager
def _system(settings: Settings, *, borrow: bool) -> Iterator[BackedUpSystem]:
    """Yield the broker and the store of the settings. The embedded broker is started for it; with
    `borrow`, it is stopped again afterwards."""
    rules = load_worker_rules(settings.config_dir)
    with ExitStack() as stack:
        if settings.embedded_broker:
            settings.make_var_dir()
            if borrow:
                stack.enter_context(embedded.borrowed(settings.var_dir))
            else:
                embedded.ensure(settings.var_dir)
        yield stack.enter_context(_opened(settings, rules))


@contextmanager
def _opened(settings: Settings, rules: WorkerRules) -> Iterator[BackedUpSystem]:
    app = make_app(broker_url(settings), rules)
    queues = list(dict.fromkeys((rules.queue.name, *app.amqp.queues)))
    broker = BrokerConnection(app, reply_s=_REPLY_S)
    try:
        yield BackedUpSystem(broker=broker, queues=queues, store_url=settings.store)
    finally:
        broker.close()


@contextmanager
def _bar() -> Iterator[OnPart]:
    """Show how many keys and bytes are done, a line for each part of the work."""
    with progress("{task.description}") as bar:
        tasks = {}

        def show(part: str, count: int) -> None:
            if part not in tasks:
                tasks[part] = bar.add_task(part, total=None)
            bar.advance(tasks[part], count)

        yield show
