"""Measure the learning of source boilerplate on a wire with the same last line in each article.

    python -m bench.learned FOLDER [--show]

FOLDER has reuters-1987-mar-apr.json (see devtools.news_corpora). The wire ends its articles with
"Reuter", which should be removed. It also has thousands of short company results in the same few
forms, of which no line should be removed.
"""

import argparse
import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from time import process_time

from devtools.news_corpora import Text, reuters
from worker.clean.lines.source_boilerplate import SourceBoilerplate, leave_out, sighting
from worker.config.loader import load_config
from worker.index.line_counts import MemoryLineCounts
from worker.model.records import Article
from worker.pipeline.boilerplate import Boilerplate

SIGN_OFF = "Reuter"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.learned", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--show", action="store_true", help="print each removed line with its count"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures, lines = measure(reuters(options.folder))
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:34} {value:,.6g}")
    for line, times in lines.most_common() if options.show else ():
        print(f"{times:6}  {line}")


def measure(articles: list[Text]) -> tuple[dict[str, float], Counter[str]]:
    """Return the figures and the removed lines. Shares count from day `min_days` on."""
    rules = load_config(None).cleaning.learned
    boilerplate = Boilerplate(MemoryLineCounts(), rules)
    by_day: dict[date, list[Text]] = defaultdict(list)
    for document in articles:
        if document.day:
            by_day[document.day].append(document)
    lines: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for number, day in enumerate(sorted(by_day)):
        now = datetime.combine(day, time(12), UTC)
        began = process_time()
        learned = boilerplate.learned(["wire"], now).get("wire", SourceBoilerplate())
        seen = []
        for document in by_day[day]:
            article = _article(document)
            shown = leave_out(article, learned, rules)
            seen.append(("wire", sighting(article, learned, rules)))
            removed = [dropped.line for dropped in shown.dropped]
            lines.update(removed)
            counts["stories"] += 1
            if number >= rules.min_days:
                counts["late"] += 1
                counts["signed off"] += SIGN_OFF in removed
                counts["words"] += len(document.text.split())
                counts["lost"] += sum(len(line.split()) for line in removed if line != SIGN_OFF)
        boilerplate.note(seen, now)
        counts["us"] += int((process_time() - began) * 1e6)
    return {
        "days": len(by_day),
        "stories": counts["stories"],
        "sign-offs left out, share": counts["signed off"] / counts["late"],
        "words of stories left out, share": counts["lost"] / counts["words"],
        "CPU us a story": counts["us"] / counts["stories"],
    }, lines


def _article(document: Text) -> Article:
    text = f"{document.text}\n\n{SIGN_OFF}"
    return Article(source="wire", key=document.id, title=document.title, text=text, words=0)


if __name__ == "__main__":
    main()
