"""`worker tag`: which tags raw articles would get, and why; stored nowhere."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.padding import Padding
from rich.text import Text

from worker.clean import clean
from worker.cli.file_reading import read_file
from worker.cli.inputs import articles_only
from worker.cli.tags_command import rules_option, trial_config
from worker.cli.terminal import err, out, print_json, print_table, visible
from worker.config.loader import Config
from worker.errors import Rejected
from worker.model.admission import Frozen, Payload, admit
from worker.model.records import Span, Tag
from worker.tag import tag as tags_of
from worker.tag.explain_tags import RuleExplanation, explain_rules, topics_named

_MOST_NEAR = 8  # rules that nearly fired


class Tagged(Frozen):
    """One raw article with the tags it would get, or the reason it would not be stored."""

    where: str
    title: str = ""
    language: str = ""
    tagger: str = ""
    tags: tuple[Tag, ...] = ()
    considered: tuple[RuleExplanation, ...] = ()  # rules that found something
    reason: str = ""
    detail: str = ""


@click.command(
    epilog="Examples: worker tag story.txt --explain · worker tag story.txt --explain labour "
    "--rules draft.toml"
)
@click.argument("path", metavar="FILE|-", type=click.Path(path_type=Path, allow_dash=True))
@click.argument("code", default="", metavar="[CODE]")
@click.option(
    "--explain", is_flag=True, help="Say which rules nearly fired; of CODE, what each found."
)
@rules_option
@click.option("--json", "as_json", is_flag=True, help="Print tags and rules as JSON.")
def tag(path: Path, code: str, explain: bool, rules: Path | None, as_json: bool) -> None:
    """Tag raw articles as the worker would, and print each tag with what fired it.

    FILE holds raw articles (.json, .jsonl), a page (.html) or plain text; "-" reads a page or
    JSON lines from standard input. CODE, with --explain, is the code or label of a topic. Nothing
    is stored and no broker is asked. Exit code 1 when one of them would be a dead letter.
    """
    if str(path) != "-" and not path.is_file():
        raise click.BadParameter(f"{path} is not a file", param_hint="FILE")
    config = trial_config(rules)
    topic = topic_code(config, code) if code else ""
    reads = articles_only(read_file(path))
    tagged = [_tagged(where, given, config, topic) for where, given in reads]
    if as_json:
        kept = set() if explain else {"considered"}
        print_json([each.model_dump(mode="json", exclude=kept) for each in tagged])
    for each in () if as_json else tagged:
        _print(each, topic, explain=explain)
    sys.exit(1 if any(each.reason for each in tagged) else 0)


def topic_code(config: Config, name: str) -> str:
    """The code of the topic that is called so. Raises BadParameter."""
    found = topics_named(config.tagging.taxonomy, name)
    if not found:
        raise click.BadParameter(f"no topic {name!r}; see `worker tags list`", param_hint="CODE")
    return found[0].code


def _tagged(where: str, given: object, config: Config, topic: str) -> Tagged:
    now = datetime.now(UTC)
    try:
        article = clean(admit(given, Payload.of(given).bytes), config.cleaning, now)
    except Rejected as e:
        return Tagged(where=where, reason=e.reason, detail=e.detail)
    return Tagged(
        where=where,
        title=article.title,
        language=article.language,
        tagger=config.tagging.version,
        tags=tags_of(article, config.tagging, now),
        considered=tuple(explain_rules(article, config.tagging.rules, now, topic)),
    )


def _print(each: Tagged, topic: str, *, explain: bool) -> None:
    if each.reason:
        err.print(f"{each.where}: {each.reason}: {each.detail}", style="yellow", markup=False)
        return
    out.print(Text(visible(each.title), style="bold"))
    out.print(f"language {each.language}, rules {each.tagger}\n", markup=False)
    if each.tags:
        rows = (
            (t.label, f"{t.scheme}:{t.code}", f"{t.score:.2f}", _by(t), _seen(t.spans))
            for t in each.tags
        )
        print_table("tags", ("tag", "code", "score", "by", "detail"), rows)
    else:
        out.print("no tags\n")
    if explain and topic:
        print_considered(f"the rules of {topic}", each.considered)
    elif explain:
        near = [c for c in each.considered if not c.fires]
        print_considered("rules that found something and do not fire", near[:_MOST_NEAR])


def print_considered(title: str, considered: Iterable[RuleExplanation]) -> None:
    """Each rule with its file, what it found, and why it does not fire; wrapped, never cut."""
    out.print(title, style="bold")
    for each in considered:
        says = "fires" if each.fires else each.why_not
        found = f"; found {_seen(each.spans)}" if each.spans else ""
        line = f"{each.label}: {each.rule} ({each.file}.toml): {says}{found}"
        out.print(Padding(Text(visible(line)), (0, 0, 0, 2)))
    out.print()


def _by(tag: Tag) -> str:
    return f"{tag.method} {tag.rule}".strip()


def _seen(spans: Iterable[Span]) -> str:
    """“strikes” in the title at 12, …"""
    return ", ".join(f"“{s.surface}” ({s.field} {s.start}-{s.end})" for s in spans)
