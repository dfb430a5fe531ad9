"""Clean the title of an article: remove the name of its site, or make a title from its text."""

import re
from collections.abc import Collection
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from worker.clean.text.plain_text import bare

# Decoration before the words of a title, as in "[> Harbour reopens".
_MARKS_BEFORE = re.compile(r"\A(?:\[>|>{1,3}|»|›|•|■|▶|\|)\s+([^\W\d_])")
_NUMBER, _YEAR = re.compile(r"(?:[0-9]{1,3} )?"), re.compile(r"(?: in)?(?: 20[0-9]{2})?")
_SEPARATOR = re.compile(r"\s{1,9}(?:[-–—|·•»:>/]|::)\s{1,9}|\s?｜\s?|_(?=[^\x00-\x7f])")
_IN_BRACKETS = re.compile(
    r"\A[(\[]([^()\[\]]{2,60})[)\]]\s+(?=\S)|(?<=\S)\s+[(\[]([^()\[\]]{2,60})[)\]]\Z"
)
_PREFIX_SEPARATOR = re.compile(
    r"\s{1,9}(?:[-–—|·•»:]|::)\s{1,9}|\s{0,9}[|»｜]\s{0,9}|:\s+|(?<=[^\x00-\x7f])_"
)
_PERCENT = re.compile(r"%20|(?:%[c-fC-F][0-9a-fA-F])(?:%[89abAB][0-9a-fA-F])+")
_ARTICLE = re.compile(r"\A(?:the|der|die|das|le|la|les|el|il|de|het|o|a) ", re.I)
_UNSPACED = re.compile("[\u3040-\u30ff\u4e00-\u9fff\u0e01-\u0e4e]")
_MIN_UNSPACED_CHARS = 4
# Sections of papers, as sites write them between title and name: "Harbour reopens - News - Post".
_SECTIONS = frozenset(
    bare(name)
    for name in """news|latest news|world|world news|uk news|us news|local|local news|politics
    |business|sport|sports|opinion|culture|entertainment|lifestyle|technology|tech|science|health
    |nachrichten|aktuelles|politik|wirtschaft|kultur|panorama|lokales|wissen|actualités|actualité
    |politique|économie|société|monde|noticias|actualidad|sociedad|deportes|economía|mundo
    |notícias|política|economia|esportes|notizie|cronaca|attualità|nieuws|binnenland|buitenland
    |новости|политика|общество|экономика""".split("|")
)
_MAX_CUTS = 3
_WORD = re.compile(r"[^\W\d_]+")
_MIN_WORD_CHARS = 2
_MIN_ADDRESS_WORDS = 3
_MIN_SHARE = 0.6  # of the words of a URL path
_MIN_LABEL_CHARS = 4  # of a host name, or of a text compared with one
_MIN_TITLE_WORDS = 4
_MAX_NAME_WORDS = 5  # of a site
_SENTENCE = re.compile(r"(.{20,}?[.!?。！？])(?:\s|$)")


def percent_decoded(title: str) -> str:
    """Decode a title in which spaces and accents are written as in a URL: "Caf%C3%A9%20reopens".
    Other titles are returned unchanged, such as "100%20 cotton"."""
    if "%" not in title or any(map(str.isspace, title.strip())) or not _PERCENT.search(title):
        return title
    try:
        return unquote(title if "%20" in title else title.replace("+", " "), errors="strict")
    except UnicodeDecodeError:
        return title


def without_site(
    title: str, sites: Collection[str], prefixes: Collection[str] | None = None
) -> str:
    """Remove the name of the site from the end or the start of a title: "Harbour reopens - The
    Post" and "The Post: Harbour reopens" become "Harbour reopens". Other titles are returned
    unchanged.

    `sites` are the names of the site, each reduced to letters and digits by `plain_text.bare`.
    `prefixes` are the names to remove from the start, None for all of `sites`; they may be fewer,
    because a name at the start may be the subject of the title.
    """
    for _ in range(_MAX_CUTS):
        separators = list(_SEPARATOR.finditer(title))
        if not separators or not separators[-1].start():
            break
        if not _is_site(title[separators[-1].end() :], sites):
            break
        title = title[: separators[-1].start()]
    title = _IN_BRACKETS.sub(lambda part: part[0] if bare(part[0]) not in sites else "", title)
    return _without_prefix(title, sites if prefixes is None else prefixes)


def _is_site(part: str, sites: Collection[str]) -> bool:
    """Whether a part of a title is a name of the site, perhaps with its article: "The Post"."""
    return bare(part) in sites or bare(_ARTICLE.sub("", part)) in sites


def _without_prefix(title: str, sites: Collection[str]) -> str:
    """Remove the name of the site from the start of a title.

    Before a colon, a name of one word may be the subject of the title: "Rust: 1.80".
    """
    separator = _PREFIX_SEPARATOR.search(title)
    if not separator or not (prefix := title[: separator.start()]) or bare(prefix) not in sites:
        return title
    rest = title[separator.end() :]
    words = len(rest.split())
    if ":" in separator[0] and len(prefix.split()) == 1:
        return rest if words > 1 and not rest[:1].islower() else title
    return rest if words > 1 or _is_unspaced(rest) else title


def _is_unspaced(text: str) -> bool:
    """Whether a text of several words is in a script that has no spaces between words."""
    return len(text) >= _MIN_UNSPACED_CHARS and _UNSPACED.match(text) is not None


def of_page(title: str, others: Collection[str], url: str, sites: Collection[str]) -> str:
    """Choose the title of the article on a page, and remove the name of the site from it. Usually
    it is `title`.

    One of `others`, further titles on the page, is chosen if `title` is only the name of the site,
    or if `title` has no word of the page's address `url` while the other title has most of them.
    `sites` are the names of the site, reduced to lower-case letters and digits.
    """
    if bare(title) in sites:
        rest = (without_site(other, sites) for other in others)
        title = next((other for other in rest if other and bare(other) not in sites), title)
    title = _MARKS_BEFORE.sub(r"\1", title)
    own = _without_host(without_site(title, sites), url)
    title = own if own == title else _without_section(own)
    title = _without_sections(_without_similar(title, sites))
    words = _words_of(url)
    if len(words) < _MIN_ADDRESS_WORDS or _share(words, title):
        return title
    parts = [part for other in others for part in (*_SEPARATOR.split(other), other)]
    best = max(parts, key=lambda part: (_share(words, part), -len(part)), default="")
    return best if _share(words, best) >= _MIN_SHARE else title


def has_number(title: str, heading: str) -> bool:
    """Whether a title is this heading with a number before it or a year behind it: "8 Trends in
    Photography" for "Trends in Photography"."""
    before, found, after = title.partition(heading)
    if not found or title == heading:
        return False
    return bool(_NUMBER.fullmatch(before) and _YEAR.fullmatch(after))


def _without_similar(title: str, sites: Collection[str]) -> str:
    """Remove the last part of a title if it is a name of the site with a word more or less."""
    separators = list(_SEPARATOR.finditer(title))
    if not separators or not separators[-1].start():
        return title
    last = title[separators[-1].end() :]
    similar = any(_names(last, site) for site in sites if len(site) >= _MIN_LABEL_CHARS)
    return title[: separators[-1].start()] if similar else title


def _without_host(title: str, url: str) -> str:
    """Remove the last or first part of a title, up to a separator, if it is the name in the host
    name.

    An example is "Harbour reopened - Daily News" on dailynews.example.
    """
    separators = list(_SEPARATOR.finditer(title))
    labels = [bare(label) for label in urlsplit(url).netloc.split(".")[:-1]]
    labels = [label for label in labels if len(label) >= _MIN_LABEL_CHARS]
    if not separators or not labels:
        return title
    first, last = separators[0], separators[-1]
    if any(_names(title[last.end() :], label) for label in labels):
        return title[: last.start()]
    longest = max(labels, key=len)
    return title[first.end() :] if _names(title[: first.start()], longest) else title


def _without_section(title: str) -> str:
    """Remove the name of a section from the end of a title that had the name of its site after
    it."""
    separators = list(_SEPARATOR.finditer(title))
    if not separators or bare(title[separators[-1].end() :]) not in _SECTIONS:
        return title
    first = title[: separators[-1].start()]
    return first if len(first.split()) >= _MIN_TITLE_WORDS else title


def _without_sections(title: str) -> str:
    """Remove what follows the first vertical bar of a title, the section or site name, if short."""
    first, _, rest = title.partition(" | ")
    short = len(rest.split()) <= 2 * _MAX_NAME_WORDS
    return first if rest and short and len(first.split()) >= _MIN_TITLE_WORDS else title


def _names(part: str, label: str) -> bool:
    own = bare(part)
    if len(own) < _MIN_LABEL_CHARS or len(part.split()) > _MAX_NAME_WORDS:
        return False
    return own in label or label in own


def _words_of(url: str) -> set[str]:
    path = unquote(urlsplit(url).path).rstrip("/").rpartition("/")[2]
    return {word for word in _WORD.findall(path.casefold()) if len(word) > _MIN_WORD_CHARS}


def _share(words: Collection[str], title: str) -> float:
    title_words = set(_WORD.findall(title.casefold()))
    return sum(word in title_words for word in words) / len(words)


@lru_cache(maxsize=4096)
def site_names(names: tuple[str, ...], *hosts: str) -> frozenset[str]:
    """Return all names by which a site may be recognised in titles: `names`, their parts ("The
    Post" of "The Post | Sports"), and its host names (`hosts`) with parts of them, such as
    "thepost" of "www.thepost.example".

    Each is reduced to lower-case letters and digits, so that spelling makes no difference.
    """
    own_names = {" ".join(name.split()) for name in names} - {""}
    parts = {part for name in own_names for part in _SEPARATOR.split(name)}
    all_names = own_names | parts
    for host in filter(None, hosts):
        labels = host.removeprefix("www.").split(".")
        named = max(labels[:-1], key=len, default="")
        all_names |= {host, ".".join(labels), ".".join(labels[:-1]), named}
    return frozenset(map(bare, all_names)) - {""}


def from_text(text: str, max_chars: int) -> str:
    """Make a title of at most `max_chars` characters for an article that has none: the first
    sentence of its text, or as many words of it as fit, with "…"."""
    first = text.partition("\n")[0]
    sentence = _SENTENCE.match(first, 0, max_chars)
    if sentence:
        return sentence[1]
    if len(first) <= max_chars:
        return first
    words = first[: max_chars - 1].rpartition(" ")[0] or first[: max_chars - 1]
    return words.rstrip(" ,;:–—-") + "…"
