"""`worker search` and `worker show`: find and print stored articles."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from dateutil import parser as dates
from sqlalchemy.exc import SQLAlchemyError

from worker import bootstrap
from worker.cli.article_printing import print_article
from worker.cli.terminal import NotFound, err, moment, out, print_json, print_table, several
from worker.model.short_ids import short_id
from worker.settings import Settings
from worker.store.ports import ArticleStore
from worker.store.values import Query, SearchHit

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Since(click.ParamType[datetime]):
    """The type of an option whose value is a date, or an age such as 30m, 12h, 7d or 2w.

    An age is converted to the time so long ago.
    """

    name = "DATE|AGE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        now = datetime.now(UTC)
        try:
            if value[-1:] in _UNITS and value[:-1].isdigit():
                return now - timedelta(**{_UNITS[value[-1]]: int(value[:-1])})
            parsed = dates.parse(value, default=datetime(now.year, 1, 1))  # noqa: DTZ001
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a date like 2026-11-01 nor an age like 7d", param, ctx)
        return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


@click.command(epilog='Example: worker search "climate summit" --tag politics --since 7d')
@click.argument("words", nargs=-1)
@click.option("--tag", default="", help="Code or label of a tag.")
@click.option("--source", default="", help="Source id.")
@click.option("--language", default="", help="Language code, such as en.")
@click.option("--since", type=Since(), help="Published (or else received) since: 2026-11-01 or 7d.")
@click.option("--by-receipt", is_flag=True, help="--since and the order go by time of receipt.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--json", "as_json", is_flag=True, help="Print the articles as JSON.")
def search(
    words: tuple[str, ...],
    tag: str,
    source: str,
    language: str,
    since: datetime | None,
    by_receipt: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Search stored articles by words, "phrases", -excluded words and prefix*.

    Without words the newest articles are listed. --since and the order go by the date of
    publication, or by the time of receipt where that is unknown. With --by-receipt they go by the
    time at which the worker stored the article's newest revision.
    """
    query = Query(
        words=" ".join(words),
        tag=tag,
        tag_codes=_equal_codes(tag) if tag else (),
        source=source,
        language=language,
        since=since,
        limit=limit,
        by_receipt=by_receipt,
    )
    store = _opened_store()
    with _migrated():
        hits = store.search(query)
    if as_json:
        print_json(hits)
    elif hits:
        date = "received" if by_receipt else "published"
        columns = ("title", "source", date, "language", "tags", "id")
        title = several(len(hits), "article") + (_selected(since, date) if since else "")
        print_table(title, columns, [_row(hit, by_receipt=by_receipt) for hit in hits])
        if not by_receipt and not all(hit.published for hit in hits):
            out.print("~ no date of publication; the time at which it was received")
    elif since and not by_receipt:
        err.print(
            f"nothing found{_selected(since, 'published')}; --by-receipt takes the other date"
        )
    else:
        err.print("nothing found")
    sys.exit(0 if hits else 1)


def _equal_codes(tag: str) -> tuple[tuple[str, str], ...]:
    from worker.tag.entities.tag_codes import equal_codes  # loads numpy, which few searches need

    return equal_codes(tag)


def _selected(since: datetime, date: str) -> str:
    """Say from which time on articles were searched, and by which of their dates."""
    return f" {date} since {moment(since)}"


def _opened_store() -> ArticleStore:
    settings = Settings.load()
    settings.refuse_missing_store()
    return bootstrap.store(settings)


@contextmanager
def _migrated() -> Iterator[None]:
    """Raise BadConfig for a store that must be migrated first, when a query fails.

    The check loads the migrations, so it is not made before every query.
    """
    try:
        yield
    except SQLAlchemyError:
        bootstrap.prepare_store(Settings.load())
        raise


def _row(hit: SearchHit, *, by_receipt: bool) -> tuple[object, ...]:
    published = hit.published or f"~ {moment(hit.received)}"
    return (
        hit.title,
        hit.source,
        hit.received if by_receipt else published,
        hit.language,
        ", ".join(hit.labels),
        short_id(hit.article_id),
    )


@click.command(epilog="Examples: worker show 3f2a91 · worker show 3f2a91 --diff --from 1 --to 3")
@click.argument("article")
@click.option("--diff", is_flag=True, help="Print the changes between two revisions, word by word.")
@click.option("--from", "older", type=click.IntRange(min=1), help="Revision; unset: before --to.")
@click.option("--to", "newer", type=click.IntRange(min=1), help="Revision; unset: the newest.")
@click.option("--json", "as_json", is_flag=True, help="Print all that is stored of it as JSON.")
def show(article: str, diff: bool, older: int | None, newer: int | None, as_json: bool) -> None:
    """Show one article by its id, the beginning of it, or its link: text, tags, decisions,
    revisions.

    A decision says why it was taken for new, a copy and so on; a revision is a version of the
    article, made when its title or text changed. With --diff two revisions are compared.
    """
    store = _opened_store()
    click.get_current_context().call_on_close(store.close)
    try:
        with _migrated():
            stored = store.show(_id_of(store, article) if "://" in article else article)
    except LookupError as e:
        raise NotFound(str(e.args[0])) from e
    if stored is None:
        raise NotFound(f"no article {article}; find ids with `worker search`")
    if diff:
        _diff(stored, older, newer, as_json=as_json)
    elif as_json:
        print_json(stored)
    else:
        print_article(stored)


def _id_of(store: ArticleStore, link: str) -> str:
    """Return the id of the article at this web address. Raises LookupError with a list of ids if
    there are several, and NotFound if there is none."""
    from worker.config.loader import load_config  # loads the cleaning, which takes a second
    from worker.explain.article_links import articles_at

    rules = load_config(Settings.load().config_dir).cleaning.urls
    found = articles_at(store, link, rules)
    if len(found) > 1:
        raise LookupError(f"several articles have this link: {', '.join(found)}")
    if not found:
        raise NotFound(f"no article has the link {link}; find ids with `worker search`")
    return found[0]


def _diff(
    stored: Mapping[str, Any], older: int | None, newer: int | None, *, as_json: bool
) -> None:
    from worker.cli.revision_diff import print_diff
    from worker.explain.word_diff import pieces

    revisions = {revision["number"]: revision for revision in stored["revisions"]}
    newer = newer or max(revisions, default=0)
    older = older or max((number for number in revisions if number < newer), default=0)
    for number, option in ((older, "--from"), (newer, "--to")):
        if number not in revisions:
            numbers = ", ".join(map(str, revisions)) or "none: it was withdrawn"
            one = "there is only one" if len(revisions) == 1 else f"there are {numbers}"
            raise click.BadParameter(f"no such revision; {one}", param_hint=option)
    if as_json:
        fields = {f: [*pieces(revisions[older][f], revisions[newer][f])] for f in ("title", "text")}
        print_json({"from": older, "to": newer, "change": revisions[newer]["change"], **fields})
    else:
        print_diff(revisions[older], revisions[newer])
