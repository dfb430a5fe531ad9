"""Measure what the line rules remove from texts that people have cleaned: ideally nothing.

    python -m bench.lines FOLDER [--show RULE|all]

FOLDER has texts that people cleaned (see bench.pages). The output has the number of deleted lines
and the share of deleted tokens for each rule; --show prints the deleted lines.
"""

import argparse
from collections import Counter, defaultdict
from pathlib import Path

from bench.pages import read_pages
from worker.clean.lines.line_rules import ArticleMetadata, sweep
from worker.clean.text.language import detect
from worker.clean.text.plain_text import paragraphs
from worker.config.loader import load_config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--show", default="")
    options = parser.parse_args()
    rules = load_config(None).cleaning
    total, articles = 0, 0
    lines: dict[str, list[tuple[str, str]]] = defaultdict(list)
    languages: Counter[str] = Counter()
    for page in read_pages(options.folder):
        name, title, text = page.name, page.title, paragraphs(page.text)
        language, _ = detect(text, "", rules.language)
        languages[language] += 1
        total, articles = total + len(text.split()), articles + 1
        for dropped in sweep(text, ArticleMetadata(title), language, rules).dropped:
            lines[dropped.rule].append((name, dropped.line))
    print(f"{articles} gold texts, {total:,} tokens, {dict(languages.most_common(8))}")
    deleted = 0
    for rule, removed in sorted(lines.items()):
        tokens = sum(len(line.split()) for _, line in removed)
        deleted += tokens
        print(f"{rule:20} {len(removed):5} lines {tokens:6} tokens {tokens / total:8.4%}")
        for name, line in removed if options.show in (rule, "all") else ():
            print(f"    {name}: {line}")
    count = sum(map(len, lines.values()))
    print(f"{'all':20} {count:5} lines {deleted:6} tokens {deleted / total:8.4%}")


if __name__ == "__main__":
    main()
