"""`worker explain`: print in sentences what happened to an article, and why."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from rich.padding import Padding
from rich.text import Text

from worker.broker.bodies import receipts_in
from worker.cli import explain_sentences
from worker.cli.article_links import articles_at
from worker.cli.resources import opened_store
from worker.cli.tag_command import print_considered, topic_code
from worker.cli.terminal import NotFound, err, moment, out, print_json, visible
from worker.client.past_deliveries import outcome_of
from worker.config.loader import load_config
from worker.errors import Reason
from worker.maintenance.undeliverable import message_of
from worker.model.dataclass_fields import field_values
from worker.model.receipts import made_at
from worker.model.records import Outcome
from worker.model.trace_context import trace_id
from worker.settings import Settings
from worker.store.ports import ArticleHistoryReader, ArticleReader, DeadLetterReader, RecordReader
from worker.store.retention_values import ExpiredOutcome
from worker.store.values import DeadLetterQuery, DeadLetterState, StoredDeadLetter
from worker.store.view_values import ArticleView
from worker.tag.explain_tags import RuleExplanation, explain_rules

_MOST = 10  # articles with the same address
_MOST_MESSAGES = 1000  # undeliverable messages that are searched for a receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldReceipt:
    """Why the article of a receipt is held: its source, which an operator has paused, the time when
    the article was held, and the queue to which it goes back when the source is resumed."""

    source: str
    at: datetime
    queue: str


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


@click.command(epilog="Examples: worker explain 3f2a91 · worker explain https://a.example/1")
@click.argument("what", metavar="RECEIPT|ID|URL")
@click.option(
    "--tag", "code", default="", help="Also print what the rules of this topic match in it now."
)
@click.option("--json", "as_json", is_flag=True, help="Print facts and sentences as JSON.")
def explain(what: str, code: str, as_json: bool) -> None:
    """Explain what happened to one article: when it was received, what was decided and why.

    The article is named by its receipt, the id that its producer got for it, by its id in the store
    or the beginning of that, or by any of its addresses. Exit code 1 when nothing is stored under
    that name.
    """
    settings = Settings.load()
    store = opened_store()
    try:
        explanation = _by_url(store, what, settings) if "://" in what else _by_id(store, what)
    except LookupError as e:
        raise NotFound(str(e.args[0])) from e
    considered = _considered(store, explanation, code, settings) if code else []
    if as_json:
        print_json(
            {
                "asked": what,
                **field_values(explanation),
                **({"considered": considered} if code else {}),
            }
        )
    else:
        _print(what, explanation, store.retention.expired_before())
        for rules in considered:
            print_considered(f"the rules of {code} now", rules)
    sys.exit(0 if explanation != Explanation() else 1)


def _considered(
    store: RecordReader, explanation: Explanation, code: str, settings: Settings
) -> list[list[RuleExplanation]]:
    """Apply the rules of one topic to each article, and return what each rule matched in it.

    `code` is the code or label of the topic.
    """
    config = load_config(settings.config_dir)
    topic = topic_code(config, code)
    ids = [article["article"]["article_id"] for article in explanation.articles]
    return [
        explain_rules(record.article, config.tagging.rules, record.received, topic)
        for record in store.records(ids)
    ]


def _by_url(store: ArticleReader, url: str, settings: Settings) -> Explanation:
    return Explanation(articles=_explained(store, articles_at(store, url, settings)[:_MOST]))


def _by_id(store: ArticleHistoryReader, what: str) -> Explanation:
    outcome = store.outcomes([what]).get(what)
    received = next((entry.at for entry in store.journal_entries([what])), None)
    if outcome is None and (held := store.held.of_receipts([what]).get(what)):
        article = held.article
        why = HeldReceipt(source=article.source, at=held.held_at, queue=article.place.queue)
        return Explanation(received=received, held=why)
    if outcome is None and received:
        return Explanation(received=received, letter=_undelivered(store, what))
    if outcome is None:
        past = outcome_of(store, what)
        if isinstance(past, ExpiredOutcome):
            return Explanation(received=made_at(what), expired=past)
        outcome = past
    received = received or (made_at(what) if outcome else None)
    if outcome is None:
        stored = store.show(what)
        if stored:
            return Explanation(articles=_explained(store, [stored["article"]["article_id"]]))
        if by_publisher_id := store.find_articles([f"id:{what}"], []):
            return Explanation(articles=_explained(store, by_publisher_id[:_MOST]))
        return Explanation(letter=_letter_by_id(store, what))
    letters = store.letters([outcome.letter_id]) if outcome.letter_id else []
    letter = next(iter(letters), None)
    led_to = outcome.article_id or (letter.article_id if letter else "")
    articles = _explained(store, [led_to]) if led_to else ()
    return Explanation(received=received, outcome=outcome, letter=letter, articles=articles)


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


def _explained(store: ArticleReader, article_ids: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """The stored facts of each article; their key `story` has the sentences that explain them."""
    shown = [stored for article_id in article_ids if (stored := store.show(article_id))]
    titles = store.titles(sorted({name for stored in shown for name in _ids_named_by(stored)}))
    return tuple(
        {**stored, "story": [*explain_sentences.article_sentences(stored, titles)]}
        for stored in shown
    )


def _ids_named_by(stored: ArticleView) -> Iterator[str]:
    """The ids of other articles that the sentences about an article name by their titles.

    These are articles that it was compared with, and those of clusters that it left or joined.
    """
    yield stored["article"]["cluster_id"]
    yield from (decision["rival"] for decision in stored["decisions"] if decision["rival"])
    for move in stored["moves"]:
        yield from filter(None, (move["left"], move["joined"], move["rival"]))


def _print(what: str, explanation: Explanation, expired_before: datetime | None) -> None:
    if explanation == Explanation():
        _print_nothing_found(what, expired_before)
        return
    if explanation.received:
        _print_sentence(f"It was put on the queue {moment(explanation.received)}.")
        if not (
            explanation.outcome or explanation.letter or explanation.held or explanation.expired
        ):
            _print_sentence(
                "It has no outcome yet: it waits or is being processed; see `worker ledger`."
            )
    if explanation.held:
        _print_sentence(_held_sentence(explanation.held))
    if explanation.expired:
        _print_sentence(
            "Its outcome has expired: those from before "
            f"{moment(explanation.expired.before)} are removed, except of deliveries that made a "
            "stored revision or a dead letter. The counts of its day are in `worker ledger`."
        )
    if explanation.outcome:
        _print_sentence(_outcome_sentence(explanation.outcome, explanation.letter))
    if explanation.letter:
        for sentence in explain_sentences.dead_letter_sentences(explanation.letter):
            _print_sentence(sentence)
    for article in explanation.articles:
        title = article["revisions"][-1]["title"] if article["revisions"] else "withdrawn"
        out.print(Text(title, style="bold"))
        for sentence in article["story"]:
            _print_sentence(sentence)


def _held_sentence(held: HeldReceipt) -> str:
    return (
        f"It is held since {moment(held.at)}, because its source {held.source} was paused; "
        f"`worker resume --source {shlex.quote(held.source)}` returns it to the queue {held.queue}."
    )


def _print_nothing_found(what: str, expired_before: datetime | None) -> None:
    if "://" in what:
        err.print("no article has this address; find articles with `worker search`")
        return
    removed = (
        f". If it is a receipt that you chose yourself, its outcome may be among those from before "
        f"{moment(expired_before)}, which are removed"
        if expired_before
        else ""
    )
    err.print(
        f"{what} is no article, receipt, publisher's id or dead letter of this store; "
        f"articles that wait on the queue are counted by `worker ledger`{removed}",
        markup=False,
        soft_wrap=True,
    )


def _outcome_sentence(outcome: Outcome, letter: StoredDeadLetter | None) -> str:
    came = f"This receipt ended {moment(outcome.at)} as {outcome.kind}"
    by = explain_sentences.worker_clause(outcome.handling.worker, outcome.handling.deliveries)
    if outcome.handling.traceparent:
        by += f", trace {trace_id(outcome.handling.traceparent)}"
    if outcome.letter_id:
        dropped = "" if letter else "; the dead letter was dropped since"
        return f"{came} ({outcome.reason}), letter {outcome.letter_id[:10]}{by}{dropped}."
    revision = f", revision {outcome.revision}" if outcome.revision else ""
    return f"{came}, article {outcome.article_id[:10]}{revision}{by}."


def _print_sentence(sentence: str) -> None:
    """Print one sentence of the explanation, indented."""
    out.print(Padding(Text(visible(sentence)), (0, 0, 0, 2)))
