"""`worker sources`: list sources and whether they are well, show one, snooze and wake."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from worker.broker import embedded
from worker.broker.pauses import NO_PAUSES
from worker.cli.later_times import Duration, LaterDate
from worker.cli.resources import opened_store
from worker.cli.source_health_printing import (
    health_cells,
    health_notes,
    health_object,
    print_health,
    print_nothing_arrives,
    title_of,
)
from worker.cli.sparkline import sparkline
from worker.cli.status_reading import running_broker
from worker.cli.terminal import (
    NotFound,
    counted,
    err,
    json_object,
    moment,
    out,
    print_json,
    print_table,
    several,
)
from worker.config.monitoring_rules import load_monitoring_rules
from worker.model.dataclass_fields import field_values
from worker.model.source_trust import SourceIds
from worker.monitoring.source_health import SourceHealth, worst_first
from worker.monitoring.source_reading import (
    oldest_waiting_s,
    paused_sources,
    read_source_health,
)
from worker.settings import Settings
from worker.store.hourly_values import FIRST_STORED
from worker.store.ports import ArticleStore
from worker.store.values import SourceSeen

HOURS = 24
NO_HOURS = (0,) * HOURS
_HELP = ("-h", "--help")
_COLUMNS = (
    *("source", "state", "last new", "due", "last polled", "articles", "new"),
    *("new by hour", "detail"),
)


class SourcesGroup(click.Group):
    """The command group `worker sources`, which lists or shows sources if no other command is
    named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *_HELP):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=SourcesGroup,
    epilog="Examples: worker sources · worker sources wire · worker sources snooze wire --for 2d",
)
def sources() -> None:
    """List sources, worst first: whether new articles come as they should. Show one, or snooze it.

    `worker sources [NAME] [--json]` is short for `worker sources show [NAME] [--json]`.
    """


@sources.command(epilog="Examples: worker sources · worker sources show wire --json")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def show(name: str | None, as_json: bool) -> None:
    """List sources, or show one: state, rhythm, outcomes, bad ids and repeated lines.

    A source is silent if no new article has come for longer than its rhythm of the last weeks
    explains, or if it is not polled any more; "due" is when something should have come. A source is
    new until it has delivered 20 articles in 14 days. "last new" is exact to an hour, and "last
    polled" is the last delivery of any kind.

    A source is distrusted when more than 5 % of its articles have no id, an id of another article
    or a changed id. From then on, two of its articles with the same id are taken for one article
    only if their content agrees too.

    Lines that the source repeats around its articles are learned and left out of them. The file
    cleaning.toml can name lines that are always left out (shown as pinned), and lines that are
    never left out (shown as refused).

    "articles" counts those that are stored. "new" counts those that came for the first time
    in the last 24 hours, also copies of other articles; edits, unchanged articles and dead letters
    are not among them. "new by hour" draws them by hour (UTC), the present one last; a dot is none.
    Exit code 1 when there is no such source.
    """
    store, now = opened_store(), datetime.now(UTC)
    health = {s.name: s for s in _judged(store, now)}
    if name is None:
        _list(store, health, now, as_json=as_json)
        return
    stored = store.source(name)
    if stored is None:
        raise NotFound(f"no source {name}; list them with `worker sources`")
    from worker.cli.source_learning import boilerplate_report, print_boilerplate

    seen = stored.source
    hours = store.last_hours_by_source(now, HOURS, kinds=FIRST_STORED, source=name).get(
        seen.source, NO_HOURS
    )
    report = boilerplate_report(name, store.removed_lines(name), Settings.load())
    if as_json:
        of_source = {"last_hours": hours, "learned": report, "health": None}
        if seen.source in health:
            of_source["health"] = health_object(health[seen.source])
        print_json({**field_values(stored), **of_source})
        return
    out.print(seen.source, style="bold", markup=False)
    out.print(f"  seen       {moment(seen.first_seen)} to {moment(seen.last_seen)}")
    out.print(f"  articles   {seen.ids.articles:,}, from {several(seen.receipts, 'receipt')}")
    out.print(f"  new        {several(sum(hours), 'article')} in 24 h  {sparkline(hours)}")
    out.print(f"  outcomes   {counted(stored.outcomes)}")
    out.print(f"  dead       {counted(stored.dead_letters)}")
    out.print(f"  ids        {_trust(seen.ids)}")
    if seen.source in health:
        print_health(health[seen.source], now)
    print_boilerplate(report)


@sources.command(epilog="Example: worker sources snooze wire --for 2d")
@click.argument("name")
@click.option("--for", "length", type=Duration(), help="For so long: 30m, 12h, 7d or 2w.")
@click.option("--until", type=LaterDate(), help="Until this time (UTC): 2026-12-01.")
def snooze(name: str, length: timedelta | None, until: datetime | None) -> None:
    """Let nobody be told about a source for a while, such as during a planned pause.

    The source is still judged and shown, with the time until which it is snoozed. It counts
    neither for alerts nor for "nothing arrives". Exit code 1 when there is no such source.
    """
    if (length is None) == (until is None):
        raise click.UsageError("say how long: either --for or --until")
    end = until or datetime.now(UTC) + (length or timedelta())
    if not opened_store().snooze_source(name, end):
        raise NotFound(f"no source {name}; list them with `worker sources`")
    out.print(f"{name} is snoozed until {moment(end)}", markup=False)


@sources.command(epilog="Example: worker sources wake wire")
@click.argument("name")
def wake(name: str) -> None:
    """End the snooze of a source: it counts for alerts again.

    Exit code 1 when there is no such source.
    """
    store = opened_store()
    if store.wake_source(name):
        out.print(f"{name} is not snoozed any more", markup=False)
        return
    if store.source(name) is None:
        raise NotFound(f"no source {name}; list them with `worker sources`")
    out.print(f"{name} was not snoozed", markup=False)


def _judged(store: ArticleStore, now: datetime) -> list[SourceHealth]:
    """Judge all sources. What waits on the queues is no silence, and paused sources are no silent
    ones. While the broker does not answer, they are judged as of the last delivery of any."""
    settings, broker = Settings.load(), None
    waits_s: float | None = 0.0
    if not settings.embedded_broker or embedded.is_running(settings.var_dir):
        broker = running_broker(settings)
        waits_s = oldest_waiting_s(broker)
        if broker is None:
            note = "the broker does not answer: sources are judged as of the last delivery of any"
            err.print(note, style="yellow")
    paused = paused_sources(broker.pauses if broker else NO_PAUSES, store.held.counts())
    planned = load_monitoring_rules(settings.config_dir).attention.planned_pauses
    return read_source_health(store, now, oldest_waiting_s=waits_s, paused=paused, planned=planned)


def _list(
    store: ArticleStore, health: dict[str, SourceHealth], now: datetime, *, as_json: bool
) -> None:
    seen = {source.source: source for source in store.sources()}
    by_hour = store.last_hours_by_source(now, HOURS, kinds=FIRST_STORED)
    # A source that was added between the two readings is left out.
    listed = [h for h in worst_first(health.values()) if h.name in seen]
    if as_json:
        print_json(
            [
                json_object(seen[h.name])
                | {"last_hours": by_hour.get(h.name, NO_HOURS), "health": health_object(h)}
                for h in listed
            ]
        )
        return
    attention = load_monitoring_rules(Settings.load().config_dir).attention
    print_nothing_arrives(listed, attention.silent_share)
    rows = [_row(h, seen[h.name], by_hour.get(h.name, NO_HOURS), now) for h in listed]
    print_table(title_of(listed), _COLUMNS, rows)


def _row(
    health: SourceHealth, seen: SourceSeen, hours: Sequence[int], now: datetime
) -> tuple[object, ...]:
    ids = [f"ids {_trust(seen.ids)}"] if seen.ids.distrusted else []
    detail = ", ".join([*health_notes(health), *ids])
    numbers = (seen.ids.articles, sum(hours), sparkline(hours))
    return (seen.source, *health_cells(health, now), *numbers, detail)


def _trust(ids: SourceIds) -> str:
    bad = {"absent": ids.without_id, "reused": ids.reused_ids, "changed": ids.changed_ids}
    counts = f" ({counted(bad)})" if any(bad.values()) else ""
    return ("distrusted" if ids.distrusted else "trusted") + counts
