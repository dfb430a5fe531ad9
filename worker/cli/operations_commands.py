"""`worker config`, `worker migrate` and `worker down`: print settings, migrate, stop the broker."""

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from worker import bootstrap
from worker.broker import embedded
from worker.cli.terminal import err, out, print_json, progress, several, visible
from worker.config.rule_files import unread_files
from worker.maintenance.missed_counts import count_missed_outcomes
from worker.maintenance.tag_moves import move_old_tags
from worker.monitoring.config_values import effective_settings, flat_values, rule_values
from worker.settings import Settings, masked
from worker.store.ports import TagMovingStore

_AT_WORK_S = 30.0  # a worker touches its heartbeat file every 10 s


@click.command(epilog="Example: worker config --json | jq '.config.dedup'")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")
@click.option("--reference", "as_reference", is_flag=True, help="Print all keys as Markdown.")
def config(as_json: bool, as_reference: bool) -> None:
    """Print the settings and rules in force, and where each came from. Passwords are masked."""
    if as_reference:
        from worker.cli.config_reference import reference

        click.echo(reference(), nl=False)
        return
    from worker.config.loader import load_config  # cleaning and tagging cost 0.5 s to import

    settings = Settings.load()
    rules = load_config(settings.config_dir)
    origins = settings.origins()
    values = effective_settings(settings)
    if as_json:
        print_json(
            {
                "settings": {n: {"value": v, "from": origins[n]} for n, v in values.items()},
                "config": {n: rule_values(rules, n) for n in rules.files},
                "files": {n: str(path) for n, path in rules.files.items()},
                "unread": [str(path) for path in unread_files(rules.files, settings.config_dir)],
                "digest": rules.digest,
            }
        )
        return
    out.print("settings", style="bold")
    for name, value in values.items():
        out.print(f"  {name} = {value or '(unset)'}  [{origins[name]}]", markup=False)
    for name, path in rules.files.items():
        out.print(f"{name}", style="bold", end=" ")
        out.print(f"[{path}]", markup=False)
        for key, value in flat_values(rule_values(rules, name)):
            out.print(f"  {key} = {value}", markup=False, overflow="ellipsis", no_wrap=True)
    for path, meant in unread_files(rules.files, settings.config_dir).items():
        hint = f"; did you mean {meant}.toml?" if meant else ""
        out.print(f"not read: {path}{hint}", markup=False, soft_wrap=True)


@click.command("migrate", epilog="Example: WORKER_STORE_URL=postgresql+psycopg://… worker migrate")
@click.option("--dry-run", is_flag=True, help="Say what there is to do, and change nothing.")
def migrate_store(dry_run: bool) -> None:
    """Bring the store's schema up to date. Several processes may run it at the same time.

    The schema is the tables of the database; a new version of the worker may need other tables.
    Earlier versions did not count outcomes by hour, and stored tags in another form: this is made
    up for afterwards. Workers of both versions may run meanwhile, and it may be interrupted: the
    workers do the rest.
    """
    from worker.store.migrate import migrate, newest, revision, unmoved_tags

    settings = Settings.load()
    if dry_run:
        where = f"{masked(settings.store)} is at {revision(settings.store) or 'no migration'}"
        out.print(f"{where}, the newest is {newest()}", markup=False)
        articles = several(unmoved_tags(settings.store), "article")
        out.print(f"tags to move to their new form: those of {articles}")
        return
    if settings.embedded_store:
        settings.make_var_dir()
    out.print(f"{masked(settings.store)} is at {migrate(settings.store)}", markup=False)
    store = bootstrap.store(settings)
    if counted := count_missed_outcomes(store, datetime.now(UTC)):
        out.print(f"{several(counted, 'outcome')} of earlier versions counted by hour")
    _move_tags(store, unmoved_tags(settings.store))


def _move_tags(store: TagMovingStore, total: int) -> None:
    moved = 0
    with progress("moving tags") as bar:
        task = bar.add_task("moving tags", total=total)
        for articles in move_old_tags(store):
            moved += articles
            bar.update(task, completed=moved, total=max(total, moved))
    if moved:
        out.print(f"tags of {several(moved, 'article')} moved to their new form")


@click.command(epilog="Example: worker down")
def down() -> None:
    """Stop the embedded broker. Waiting messages are kept for its next start.

    The embedded broker is the server that the worker starts on this machine when WORKER_BROKER_URL
    names none. Workers that are still running are named: they wait until it runs again.
    """
    settings = Settings.load()
    stopped = embedded.stop(settings.var_dir)
    out.print("the embedded broker is stopped" if stopped else "no embedded broker is running")
    running = workers_at_work(settings) if settings.embedded_broker else []
    if running:
        names = visible(", ".join(running), one_line=True)
        warning = f"still running, and waiting for a broker: {names}; end them with SIGTERM"
        err.print(warning, style="yellow", markup=False, soft_wrap=True)


def workers_at_work(settings: Settings) -> list[str]:
    """Return the names of the workers on this machine that are running, because their heartbeat
    files in the var folder of these settings were touched a short time ago."""
    files = settings.var_dir.glob(settings.heartbeat("*").name)
    return sorted(file.stem for file in files if time.time() - _changed(file) < _AT_WORK_S)


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:  # the worker ended just now
        return 0.0
