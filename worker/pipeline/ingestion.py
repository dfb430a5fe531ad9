"""The path of a batch: deliveries come in, one outcome per receipt goes out.

    admit -> clean                         one article at a time, pure
    learned -> leave out -> fingerprint    without lines that the source was seen to repeat
    latest -> identify                     the store says which article it is
    claim -> compare -> settle -> resolve  the index says whom it is like
    tag                                    what is new or changed
    write                                  one transaction; only then may the message be acked

The order of the stages lives here and nowhere else. A fixed number of round trips a batch,
none an article. An article that fails is buried with its payload; its neighbours go on.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import filterfalse
from time import monotonic

from worker.clean import clean, withdrawn_keys
from worker.clean.lines.source_boilerplate import SourceBoilerplate, leave_out, sighting
from worker.config.loader import Config
from worker.dedup import Match, compare, fingerprint, identify, resolve, with_key
from worker.index import Claim, CopyVote, Index
from worker.index.line_counts import Lines, MemoryLines
from worker.model.admission import Payload, RawArticle, admit, source_of
from worker.model.records import (
    NO_ATTEMPT,
    Article,
    Attempt,
    DeadLetter,
    Fingerprint,
    Outcome,
    OutcomeKind,
    Record,
    Verdict,
    Withdrawal,
)
from worker.pipeline.batch_identities import BatchIdentities
from worker.pipeline.boilerplate import Boilerplate
from worker.pipeline.candidate_fingerprints import Prints, mates_of, prints_of
from worker.pipeline.dead_lettering import DeadLetters, Origin, Watch, at_ease
from worker.store.ports import WorkerStore
from worker.tag import tag

log = logging.getLogger("worker")

_LETTERS_LOGGED = 100  # dead letters of a batch with a line each: as many as the contract allows

Likes = list[tuple[str, Match]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprocessed:
    """Of an article that is stored already and is cleaned again."""

    key: str  # stays, whatever the new rules would make of it
    received: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One raw article as it came off the queue: any JSON value, under its receipt."""

    receipt: str
    raw: object
    again: Reprocessed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    origin: Origin
    raw: RawArticle
    again: Reprocessed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    origin: Origin
    article: Article
    fingerprint: Fingerprint
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    cleaned: Cleaned
    verdict: Verdict
    likes: Likes = field(default_factory=list)


class Pipeline:
    """Holds the rules and the connections; knows nothing of queues.

    `watch` is entered with the stage's name around every stage of every article: a deadline.
    """

    def __init__(
        self,
        config: Config,
        store: WorkerStore,
        index: Index,
        watch: Watch = at_ease,
        lines: Lines | None = None,
    ) -> None:
        self.config = config
        self.store = store
        self.index = index
        self.watch = watch
        self.boilerplate = Boilerplate(lines or MemoryLines(), config.cleaning.learned)

    def ingest(
        self, deliveries: Sequence[Delivery], *, now: datetime, handling: Attempt = NO_ATTEMPT
    ) -> list[Outcome]:
        """Process a batch; returns the outcomes written now, none for receipts already done.

        Raises Unavailable when store or index do not answer: then nothing was written.
        """
        began = monotonic()
        done = self.store.outcomes([d.receipt for d in deliveries])
        grave = DeadLetters(self.watch)
        admitted = _admit([d for d in deliveries if d.receipt not in done], grave)
        withdrawals = _withdrawals(admitted, grave)
        cleaned = self._clean(admitted, grave, now)
        judged = self._likeness(self._identity(cleaned, grave), grave)
        records = self._tag(judged, grave, now)
        outcomes = self.store.write(*(records, withdrawals, grave.dead), now=now, handling=handling)
        # Truth first, hint second: dying in between leaves a rival that the store no longer has.
        if gone := [
            o.article_id for o in outcomes if o.kind is OutcomeKind.WITHDRAWN and o.article_id
        ]:
            self.index.forget(gone)
        _log(outcomes, grave.dead, len(done), monotonic() - began)
        return outcomes

    def _clean(
        self, admitted: Sequence[Admitted], grave: DeadLetters, now: datetime
    ) -> list[Cleaned]:
        whole: list[tuple[Admitted, Article]] = []
        for a in admitted:
            if a.raw.status == "withdrawn":
                continue
            with grave.buries(a.origin, "clean"):
                article = clean(a.raw, self.config.cleaning, a.again.received if a.again else now)
                if a.again:
                    article = replace(article, key=a.again.key)
                whole.append((a, article))
        return self._shown(whole, grave, now)

    def _shown(
        self, whole: Sequence[tuple[Admitted, Article]], grave: DeadLetters, now: datetime
    ) -> list[Cleaned]:
        """Without what their sources were seen to repeat; then what these bring is noted."""
        rules = self.config.cleaning.learned
        learned = self.boilerplate.learned({article.source for _, article in whole}, now)
        cleaned, seen = [], []
        for a, article in whole:
            with grave.buries(a.origin, "clean"):
                its = learned.get(article.source, SourceBoilerplate())
                shown = leave_out(article, its, rules)
                print_ = fingerprint(shown, self.config.dedup, article)
                if not a.again:
                    seen.append((article.source, sighting(article, its, rules)))
                cleaned.append(
                    Cleaned(
                        origin=a.origin,
                        article=shown,
                        fingerprint=print_,
                        again=a.again is not None,
                    )
                )
        self.boilerplate.note(seen, now)
        return cleaned

    def _identity(self, cleaned: Sequence[Cleaned], grave: DeadLetters) -> list[Judged]:
        """Which article each one is; what comes twice in one batch is taken in order."""
        stored = self.store.latest_identities([c.article for c in cleaned])
        batch = BatchIdentities()
        judged = []
        for c, found in zip(cleaned, stored, strict=True):
            with grave.buries(c.origin, "deduplicate"):
                before = batch.known(c.article, found)
                verdict = identify(
                    c.article, c.fingerprint, before, self.config.dedup, reprocessed=c.again
                )
                batch.note(c.article, c.fingerprint, before, verdict)
                its = replace(c, article=with_key(c.article, verdict))
                judged.append(Judged(cleaned=its, verdict=verdict))
        return judged

    def _likeness(self, judged: Sequence[Judged], grave: DeadLetters) -> list[Judged]:
        """Whom new content is like. Identity comes first: what is unchanged is not compared."""
        same = [j for j in judged if j.verdict.kind is OutcomeKind.UNCHANGED]
        compared = self._compare(
            [j for j in judged if j.verdict.kind is not OutcomeKind.UNCHANGED], grave
        )
        new = [j for j in compared if j.verdict.kind is OutcomeKind.NEW]
        canonical = dict(zip(map(_id, new), self._settle(new), strict=True))
        resolved = []
        for j in compared:
            with grave.buries(j.cleaned.origin, "deduplicate"):
                home = canonical.get(_id(j), j.verdict.cluster_id)
                verdict = resolve(j.verdict, j.likes, home, self.config.dedup)
                resolved.append(Judged(cleaned=j.cleaned, verdict=verdict))
        return in_order(same + resolved, judged)

    def _compare(self, changed: Sequence[Judged], grave: DeadLetters) -> list[Judged]:
        claims = [Claim(article_id=_id(j), fingerprint=j.cleaned.fingerprint) for j in changed]
        met = self.index.claim(claims) if claims else []
        compared = self._liked(zip(changed, prints_of(met, self.store), strict=True), grave)
        rivals = dict(zip(map(_id, changed), met, strict=True))
        alone = [*filter(_alone, compared)]
        mates = mates_of([rivals[_id(j)] for j in alone], self.store)
        again = self._liked(zip(alone, mates, strict=True), grave)
        return in_order([*filterfalse(_alone, compared), *again], changed)

    def _liked(self, pairs: Iterable[tuple[Judged, Prints]], grave: DeadLetters) -> list[Judged]:
        """With whom of these each is like besides, the best first."""
        liked = []
        for j, prints in pairs:
            with grave.buries(j.cleaned.origin, "deduplicate"):
                found = [
                    (article_id, like)
                    for article_id, print_ in prints.items()
                    if article_id != _id(j)
                    if (like := compare(j.cleaned.fingerprint, print_, self.config.dedup))
                ]
                likes = sorted([*j.likes, *found], key=lambda its: its[1].strength, reverse=True)
                liked.append(Judged(cleaned=j.cleaned, verdict=j.verdict, likes=likes))
        return liked

    def _settle(self, new: Sequence[Judged]) -> list[str]:
        wishes = [CopyVote(article_id=_id(j), alike=_copies(j)) for j in new]
        return self.index.settle(wishes) if wishes else []

    def _tag(self, judged: Sequence[Judged], grave: DeadLetters, now: datetime) -> list[Record]:
        records = []
        for j in judged:
            with grave.buries(j.cleaned.origin, "tag"):
                changed = j.verdict.kind is not OutcomeKind.UNCHANGED
                record = Record(
                    receipt=j.cleaned.origin.receipt,
                    payload=j.cleaned.origin.payload,
                    article=j.cleaned.article,
                    fingerprint=j.cleaned.fingerprint,
                    verdict=j.verdict,
                    tags=tag(j.cleaned.article, self.config.tagging, now) if changed else (),
                    tagger=self.config.tagging.version,
                    config=self.config.digest,
                    reprocessed=j.cleaned.again,
                )
                records.append(record)
        return records


def _admit(deliveries: Sequence[Delivery], grave: DeadLetters) -> list[Admitted]:
    admitted = []
    for d in deliveries:
        payload = Payload.of(d.raw)
        origin = Origin(receipt=d.receipt, source=source_of(d.raw), payload=payload)
        with grave.buries(origin, "admit"):
            raw = admit(d.raw, payload.bytes)
            admitted.append(Admitted(origin=origin, raw=raw, again=d.again))
    return admitted


def _withdrawals(admitted: Sequence[Admitted], grave: DeadLetters) -> list[Withdrawal]:
    gone = []
    for a in admitted:
        if a.raw.status != "withdrawn":
            continue
        with grave.buries(a.origin, "clean"):
            keys = withdrawn_keys(a.raw)
            gone.append(Withdrawal(receipt=a.origin.receipt, source=a.origin.source, keys=keys))
    return gone


def in_order(some: Sequence[Judged], order: Sequence[Judged]) -> list[Judged]:
    """As they arrived: the store numbers revisions in the order it is given."""
    place = {j.cleaned.origin.receipt: n for n, j in enumerate(order)}
    return sorted(some, key=lambda j: place[j.cleaned.origin.receipt])


def _id(judged: Judged) -> str:
    return judged.verdict.article_id


def _alone(judged: Judged) -> bool:
    return judged.verdict.kind is OutcomeKind.NEW and not _copies(judged)


def _copies(judged: Judged) -> tuple[str, ...]:
    """Whom it is a copy of, the best first."""
    return tuple(rival for rival, like in judged.likes if like.kind is OutcomeKind.DUPLICATE)


def _log(outcomes: Sequence[Outcome], dead: Sequence[DeadLetter], done: int, took_s: float) -> None:
    counts = Counter(outcome.kind for outcome in outcomes)
    parts = [f"{kind}={counts[kind]}" for kind in OutcomeKind if counts[kind]]
    parts += [f"redelivered={done}"] if done else []
    log.info("batch.ingested %s ms=%d", " ".join(parts), took_s * 1000)
    for letter in dead[:_LETTERS_LOGGED]:
        log.warning(
            "article.rejected source=%s reason=%s stage=%s receipt=%s letter=%s",
            letter.source,
            letter.reason,
            letter.stage,
            letter.receipt,
            letter.letter_id[:12],
        )
    if more := Counter(letter.reason.value for letter in dead[_LETTERS_LOGGED:]):
        reasons = " ".join(f"{reason}={number}" for reason, number in more.items())
        log.warning("article.rejected more=%d %s", more.total(), reasons)
