"""The corpora that topics are learned from: files come in, rows of (text, classes) go out."""

import gzip
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bench.corpus import fnc1

LABELS = Path(__file__).parent / "labels"
TAXONOMY = Path(__file__).parents[1] / "config" / "taxonomy.toml"

CLASSES = (
    "arts, culture, entertainment and media",
    "crime, law and justice",
    "disaster, accident and emergency incident",
    "economy, business and finance",
    "education",
    "environment",
    "health",
    "human interest",
    "labour",
    "lifestyle and leisure",
    "politics",
    "religion",
    "science and technology",
    "society",
    "sport",
    "conflict, war and peace",
    "weather",
)
CODES = tuple(f"medtop:{number:02d}000000" for number in range(1, len(CLASSES) + 1))


class Row(NamedTuple):
    """A text and the numbers of its classes, the main one first."""

    text: str
    classes: tuple[int, ...]
    weight: float = 1.0


def sentences(path: Path, weight: float = 1.0) -> list[Row]:
    """JSON lines of {text, iptc}: Wikipedia's Current Events, or HuffPost's headlines."""
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return [Row(row["text"], (CLASSES.index(row["iptc"]),), weight) for row in rows]


def pages(folder: Path, weight: float = 16.0) -> list[Row]:
    """Full articles of the WCXB benchmark, with the labels of this project; they are few."""
    rows = []
    for label in _labels("wcxb.jsonl"):
        gold = json.loads((folder / "ground-truth" / f"{label['file']}.json").read_text("utf-8"))
        its = gold["ground_truth"]
        text = f"{its.get('title') or ''}.\n{its['main_content']}"
        rows.append(Row(text, tuple(map(CODES.index, label["labels"])), weight))
    return rows


def stories(folder: Path, weight: float = 16.0) -> list[Row]:
    """Full articles of the Fake News Challenge, one or two of each story, with the labels of this
    project; they have no titles but their first sentences."""
    texts = {text.id: text for text in fnc1(folder)}
    rows = []
    for label in _labels("fnc1.jsonl"):
        text = texts[label["id"]]
        classes = tuple(map(CODES.index, label["labels"]))
        rows.append(Row(f"{text.title}\n{text.text}", classes, weight))
    return rows


def _labels(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (LABELS / name).read_text("utf-8").splitlines()]


def definitions(path: Path, weight: float = 1.0) -> list[Row]:
    """Names and definitions of all Media Topics in use, each an example of its top level."""
    rows = []
    for topic in json.loads(path.read_text("utf-8")).values():
        if topic["RetiredDate"] != topic["RetiredDate"]:  # NaN: not retired
            told = topic["Definition (en-GB)"]
            text = f"{topic['Name (en-GB)']} {told if isinstance(told, str) else ''}"
            rows.append(Row(text, (CODES.index(topic["Level1/NewsCode"]),), weight))
    return rows


def phrases(weight: float = 0.6) -> list[Row]:
    """The English phrases of the taxonomy's rules, each an example of its top level."""
    topics = tomllib.loads(TAXONOMY.read_text("utf-8"))["topics"]
    parents = {topic["code"]: topic.get("parents") for topic in topics}
    rows = []
    for topic in topics:
        top = topic["code"]
        while parents[top]:
            top = parents[top][0]
        if top in CODES:
            said = {p for rule in topic.get("rules", []) for p in _english(rule)}
            rows += [Row(p.rstrip("*"), (CODES.index(top),), weight) for p in sorted(said)]
    return rows


def _english(rule: dict[str, list[str]]) -> list[str]:
    return rule.get("any", []) if "en" in rule.get("languages", ["en"]) else []


def texts(path: Path) -> Iterator[str]:
    """The texts of a JSON list, of JSON lines, or of the folder of the WCXB benchmark."""
    if path.is_dir():
        for file in sorted((path / "ground-truth").glob("*.json")):
            yield json.loads(file.read_text("utf-8"))["ground_truth"]["main_content"]
        return
    content = path.read_text("utf-8")
    rows = json.loads(content) if content.startswith("[") else map(json.loads, content.splitlines())
    yield from (row["text"] for row in rows)


def wikinews(articles: Path, labels: Path) -> Iterator[Row]:
    """The articles that are only measured on; pages without a label are left out."""
    texts = {a["url"].replace("org//", "org/"): a for a in json.loads(_read(articles))}
    for line in labels.read_text("utf-8").splitlines():
        label = json.loads(line)
        if label["labels"]:
            article = texts[label["url"]]
            body = "\n".join(article["text"].strip().split("\n")[1:])  # the first line is the date
            yield Row(f"{article['title']}.\n{body}", tuple(map(CODES.index, label["labels"])), 0.0)


def _read(path: Path) -> str:
    return gzip.open(path, "rt").read() if path.suffix == ".gz" else path.read_text("utf-8")
