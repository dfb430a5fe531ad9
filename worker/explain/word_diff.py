"""Compare two texts word by word, in a time that is bounded whatever the texts are.

The time that difflib takes grows with the number of pairs of equal words, which is quadratic in a
text that repeats a word. So equal beginnings and ends are set aside first. If the rest still has
too many pairs, whole lines are compared, and if these have too many, too, the rest counts as
replaced.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

WORDS = re.compile(r"\s+|[^\s\w]|\w+")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_MOST_STEPS = 10_000_000  # pairs of equal words, times words: below 1 s on the slowest texts found

DiffPiece = tuple[str, str]  # "-" removed, "+" added or " " kept, and the words


def pieces(older: str, newer: str) -> Iterator[DiffPiece]:
    """Compare two texts word by word; yield pieces of them, each with a sign where it occurs.

    The sign is " " (in both texts), "-" (only in `older`) or "+" (only in `newer`). The pieces come
    in the order of the texts. Long texts with many equal words are compared by lines instead.
    """
    before, after = WORDS.findall(older), WORDS.findall(newer)
    start = _equal_at_start(before, after)
    before, after = before[start:], after[start:]
    end = _equal_at_start(before[::-1], after[::-1])
    kept_after = before[len(before) - end :]
    before, after = before[: len(before) - end], after[: len(after) - end]
    yield from _joined(
        [
            (" ", "".join(WORDS.findall(older)[:start])),
            *_middle_pieces(before, after),
            (" ", "".join(kept_after)),
        ]
    )


def _equal_at_start(before: Sequence[str], after: Sequence[str]) -> int:
    pairs = zip(before, after, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(before), len(after)))


def _middle_pieces(before: Sequence[str], after: Sequence[str]) -> Iterator[DiffPiece]:
    if _is_quick(before, after):
        yield from _compared(before, after)
        return
    old_lines, new_lines = (_LINES.findall("".join(words)) for words in (before, after))
    if _is_quick(old_lines, new_lines):
        yield from _compared(old_lines, new_lines)
        return
    yield "-", "".join(before)
    yield "+", "".join(after)


def _is_quick(before: Sequence[str], after: Sequence[str]) -> bool:
    counts = Counter(after)
    pairs = sum(counts[word] for word in before)
    return pairs * min(len(before), len(after)) <= _MOST_STEPS


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[DiffPiece]:
    # autojunk would ignore the frequent words of long texts.
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for operation, start, end, from_, to in matcher.get_opcodes():
        if operation == "equal":
            yield " ", "".join(before[start:end])
            continue
        yield "-", "".join(before[start:end])
        yield "+", "".join(after[from_:to])


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
