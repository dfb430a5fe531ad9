"""Raw articles with one hostile field each: as long as it is admitted, and filled with one pattern.

    python -m tests.linear.hostile_fields BYTES [PART PARTS]

takes every PARTS-th of them through cleaning, fingerprint and tags, and prints one JSON line each:
field, fill, CPU seconds and outcome. A field is filled with at most BYTES bytes.
"""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.make import NOW
from worker.clean import clean, warm
from worker.clean.lines.source_boilerplate import SourceBoilerplate, sighting
from worker.config.loader import load_config
from worker.dedup.fingerprint import fingerprint
from worker.errors import Rejected
from worker.model.admission import LIMITS, admit
from worker.tag import tag

LIMIT_S = 10.0  # of CPU: as long as an article may take in one stage
TEXT = (
    "The harbour reopened on Monday after two weeks of repairs to its eastern wall.\n\n"
    "Engineers said the storm had moved stones of more than four tonnes each.\n\n"
    "Ferries will run every hour until the end of March, the operator announced."
)
FILLS = {
    "space": " ",
    "no-break space": "\u00a0",
    "tab": "\t",
    "line end": "\n",
    "zero-width space": "\u200b",
    "nul": "\0",
    "surrogate": "\ud800",
    "comma": ",",
    "comma and space": ", ",
    "semicolons": " ; ",
    "bars": " | ",
    "dashes": " - ",
    "dots": ".",
    "dotted letters": "a.",
    "slashes": "/",
    "slashes and dots": "/.",
    "dot segments": "a/../",
    "letter": "a",
    "capital letter": "A",
    "accented letter": "é",
    "letter that folds to two": "ß",
    "ligature of 18 letters": "\ufdfa",
    "combining mark": "\u0301",
    "han": "漢",
    "digit": "0",
    "words": "a ",
    "names": "Ann Lee and ",
    "bylines": "By ",
    "dates": "1 May 2021 ",
    "times": "10:00 ",
    "mojibake": "donâ€™t ",
    "escaped": "%41",
    "entity": "&amp;",
    "entity without end": "&#1",
    "open tag": "<a ",
    "open bracket": "<",
    "parameters": "a=1&",
    "tracking parameters": "&amp;utm_a=1",
    "parentheses": "(",
    "square brackets": "[",
    "quotes": '"',
    "backslashes": "\\",
    "mixed white space": " \u00a0\n",
    "comma among spaces": "," + " " * 50,
    "word among spaces": "and" + "\u00a0" * 50,
    "mailboxes": "a@b (c) ",
}
# White space and marks at the ends of a text are often removed before it is read: so also inside.
INSIDE = (
    "space", "no-break space", "tab", "line end", "zero-width space", "mixed white space", "comma",
    "comma and space", "semicolons", "bars", "dashes", "dots", "slashes", "parentheses",
)  # fmt: skip
FILLS |= {f"{name} inside": FILLS[name] for name in INSIDE}
Raw = dict[str, Any]


def of(field: str) -> Callable[[str], Raw]:
    """Return a function that makes a raw article with this text in one field."""

    def make(text: str) -> Raw:
        raw: Raw = {"id": "1", "title": "Harbour reopens", "content": TEXT}
        raw["source"] = {"id": "wire"}
        name, _, key = field.partition(".")
        if not key:
            raw[name] = text
        elif isinstance(raw.get(name), dict):
            raw[name] = {**raw[name], key: text}
        else:
            raw[name] = {key: text}
        return raw

    return make


def page(head: str, body: str = "") -> Callable[[str], Raw]:
    """Return a function that makes a raw article with a page; its markup has the text at `{}`."""

    def make(text: str) -> Raw:
        paragraphs = "".join(f"<p>{line}</p>" for line in TEXT.split("\n\n"))
        start, _, rest = f"<html><head>{head}</head><body>{body}".partition("{}")
        value = f"{start}{text}{rest}<article>{paragraphs}</article></body></html>"
        return {"id": "1", "content": [{"type": "text/html", "value": value}]}

    return make


def meta(name: str) -> Callable[[str], Raw]:
    return page(f'<title>Harbour reopens</title><meta name="{name}" content="{{}}">')


def linked(key: str) -> Callable[[str], Raw]:
    """Return a function that makes an article with a page that has a text in its JSON-LD."""

    def make(text: str) -> Raw:
        value: Any = text
        for name in reversed(key.split(".")):
            value = {name: value}
        data = json.dumps({"@type": "NewsArticle", **value})
        return page("<script type='application/ld+json'>{}</script>")(data)

    return make


FIELDS: dict[str, Callable[[str], Raw]] = {
    **{
        name: of(name)
        for name in (
            "id link title summary content published updated authors tags language receipt "
            "source.id source.title source.url feed.url feed.title feed.language fetch.at "
            "fetch.etag fetch.last_modified media.url media.type media.title content.value "
            "content.type content.charset content.language authors.name tags.term extra.key"
        ).split()
    },
    "feed.url alone": lambda text: {"title": "Harbour reopens", "feed": {"url": "http://" + text}},
    "link of a page": lambda text: {
        "title": "Harbour",
        "link": ("https://a.example/" + text)[:2048],
    },
    "path of a cache": lambda text: {
        "title": "Harbour",
        "link": ("https://google.com/amp/s/a" + text)[:2048],
    },
    "plain text": lambda text: {"content": [{"type": "text/plain", "value": text}]},
    "bytes": lambda text: {
        "title": "Harbour",
        "content": [{"encoding": "base64", "value": "AAAA", "charset": "charset=" + text}],
    },
    "image": lambda text: {"title": "Harbour", "media": [{"type": "image/jpeg", "url": text}]},
    **{
        f"meta {name}": meta(name)
        for name in (
            "author og:title og:site_name og:url og:image keywords news_keywords description "
            "article:published_time article:modified_time article:section date twitter:label1 "
            "byl og:locale"
        ).split()
    },
    "title of a page": page("<title>{}</title>"),
    "h1": page("<title>Harbour</title>", "<h1>{}</h1>"),
    "canonical": page('<link rel="canonical" href="{}">'),
    "canonical of a path": page('<link rel="canonical" href="https://news.example/{}">'),
    "canonical of a query": page('<link rel="canonical" href="https://news.example/?{}">'),
    "canonical of a host": page('<link rel="canonical" href="https://{}">'),
    "lang": lambda text: {
        "content": f"<html lang='{text}'><title>Harbour</title><p>{TEXT}</p></html>"
    },
    "time": page("", '<h1>Harbour</h1><time datetime="{}">x</time>'),
    "text of a time": page("", "<h1>Harbour</h1><time>{}</time>"),
    "byline": page("", "<h1>Harbour</h1><p class=byline>{}</p>"),
    "text after a byline": page("", "<h1>Harbour</h1><p>By</p><p>{}</p>"),
    "class": page("", '<h1>Harbour</h1><p class="{}">x</p>'),
    "style": page("", '<h1>Harbour</h1><p style="display {}">x</p>'),
    "heading with a part": page("<title>{}</title>", "<h1>Harbour <span>reopens</span></h1>"),
    "refresh": page('<meta http-equiv=refresh content="{}">'),
    "noscript": page("", "<script>x</script><noscript>{}</noscript>"),
    "paragraph": page("", "<h1>Harbour</h1><p>{}</p>"),
    "script": page("<script>{}</script>"),
    "json-ld": page("<script type='application/ld+json'>{}</script>"),
    "json-ld in a comment": page("<script type='application/ld+json'><!--{}--></script>"),
    "json-ld in a section": page("<script type='application/ld+json'>//{}<![CDATA[</script>"),
    **{
        f"json-ld {key}": linked(key)
        for key in (
            "headline author author.name keywords articleSection datePublished dateModified "
            "inLanguage image image.url @id articleBody"
        ).split()
    },
}
BOUNDED = {"id": LIMITS.id_bytes, "link": LIMITS.link_bytes, "title": LIMITS.title_bytes,
           "summary": LIMITS.summary_bytes}  # fmt: skip


class Measured(NamedTuple):
    """One raw article and the CPU time that it took."""

    field: str
    fill: str
    cpu_s: float
    outcome: str


def measure(field: str, fill: str, size: int) -> Measured:
    """Take one hostile raw article through admission, cleaning, fingerprint and tags."""
    unit = FILLS[fill]
    room = min(size, BOUNDED.get(field, size))
    text = unit * max(1, (room - 2) // len(unit.encode("utf-8", "surrogatepass")))
    text = f"A{text}b" if fill.endswith("inside") else text
    raw = json.loads(json.dumps(FIELDS[field](text)))
    start = time.process_time()
    try:
        article = clean(admit(raw, size), _config.cleaning, NOW)
        fingerprint(article, _config.dedup)
        sighting(article, SourceBoilerplate(), _config.cleaning.learned)
        tag(article, _config.tagging, NOW)
        outcome = "clean"
    except Rejected as e:
        outcome = e.reason.value
    except TimeoutError:
        outcome = "over the deadline"
    return Measured(field, fill, time.process_time() - start, outcome)


def all_measured(size: int, part: int = 0, parts: int = 1) -> Iterator[Measured]:
    """Measure every `parts`-th pair of a field and a fill, each stopped after ten seconds."""
    pairs = [(field, fill) for field in FIELDS for fill in FILLS]
    for field, fill in pairs[part::parts]:
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
        yield measure(field, fill, size)
        signal.setitimer(signal.ITIMER_PROF, 0)


def _expire(number: int, frame: object) -> None:
    raise TimeoutError


_config = load_config()


def main() -> None:
    size, part, parts = map(int, [*sys.argv[1:], "0", "1"][:3])
    signal.signal(signal.SIGPROF, _expire)
    warm()
    for field in ("title", "paragraph"):
        measure(field, "words", 1000)  # builds what is built on first use
    for measured in all_measured(size, part, parts):
        print(json.dumps(measured._asdict()), flush=True)


if __name__ == "__main__":
    main()
