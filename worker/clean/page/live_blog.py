"""Find the entries of a live blog on a page, with their times.

A live blog reports an event in many short entries, each with a time and often a heading. The
classifier that finds the article was trained on ordinary articles, so it loses some of these
entries, and all their times.
"""

import re
from collections.abc import Callable, Collection, Sequence

from worker.clean.page.blocks import TAGS, Blocks
from worker.clean.page.element_roles import LIVE_ENTRY

_LIVE_BLOG = "LiveBlogPosting"  # of schema.org
_POSTS = frozenset(("BlogPosting", "SocialMediaPosting", "NewsArticle", "Article"))
_MIN_ENTRIES = 2
_MIN_SHARE = 1 / 3  # of the characters of the article; beside an article a ticker has less
_MAX_TIME_CHARS = 40
_DATE = (
    r"(?:[^\W\d]{2,10}[.,]?\s)?(?:\d{1,2}(?:st|nd|rd|th|\.)?,?\s)?(?:[^\W\d]{2,10}[.,]?\s)?"
    r"(?:\d{4},?\s)?(?:[-–|]\s)?"
)
_ZONE = r"(?:\s?(?:[ap]\.?\s?m\.?|uhr|h|hs|hrs))?(?:\s\(?[a-z]{2,5}\)?)?"
_TIME = re.compile(
    rf"{_DATE}(?:\d{{1,2}}[.:h]\d{{2}}(?::\d{{2}})?{_ZONE}|\d{{1,2}}\s?[ap]\.?m\.?{_ZONE})"
    r"|(?:\d{1,3}|an?)\s?[^\W\d]{1,8}\.? ago|(?:vor|il y a|hace|há) \d{1,3}\s?[^\W\d]{1,9}",
    re.I,
)
_PASSAGES = frozenset(TAGS[name] for name in "p h1 h2 h3 h4 h5 li blockquote pre".split())


def live_entries(
    blocks: Blocks,
    own: Sequence[int],
    chosen: Collection[int],
    superfluous: Callable[[int], bool],
) -> set[int]:
    """Return the numbers of the text blocks (passages) of a page that belong to the entries of a
    live blog: times, headings and paragraphs. The set is empty if the article of the page is no
    live blog.

    `own` says what each element of the page is by its class names and ids, such as an entry.
    `chosen` are the blocks that are known to belong to the article. `superfluous` is a function
    that says whether a block is a caption, in a box or hidden; these are left out.
    """
    holders = blocks.holders
    entries = [number for number, roles in enumerate(own) if roles & LIVE_ENTRY]
    entries += _posts(blocks)
    if len(entries) < _MIN_ENTRIES:
        return set()
    inside = {at for n in entries for at in range(holders.first[n], holders.stop[n])}
    total = sum(len(blocks.texts[at]) for at in chosen)
    if sum(len(blocks.texts[at]) for at in inside if at in chosen) < _MIN_SHARE * total:
        return set()
    return {at for at in inside if _is_content(blocks, at) and not superfluous(at)}


def _posts(blocks: Blocks) -> list[int]:
    """The elements that are postings of a live blog by their types in microdata."""
    types, parents = blocks.item_types, blocks.holders.parents
    if _LIVE_BLOG not in types.values():
        return []
    posts = []
    for number, item_type in types.items():
        around = parents[number]
        while around and types.get(around) != _LIVE_BLOG:
            around = parents[around]
        if item_type in _POSTS and types.get(around) == _LIVE_BLOG:
            posts.append(number)
    return posts


def _is_content(blocks: Blocks, at: int) -> bool:
    text = blocks.texts[at]
    if is_time(text):
        return True
    linked = 2 * blocks.link_chars[at] > len(text)
    return blocks.holders.tags[blocks.held_by[at]] in _PASSAGES and not linked


def is_time(text: str) -> bool:
    """Whether a text consists of a time of day only, such as "14:32" or "3 May, 2 p.m. CET", or of
    an age such as "5 minutes ago"."""
    return len(text) <= _MAX_TIME_CHARS and _TIME.fullmatch(text) is not None
