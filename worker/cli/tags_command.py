"""`worker tags`: list topics and check rule files.

The module also defines the option `--rules`, by which other commands try a draft of a rule file.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from worker.cli.terminal import err, out, print_json, print_table, several
from worker.config.loader import TAG_RULES, Config, load_config
from worker.errors import BadConfig
from worker.settings import Settings
from worker.tag.entities.gazetteer_names import packaged_gazetteer
from worker.tag.entities.named_entries import LANGUAGES, GazetteerEntry, NamedEntry
from worker.tag.entities.word_keys import normal_code
from worker.tag.rule_examples import count_examples
from worker.tag.rules.dead_rules import dead_rules
from worker.tag.rules.topic import Topic


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
    the file with its name or is added. All problems are listed, also rules that can never give a
    tag, such as one with a misspelt scope. Exit code 1 when something is wrong.
    """
    together = {name: path for file in files for name, path in replaced_files(file).items()}
    settings = Settings.load()
    try:
        config = load_config(settings.config_dir, together, most_problems=sys.maxsize)
    except BadConfig as e:
        _refuse(str(e).splitlines(), as_json=as_json)
    dead = dead_rules(config.tagging.taxonomy)
    if problems := [f"{config.files[d.file]}: {d.rule}: {d.why}" for d in dead]:
        _refuse(problems, as_json=as_json)
    taxonomy = config.tagging.taxonomy
    expired = [name for name, day in _expiries(taxonomy.topics) if day < datetime.now(UTC).date()]
    counts = {
        "files": 1 + len(config.tag_rules),
        "topics": len(taxonomy.topics),
        "rules": len(config.tagging.rules.rules),
        "phrases": len(config.tagging.rules.phrase_texts),
        "examples": count_examples(taxonomy),
    }
    entities = config.tagging.entities
    names = entities.listed_names if entities else None
    if as_json:
        as_of = names.as_of if names else ""
        summary = {"valid": True, "version": taxonomy.version, **counts, "expired": expired}
        print_json({**summary, "gazetteer_as_of": as_of})
        return
    line = ", ".join(f"{number:,} {what}" for what, number in counts.items())
    out.print(f"{line}: all hold; version {taxonomy.version}", markup=False)
    if names:
        out.print(f"gazetteer: {len(names):,} entries as of {names.as_of}", markup=False)
    for name in expired:
        out.print(f"{name} has expired: it applies to older articles only", markup=False)


def _refuse(problems: list[str], *, as_json: bool) -> NoReturn:
    if as_json:
        print_json({"valid": False, "problems": problems})
    else:
        err.print("\n".join(problems), style="red", markup=False, soft_wrap=True)
    sys.exit(1)


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


@tags.command(epilog='Example: worker tags names "Labour Party"')
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the entries as JSON.")
def names(name: str, as_json: bool) -> None:
    """List the entries of the gazetteer that have this name or id, with their codes.

    The gazetteer is the list of organisations, places and people in this package. A name with
    doubts becomes the tag of an entry only with evidence in the article, except in the languages
    of the column "counts in". Exit code 1 when there is no such entry.
    """
    gazetteer = packaged_gazetteer()
    found = [NamedEntry(entry, 0, 0) for entry in gazetteer.with_id(name)]
    named = not found
    found = found or list(gazetteer.look_up(name))
    rows = [
        (
            *(e.label, e.kind, e.id or normal_code(e.label), e.country, str(e.rank), n.doubts),
            _counts_in(e, gazetteer.counting_languages(name if named else e.label)),
        )
        for n in found
        if (e := n.entry)
    ]
    columns = ("name", "kind", "code", "country", "rank", "doubts", "counts in")
    if as_json:
        entries = [dict(zip(columns, row, strict=True)) for row in rows]
        print_json({"as_of": gazetteer.as_of, "entries": entries})
    else:
        print_table(
            f"{several(len(rows), 'entry', 'entries')} as of {gazetteer.as_of}", columns, rows
        )
    sys.exit(0 if rows else 1)


def _counts_in(entry: GazetteerEntry, languages: Mapping[GazetteerEntry, Sequence[str]]) -> str:
    """The languages in which a name alone is enough for the tag of an entry."""
    codes = languages.get(entry, ())
    return "all languages" if len(codes) > len(LANGUAGES) else ", ".join(codes)


def _expiries(topics: tuple[Topic, ...]) -> list[tuple[str, date]]:
    rules = [(f"{t.code}/{r.name}", r.expires or t.expires) for t in topics for r in t.rules]
    return [(name, day) for name, day in rules if day]
