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
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from devtools.judged_tags import Document, Shown, documents, verdicts
from worker.config.loader import load_config
from worker.model.records import Tag
from worker.tag import tag

_NOW = datetime(2026, 12, 1, tzinfo=UTC)
_KINDS = {"taxonomy": "topic"}
_SHOWN = ("taxonomy", "person", "organisation", "place")
_ON_A_SHEET = 25


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
