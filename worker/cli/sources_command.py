"""`worker sources`: list sources with outcomes, trust in their ids, and repeated lines."""

import click

from worker.cli.resources import opened_store
from worker.cli.source_learning import boilerplate_report, print_boilerplate
from worker.cli.terminal import NotFound, counted, moment, out, print_json, print_table, several
from worker.model.dataclass_fields import field_values
from worker.model.source_trust import SourceIds
from worker.settings import Settings
from worker.store.values import SourceSeen


@click.command(epilog="Examples: worker sources · worker sources wire --json")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def sources(name: str | None, as_json: bool) -> None:
    """List sources, or show one: outcomes, dead letters, bad ids and repeated lines.

    A source is distrusted when more than 5 % of its articles have no id, an id of another article
    or a changed id. From then on, two of its articles with the same id are taken for one article
    only if their content agrees too. Lines that the source repeats around its articles are learned
    and left out of them; cleaning.toml can name lines that are always left out (pinned) or never
    (refused). Exit code 1 when there is no such source.
    """
    store = opened_store()
    if name is None:
        _list(store.sources(), as_json=as_json)
        return
    stored = store.source(name)
    if stored is None:
        raise NotFound(f"no source {name}; list them with `worker sources`")
    report = boilerplate_report(name, store.removed_lines(name), Settings.load())
    if as_json:
        print_json({**field_values(stored), "learned": report})
        return
    seen = stored.source
    out.print(seen.source, style="bold", markup=False)
    out.print(f"  seen       {moment(seen.first_seen)} to {moment(seen.last_seen)}")
    out.print(f"  articles   {seen.ids.articles:,}, from {several(seen.receipts, 'receipt')}")
    out.print(f"  outcomes   {counted(stored.outcomes)}")
    out.print(f"  dead       {counted(stored.dead_letters)}")
    out.print(f"  ids        {_trust(seen.ids)}")
    print_boilerplate(report)


def _list(sources_: list[SourceSeen], *, as_json: bool) -> None:
    if as_json:
        print_json(sources_)
        return
    columns = ("source", "last seen", "articles", "receipts", "dead", "ids")
    rows = (
        (s.source, s.last_seen, s.ids.articles, s.receipts, s.dead, _trust(s.ids)) for s in sources_
    )
    print_table(several(len(sources_), "source"), columns, rows)


def _trust(ids: SourceIds) -> str:
    bad = {"absent": ids.without_id, "reused": ids.reused_ids, "changed": ids.changed_ids}
    counts = f" ({counted(bad)})" if any(bad.values()) else ""
    return ("distrusted" if ids.distrusted else "trusted") + counts
