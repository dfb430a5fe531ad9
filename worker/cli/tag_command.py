"""`worker tag`: print the tags that raw articles would get, and why, without storing them."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.padding import Padding
from rich.text import Text

from worker.clean import clean
from worker.cli.article_printing import salience
from worker.cli.file_reading import read_file
from worker.cli.inputs import articles_only, nothing_to_read
from worker.cli.tags_command import rules_option, trial_config
from worker.cli.terminal import err, json_object, out, print_json, print_table, visible
from worker.config.loader import Config
from worker.errors import Rejected
from worker.model.admission import Payload, admit
from worker.model.compressed_article import opened
from worker.model.records import Span, Tag
from worker.tag import tag as tags_of
from worker.tag.explain_tags import (
    RuleExplanation,
    explain_rules,
    names_found,
    topics_named,
    unsupported_language,
)
from worker.tag.topics.model_tags import judge_for

_MOST_NEAR = 8  # rules shown that nearly fired


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggingPreview:
    """What `worker tag` prints for one raw article: the tags that it would get.

    `where` is its file and line, `tagger` the version of the tagging rules, and `considered` are
    the rules with a match. `unsupported` says whether rules or a topic model are missing for the
    article's language, and `names` how well names are found in it. If the article would not be
    accepted, `reason` is a word such as `empty` and `detail` says more; else both are "".
    """

    where: str  # file and line
    title: str = ""
    language: str = ""
    tagger: str = ""
    tags: tuple[Tag, ...] = ()
    considered: tuple[RuleExplanation, ...] = ()  # rules with a match
    unsupported: str = ""
    names: str = ""
    reason: str = ""
    detail: str = ""


@click.command(
    epilog="Examples: worker tag article.txt --explain · worker tag article.txt --explain labour "
    "--rules draft.toml"
)
@click.argument("path", metavar="FILE|-", type=click.Path(path_type=Path, allow_dash=True))
@click.argument("code", default="", metavar="[CODE]")
@click.option(
    "--explain",
    is_flag=True,
    help="Print the rules that nearly fired; with CODE, the matches of its rules.",
)
@rules_option
@click.option("--json", "as_json", is_flag=True, help="Print tags and rules as JSON.")
def tag(path: Path, code: str, explain: bool, rules: Path | None, as_json: bool) -> None:
    """Tag raw articles as the worker would, and print each tag with its evidence.

    FILE holds raw articles (.json, .jsonl), a page (.html) or plain text; "-" reads a page or
    JSON lines from standard input. CODE, with --explain, is the code or label of a topic. Nothing
    is stored and no server is needed. Exit code 1 when a raw article would be a dead letter.
    """
    if str(path) != "-" and not path.is_file():
        raise click.BadParameter(f"{path} is not a file", param_hint="FILE")
    config = trial_config(rules)
    topic = topic_code(config, code) if code else ""
    reads = articles_only(read_file(path))
    previews = [_preview(location, value, config, topic) for location, value in reads]
    if not previews:
        err.print(visible(nothing_to_read([path]), one_line=True), style="yellow", markup=False)
    if as_json:
        hidden = set() if explain else {"considered", "unsupported", "names"}
        print_json([json_object(preview, exclude=hidden) for preview in previews])
    for preview in () if as_json else previews:
        _print_preview(preview, topic, explain=explain)
    sys.exit(1 if any(preview.reason for preview in previews) else 0)


def topic_code(config: Config, name: str) -> str:
    """Find the code of a topic by its code or label, as the user typed it.

    Raises BadParameter when no topic has this code or label.
    """
    topics = topics_named(config.tagging.taxonomy, name)
    if not topics:
        raise click.BadParameter(f"no topic {name!r}; see `worker tags list`", param_hint="CODE")
    return topics[0].code


def _preview(location: str, value: object, config: Config, topic: str) -> TaggingPreview:
    now = datetime.now(UTC)
    try:
        raw = opened(value)
        article = clean(admit(raw, Payload.of(raw).bytes), config.cleaning, now)
    except Rejected as e:
        return TaggingPreview(where=location, reason=e.reason, detail=e.detail)
    rules, topics = config.tagging.rules, config.tagging.topics
    judge = judge_for(article, topics, rules.taxonomy)
    return TaggingPreview(
        where=location,
        title=article.title,
        language=article.language,
        tagger=config.tagging.version,
        tags=tags_of(article, config.tagging, now),
        considered=tuple(explain_rules(article, rules, now, topic, judge)),
        unsupported=unsupported_language(article, rules, topics),
        names=names_found(article, config.tagging.entities),
    )


def _print_preview(preview: TaggingPreview, topic: str, *, explain: bool) -> None:
    if preview.reason:
        err.print(
            f"{preview.where}: {preview.reason}: {preview.detail}", style="yellow", markup=False
        )
        return
    out.print(Text(visible(preview.title), style="bold"))
    out.print(f"language {preview.language}, rules {preview.tagger}\n", markup=False)
    if preview.tags:
        rows = (
            (
                *(t.label, f"{t.scheme}:{t.code}", f"{t.score:.2f}", salience(t.salience)),
                *(_by(t), _surfaces(t.spans)),
            )
            for t in preview.tags
        )
        print_table("tags", ("tag", "code", "score", "salience", "by", "found words"), rows)
    else:
        out.print("no tags\n")
    if explain and preview.unsupported:
        out.print(f"{preview.unsupported}\n", markup=False)
    if explain and preview.names:
        out.print(f"{preview.names}\n", markup=False)
    if explain and topic:
        print_considered(f"the rules of {topic}", preview.considered)
    elif explain:
        near = [c for c in preview.considered if not c.fires]
        if near:
            print_considered("rules with matches that do not fire", near[:_MOST_NEAR])
        else:
            out.print("no rules with matches that do not fire\n")


def print_considered(title: str, considered: Iterable[RuleExplanation]) -> None:
    """Print for each of these tag rules whether it tags an article, and why or why not.

    The line of a rule has its topic, its file and the words that it found in the article. `title`
    is a heading above the lines, such as "the rules of politics".
    """
    out.print(title, style="bold")
    for rule in considered:
        verdict = "fires" if rule.fires else rule.why_not
        evidence = f"; found {_surfaces(rule.spans)}" if rule.spans else ""
        line = f"{rule.label}: {rule.rule} ({rule.file}.toml): {verdict}{evidence}"
        out.print(Padding(Text(visible(line)), (0, 0, 0, 2)))
    out.print()


def _by(tag: Tag) -> str:
    return f"{tag.method} {tag.rule}".strip()


def _surfaces(spans: Iterable[Span]) -> str:
    """The matched words with field and offsets: “strikes” (title 12-19), …"""
    return ", ".join(f"“{s.surface}” ({s.field} {s.start}-{s.end})" for s in spans)
