"""`worker tags`: list topics and check rule files.

The module also defines the option `--rules`, by which other commands try a draft of a rule file.
"""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from worker.cli.terminal import err, out, print_json, print_table, several
from worker.config.loader import TAG_RULES, Config, load_config
from worker.errors import BadConfig
from worker.settings import Settings
from worker.tag.rule_examples import count_examples
from worker.tag.rules.taxonomy import Topic


def rules_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--rules",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Use this file instead of the one with its name, or as an additional one.",
    )(command)


def trial_config(rules: Path | None) -> Config:
    """The config in force, with one rule file of it replaced by a draft.

    The draft `rules` replaces the file of the same name, or is added if there is none; with None,
    the config is unchanged. Raises BadConfig if config or draft are invalid.
    """
    return load_config(Settings.load().config_dir, replaced_files(rules))


def replaced_files(rules: Path | None) -> dict[str, Path]:
    if rules is None:
        return {}
    return {"taxonomy" if rules.name == "taxonomy.toml" else f"{TAG_RULES}/{rules.stem}": rules}


@click.group(epilog="Example: worker tags check draft.toml")
def tags() -> None:
    """List the topics in force, or check rule files before they are used.

    A topic is a subject that articles are tagged with; rule files say by which words.
    """


@tags.command(epilog="Example: worker tags check config/rules/labour.toml")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Validate rule files and run the examples (`matches`, `not`) in them.

    Without FILES the config in force is checked. FILES are checked together with it: each replaces
    the file with its name or is added. Exit code 1 when something is wrong.
    """
    together = {name: path for file in files for name, path in replaced_files(file).items()}
    settings = Settings.load()
    try:
        config = load_config(settings.config_dir, together)
    except BadConfig as e:
        if as_json:
            print_json({"valid": False, "problems": str(e).splitlines()})
        else:
            err.print(str(e), style="red", markup=False)
        sys.exit(1)
    taxonomy = config.tagging.taxonomy
    expired = [name for name, day in _expiries(taxonomy.topics) if day < datetime.now(UTC).date()]
    counts = {
        "files": 1 + len(config.tag_rules),
        "topics": len(taxonomy.topics),
        "rules": len(config.tagging.rules.rules),
        "phrases": len(config.tagging.rules.phrase_texts),
        "examples": count_examples(taxonomy),
    }
    if as_json:
        print_json({"valid": True, "version": taxonomy.version, **counts, "expired": expired})
        return
    summary = ", ".join(f"{number:,} {what}" for what, number in counts.items())
    out.print(f"{summary}: all hold; version {taxonomy.version}", markup=False)
    for name in expired:
        out.print(f"{name} has expired: it applies to older articles only", markup=False)


@tags.command("list", epilog="Example: worker tags list labour")
@click.argument("words", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print the topics as JSON.")
def list_(words: tuple[str, ...], as_json: bool) -> None:
    """List the topics whose code or label contains these words, with their rules.

    A topic is a subject that articles are tagged with. Without WORDS all topics are listed.
    """
    taxonomy = trial_config(None).tagging.taxonomy
    query = " ".join(words).casefold()
    topics = [t for t in taxonomy.topics if query in f"{t.code} {t.label}".casefold()]
    if as_json:
        print_json(topics)
        return
    names = {topic.code: topic.label for topic in taxonomy.topics}
    rows = (
        (
            t.label,
            t.code,
            ", ".join(names[p] for p in t.parents),
            ", ".join(r.name for r in t.rules),
        )
        for t in topics
    )
    print_table(several(len(topics), "topic"), ("topic", "code", "parents", "rules"), rows)


def _expiries(topics: tuple[Topic, ...]) -> list[tuple[str, date]]:
    rules = [(f"{t.code}/{r.name}", r.expires or t.expires) for t in topics for r in t.rules]
    return [(name, day) for name, day in rules if day]
