"""`worker sources`: what each source sends, when it was seen last, what its ids are worth."""

import click

from worker.cli.resources import opened_store
from worker.cli.source_learning import print_repeated, told
from worker.cli.terminal import NotFound, counted, moment, out, print_json, print_table, several
from worker.model.dataclass_fields import field_values
from worker.model.source_trust import SourceIds
from worker.settings import Settings
from worker.store.values import SourceSeen


@click.command(epilog="Examples: worker sources · worker sources wire --json")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
def sources(name: str | None, as_json: bool) -> None:
    """List sources, or tell of one: outcomes, dead letters, bad ids, and lines that it repeats.

    A source that leaves ids out, uses one for several stories or changes them, in more than 5 %
    of its articles, is distrusted: content has to confirm what an id says. Article ids never
    change by that. Lines that it repeats around its articles are learned and left out of them;
    cleaning.toml pins or refuses one. Exit code 1 when there is no such source.
    """
    store = opened_store()
    if name is None:
        _list(store.sources(), as_json=as_json)
        return
    found = store.source(name)
    if found is None:
        raise NotFound(f"no source {name}; list them with `worker sources`")
    repeated = told(name, store.removed_lines(name), Settings.load())
    if as_json:
        print_json({**field_values(found), "learned": repeated})
        return
    seen = found.source
    out.print(seen.source, style="bold", markup=False)
    out.print(f"  seen       {moment(seen.first_seen)} to {moment(seen.last_seen)}")
    out.print(f"  articles   {seen.ids.articles:,}, from {several(seen.receipts, 'receipt')}")
    out.print(f"  outcomes   {counted(found.outcomes)}")
    out.print(f"  dead       {counted(found.dead_letters)}")
    out.print(f"  ids        {_trust(seen.ids)}")
    print_repeated(repeated)


def _list(found: list[SourceSeen], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    columns = ("source", "last seen", "articles", "receipts", "dead", "ids")
    rows = (
        (s.source, s.last_seen, s.ids.articles, s.receipts, s.dead, _trust(s.ids)) for s in found
    )
    print_table(several(len(found), "source"), columns, rows)


def _trust(ids: SourceIds) -> str:
    bad = {"absent": ids.without_id, "reused": ids.reused_ids, "changed": ids.changed_ids}
    told = f" ({counted(bad)})" if any(bad.values()) else ""
    return ("distrusted" if ids.distrusted else "trusted") + told
