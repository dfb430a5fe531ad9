"""`worker doctor`: what must be mended before this loses or refuses articles, and how."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path

import click
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from worker import bootstrap
from worker.broker import embedded
from worker.broker.connection import BrokerConnection
from worker.broker.server_info import EVICTS, ServerInfo, server_info
from worker.broker.server_programs import OLDEST, remembered
from worker.celery import broker_url, make_app
from worker.cli.terminal import out, print_json, print_table, visible
from worker.config.loader import load_config
from worker.config.worker_rules import WorkerRules
from worker.dedup import DedupRules
from worker.errors import BadConfig, Unavailable
from worker.model.admission import Frozen
from worker.runtime.config_report import read_report
from worker.settings import Settings, masked
from worker.store.database.server_version import postgres_version
from worker.store.migrate import is_current, revision

_OLDEST_POSTGRES = 13  # xid8, which the change feed reads
_CLOCK_S = 5  # dates in the future, ids out of order and days of the ledger are off by this much
_DISK_GB = 1  # SQLite needs room for its log beside the database
_FULL = 0.9


class State(StrEnum):
    OK = "ok"
    NOTE = "note"  # works; somebody should know
    MEND = "mend"


class Finding(Frozen):
    what: str
    state: State
    found: str
    mend: str = ""


@click.command(epilog="Example: worker doctor --json | jq '.[] | select(.state == \"mend\")'")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Check config, broker and store, and say how to mend what is wrong.

    Changes nothing that is stored. The embedded broker is started to see whether it comes up, and
    stopped again unless somebody uses it. Exit code 1 when something must be mended.
    """
    findings = list(examine(Settings.load()))
    if as_json:
        print_json(findings)
    else:
        rows = ((f.state, f.what, f.found) for f in findings)
        print_table("condition", ("state", "what", "detail"), rows)
        for finding in findings:
            if finding.mend or finding.state is State.MEND:
                parts = filter(None, (finding.what, finding.found, finding.mend))
                out.print(visible(": ".join(parts)), markup=False, soft_wrap=True)
    sys.exit(1 if any(f.state is State.MEND for f in findings) else 0)


def examine(settings: Settings) -> Iterator[Finding]:
    yield from _in_force(settings)
    try:
        config = load_config(settings.config_dir)
    except BadConfig as e:
        yield Finding(what="config", state=State.MEND, found=str(e), mend="correct that file")
        return
    yield Finding(what="config", state=State.OK, found=f"valid, digest {config.digest}")
    yield from _broker(settings, config.worker)
    if settings.index_url:
        yield _index(settings, config.dedup)
    yield from _store(settings)


def _in_force(settings: Settings) -> Iterator[Finding]:
    """What the workers that share our var_dir say of their config."""
    for file in sorted(settings.var_dir.glob(settings.config_report("*").name)):
        report, node = read_report(file), file.name.removesuffix(".config.json")
        if report is None or not settings.heartbeat(node).exists():
            continue  # it has ended
        mend = "correct that file; until then the old rules stay in force" if report.refused else ""
        found = report.refused or f"digest {report.digest}, tags of {report.tagger}"
        state = State.MEND if report.refused else State.OK
        yield Finding(what=f"rules of {node}", state=state, found=found, mend=mend)


def _broker(settings: Settings, rules: WorkerRules) -> Iterator[Finding]:
    if not settings.embedded_broker:
        yield from _answering(settings, rules)
        return
    with ExitStack() as stack:
        try:
            started = stack.enter_context(embedded.borrowed(settings.var_dir))
        except (BadConfig, Unavailable) as e:
            yield Finding(what="embedded server", state=State.MEND, found=str(e))
            return
        found = remembered(settings.var_dir) or "running"
        yield Finding(what="embedded server", state=State.OK, found=found)
        if started:
            found = "embedded, was not running: started for this look, and stopped after it"
            yield Finding(what="broker", state=State.NOTE, found=found)
        yield from _answering(settings, rules)


def _answering(settings: Settings, rules: WorkerRules) -> Iterator[Finding]:
    link = BrokerConnection(make_app(broker_url(settings), rules))
    try:
        with link.channel() as channel:
            its = server_info(channel)
    except Unavailable as e:
        log = settings.var_dir / "broker.log"
        mend = (
            f"see {log}" if settings.embedded_broker else "start it, or correct WORKER_BROKER_URL"
        )
        yield Finding(what="broker", state=State.MEND, found=str(e), mend=mend)
        return
    finally:
        link.close()
    for finding in judge(its):
        # A limit for memory is for who set the broker up.
        advice = finding.mend and not (settings.embedded_broker and finding.state is State.NOTE)
        yield finding if advice else finding.model_copy(update={"mend": ""})


def judge(its: ServerInfo) -> Iterator[Finding]:
    """What a broker's condition means."""
    oldest = ".".join(map(str, OLDEST))
    version = tuple(int(part) for part in its.version.split(".")[:2])
    yield _finding(
        "broker version",
        version >= OLDEST,
        f"{its.server} {its.version}",
        f"the transport needs {oldest} or newer",
    )
    yield _finding(
        "persistence",
        its.append_only,
        "append-only file" if its.append_only else "no append-only file",
        "CONFIG SET appendonly yes, and the same in its configuration file: else a restart "
        "forgets what waits",
    )
    evicts = EVICTS.format(policy=its.policy)
    yield _finding("eviction", its.policy == "noeviction", its.policy, evicts)
    yield _memory(its)
    yield _finding(
        "clock",
        abs(its.clock_ahead_s) < _CLOCK_S,
        f"broker {its.clock_ahead_s:+.1f} s",
        "run NTP on both machines",
    )


def _memory(its: ServerInfo) -> Finding:
    used = f"{its.used_bytes / 2**20:,.0f} MB used"
    if not its.limit_bytes:
        mend = "CONFIG SET maxmemory …: without it the system kills the broker when memory is full"
        return Finding(what="memory", state=State.NOTE, found=f"{used}, no limit", mend=mend)
    share = its.used_bytes / its.limit_bytes
    return _finding(
        "memory",
        share < _FULL,
        f"{used} of {its.limit_bytes / 2**20:,.0f} MB, {share:.0%}",
        "start more workers, or give it more memory",
    )


def _index(settings: Settings, rules: DedupRules) -> Finding:
    try:
        bootstrap.probe(settings, "index", rules)
    except Unavailable as e:
        mend = "start it, or correct WORKER_INDEX_URL"
        return Finding(what="index", state=State.MEND, found=str(e), mend=mend)
    return Finding(what="index", state=State.OK, found=f"{masked(settings.index_url)} answers")


def _store(settings: Settings) -> Iterator[Finding]:
    sqlite = make_url(settings.store).get_backend_name() == "sqlite"
    file = Path(make_url(settings.store).database or "")
    if sqlite:
        yield _disk(file)
    if sqlite and not file.exists():
        found = f"{file} is not there yet: " + (
            "a worker makes it" if settings.embedded_store else "worker migrate makes it"
        )
        yield Finding(what="store", state=State.NOTE, found=found)
        return
    try:
        current, at = is_current(settings.store), revision(settings.store)
        version = None if sqlite else postgres_version(settings.store)
    except (Unavailable, SQLAlchemyError) as e:
        mend = "start it, or correct WORKER_STORE_URL"
        yield Finding(what="store", state=State.MEND, found=str(e), mend=mend)
        return
    yield Finding(what="store", state=State.OK, found=f"{masked(settings.store)} answers")
    yield _finding("schema", current, at or "empty", "run worker migrate")
    if version:
        yield _finding(
            "store version",
            version >= _OLDEST_POSTGRES,
            f"PostgreSQL {version}",
            f"{_OLDEST_POSTGRES} or newer is needed",
        )


def _disk(file: Path) -> Finding:
    folder = next((f for f in file.absolute().parents if f.is_dir()), Path("/"))
    free_gb = shutil.disk_usage(folder).free / 1e9
    return _finding(
        "disk", free_gb >= _DISK_GB, f"{free_gb:,.1f} GB free", f"make room below {folder}"
    )


def _finding(what: str, good: bool, found: str, mend: str) -> Finding:
    state = State.OK if good else State.MEND
    return Finding(what=what, state=state, found=found, mend="" if good else mend)
