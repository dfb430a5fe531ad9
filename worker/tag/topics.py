"""Topics: what the feed's categories say, what the rules see, and the ancestors of both."""

from collections import defaultdict
from collections.abc import Iterator

from worker.models import Article, Span, Tag
from worker.tag.phrases import Hit
from worker.tag.taxonomy import Ready, Rule, Scoring, Taxonomy, Topic, category_code

SCHEME = "taxonomy"
FIELDS = ("title", "summary", "text")  # searched, in reading order

Found = dict[int, list[tuple[str, Hit]]]  # by phrase: (field, hit), title first


def topic_tags(article: Article, taxonomy: Taxonomy) -> list[Tag]:
    """One tag per topic, the highest score first; a feed's own word outranks a rule."""
    best: dict[str, Tag] = {}
    for tag in (*_said(article, taxonomy), *_seen(article, taxonomy)):
        if tag.code not in best or tag.score > best[tag.code].score:
            best[tag.code] = tag
    for tag in sorted(best.values(), key=_rank):
        for code in taxonomy.ancestors(tag.code):
            best.setdefault(code, _implied(taxonomy.by_code[code], tag))
    return sorted(best.values(), key=_rank)


def _rank(tag: Tag) -> tuple[float, str]:
    return -tag.score, tag.code


def _implied(topic: Topic, by: Tag) -> Tag:
    """An ancestor is as certain as the best tag below it, and names that as its rule."""
    return Tag(
        scheme=SCHEME,
        code=topic.code,
        label=topic.label,
        score=by.score,
        method="implied",
        rule=by.code,
        version=by.version,
    )


def _said(article: Article, taxonomy: Taxonomy) -> Iterator[Tag]:
    for label in article.categories:
        code = category_code(label)
        for topic in taxonomy.by_category.get(code, ()):
            yield Tag(
                scheme=SCHEME,
                code=topic.code,
                label=topic.label,
                method="category",
                rule=f"{topic.code}/category:{code}",
                version=taxonomy.version,
                spans=(Span(field="category", start=0, end=len(label), surface=label),),
            )


def _seen(article: Article, taxonomy: Taxonomy) -> Iterator[Tag]:
    scoring, found = taxonomy.scoring, _find(article, taxonomy)
    there, chars = frozenset(found), len(article.text)
    for ready in _asked(found, taxonomy, article.language):
        evidence = {phrase: found[phrase] for phrase in sorted(ready.asked & there)}
        if not _holds(ready, there, evidence):
            continue
        score = _score(evidence, ready.rule, scoring, chars)
        if score >= (ready.rule.threshold or scoring.threshold):
            yield Tag(
                scheme=SCHEME,
                code=ready.topic.code,
                label=ready.topic.label,
                score=score,
                rule=ready.id,
                version=taxonomy.version,
                spans=_spans(article, evidence, scoring.max_spans),
            )


def _find(article: Article, taxonomy: Taxonomy) -> Found:
    found: Found = defaultdict(list)
    for field in FIELDS:
        for hit in taxonomy.compiled.phrases.find(getattr(article, field)):
            found[hit.phrase].append((field, hit))
    return dict(found)


def _asked(found: Found, taxonomy: Taxonomy, language: str) -> list[Ready]:
    """The rules for this language that ask for something found, each once."""
    rules_of = taxonomy.compiled.rules_of
    asked = {ready.id: ready for phrase in found for ready in rules_of[phrase]}
    return [r for r in asked.values() if not r.rule.languages or language in r.rule.languages]


def _holds(ready: Ready, there: frozenset[int], evidence: Found) -> bool:
    if ready.none & there or not ready.all <= there:
        return False
    if ready.any and ready.any.isdisjoint(there):
        return False
    return sum(map(len, evidence.values())) >= ready.rule.min_count


def _score(evidence: Found, rule: Rule, scoring: Scoring, chars: int) -> float:
    """Points against doubt: p / (p + d). A long text meets more phrases by chance, so d grows."""
    weights = rule.weights or scoring.weights
    points = 0.0
    for hits in evidence.values():
        points += max(getattr(weights, field) for field in {field for field, _ in hits})
        points += scoring.repeat * min(len(hits) - 1, scoring.max_repeats)
    doubt = scoring.doubt + scoring.doubt_per_1000_chars * chars / 1000
    return round(points / (points + doubt), 3)


def _spans(article: Article, evidence: Found, most: int) -> tuple[Span, ...]:
    """The first hits of different phrases, in reading order."""
    firsts = (hits[0] for hits in evidence.values())
    in_order = sorted(firsts, key=lambda first: (FIELDS.index(first[0]), first[1].start))
    return tuple(
        Span(field=f, start=h.start, end=h.end, surface=getattr(article, f)[h.start : h.end])
        for f, h in in_order[:most]
    )
