"""Check raw articles and pack them for sending, each with its receipt.

A receipt is the id by which a producer asks for the outcome of an article. Articles that are not in
the required format are reported as Invalid.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from worker.client.batching import PackedArticle, pack_invalid, pack_valid, plain_values
from worker.client.unknown_keys import unknown_keys
from worker.errors import Reason, Rejected, WorkerError
from worker.model.admission import Payload, RawArticle, admit, host
from worker.model.canonical_json import canonical_json
from worker.model.compressed_article import is_compressed, opened
from worker.model.receipts import is_receipt, new_receipt

log = logging.getLogger("worker")

_UNKNOWN_KEYS = 20  # of raw articles, that one producer logs

OnInvalid = Literal["raise", "collect", "bury"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """A raw article that is not in the required format, and why.

    `position` is its index among the articles passed to `enqueue`, `raw` the article itself.
    `detail` says more than `reason` in a sentence.
    """

    position: int  # its index among the articles passed to `enqueue`
    reason: Reason
    detail: str
    raw: Any


class InvalidArticles(WorkerError):
    """Raised by `enqueue` at the end when some of the raw articles were not in the required format.

    The other articles were sent: `receipts` holds their ids, and `invalid` the articles that were
    not.
    """

    def __init__(self, invalid: list[Invalid], receipts: list[str]) -> None:
        first = invalid[0]
        more = f" (and {len(invalid) - 1} more)" if len(invalid) > 1 else ""
        others = f"; the other {len(receipts)} were sent" if receipts else ""
        super().__init__(f"article {first.position}: {first.reason}: {first.detail}{more}{others}")
        self.invalid = invalid
        self.receipts = receipts


class ArticlePacker:
    """Checks and packs the articles of one producer.

    `source` is the source of articles that name none. With `compress` articles are packed as
    Zstandard frames. Each key that the worker does not read is logged once.
    """

    def __init__(self, *, source: str, compress: bool) -> None:
        self._source = source
        self._compress = compress
        self._unknown_keys: set[str] = set()  # those that were logged

    def packed(
        self, articles: Iterable[Any], invalid: OnInvalid, found: list[Invalid]
    ) -> Iterator[PackedArticle]:
        """Check articles and yield each with its receipt, in a form that can be sent.

        Invalid articles are appended to `found`. If `invalid` is "bury", they are yielded too, so
        that workers store them as dead letters.
        """
        for position, value in enumerate(articles):
            raw: object = None
            try:
                raw, data = plain_values(value)
                if is_compressed(raw):
                    admit(article_json := opened(raw), 0)  # refuses a damaged one
                    raw, data = article_json, canonical_json(article_json)
                article = admit(raw, len(data))
                self._warn_of_unknown_keys(raw)
                receipt = article.receipt if is_receipt(article.receipt) else new_receipt()
                if (sourced := self._with_source(raw, article)) is not raw:
                    raw, data = sourced, canonical_json(sourced)
                yield pack_valid(receipt, raw, data, compress=self._compress)
            except Rejected as e:
                found.append(
                    Invalid(position=position, reason=e.reason, detail=e.detail, raw=value)
                )
                if invalid == "bury":
                    yield pack_invalid(raw or Payload.of(value).text, e)

    def _warn_of_unknown_keys(self, raw: object) -> None:
        """Log each key that the worker does not read, once for this producer."""
        if not isinstance(raw, Mapping) or len(self._unknown_keys) >= _UNKNOWN_KEYS:
            return
        for key in unknown_keys(raw):
            if key.path not in self._unknown_keys and len(self._unknown_keys) < _UNKNOWN_KEYS:
                self._unknown_keys.add(key.path)
                log.warning("article.unknown-key key=%s; %s", key.path[:100], key.advice)

    def _with_source(self, raw: object, article: RawArticle) -> object:
        has_source = article.source.id or host(article.feed.url) or host(article.link)
        if has_source or not self._source or not isinstance(raw, Mapping):
            return raw
        return {**raw, "source": {**(raw.get("source") or {}), "id": self._source}}
