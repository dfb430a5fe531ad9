"""Have people read the tags that the tagger shows, and say how many are right.

    python -m bench.read_tags sheets DATA FOLDER            # write what readers get
    python -m bench.read_tags table READER.tsv READER.tsv   # what they found, and how they agree

`sheets` draws 100 news texts of two corpora in DATA by a hash of their ids, leaves out those that
trained or calibrated the tagger, and writes them with their tags, 25 on a sheet. With `--draw 1` it
takes the next 100, and so on. Readers know
nothing of the rules. Each writes a file with a line for each tag: its number, a tab, and `y` if it
is right or `n` if not. `tags.tsv` beside the sheets says what each number stands for.
"""

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from devtools import news_corpora
from worker.config.loader import load_config
from worker.model.records import Article, Tag
from worker.tag import tag

_ROOT = Path(__file__).parents[1]
_NOW = datetime(2026, 12, 1, tzinfo=UTC)
_KINDS = {"taxonomy": "topic"}
_SHOWN = ("taxonomy", "person", "organisation", "place")
_PARTS = {"fnc1": 50, "wikinews": 50}  # texts of each corpus
_ON_A_SHEET = 25
_CHARS = range(800, 6000)  # of a text


class Document(NamedTuple):
    """A text of a corpus that readers get."""

    corpus: str
    id: str
    title: str
    text: str

    @property
    def article(self) -> Article:
        return Article(source="read", key="", title=self.title, text=self.text, language="en")


class Shown(NamedTuple):
    """A tag that was shown to readers: its number is that of the text and its own, as in 17.3."""

    number: str
    corpus: str
    id: str
    kind: str
    code: str
    label: str


def documents(folder: Path, draw: int = 0) -> Iterator[Document]:
    """Draw the texts: as many of each corpus as `_PARTS` says, in the order of a hash, after those
    of earlier draws."""
    known = {(row["corpus"], row["id"]) for row in _used()}
    found: dict[str, list[Document]] = defaultdict(list)
    for each in (*_fnc1(folder), *_wikinews(folder)):
        if len(each.text) in _CHARS and (each.corpus, each.id) not in known:
            found[each.corpus].append(each)
    for corpus, count in _PARTS.items():
        yield from sorted(found[corpus], key=_place)[draw * count :][:count]


def _place(document: Document) -> bytes:
    return blake2b(f"{document.corpus} {document.id}".encode(), digest_size=8).digest()


def _used() -> Iterator[dict[str, str]]:
    """Texts that trained or calibrated the tagger."""
    for line in (_ROOT / "bench/labels/entity_tags.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield {"corpus": row["corpus"], "id": row["id"]}
    for line in (_ROOT / "training/labels/fnc1.jsonl").read_text("utf-8").splitlines():
        yield {"corpus": "fnc1", "id": json.loads(line)["id"]}
    for line in (_ROOT / "training/labels/news-names.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        prefix = "fnc1-" if row["corpus"] == "fnc1" else ""
        yield {"corpus": row["corpus"], "id": prefix + row["id"]}


def _fnc1(folder: Path) -> Iterator[Document]:
    for each in news_corpora.fnc1(folder / "dedup"):
        yield Document("fnc1", each.id, each.title, each.text)


def _wikinews(folder: Path) -> Iterator[Document]:
    articles = json.loads((folder / "topics" / "wikinews_2019_2020.json").read_text("utf-8"))
    for each in articles:
        yield Document("wikinews", each["url"], each["title"], each["text"].strip())


def write_sheets(folder: Path, target: Path, draw: int) -> None:
    """Write the sheets with texts and tags, and `tags.tsv` with the tags alone."""
    tagging = load_config().tagging
    target.mkdir(parents=True, exist_ok=True)
    sheets: dict[int, list[str]] = defaultdict(list)
    shown: list[Shown] = []
    for number, document in enumerate(documents(folder, draw), 1):
        tags = [each for each in tag(document.article, tagging, _NOW) if each.scheme in _SHOWN]
        sheet = sheets[(number - 1) // _ON_A_SHEET + 1]
        sheet += [f"# {number}. {document.title}", "", document.text, "", "Tags:", ""]
        for its, each in enumerate(tags, 1):
            found = _shown(f"{number}.{its}", document, each)
            shown.append(found)
            sheet.append(f"- {found.number} {found.kind}: {found.label}")
        sheet.append("")
    for number, lines in sheets.items():
        (target / f"sheet-{number}.md").write_text("\n".join(lines), encoding="utf-8")
    with (target / "tags.tsv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows(shown)


def _shown(number: str, document: Document, found: Tag) -> Shown:
    kind = _KINDS.get(found.scheme, found.scheme)
    return Shown(number, document.corpus, document.id, kind, found.code, found.label)


def table(tags: Sequence[Shown], readers: Sequence[dict[str, bool]]) -> str:
    """The share of right tags by kind and reader, and on how many both agree."""
    lines = [
        "| kind | tags | right: first reader | second reader | both | agreement | kappa |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in ("person", "organisation", "place", "topic"):
        of_kind = [each.number for each in tags if each.kind == kind]
        first, second = ([reader[number] for number in of_kind] for reader in readers)
        count = len(of_kind)
        agree = sum(a == b for a, b in zip(first, second, strict=True)) / count
        both = sum(a and b for a, b in zip(first, second, strict=True)) / count
        right = [sum(each) / count for each in (first, second)]
        chance = right[0] * right[1] + (1 - right[0]) * (1 - right[1])
        kappa = (agree - chance) / (1 - chance) if chance < 1 else 1.0
        lines.append(
            f"| {kind} | {count} | {right[0]:.3f} | {right[1]:.3f} | {both:.3f} | {agree:.3f} "
            f"| {kappa:.2f} |"
        )
    return "\n".join(lines)


def verdicts(path: Path) -> dict[str, bool]:
    """Whether each tag is right, by its number, as a reader wrote it."""
    rows = (line.split("\t") for line in path.read_text("utf-8").splitlines() if line.strip())
    return {number: verdict == "y" for number, verdict, *_ in rows}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.read_tags", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    sheets = commands.add_parser("sheets")
    sheets.add_argument("data", type=Path)
    sheets.add_argument("folder", type=Path)
    sheets.add_argument("--draw", type=int, default=0)
    found = commands.add_parser("table")
    found.add_argument("readers", type=Path, nargs=2)
    found.add_argument("--tags", type=Path, required=True, help="tags.tsv, beside the sheets")
    options = parser.parse_args()
    if options.command == "sheets":
        write_sheets(options.data, options.folder, options.draw)
        return
    with options.tags.open(encoding="utf-8", newline="") as file:
        tags = [Shown(*row[:6]) for row in csv.reader(file, delimiter="\t")]
    print(table(tags, [verdicts(path) for path in options.readers]))


if __name__ == "__main__":
    main()
