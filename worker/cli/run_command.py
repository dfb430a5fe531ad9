"""`worker run`: start servers, ingest files, print the results and stop the servers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import click

from worker import bootstrap
from worker.broker import embedded
from worker.broker.pauses import lane_pauses
from worker.cli import EXIT_LOOK
from worker.cli.broker_access import broker_channel
from worker.cli.enqueue_command import push
from worker.cli.inputs import (
    SkippedInput,
    check_inputs,
    follow_links_option,
    nothing_to_read,
    skipped_rows,
    skipped_summary,
)
from worker.cli.run_printing import print_next, print_results, print_unseen, withdrawn_articles
from worker.cli.terminal import moment, out, print_json, progress, several, visible
from worker.client.producer import Producer
from worker.config.loader import load_config
from worker.config.worker_rules import load_worker_rules
from worker.errors import Unavailable
from worker.maintenance.reconcile import Reconciler
from worker.settings import Settings
from worker.store.ports import ClusteredStore, HoldingStore

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_interrupted = Event()

_POLL_S = 0.1
_ASKED_AT_ONCE = 500  # receipts in one query to the store


@click.command(epilog="Example: worker run seeds/ --exclude expected.jsonl")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--source", default="", help="Source id for articles that have none.")
@click.option("--exclude", multiple=True, help="File names to leave out of folders, as a glob.")
@follow_links_option
@click.option("--json", "as_json", is_flag=True, help="Print outcomes and dead letters as JSON.")
def run(
    paths: tuple[Path, ...],
    source: str,
    exclude: tuple[str, ...],
    follow_links: bool,
    as_json: bool,
) -> None:
    """Ingest files on this machine and print the outcome of each article.

    Starts the embedded broker, a server on this machine (unless WORKER_BROKER_URL is set), and a
    Celery worker, enqueues the files, waits until every article has its outcome, such as new or
    duplicate, and stops what it started.
    """
    settings = Settings.load()
    rules = load_worker_rules(settings.config_dir)
    check_inputs(paths)
    skipped: list[SkippedInput] = []
    _treat_termination_as_interrupt()
    store = bootstrap.store(settings)
    began, began_at = time.monotonic(), datetime.now(UTC)
    with _servers(settings), _celery(settings, rules.time.drain_s) as worker:
        with Producer(source=source) as producer:
            _, receipts = push(
                producer,
                paths,
                exclude,
                "bury",
                wait=True,
                skipped=skipped,
                follow_links=follow_links,
                before_each=_raise_if_interrupted,
            )
        held = _wait(store, receipts, worker, settings, stall_s=2 * rules.time.hard_limit_s)
        took_s = time.monotonic() - began
        if receipts:
            _repair_clusters(store, settings, began_at)
        listing = store.listing(receipts)
    letters = store.letters(_unique(o.letter_id for o, _ in listing if o.letter_id))
    if as_json:
        outcomes = [o for o, _ in listing]
        print_json(
            {
                "outcomes": outcomes,
                "dead_letters": letters,
                "skipped": skipped_rows(skipped),
                "held": held,
            }
        )
        return
    if receipts:
        withdrawn = withdrawn_articles(store, listing)
        print_results(listing, withdrawn, letters, took_s)
        print_unseen(listing, withdrawn)
    for line in filter(
        None, ("" if receipts else nothing_to_read(paths), skipped_summary(skipped))
    ):
        out.print(visible(line, one_line=True), markup=False, soft_wrap=True)
    if held:
        out.print(f"{several(held, 'article')} held: their source is paused; see `worker pause`")
    if receipts:
        print_next(listing)
    sys.exit(EXIT_LOOK if skipped and not receipts else 0)


def _treat_termination_as_interrupt() -> None:
    """Let SIGTERM and SIGHUP end the run as Ctrl-C does, so that every `finally` runs."""
    for number in _ENDINGS:
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: object) -> None:
    # Not raised here: Python discards exceptions in destructors and in callbacks from C.
    _interrupted.set()


def _raise_if_interrupted() -> None:
    if _interrupted.is_set():
        raise KeyboardInterrupt


@contextmanager
def _servers(settings: Settings) -> Iterator[None]:
    bootstrap.prepare_store(settings)
    started = False
    try:
        started = settings.embedded_broker and embedded.ensure(settings.var_dir)
        _refuse_paused_lane(settings)
        yield
    finally:
        if started:
            with _uninterrupted():
                embedded.stop(settings.var_dir)


def _refuse_paused_lane(settings: Settings) -> None:
    """Raise an error if no worker would take the articles of this run."""
    with broker_channel(settings) as (channel, queue):
        paused = lane_pauses(channel, queue)
    if "live" in paused:
        why = f"by {paused['live'].by or 'somebody'} {moment(paused['live'].at)}"
        raise click.ClickException(f"lane live was paused {why}; `worker resume live` ends that")


@contextmanager
def _celery(settings: Settings, drain_s: float) -> Iterator["subprocess.Popen[bytes]"]:
    """A context in which a process runs `celery -A worker worker`.

    At the end the process may finish its batches, and is killed after `drain_s` seconds.
    """
    command = [sys.executable, "-m", "celery", "-A", "worker", "worker"]
    command += ["--pool", "prefork", "--concurrency", str(settings.processes)]
    command += ["--without-gossip", "--without-mingle", "--loglevel", settings.log_level]
    command += ["--hostname", f"run-{os.getpid()}@%h"]
    worker: subprocess.Popen[bytes] | None = None
    try:
        with _log_file(settings).open("ab") as log:
            worker = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches only us, and we tell the worker to drain
            )
        yield worker
    finally:
        if worker:
            with _uninterrupted():
                _stop(worker, drain_s)


def _stop(worker: "subprocess.Popen[bytes]", drain_s: float) -> None:
    worker.terminate()
    try:
        worker.wait(drain_s)
    except subprocess.TimeoutExpired:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """A context that ignores SIGINT, SIGTERM and SIGHUP while started servers are stopped."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(
    store: HoldingStore,
    receipts: Sequence[str],
    worker: "subprocess.Popen[bytes]",
    settings: Settings,
    *,
    stall_s: float,
) -> int:
    """Wait until every receipt has an outcome, or is held because its source is paused.

    Returns how many are held. Raises Unavailable if the worker process ended, or if no outcome came
    for `stall_s` seconds.
    """
    pending, held = list(receipts), 0
    moved = time.monotonic()
    with progress("ingesting ") as bar:
        task = bar.add_task("", total=len(pending))
        while pending:
            _raise_if_interrupted()
            asked = pending[:_ASKED_AT_ONCE]
            kept = store.held.held_receipts(asked)
            held += len(kept)
            done = {*store.outcomes(asked), *kept}
            if done:
                pending = [receipt for receipt in pending if receipt not in done]
                bar.advance(task, len(done))
                moved = time.monotonic()
                continue
            if worker.poll() is not None:
                raise Unavailable("worker", _tail(settings, f"exited with {worker.returncode}"))
            if time.monotonic() - moved > stall_s:
                raise Unavailable("worker", _tail(settings, f"no outcome for {stall_s:.0f} s"))
            time.sleep(_POLL_S)
    return held


def _repair_clusters(store: ClusteredStore, settings: Settings, since: datetime) -> None:
    """Repair the clusters of copies in which an article was stored or edited since a date.

    Workers do so every half minute; a run has often ended before that.
    """
    rules = load_config(settings.config_dir).dedup
    with closing(bootstrap.index(settings, rules)) as index:
        for _ in Reconciler(store, index, rules, now=datetime.now(UTC)).run(since, twins=False):
            pass


def _log_file(settings: Settings) -> Path:
    return settings.var_dir / "worker.log"


def _tail(settings: Settings, what: str) -> str:
    log = _log_file(settings)
    lines = log.read_text("utf-8", "replace").splitlines()[-5:] if log.exists() else []
    return "\n  ".join([f"{what}; the end of {log}:", *lines])


def _unique(letter_ids: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(letter_ids))
