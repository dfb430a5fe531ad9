"""Pages built to hang, to flood or to fool a cleaner, each as large as a message may be.

    python -m tests.clean.hostile PART PARTS

cleans every PARTS-th of them and prints, as JSON, what became of each, its CPU seconds, and the
process's peak memory: a process of its own, so that neither counts the test runner's.
"""

import json
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from tests.clean.ordinary import RULES, cleaned
from worker.clean import warm
from worker.errors import Rejected

SIZE = 2**20  # characters; raw-article/1 allows as many bytes of JSON
CPU_S = 1.5  # for any of them: at most 0.7 with ten processes on two cores, and 1 is promised
PAGE = "<!doctype html><html><body>"
JUDGED = RULES.html.max_extract_tags // 2 - 10  # elements on a page that is not too large
PROSE = "The harbour reopened on Monday after two weeks of repairs to its eastern wall. "


def fill(*pieces: str) -> str:
    """All pieces, and then the last one repeated."""
    *head, repeated = pieces
    start = "".join(head)
    return start + repeated * ((SIZE - len(start)) // len(repeated))


def numbered(start: str, pattern: str, end: str = "") -> str:
    """Copies of a pattern, each with another number in it."""
    pieces, room = [start], SIZE - len(start) - len(end)
    for number in count():
        piece = pattern.format(number)
        room -= len(piece)
        if room < 0:
            return "".join([*pieces, end])
        pieces.append(piece)
    raise AssertionError


def soup(seed: int) -> Iterator[str]:
    """Start tags and end tags in random order."""
    rng = random.Random(seed)
    names = "div p a b i span table tr td li ul h1 form select svg math font nobr body html".split()
    for _ in range(SIZE // 12):
        yield rng.choice(("<{}>", "</{}>", "<{} id=x>", "x<{}/>")).format(rng.choice(names))


HOSTILE: dict[str, Callable[[], str]] = {
    "nested divs": lambda: fill(PAGE, "<div>"),
    "nested quotes": lambda: fill(PAGE, "<blockquote>"),
    "nested lists": lambda: fill(PAGE, "<ul><li>"),
    "nested tables": lambda: fill(PAGE, "<table><tr><td>"),
    "nested custom elements": lambda: numbered(PAGE, "<x-{}>"),
    "nested svg": lambda: fill(PAGE, "<svg><g>"),
    "nested math": lambda: fill(PAGE, "<math><mi>"),
    "nested forms and fonts": lambda: fill(PAGE, "<font><form>"),
    "nested behind end tags": lambda: fill(PAGE, "<div></b>"),
    "nested templates": lambda: fill(PAGE, "<template>"),
    "links in links": lambda: fill(PAGE, "<a href=x>"),
    "formatting across paragraphs": lambda: numbered(PAGE, "<p><b id={}>x"),
    "formatting rebuilt": lambda: fill("".join(f"<b id={n}>" for n in range(400)), "<p>x</p>"),
    "misnested": lambda: fill(PAGE, "<b><p></b></p>"),
    "adoption agency": lambda: fill(PAGE, "<a><b><div></a></b>"),
    "attributes of one tag": lambda: numbered("<p ", "a{}=1 ", ">x"),
    "attributes never closed": lambda: numbered("<p ", "a{} "),
    "attributes of one body": lambda: numbered(PAGE, "<body a{}>"),
    "attributes of one root": lambda: numbered(PAGE, "<html a{}=b>"),
    "attributes with brackets": lambda: numbered(PAGE + "<p ", "a{}='>' ", ">x"),
    "one long attribute": lambda: fill(PAGE, "<p title='", "x "),
    "classes": lambda: numbered(PAGE + "<p class='", "c-{} ", f"'>{PROSE}"),
    "a class for each": lambda: numbered(PAGE, "<p class=c-{}>x"),
    "many cells": lambda: fill(PAGE, "<table>", "<td>x"),
    "many rows": lambda: fill(PAGE, "<table>", "<tr><td>x"),
    "rows outside of tables": lambda: fill(PAGE, "<svg>", "<tr>"),
    "many links": lambda: fill(PAGE, "<a href=x>link</a> "),
    "many paragraphs": lambda: fill(PAGE, "<p>x"),
    "many headings": lambda: fill(PAGE, "<h1>Title</h1>"),
    "many breaks": lambda: fill(PAGE, "<br>"),
    "many spans": lambda: fill(PAGE, "<p>", "<span>x</span>"),
    "many options": lambda: fill(PAGE, "<select>", "<option>x"),
    "many scripts": lambda: fill(PAGE, "<script>x</script>"),
    "many metas": lambda: fill("<html>", "<meta name=a content=b>"),
    "many h1 in a title": lambda: fill("<html><title>", "<h1>"),
    "one long paragraph": lambda: fill(PAGE, "<p>", PROSE),
    "one long word": lambda: fill(PAGE, "<p>", "x"),
    "the same paragraph": lambda: fill(PAGE, f"<p>{PROSE}</p>"),
    "as many links as are judged": lambda: PAGE + "<a href=x>link</a> " * JUDGED,
    "as many paragraphs as are judged": lambda: PAGE + "<p>one word</p>" * JUDGED,
    "as many cells as are judged": lambda: PAGE + "<table>" + "<td>one word</td>" * JUDGED,
    "as many items as are judged": lambda: PAGE + "<ul>" + f"<li>{PROSE[:60]}</li>" * JUDGED,
    "comments never closed": lambda: fill(PAGE, "<!--"),
    "comments in comments": lambda: fill(PAGE, "<!--><!---->"),
    "doctypes": lambda: fill("<!doctype html>"),
    "character data": lambda: fill(PAGE, "<svg>", "<![CDATA[x"),
    "processing instructions": lambda: fill(PAGE, "<?xml ?>"),
    "brackets": lambda: fill(PAGE, "<"),
    "open tags": lambda: fill(PAGE, "<a"),
    "open quotes": lambda: fill(PAGE, '<a b="'),
    "open script": lambda: fill(PAGE, "<script>", "<script "),
    "script in svg": lambda: fill(PAGE, "<svg><style>", "<g>"),
    "entities": lambda: fill(PAGE, "&amp;lt;"),
    "entity tower": lambda: fill("&", "amp;"),
    "numeric entities": lambda: fill(PAGE, "&#1114112;&#x0;&#xd800;"),
    "nul": lambda: fill(PAGE, "\x00"),
    "nul in tags": lambda: fill(PAGE, "<d\x00iv>"),
    "surrogates": lambda: fill(PAGE, "\ud800"),
    "combining marks": lambda: fill(PAGE, "<p>a", "\u0301"),
    "directions": lambda: fill(PAGE, "<p>", "\u202e\u2066"),
    "mojibake": lambda: fill(PAGE, "<p>", "donâ€™t "),
    "white space": lambda: fill(PAGE, "<pre>", " \n\t"),
    "json never closed": lambda: fill("<html><script type='application/ld+json'>", "["),
    "json of bodies": lambda: fill(PAGE, '<script>{"articleBody": "x\\u0041"}</script>'),
    "json body never closed": lambda: fill(PAGE, '<script>{"articleBody": "', "x"),
    "prompts": lambda: fill(PAGE, "<p>Read more: x</p>"),
    "phrases": lambda: fill(PAGE, "<p>by share read more photo</p>"),
    "dates": lambda: fill(PAGE, "<p>", "posted on 03/04/2021 "),
    "a date in each": lambda: fill(PAGE + "<time datetime=x>1 May 2021</time>" * JUDGED, "2021-"),
    "bylines": lambda: PAGE + "<p class=byline>By Ann Lee x</p>" * JUDGED,
    "bylines never ended": lambda: fill(PAGE, "<p>by ", "<i "),
    "a heading of breaks": lambda: PAGE + "<h1>" + "<br>x" * JUDGED,
    "linked data": lambda: fill(
        "<html><script type='application/ld+json'>[", '{"@type":"Article","author":{"@id":"x"}},'
    ),
    "scripts of linked data": lambda: "<html>"
    + "<script type='application/ld+json'>{\"@graph\": [1]}</script>" * JUDGED,
    "articles in articles": lambda: PAGE + f"<article><p>{PROSE}</p>" * 500 + PROSE * 10_000,
    "menus": lambda: fill(PAGE, "<nav>x</nav>"),
    "classes of many": lambda: numbered(PAGE, "<p class='a{0} b{0} c{0} d{0} e{0} f{0}'>x</p>"),
    "bytes of no charset": lambda: fill(PAGE, "\xff\xfe\x80"),
    "soup": lambda: PAGE + "".join(soup(1))[: SIZE - 30],
    "soup of a fragment": lambda: "".join(soup(2))[:SIZE],
}  # fmt: skip


def try_out(markup: str) -> tuple[str, float]:
    start = time.process_time()
    try:
        article = cleaned(content=[{"type": "text/html", "value": markup}])
        became = f"cleaned, {len(article.text)} characters, {' '.join(article.flags)}"
    except Rejected as rejected:
        became = f"{rejected.reason.value}: {rejected.detail}"
    return became, time.process_time() - start


def main() -> None:
    global SIZE
    part, parts, shrink = map(int, sys.argv[1:])
    SIZE //= shrink
    warm()
    results = {}
    for name in list(HOSTILE)[part::parts]:
        markup = HOSTILE[name]()
        became, cpu_s = try_out(markup)
        results[name] = {"became": became, "cpu_s": round(cpu_s, 3)}
    print(json.dumps({"results": results, "peak_mb": round(peak_mb())}))


def peak_mb() -> float:
    """The peak memory of this program alone: `ru_maxrss` of Linux includes its parent process."""
    if (status := Path("/proc/self/status")).exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
