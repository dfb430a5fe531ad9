"""Compare the own sanitiser of markup with nh3, which wraps ammonia: time, and what each keeps.

    pip install nh3 && python -m bench.sanitisers FOLDER [--show 5]

FOLDER has feed documents; the HTML in their entries is sanitised, and so is hostile markup of 1 MB
that the worker does not refuse. One nh3.Cleaner with the same lists of
elements, attributes and schemes is used for all. Times are CPU time, the least of three rounds
taken in turns, and of one for hostile pages. "Other text" and "other elements" count fragments of
which the two keep another text, or elements with other attributes; "more" is what nh3 keeps and the
own sanitiser does not.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

import feedparser
from selectolax.lexbor import LexborHTMLParser

from worker.clean.html.html_to_text import has_tags
from worker.clean.html.sanitize import _REMOVED, ATTRIBUTES, SAFE, safe_html

_ROUNDS = 3
_SIZE = 2**20  # characters
HOSTILE = {
    "links": "<a href=https://a.example/>link</a> ",
    "headings": "<h1>Title</h1>",
    "cells": "<table><tr><td>one word</td></tr></table>",
    "scripts": "<script>x</script>",
    "event handlers": "<img src=https://a.example/i onerror=e()>",
    "svg in math": "<math><mtext><svg><style><img src=x onerror=e()></style></svg></mtext></math>",
    "comments in comments": "<!--><!---->",
    "entities": "&amp;lt;",
    "NUL": "\x00",
    "bytes of no charset": "\xff\xfe\x80",
    "surrogates": "\ud800",
}
Sanitiser = Callable[[str], str]


def nh3_cleaner() -> Sanitiser:
    """An nh3.Cleaner with the lists of the own sanitiser."""
    import nh3

    cleaner: Any = nh3.Cleaner(
        tags=set(SAFE),
        clean_content_tags=set(_REMOVED),
        attributes={"*": set(), **{tag: set(names) for tag, names in ATTRIBUTES.items()}},
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel=None,
    )
    sanitise: Sanitiser = cleaner.clean
    return sanitise


def feed_fragments(folder: Path) -> Iterator[str]:
    """Yield the different markup fragments in the entries of all feed documents of a folder."""
    seen = set()
    for path in sorted(folder.iterdir()):
        try:
            feed = feedparser.parse(path.read_bytes(), sanitize_html=False)
        except Exception:  # noqa: S112, BLE001 - some documents break the parser on purpose
            continue
        for entry in feed.entries:
            values = (*entry.get("content", ()), entry.get("summary_detail") or {})
            for value in (content.get("value") or "" for content in values):
                if has_tags(value) and value not in seen:
                    seen.add(value)
                    yield value


def hostile_fragments() -> Iterator[tuple[str, str]]:
    """Yield kinds of hostile markup with their names: one piece, repeated to a megabyte."""
    for name, piece in HOSTILE.items():
        yield name, piece * (_SIZE // len(piece))


def content(markup: str) -> tuple[str, Counter[str]]:
    """The text of sanitised markup, and its elements with their attributes."""
    body = LexborHTMLParser(markup).body
    if body is None:
        return "", Counter()
    nodes = body.traverse(include_text=False)
    return "".join(body.text().split()), Counter(
        f"{node.tag} {sorted(node.attributes.items())}" for node in nodes if node.tag != "body"
    )


def cpu_s(sanitise: Sanitiser, fragments: list[str]) -> float:
    began = process_time()
    for fragment in fragments:
        try:
            sanitise(fragment)
        except UnicodeEncodeError:  # nh3 takes no surrogates
            continue
    return process_time() - began


def compare(
    name: str, fragments: list[str], sanitisers: tuple[Sanitiser, Sanitiser], rounds: int = 1
) -> Counter[str]:
    """Print the times of both for these fragments, and return what they keep differently."""
    times_s = [[cpu_s(each, fragments) for each in sanitisers] for _ in range(rounds)]
    own_s, nh3_s = (min(times) for times in zip(*times_s, strict=True))
    each = 1e6 / max(1, len(fragments))
    print(f"{name}: {len(fragments):,}, own {own_s * each:.1f} µs each, nh3 {nh3_s * each:.1f}")
    return differences(fragments, sanitisers)


def differences(fragments: list[str], sanitisers: tuple[Sanitiser, Sanitiser]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for fragment in fragments:
        try:
            own, other = (content(sanitise(fragment)) for sanitise in sanitisers)
        except UnicodeEncodeError:
            counts["refused by nh3: surrogates"] += 1
            continue
        counts["other text"] += own[0] != other[0]
        counts["other elements"] += own[1] != other[1]
        counts["more elements"] += bool(other[1] - own[1])
        counts["nh3 keeps more text"] += len(other[0]) > len(own[0])
        counts["nh3 keeps less text"] += len(other[0]) < len(own[0])
        counts.update(f"more: {element[:60]}" for element in (other[1] - own[1]))
        counts.update(f"less: {element[:60]}" for element in (own[1] - other[1]))
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", type=int, default=8)
    options = parser.parse_args()
    sanitisers = (safe_html, nh3_cleaner())
    fragments = [*feed_fragments(options.folder)]
    counts = compare("feed fragments", fragments, sanitisers, _ROUNDS)
    for what, count in counts.most_common(options.show):
        print(f"  {count:6,} {what}")
    for name, markup in hostile_fragments():
        counts = compare(name, [markup], sanitisers)
        for what, count in counts.most_common(3):
            if count:
                print(f"  {count:6,} {what}")


if __name__ == "__main__":
    main()
