"""`worker doctor`: check config, broker and store, and say how to mend each problem."""

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from worker import bootstrap
from worker.broker import embedded
from worker.broker.connection import BrokerConnection
from worker.broker.load_measurement import measure_load
from worker.broker.server_info import UNKNOWN, ServerInfo, server_info
from worker.broker.server_programs import OLDEST, remembered
from worker.celery import broker_url, make_app
from worker.cli.check_results import CheckResult, CheckState
from worker.cli.pause_checks import check_pauses
from worker.cli.store_growth import growth_sentence
from worker.cli.terminal import out, print_json, print_table, several, visible
from worker.config.loader import load_config
from worker.config.rule_files import unread_files
from worker.config.worker_rules import WorkerRules
from worker.dedup import DedupRules
from worker.errors import BadConfig, Unavailable
from worker.runtime.config_report import read_report
from worker.settings import Settings, masked
from worker.store.database.server_version import postgres_version
from worker.store.migrate import is_current, revision

_OLDEST_POSTGRES = 13  # the first version with xid8, which the change feed needs
_CLOCK_S = 5  # a larger difference shifts dates, order of ids and days of the ledger
_DISK_GB = 1  # SQLite needs room for its log beside the database
_HEARTBEATS = "*.heartbeat"  # see Settings.heartbeat
_FULL = 0.9


@click.command(epilog="Example: worker doctor --json | jq '.[] | select(.state == \"mend\")'")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Check config, broker and store, and say how to mend what is wrong.

    Nothing that is stored changes. The embedded broker is started to see whether it works, and
    stopped unless something else uses it by then. Exit code 1 when something must be mended.
    """
    results = list(run_checks(Settings.load()))
    if as_json:
        print_json(results)
    else:
        rows = ((f.state, f.what, f.found) for f in results)
        print_table("condition", ("state", "what", "detail"), rows)
        for result in results:
            if result.mend or result.state is CheckState.MEND:
                parts = filter(None, (result.what, result.found, result.mend))
                out.print(visible(": ".join(parts)), markup=False, soft_wrap=True)
    sys.exit(1 if any(f.state is CheckState.MEND for f in results) else 0)


def run_checks(settings: Settings) -> Iterator[CheckResult]:
    try:
        config = load_config(settings.config_dir)
    except BadConfig as e:
        yield from _worker_configs(settings)
        yield CheckResult(
            what="config", state=CheckState.MEND, found=str(e), mend="correct that file"
        )
        return
    yield from _worker_configs(settings, config.digest)
    yield CheckResult(what="config", state=CheckState.OK, found=f"valid, digest {config.digest}")
    for path, meant in unread_files(config.files, settings.config_dir).items():
        mend = f"rename it to {meant}.toml" if meant else "remove it, or rename it"
        found = f"{path} is not read"
        yield CheckResult(what="config file", state=CheckState.NOTE, found=found, mend=mend)
    yield from _broker_results(settings, config.worker)
    if settings.index_url:
        yield _index_result(settings, config.dedup)
    yield from _store_results(settings)


def _worker_configs(settings: Settings, digest: str = "") -> Iterator[CheckResult]:
    """Check the config of each running worker that uses the same folder var_dir.

    A result tells the version of the rules in force, why changed rules were refused, or that the
    worker has not taken up the config files yet. These have `digest`, "" if they are invalid.
    """
    for file in sorted(settings.var_dir.glob(settings.config_report("*").name)):
        report, node = read_report(file), file.name.removesuffix(".config.json")
        if report is None or not settings.heartbeat(node).exists():
            continue  # the worker has ended
        state, mend = CheckState.OK, ""
        detail = f"digest {report.digest}, tags of {report.tagger}"
        if report.refused:
            state, detail = CheckState.MEND, report.refused
            mend = "correct that file; until then the old rules stay in force"
        elif digest and report.digest != digest:
            state, detail = CheckState.NOTE, f"{detail}; the config files have digest {digest}"
            mend = (
                "the worker takes them up before its next batch; if it had one since, it was "
                "started with another WORKER_CONFIG_DIR"
            )
        yield CheckResult(what=f"rules of {node}", state=state, found=detail, mend=mend)


def _broker_results(settings: Settings, rules: WorkerRules) -> Iterator[CheckResult]:
    if not settings.embedded_broker:
        yield from _broker_checks(settings, rules)
        return
    with ExitStack() as stack:
        try:
            started = stack.enter_context(embedded.borrowed(settings.var_dir))
        except (BadConfig, Unavailable) as e:
            yield CheckResult(what="embedded server", state=CheckState.MEND, found=str(e))
            return
        detail = remembered(settings.var_dir) or "running"
        yield CheckResult(what="embedded server", state=CheckState.OK, found=detail)
        if started:
            detail = "embedded, was not running: started for this check and stopped afterwards"
            yield CheckResult(what="broker", state=CheckState.NOTE, found=detail)
        yield from _broker_checks(settings, rules)


def _broker_checks(settings: Settings, rules: WorkerRules) -> Iterator[CheckResult]:
    app = make_app(broker_url(settings), rules)
    link = BrokerConnection(app)
    try:
        with link.channel() as channel:
            info = server_info(channel)
            load = measure_load(channel, list(app.amqp.queues))
            paused = list(check_pauses(app, channel, rules.queue.name))
    except Unavailable as e:
        log = settings.var_dir / "broker.log"
        mend = (
            f"see {log}" if settings.embedded_broker else "start it, or correct WORKER_BROKER_URL"
        )
        yield CheckResult(what="broker", state=CheckState.MEND, found=str(e), mend=mend)
        return
    finally:
        link.close()
    yield _queue_result(settings, rules, load.waiting)
    yield from paused
    for result in check_server(info):
        # Advice on a memory limit is for operators who run their own broker.
        advice = result.mend and not (settings.embedded_broker and result.state is CheckState.NOTE)
        yield result if advice else replace(result, mend="")


def _queue_result(settings: Settings, rules: WorkerRules, waiting: int) -> CheckResult:
    """Note messages that wait while no worker with the same var folder is at work."""
    limit_s = 2 * rules.time.hard_limit_s
    ages = [time.time() - file.stat().st_mtime for file in settings.var_dir.glob(_HEARTBEATS)]
    found = f"{several(waiting, 'message')} waiting"
    if waiting and not any(age_s <= limit_s for age_s in ages):
        found += f", and no worker at work with {settings.var_dir}"
        mend = "start one: celery -A worker worker (or is it on another machine?)"
        return CheckResult(what="queue", state=CheckState.NOTE, found=found, mend=mend)
    return CheckResult(what="queue", state=CheckState.OK, found=found)


def check_server(info: ServerInfo) -> Iterator[CheckResult]:
    """Check a broker's version, persistence, eviction policy, memory and clock, a result each.

    `info` is what the broker says about itself. The eviction policy says whether it deletes
    messages when its memory is full.
    """
    if info.refusal:
        yield _check("permissions", False, info.refusal, info.unfit_because)
    if info.read_only:
        mend = "name its primary in WORKER_BROKER_URL, or make it one: REPLICAOF NO ONE"
        yield _check("writes", False, "a read-only replica, which takes no messages", mend)
    yield _version_result(info)
    yield _persistence_result(info)
    if info.policy == UNKNOWN:
        detail = "the broker does not tell its maxmemory-policy; it must be noeviction"
        yield CheckResult(what="eviction", state=CheckState.NOTE, found=detail)
    else:
        mend = "" if info.refusal else info.unfit_because
        yield _check("eviction", not info.evicts, info.policy, mend)
    yield _memory_result(info)
    yield _check(
        "clock",
        abs(info.clock_ahead_s) < _CLOCK_S,
        f"broker {info.clock_ahead_s:+.1f} s",
        "run NTP on both machines",
    )


def _version_result(info: ServerInfo) -> CheckResult:
    oldest = ".".join(map(str, OLDEST))
    version = tuple(int(part) for part in info.version.split(".")[:2] if part.isdigit())
    if not version:
        detail = f"the broker does not tell its version; {oldest} or newer is needed"
        return CheckResult(what="broker version", state=CheckState.NOTE, found=detail)
    mend = f"the transport needs {oldest} or newer"
    return _check("broker version", version >= OLDEST, f"{info.server} {info.version}", mend)


def _persistence_result(info: ServerInfo) -> CheckResult:
    if info.append_only is None:
        detail = "the broker does not tell whether it keeps an append-only file"
        return CheckResult(what="persistence", state=CheckState.NOTE, found=detail)
    mend = f"{info.set_option('appendonly', 'yes')}: otherwise a restart loses waiting messages"
    found = "append-only file" if info.append_only else "no append-only file"
    return _check("persistence", info.append_only, found, mend)


def _memory_result(info: ServerInfo) -> CheckResult:
    if info.used_bytes is None:
        detail = "the broker does not tell how much memory it uses"
        return CheckResult(what="memory", state=CheckState.NOTE, found=detail)
    used = f"{info.used_bytes / 2**20:,.0f} MB used"
    if not info.limit_bytes:
        how = info.set_option("maxmemory", "…")
        mend = f"{how}: without it the system kills the broker when memory is full"
        return CheckResult(
            what="memory", state=CheckState.NOTE, found=f"{used}, no limit", mend=mend
        )
    share = info.used_bytes / info.limit_bytes
    return _check(
        "memory",
        share < _FULL,
        f"{used} of {info.limit_bytes / 2**20:,.0f} MB, {share:.0%}",
        "start more workers, or give it more memory",
    )


def _index_result(settings: Settings, rules: DedupRules) -> CheckResult:
    try:
        bootstrap.probe(settings, "index", rules)
    except Unavailable as e:
        mend = "start it, or correct WORKER_INDEX_URL"
        return CheckResult(what="index", state=CheckState.MEND, found=str(e), mend=mend)
    return CheckResult(
        what="index", state=CheckState.OK, found=f"{masked(settings.index_url)} answers"
    )


def _store_results(settings: Settings) -> Iterator[CheckResult]:
    sqlite = make_url(settings.store).get_backend_name() == "sqlite"
    file = Path(make_url(settings.store).database or "")
    if sqlite:
        yield _disk_result(file)
    if sqlite and not file.exists():
        detail = f"{file} does not exist yet: " + (
            "a worker creates it" if settings.embedded_store else "worker migrate creates it"
        )
        yield CheckResult(what="store", state=CheckState.NOTE, found=detail)
        return
    try:
        current, at = is_current(settings.store), revision(settings.store)
        version = None if sqlite else postgres_version(settings.store)
    except (Unavailable, SQLAlchemyError) as e:
        mend = "start it, or correct WORKER_STORE_URL"
        yield CheckResult(what="store", state=CheckState.MEND, found=str(e), mend=mend)
        return
    yield CheckResult(what="store", state=CheckState.OK, found=f"{masked(settings.store)} answers")
    yield _check("schema", current, at or "empty", "run worker migrate")
    if current:
        yield _size_result(settings)
    if version:
        yield _check(
            "store version",
            version >= _OLDEST_POSTGRES,
            f"PostgreSQL {version}",
            f"{_OLDEST_POSTGRES} or newer is needed",
        )


def _size_result(settings: Settings) -> CheckResult:
    with closing(bootstrap.store(settings)) as store:
        growth = store.retention.growth(datetime.now(UTC), each_table=True)
    return CheckResult(what="size", state=CheckState.OK, found=growth_sentence(growth))


def _disk_result(file: Path) -> CheckResult:
    folder = next((f for f in file.absolute().parents if f.is_dir()), Path("/"))
    free_gb = shutil.disk_usage(folder).free / 1e9
    return _check(
        "disk", free_gb >= _DISK_GB, f"{free_gb:,.1f} GB free", f"make room below {folder}"
    )


def _check(what: str, good: bool, detail: str, mend: str) -> CheckResult:
    state = CheckState.OK if good else CheckState.MEND
    return CheckResult(what=what, state=state, found=detail, mend="" if good else mend)
