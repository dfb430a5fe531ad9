"""`worker cluster`: show clusters, groups of articles that are copies; split, merge or pin them."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from worker.clean.lines.original_publisher import Publisher, original_publisher, publisher_of
from worker.cli.reconcile_command import print_moves
from worker.cli.resources import opened_index, opened_store
from worker.cli.terminal import (
    NotFound,
    json_object,
    moment,
    out,
    print_json,
    print_table,
    several,
    yes_option,
)
from worker.config.loader import load_config
from worker.model.short_ids import short_id
from worker.settings import Settings
from worker.store.cluster_values import ClusterMove, Member, MoveReason, Sighting
from worker.store.ports import ClusterEditStore, RecordReader

_SIGHTINGS = 50  # shown
_ASKED = 200  # first members whose text is searched for the original publisher


class _Group(click.Group):
    """The group `worker cluster`, in which `worker cluster ID` means `worker cluster show ID`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args.insert(0, "show")
        return super().parse_args(ctx, args)


@click.group(
    cls=_Group,
    epilog="Examples: worker cluster 3f2a91 · worker cluster split 3f2a91 --note 'other match'",
)
def cluster() -> None:
    """Show a cluster by any of its articles; split, merge or pin by hand.

    A cluster is a group of articles that are copies of each other. Changes by hand are recorded.
    Later revisions of an article, `worker reconcile` and a rebuild of the index do not undo them.
    """


_yes = yes_option("done")
_note = click.option("--note", default="", help="The reason; it is stored with the change.")


@cluster.command(epilog="Example: worker cluster 3f2a91 --json")
@click.argument("article_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the cluster as JSON.")
def show(article_id: str, as_json: bool) -> None:
    """Show one cluster, a group of copies: its articles, and when each was received.

    Also shown: which article is canonical (the one that stands for the others), which articles
    came from or went to other clusters, and the original publisher that they name.
    """
    store = opened_store()
    chosen = _member(store, article_id)
    members = store.clusters.members_of([chosen.cluster_id])
    ids = [member.article_id for member in members]
    moves, sightings = store.clusters.moves(ids), store.clusters.sightings(ids)
    publisher = _publisher(store, ids)
    if as_json:
        hidden = {"fingerprint", "seq", "revision_id"}
        shown = [json_object(member, exclude=hidden) for member in members]
        facts = {
            "cluster_id": chosen.cluster_id,
            "publisher": publisher and json_object(publisher),
            "members": shown,
        }
        print_json({**facts, "sightings": sightings, "moves": moves})
        return
    _print_members(chosen.cluster_id, members)
    if publisher:
        named = f"the {publisher.named_by} of {short_id(publisher.article_id)}"
        out.print(f"first published by {publisher.name}, says {named}\n", markup=False)
    _print_sightings(sightings)
    for move in moves:
        line = f"{moment(move.at)}: {short_id(move.article_id)} {move.reason}"
        note = f": {move.note}" if move.note else ""
        out.print(
            f"{line}, from {short_id(move.left)} to {short_id(move.joined)}{note}", markup=False
        )


def _print_members(cluster_id: str, members: Sequence[Member]) -> None:
    columns = ("title", "source", "verdict", "received", "pinned", "id")
    rows = (
        (
            *(m.title, m.source, "canonical" if m.canonical else m.verdict, m.received),
            *("pinned" if m.pinned else "", short_id(m.article_id)),
        )
        for m in members
    )
    print_table(
        f"cluster {short_id(cluster_id)}, {several(len(members), 'article')}", columns, rows
    )


def _print_sightings(sightings: Sequence[Sighting]) -> None:
    last = sightings[-_SIGHTINGS:]
    of = f"the last {len(last)} of " if len(last) < len(sightings) else ""
    more = ", all of them: --json" if of else ""
    columns = ("received", "outcome", "source", "id", "receipt")
    rows = ((s.at, s.outcome, s.source, short_id(s.article_id), s.receipt) for s in last)
    print_table(f"{of}{several(len(sightings), 'sighting')}{more}", columns, rows)


def _publisher(store: RecordReader, article_ids: Sequence[str]) -> Publisher | None:
    """The original publisher of a cluster, as its first 200 articles name it, or None.

    If they name several, the one from the most reliable field counts, such as the dateline.
    """
    rules = load_config(Settings.load().config_dir).cleaning.datelines
    first = article_ids[:_ASKED]
    records = {record.article_id: record for record in store.records(first)}
    return original_publisher(
        publisher_of(records[article_id], rules) for article_id in first if article_id in records
    )


@cluster.command(epilog="Example: worker cluster split 3f2a91 --note 'another match' --yes")
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@_note
@_yes
def split(ids: tuple[str, ...], note: str, yes: bool) -> None:
    """Take articles out of their cluster. Each becomes a cluster of its own.

    A cluster is a group of articles that are copies of each other. The articles are named by their
    ids or the beginnings of them. Later decisions by rules leave them where they are. Without --yes
    the command only says what would be done.
    """
    store = opened_store()
    members = [_member(store, article_id) for article_id in ids]
    for member in members:
        if member.canonical:
            canonical = short_id(member.article_id)
            why = f"{canonical} is the canonical article: split off its copies instead"
            raise click.BadParameter(why, param_hint="ID")
    moves = [_operator_move(m, m.article_id, MoveReason.SPLIT, note) for m in members]
    _apply(store, moves, note, yes=yes)


@cluster.command(epilog="Example: worker cluster merge 3f2a91 9be014 --yes")
@click.argument("article_id", metavar="ID")
@click.argument("into", metavar="INTO")
@_note
@_yes
def merge(article_id: str, into: str, note: str, yes: bool) -> None:
    """Move all articles of the cluster of ID into the cluster of INTO.

    A cluster is a group of articles that are copies of each other; ID and INTO name any article of
    it. Later decisions by rules leave the articles there. Without --yes the command only says what
    would be done.
    """
    store = opened_store()
    article, target = _member(store, article_id), _member(store, into)
    if article.cluster_id == target.cluster_id:
        raise click.BadParameter("both are in the same cluster already", param_hint="INTO")
    members = store.clusters.members_of([article.cluster_id])
    moves = [_operator_move(m, target.cluster_id, MoveReason.MERGED, note) for m in members]
    _apply(store, moves, note, yes=yes)


@cluster.command(epilog="Example: worker cluster pin 3f2a91 --note 'the desk says so' --yes")
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@click.option("--off", is_flag=True, help="Unpin: the rules may move them again.")
@_note
@_yes
def pin(ids: tuple[str, ...], off: bool, note: str, yes: bool) -> None:
    """Keep articles in their present cluster, whatever the rules decide later.

    A cluster is a group of articles that are copies of each other. Without --yes the command only
    says what would be done. With --off the articles are released again.
    """
    store = opened_store()
    members = [_member(store, article_id) for article_id in ids]
    status = "left to the rules" if off else "pinned"
    what = several(len(members), "article")
    if not yes:
        out.print(f"{what} would be {status}; nothing is changed yet: add --yes")
        return
    if off:
        store.clusters.unpin([member.article_id for member in members])
    else:
        clusters = {member.article_id: member.cluster_id for member in members}
        store.clusters.pin(clusters, note, now=datetime.now(UTC))
    out.print(f"{status}: {what}")


def _operator_move(member: Member, joined: str, reason: MoveReason, note: str) -> ClusterMove:
    return ClusterMove(
        article_id=member.article_id,
        left=member.cluster_id,
        joined=joined,
        reason=reason,
        by="operator",
        note=note,
    )


def _apply(store: ClusterEditStore, moves: Sequence[ClusterMove], note: str, *, yes: bool) -> None:
    print_moves(moves, store.titles([move.article_id for move in moves]))
    if not yes:
        out.print(f"would move {several(len(moves), 'article')}; nothing is changed yet: add --yes")
        return
    index, now = opened_index(load_config(Settings.load().config_dir).dedup), datetime.now(UTC)
    # Pin before moving: otherwise a repair in between could move them back.
    store.clusters.pin({move.article_id: move.joined for move in moves}, note, now=now)
    moved = store.clusters.move(moves, now=now)
    index.set_canonical({move.article_id: move.joined for move in moved})
    joined = short_id(moves[0].joined)
    out.print(f"moved and pinned {several(len(moved), 'article')}: worker cluster {joined}")


def _member(store: ClusterEditStore, beginning: str) -> Member:
    try:
        stored = store.show(beginning)
    except LookupError as e:
        raise NotFound(str(e.args[0])) from e
    ids = [stored["article"]["article_id"]] if stored else []
    members = store.clusters.members(ids)
    if not members:
        raise NotFound(f"no article {beginning} is stored; find ids with `worker search`")
    return members[0]
