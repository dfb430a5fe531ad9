"""Read the labelled corpora of the topic model into rows of text and class numbers."""

import gzip
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from devtools.news_corpora import fnc1

LABELS = Path(__file__).parents[1] / "training" / "labels"
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
    """Rows of a file of JSON lines {text, iptc}: Wikipedia's Current Events, HuffPost headlines."""
    rows = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    return [Row(row["text"], (CLASSES.index(row["iptc"]),), weight) for row in rows]


def pages(folder: Path, weight: float = 16.0) -> list[Row]:
    """Full articles of the WCXB benchmark with the labels of this project. Few, so they weigh
    more."""
    rows = []
    for label in _labels("wcxb.jsonl"):
        gold = json.loads((folder / "ground-truth" / f"{label['file']}.json").read_text("utf-8"))
        ground_truth = gold["ground_truth"]
        text = f"{ground_truth.get('title') or ''}.\n{ground_truth['main_content']}"
        rows.append(Row(text, tuple(map(CODES.index, label["labels"])), weight))
    return rows


def stories(folder: Path, weight: float = 16.0) -> list[Row]:
    """Full articles of the Fake News Challenge, one or two of each story, with the labels of this
    project. They have no titles: the first sentence stands in."""
    texts = {text.id: text for text in fnc1(folder)}
    rows = []
    for label in _labels("fnc1.jsonl"):
        text = texts[label["id"]]
        classes = tuple(map(CODES.index, label["labels"]))
        rows.append(Row(f"{text.title}\n{text.text}", classes, weight))
    return rows


def after_2019(weight: float = 4.0) -> list[Row]:
    """This project's own sentences on what news speaks of since 2020, which the corpora lack: the
    pandemic, generative AI, the war in Ukraine."""
    return [
        Row(label["text"], tuple(map(CODES.index, label["labels"])), weight)
        for label in _labels("after-2019.jsonl")
    ]


def _labels(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (LABELS / name).read_text("utf-8").splitlines()]


def definitions(path: Path, weight: float = 1.0) -> list[Row]:
    """Names and definitions of all Media Topics in use, each as a row of its top-level class."""
    rows = []
    for topic in json.loads(path.read_text("utf-8")).values():
        if topic["RetiredDate"] != topic["RetiredDate"]:  # NaN: not retired
            definition = topic["Definition (en-GB)"]
            text = f"{topic['Name (en-GB)']} {definition if isinstance(definition, str) else ''}"
            rows.append(Row(text, (CODES.index(topic["Level1/NewsCode"]),), weight))
    return rows


def phrases(weight: float = 0.6) -> list[Row]:
    """The English phrases of the tagging rules, each as a row of its top-level class."""
    topics = tomllib.loads(TAXONOMY.read_text("utf-8"))["topics"]
    parents = {topic["code"]: topic.get("parents") for topic in topics}
    rows = []
    for topic in topics:
        top_code = topic["code"]
        while parents[top_code]:
            top_code = parents[top_code][0]
        if top_code in CODES:
            phrases_of_topic = {p for rule in topic.get("rules", []) for p in _english(rule)}
            rows += [
                Row(p.rstrip("*"), (CODES.index(top_code),), weight)
                for p in sorted(phrases_of_topic)
            ]
    return rows


def _english(rule: dict[str, list[str]]) -> list[str]:
    return rule.get("any", []) if "en" in rule.get("languages", ["en"]) else []


def texts(path: Path) -> Iterator[str]:
    """Texts of a JSON list, of JSON lines, or of the folder of the WCXB benchmark."""
    if path.is_dir():
        for file in sorted((path / "ground-truth").glob("*.json")):
            yield json.loads(file.read_text("utf-8"))["ground_truth"]["main_content"]
        return
    content = path.read_text("utf-8")
    rows = json.loads(content) if content.startswith("[") else map(json.loads, content.splitlines())
    yield from (row["text"] for row in rows)


def wikinews(articles: Path, labels: Path) -> Iterator[Row]:
    """Wikinews articles, which are used for measuring only. Pages without a label are skipped."""
    texts = {a["url"].replace("org//", "org/"): a for a in json.loads(_read(articles))}
    for line in labels.read_text("utf-8").splitlines():
        label = json.loads(line)
        if label["labels"]:
            article = texts[label["url"]]
            body = "\n".join(article["text"].strip().split("\n")[1:])  # the first line is the date
            yield Row(f"{article['title']}.\n{body}", tuple(map(CODES.index, label["labels"])), 0.0)


def _read(path: Path) -> str:
    return gzip.open(path, "rt").read() if path.suffix == ".gz" else path.read_text("utf-8")
