"""Print one stored article for people: its fields, text, tags, decisions and revisions."""

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from worker.cli.terminal import local_day, moment, out, print_table, several, visible
from worker.explain.explain_templates import WITHDRAWN_UNSEEN
from worker.model.short_ids import short_id

_TEXT_CHARS = 1500  # of the text; --json prints all of it


def print_article(stored: Mapping[str, Any]) -> None:
    """Print one stored article, with its tags, decisions and revisions, for `worker show`.

    `stored` is what the method `show` of a store returns.
    """
    article, newest = stored["article"], (stored["revisions"] or [None])[-1]
    if newest is None:
        by = "by its publisher" if article["withdrawal_fetched_at"] else "for good"
        out.print(f"{article['article_id']} was withdrawn {moment(article['withdrawn_at'])} {by}")
        if not article["revision"]:
            out.print(WITHDRAWN_UNSEEN)
        return
    out.print(Text(newest["title"], style="bold"))
    _facts(article, newest)
    out.print("", Text(_shortened(newest["text"])), "", sep="\n")
    if newest["dropped"]:
        lines = ((dropped["rule"], dropped["line"]) for dropped in newest["dropped"])
        print_table("left out of the text", ("rule", "left-out line"), lines)
    if stored["tags"]:
        print_table(
            "tags",
            ("tag", "code", "score", "salience", "by", "found words"),
            map(_tag, stored["tags"]),
        )
    if stored["held"]:
        print_table("held back", ("since", "title", "words", "why"), map(_held, stored["held"]))
    if stored["decisions"]:
        print_table("decisions", ("at", "verdict", "why"), map(_decision, stored["decisions"]))
    if len(stored["cluster"]) > 1:
        print_table(
            "cluster", ("title", "source", "verdict", "id"), map(_member, stored["cluster"])
        )
    if len(stored["revisions"]) > 1:
        columns = ("number", "title", "words", "change", "received")
        print_table("revisions", columns, ([r[c] for c in columns] for r in stored["revisions"]))


def _facts(article: Mapping[str, Any], newest: Mapping[str, Any]) -> None:
    facts = {
        "id": article["article_id"],
        "source": article["source"],
        "link": newest["url"],
        "authors": ", ".join(newest["authors"]),
        "credits": ", ".join(f"{c['name']} ({c['role']})" for c in newest["contributors"]),
        "from": " / ".join(filter(None, (newest["place"], newest["agency"]))),
        "published": newest["published"] and moment(newest["published"]),
        "local day": local_day(newest["published_day"], newest["published_zone"]),
        "updated": newest["updated"] and moment(newest["updated"]),
        "language": newest["language"],
        "words": newest["words"],
        "flags": ", ".join(newest["flags"]),
        "verdict": f"{article['verdict']}, revision {article['revision']}",
        "seen": f"{several(article['sightings'], 'time')}, last {moment(article['last_seen'])}",
    }
    for name, value in facts.items():
        if value:
            out.print(Text(visible(f"{name:>10}  {value}", one_line=True)))


def _shortened(text: str) -> str:
    if len(text) <= _TEXT_CHARS:
        return text
    return f"{text[:_TEXT_CHARS].rsplit(' ', 1)[0]} … ({len(text):,} characters, all with --json)"


def _tag(tag: Mapping[str, Any]) -> tuple[object, ...]:
    evidence = ", ".join(dict.fromkeys(span["surface"] for span in tag["spans"]))
    by = f"{tag['method']} {tag['rule']}".strip()
    code, score = f"{tag['scheme']}:{tag['code']}", f"{tag['score']:.2f}"
    return tag["label"], code, score, salience(tag["salience"]), by, evidence


def salience(value: float | None) -> str:
    """How much an article is about a name, with two digits; "" for a tag that is no name."""
    return "" if value is None else f"{value:.2f}"


def _decision(decision: Mapping[str, Any]) -> tuple[object, ...]:
    scores = " ".join(f"{name}={value:.2f}" for name, value in decision["scores"].items())
    candidate = f"of {short_id(decision['rival'])}" if decision["rival"] else ""
    why = " ".join(filter(None, (decision["signal"], candidate, scores)))
    return decision["at"], decision["verdict"], why


def _held(held: Mapping[str, Any]) -> tuple[object, ...]:
    why = f"shrunken page: {several(held['known_words'], 'word')} had been known"
    if held["since"] is None:
        why = "shrunken page, whole again later"
    return held["since"] or held["last"], held["title"], held["words"], why


def _member(member: Mapping[str, Any]) -> tuple[object, ...]:
    return member["title"], member["source"], member["verdict"], short_id(member["article_id"])
