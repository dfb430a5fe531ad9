"""`worker sources`: list sources with outcomes, trust in their ids, and repeated lines."""

from datetime import UTC, datetime

import click

from worker.cli.resources import opened_store
from worker.cli.source_learning import boilerplate_report, print_boilerplate
from worker.cli.sparkline import sparkline
from worker.cli.terminal import (
    NotFound,
    counted,
    json_object,
    moment,
    out,
    print_json,
    print_table,
    several,
)
from worker.model.dataclass_fields import field_values
from worker.model.records import OutcomeKind
from worker.model.source_trust import SourceIds
from worker.settings import Settings
from worker.store.values import SourceSeen

HOURS = 24
NO_HOURS = (0,) * HOURS
REPEATED = (OutcomeKind.UNCHANGED,)  # a poller sends what it has sent before


@click.command(epilog="Examples: worker sources · worker sources wire --json")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def sources(name: str | None, as_json: bool) -> None:
    """List sources, or show one: outcomes, dead letters, bad ids and repeated lines.

    A source is distrusted when more than 5 % of its articles have no id, an id of another article
    or a changed id. From then on, two of its articles with the same id are taken for one article
    only if their content agrees too.

    Lines that the source repeats around its articles are learned and left out of them. The file
    cleaning.toml can name lines that are always left out (shown as pinned), and lines that are
    never left out (shown as refused).

    "last 24 h" draws the number of articles in each of the last 24 hours (UTC), the present hour
    last. Articles that came again unchanged are not counted, and a dot is an hour without articles.
    Exit code 1 when there is no such source.
    """
    store, now = opened_store(), datetime.now(UTC)
    if name is None:
        by_hour = store.last_hours_by_source(now, HOURS, without=REPEATED)
        _list(store.sources(), by_hour, as_json=as_json)
        return
    stored = store.source(name)
    if stored is None:
        raise NotFound(f"no source {name}; list them with `worker sources`")
    hours = store.last_hours_by_source(now, HOURS, without=REPEATED, source=name).get(
        stored.source.source, NO_HOURS
    )
    report = boilerplate_report(name, store.removed_lines(name), Settings.load())
    if as_json:
        print_json({**field_values(stored), "last_hours": hours, "learned": report})
        return
    seen = stored.source
    out.print(seen.source, style="bold", markup=False)
    out.print(f"  seen       {moment(seen.first_seen)} to {moment(seen.last_seen)}")
    out.print(f"  articles   {seen.ids.articles:,}, from {several(seen.receipts, 'receipt')}")
    out.print(f"  last 24 h  {several(sum(hours), 'article')}  {sparkline(hours)}")
    out.print(f"  outcomes   {counted(stored.outcomes)}")
    out.print(f"  dead       {counted(stored.dead_letters)}")
    out.print(f"  ids        {_trust(seen.ids)}")
    print_boilerplate(report)


def _list(
    sources_: list[SourceSeen], by_hour: dict[str, tuple[int, ...]], *, as_json: bool
) -> None:
    listed = [(source, by_hour.get(source.source, NO_HOURS)) for source in sources_]
    if as_json:
        print_json([json_object(source) | {"last_hours": hours} for source, hours in listed])
        return
    columns = ("source", "last seen", "articles", "receipts", "dead", "24 h", "last 24 h", "ids")
    rows = (
        (
            *(s.source, s.last_seen, s.ids.articles, s.receipts, s.dead),
            *(sum(hours), sparkline(hours), _trust(s.ids)),
        )
        for s, hours in listed
    )
    print_table(several(len(sources_), "source"), columns, rows)


def _trust(ids: SourceIds) -> str:
    bad = {"absent": ids.without_id, "reused": ids.reused_ids, "changed": ids.changed_ids}
    counts = f" ({counted(bad)})" if any(bad.values()) else ""
    return ("distrusted" if ids.distrusted else "trusted") + counts
