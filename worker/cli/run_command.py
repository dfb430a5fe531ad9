"""`worker run`: start servers, ingest files, print the results and stop the servers."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from worker.cli.terminal import (
    counted,
    moment,
    out,
    print_json,
    print_table,
    progress,
    several,
    visible,
)
from worker.client.producer import Producer
from worker.config.worker_rules import load_worker_rules
from worker.errors import Unavailable
from worker.model.records import Outcome, OutcomeKind
from worker.settings import Settings
from worker.store.dead_letter_values import StoredDeadLetter
from worker.store.ports import ArticleReader, HoldingStore
from worker.store.values import SearchHit

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_interrupted = Event()

_POLL_S = 0.1
_ASKED_AT_ONCE = 500  # receipts in one query to the store
_ROWS = 200  # rows of the printed table; --json prints all
_COLUMNS = ("title", "source", "verdict", "cluster", "language", "tags", "words")
_LETTER_COLUMNS = ("detail", "reason", "source", "seen", "letter")

Listing = Sequence[tuple[Outcome, SearchHit | None]]


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
    began = time.monotonic()
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
        _print_results(listing, letters, took_s)
        _print_unseen(store, [o for o, _ in listing if o.kind is OutcomeKind.WITHDRAWN])
    for line in filter(
        None, ("" if receipts else nothing_to_read(paths), skipped_summary(skipped))
    ):
        out.print(visible(line, one_line=True), markup=False, soft_wrap=True)
    if held:
        out.print(f"{several(held, 'article')} held: their source is paused; see `worker pause`")
    if receipts:
        _print_next(listing)
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


def _log_file(settings: Settings) -> Path:
    return settings.var_dir / "worker.log"


def _tail(settings: Settings, what: str) -> str:
    log = _log_file(settings)
    lines = log.read_text("utf-8", "replace").splitlines()[-5:] if log.exists() else []
    return "\n  ".join([f"{what}; the end of {log}:", *lines])


def _print_results(listing: Listing, letters: Sequence[StoredDeadLetter], took_s: float) -> None:
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


def _print_unseen(store: ArticleReader, withdrawn: Sequence[Outcome]) -> None:
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


def _print_next(stored: Listing) -> None:
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


def _unique(letter_ids: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(letter_ids))
