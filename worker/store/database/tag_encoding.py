"""Encode the tags of an article as one JSON value, which takes less space than a row for each tag,
and compute numbers by which an article is found by its tags.

The value is a list of groups `[provenance, [tag, …]]`. A provenance is the number of a row of table
`provenances`, which has the scheme, the method and the version that the tags of the group share. A
tag is `[code, label, score, rule, spans, others]`, where `others` maps further fields of `Tag` to
their values. A span, a place in the article, is `[start, surface, field, end]`: `surface` is the
text there. Items at the end of these lists are left out if they are empty or follow from others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from worker.model.records import Span, Tag
from worker.store.database.columns import dumps, storable, stored_name

Value = Sequence[Any]  # the tags of an article as they are stored, parsed from JSON
Facts = Mapping[str, Any]  # texts that revisions or tags share that were made alike, by name

_SHARED = ("scheme", "method", "version")  # fields of a tag that are in its provenance
_ITEM = ("code", "label", "score", "rule", "spans")  # fields in the order of the value
_OTHERS = {f.name: f.default for f in fields(Tag) if f.name not in (*_SHARED, *_ITEM)}
_ORDINARY_FIELD = "text"  # of spans
_TOPICS = ("taxonomy", "category")  # schemes
_NUMBER_BYTES = 6


class EncodedTags(NamedTuple):
    """The tags of an article in the form in which they are stored.

    `value` becomes JSON. `terms` are the numbers by which the article is found by its tags.
    `provenances` are facts that the tags share with others, such as the version of the rules, under
    the numbers by which `value` refers to them.
    """

    value: Value
    terms: list[int]
    provenances: dict[int, Facts]


def hash_number(text: str) -> int:
    """Return a positive number of 47 bits that stands for a text, the same in all processes.

    It is the beginning of the text's BLAKE2b hash. Among a million texts, the chance that any two
    have the same number is 0.4 %.
    """
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_NUMBER_BYTES).digest()
    return int.from_bytes(digest, "big") >> 1


def provenance_of(facts: Facts) -> int:
    """Return the number under which facts that many tags or revisions share, such as the version
    of the rules, are stored in table `provenances`. It is computed from the facts."""
    return hash_number(dumps(dict(sorted(facts.items()))))


def encode_tags(tags: Iterable[Tag]) -> EncodedTags:
    """Return the stored form of an article's tags. Of several tags with the same scheme and code,
    only the first is kept."""
    groups: dict[int, list[Any]] = {}
    provenances: dict[int, Facts] = {}
    terms: dict[int, None] = {}
    seen = set()
    for tag in tags:
        scheme, code, label = stored_name(tag.scheme), stored_name(tag.code), stored_name(tag.label)
        if (scheme, code) in seen:
            continue
        seen.add((scheme, code))
        number, facts = _shared(scheme, tag.method, tag.version)
        provenances[number] = facts
        groups.setdefault(number, []).append(_item(tag, code, label))
        terms.update(dict.fromkeys(terms_of(scheme, code, label)))
    value = [[number, items] for number, items in groups.items()]
    return EncodedTags(value, list(terms), provenances)


def decode_tags(value: Value, facts: Mapping[int, Facts]) -> tuple[Tag, ...]:
    """Return the tags of an article from the value in which they are stored, best first.

    `facts` has what tags share, such as the version of the rules, by the numbers in the value.
    """
    tags = [Tag(**{**facts[number], **_decoded(item)}) for number, items in value for item in items]
    return tuple(sorted(tags, key=rank))


class NamedTag(NamedTuple):
    """A stored tag without its evidence: what is counted over many articles."""

    scheme: str
    code: str
    label: str
    method: str
    rule: str


def decode_names(value: Value, facts: Mapping[int, Facts], scheme: str = "") -> list[NamedTag]:
    """Return the tags of a stored value without their evidence, in the order of the value: a
    fraction of the work of `decode_tags`. If a scheme is given, only its tags are returned.

    `facts` has what tags share, such as the scheme, by the numbers in the value.
    """
    return [
        NamedTag(of["scheme"], item[0], item[1], of["method"], item[3] if len(item) > 3 else "")
        for number, items in value
        for of in (facts[number],)
        if scheme in ("", of["scheme"])
        for item in items
    ]


def provenances_in(value: Value) -> set[int]:
    """Return the numbers of the rows of table `provenances` that are needed to decode the value in
    which the tags of an article are stored."""
    return {number for number, _ in value}


def rank(tag: Tag) -> tuple[bool, float, str, str]:
    """Return the key by which the tags of an article are sorted, the best first: topics, and
    then others, such as names. In both groups, the tags that the article is most about, or the
    most certain ones, come first."""
    weight = tag.score if tag.salience is None else tag.salience
    return (tag.scheme not in _TOPICS, -weight, tag.scheme, tag.code)


def folded(text: str) -> str:
    """Return text in lower case and with single spaces, so that searches for tags ignore such
    differences."""
    return " ".join(text.casefold().split())


@lru_cache(maxsize=8192)
def terms_of(scheme: str, code: str, label: str) -> tuple[int, ...]:
    """Return the numbers that are stored with an article that has this tag, so that it is found by
    the tag's code or label.

    There is one for the code and one for the label. There is only one for both if the code is the
    label with hyphens in place of spaces.
    """
    code, label = _found_by(code), _found_by(label)
    if " " not in code and code.replace("-", " ") == label:
        return (_term("both", scheme, code),)
    return (_term("code", scheme, code), _term("label", scheme, label))


def terms_of_code(scheme: str, code: str) -> tuple[int, ...]:
    """Return the numbers with one of which an article is stored if it has a tag with this code
    in this scheme, whatever the tag's label."""
    code = _found_by(code)
    return (_term("code", scheme, code), _term("both", scheme, code))


def terms_of_label(scheme: str, label: str) -> tuple[int, ...]:
    """Return the numbers with one of which an article is stored if it has a tag with this label
    in this scheme, whatever the tag's code."""
    label = _found_by(label)
    common = () if "-" in label else (_term("both", scheme, label.replace(" ", "-")),)
    return (_term("label", scheme, label), *common)


def _found_by(name: str) -> str:
    """The form of a code or label by which a tag is found: that in which it is stored, folded."""
    return stored_name(folded(stored_name(name)))


def _term(kind: str, scheme: str, name: str) -> int:
    return hash_number(f"{kind}\0{stored_name(scheme)}\0{name}")


@lru_cache(maxsize=1024)
def _shared(scheme: str, method: str, version: str) -> tuple[int, Facts]:
    facts = {"scheme": scheme, "method": stored_name(method), "version": stored_name(version)}
    return provenance_of(facts), facts


def _item(tag: Tag, code: str, label: str) -> list[Any]:
    others = {
        name: value for name, none in _OTHERS.items() if (value := getattr(tag, name)) != none
    }
    rule = tag.rule if tag.rule.isascii() else storable(tag.rule)
    item: list[Any] = [code, label, tag.score, rule, [_written(s) for s in tag.spans], others]
    while not item[-1] and len(item) > 3:
        item.pop()
    return item


def _written(span: Span) -> list[Any]:
    surface = span.surface if span.surface.isascii() else storable(span.surface)
    if span.end != span.start + len(surface):
        return [span.start, surface, span.field, span.end]
    if span.field != _ORDINARY_FIELD:
        return [span.start, surface, span.field]
    return [span.start, surface]


def _decoded(item: Sequence[Any]) -> dict[str, Any]:
    tag: dict[str, Any] = dict(zip(_ITEM, item[:5], strict=False))
    tag["spans"] = tuple(map(_read, tag.get("spans", ())))
    if len(item) > len(_ITEM):
        known = _OTHERS.keys()
        tag |= {name: value for name, value in item[5].items() if name in known}
    return tag


def _read(span: Sequence[Any]) -> Span:
    start, surface, *rest = span
    field = rest[0] if rest else _ORDINARY_FIELD
    end = rest[1] if len(rest) > 1 else start + len(surface)
    return Span(field=field, start=start, end=end, surface=surface)
