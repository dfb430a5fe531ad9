"""The classes of a raw article, `raw-article/1`: an article as producers send it.

Dates and languages stay as text here; the cleaner parses them later. The field descriptions are
written for authors of feed pollers, because the command `worker schema` prints them.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from math import isfinite, isnan
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    model_validator,
)

from worker.model.frozen_model import Frozen
from worker.model.json_problems import problem
from worker.model.limits import LIMITS, cut_to_bytes
from worker.model.source_names import best_name

SCHEMA = "raw-article/1"


def _text(value: object) -> object:
    """Convert a date or number to text: feed libraries produce them where text is expected.

    NaN, by which data frames mark a missing value, becomes "". Any other value is returned as it
    is. Raises ValueError for a number with too many digits.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not isfinite(value):
        return "" if isnan(value) else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError as e:
            raise ValueError(problem(e)) from e
    return value


def _is_absent(value: object) -> bool:
    """Whether a value stands for none: null, or NaN, by which data frames mark a missing value."""
    return value is None or (isinstance(value, float) and isnan(value))


def _name(value: object) -> object:
    """Return the name of an author or tag, given as text or as an object with a name."""
    if isinstance(value, Mapping):
        return value.get("name") or value.get("term") or value.get("label") or ""
    return _text(value)


def _listed(value: object) -> object:
    """Put a single string or object into a list; return a list as it is."""
    return [value] if isinstance(value, str | Mapping) else value


class Part(Frozen):
    """Base of RawArticle and of the objects inside it. It says how keys are treated that a class
    does not define: they are moved to the field `extra` if the class has one, else ignored.

    A null value or NaN counts as if the key were missing.
    """

    @model_validator(mode="before")
    @classmethod
    def _move_unknown_keys_to_extra(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        names = cls.known_keys()
        if value.keys() <= names and not any(map(_is_absent, value.values())):
            return value
        present = {k: v for k, v in value.items() if k in names and not _is_absent(v)}
        unknown = {str(k): v for k, v in value.items() if k not in names}
        if unknown and "extra" in names:
            extra = present.get("extra")
            present["extra"] = {**(extra if isinstance(extra, Mapping) else {}), **unknown}
        return present

    @classmethod
    @cache
    def known_keys(cls) -> frozenset[str]:
        """Return the JSON keys that have a field in this class. Producers may send other keys
        too."""
        return frozenset(field.alias or name for name, field in cls.model_fields.items())


class Named(Part):
    """An author or a tag, if the producer sends it as a JSON object and not as text.

    Its name is `name`, else `term`, else `label`; feed formats differ in the key that they use.
    """

    name: str = Field(default="", description="As in JSON Feed, and authors of feedparser.")
    term: str = Field(default="", description="As in Atom, and tags of feedparser.")
    label: str = Field(default="", description="As Atom shows a category to readers.")


# Types of the values that a producer may write for text, a name, or a list of names.
TextField = Annotated[str, BeforeValidator(_text, json_schema_input_type=str | float)]
NameField = Annotated[str, BeforeValidator(_name, json_schema_input_type=str | float | Named)]
NameListField = Annotated[
    tuple[NameField, ...],
    BeforeValidator(_listed, json_schema_input_type=str | Named | list[str | float | Named]),
]
# Cut, not refused: the payload keeps the rest, and the host of an address is at its beginning.
SiteName = Annotated[str, AfterValidator(lambda text: cut_to_bytes(text, LIMITS.name_bytes))]
SiteAddress = Annotated[str, AfterValidator(lambda text: cut_to_bytes(text, LIMITS.link_bytes))]


class Content(Part):
    """One body of the article, such as its HTML. If there are several, the one with the most text
    is read.

    `value` is the body, `type` its media type, and `language` its language. With `encoding`
    `base64`, the value is bytes in base64, in the character set `charset`.
    """

    type: str = Field(
        default="text/html",
        description="Media type: text/html (a fragment or a whole page), text/plain, "
        "application/xhtml+xml. Anything that is no text is kept and not read.",
    )
    value: str = Field(default="", description="The text or markup itself.")
    encoding: Literal["", "base64"] = Field(
        default="",
        description="`base64`: value is the bytes of the response as they came, for producers "
        "that would rather not guess their charset.",
    )
    charset: str = Field(
        default="",
        description="Charset that was declared with those bytes; a media type with a charset "
        "will do as well. A wrong one is noticed.",
    )
    language: str = Field(default="", description="BCP 47 language of this body: de, pt-BR.")


class Media(Part):
    """A picture, a recording or a film that belongs to the article. It is not downloaded."""

    url: TextField = Field(default="", description="Where it is; without it the entry is left out.")
    type: str = Field(default="", description="Media type, such as image/jpeg.")
    title: str = Field(default="", description="Caption or alternative text.")


class Source(Part):
    """The publisher of the article."""

    id: TextField = Field(
        default="",
        description="The name the source has everywhere in this system. Never change it: an "
        "article's identity is its source and its id. Unset: the host of feed.url, else of link.",
    )
    title: SiteName = Field(default="", description="Name for people; taken off the end of titles.")
    url: SiteAddress = Field(default="", description="Home page.")


class Feed(Part):
    """The feed in which the poller found the article."""

    url: SiteAddress = Field(default="", description="Address of the feed.")
    title: SiteName = Field(default="", description="Title of the feed.")
    language: str = Field(default="", description="BCP 47 language the feed declares.")


class Fetch(Part):
    """The HTTP request with which the poller got the article."""

    at: TextField = Field(
        default="",
        description="When it was fetched, ISO 8601 with zone. No date of the article is later.",
    )
    etag: str = Field(default="", description="ETag of the response.")
    last_modified: TextField = Field(default="", description="Last-Modified of the response.")
    # Up to where JSON numbers are exact: beyond, schema and worker disagree on what is an integer.
    status: int | None = Field(
        default=None,
        ge=-(2**53),
        le=2**53,
        description="HTTP status of the response that brought the content; from 400 on nothing of "
        "that is read. Unset, or no status that HTTP has, the content is judged by itself.",
    )


def _as_content(value: object) -> object:
    """Convert the value of `content` to a list of objects with a `value`.

    Producers may write a string, an object, or a list of these.
    """
    if isinstance(value, str | Mapping):
        value = [value]
    if not isinstance(value, list | tuple):
        return value
    return [{"value": v} if isinstance(v, str) else v for v in value]


class RawArticle(Part):
    """A news article as a feed poller found it. Every key is optional, as long as there is a title
    or a text to read. Null means absent; unknown keys are kept.
    """

    schema_: Literal["raw-article/1"] = Field(
        default="raw-article/1", alias="schema", description="Version of this contract."
    )
    id: TextField = Field(
        default="",
        description="Id the publisher gave, such as an RSS guid: what makes a later version a "
        "revision of the same article. Unset: the link identifies it, else title and opening.",
    )
    link: TextField = Field(
        default="", description="Absolute URL of the article. Tracking parameters are removed."
    )
    title: TextField = Field(default="", description="Headline; may hold markup and entities.")
    summary: TextField = Field(
        default="", description="Teaser or standfirst, text or HTML; the text when no content is."
    )
    content: Annotated[
        tuple[Content, ...],
        BeforeValidator(_as_content, json_schema_input_type=str | Content | list[str | Content]),
    ] = Field(default=(), description="The body or bodies; a string is one of type text/html.")
    published: TextField = Field(
        default="",
        description="When it was first published: ISO 8601 or RFC 5322 with zone, or seconds "
        "since 1970. Other forms are read as well as can be; without zone it is UTC.",
    )
    updated: TextField = Field(default="", description="When it was last changed, as `published`.")
    authors: NameListField = Field(default=(), description="Names, or objects with a name.")
    tags: NameListField = Field(
        default=(), description="The publisher's own categories or keywords."
    )
    media: Annotated[
        tuple[Media, ...],
        BeforeValidator(_listed, json_schema_input_type=Media | list[Media]),
    ] = Field(default=(), description="Pictures, recordings, films: enclosures of a feed.")
    language: str = Field(
        default="",
        description="BCP 47 language of the article. A hint: what is read in the text outranks it.",
    )
    source: Source = Field(default=Source(), description="The publisher, named by its id.")
    feed: Feed = Field(default=Feed(), description="The feed; names the source without one.")
    fetch: Fetch = Field(default=Fetch(), description="The request that brought it.")
    status: Literal["published", "withdrawn"] = Field(
        default="published",
        description="`withdrawn` takes the article down that this id or link names, until it is "
        "delivered again.",
    )
    receipt: TextField = Field(
        default="",
        description="Your own id for this delivery, at most 200 printable characters: what comes "
        "again under the same receipt is not processed again. Unset: one is made.",
    )
    extra: dict[str, Any] = Field(
        default={}, description="Anything else; it stays in the payload, as unknown keys do."
    )

    @property
    def source_id(self) -> str:
        """The name of the article's source in this system.

        It is `source.id`, else the host of the feed's URL, else the host of the link, else `local`.
        """
        return best_name(self.source.id, self.feed.url, self.link)
