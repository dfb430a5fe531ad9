"""Tell from the contents whether a publisher has used a key (an id or link) again for a different
story.

Two long texts are compared by their runs of words. Texts of a sentence or two have too few common
runs, so they are compared by single words of their titles and texts. If an article has no text,
only the titles are compared.
"""

from worker.dedup.dedup_rules import DedupRules, IdentityRules
from worker.dedup.figure_agreement import comparable
from worker.dedup.overlap import (
    WordsInCommon,
    content_word_count,
    is_short,
    overlap_of,
    same_title,
    words_in_common,
)
from worker.dedup.shingles import SOUTHEAST_ASIAN, words_of
from worker.dedup.shrunken_pages import fetched_page
from worker.model.records import Article, Fingerprint, Scores, StoredIdentity

Evidence = tuple[Scores, Scores]  # scores and thresholds
_MIN_WORDS = 3  # content words of title and text: fewer, such as "Soon", tell nothing


def contradiction(
    article: Article, fingerprint: Fingerprint, stored: StoredIdentity, rules: DedupRules
) -> Evidence | None:
    """Return the evidence that an article is another story than the stored article with the same
    key; None if they may be one story.

    The evidence is a pair of dicts: the measured similarities, and the thresholds that they do not
    reach.
    """
    known = stored.fingerprint
    if known is None:
        return None
    short = is_short(fingerprint) or is_short(known)
    if short or min(fingerprint.words, known.words) < rules.identity.stranger_words:
        if _is_shrunken_page(article, stored, rules):
            return None
        return _unrelated_words(article, fingerprint, stored, rules.identity)
    evidence = _unrelated_texts(fingerprint, known, rules.identity)
    if evidence or not (stored.distrusted or _links_differ(article, stored)):
        return evidence
    scores, thresholds = key_evidence(fingerprint, stored, rules)
    title = round(same_title(fingerprint, known, unknown=1.0), 4)
    if is_confirmed((scores, thresholds)) or title >= rules.identity.stranger_title:
        return None
    return {**scores, "title": title}, {**thresholds, "title": rules.identity.stranger_title}


def key_evidence(fingerprint: Fingerprint, stored: StoredIdentity, rules: DedupRules) -> Evidence:
    """Measure whether an article is a version of a stored article to which only a secondary key,
    such as another link, leads.

    Returns two dicts, the measured share and the threshold from which the key is trusted. The share
    is `containment`, how much of the shorter text is in the other one; or `title`, how many words
    of the title are in the other title, if one of the two has no text.
    """
    known = stored.fingerprint
    if known is None or (fingerprint.words and known.words):
        limit = rules.identity.alias_containment
        return {"containment": _containment(fingerprint, known)}, {"containment": limit}
    title = round(same_title(fingerprint, known, unknown=0.0), 4)
    return {"containment": 0.0, "title": title}, {"title": rules.identity.alias_title}


def is_confirmed(evidence: Evidence) -> bool:
    """Return whether the evidence says that two articles with the same key are one article.

    The evidence is a pair: measured similarities by name, and the least values that some of them
    must have. It says so if each of these values is reached; similarities without a least value are
    not asked.
    """
    scores, thresholds = evidence
    return all(scores[name] >= limit for name, limit in thresholds.items())


def _unrelated_texts(
    fingerprint: Fingerprint, stored: Fingerprint, rules: IdentityRules
) -> Evidence | None:
    """The evidence that two texts share nothing; None if they share something, or if they can't be
    compared."""
    overlap = overlap_of(fingerprint, stored)
    if overlap is None or same_title(fingerprint, stored, unknown=0.0):
        return None
    if overlap.containment >= rules.stranger_containment:
        return None
    scores = {"containment": round(overlap.containment, 4), "title": 0.0}
    return scores, {"containment": rules.stranger_containment}


def _unrelated_words(
    article: Article, fingerprint: Fingerprint, stored: StoredIdentity, rules: IdentityRules
) -> Evidence | None:
    """The evidence that two articles, of which at least one is short, share too few words; None if
    they share enough, or if one has too few words to tell.

    Equal titles make up for different texts, as in a live blog whose old entries are gone. But not
    if the links differ, too: the items of a feed may have one title, such as "Service alert".
    """
    known = stored.fingerprint
    if known is None or not comparable(known, fingerprint):
        return None
    if min(content_word_count(fingerprint), content_word_count(known)) < _MIN_WORDS:
        return None
    shared = words_in_common(fingerprint, known)
    if words_of(f"{article.title} {article.text}").script == SOUTHEAST_ASIAN:
        # Its words are pairs of characters, of which any two texts share a third by chance.
        shared = WordsInCommon(max(0.0, 1.5 * shared.title - 0.5), _containment(fingerprint, known))
    if not (fingerprint.words and known.words):
        if shared.title >= rules.stranger_title:
            return None
        scores = {"containment": 0.0, "title": round(shared.title, 4)}
        return scores, {"title": rules.stranger_title}
    if shared.text >= rules.stranger_text:
        return None
    other_link = _links_differ(article, stored) or _names_another_part(article, stored)
    if not other_link and shared.title >= rules.stranger_short_title:
        return None
    scores = {"containment": round(shared.text, 4), "title": round(shared.title, 4)}
    return scores, {"containment": rules.stranger_text, "title": rules.stranger_short_title}


def _is_shrunken_page(article: Article, stored: StoredIdentity, rules: DedupRules) -> bool:
    """Whether the text is that of a page fetched at the stored article's address that has much less
    text: a consent wall or a broken page is no other story."""
    page = fetched_page(article, rules.pages)
    return (
        page is not None and page.is_shrunken(stored.words) and not _links_differ(article, stored)
    )


def _links_differ(article: Article, stored: StoredIdentity) -> bool:
    """Whether the article has links besides its key, and the stored article has none of them."""
    links = {key for key in article.aliases if key.startswith("url:")}
    return bool(links) and not links & stored.keys


def _names_another_part(article: Article, stored: StoredIdentity) -> bool:
    """Whether the article has no id, and its link names a part of a page ("#item-2") under which
    the stored article is not known."""
    anchored = {key for key in article.aliases if key.startswith("url:") and "#" in key}
    return article.key.startswith("url:") and bool(anchored) and not anchored & stored.keys


def _containment(fingerprint: Fingerprint, stored: Fingerprint | None) -> float:
    if stored is None:
        return 0.0
    if fingerprint.text_hash == stored.text_hash:
        return 1.0
    overlap = overlap_of(fingerprint, stored)
    return round(overlap.containment, 4) if overlap else 0.0
