"""`worker explain`: one article's whole story, in sentences."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
from rich.padding import Padding
from rich.text import Text

from worker.broker.bodies import receipts_in
from worker.clean import withdrawn_keys
from worker.clean.links.canonical_link import canonical
from worker.cli import explain_sentences
from worker.cli.resources import opened_store
from worker.cli.tag_command import print_considered, topic_code
from worker.cli.terminal import NotFound, err, moment, out, print_json, visible
from worker.config.loader import load_config
from worker.errors import Reason, Rejected
from worker.maintenance.undeliverable import message_of
from worker.model.admission import Frozen, RawArticle
from worker.model.records import Outcome
from worker.settings import Settings
from worker.store.ports import ArticleHistoryReader, ArticleReader, DeadLetterReader, RecordReader
from worker.store.values import DeadLetterQuery, DeadLetterState, StoredDeadLetter
from worker.tag.explain_tags import Considered, account

_MOST = 10  # articles that have one address
_MOST_MESSAGES = 1000  # undeliverable ones searched for a receipt


class Known(Frozen):
    """What the store has of what was asked for."""

    received: datetime | None = None  # a receipt, by the broker
    outcome: Outcome | None = None  # of that receipt
    letter: StoredDeadLetter | None = None
    articles: tuple[dict[str, Any], ...] = ()  # each with its `story`, a list of sentences


@click.command(epilog="Examples: worker explain 3f2a91 · worker explain https://a.example/story")
@click.argument("what", metavar="RECEIPT|ID|URL")
@click.option("--tag", "code", default="", help="Say what the rules of this topic find in it now.")
@click.option("--json", "as_json", is_flag=True, help="Print facts and sentences as JSON.")
def explain(what: str, code: str, as_json: bool) -> None:
    """Tell the whole story of one article: when it was seen, what was decided and why.

    By the receipt it was enqueued under, by its id or the beginning of it, or by any address
    it has. Exit code 1 when nothing is known.
    """
    settings = Settings.load()
    store = opened_store()
    try:
        known = _by_url(store, what, settings) if "://" in what else _by_id(store, what)
    except LookupError as e:
        raise NotFound(str(e.args[0])) from e
    considered = _considered(store, known, code, settings) if code else []
    if as_json:
        print_json({"asked": what, **dict(known), **({"considered": considered} if code else {})})
    else:
        _print(what, known)
        for each in considered:
            print_considered(f"the rules of {code} now", each)
    sys.exit(0 if known != Known() else 1)


def _considered(
    store: RecordReader, known: Known, code: str, settings: Settings
) -> list[list[Considered]]:
    """For each article what the rules of one topic find in it, by the path that tags."""
    config = load_config(settings.config_dir)
    topic = topic_code(config, code)
    ids = [article["article"]["article_id"] for article in known.articles]
    return [
        account(record.article, config.tagging.taxonomy, record.received, topic)
        for record in store.records(ids)
    ]


def _by_url(store: ArticleReader, url: str, settings: Settings) -> Known:
    try:
        keys = withdrawn_keys(RawArticle(link=url))
    except Rejected:  # a home page: links of many articles
        keys = ()
    urls = {url, canonical(url, load_config(settings.config_dir).cleaning.urls)}
    return Known(articles=_told(store, store.find_articles(keys, sorted(urls))[:_MOST]))


def _by_id(store: ArticleHistoryReader, what: str) -> Known:
    outcome = store.outcomes([what]).get(what)
    received = next((entry.at for entry in store.journal_entries([what])), None)
    if outcome is None and received:
        return Known(received=received, letter=_undelivered(store, what))
    if outcome is None:
        stored = store.show(what)
        if stored:
            return Known(articles=_told(store, [stored["article"]["article_id"]]))
        return Known(letter=_letter_by_id(store, what))
    letters = store.letters([outcome.letter_id]) if outcome.letter_id else []
    letter = next(iter(letters), None)
    led_to = outcome.article_id or (letter.article_id if letter else "")
    articles = _told(store, [led_to]) if led_to else ()
    return Known(received=received, outcome=outcome, letter=letter, articles=articles)


def _undelivered(store: DeadLetterReader, receipt: str) -> StoredDeadLetter | None:
    """The dead letter of the message that carries this receipt."""
    query = DeadLetterQuery(reason=Reason.UNDELIVERABLE, limit=_MOST_MESSAGES)
    letters = (letter for i in store.letter_ids(query) for letter in store.letters([i]))
    whole = (letter for letter in letters if letter.whole)
    return next((letter for letter in whole if receipt in receipts_in(message_of(letter))), None)


def _letter_by_id(store: DeadLetterReader, beginning: str) -> StoredDeadLetter | None:
    query = DeadLetterQuery(
        id_prefixes=(beginning.lower(),), states=tuple(DeadLetterState), limit=1
    )
    return next(iter(store.letters(store.letter_ids(query))), None)


def _told(store: ArticleReader, article_ids: Sequence[str]) -> tuple[dict[str, Any], ...]:
    shown = [stored for article_id in article_ids if (stored := store.show(article_id))]
    met = {its["rival"] for stored in shown for its in stored["decisions"] if its["rival"]}
    moved = [its for stored in shown for its in stored["moves"]]
    met |= {its[field] for its in moved for field in ("left", "joined", "rival") if its[field]}
    titles = store.titles(sorted(met | {stored["article"]["cluster_id"] for stored in shown}))
    return tuple({**each, "story": [*explain_sentences.article(each, titles)]} for each in shown)


def _print(what: str, known: Known) -> None:
    if known == Known():
        if "://" in what:
            err.print("no article has this address; find articles with `worker search`")
        else:
            err.print("not in the store: it waits on the queue, or was never received")
        return
    if known.received:
        _say(f"It was put on the queue {moment(known.received)}.")
        if not known.outcome and not known.letter:
            _say("It has no outcome yet: it waits or is being worked on; see `worker ledger`.")
    if known.outcome:
        _say(_ended(known.outcome, known.letter))
    if known.letter:
        for sentence in explain_sentences.letter(known.letter):
            _say(sentence)
    for article in known.articles:
        title = article["revisions"][-1]["title"] if article["revisions"] else "withdrawn"
        out.print(Text(title, style="bold"))
        for sentence in article["story"]:
            _say(sentence)


def _ended(outcome: Outcome, letter: StoredDeadLetter | None) -> str:
    came = f"This receipt ended {moment(outcome.at)} as {outcome.kind}"
    by = explain_sentences.handled(outcome.handling.worker, outcome.handling.deliveries)
    if outcome.letter_id:
        gone = "" if letter else "; the dead letter was dropped since"
        return f"{came} ({outcome.reason}), letter {outcome.letter_id[:10]}{by}{gone}."
    revision = f", revision {outcome.revision}" if outcome.revision else ""
    return f"{came}, article {outcome.article_id[:10]}{revision}{by}."


def _say(sentence: str) -> None:
    """Indented from the second line on, so that each sentence stands out."""
    out.print(Padding(Text(visible(sentence)), (0, 0, 0, 2)))
