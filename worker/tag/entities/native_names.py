"""Find names of the gazetteer (list of known names) in Russian, Arabic, Chinese and Japanese texts.

Russian names are found in their cases ("в Москве"), Arabic ones after the words that are written
together with them (wa-, bi-, li-, fi). Chinese and Japanese have no spaces: there the longest name
at each character counts. Only names that hardly mean anything else are listed, so many are missed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind

from worker.tag.entities.case_endings import nominatives, without_prefixes
from worker.tag.entities.hashed_keys import ModelArrays
from worker.tag.tokens import Tokens, ends_sentence

NATIVE_LANGUAGES = ("ru", "ar", "zh", "ja")
_UNSPACED = ("zh", "ja")  # languages without spaces between words
_CACHED_WORDS = 20_000
_PLAIN_ARABIC = str.maketrans("أإآى", "اااي", "ًٌٍَُِّْـ")
# What makes something else of the name before it: 中国 is a place, but 中国人 are people and
# 中国银行 is a bank.
_CONTINUED = (
    *"人語语裔籍族話话文海灣湾帝队隊军軍党黨报報社银銀",
    *"皇家 航空 大学 大學 大使 国防 國防 国会 國會 联邦 聯邦 公司 集团 集團 議会 政府軍".split(),
)
_PEOPLE_AFTER = ("人民", "人口")  # 中国人口 is the population of China
_NAME_JOINTS = frozenset("·・")
_JOINED_BEFORE = frozenset("·・＝北南西東东新外旧舊前")  # 新几内亚, 北爱尔兰, 唐纳·川普
_REGION = frozenset("省州市県縣县郡府都")  # a part of the name of a region or city
_KATAKANA = frozenset("ー") | {chr(code) for code in range(0x30A1, 0x30FB)}


class NativeMatch(NamedTuple):
    """A name in a text: the characters from `start` up to, but without, `end`, and the number of
    its entry in the gazetteer. `several` says whether it has several words."""

    start: int
    end: int
    entry: int


class NativeNames:
    """The names of well-known people, organisations and places in the languages of
    NATIVE_LANGUAGES, from the file of the gazetteer. Tables are made for a language when its first
    text comes."""

    def __init__(self, arrays: ModelArrays) -> None:
        self._listed: dict[str, dict[str, int]] = {language: {} for language in NATIVE_LANGUAGES}
        lines = arrays["native_names"].tobytes().decode().split("\n")
        for line, number in zip(lines, arrays["native_entry_of"].tolist(), strict=True):
            language, _, name = line.partition(" ")
            self._listed[language][name] = number
        self._finders: dict[str, _SpacedNames | _UnspacedNames] = {}

    def _finder(self, language: str) -> "_SpacedNames | _UnspacedNames":
        if language not in self._finders:
            listed = self._listed[language]
            unspaced = language in _UNSPACED
            self._finders[language] = (
                _UnspacedNames(listed) if unspaced else _SpacedNames(listed, language)
            )
        return self._finders[language]

    def find(self, tokens: Tokens, language: str) -> list[NativeMatch]:
        """Find the names in a text of one of NATIVE_LANGUAGES, in reading order; none overlap."""
        return list(self._finder(language).find(tokens))


class _SpacedNames:
    """Names in a language that has spaces between words, where a word may have other forms."""

    def __init__(self, listed: Mapping[str, int], language: str) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], int]]] = defaultdict(list)
        self._words: set[str] = set()
        self._arabic = language == "ar"
        for name, number in listed.items():
            words = tuple(word for word in Tokens(self._plain(name)).words if word)
            self._by_first[words[0]].append((words, number))
            self._words.update(words)
        for names in self._by_first.values():
            names.sort(key=lambda item: -len(item[0]))
        self._forms = lru_cache(_CACHED_WORDS)(self._listed_forms)

    def _plain(self, text: str) -> str:
        return text.translate(_PLAIN_ARABIC) if self._arabic else text

    def _listed_forms(self, word: str) -> tuple[str, ...]:
        """The words of names of which this word of a text may be a form."""
        if self._arabic:
            forms = without_prefixes(self._plain(word))
        else:
            forms = nominatives(word) if word[:1].isupper() else [word]
        return tuple(form for form in forms if form in self._words)

    def find(self, tokens: Tokens) -> Iterator[NativeMatch]:
        words = tokens.words
        found = []
        at = 0
        while at < len(words):
            stop, number = self._longest(words, at)
            if number >= 0:
                found.append((at, stop, number))
            at = stop
        spans = tokens.spans([first for first, _, _ in found], [stop for _, stop, _ in found])
        for (start, end), (first, _, number) in zip(spans, found, strict=True):
            dropped = self._arabic * self._prefix(words[first])
            yield NativeMatch(start + dropped, end, number)

    def _longest(self, words: Sequence[str], at: int) -> tuple[int, int]:
        """Where the longest name that begins at a word ends, and the number of its entry; the next
        word and -1 if none does."""
        best = at + 1, -1
        for form in self._forms(words[at]):
            for name, number in self._by_first.get(form, ()):
                stop = at + len(name)
                if (stop > best[0] or best[1] < 0) and self._stands(name, words[at:stop]):
                    best = stop, number
                    break
        if best[1] >= 0 and best[0] == at + 1 and not self._arabic and _in_longer(words, at):
            return best[0], -1
        return best

    def _stands(self, name: Sequence[str], words: Sequence[str]) -> bool:
        if len(words) < len(name):
            return False
        rest = zip(name[1:], words[1:], strict=True)
        if self._arabic:
            return all(listed == self._plain(word) for listed, word in rest)
        return all(listed in self._forms(word) for listed, word in rest)

    def _prefix(self, word: str) -> int:
        """How many characters before a name are another word that is written together with it."""
        plain = self._plain(word)
        form = self._forms(word)[0]
        return len(plain) - len(form) if plain.endswith(form) and len(plain) == len(word) else 0


def _in_longer(words: Sequence[str], at: int) -> bool:
    """Whether a capitalised word stands directly before this one, inside a sentence, so that both
    may be a name of somebody or something else."""
    before = words[max(0, at - 2) : at]
    if not before or not before[-1][:1].isupper() or len(before[-1]) == 1:
        return False
    opens = len(before) < 2 or ends_sentence(before[0]) or not before[0][0].isalpha()
    return not opens


class _UnspacedNames:
    """Names in a language without spaces between words."""

    def __init__(self, listed: Mapping[str, int]) -> None:
        self._names = list(listed)
        self._numbers = list(listed.values())
        self._automaton = AhoCorasick(self._names, matchkind=MatchKind.LeftmostLongest)

    def find(self, tokens: Tokens) -> Iterator[NativeMatch]:
        text = tokens.text
        for row, start, end in self._automaton.find_matches_as_indexes(text):
            before, after = text[start - 1 : start], text[end : end + 1]
            if before in _JOINED_BEFORE or after in _NAME_JOINTS or _is_continued(text, end):
                continue
            if text[start] in _KATAKANA and _KATAKANA & {before, after}:
                continue
            if text[end - 1] in _KATAKANA and after in _KATAKANA:
                continue
            yield NativeMatch(start, end + (after in _REGION), self._numbers[row])


def _is_continued(text: str, end: int) -> bool:
    """Whether what follows a name in a text makes something else of it: a people, a bank."""
    return text.startswith(_CONTINUED, end) and not text.startswith(_PEOPLE_AFTER, end)
