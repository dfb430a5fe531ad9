"""Fill a store as if sources had been delivering to it for five weeks, for pictures and browser
tests of pages.

Articles are written by the store itself, hour by hour, with the time as an argument. Each source
has a rhythm of its own; one falls silent, one brings more and more dead letters, some copy others.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import uuid4

from devtools.generated_articles import vocabulary
from worker.errors import Reason
from worker.model.admission import Payload
from worker.model.records import (
    Article,
    DeadLetter,
    Fingerprint,
    OutcomeKind,
    Record,
    Tag,
    Verdict,
)
from worker.store.sql_store import SqlStore

WEEKS = 5
_NAMES = (
    *("Northmouth Post", "Harbour Gazette", "Valley Courier", "The Inland Observer", "Radio Coast"),
    *("Ostkurier", "La Gaceta del Puerto", "Science Weekly", "Market Wire", "Town Hall Notices"),
    *("Ferry Line News", "Weather Office", "Court Reporter", "City Football", "Night Desk"),
    *("Rail Update", "School Board", "Energy Brief", "Farm Journal", "Culture Quarter"),
    *("Health Watch", "Tech Ledger", "Island Mail", "Border Times", "Sunday Review"),
)
_WHO = (
    "Council",
    "Ferry company",
    "Port authority",
    "School",
    "Hospital",
    "Court",
    "Museum",
    "Union",
)
_DOES = ("approves", "delays", "rejects", "opens", "plans", "closes", "reviews", "presents")
_WHAT = ("a new bridge", "the night line", "its budget", "a flood wall", "the old market hall")
_WHERE = ("in Northmouth", "on the coast", "in the valley", "at the harbour", "for the islands")
_TOPICS = ("weather", "politics", "sport", "economy", "science", "culture")


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    per_day: float
    first_hour: int  # of the day, in which it begins to publish
    weekends: bool
    copies: float
    dead: float
    silent_h: int = 0  # hours before the end in which nothing comes


def fill(store: SqlStore, now: datetime, *, seed: int = 1) -> None:
    """Write about 4,000 articles of 25 sources with their outcomes in the five weeks before now."""
    rng = random.Random(seed)
    words = vocabulary(rng)
    sources = [_source(number, name) for number, name in enumerate(_NAMES)]
    known: list[Article] = []
    hours = WEEKS * 7 * 24
    for back in range(hours, -1, -1):
        at = now - timedelta(hours=back)
        records, letters = [], []
        for source in sources:
            for _ in range(_arrivals(rng, source, at, back)):
                if rng.random() < source.dead * (4 if back < 60 else 1):
                    letters.append(_letter(rng, source.name))
                    continue
                record = _record(rng, words, source, at, known[-200:])
                known.append(record.article)
                records.append(record)
                if rng.random() < 0.3:
                    records.append(_repeated(record))
        if records or letters:
            store.write(records, [], letters, now=at)


def _source(number: int, name: str) -> _Source:
    return _Source(
        name=name,
        per_day=(14.0, 9.0, 6.0, 4.0, 2.0)[number % 5],
        first_hour=(5, 6, 7, 8, 6)[number % 5],
        weekends=number % 3 != 1,
        copies=(0.05, 0.3, 0.15, 0.5, 0.0)[number % 5],
        dead=0.12 if number == 7 else 0.015,
        silent_h={0: 40, 12: 60}.get(number, 0),
    )


def _arrivals(rng: random.Random, source: _Source, at: datetime, back: int) -> int:
    is_open = source.first_hour <= at.hour < source.first_hour + 14
    if not is_open or back < source.silent_h or (at.weekday() >= 5 and not source.weekends):
        return 0
    return sum(rng.random() < source.per_day / 14 / 2 for _ in range(2))


def _record(
    rng: random.Random, words: list[str], source: _Source, at: datetime, known: list[Article]
) -> Record:
    number = rng.getrandbits(48)
    title = " ".join(map(rng.choice, (_WHO, _DOES, _WHAT, _WHERE)))
    copied = rng.choice(known) if known and rng.random() < source.copies else None
    text = copied.text if copied else "\n\n".join(_paragraph(rng, words) for _ in range(4))
    one = Article(
        source=source.name,
        key=f"id:{number}",
        title=copied.title if copied else title,
        text=text,
        url=f"https://{source.name.lower().replace(' ', '-')}.example/{number}",
        language="en",
        words=len(text.split()),
        published=at,
        cleaner="clean-1",
    )
    topic = rng.choice(_TOPICS)
    kind = OutcomeKind.DUPLICATE if copied else OutcomeKind.NEW
    return Record(
        receipt=str(uuid4()),
        payload=Payload.of({"title": one.title, "content": text}),
        article=one,
        fingerprint=_fingerprint(one),
        verdict=Verdict(
            kind=kind,
            article_id=one.article_id,
            revision=1,
            cluster_id=copied.article_id if copied else one.article_id,
            signal="exact" if copied else "identity",
            version="dedup-1",
        ),
        tags=(Tag(scheme="taxonomy", code=topic, label=topic.title(), version="tags-1"),),
        tagger="tags-1",
        config="config-1",
    )


def _repeated(record: Record) -> Record:
    """The same delivery again, unchanged."""
    verdict = Verdict(
        kind=OutcomeKind.UNCHANGED,
        article_id=record.verdict.article_id,
        revision=1,
        cluster_id=record.verdict.cluster_id,
        signal="identity",
        version="dedup-1",
    )
    return Record(
        receipt=str(uuid4()),
        payload=record.payload,
        article=record.article,
        fingerprint=record.fingerprint,
        verdict=verdict,
        tags=record.tags,
        tagger=record.tagger,
        config=record.config,
    )


def _paragraph(rng: random.Random, words: list[str]) -> str:
    return " ".join(rng.choices(words, k=40)).capitalize() + "."


def _fingerprint(of: Article) -> Fingerprint:
    digest = sha256(f"{of.title}\0{of.text}".encode()).hexdigest()[:32]
    return Fingerprint(
        content_hash=digest,
        text_hash=digest[::-1],
        words=of.words,
        sketch=(3, 2**64 - 1),
        shingles=bytes(range(16)),
        title=bytes(range(8)),
        version="print-1",
    )


_FAILURES = (
    (Reason.EMPTY, "clean", "no text is left after cleaning"),
    (Reason.MALFORMED, "admit", "published: expected a time, got 'yesterday'"),
    (Reason.FAILED_FETCH, "clean", "the page says 404: not found"),
)


def _letter(rng: random.Random, source: str) -> DeadLetter:
    reason, stage, detail = rng.choice(_FAILURES)
    return DeadLetter(
        receipt=str(uuid4()),
        reason=reason,
        detail=detail,
        stage=stage,
        source=source,
        payload=Payload.of({"title": f"letter {rng.getrandbits(32)}"}),
    )
