"""Remove from an article's HTML the lines that cleaning has removed from its text.

The HTML must come from `sanitize.safe_html`, in which each "<" opens a tag.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape, unescape

_TOKEN = re.compile(r"<[^<>]*>|[^<]+")
_WITHIN_A_LINE = re.compile(
    r"</?(?:a|abbr|b|cite|code|del|em|i|img|ins|kbd|mark|q|s|samp|small|strong|sub|sup|u)[ >]"
)
_NAME = (
    "a|abbr|b|blockquote|code|dd|del|dl|dt|em|h[1-6]|i|ins|li|mark|ol|p|q|s|small|strong|sub|sup"
    "|td|tr|u|ul"
)
_EMPTY = re.compile(rf"<(?:{_NAME})(?: [^<>]*)?>\s*</(?:{_NAME})>")  # safe markup is balanced
_MAX_NESTED = 8  # levels of elements that become empty with their children
_MAX_PARTS = 8  # parts of lines: cleaning cuts few, and these last

TokenRun = list[int]  # indexes of the tokens that form one line


def without_lines(markup: str, lines: Sequence[str]) -> str:
    """Remove these lines from the HTML of an article, and elements that become empty by that. It
    keeps the HTML in agreement with the article's text, from which cleaning removed these lines."""
    if not markup or not lines:
        return markup
    tokens = _TOKEN.findall(markup)
    remaining = Counter(_plain(line) for line in lines)
    kept: list[TokenRun] = []
    for run in reversed(list(_runs(tokens))):
        text = _plain(_text(tokens, run))
        if remaining[text] > 0:
            remaining[text] -= 1
            _cut(tokens, run, 0, len(_text(tokens, run)))
        else:
            kept.append(run)
    for part in [line for line in lines if remaining[_plain(line)] > 0][-_MAX_PARTS:]:
        _cut_part(tokens, kept, part)
    shown = "".join(tokens)
    for _ in range(_MAX_NESTED if shown != markup else 0):
        shown, emptied = _EMPTY.subn("", shown)
        if not emptied:
            break
    return shown.strip()


def _runs(tokens: Sequence[str]) -> Iterable[TokenRun]:
    run: TokenRun = []
    for at, token in enumerate(tokens):
        if token[0] != "<":
            run.append(at)
        elif run and not _WITHIN_A_LINE.match(token):
            yield run
            run = []
    if run:
        yield run


def _cut_part(tokens: list[str], runs: Iterable[TokenRun], part: str) -> None:
    words = part.split()
    for run in runs:
        text = _text(tokens, run)
        if stop := _end_of_words(text, words):
            _cut(tokens, run, 0, stop)
            return
        # The end of the text is searched backwards, so that no text is read again and again.
        reversed_words = [word[::-1] for word in reversed(words)]
        if length := _end_of_words(text[::-1], reversed_words):
            _cut(tokens, run, len(text) - length, len(text))
            return


def _end_of_words(text: str, words: Sequence[str]) -> int:
    """Return the offset after these words and the white space around them, if a text begins with
    them; else 0."""
    end, at = -1, _end_of_space(text, 0)
    for word in words:
        if at == end or not text.startswith(word, at):
            return 0
        end = at + len(word)
        at = _end_of_space(text, end)
    return at


def _end_of_space(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def _cut(tokens: list[str], run: TokenRun, start: int, stop: int) -> None:
    """Delete the characters from `start` up to `stop` in the joined text of the tokens in `run`."""
    passed = 0
    for at in run:
        text = unescape(tokens[at])
        first, last = max(0, start - passed), max(0, stop - passed)
        passed += len(text)
        tokens[at] = escape(text[:first] + text[last:], quote=False)


def _text(tokens: Sequence[str], run: TokenRun) -> str:
    return "".join(unescape(tokens[at]) for at in run)


def _plain(text: str) -> str:
    return " ".join(text.split())
