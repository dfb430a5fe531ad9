"""Fill a store with hostile texts in every field that pages show."""

from datetime import timedelta

from tests.make import NOW, article, dead, record, tag
from tests.support.hostile_texts import HOSTILE
from worker.errors import Reason
from worker.model.records import Contributor, OutcomeKind, Span
from worker.store.access_values import AuditEntry
from worker.store.sql_store import SqlStore


def fill(store: SqlStore) -> list[str]:
    """Store an article, a copy, an edit, tags and a dead letter of each text; return ids."""
    ids = []
    for number, text in enumerate(HOSTILE):
        one = article(
            f"id:{number}{text[:50]}",
            source=text[:300] or "x",
            title=text,
            text=f"{text}\n\nPlain words of article {number}.\n\n{text[::-1][:2000]}",
            url=text[:2000],
            summary=text[:500],
            authors=(text[:200],),
            categories=(text[:200],),
            keywords=(text[:200],),
            place=text[:100],
            agency=text[:100],
            contributors=(Contributor(name=text[:100], role=text[:50]),),
            flags=(text[:60],),
            language="en" if number % 2 else text[:20],
        )
        found = tag(
            text[:200] or "x",
            label=text,
            scheme="taxonomy" if number % 3 else text[:30],
            rule=text[:200],
            spans=(
                Span(field="text", start=0, end=min(9, len(text)), surface=text[:9]),
                Span(field="text", start=min(3, len(text)), end=len(text), surface=text[3:]),
                Span(field="title", start=0, end=len(text), surface=text),
            ),
        )
        at = NOW + timedelta(seconds=number)
        store.write([record(one, tags=(found,))], [], [], now=at)
        edited = article(
            f"id:{number}{text[:50]}", source=one.source, title=f"{text} again", text=text[::-1]
        )
        verdict = {"kind": OutcomeKind.REVISION, "revision": 2}
        store.write([record(edited, verdict=verdict, tags=(found,))], [], [], now=at)
        copy = article(f"id:copy {number}", source=text[:200] or "y", title=text, text=text)
        verdict = {"kind": OutcomeKind.DUPLICATE, "cluster_id": one.article_id}
        store.write([record(copy, verdict=verdict)], [], [], now=at)
        reason = list(Reason)[number % len(Reason)]
        letter = dead(
            {"title": text}, detail=text, source=text[:200] or "z", stage=text[:30], reason=reason
        )
        store.write([], [], [letter], now=at)
        entry = AuditEntry(at=at, who=text, action=text[:50], about=text, details={text[:50]: text})
        store.access.add_audit_entry(entry)
        ids.append(one.article_id)
    return ids
