"""Parse each content of a raw article to a body: its text and metadata.

A raw article may have several contents, such as its web page and a text in its feed. The body with
the most text becomes the article.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from worker.clean.cleaning_rules import CleaningRules
from worker.clean.fetch.content_decoding import decode_content
from worker.clean.fetch.failed_fetch import page_failure
from worker.clean.html.code_indents import INDENT
from worker.clean.html.feed_escapes import holds_markup, without_leftovers
from worker.clean.html.hostile_markup import count_tags, cut_tags, refuse_hostile
from worker.clean.html.html_to_text import (
    body_text,
    has_tags,
    is_escaped,
    is_html,
    is_page,
    is_text,
)
from worker.clean.html.note_marks import without_note_marks
from worker.clean.html.sanitize import safe_html
from worker.clean.metadata.live_updates import with_live_updates
from worker.clean.metadata.page_images import markup_image
from worker.clean.metadata.page_metadata import NO_METADATA, PageMetadata, read_metadata
from worker.clean.page.main_text import main_text, parse
from worker.clean.text.mojibake import mend
from worker.clean.text.plain_text import (
    bare,
    is_sound,
    letters,
    paragraphs,
    storable,
    unescape,
    unescape_again,
    unwrap,
)
from worker.errors import Rejected
from worker.model.admission import Content

_MAX_PUBLISHER_CHARS = 80
_MAX_ECHO_CHARS, _MAX_ECHO_LINES = 200, 20
_HEAD = re.compile(r"<(?:title\b|meta\s[^>]{0,80}?http-equiv)", re.I)


class Body(NamedTuple):
    """One parsed content of a raw article, such as its web page: its `text`, and how it was read.

    `page` is the metadata of a web page. `language` is the one declared with the content. `flags`
    name problems, such as "tags-cut". `markup` is that of a web page, `html` the safe markup of a
    text from a feed; "" if not stored. `read_as` is "page", "fragment", "plain" or "summary".
    `content_index` is the position of the content in the raw article, -1 for its summary. `failure`
    says why the content is no article, such as "challenge page", or "". `image` is the address of a
    picture in a text from a feed.
    """

    text: str = ""
    page: PageMetadata = NO_METADATA
    language: str = ""
    flags: tuple[str, ...] = ()
    markup: str = ""  # of a page that is not too large, for later searches
    html: str = ""  # safe markup of a fragment, if it is stored
    read_as: str = ""  # plain, fragment, page; summary if it replaces the body
    content_index: int = -1  # in the contents of the raw article
    failure: str = ""  # of the fetch, "" for a good body
    image: str = ""  # the address of the first picture in a text from a feed


def read_bodies(
    contents: Iterable[tuple[int, Content]], rules: CleaningRules, link: str = ""
) -> list[Body]:
    """Parse the largest contents of a raw article that are text or markup, at most
    `rules.html.max_bodies` of them. Each gives one body (its text and metadata), the largest first.

    `contents` are pairs of a number and a content. The number is the content's position in the raw
    article. `link` is the address of the article. Raises Rejected: `hostile` for markup that would
    block a parser, `malformed` for bytes that can't be decoded.
    """
    texts = [(at, content) for at, content in contents if is_text(content.type)]
    largest = sorted(texts, key=lambda pair: len(pair[1].value), reverse=True)
    return [read_body(content, rules, at, link) for at, content in largest[: rules.html.max_bodies]]


def richest(bodies: Sequence[Body]) -> Body:
    """Choose the body (a parsed content of an article) that has the most text, the first of
    several; an empty body if there is none.

    It is returned with the metadata of the first body that is a web page, because a text from a
    feed has no metadata.
    """
    if len(bodies) == 1:
        return bodies[0]
    best = max(bodies, key=lambda body: len(body.text), default=Body())
    pages = (body.page for body in bodies if body.page is not NO_METADATA)
    page = next(pages, NO_METADATA)
    return best if best.page is page else best._replace(page=page)


def without_echo(body: Body, title: str, sites: Collection[str]) -> Body:
    """Return the body without its text, if this only repeats the title of the article with the name
    of its publisher, as in the feeds of aggregators; other bodies are returned unchanged.

    The text may go on with the titles and publishers of similar articles, one on each line. `sites`
    are the names of the publisher, reduced to lower-case letters and digits.
    """
    first, *others = body.text.split("\n\n", _MAX_ECHO_LINES)
    limit = len(title) + _MAX_PUBLISHER_CHARS
    if not title or len(first) > limit or len(others) >= _MAX_ECHO_LINES:
        return body
    own, echo = bare(title), bare(first)
    repeats = echo.startswith(own) and echo[len(own) :] in sites
    listed = all(len(line) <= _MAX_ECHO_CHARS and not line.endswith(".") for line in others)
    return body._replace(text="") if repeats and listed else body


def read_body(
    content: Content, rules: CleaningRules, content_index: int = -1, link: str = ""
) -> Body:
    """Parse one content of a raw article: decode it, and extract its text and metadata. An error
    page or another failed fetch is named in the `failure` of the result.

    `content_index` is the content's position in the raw article, -1 for its summary. `link` is the
    address of the article, by which its metadata is told from that of other articles. Raises
    Rejected: `hostile` for markup that would block a parser, `malformed` if the content can't be
    decoded.
    """
    value, failure = decode_content(content)
    if failure:
        return Body(content_index=content_index, failure=failure)
    value = value if is_page(value) else without_leftovers(value)
    plain = not is_html(content.type) and not is_escaped(value) and not holds_markup(value)
    sound = plain and is_sound(value)  # sound text is storable, and unwrapping keeps it sound
    value = value if sound else storable(value)
    text, page, flag, failure, is_searchable = (
        _Markup(value) if plain else _markup(value, rules, link)
    )
    read_as = "plain" if text is value else "fragment" if page is NO_METADATA else "page"
    if failure:
        return Body(content_index=content_index, read_as=read_as, failure=failure)
    if text is value:
        text = unwrap(unescape(value))
    keep = rules.html.keep and read_as == "fragment"
    # Repair comes before invisible characters are removed: half of mojibake is such characters.
    text = unescape_again(text)
    sound = (sound and "&" not in text) or is_sound(text)
    mended = text if sound else mend(text, rules.text.max_mended_chars)
    flags = (flag, "mojibake" if mended != text else "")
    return Body(
        text=paragraphs(mended, sound=sound, indented=not plain and INDENT in mended),
        page=page,
        language=content.language,
        flags=tuple(f for f in flags if f),
        markup=value if read_as == "page" and is_searchable else "",
        html=safe_html(value) if keep and not flag and not is_page(value) else "",
        read_as=read_as,
        content_index=content_index,
        image=markup_image(value) if read_as == "fragment" else "",
    )


class _Markup(NamedTuple):
    text: str
    page: PageMetadata = NO_METADATA
    flag: str = ""
    failure: str = ""
    is_searchable: bool = False  # a page that is small enough for a search for its date


def _markup(value: str, rules: CleaningRules, link: str) -> _Markup:
    """Extract text and metadata from markup; a text without any tag is returned unchanged."""
    if not has_tags(value):
        if "&lt;" not in value or not (is_escaped(value) or holds_markup(unescape(value))):
            return _Markup(value)
        value = unescape(value)
    value = without_note_marks(value)
    tags = count_tags(value)
    if tags > rules.html.max_tags:
        return _Markup(unescape(cut_tags(value)), flag="tags-cut")
    try:
        cost = refuse_hostile(value, rules.html)
    except Rejected:
        text = unescape(cut_tags(value))
        if letters(text, rules.text.min_letters) < rules.text.min_letters:
            raise
        return _Markup(text, flag="tags-cut")  # honest pages may exceed a limit, too
    if not is_page(value):
        return _fragment(value, rules)
    page = parse(value, tags, cost)
    text, flag = main_text(page, rules.html)
    metadata = read_metadata(page.tree, link, page.markup)
    text = with_live_updates(text, metadata.live_updates)
    titles = (metadata.title, *metadata.titles)
    failure = page_failure(page, titles, text, rules.failed_fetch)
    return _Markup(text, metadata, flag, failure, page.load <= rules.html.max_extract_tags)


def _fragment(value: str, rules: CleaningRules) -> _Markup:
    text = body_text(value)
    # A page may omit all the tags by which pages are recognised.
    if len(text) > rules.failed_fetch.max_rest_bytes or not _HEAD.search(value):
        return _Markup(text)
    page = parse(value)
    title = page.tree.css_first("title")
    titles = (title.text(),) if title else ()
    return _Markup(text, failure=page_failure(page, titles, text, rules.failed_fetch))
