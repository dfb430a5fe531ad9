"""Clean many real pages and feed entries, and print what was refused and what took long.

    python -m bench.honest PATH [PATH …] [--limit 3000] [--slow-ms 100] [--slowest 10]

A PATH is a folder, searched for .html, .htm and .html.gz and for feed documents (.xml, .rss, .atom
or without an ending), or a .tar.gz such as the source of a package whose tests have pages. Of each
PATH at most `--limit` documents are taken, evenly spread. A page of over 1 MB is more than a
message may have, and is skipped.
Refused is what clean() rejects: `failed-fetch` for pages that are no articles, such as redirects,
`empty` for pages without a word. Times are CPU time of one call, also if it was refused.
"""

import argparse
import gzip
import tarfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from statistics import mean, median
from time import process_time
from typing import NamedTuple

import feedparser

from worker.clean import CleaningRules, clean, warm
from worker.client.feeds import from_feedparser
from worker.config.loader import load_config
from worker.errors import Rejected
from worker.model.admission import LIMITS, Content, Payload, RawArticle, admit

NOW = datetime(2026, 11, 22, tzinfo=UTC)
_PAGES = (".html", ".htm", ".html.gz", ".htm.gz")
_FEEDS = (".xml", ".rss", ".atom")


class CleanedPage(NamedTuple):
    """What became of one page: its name, the reason if it was refused, its flags, its CPU time."""

    name: str
    reason: str
    detail: str
    flags: tuple[str, ...]
    cpu_ms: float


def documents(path: Path, limit: int) -> Iterator[tuple[str, bytes]]:
    """Yield the names and bytes of at most `limit` pages and feeds in a folder or a tar file."""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if _is_document(p.name))
        for file in files[:: max(1, -(-len(files) // limit))]:
            if file.is_file():
                yield str(file.relative_to(path)), _unpacked(file.name, file.read_bytes())
        return
    with tarfile.open(path) as archive:
        members = [m for m in archive if m.isfile() and _is_document(m.name)]
        for member in members[:: max(1, -(-len(members) // limit))]:
            if extracted := archive.extractfile(member):
                yield member.name, _unpacked(member.name, extracted.read())


def _is_document(name: str) -> bool:
    return name.endswith(_PAGES) or _is_feed(name)


def _is_feed(name: str) -> bool:
    """Whether a file is a feed by its name; one without an ending is read as a feed, too."""
    return name.endswith(_FEEDS) or "." not in name.rpartition("/")[2]


def _unpacked(name: str, content: bytes) -> bytes:
    return gzip.decompress(content) if name.endswith(".gz") else content


def articles(name: str, content: bytes) -> Iterator[RawArticle]:
    """Yield the raw articles of a document: a page as bytes, or the entries of a feed."""
    if _is_feed(name):
        try:
            feed = feedparser.parse(content)
        except Exception:  # noqa: BLE001 - some documents break the parser on purpose
            return
        for entry in feed.entries:
            raw = from_feedparser(entry, feed)
            try:
                yield admit(raw, Payload.of(raw).bytes)
            except Rejected:  # over a limit of the contract
                continue
    elif 0 < len(content) <= LIMITS.article_bytes:
        text = content.decode("utf-8", "replace")
        yield RawArticle(content=(Content(type="text/html", value=text),))


def try_out(name: str, raw: RawArticle, rules: CleaningRules) -> CleanedPage:
    began = process_time()
    reason, detail, flags = "", "", ()
    try:
        flags = clean(raw, rules, NOW).flags
    except Rejected as rejected:
        reason, detail = rejected.reason.value, rejected.detail
    return CleanedPage(name, reason, detail, flags, 1000 * (process_time() - began))


def report(name: str, cleaned: list[CleanedPage], slow_ms: float, slowest: int) -> None:
    times = sorted(page.cpu_ms for page in cleaned) or [0.0]
    reasons = Counter(f"{page.reason} ({page.detail[:50]})" for page in cleaned if page.reason)
    flags = Counter(flag for page in cleaned for flag in page.flags if flag.endswith(("cut", "ge")))
    print(
        f"{name}: {len(cleaned):,} tried, {reasons.total()} refused; CPU ms mean "
        f"{mean(times):.1f}, median {median(times):.1f}, p99 {times[int(0.99 * len(times))]:.1f}, "
        f"{sum(ms > slow_ms for ms in times)} over {slow_ms:g}; {dict(flags)}"
    )
    for what, count in reasons.most_common(8):
        print(f"  {count:6,} {what}")
    for page in sorted(cleaned, key=lambda page: -page.cpu_ms)[:slowest]:
        print(f"  {page.cpu_ms:6.0f} ms {page.name} {page.reason}{' '.join(page.flags)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--limit", type=int, default=3000)
    parser.add_argument("--slow-ms", type=float, default=100)
    parser.add_argument("--slowest", type=int, default=3)
    options = parser.parse_args()
    rules = load_config(None).cleaning
    warm()
    everything: list[list[CleanedPage]] = []
    for path in options.paths:
        found = (
            (name, raw)
            for name, content in documents(path, options.limit)
            for raw in articles(name, content)
        )
        cleaned = [try_out(name, raw, rules) for name, raw in found]
        everything.append(cleaned)
        report(path.name, cleaned, options.slow_ms, options.slowest)
    report("all", [*chain.from_iterable(everything)], options.slow_ms, options.slowest)


if __name__ == "__main__":
    main()
