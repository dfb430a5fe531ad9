"""A store with deliveries of every kind, what its readers say of it, and a year of retention."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from tests.make import NOW, article, dead, record, withdrawal
from worker.config.worker_rules import RetentionRules
from worker.explain.dead_letter_sentences import dead_letter_sentences
from worker.explain.explain_sentences import article_sentences
from worker.maintenance.removal import remove_aged
from worker.model.receipts import (
    new_producer_id,
    numbered_message_id,
    reclean_receipt,
    replay_receipt,
)
from worker.model.records import JournalEntry, OutcomeKind
from worker.runtime.retention_turns import periods_of
from worker.store.dead_letter_values import DeadLetterQuery, DeadLetterState
from worker.store.retention_values import Aged
from worker.store.sql_store import SqlStore
from worker.store.values import Query

DAY = timedelta(days=1)
YEAR_LATER = NOW + 365 * DAY
SCORES = {"containment": 0.91, "numbers": 1.0}
NEVER: dict[str, float] = {name: 0 for name in RetentionRules.model_fields if "days" in name}


def fill(store: SqlStore) -> dict[str, str]:
    """Store articles of every kind; return the names of receipts -> receipts."""
    one, two, three = article("id:1"), article("id:2"), article("id:3")
    first, edited = record(one, receipt="made-1"), article("id:1", text="The harbour is open.")
    store.write([first, record(three, receipt="made-3")], [], [], now=NOW)
    revised = {"kind": OutcomeKind.REVISION, "revision": 2, "signal": "", "change": "major"}
    store.write([record(edited, receipt="made-2", verdict=revised)], [], [], now=NOW + DAY)
    copied = {
        "kind": OutcomeKind.DUPLICATE,
        "cluster_id": one.article_id,
        "signal": "near",
        "rival": one.article_id,
        "scores": SCORES,
        "thresholds": {"containment": 0.8},
    }
    store.write([record(two, receipt="copied", verdict=copied)], [], [], now=NOW + DAY)
    store.write([], [withdrawal("id:3", receipt="taken-down")], [], now=NOW + DAY)
    _fail(store)
    # Cleaned again in vain: a newer cleaner rejects both, and one letter is dropped.
    vain = [
        dead(name, receipt=reclean_receipt(of.article_id, number, "clean-2"))
        for name, of, number in (("rejected", one, 2), ("dropped", two, 1))
    ]
    store.write([], [], vain, now=NOW + 2 * DAY)
    store.drop_letters([vain[1].letter_id])
    return {"first": "made-1", "copy": "copied", "withdrawal": "taken-down"}


def _fail(store: SqlStore) -> None:
    """Store dead letters: one that stands, one whose replay ended well, one that failed again."""
    for n, at in enumerate((NOW, NOW + DAY)):
        store.write([], [], [dead("stands", receipt=f"failed-{n}")], now=at)
    for raw in ("replayed", "again"):
        letter = dead(raw, receipt=f"failed-{raw}")
        store.write([], [], [letter], now=NOW)
        store.mark_replays({letter.letter_id: replay_receipt(letter.letter_id, 1)}, now=NOW + DAY)
        receipt = replay_receipt(letter.letter_id, 1)
        good = record(article("id:4"), receipt=receipt)
        bad = dead(raw, receipt=receipt)
        is_good = raw == "replayed"
        store.write([good] if is_good else [], [], [] if is_good else [bad], now=NOW + DAY)


def note_in_journal(store: SqlStore) -> None:
    """Note in the journal that producers sent some of these; one receipt has no outcome, and one
    message of the second producer is lost. The other receipts are foreign."""
    whole, torn = new_producer_id(), new_producer_id()
    sent = [(whole, 1, "made-1"), (whole, 2, "made-2"), (torn, 1, "copied"), (torn, 3, "failed-0")]
    sent += [(torn, 4, "taken-down"), (torn, 5, "never-ended")]
    store.add_journal_entries(
        [
            JournalEntry(receipt=receipt, message_id=numbered_message_id(producer, n), at=NOW)
            for producer, n, receipt in sent
        ]
    )


def deliver_unchanged(store: SqlStore, receipt: str, at: datetime) -> None:
    """Store that the article `id:1` was delivered once more, without a change."""
    verdict = {"kind": OutcomeKind.UNCHANGED}
    store.write([record(receipt=receipt, verdict=verdict)], [], [], now=at)


def remove_old(store: SqlStore, now: datetime = YEAR_LATER, **days: float) -> dict[Aged, int]:
    """Remove what is old at the time `now`; `days` replaces the default periods."""
    removed: dict[Aged, int] = {}
    for what, count in remove_aged(store, periods_of(RetentionRules(**days)), now):
        removed[what] = removed.get(what, 0) + count
    return {what: count for what, count in removed.items() if count}


def said(store: SqlStore) -> dict[str, Any]:
    """What the readers of receipts, decisions and journal say."""
    ids = [a.article_id for a in store.articles(Query())]
    gone = article("id:3").article_id
    shown = [view for i in ids if (view := store.show(i))]
    titles = store.titles(ids)
    letters = store.letters(store.letter_ids(DeadLetterQuery(states=tuple(DeadLetterState))))
    tally = store.tally_receipts(NOW - DAY, NOW + 10 * DAY)
    stale = [store.count_stale(Query(), "cleaner", v) for v in ("clean-1", "clean-2", "clean-3")]
    return {
        "explain": [[*article_sentences(view, titles)] for view in shown],
        "show": [_plain(view) for view in shown],
        "withdrawn": dict(store.show(gone) or {}).get("article"),
        "export": [asdict(a) for a in store.articles(Query(), all_revisions=True)],
        "ledger": (tally.ended, tally.open, tally.foreign),
        "lost": store.lost_messages(NOW - DAY, NOW + 10 * DAY),
        "letters": letters,
        "of letters": [[*dead_letter_sentences(letter)] for letter in letters],
        "reclean": stale,
        "cluster": (
            store.clusters.members(ids),
            store.clusters.sightings(ids),
            store.clusters.moves(ids),
        ),
        "source": store.source("wire"),
        "totals": store.outcome_totals(),
        "fingerprints": store.fingerprints(ids),
    }


def _plain(view: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if name != "held"}
