"""Find rules that can never give a tag as they are written, such as one with a misspelt scope.

Workers load such rules, since they do no harm; `worker tags check` refuses them.
"""

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import NamedTuple

from worker.tag.rules.fields import SCOPES
from worker.tag.rules.phrases import Phrase, fold, inside_word, parse_phrase
from worker.tag.rules.rule import Rule, Scoring, flattened, split_scope
from worker.tag.rules.taxonomy import Taxonomy

# Words in place of a scope that are not similar to it, and the scope that is meant.
_OTHER_NAMES = {
    "headline": "title",
    "heading": "title",
    "summary": "lead",
    "intro": "lead",
    "teaser": "lead",
    "text": "body",
    "content": "body",
    "link": "url",
    "byline": "author",
    "category": "section",
    "categories": "section",
    "site": "source",
    "publisher": "source",
}
_PREFIXED = re.compile(r"\s*([^\W\d_]+)\s*:\s*\S")
_CODE = re.compile("[a-z]{2,3}")
_LANGUAGE_CODES = {
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "français": "fr",
    "spanish": "es", "español": "es", "italian": "it", "italiano": "it", "portuguese": "pt",
    "português": "pt", "dutch": "nl", "russian": "ru", "japanese": "ja", "chinese": "zh",
    "arabic": "ar", "polish": "pl", "turkish": "tr", "eng": "en", "ger": "de", "deu": "de",
    "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt", "gb": "en", "us": "en",
    "jp": "ja", "cn": "zh", "kr": "ko",
}  # fmt: skip
_TEXT_FIELDS = frozenset(("title", "lead", "body"))


class DeadRule(NamedTuple):
    """A rule that can never give its tag: the config name of its `file`, the id of the `rule`, and
    a sentence that says why."""

    file: str
    rule: str
    why: str


def dead_rules(taxonomy: Taxonomy) -> Iterator[DeadRule]:
    """Yield the rules of a taxonomy that can never give their tag, each with the reason; a rule
    with several reasons comes several times."""
    for topic in taxonomy.topics:
        for rule in topic.rules:
            rule_id = f"{topic.code}/{rule.name}"
            for why in _problems(rule, taxonomy):
                yield DeadRule(taxonomy.file_of(rule_id), rule_id, why)


def _problems(rule: Rule, taxonomy: Taxonomy) -> Iterator[str]:
    yield from filter(None, map(_scope_problem, rule.phrases))
    yield from filter(None, map(_language_problem, rule.languages))
    yield from _language_scope_problems(rule)
    if "within" in rule.model_fields_set and not rule.near:
        yield "`within` has no effect without `near`"
    yield from _unwanted(rule, taxonomy)
    yield from _apart(rule)
    yield from _never_reached(rule, taxonomy.scoring)


def _scope_problem(written: str) -> str:
    """Whether a phrase begins with a word that was probably meant as a scope: `tittle:war`."""
    scope, text = split_scope(written)
    match = _PREFIXED.match(text)
    if scope or match is None or text.startswith("@"):
        return ""
    word = match[1].lower()
    similar = get_close_matches(word, SCOPES, n=1, cutoff=0.75)
    meant = _OTHER_NAMES.get(word) or next(iter(similar), "")
    return f"{written!r}: no scope is named {match[1]!r}; did you mean {meant}?" if meant else ""


def _language_problem(language: str) -> str:
    if _CODE.fullmatch(language) and language not in _LANGUAGE_CODES:
        return ""
    folded = language.strip().lower()
    code = _LANGUAGE_CODES.get(folded, re.split("[-_]", folded)[0])
    hint = f"; did you mean {code!r}?" if _CODE.fullmatch(code) and code != language else ""
    return f"no article has the language {language!r}, it is a code such as 'en'{hint}"


def _language_scope_problems(rule: Rule) -> Iterator[str]:
    """Phrases of the scope `lang` that are no code, or exclude the languages of the rule."""
    for written in (*rule.any, *flattened(rule.all)):
        scope, text = split_scope(written)
        if scope == "lang" and (why := _language_problem(text)):
            yield why
    needed = [split_scope(group) for group in rule.all if isinstance(group, str)]
    for scope, text in needed:
        if scope == "lang" and rule.languages and text not in rule.languages:
            yield f"`languages` leaves out {text!r}, which `all` demands"


def _unwanted(rule: Rule, taxonomy: Taxonomy) -> Iterator[str]:
    """Phrases that support the rule although each of their matches is one of `none` too."""
    none = [_parsed(w, rule, taxonomy) for w in rule.none]
    parts = (("any", rule.any), ("all", flattened(rule.all)), ("near", flattened(rule.near)))
    for part, phrases in parts:
        for written in phrases:
            scope, wanted = _parsed(written, rule, taxonomy)
            for unwanted, (none_scope, refused) in zip(rule.none, none, strict=True):
                if none_scope not in ("", scope):
                    continue
                if wanted and all(any(_covers(n, w) for n in refused) for w in wanted):
                    yield f"{written!r} is in `{part}`, and {unwanted!r} in `none`"


def _parsed(written: str, rule: Rule, taxonomy: Taxonomy) -> tuple[str, list[Phrase]]:
    scope, text = split_scope(written)
    texts: Iterable[str] = taxonomy.synonyms.get(text[1:], ()) if text.startswith("@") else (text,)
    return scope, [parse_phrase(t, exact=rule.case) for t in texts]


def _covers(refused: Phrase, wanted: Phrase) -> bool:
    """Whether each match of one phrase is a match of another: of `war*` all those of `warfare`."""
    if refused.exact and not (wanted.exact and wanted.text == refused.text):
        return False
    if (wanted.prefix and not refused.prefix) or (wanted.suffix and not refused.suffix):
        return False
    outer, inner = fold(refused.text).text, fold(wanted.text).text
    # A phrase may stand within a longer one as whole words; a star lets it match parts of words.
    start = inner.find(outer)
    while start >= 0:
        end = start + len(outer)
        begins = refused.suffix or not inside_word(inner, start)
        if begins and (refused.prefix or not inside_word(inner, end)):
            return True
        start = inner.find(outer, start + 1)
    return False


def _apart(rule: Rule) -> Iterator[str]:
    """Parts of `near` that stand in different fields, and so never near each other."""
    fields = [_fields(group) for group in rule.near]
    for number, one in enumerate(fields):
        for other in fields[number + 1 :]:
            if one and other and not one & other:
                names = f"{'/'.join(sorted(one))} and {'/'.join(sorted(other))}"
                yield f"its `near` demands phrases of {names}, which never stand together"
                return


def _fields(group: str | tuple[str, ...]) -> frozenset[str]:
    """The scopes to which a part of `near` is limited; empty if it is not. The lead may be in the
    body."""
    scopes = [split_scope(w)[0] for w in ((group,) if isinstance(group, str) else group)]
    if not all(scopes):
        return frozenset()
    return frozenset(
        s for scope in scopes for s in (("lead", "body") if scope in ("lead", "body") else (scope,))
    )


def _never_reached(rule: Rule, scoring: Scoring) -> Iterator[str]:
    threshold = rule.threshold or scoring.threshold
    if rule.score is not None and rule.score < threshold:
        yield f"its `score` {rule.score:g} is below the threshold {threshold:g}"
    weights = rule.weights
    if weights is not None and not any((weights.title, weights.lead, weights.body, weights.facts)):
        yield "all its `weights` are 0"
