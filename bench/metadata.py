"""Measure title, author and date of pages, cleaned by the worker without a feed, against gold data.

    python -m bench.metadata FOLDER [FOLDER …] [--half 0|1] [--wrong title|author|date]

A date is right if the local day of publication is the gold day. "either" accepts the day of
publication or of the last change: the gold data has one date, which is often the date of the change
if a page shows both. "written" is the day of publication on pages whose markup has the gold day:
some gold days are not on their page. Pages are split by host: rules are developed on half 0, and
half 1 is reported. Figures come for each folder, and for the languages in it. Time is the CPU time
of cleaning a page, including its main text.
"""

import argparse
import re
import unicodedata
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median
from time import process_time
from typing import Any

from bench.pages import Page, read_pages
from worker.clean import CleaningRules, Examined, examine
from worker.clean.dates.month_names import MONTH_NAMES
from worker.config.loader import load_config
from worker.errors import Rejected
from worker.model.admission import Content, RawArticle

NOW = datetime(2026, 11, 22, tzinfo=UTC)
_QUOTES = str.maketrans({**dict(zip("’‘‚“”„«»–—", '\'\'\'"""""--', strict=True)), "\xad": None})
_LANGUAGES = {"en": "English", "de": "German"}  # others have few pages
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:$|[T ])")
_BETWEEN = re.compile(r"\s*[,;&]\s*(?:and\s+)?|\s+(?:and|und|et|y|e)\s+")


def plain(text: str) -> str:
    """The text with plain quotes and dashes, single spaces, folded case and no soft hyphens."""
    plain_signs = unicodedata.normalize("NFKC", text).translate(_QUOTES).replace("--", "-")
    return " ".join(plain_signs.split()).casefold()


def people(text: str) -> set[str]:
    """The names in a list of authors."""
    return {name for name in _BETWEEN.split(plain(text)) if name}


def cleaned(page: Page, rules: CleaningRules) -> Examined | None:
    """The page as the only content of a raw article, cleaned; None if cleaning rejects it."""
    content = Content(type="text/html", value=page.markup)
    try:
        return examine(RawArticle(link=page.url, content=(content,)), rules, NOW)
    except Rejected:
        return None


def judge(page: Page, examined: Examined | None) -> dict[str, str]:
    """Return "right", "wrong" or "missing" for each field that the gold data has."""
    article = examined.article if examined else None
    title = article.title if article else ""
    authors = ",".join(article.authors) if article else ""
    verdicts = {}
    if page.title:
        verdicts["title"] = _verdict(title, plain(title) == plain(page.title))
    if page.author:
        verdicts["author"] = _verdict(authors, people(authors) == people(page.author))
    if page.date:
        days = _days(article.published_day if article else None)
        verdicts["date"] = _verdict(",".join(days), page.date[:10] in days)
        if _forms(page.date).search(page.markup):
            verdicts["written"] = verdicts["date"]
        either = days | _days(article.updated if article else None)
        verdicts["either"] = _verdict(",".join(either), page.date[:10] in either)
    return verdicts


def _days(published: Any) -> set[str]:
    return {published.isoformat()[:10]} if published else set()


def _forms(day: str) -> re.Pattern[str]:
    """A pattern of the spellings of a day on a page. It matches nothing if the gold has no day."""
    if not _ISO.match(day):
        return re.compile("(?!)")
    year, month, number = day[:10].split("-")
    m, d = f"0?{int(month)}", f"0?{int(number)}"
    names = "|".join(name for name, of in MONTH_NAMES.items() if of == int(month))
    return re.compile(
        rf"(?<!\d)(?:{year}[-./]?{m}[-./]?{d}(?!\d)|{d}[-./]{m}[-./](?:{year}|{year[2:]})(?!\d)"
        rf"|{m}[-./]{d}[-./](?:{year}|{year[2:]})(?!\d)|{d}(?:st|nd|rd|th|\.)?[\s,-](?:de )?"
        rf"(?:{names})[^\W\d]*\.?,?[\s-](?:de )?{year}|{year}年{m}月{d}日)"
        rf"|(?:{names})[^\W\d]*\.?\s{d}(?:st|nd|rd|th)?,?\s{year}|/{year}/(?:{names})[a-z]*/{d}/",
        re.I,
    )


def _verdict(answer: str, right: bool) -> str:
    return "right" if right else "wrong" if answer else "missing"


def _fields(examined: Examined | None) -> str:
    if not examined:
        return "rejected"
    article = examined.article
    return f"{article.title!r} {article.authors} {article.published} {article.updated}"


def report(name: str, judged: list[tuple[dict[str, str], float]]) -> None:
    """Print times and accuracy; `judged` has the verdicts and the CPU seconds of each page."""
    times = sorted(took * 1000 for _, took in judged)
    print(
        f"{name}: {len(judged)} pages, CPU ms a page: mean {mean(times):.1f}, "
        f"median {median(times):.1f}, p99 {times[int(0.99 * len(times))]:.1f}"
    )
    for fact in ("title", "author", "date", "written", "either"):
        counts = Counter(verdicts[fact] for verdicts, _ in judged if fact in verdicts)
        total = counts.total() or 1
        answered = counts["right"] + counts["wrong"] or 1
        print(
            f"  {fact:7} {counts['right'] / total:.3f} of {total} right, "
            f"{counts['right'] / answered:.3f} of what was found, {counts['missing']} missing"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--wrong", default="")
    options = parser.parse_args()
    rules = load_config(None).cleaning
    for folder in options.folders:
        judged = []
        by_language: dict[str, list[tuple[dict[str, str], float]]] = {}
        for page in read_pages(folder):
            if options.half not in (None, page.half):
                continue
            began = process_time()
            examined = cleaned(page, rules)
            took_s = process_time() - began
            verdicts = judge(page, examined)
            judged.append((verdicts, took_s))
            language = examined.article.language if examined else ""
            by_language.setdefault(_LANGUAGES.get(language or "", "other"), []).append(judged[-1])
            if verdicts.get(options.wrong, "right") != "right":
                gold = getattr(page, options.wrong)
                print(f"  {page.name} gold {gold!r} {verdicts[options.wrong]}: {_fields(examined)}")
        report(folder.name, judged)
        for language, of_language in sorted(by_language.items()):
            report(f"{folder.name}, {language}", of_language)


if __name__ == "__main__":
    main()
