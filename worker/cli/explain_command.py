"""`worker explain`: print in sentences what happened to an article, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import click
from rich.padding import Padding
from rich.text import Text

from worker.cli.resources import opened_store
from worker.cli.terminal import NotFound, err, moment, out, print_json, visible
from worker.explain.dead_letter_sentences import dead_letter_sentences
from worker.explain.explanation import (
    Explanation,
    expired_sentence,
    explained,
    held_sentence,
    outcome_sentence,
)
from worker.model.dataclass_fields import field_values
from worker.settings import Settings
from worker.store.ports import RecordReader

if TYPE_CHECKING:
    from worker.clean.cleaning_rules import UrlRules
    from worker.tag.explain_tags import RuleExplanation


@click.command(epilog="Examples: worker explain 3f2a91 · worker explain https://a.example/1")
@click.argument("what", metavar="RECEIPT|ID|URL")
@click.option(
    "--tag", "code", default="", help="Also print what the rules of this topic match in it now."
)
@click.option("--json", "as_json", is_flag=True, help="Print facts and sentences as JSON.")
def explain(what: str, code: str, as_json: bool) -> None:
    """Explain what happened to one article: when it was received, what was decided and why.

    The article is named by its receipt, the id that its producer got for it, by its id in the store
    or the beginning of that, or by any of its addresses. A receipt that waits on the queue is
    looked up in the broker. Exit code 1 when the name is unknown.
    """
    settings = Settings.load()
    store = opened_store()
    try:
        explanation = explained(store, what, lambda: _link_rules(settings))
    except LookupError as e:
        raise NotFound(str(e.args[0])) from e
    if explanation == Explanation():
        from worker.cli.queue_lookup import pushed_at  # Celery costs 0.2 s to import

        explanation = replace(explanation, received=pushed_at(settings, what))
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
        _print(what, explanation, store.retention.expired_before(), settings)
        _print_considered(code, considered)
    sys.exit(0 if explanation != Explanation() else 1)


def _link_rules(settings: Settings) -> UrlRules:
    from worker.config.loader import load_config  # cleaning and tagging cost 0.5 s to import

    return load_config(settings.config_dir).cleaning.urls


def _considered(
    store: RecordReader, explanation: Explanation, code: str, settings: Settings
) -> list[list[RuleExplanation]]:
    """Apply the rules of one topic to each article, and return what each rule matched in it.

    `code` is the code or label of the topic.
    """
    from worker.cli.tag_command import topic_code
    from worker.config.loader import load_config
    from worker.tag.explain_tags import explain_rules
    from worker.tag.topics.model_tags import judge_for

    config = load_config(settings.config_dir)
    topic = topic_code(config, code)
    rules, topics = config.tagging.rules, config.tagging.topics
    ids = [article["article"]["article_id"] for article in explanation.articles]
    return [
        explain_rules(
            record.article,
            rules,
            record.received,
            topic,
            judge_for(record.article, topics, rules.taxonomy),
        )
        for record in store.records(ids)
    ]


def _print_considered(code: str, considered: list[list[RuleExplanation]]) -> None:
    if considered:
        from worker.cli.tag_command import print_considered

        for rules in considered:
            print_considered(f"the rules of {code} now", rules)


def _queue_sentences(settings: Settings) -> Iterator[str]:
    from worker.cli.queue_lookup import queue_sentences

    return queue_sentences(settings)


def _print(
    what: str, explanation: Explanation, expired_before: datetime | None, settings: Settings
) -> None:
    if explanation == Explanation():
        _print_nothing_found(what, expired_before)
        for sentence in _queue_sentences(settings):
            err.print(sentence, markup=False, soft_wrap=True)
        return
    if explanation.received:
        _print_sentence(f"It was put on the queue {moment(explanation.received)}.")
        if not (
            explanation.outcome or explanation.letter or explanation.held or explanation.expired
        ):
            _print_sentence(
                "It has no outcome yet: it waits or is being processed; see `worker ledger`."
            )
            for sentence in _queue_sentences(settings):
                _print_sentence(sentence)
    if explanation.held:
        _print_sentence(held_sentence(explanation.held))
    if explanation.expired:
        _print_sentence(expired_sentence(explanation.expired))
    if explanation.outcome:
        _print_sentence(outcome_sentence(explanation.outcome, explanation.letter))
    if explanation.letter:
        for sentence in dead_letter_sentences(explanation.letter):
            _print_sentence(sentence)
    for article in explanation.articles:
        title = article["revisions"][-1]["title"] if article["revisions"] else "withdrawn"
        out.print(Text(title, style="bold"))
        for sentence in article["story"]:
            _print_sentence(sentence)


def _print_nothing_found(what: str, expired_before: datetime | None) -> None:
    if "://" in what:
        err.print("no article has this address as yet; find articles with `worker search`")
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


def _print_sentence(sentence: str) -> None:
    """Print one sentence of the explanation, indented."""
    out.print(Padding(Text(visible(sentence)), (0, 0, 0, 2)))
