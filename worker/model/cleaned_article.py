"""The class Article, which is what cleaning makes of a raw article, and the function that makes the
id of an article."""

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b

from worker.model.admission import Media
from worker.model.completeness import Extent


def article_id_of(source: str, key: str) -> str:
    """Return the id of an article, made of its source and of its key within the source.

    It is 128 bits of BLAKE2b as hex, so the same article has the same id in every worker.
    """
    return blake2b(f"{source}\0{key}".encode("utf-8", "replace"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A line that cleaning removed from the text of an article, such as an advertisement.

    `rule` is the name of the cleaning rule that removed it.
    """

    rule: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contributor:
    """A person named in the credits of an article, and the role: reporting, editing, photography
    …"""

    name: str
    role: str  # reporting, writing, editing, translation, photography


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A raw article after cleaning: text, dates, links, identity and further metadata.

    `key` identifies it within its source; `aliases` and `opening_key` (made of the beginning of the
    text) are further keys by which it is found. `agency` and `place` are from the dateline.
    Paragraphs of `text` are separated by a blank line; dates are in UTC. `flags` name faults, such
    as `bad-date`.
    """

    source: str
    key: str  # "id:…", "url:…" or "text:…": identifies the article within its source
    aliases: tuple[str, ...] = ()  # further keys of the article, in the same form
    opening_key: str = ""  # "text:…": used when another article has the other keys
    title: str
    text: str
    summary: str = ""
    url: str = ""  # canonical link, tracking parameters removed
    published: datetime | None = None
    published_day: date | None = None  # in the publisher's own time zone
    published_zone: str | None = None  # "Europe/Paris", "+02:00" or "UTC"; None if unknown
    updated: datetime | None = None
    authors: tuple[str, ...] = ()
    contributors: tuple[Contributor, ...] = ()  # from "(Reporting by …; Editing by …)"
    place: str = ""  # of the dateline
    html: str = ""  # the body as safe markup, if the config enables it
    agency: str = ""  # from the dateline, or from a line that names the source
    categories: tuple[str, ...] = ()  # feed categories and section lines
    keywords: tuple[str, ...] = ()  # keywords of its page
    image: str = ""  # address of the lead image
    media: tuple[Media, ...] = ()
    language: str = "und"  # BCP 47 primary subtag, "und" when undetermined
    words: int = 0
    flags: tuple[str, ...] = ()  # truncated, paywalled, future-date, bad-date, mojibake …
    dropped: tuple[Dropped, ...] = ()
    cleaner: str = ""  # version of the cleaner and its rules
    learned: str = ""  # version of the lines learned from its source, "" for none
    page_fetched: datetime | None = None  # when the page with its text was fetched; None: no page
    fetch_dated: bool = False  # False: page_fetched is when it was received

    @property
    def article_id(self) -> str:
        return article_id_of(self.source, self.key)

    @property
    def extent(self) -> Extent:
        return Extent.of(self.words, self.flags)
