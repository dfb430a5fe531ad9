"""The title of an article: without the site's name behind it, and never empty for want of one."""

import re
from collections.abc import Iterable

from worker.clean.text import bare

_SEPARATOR = re.compile(r"\s+(?:[-–—|·•»:]|::)\s+")
_SENTENCE = re.compile(r".{20,}?[.!?。！？](?=\s|$)")


def without_site(title: str, sites: Iterable[str]) -> str:
    """Cut " - Site" or " | Site" when it is one of the names this site is known by."""
    separators = list(_SEPARATOR.finditer(title))
    if not separators or not separators[-1].start():
        return title
    names = {bare(name) for name in sites} - {""}
    suffix = bare(title[separators[-1].end() :])
    return title[: separators[-1].start()] if suffix in names else title


def site_names(names: Iterable[str], host: str) -> set[str]:
    """Everything a site may call itself in a title: given names, their parts, its host."""
    given = {name for name in names if name}
    parts = {part for name in given for part in _SEPARATOR.split(name)}
    labels = host.split(".")[:-1]
    return given | parts | {host, ".".join(labels), max(labels, key=len, default="")}


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
