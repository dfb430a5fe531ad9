"""Read the texts to which the labels of names in `bench/labels/` belong."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from worker.model.records import Article

_MAX_TITLE = 200  # characters of a first line that is a title


def labelled_texts(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield (corpus, document, text) of the English texts of which some have labelled names."""
    topics = folder / "topics"
    for page in json.loads((topics / "wikinews_2019_2020.json").read_text("utf-8")):
        yield "wikinews", page["url"], f"{page['title']}\n{page['text']}"
    for corpus, name in (
        ("huffpost", "huffpost_train60.jsonl"),
        ("current-events", "current_events_train_lt2020.jsonl"),
    ):
        for row, line in enumerate((topics / name).read_text("utf-8").split("\n")):
            if line.strip():
                yield corpus, str(row), json.loads(line)["text"]
    csv.field_size_limit(10**8)
    for part in ("train", "test"):
        path = folder / "dedup" / f"fnc1-{part}-bodies.csv"
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield "fnc1", f"{part}:{row['Body ID']}", row["articleBody"].strip()
    for path in sorted((folder / "cleaning" / "wcxb-dev" / "ground-truth").glob("*.json")):
        gold = json.loads(path.read_text("utf-8"))["ground_truth"]
        yield "wcxb", path.stem, f"{gold.get('title') or ''}\n{gold.get('main_content') or ''}"


def article_with_title(text: str) -> Article:
    """Make an article of a text; its first line is the title if it is short and not all of it."""
    first, _, rest = text.partition("\n")
    title, body = (first, rest) if len(first) <= _MAX_TITLE and rest else ("", text)
    return Article(source="labelled", key="", title=title, text=body, language="en")
