"""The raw articles that all compared systems take, in loads such as new fragments or re-deliveries.

Texts and pages are read from a folder, or generated when there is none. Whatever is called new has
a text of its own, and comes once only.
"""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from bench.pages import data_sets, read_pages
from devtools import news_corpora
from devtools.generated_articles import generate

Raw = dict[str, Any]

_LEAST_CHARS, _MOST_CHARS = 500, 6000  # of a text that stands for the body of a feed
_SOURCES = 25
_WARM_TEXTS, _WARM_PAGES = 100, 10
_PAGE_LINKS, _PAGE_SCRIPT_CHARS = 250, 60_000  # of a generated page, beside its article


class Load(NamedTuple):
    """Articles that a system is measured with.

    `articles` are pushed as fast as the system takes them; `paced` come later, at half that rate.
    With `foreign`, each is a message of its own, as a producer without this package writes it.
    """

    name: str
    articles: list[Raw]
    paced: list[Raw]
    foreign: bool = False


class Loads(NamedTuple):
    """All that a system takes in one run: first articles that are not measured, so that what each
    process builds at its first articles is not counted."""

    warm_up: list[Raw]
    measured: list[Load]


class NotEnoughTexts(Exception):
    """The folder has fewer texts than were asked for. The message has the numbers."""


def make_loads(folder: Path | None, count: int, page_count: int) -> Loads:
    """Make all loads of `count` articles, and one of `page_count` pages, in the order in which a
    system must take them: what is delivered again was new in an earlier load.

    Raises NotEnoughTexts.
    """
    texts, pages = fragments(folder), whole_pages(folder)
    warm_up = [*_take(texts, _WARM_TEXTS), *islice(pages, _WARM_PAGES)]
    new = _take(texts, count)
    rng = random.Random(7)
    measured = [
        Load("new fragments", new, _take(texts, _paced(count))),
        Load("unchanged", list(new), rng.sample(new, _paced(count))),
        _mixed("80 % unchanged, 20 % new", new, texts, 0.2, rng),
        _mixed("95 % unchanged, 5 % new", new, texts, 0.05, rng),
        Load("single messages", _take(texts, count), _take(texts, _paced(count)), foreign=True),
        Load("new pages", _take(pages, page_count), _take(pages, _paced(page_count))),
    ]
    return Loads(warm_up, measured)


def _take(articles: Iterator[Raw], count: int) -> list[Raw]:
    """The next `count` articles. Raises NotEnoughTexts."""
    taken = [*islice(articles, count)]
    if len(taken) < count:
        raise NotEnoughTexts(f"{len(taken)} of {count} texts or pages are left for a load")
    return taken


def _paced(count: int) -> int:
    return count // 2


def _mixed(
    name: str, known: list[Raw], texts: Iterator[Raw], new: float, rng: random.Random
) -> Load:
    def mixture(count: int) -> list[Raw]:
        fresh = _take(texts, round(count * new))
        mixed = fresh + rng.sample(known, count - len(fresh))
        rng.shuffle(mixed)
        return mixed

    return Load(name, mixture(len(known)), mixture(_paced(len(known))))


def fragments(folder: Path | None) -> Iterator[Raw]:
    """Yield raw articles as a feed gives them: a title and some paragraphs of HTML."""
    if folder is None:
        for number, raw in enumerate(generate(1_000_000, chars=3000)):
            yield raw | {"source": {"id": f"feed-{number % _SOURCES}"}}
        return
    texts = [t for t in news_corpora.read(_texts_below(folder)) if len(t.text) > _LEAST_CHARS]
    random.Random(1).shuffle(texts)
    for number, text in enumerate(texts):
        paragraphs = (p.strip() for p in text.text.split("\n"))
        markup = "".join(f"<p>{p}</p>" for p in paragraphs if p)
        yield {
            "id": f"text-{number}",
            "link": f"https://feed-{number % _SOURCES}.example/{number}?utm_source=feed",
            "title": text.title,
            "content": [{"type": "text/html", "value": markup[:_MOST_CHARS]}],
            "published": f"2026-11-{1 + number % 20:02d}T{number % 24:02d}:00:00Z",
            "source": {"id": f"feed-{number % _SOURCES}"},
        }


def whole_pages(folder: Path | None) -> Iterator[Raw]:
    """Yield raw articles whose content is a complete web page as it was fetched."""
    markups = _generated_pages() if folder is None else _pages_below(folder)
    for number, markup in enumerate(markups):
        yield {
            "id": f"page-{number}",
            "link": f"https://site-{number % _SOURCES}.example/{number}",
            "content": [{"type": "text/html", "value": markup}],
            "source": {"id": f"site-{number % _SOURCES}"},
        }


def _generated_pages() -> Iterator[str]:
    """Generated articles, each in a page with menus, scripts and links to other articles."""
    rng = random.Random(5)
    for raw in generate(100_000, chars=4000, seed=5):
        links = "".join(
            f'<li class="item"><a href="/section/{rng.randrange(10**6)}">More of topic {n}</a></li>'
            for n in range(_PAGE_LINKS)
        )
        script = ";".join(f"var v{n}={rng.random()}" for n in range(_PAGE_SCRIPT_CHARS // 26))
        yield (
            f"<!DOCTYPE html><html lang='en'><head><title>{raw['title']}</title>"
            f"<meta property='article:published_time' content='{raw['published']}'>"
            f"<script>{script}</script></head><body><nav><ul>{links}</ul></nav>"
            f"<main><article><h1>{raw['title']}</h1>{raw['content'][0]['value']}</article></main>"
            f"<aside><ul>{links}</ul></aside><footer>© Example News</footer></body></html>"
        )


def _texts_below(folder: Path) -> Path:
    """The folder with the corpora of devtools.news_corpora: this one or one below."""
    for file in sorted(folder.rglob("fnc1-train-bodies.csv")):
        return file.parent
    raise NotEnoughTexts(f"{folder}: no fnc1-train-bodies.csv in it or below")


def _pages_below(folder: Path) -> Iterator[str]:
    found = [p for p in [folder, *sorted(folder.rglob("*"))] if (p / "ground-truth").is_dir()]
    pages = [page for each in found for page in read_pages(each)]
    pages = pages or [page for _, of_set in data_sets(folder) for page in of_set]
    random.Random(1).shuffle(pages)
    yield from (page.markup for page in pages)
