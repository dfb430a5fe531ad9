"""The classes of what goes from stage to stage of the pipeline: each stage (admit, clean,
fingerprint …) turns an article from one of these into the next."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.model.admission import RawArticle
from worker.model.records import Article, Fingerprint, Verdict
from worker.pipeline.dead_lettering import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedArticle:
    """A raw article (`raw`) whose fields and sizes were checked and are valid.

    `origin` has the id of its delivery and its raw JSON, of which a dead letter is made if it fails
    later.
    """

    origin: Origin
    raw: RawArticle


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanedArticle:
    """An article after cleaning, but still with the lines that its source repeats around each
    article; they are removed next.

    `origin` has the id of its delivery and its raw JSON, for a dead letter if it fails later.
    """

    origin: Origin
    article: Article


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerprintedArticle:
    """An article as it will be stored, with the hashes by which it is compared with others
    (`fingerprint`).

    `origin` has the id of its delivery and its raw JSON, for a dead letter if it fails later.
    """

    origin: Origin
    article: Article
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedArticle:
    """An article with the decision about it (`verdict`): whether it is new, unchanged, a revision,
    a duplicate or a variant of another.

    `fingerprint` has the hashes by which this was decided. `origin` has the id of the article's
    delivery and its raw JSON, for a dead letter if it fails later.
    """

    origin: Origin
    article: Article
    fingerprint: Fingerprint
    verdict: Verdict


def in_order_of_arrival(
    articles: Sequence[DecidedArticle], batch: Sequence[DecidedArticle]
) -> list[DecidedArticle]:
    """Sort `articles` in the order that they have in `batch`.

    The store numbers the revisions of an article in the order in which it gets them, so the version
    that arrived first must come first.
    """
    position = {a.origin.receipt: n for n, a in enumerate(batch)}
    return sorted(articles, key=lambda a: position[a.origin.receipt])
