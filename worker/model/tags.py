"""A tag of an article, such as a topic or a name, and the passages that are evidence for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A passage of an article that is evidence for a tag: characters [start, end) of the field
    `field`.

    `surface` is the passage as written there.
    """

    field: str  # title, text, url, category …
    start: int
    end: int
    surface: str


ABOUT = 0.7  # salience of a name from which an article is about it


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag of an article, such as a topic or a name, with its evidence in the article.

    `scheme` is the kind of tag and `code` its id in the scheme. `score` is from 0 to 1; that of a
    name is the probability that it is right. `salience` (0 to 1) says how much the article is about
    a name, None for other tags and for names tagged by versions without it. `method` and `rule` say
    how the tag was given, `version` by which version of the rules or model, and `spans` by which
    passages.
    """

    scheme: str  # "taxonomy", "category" …
    code: str
    label: str
    score: float = 1.0
    salience: float | None = None
    method: str = "rule"
    rule: str = ""
    version: str = ""
    spans: tuple[Span, ...] = ()
