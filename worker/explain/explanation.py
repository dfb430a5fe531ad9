"""Find what a person means by a name of an article, and explain what happened to it.

The name is a receipt (the id of one delivery), the id of an article or of a dead letter or the
beginning of it, the publisher's id, or any address of the article.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from worker.broker.bodies import receipts_in
from worker.client.past_deliveries import outcome_of
from worker.errors import Reason
from worker.explain import explain_sentences
from worker.explain.wording import moment
from worker.maintenance.undeliverable import message_of
from worker.model.receipts import made_at
from worker.model.records import Outcome
from worker.model.short_ids import short_id
from worker.model.trace_context import trace_id
from worker.store.dead_letter_values import DeadLetterQuery, DeadLetterState, StoredDeadLetter
from worker.store.ports import ArticleHistoryReader, ArticleReader, DeadLetterReader
from worker.store.retention_values import ExpiredOutcome
from worker.store.view_values import ArticleView

if TYPE_CHECKING:
    from worker.clean.cleaning_rules import UrlRules

_MOST = 10  # articles with the same address
_MOST_MESSAGES = 1000  # undeliverable messages that are searched for a receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldReceipt:
    """Why a delivered article is held: its source, which an operator has paused, the time when
    the article was held, and the queue to which it goes back when the source is resumed."""

    source: str
    at: datetime
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundByName:
    """What was found by a name that somebody asked for: an article, a receipt (the id of a
    delivery) or a dead letter (an article that could not be processed).

    For a receipt, `received` says when the broker took the article, and `outcome` what became of
    it; if that was removed, `expired` says so. `letter` is a dead letter. `held` says why an
    article is held, if its source is paused. `article_ids` are the stored articles that were found.
    """

    received: datetime | None = None
    outcome: Outcome | None = None
    expired: ExpiredOutcome | None = None
    letter: StoredDeadLetter | None = None
    held: HeldReceipt | None = None
    article_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What the store knows about the receipt, article or dead letter that the user named.

    A receipt is the id of one article that was sent. If the user named one, `received` says when
    the broker took the article, and `outcome` what became of it, or `expired` that this is no
    longer known. `letter` is a dead letter, an article that could not be processed, and `held` an
    article that waits because its source is paused. `articles` are the stored articles, each with
    sentences that tell its story.
    """

    received: datetime | None = None  # when the broker took the receipt
    outcome: Outcome | None = None  # of the receipt
    expired: ExpiredOutcome | None = None  # of a receipt whose outcome was removed by age
    letter: StoredDeadLetter | None = None
    held: HeldReceipt | None = None  # the receipt, if it is held
    articles: tuple[dict[str, Any], ...] = ()  # each with its `story`, a list of sentences


def explained(
    store: ArticleHistoryReader, what: str, link_rules: Callable[[], UrlRules]
) -> Explanation:
    """Find the article, receipt (the id of a delivery) or dead letter that is called `what`, and
    explain what happened to it.

    `what` may be an id, the beginning of one, or a web address. For an address, `link_rules` is
    called to get the rules by which addresses are normalised. If nothing is found, the result
    equals `Explanation()`. Raises LookupError, which lists the ids, if the ids of several articles
    begin with `what`.
    """
    found = find_named(store, what, link_rules)
    return Explanation(
        received=found.received,
        outcome=found.outcome,
        expired=found.expired,
        letter=found.letter,
        held=found.held,
        articles=_explained(store, found.article_ids),
    )


def find_named(
    store: ArticleHistoryReader, what: str, link_rules: Callable[[], UrlRules]
) -> FoundByName:
    """Find the article, receipt (the id of a delivery) or dead letter that is called `what`,
    without reading the texts of articles.

    `what` may be an id, the beginning of one, or a web address. For an address, `link_rules` is
    called to get the rules by which addresses are normalised. If nothing is found, the result
    equals `FoundByName()`. Raises LookupError, which lists the ids, if the ids of several articles
    begin with `what`.
    """
    if "://" in what:
        from worker.explain.article_links import articles_at  # it imports all of cleaning

        return FoundByName(article_ids=tuple(articles_at(store, what, link_rules())[:_MOST]))
    return _by_id(store, what)


def _by_id(store: ArticleHistoryReader, what: str) -> FoundByName:
    outcome = store.outcomes([what]).get(what)
    received = next((entry.at for entry in store.journal_entries([what])), None)
    if outcome is None and (held := store.held.of_receipts([what]).get(what)):
        article = held.article
        why = HeldReceipt(source=article.source, at=held.held_at, queue=article.place.queue)
        return FoundByName(received=received, held=why)
    if outcome is None and received:
        return FoundByName(received=received, letter=_undelivered(store, what))
    if outcome is None:
        past = outcome_of(store, what)
        if isinstance(past, ExpiredOutcome):
            return FoundByName(received=made_at(what), expired=past)
        outcome = past
    received = received or (made_at(what) if outcome else None)
    if outcome is None:
        stored = store.show(what, 0)
        if stored:
            return FoundByName(article_ids=(stored["article"]["article_id"],))
        if by_publisher_id := store.find_articles([f"id:{what}"], []):
            return FoundByName(article_ids=tuple(by_publisher_id[:_MOST]))
        return FoundByName(letter=_letter_by_id(store, what))
    letters = store.letters([outcome.letter_id]) if outcome.letter_id else []
    letter = next(iter(letters), None)
    led_to = outcome.article_id or (letter.article_id if letter else "")
    article_ids = (led_to,) if led_to else ()
    return FoundByName(received=received, outcome=outcome, letter=letter, article_ids=article_ids)


def _undelivered(store: DeadLetterReader, receipt: str) -> StoredDeadLetter | None:
    """The dead letter of the undeliverable message that carries this receipt, or None."""
    query = DeadLetterQuery(reason=Reason.UNDELIVERABLE, limit=_MOST_MESSAGES)
    letters = (letter for i in store.letter_ids(query) for letter in store.letters([i]))
    complete = (letter for letter in letters if letter.whole)
    return next((letter for letter in complete if receipt in receipts_in(message_of(letter))), None)


def _letter_by_id(store: DeadLetterReader, beginning: str) -> StoredDeadLetter | None:
    query = DeadLetterQuery(
        id_prefixes=(beginning.lower(),), states=tuple(DeadLetterState), limit=1
    )
    return next(iter(store.letters(store.letter_ids(query))), None)


def article_story(store: ArticleReader, stored: ArticleView) -> Iterator[str]:
    """Tell in sentences what happened to one article. `stored` is what `store.show` returns."""
    titles = store.titles(sorted(set(_ids_named_by(stored))))
    return explain_sentences.article_sentences(stored, titles)


def _explained(store: ArticleReader, article_ids: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """The stored facts of each article; their key `story` has the sentences that explain them."""
    shown = [stored for article_id in article_ids if (stored := store.show(article_id))]
    return tuple({**stored, "story": [*article_story(store, stored)]} for stored in shown)


def _ids_named_by(stored: ArticleView) -> Iterator[str]:
    """The ids of other articles that the sentences about an article name by their titles.

    These are articles that it was compared with, and those of clusters that it left or joined.
    """
    yield stored["article"]["cluster_id"]
    yield from (decision["rival"] for decision in stored["decisions"] if decision["rival"])
    for move in stored["moves"]:
        yield from filter(None, (move["left"], move["joined"], move["rival"]))


def held_sentence(held: HeldReceipt) -> str:
    """Say why an article is held, and what has to happen so that it is processed."""
    return (
        f"It is held since {moment(held.at)}, because its source {held.source} was paused; "
        f"`worker resume --source {shlex.quote(held.source)}` returns it to the queue {held.queue}."
    )


def expired_sentence(expired: ExpiredOutcome) -> str:
    """Say that it is not known any more what became of a delivery, because its outcome was old
    and was removed."""
    return (
        f"Its outcome has expired: those from before {moment(expired.before)} are removed, except "
        "of deliveries that made a stored revision or a dead letter. The counts of its day are in "
        "`worker ledger`."
    )


def outcome_sentence(outcome: Outcome, letter: StoredDeadLetter | None) -> str:
    """Say what became of a delivered article. `letter` is its dead letter if it could not be
    processed, else None."""
    came = f"This receipt ended {moment(outcome.at)} as {outcome.kind}"
    by = explain_sentences.worker_clause(outcome.handling.worker, outcome.handling.deliveries)
    if outcome.handling.traceparent:
        by += f", trace {trace_id(outcome.handling.traceparent)}"
    if outcome.letter_id:
        dropped = "" if letter else "; the dead letter was dropped since"
        return f"{came} ({outcome.reason}), letter {short_id(outcome.letter_id)}{by}{dropped}."
    revision = f", revision {outcome.revision}" if outcome.revision else ""
    return f"{came}, article {short_id(outcome.article_id)}{revision}{by}."
