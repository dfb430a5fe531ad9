"""`worker pause` and `worker resume`: hold a lane of the queue, or the articles of a source."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import click

from worker.broker import pauses
from worker.broker.batch_counters import LANES
from worker.broker.pauses import Pause, new_pause
from worker.cli.broker_access import broker_channel
from worker.cli.resources import opened_store
from worker.cli.status_reading import operator
from worker.cli.terminal import NotFound, err, moment, out, print_json, print_table, several
from worker.client.producer import Producer
from worker.errors import BadConfig, Unavailable
from worker.maintenance.resumption import resume_source
from worker.model.dataclass_fields import field_values
from worker.model.source_names import source_name
from worker.settings import Settings
from worker.store.held_values import HeldCount
from worker.store.ports import SourceReader

_LANES = f"[{'|'.join(LANES)}]"


@click.command(
    epilog="Examples: worker pause live --reason 'store moves' · worker pause --source wire"
)
@click.argument("lane", metavar=_LANES, required=False)
@click.option("--source", help="Pause the articles of this source instead of a lane.")
@click.option("--reason", default="", help="Why; it is kept and shown.")
@click.option("--force", is_flag=True, help="Pause a source that was never seen.")
@click.option("--json", "as_json", is_flag=True, help="Without a name: print pauses as JSON.")
def pause(lane: str | None, source: str | None, reason: str, force: bool, as_json: bool) -> None:
    """Let all workers take no more messages of a lane, or hold the articles of a source.

    A lane is a queue of the workers: live for new articles, bulk for floods, quarantine for
    messages that failed. Messages of a paused lane wait in the broker. Articles of a paused source
    are taken from the queue, also out of messages with other articles, and held in the store;
    withdrawals of the source are held, too. What workers have taken already is finished.

    A pause is in force within a second, on all hosts, and until `worker resume`. Workers of 0.2.0
    and before do not heed it; `worker doctor` names them. Without a name, the pauses are listed.
    """
    settings = Settings.load()
    if lane is None and source is None:
        if reason or force:
            raise click.UsageError(f"name a lane, {_LANES}, or a --source")
        _list(settings, as_json=as_json)
        return
    _check_names(lane, source, "pause")
    if as_json:
        raise click.UsageError("--json is for the list of pauses: call it without a name")
    asked = new_pause(operator(), reason, datetime.now(UTC))
    if source is not None:
        source = _seen_name(opened_store(), source, force=force)
    with broker_channel(settings) as (channel, queue):
        if source is not None:
            before = pauses.pause_source(channel, queue, source, asked)
            out.print(f"source {source} is paused: its articles are held", markup=False)
        else:
            before = pauses.pause_lane(channel, queue, lane or "", asked)
            out.print(f"lane {lane} is paused: its messages wait")
    if before:
        err.print(f"it was paused before, {_described(before)}", markup=False, soft_wrap=True)


@click.command(epilog="Examples: worker resume live · worker resume --source wire")
@click.argument("lane", metavar=_LANES, required=False)
@click.option("--source", help="Resume this source instead of a lane.")
def resume(lane: str | None, source: str | None) -> None:
    """Let workers take messages of a lane again, or return the held articles of a source.

    Held articles go back to the queue that they came from, oldest first. Articles that arrive
    meanwhile are held behind them. If the command is interrupted, call it again, or leave it to the
    workers: after a minute they go on with it. Exit code 1 when there is nothing to resume.
    """
    settings = Settings.load()
    if lane is None and source is None:
        raise click.UsageError(f"name a lane, {_LANES}, or a --source; `worker pause` lists pauses")
    _check_names(lane, source, "resume")
    if source is not None:
        _resume_source(settings, source)
        return
    with broker_channel(settings) as (channel, queue):
        ended = pauses.resume_lane(channel, queue, lane or "")
    if ended is None:
        raise NotFound(f"lane {lane} was not paused")
    out.print(f"lane {lane} is resumed; it was paused {_described(ended)}", markup=False)


def _resume_source(settings: Settings, source: str) -> None:
    store = opened_store()
    with ExitStack() as stack:
        channel, queue = stack.enter_context(broker_channel(settings))
        paused, counts = pauses.read_pauses(channel, queue).sources, store.held.counts()
        if source not in paused and source not in counts:  # it may be written in another way
            source = source_name(source)
        ended, held = paused.get(source), counts.get(source)
        if ended is None and held is None:
            raise NotFound(f"source {source} is not paused; `worker pause` lists what is")
        producer = stack.enter_context(Producer())
        returned = sum(resume_source(channel, queue, store, producer, source))
        again = pauses.read_pauses(channel, queue).sources.get(source)
    what = several(returned, "held article")
    if again:
        err.print(f"source {source} was paused again meanwhile, {_described(again)}", markup=False)
    else:
        out.print(f"source {source} is resumed: {what} went back to the queue", markup=False)


def _check_names(lane: str | None, source: str | None, command: str) -> None:
    if lane is not None and source is not None:
        raise click.UsageError("name a lane or a --source, not both")
    if lane is not None and lane not in LANES:
        quoted = shlex.quote(lane)
        raise click.UsageError(
            f"{lane!r} is no lane, which are {', '.join(LANES)}; for a source: "
            f"worker {command} --source {quoted}"
        )


def _seen_name(store: SourceReader, source: str, *, force: bool) -> str:
    """The name of a source as its articles have it. Raises NotFound for one that was never seen."""
    name = source_name(source)
    if not name:
        raise click.UsageError("the name of the --source is empty")
    if force or store.source(name) is not None:
        return name
    known = [seen.source for seen in store.sources()]
    close = get_close_matches(name, known, n=3)
    hint = f"did you mean {', '.join(close)}?" if close else "list them with `worker sources`"
    raise NotFound(f"no article of a source {name} was ever seen; {hint}; --force pauses it anyway")


def _list(settings: Settings, *, as_json: bool) -> None:
    with broker_channel(settings) as (channel, queue):
        found = pauses.read_pauses(channel, queue)
    held = _held()
    if as_json:
        print_json(
            {
                "lanes": _values(found.lanes),
                "sources": _values(found.sources),
                "held": {source: field_values(count) for source, count in held.items()},
            }
        )
        return
    rows = list(_rows(found, held))
    if rows:
        print_table("paused", ("what", "since", "by", "held", "reason"), rows)
    else:
        out.print("nothing is paused")


def _held() -> Mapping[str, HeldCount]:
    """The numbers of held articles; none, with a warning, while there is no store that answers."""
    try:
        return opened_store().held.counts()
    except (BadConfig, Unavailable) as e:
        err.print(f"{e}; held articles are not counted", markup=False, soft_wrap=True)
        return {}


def _values(found: Mapping[str, Pause]) -> dict[str, Any]:
    return {name: field_values(pause) for name, pause in found.items()}


def _rows(found: pauses.Pauses, held: Mapping[str, HeldCount]) -> Iterator[tuple[object, ...]]:
    for lane, pause in found.lanes.items():
        yield f"lane {lane}", pause.at, pause.by, "", pause.reason
    for source in sorted(found.sources.keys() | held.keys()):
        count = held[source].articles if source in held else 0
        if source in found.sources:
            known = found.sources[source]
            reason = f"{known.reason} (resuming)".strip() if known.resuming else known.reason
            yield f"source {source}", known.at, known.by, count, reason
        else:
            reason = "not paused: going back to the queue"
            yield f"source {source}", held[source].since, "", count, reason


def _described(known: Pause) -> str:
    reason = f": {known.reason}" if known.reason else ""
    return f"by {known.by or 'somebody'} {moment(known.at)}{reason}"
