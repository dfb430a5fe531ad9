"""Write stored articles to a file as JSON lines, CSV or Parquet, for `worker export`.

Each function writes articles from an iterable to a file. It is a generator: from time to time it
yields how many articles it has written since it last yielded, so that the caller can move a
progress bar.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from itertools import islice
from typing import IO, Any

from pydantic import TypeAdapter

from worker.cli.terminal import visible, visible_json
from worker.errors import BadConfig
from worker.model.admission import Media
from worker.model.dataclass_fields import field_names
from worker.model.records import Contributor
from worker.store.values import StoredArticle

WrittenCounts = Iterator[int]  # number of articles written since the last item
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_ROW_GROUP = 1_000  # articles

# Lists are joined by "; ", in the order of the tags where they are about tags.
COLUMNS: dict[str, Callable[[StoredArticle], Any]] = {
    "article_id": lambda article: article.article_id,
    "revision": lambda article: article.revision,
    "source": lambda article: article.source,
    "title": lambda article: article.title,
    "text": lambda article: article.text,
    "summary": lambda article: article.summary,
    "url": lambda article: article.url,
    "language": lambda article: article.language,
    "words": lambda article: article.words,
    "published": lambda article: _iso(article.published),
    "published_day": lambda article: article.published_day or "",
    "published_zone": lambda article: article.published_zone or "",
    "updated": lambda article: _iso(article.updated),
    "received": lambda article: _iso(article.received),
    "authors": lambda article: _joined(article.authors),
    "contributors": lambda article: _joined(c.name for c in article.contributors),
    "categories": lambda article: _joined(article.categories),
    "keywords": lambda article: _joined(article.keywords),
    "place": lambda article: article.place,
    "agency": lambda article: article.agency,
    "html": lambda article: article.html,
    "image": lambda article: article.image,
    "media": lambda article: _joined(media.url for media in article.media),
    "flags": lambda article: _joined(article.flags),
    "verdict": lambda article: article.verdict,
    "cluster_id": lambda article: article.cluster_id,
    "tags": lambda article: _joined(f"{tag.scheme}:{tag.code}" for tag in article.tags),
    "labels": lambda article: _joined(tag.label for tag in article.tags),
    "scores": lambda article: _joined(f"{tag.score:g}" for tag in article.tags),
    "saliences": lambda article: _joined(_figure(tag.salience) for tag in article.tags),
}


_ARTICLE = TypeAdapter(StoredArticle)


def write_jsonl(
    articles: Iterable[StoredArticle], sink: IO[bytes], *, escape: bool = False
) -> WrittenCounts:
    """Write each article as a line of JSON.

    With `escape`, characters that steer a terminal are written as escapes of JSON.
    """
    for article in articles:
        line = _ARTICLE.dump_json(article)
        sink.write((visible_json(line.decode()).encode() if escape else line) + b"\n")
        yield 1


def write_csv(
    articles: Iterable[StoredArticle],
    sink: IO[bytes],
    *,
    for_spreadsheets: bool = False,
    escape: bool = False,
) -> WrittenCounts:
    """Write articles as CSV; with `for_spreadsheets` no cell is a formula, and all are quoted.

    With `escape`, characters that steer a terminal are written as escapes such as `\\x1b`.
    """
    text = io.TextIOWrapper(sink, encoding="utf-8", newline="", write_through=True)
    rows = csv.writer(
        text,
        lineterminator="\n",
        quoting=csv.QUOTE_ALL if for_spreadsheets else csv.QUOTE_MINIMAL,
    )
    rows.writerow(COLUMNS)
    for article in articles:
        cells = [value(article) for value in COLUMNS.values()]
        if escape:
            cells = [visible(cell) if isinstance(cell, str) else cell for cell in cells]
        rows.writerow(map(defused, cells) if for_spreadsheets else cells)
        yield 1
    text.detach()


def defused(cell: object) -> object:
    """Put an apostrophe before a text that a spreadsheet program would run as a formula.

    Such a text begins with a character that OWASP lists for CSV injection, such as "=", or with its
    full-width form. Other texts, and values of other types, are returned unchanged.
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def write_parquet(articles: Iterable[StoredArticle], sink: IO[bytes]) -> WrittenCounts:
    """Write articles to a binary file in the format Parquet, in groups of 1,000.

    Yields the number of articles after each group, for a progress bar. Raises BadConfig when
    pyarrow is not installed.
    """
    try:
        pa, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as e:
        raise BadConfig("Parquet needs pyarrow: pip install 'article-worker[parquet]'") from e
    schema = _schema(pa)
    remaining = iter(articles)
    with parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        while group := list(islice(remaining, _ROW_GROUP)):
            rows = [_ARTICLE.dump_python(article, include=set(schema.names)) for article in group]
            writer.write_table(pa.Table.from_pylist(rows, schema))
            yield len(group)


def _schema(pa: Any) -> Any:
    """The Parquet schema of an article, in which lists are lists and tags are structs.

    `pa` is the module pyarrow.
    """
    texts, moment = pa.list_(pa.string()), pa.timestamp("us", tz="UTC")
    number = pa.float64()
    fields = ("scheme", pa.string()), ("code", pa.string()), ("label", pa.string())
    special = {
        "revision": pa.int32(),
        "words": pa.int32(),
        "media": pa.list_(pa.struct([(name, pa.string()) for name in Media.model_fields])),
        "tags": pa.list_(pa.struct([*fields, ("score", number), ("salience", number)])),
        **dict.fromkeys(("published", "updated", "received"), moment),
        "published_day": pa.date32(),
        "contributors": pa.list_(pa.struct([(n, pa.string()) for n in field_names(Contributor)])),
        **dict.fromkeys(("authors", "categories", "keywords", "flags"), texts),
    }
    names = field_names(StoredArticle)
    return pa.schema([(name, special.get(name, pa.string())) for name in names])


WRITERS: dict[str, Callable[..., WrittenCounts]] = {
    "jsonl": write_jsonl,
    "csv": write_csv,
    "parquet": write_parquet,
}


def _joined(values: Iterable[str]) -> str:
    return "; ".join(values)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _iso(moment: Any) -> str:
    return moment.isoformat().replace("+00:00", "Z") if moment else ""
