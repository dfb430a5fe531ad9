"""Measure how the CPU time of a regular expression grows with the length of hostile texts.

The texts are made from the syntax tree of the expression: the start of a match, then the sample of
a part that may be repeated, again and again, then a character at which no match can end.
"""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from re import _constants as tree  # isort: skip
from re import _parser as parser  # isort: skip

# Sizes in characters. An exponential pattern is recognised at the small ones.
SIZES = (12, 16, 20, 24, 28, 40, 64, 250, 1000, 2000, 8000)
LARGE_SIZES = (*SIZES, 32_000)
_QUICK_S = 0.004  # of CPU: too short to tell how it grows
_SHORT_CHARS, _MOST_S = 1000, 0.25  # no pattern takes so long for so few characters
_MOST_GROWTH = 8.0  # for four times the length: 4 is linear, 16 is quadratic
_WIDE = 10  # a repetition of fewer does not grow
_REPEATS = (tree.MAX_REPEAT, tree.MIN_REPEAT, tree.POSSESSIVE_REPEAT)
_SAMPLES = "ax0 -.,<>/\"'=&;:%|(é\n\u00a0_A{}[]#?!@"
_COMMON = tuple(
    'a |A|é|0|,|<|&|.|/|-| - |, |a.|1 |<a |&amp;| a|\t|\u00a0|\n|\x00|?|=|%|[|(|"|\\'.split("|")
)
_ENDS = ("\x01", "!")


class Text(NamedTuple):
    """A kind of hostile text: a start, and what is repeated until the text is long enough."""

    start: str
    repeated: str
    end: str

    def of(self, chars: int) -> str:
        """Return the text with this many characters."""
        room = chars - len(self.start) - len(self.end)
        return (
            self.start
            + (self.repeated * (room // len(self.repeated) + 1))[: max(room, 0)]
            + (self.end)
        )


def hostile_texts(pattern: re.Pattern[Any]) -> list[Text]:
    """Return the kinds of texts on which a pattern may be slow."""
    source = (
        pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    )
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    nodes = list(parser.parse(source, flags))
    texts: dict[Text, None] = {}
    for start, repeated in dict.fromkeys(_repetitions(nodes, "")):
        for end in _ENDS:
            texts[Text(start, repeated, end)] = None
        texts[Text("", start + repeated, _ENDS[0])] = None
        texts[Text("", start + repeated * 20, _ENDS[0])] = None
        texts[Text(start, repeated + " ", _ENDS[0])] = None
    for choice in range(6):
        sample = _sample(nodes, choice)
        texts[Text("", sample, _ENDS[0])] = None
        texts[Text("", sample[:-1], _ENDS[0])] = None
    texts.update((Text("", common, _ENDS[0]), None) for common in _COMMON)
    return [text for text in texts if text.repeated]


def slow_text(
    pattern: re.Pattern[Any], methods: Sequence[str], sizes: Iterable[int], most: int | None = None
) -> str:
    """Return a description of a text on which a pattern grows faster than its length; else "".

    At most `most` texts are tried.
    """
    texts = list(islice(_spread(hostile_texts(pattern), most), most))
    for size in sizes:
        for text in texts:
            taken = _cpu_s(pattern, text.of(size), methods)
            if taken > _QUICK_S and _grows(pattern, text, size, methods):
                return f"{text} of {size:,} characters takes {taken:.3f} s"
    return ""


def slowest_s(
    pattern: re.Pattern[Any], methods: Sequence[str], chars: int, most: int | None = None
) -> float:
    """Return the longest CPU time that a hostile text of this length takes, of at most `most`."""
    sizes = [size for size in SIZES if size < chars]
    texts = list(islice(_spread(hostile_texts(pattern), most), most))
    slowest = 0.0
    for size in (*sizes, chars):
        for text in texts:
            slowest = max(slowest, min(_cpu_s(pattern, text.of(size), methods) for _ in range(2)))
        if slowest > _MOST_S:
            break
    return slowest


def _grows(pattern: re.Pattern[Any], text: Text, size: int, methods: Sequence[str]) -> bool:
    """Whether four times the length takes over eight times as long. A busy machine adds noise, so
    the shortest of several measurements counts."""
    long = min(_cpu_s(pattern, text.of(size), methods) for _ in range(3))
    if long <= _QUICK_S:
        return False
    short = min(_cpu_s(pattern, text.of(size // 4), methods) for _ in range(5))
    exponential = size <= _SHORT_CHARS and long > _MOST_S
    return exponential or long > _MOST_GROWTH * max(short, 1e-6)


def _spread(texts: list[Text], most: int | None) -> Iterator[Text]:
    step = max(1, len(texts) // most) if most else 1
    for first in range(step):
        yield from texts[first::step]


def _cpu_s(pattern: re.Pattern[Any], text: str, methods: Sequence[str]) -> float:
    given: Any = text.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else text
    start = time.process_time()
    for method in methods:
        if method in ("sub", "subn"):
            pattern.sub(given[:0], given)
        elif method in ("split", "findall", "finditer"):
            pattern.findall(given)
        else:
            getattr(pattern, method)(given)
    return time.process_time() - start


def _repetitions(nodes: Sequence[Any], start: str) -> Iterator[tuple[str, str]]:
    """Yield (start of a match, sample) for each part that may be repeated many times."""
    for kind, value in nodes:
        if kind in _REPEATS:
            least, most, inner = value
            if most >= _WIDE:
                yield from ((start, sample) for n in range(8) if (sample := _sample(inner, n)))
            yield from _repetitions(inner, start)
            start += _sample(inner, 0) * least
        elif kind is tree.BRANCH:
            for branch in value[1][:60]:
                yield from _repetitions(branch, start)
            start += _sample(value[1][0], 0)
        elif kind is tree.SUBPATTERN or kind is tree.ATOMIC_GROUP:
            inner = value[3] if kind is tree.SUBPATTERN else value
            yield from _repetitions(inner, start)
            start += _sample(inner, 0)
        elif kind in (tree.ASSERT, tree.ASSERT_NOT):
            yield from _repetitions(value[1], start)
        else:
            start += "".join(_characters(kind, value)[:1])


def _sample(nodes: Sequence[Any], choice: int) -> str:
    """Return a text that these nodes may match; the number chooses among alternatives."""
    sample = ""
    for kind, value in nodes:
        if kind in _REPEATS:
            least, most, inner = value
            sample += _sample(inner, choice) * max(least, choice % 2 if most > least else least)
        elif kind is tree.BRANCH:
            sample += _sample(value[1][choice % len(value[1])], choice)
        elif kind is tree.SUBPATTERN:
            sample += _sample(value[3], choice)
        elif kind is tree.ATOMIC_GROUP:
            sample += _sample(value, choice)
        elif characters := _characters(kind, value):
            sample += characters[choice % len(characters)]
    return sample


def _characters(kind: Any, value: Any) -> list[str]:
    """Return some characters that a node of one character matches; none for other nodes."""
    if kind is tree.LITERAL:
        return [chr(value)]
    if kind is tree.NOT_LITERAL:
        return [c for c in _SAMPLES if c != chr(value)][:6]
    if kind is tree.ANY:
        return ["x", " ", ".", "\n"]
    if kind is not tree.IN:
        return []
    if value[0][0] is tree.NEGATE:
        return [c for c in _SAMPLES if not any(_matches(item, c) for item in value[1:])][:8]
    ends = [chr(n) for k, v in value if k is tree.RANGE for n in v]
    literals = [chr(v) for k, v in value if k is tree.LITERAL]
    classes = [
        c for c in _SAMPLES for item in value if item[0] is tree.CATEGORY and _matches(item, c)
    ]
    return list(dict.fromkeys((*literals, *ends, *classes)))[:12]


def _matches(item: tuple[Any, Any], character: str) -> bool:
    kind, value = item
    if kind is tree.LITERAL:
        return ord(character) == value
    if kind is tree.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    classes = {"SPACE": r"\s", "DIGIT": r"\d", "WORD": r"\w"}
    name = str(value).removeprefix("CATEGORY_")
    inside = re.match(classes[name.removeprefix("NOT_")], character) is not None
    return inside != name.startswith("NOT_")
