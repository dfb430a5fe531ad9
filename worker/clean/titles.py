"""The title of an article: without the site's name behind it, and never empty for want of one."""

import re
from collections.abc import Collection
from functools import lru_cache

from worker.clean.text import bare

_SEPARATOR = re.compile(r"\s+(?:[-–—|·•»:]|::)\s+")
_SENTENCE = re.compile(r".{20,}?[.!?。！？](?=\s|$)")


def without_site(title: str, sites: Collection[str]) -> str:
    """Cut " - Site" or " | Site" when it is one of the names this site is known by, bare."""
    separators = list(_SEPARATOR.finditer(title))
    if not separators or not separators[-1].start():
        return title
    suffix = bare(title[separators[-1].end() :])
    return title[: separators[-1].start()] if suffix in sites else title


@lru_cache(maxsize=4096)
def site_names(names: tuple[str, ...], host: str) -> frozenset[str]:
    """Everything a site may call itself, bare: given names, their parts, its host."""
    given = {name for name in names if name}
    parts = {part for name in given for part in _SEPARATOR.split(name)}
    labels = host.split(".")[:-1]
    known = given | parts | {host, ".".join(labels), max(labels, key=len, default="")}
    return frozenset(map(bare, known)) - {""}


def from_text(text: str, max_chars: int) -> str:
    """The first sentence of a text, or as many of its words as fit."""
    first = text.partition("\n")[0]
    sentence = _SENTENCE.match(first, 0, max_chars)
    if sentence:
        return sentence[0]
    if len(first) <= max_chars:
        return first
    words = first[: max_chars - 1].rpartition(" ")[0] or first[: max_chars - 1]
    return words.rstrip(" ,;:–—-") + "…"
