"""Made-up series and copies in six languages, read from `series.toml` and `copies.toml`."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from tests import make
from tests.dedup.texts import DAY
from worker.model.records import Article

_FOLDER = Path(__file__).parent


class Series(NamedTuple):
    name: str
    issues: list[Article]  # in order of publication


class Copy(NamedTuple):
    name: str
    original: Article
    copy: Article


def series() -> Iterator[Series]:
    """The series; each has three issues or more, and none is a copy of another."""
    for entry in _read("series.toml", "series"):
        issues = [
            _article(
                entry["title"].format(**fields),
                entry["text"].format(**fields),
                days,
                entry["language"],
            )
            for days, fields in zip(entry["days"], entry["issues"], strict=True)
        ]
        yield Series(f"{entry['language']}: {entry['name']}", issues)


def copies() -> Iterator[Copy]:
    """Agency texts, each with the edited copy that another paper printed."""
    for entry in _read("copies.toml", "copy"):
        parts = entry["text"].strip().split("\n\n")
        parts = [entry.get("lead", parts[0]), *parts[1 : entry.get("paragraphs")]]
        title, text = entry.get("title2", entry["title"]), "\n\n".join(parts)
        for old, new in entry.get("edits", ()):
            assert old in title + text, old
            title, text = title.replace(old, new), text.replace(old, new)
        text = f"{entry.get('before', '')}{text}\n\n{entry.get('after', '')}"
        language = entry["language"]
        original = _article(entry["title"], entry["text"], 0, language)
        copied = _article(title, text, entry["days"], language)
        yield Copy(f"{language}: {entry['name']}", original, copied)


def reprinted() -> Iterator[Copy]:
    """Every issue of the series, as another paper printed it: the same report has to be found."""
    for name, issues in series():
        for number, issue in enumerate(issues):
            text = f"{issue.text}\n\nNorthmouth Herald"
            if number % 2:  # every second paper leaves out the last sentences
                text = f"NORTHMOUTH — {issue.text[: len(issue.text) * 2 // 3]}"
            yield Copy(f"{name}, issue {number}", issue, replace(issue, text=text))


def _read(file: str, key: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = tomllib.loads((_FOLDER / file).read_text("utf-8"))[key]
    return entries


def _article(title: str, text: str, days: int, language: str) -> Article:
    return make.article(
        title=title, text=text.strip(), published=DAY + timedelta(days=days), language=language
    )
