"""Process a batch of raw articles in stages, until each delivered article has one outcome.

    admit        set aside raw articles that have not changed, and check all others; set aside
                 requests to take an earlier article down
    clean        make an article of each remaining raw article
    fingerprint  leave out lines that the source was seen to repeat, hash what remains
    identify     decide from what is stored whether each article is new, a revision or unchanged
    deduplicate  compare new content with similar earlier articles, to find the original of copies
    tag          articles whose content is new
    write        all results, in one transaction; the message may be acknowledged only after it

The order of the stages is in `Pipeline.ingest` and nowhere else. Store and index are asked a fixed
number of times per batch, however many articles it has. An article that fails in a stage becomes a
dead letter with its raw JSON; the other articles are processed further.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from time import monotonic

from worker.clean import clean
from worker.clean.lines.source_boilerplate import SourceBoilerplate, leave_out, sighting
from worker.config.loader import Config
from worker.dedup import fingerprint
from worker.index import Index, IndexEntry
from worker.index.line_counts import LineCounts, MemoryLineCounts
from worker.model.records import (
    NO_ATTEMPT,
    Attempt,
    Outcome,
    OutcomeKind,
    Record,
)
from worker.model.unchanged import ArticleChanged
from worker.pipeline.admitting import admit_batch
from worker.pipeline.batch_log import log_batch
from worker.pipeline.boilerplate import Boilerplate
from worker.pipeline.candidate_fingerprints import (
    ElectedArticles,
    candidate_fingerprints,
    cluster_fingerprints,
)
from worker.pipeline.copy_decisions import decide_copies
from worker.pipeline.dead_lettering import (
    DeadLetters,
    StageDeadline,
    no_deadline,
)
from worker.pipeline.deliveries import Delivery, traces_of, without_outcome
from worker.pipeline.identification import identify_batch, page_of
from worker.pipeline.stage_clock import stage_clock
from worker.pipeline.stage_results import (
    AdmittedArticle,
    CleanedArticle,
    DecidedArticle,
    FingerprintedArticle,
    in_order_of_arrival,
)
from worker.pipeline.tag_reading import read_for_tags
from worker.pipeline.unchanged_articles import meet, rules_in_force
from worker.pipeline.withdrawals import fetch_time, first_returning, read_withdrawals
from worker.store.ports import WorkerStore
from worker.tag import tag


class Pipeline:
    """Processes batches of raw articles: cleans, deduplicates, tags and stores them.

    `index` finds similar earlier articles. `stage_deadline` gets the name of a stage (clean, tag …)
    and makes a context that limits the time of that stage for one article. `lines` counts which
    lines each source repeats, for all workers together; if it is not given, this worker counts them
    alone, in memory. If `finds_unchanged` is False, articles that were processed before are cleaned
    again even if they have not changed.
    """

    def __init__(
        self,
        config: Config,
        store: WorkerStore,
        index: Index,
        stage_deadline: StageDeadline = no_deadline,
        lines: LineCounts | None = None,
        *,
        finds_unchanged: bool = True,
    ) -> None:
        self.config = config
        self.store = store
        self.index = index
        self.stage_deadline = stage_deadline
        self._finds_unchanged = finds_unchanged
        self.boilerplate = Boilerplate(lines or MemoryLineCounts(), config.cleaning.learned)

    def ingest(
        self, deliveries: Sequence[Delivery], *, now: datetime, handling: Attempt = NO_ATTEMPT
    ) -> list[Outcome]:
        """Process a batch of raw articles, write the results to the store, and return the outcomes:
        what became of each.

        An article whose receipt (the id of its delivery) has an outcome already is left out,
        because it was delivered before. `handling` names the worker, and is stored with the
        outcomes. Raises Unavailable, with nothing written, when the store or the index does not
        answer.
        """
        try:
            return self._ingest(deliveries, now, handling, finds_unchanged=self._finds_unchanged)
        except ArticleChanged:
            return self._ingest(deliveries, now, handling, finds_unchanged=False)

    def _ingest(
        self,
        deliveries: Sequence[Delivery],
        now: datetime,
        handling: Attempt,
        *,
        finds_unchanged: bool,
    ) -> list[Outcome]:
        """Process a batch. Raises ArticleChanged, with nothing written, if an article that was
        found unchanged is changed by another worker meanwhile."""
        started = monotonic()
        stage_clock.start()
        rules = rules_in_force(self.config, now)
        dead_letters = DeadLetters(self.stage_deadline)
        pending, unchanged, admitted = admit_batch(
            self.store, deliveries, dead_letters, rules, finds_unchanged=finds_unchanged
        )
        if returning := first_returning(admitted):
            return self._ingest_in_two(pending, returning, now, handling)
        dates = self.config.cleaning.dates
        withdrawals = read_withdrawals(admitted, dead_letters, dates, now)
        cleaned = self._clean(admitted, dead_letters, now)
        fingerprinted = self._fingerprint(cleaned, dead_letters, now)
        stage_clock.lap("clean")
        stored = self.store.latest_identities([f.article for f in fingerprinted])
        identified = identify_batch(fingerprinted, stored, self.config.dedup, dead_letters)
        if unchanged and meet(unchanged, identified):
            return self._ingest(pending, now, handling, finds_unchanged=False)
        decided = self._deduplicate(identified, dead_letters)
        stage_clock.lap("dedup")
        records = self._tag(decided, dead_letters, now)
        stage_clock.lap("tag")
        letters = dead_letters.letters
        outcomes = self.store.write(
            records,
            withdrawals,
            letters,
            unchanged=unchanged,
            now=now,
            handling=handling,
            traces=traces_of(pending),
        )
        self._forget_withdrawn(outcomes)
        self.index.release([o.article_id for o in outcomes if o.article_id])
        stage_clock.lap("store")
        log_batch(outcomes, letters, len(deliveries) - len(pending), monotonic() - started)
        if overtaken := self._overtaken(pending, outcomes):
            outcomes += self.ingest(overtaken, now=now, handling=handling)
        return outcomes

    def _ingest_in_two(
        self, pending: Sequence[Delivery], receipt: str, now: datetime, handling: Attempt
    ) -> list[Outcome]:
        """Process a batch in two parts, the second of which begins with this receipt.

        The second part has an article that the first part withdraws: it comes back, and for that
        the withdrawal must be stored.
        """
        start = next(n for n, delivery in enumerate(pending) if delivery.receipt == receipt)
        parts = pending[:start], pending[start:]
        return [o for part in parts for o in self.ingest(part, now=now, handling=handling)]

    def _overtaken(
        self, pending: Sequence[Delivery], outcomes: Sequence[Outcome]
    ) -> list[Delivery]:
        """The deliveries whose receipt another worker used meanwhile for other content.

        They have a new receipt.
        """
        receipts = {outcome.receipt for outcome in outcomes}
        left = [d for d in pending if d.receipt not in receipts]
        if not left:
            return []
        used = {d.receipt for d in left}
        return [d for d in without_outcome(self.store, left) if d.receipt not in used]

    def _clean(
        self, admitted: Sequence[AdmittedArticle], dead_letters: DeadLetters, now: datetime
    ) -> list[CleanedArticle]:
        cleaned = []
        for a in admitted:
            if a.raw.status == "withdrawn":
                continue
            with dead_letters.catch(a.origin, "clean"):
                reprocessed = a.origin.reprocessed
                received = reprocessed.received if reprocessed else now
                article = clean(a.raw, self.config.cleaning, received)
                if reprocessed:
                    article = replace(article, key=reprocessed.key)
                fetched = fetch_time(a.origin, a.raw, self.config.cleaning.dates, now)
                origin = replace(a.origin, fetched=fetched)
                cleaned.append(CleanedArticle(origin=origin, article=article))
        return cleaned

    def _fingerprint(
        self, cleaned: Sequence[CleanedArticle], dead_letters: DeadLetters, now: datetime
    ) -> list[FingerprintedArticle]:
        """Leave out learned boilerplate and fingerprint the rest of each article.

        Then store the batch's own lines, from which boilerplate is learned later, but not those of
        reprocessed articles, which were stored when the articles first came.
        """
        rules = self.config.cleaning.learned
        learned = self.boilerplate.learned({c.article.source for c in cleaned}, now)
        fingerprinted, sightings = [], []
        for c in cleaned:
            with dead_letters.catch(c.origin, "clean"):
                boilerplate = learned.get(c.article.source, SourceBoilerplate())
                article = leave_out(c.article, boilerplate, rules)
                hashes = fingerprint(article, self.config.dedup, c.article)
                if not c.origin.reprocessed:
                    seen = sighting(c.article, boilerplate, rules)
                    sightings.append((article.source, seen))
                fingerprinted.append(
                    FingerprintedArticle(origin=c.origin, article=article, fingerprint=hashes)
                )
        self.boilerplate.note(sightings, now)
        return fingerprinted

    def _deduplicate(
        self, identified: Sequence[DecidedArticle], dead_letters: DeadLetters
    ) -> list[DecidedArticle]:
        """Decide which articles are copies or variants of others, and return all in order.

        Unchanged articles are not compared.
        """
        changed = [a for a in identified if a.verdict.kind is not OutcomeKind.UNCHANGED]
        decided = [a for a in identified if a.verdict.kind is OutcomeKind.UNCHANGED]
        if changed:
            candidates = self.index.register_and_match(
                [
                    IndexEntry(article_id=a.verdict.article_id, fingerprint=a.fingerprint)
                    for a in changed
                ]
            )
            verdicts = decide_copies(
                changed,
                candidate_fingerprints(candidates, self.store),
                self.config.dedup,
                elect=self.index.elect_canonical,
                widen=lambda some: cluster_fingerprints([candidates[n] for n in some], self.store),
                originals=ElectedArticles(self.store, self.index),
                guard=lambda article: dead_letters.catch(article.origin, "deduplicate"),
            )
            decided += [replace(article, verdict=verdict) for article, verdict in verdicts]
        return in_order_of_arrival(decided, identified)

    def _tag(
        self, decided: Sequence[DecidedArticle], dead_letters: DeadLetters, now: datetime
    ) -> list[Record]:
        records = []
        zstd, tagging = self.config.worker.payloads.zstd, self.config.tagging
        # A page that is held back may be shown after all if another worker stored less.
        new = [
            a for a in decided if a.verdict.kind is not OutcomeKind.UNCHANGED or a.verdict.is_held
        ]
        read = read_for_tags(new, tagging)
        for a in decided:
            with dead_letters.catch(a.origin, "tag"):
                changed = a.origin.receipt in read
                record = Record(
                    receipt=a.origin.receipt,
                    payload=a.origin.payload.compressed() if zstd and changed else a.origin.payload,
                    article=a.article,
                    fingerprint=a.fingerprint,
                    verdict=a.verdict,
                    tags=tag(a.article, tagging, now, read[a.origin.receipt]) if changed else (),
                    tagger=tagging.version,
                    config=self.config.digest,
                    page=page_of(a, self.config.dedup),
                    reprocessed=a.origin.reprocessed is not None,
                    live=a.origin.fetched.live,
                    fetched=a.origin.fetched.at,
                    raw_digest=a.origin.raw_digest,
                )
                records.append(record)
        return records

    def _forget_withdrawn(self, outcomes: Sequence[Outcome]) -> None:
        """Remove from the index the articles that are withdrawn after this batch.

        This comes after the write to the store. If the worker dies in between, the index proposes
        a candidate that the store no longer has, which does no harm.
        """
        last = {o.article_id: o.kind for o in outcomes if o.article_id}
        if withdrawn := [i for i, kind in last.items() if kind is OutcomeKind.WITHDRAWN]:
            self.index.forget(withdrawn)
