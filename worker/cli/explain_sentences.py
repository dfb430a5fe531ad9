"""What the store knows about an article becomes sentences for people who know news, not code.

The templates stand in wording.py; facts come in as `Store.show` gives them.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from worker.cli.explain_templates import (
    ANY_SIGNAL,
    DECISIONS,
    FLAGS,
    LEFT_OUT,
    MOVES,
    SIGHTED,
    SIGNS,
)
from worker.cli.terminal import moment, several
from worker.model.receipts import RECLEAN_PREFIX
from worker.model.records import OutcomeKind
from worker.store.values import DeadLetterState, DisplayTitle, StoredDeadLetter

Facts = Mapping[str, Any]
Titles = Mapping[str, DisplayTitle]

_MOST_SHOWN = 5  # members of a cluster


def article(stored: Facts, titles: Titles) -> Iterator[str]:
    """The story of one article, from its first sighting to where it is now."""
    yield from _sightings(stored, titles)
    if stored["revisions"]:
        newest = stored["revisions"][-1]
        yield from _cleaning(newest)
        labels = {tag["code"]: tag["label"] for tag in stored["tags"]}
        yield from (_tag(tag, labels) for tag in stored["tags"])
        if retagged := stored["article"]["retagged_at"]:
            yield f"Its tags were last changed without a revision {moment(retagged)}."
        if refreshed := stored["article"]["refreshed_at"]:
            yield f"It was last brought up to date without a revision {moment(refreshed)}."
        for its in stored.get("moves", ()):
            apart = its["joined"] == stored["article"]["article_id"]
            yield f"{moment(its['at'])}: {move(its, titles, apart=apart)}"
        yield from _cluster(stored, titles)
    yield _now(stored["article"])


def letter(its: StoredDeadLetter) -> Iterator[str]:
    """The story of one dead letter."""
    times = "once" if its.seen == 1 else f"{its.seen} times, first {moment(its.first)}"
    yield (
        f"It could not be processed: {its.reason}, {its.detail or 'no detail is left'}. "
        f"It ended in the stage {its.stage!r}, {times}, last {moment(its.last)}."
    )
    if its.state is DeadLetterState.REPLAYING:
        yield f"It was sent again under the receipt {its.replay} and waits for its outcome."
    elif its.state is DeadLetterState.REPLAYED:
        became = f"became {its.outcome}" if its.outcome else "is back on its queue"
        yield f"It was sent again under the receipt {its.replay} and {became}."
    else:
        yield f"It is kept: worker dead show {its.letter_id[:10]}, worker dead replay …"


def decision(its: Facts, titles: Titles) -> str:
    """Why one raw article was judged as it was; `its` also has the revision it led to."""
    scores, least = its["scores"], its["thresholds"]
    template = DECISIONS.get((its["verdict"], its["signal"])) or ANY_SIGNAL[its["verdict"]]
    said = template.format(
        rival=_called(its["rival"], titles),
        revision=its["revision"],
        containment=_share(scores.get("containment")),
        least_containment=_share(least.get("containment")),
        agreeing=_agreeing(scores, least),
        unlike=_unlike(scores, least),
    )
    return f"{said} (rules {its['version']})"


def handled(worker: str, deliveries: int) -> str:
    """Who did it, as the end of a sentence: ", by celery@host, process 17, at delivery 1"."""
    if not worker:
        return ""
    node, _, pid = worker.rpartition("/")
    others = "a worker" if deliveries == 2 else f"{deliveries - 1} workers"
    after = f", after {others} vanished with it" if deliveries > 1 else ""
    return f", by {node}, process {pid}, at delivery {deliveries}{after}"


def move(its: Facts, titles: Titles, *, apart: bool) -> str:
    """Why an article is in another cluster than it was first put into, or stands `apart`."""
    template = MOVES.get(f"{its['reason']} apart") if apart else None
    said = (template or MOVES.get(its["reason"], "It went from {left} to {joined}.")).format(
        version=its["version"],
        left=_called(its["left"], titles),
        joined=_called(its["joined"], titles),
        rival=_called(its["rival"], titles),
        containment=_share(its["scores"].get("containment")),
        least_containment=_share(its["thresholds"].get("containment")),
        unlike=f", {_unlike(its['scores'], its['thresholds'])}" if its["scores"] else "",
    )
    return f"{said} (“{its['note']}”)" if its["note"] else said


def _sightings(stored: Facts, titles: Titles) -> Iterator[str]:
    """Each sighting with its decision; what follows each other and is the same is said once."""
    sightings = list(reversed(stored["sightings"]))
    decisions = {its["receipt"]: its for its in stored["decisions"]}
    if (earlier := stored["article"]["sightings"] - len(sightings)) > 0:
        yield f"Not listed: {several(earlier, 'earlier sighting')}."
    for (outcome, revision), group in groupby(sightings, lambda s: (s["outcome"], s["revision"])):
        its = list(group)
        times = f" {len(its)} times, the last" if len(its) > 1 else ""
        said = SIGHTED[OutcomeKind(outcome)].format(revision=revision)
        at, source, receipt = (its[-1][field] for field in ("at", "source", "receipt"))
        if receipt.startswith(RECLEAN_PREFIX):
            yield f"{moment(at)}: cleaned again, {said}{times}."
        else:
            by = handled(its[-1]["worker"], its[-1]["deliveries"])
            yield f"{moment(at)}: {said}{times} from {source}, receipt {receipt}{by}."
        if receipt in decisions:
            yield decision({**decisions[receipt], "revision": revision}, titles)


def _cleaning(newest: Facts) -> Iterator[str]:
    for each in newest["dropped"]:
        line = " ".join(each["line"].split())
        because = LEFT_OUT.get(each["rule"], "").format(learned=newest["versions"].get("learned"))
        yield f"Cleaning left out “{_shortened(line)}” (rule {each['rule']}{because})."
    for flag in newest["flags"]:
        yield FLAGS.get(flag, f"It is flagged {flag}.")


def _tag(tag: Facts, labels: Mapping[str, str]) -> str:
    surfaces = dict.fromkeys(span["surface"] for span in tag["spans"])
    found = ", ".join(f"“{_shortened(surface, 40)}”" for surface in surfaces)
    match tag["method"]:
        case "implied":
            why = f"because {labels.get(tag['rule'], tag['rule'])} is a part of it"
        case "source":
            why = f"as every article of its source is (rule {tag['rule']})"
        case "feed" | "category":
            why = f"because the source filed it under {found}"
        case "model":
            why = f"because of {found} (model, probability {tag['score']:.2f})"
        case "crf" | "own":
            entry = ", an entry of entities.toml" if tag["method"] == "own" else ""
            return f"Names {tag['label']} ({tag['scheme']}{entry}) as {found}."
        case "tf-idf":
            return f"Keyphrase {tag['label']}: rare in other articles (score {tag['score']:.2f})."
        case _:
            why = f"because of {found} (rule {tag['rule']}, score {tag['score']:.2f})"
    return f"Tagged {tag['label']}, {why}."


def _cluster(stored: Facts, titles: Titles) -> Iterator[str]:
    its, members = stored["article"], stored["cluster"]
    others = [member for member in members if member["article_id"] != its["article_id"]]
    if its["canonical_pending"]:
        yield "The article it is a copy of is not in the store (yet)."
    if not others:
        yield "No copy of it is known."
        return
    named = "; ".join(f"“{_shortened(m['title'])}” ({m['source']})" for m in others[:_MOST_SHOWN])
    more = f"; and {len(others) - _MOST_SHOWN} more" if len(others) > _MOST_SHOWN else ""
    if its["cluster_id"] == its["article_id"]:
        yield f"It is the first of its cluster. The copies: {named}{more}."
    else:
        first = _called(its["cluster_id"], titles)
        yield f"It belongs to the cluster of {first}, which has {several(len(members), 'article')}."


def _now(its: Facts) -> str:
    if its["withdrawn_at"]:
        return f"It was taken down {moment(its['withdrawn_at'])}: nothing of its content is left."
    return (
        f"Now it is stored as {its['verdict']}, revision {its['revision']}, of {its['source']}: "
        f"worker show {its['article_id'][:10]}"
    )


def _called(article_id: str, titles: Titles) -> str:
    if not article_id:
        return "another article"
    if article_id not in titles:
        return f"an article that is no longer there ({article_id[:10]})"
    title = titles[article_id]
    return f"“{_shortened(title.title)}” of {title.source} ({article_id[:10]})"


def _agreeing(scores: Facts, least: Facts) -> str:
    """The signs that had to agree, and did."""
    asked = [name for name in SIGNS if name in least and scores.get(name, 0) >= least[name]]
    return " and the " + _listed([SIGNS[name] for name in asked]) + " agree" if asked else ""


def _unlike(scores: Facts, least: Facts) -> str:
    """The signs that should have agreed for a copy, and did not."""
    found = [
        f"only {_share(scores[name])} of the {SIGNS[name]} agree (threshold {_share(least[name])})"
        for name in SIGNS
        if name in least and scores.get(name, 1) < least[name]
    ]
    if scores.get("days", 0) > least.get("days", float("inf")):
        found.append(f"they are {scores['days']:.0f} days apart (at most {least['days']:.0f})")
    return _listed(found) or "not enough else agrees"


def _share(score: float | None) -> str:
    return "some" if score is None else f"{score:.0%}".replace("%", " %")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def _shortened(text: str, most: int = 80) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
