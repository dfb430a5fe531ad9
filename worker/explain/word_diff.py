"""Compare two texts word by word, without taking long for texts that repeat a word very often.

The time that difflib takes grows with the number of pairs of equal words, one from each text. So
what both texts begin and end with is set aside first. If the rest still has too many pairs, whole
sentences are compared, and words only in sentences that changed. When that has taken too long, the
sentences left are shown as removed and added as a whole.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

WORDS = re.compile(r"\s+|[^\s\w]|\w+")
_TOKENS = re.compile(r"\w+\s*|[^\s\w]\s*|\s+")  # with the space behind: fewer and longer changes
_SENTENCES = re.compile(r"[^\n.!?。]*[\n.!?。]+|[^\n.!?。]+")
_MOST_STEPS = 30_000_000  # pairs of equal words, times words: below 1 s on the slowest texts found

DiffPiece = tuple[str, str]  # "-" removed, "+" added or " " kept, and the words


def pieces(older: str, newer: str) -> Iterator[DiffPiece]:
    """Compare two texts word by word; yield pieces of them, each with a sign where it occurs.

    The sign is " " (in both texts), "-" (only in `older`) or "+" (only in `newer`). The pieces come
    in the order of the texts. Of long texts with many equal words, some are compared by
    sentences.
    """
    before, after = _TOKENS.findall(older), _TOKENS.findall(newer)
    start = _equal_at_start(before, after)
    begin = "".join(before[:start])
    before, after = before[start:], after[start:]
    rest = len(before) - _equal_at_start(before[::-1], after[::-1])
    end = before[rest:]
    before, after = before[:rest], after[: len(after) - len(end)]
    yield from _joined([(" ", begin), *_compared(before, after), (" ", "".join(end))])


def _equal_at_start(before: Sequence[str], after: Sequence[str]) -> int:
    pairs = zip(before, after, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(before), len(after)))


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[DiffPiece]:
    if _steps(before, after) <= _MOST_STEPS:
        yield from _matched(before, after)
        return
    old_ones, new_ones = (_SENTENCES.findall("".join(words)) for words in (before, after))
    if (budget := _MOST_STEPS - _steps(old_ones, new_ones)) < 0:
        yield from (("-", "".join(before)), ("+", "".join(after)))
        return
    removed = ""
    for sign, sentences in _matched(old_ones, new_ones):
        if sign == "-":
            removed = sentences
        elif sign == "+" and removed:
            words = _TOKENS.findall(removed), _TOKENS.findall(sentences)
            steps = _steps(*words)
            yield from _matched(*words) if steps <= budget else (("-", removed), ("+", sentences))
            budget -= steps if steps <= budget else 0
            removed = ""
        else:
            yield from (("-", removed), (sign, sentences))
            removed = ""
    yield "-", removed


def _steps(before: Sequence[str], after: Sequence[str]) -> int:
    """The most steps that a comparison may take: pairs of equal words, each for each match."""
    counts = Counter(after)
    return sum(counts[word] for word in before) * min(len(before), len(after))


def _matched(before: Sequence[str], after: Sequence[str]) -> Iterator[DiffPiece]:
    # autojunk would ignore the frequent words of long texts.
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for operation, start, end, from_, to in matcher.get_opcodes():
        if operation == "equal":
            yield " ", "".join(before[start:end])
            continue
        removed, added = "".join(before[start:end]), "".join(after[from_:to])
        space = _space_at_end(removed, added)
        yield "-", removed.removesuffix(space)
        yield "+", added.removesuffix(space)
        yield " ", space


def _space_at_end(removed: str, added: str) -> str:
    """The white space with which both texts end, if it is the same."""
    spaces = [text[len(text.rstrip()) :] for text in (removed, added)]
    return spaces[0] if spaces[0] == spaces[1] else ""


def _joined(parts: Sequence[DiffPiece]) -> Iterator[DiffPiece]:
    """Leave out empty pieces, and join neighbours with the same sign."""
    sign, words = "", ""
    for next_sign, next_words in parts:
        if not next_words:
            continue
        if next_sign != sign and words:
            yield sign, words
            words = ""
        sign, words = next_sign, words + next_words
    if words:
        yield sign, words
