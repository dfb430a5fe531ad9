"""Find the numbers in the words of a text, and write each in one form, so that equal values are
equal: "12", "twelve" and "12.0"; "$5 million" and "5,000,000"."""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from worker.dedup.calendar_words import MONTHS, MONTHS_CUT_SHORT
from worker.dedup.number_words import (
    LANGUAGES,
    NEVER_FIRST,
    NumberWord,
    NumberWords,
    Role,
    joints,
    number_words,
    ones,
)

_DIGIT = re.compile("[0-9]")
_SUFFIXED = re.compile(r"([0-9]{1,18})(st|nd|rd|th|m|mn|mln|mio|bn|mrd|k)")
_POWERS = {"m": 6, "mn": 6, "mln": 6, "mio": 6, "bn": 9, "mrd": 9, "k": 3}
_MONTHS = MONTHS | MONTHS_CUT_SHORT
_OF = frozenset({"de", "del", "di", "of"})  # "3 de mayo"
_GROUP_DIGITS = 3  # digits between two separators of thousands


class Number(NamedTuple):
    """A number in a text: where it stands, and its value.

    It consists of the words from index `begin` up to, but without, index `end`. `value` is written
    in digits without separators. `date` is True if the name of a month stands beside it, so that it
    is part of a date.
    """

    begin: int
    end: int
    value: str
    date: bool


class NumberReader(NamedTuple):
    """Finds the numbers in texts of one language.

    `words` maps number words to their values. `joints` may stand between two number words of one
    number, as "y" does in "treinta y dos". `ones` are words for 1, which count only behind tens, as
    in "twenty-one". `inner` has the words of both these sets.
    """

    words: NumberWords
    joints: frozenset[str]
    ones: frozenset[str]
    inner: frozenset[str]

    @classmethod
    def of(cls, language: str, further: Collection[str]) -> "NumberReader":
        """Make the reader for a language, given by a code such as "de".

        For a language whose number words are not known, `further` lists the words that count as
        numbers. Their values are taken from the languages that have these words; a word that none
        of them has is ignored.
        """
        known = number_words(language)
        if language not in LANGUAGES:
            known = {word: known[word] for word in further if word in known}
        joined, one = joints(language), ones(language)
        return cls(known, joined, one, joined | one)

    def may_begin(self, word: str) -> bool:
        """Return whether a number may begin with this word: a number word, or one with a digit."""
        return word in self.words or _DIGIT.search(word) is not None

    def numbers(
        self, words: Sequence[str], positions: Sequence[int] | None = None
    ) -> Iterator[Number]:
        """Yield the numbers in a text in their order; `words` are its words. Numbers without a word
        between them, such as the cells in a row of a table, are joined to one.

        `positions` are the indexes of the words with which a number may begin. If the caller does
        not know them, they are searched for.
        """
        if positions is None:
            positions = [n for n, word in enumerate(words) if self.may_begin(word)]
        known, end, last = self.words, 0, len(words) - 1
        for begin in positions:
            if begin < end:
                continue
            word, after = words[begin], words[begin + 1] if begin < last else ""
            if after.isalpha() and after not in known and after not in self.inner:
                end = begin + 1
                value = word.lstrip("0") or "0" if word.isdecimal() else self._single(word)
            elif self._starts(word):
                end = self._end(words, begin)
                value = self._value(words[begin:end])
            else:
                continue
            if value:
                yield Number(begin, end, value, _is_date(words, begin, end))

    def _single(self, word: str) -> str:
        """The value of a number of one word with other characters than digits, "" if that begins
        none."""
        if known := self.words.get(word):
            return str(known.value) if self._starts(word) else ""
        return _suffix(word)

    def _starts(self, word: str) -> bool:
        found = self.words.get(word)
        if found:
            return found.role is not Role.GROUP and word not in NEVER_FIRST
        return bool(_DIGIT.search(word))

    def _end(self, words: Sequence[str], begin: int) -> int:
        """The position after the number that begins at `begin`."""
        end = begin + 1
        while end < len(words):
            word = words[end]
            if word in self.words or _DIGIT.search(word):
                end += 1
            elif word in self.joints and end + 1 < len(words) and self._joined(words, end):
                end += 2
            elif word in self.ones and self._is_ten(words[end - 1]):
                end += 1
            else:
                break
        return end

    def _joined(self, words: Sequence[str], joint: int) -> bool:
        """Whether the words on both sides of a joint, such as "treinta y dos", are one number."""
        after = words[joint + 1]
        value = self.words.get(after, NumberWord(0)).value
        before = self.words.get(words[joint - 1])
        if before and before.role is Role.TIMES:
            return 1 < value < before.value
        return self._is_ten(words[joint - 1]) and (1 < value < 20 or after in self.ones)

    def _is_ten(self, word: str) -> bool:
        found = self.words.get(word)
        return bool(found and found.role is Role.ADDED and found.value in range(20, 100, 10))

    def _value(self, words: Sequence[str]) -> str:
        if self.words.keys().isdisjoint(words):
            return _plain(words)
        done, digits, spelled = list[str](), list[str](), _Spelled()
        for word in words:
            known = self.words.get(word)
            if word in self.joints:
                continue
            if known is None and word in self.ones:
                known = NumberWord(1)
            if known is None:
                done += spelled.flushed()
                digits.append(word)
            elif digits and known.role is not Role.ADDED:
                done.append(_scaled(digits, known.value))
                digits = []
            else:
                done += [_plain(digits)] if digits else []
                digits = []
                done += spelled.add(known)
        done += [_plain(digits)] if digits else []
        return "".join([*done, *spelled.flushed()])


class _Spelled:
    """Computes the value of a number that is spelled out, from its number words one by one.

    `total` is the value of the words up to the last "thousand" or "million". Behind that, `section`
    is the value up to the last "hundred", and `pending` that of the last words. `empty` is True if
    no word was added yet.
    """

    def __init__(self) -> None:
        self.total, self.section, self.pending, self.empty = 0, 0, 0, True

    def add(self, word: NumberWord) -> list[str]:
        """Add the next number word. If it can't continue the number, as in "twelve seven", it
        begins another one: then return the digits of the number before it, in a list. Otherwise the
        list is empty."""
        done: list[str] = []
        if word.role is Role.ADDED:
            if not self._continues(word.value):
                done = self.flushed()
            if word.value == 20 and self.pending == 4:  # quatre-vingts
                self.pending = 80
            else:
                self.pending += word.value
        elif word.role is Role.TIMES:
            self.section += (self.pending or 1) * word.value
            self.pending = 0
        else:
            self.total += (self.section + self.pending or 1) * word.value
            self.section = self.pending = 0
        self.empty = False
        return done

    def _continues(self, value: int) -> bool:
        if not self.pending:
            return self.empty or bool(self.section or self.total)
        fits = 20 if self.pending in (60, 80) else 10  # soixante-douze
        return (self.pending % 10 == 0 and self.pending >= 20 and value < fits) or (
            value == 20 and self.pending == 4
        )

    def flushed(self) -> list[str]:
        """Return the digits of the number read so far in a list, and begin another number. The list
        is empty if no word was added."""
        value = self.total + self.section + self.pending
        done = [] if self.empty else [str(value)]
        self.total, self.section, self.pending, self.empty = 0, 0, 0, True
        return done


def _is_date(words: Sequence[str], begin: int, end: int) -> bool:
    """Whether the name of a month is beside the words from `begin` to `end`."""
    if begin and words[begin - 1] in _MONTHS:
        return True
    if end == len(words):
        return False
    after = words[end]
    if after in _OF and end + 1 < len(words):
        after = words[end + 1]
    return after in _MONTHS


def _plain(digits: Sequence[str]) -> str:
    """The value of a number whose parts were separated by points, commas or other signs."""
    first = digits[0].lstrip("0") if digits[0].isdecimal() else _suffix(digits[0])
    rest = digits[1:]
    if len(rest) == 1 and rest[0] in ("0", "00"):  # "12.0", "10.00"
        rest = []
    return "".join([first or "0", *rest])


def _scaled(digits: Sequence[str], factor: int) -> str:
    """The value of digits before a word such as "million": "1", "2" is 1.2 million."""
    *before, last = digits
    zeros = len(str(factor)) - 1
    if before and last.isdecimal() and len(last) != _GROUP_DIGITS and len(last) <= zeros:
        last = last.ljust(zeros, "0")
    else:
        last += "0" * zeros
    return "".join([*before, last]).lstrip("0") or "0"


def _suffix(word: str) -> str:
    """A word with digits and letters; "3rd" is 3, and "5m" is five million."""
    found = _SUFFIXED.fullmatch(word)
    if not found:
        return word
    return found[1] + "0" * _POWERS.get(found[2], 0)
