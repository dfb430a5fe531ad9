"""Turn stored facts about an article into sentences for people who know news, not code.

The facts are those that the method `show` of a store returns; the templates of the sentences are in
explain_templates.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from worker.explain.explain_templates import (
    ANY_SIGNAL,
    DECISIONS,
    FLAGS,
    FOUND_UNCHANGED,
    LEFT_OUT,
    MOVES,
    SIGHTINGS,
    SIGNS,
    WITHDRAWN_UNSEEN,
)
from worker.explain.wording import moment, several
from worker.model.receipts import RECLEAN_PREFIX
from worker.model.records import OutcomeKind
from worker.model.short_ids import short_id
from worker.model.tags import ABOUT
from worker.store.values import DisplayTitle

StoredFacts = Mapping[str, Any]
TitlesById = Mapping[str, DisplayTitle]

_MOST_SHOWN = 5  # members of a cluster


# Where a name is listed, by the method that found it.
_LISTS = {"own": ", an entry of entities.toml", "gazetteer": ", an entry of the gazetteer"}


def article_sentences(stored: StoredFacts, titles: TitlesById) -> Iterator[str]:
    """Tell the story of one article in sentences, from when it first came to its present state.

    `stored` is what the method `show` of a store returns. `titles` has the titles of other articles
    that the sentences name, by article id.
    """
    yield from _sightings(stored, titles)
    if stored["revisions"]:
        newest = stored["revisions"][-1]
        yield from _cleaning(newest)
        yield from map(_held, stored["held"])
        labels = {tag["code"]: tag["label"] for tag in stored["tags"]}
        yield from (_tag(tag, labels) for tag in stored["tags"])
        if retagged := stored["article"]["retagged_at"]:
            yield f"Its tags were last changed without a revision {moment(retagged)}."
        if refreshed := stored["article"]["refreshed_at"]:
            yield f"It was last brought up to date without a revision {moment(refreshed)}."
        for stored_move in stored.get("moves", ()):
            apart = stored_move["joined"] == stored["article"]["article_id"]
            yield f"{moment(stored_move['at'])}: {move_sentence(stored_move, titles, apart=apart)}"
        yield from _cluster(stored, titles)
    yield _now(stored["article"])


def decision_sentence(stored_decision: StoredFacts, titles: TitlesById) -> str:
    """Tell in a sentence why a raw article was judged to be new, a copy, a revision and so on.

    `stored_decision` has the verdict and the measured similarities, `titles` the titles of other
    articles that the sentence names, by article id.
    """
    scores, least = stored_decision["scores"], stored_decision["thresholds"]
    template = (
        DECISIONS.get((stored_decision["verdict"], stored_decision["signal"]))
        or ANY_SIGNAL[stored_decision["verdict"]]
    )
    sentence = template.format(
        rival=_title_of(stored_decision["rival"], titles),
        revision=stored_decision["revision"],
        containment=_share(scores.get("containment")),
        least_containment=_share(least.get("containment")),
        words=_share(scores.get("words")),
        least_words=_share(least.get("words")),
        agreeing=_agreeing_signs(scores, least),
        unlike=_failed_signs(scores, least),
    )
    return f"{sentence} (rules {stored_decision['version']})"


def worker_clause(worker: str, deliveries: int) -> str:
    """The end of a sentence that names a worker: ", by celery@host, process 17, at delivery 1".

    `worker` is the name and process, "celery@host/17"; for "" (unknown) the result is "".
    `deliveries` counts how often the broker has delivered the message. If that is more than once,
    the clause also says that other workers vanished while they had the message.
    """
    if not worker:
        return ""
    node, _, pid = worker.rpartition("/")
    others = "a worker" if deliveries == 2 else f"{deliveries - 1} workers"
    after = f", after {others} vanished with it" if deliveries > 1 else ""
    return f", by {node}, process {pid}, at delivery {deliveries}{after}"


def move_sentence(stored_move: StoredFacts, titles: TitlesById, *, apart: bool) -> str:
    """Tell in a sentence why an article moved from one cluster, a group of copies, to another.

    `apart` says that it became a cluster of its own. `stored_move` is the stored record of the
    move, with its reason and both clusters; `titles` maps ids of other articles, which the sentence
    may name, to their titles.
    """
    template = MOVES.get(f"{stored_move['reason']} apart") if apart else None
    sentence = (
        template or MOVES.get(stored_move["reason"], "It went from {left} to {joined}.")
    ).format(
        version=stored_move["version"],
        left=_title_of(stored_move["left"], titles),
        joined=_title_of(stored_move["joined"], titles),
        rival=_title_of(stored_move["rival"], titles),
        containment=_share(stored_move["scores"].get("containment")),
        least_containment=_share(stored_move["thresholds"].get("containment")),
        unlike=f", {_failed_signs(stored_move['scores'], stored_move['thresholds'])}"
        if stored_move["scores"]
        else "",
    )
    return f"{sentence} (“{stored_move['note']}”)" if stored_move["note"] else sentence


def _sightings(stored: StoredFacts, titles: TitlesById) -> Iterator[str]:
    """Explain each sighting, which is one delivery of the article, and the decision on it.

    Consecutive sightings with the same outcome and revision become one sentence.
    """
    sightings = list(reversed(stored["sightings"]))
    decisions = {equal["receipt"]: equal for equal in stored["decisions"]}
    earlier = max(stored["article"]["sightings"] - len(sightings), 0)
    if earlier:
        yield f"Not listed: {several(earlier, 'earlier sighting')}."
        yield from _last_change_before(sightings, stored["decisions"], titles)
    withdrawn = [n for n, s in enumerate(sightings) if s["outcome"] == OutcomeKind.WITHDRAWN]
    kept = {s["receipt"] for s in sightings[max(withdrawn, default=-1) + 1 :]}
    unseen = sightings[0] if withdrawn[:1] == [0] and not earlier else None
    for (outcome, revision), group in groupby(sightings, lambda s: (s["outcome"], s["revision"])):
        equal = list(group)
        times = f" {len(equal)} times, the last" if len(equal) > 1 else ""
        sentence = SIGHTINGS[OutcomeKind(outcome)].format(revision=revision)
        at, source, receipt = (equal[-1][field] for field in ("at", "source", "receipt"))
        if receipt.startswith(RECLEAN_PREFIX):
            yield f"{moment(at)}: cleaned again, {sentence}{times}."
        else:
            by = worker_clause(equal[-1]["worker"], equal[-1]["deliveries"])
            yield f"{moment(at)}: {sentence}{times} from {source}, receipt {receipt}{by}."
        if equal[0] is unseen:
            yield WITHDRAWN_UNSEEN
        elif receipt in decisions:
            yield decision_sentence({**decisions[receipt], "revision": revision}, titles)
        elif outcome == OutcomeKind.UNCHANGED and receipt in kept:
            # Decisions on an article are removed with its content when it is withdrawn.
            yield FOUND_UNCHANGED


def _last_change_before(
    sightings: Sequence[StoredFacts], decisions: Sequence[StoredFacts], titles: TitlesById
) -> Iterator[str]:
    """Explain the last decision before these sightings that changed the article."""
    listed = {sighting["receipt"] for sighting in sightings}
    changes = (
        d for d in decisions if d["receipt"] not in listed and d["verdict"] != OutcomeKind.UNCHANGED
    )
    if change := next(changes, None):
        yield f"{moment(change['at'])}, receipt {change['receipt']}:"
        yield decision_sentence(change, titles)


def _cleaning(newest: StoredFacts) -> Iterator[str]:
    for removed in newest["dropped"]:
        line = " ".join(removed["line"].split())
        because = LEFT_OUT.get(removed["rule"], "").format(
            learned=newest["versions"].get("learned")
        )
        yield f"Cleaning left out “{_shortened(line)}” (rule {removed['rule']}{because})."
    for flag in newest["flags"]:
        yield FLAGS.get(flag, f"It is flagged {flag}.")


def _held(held: StoredFacts) -> str:
    words = several(held["words"], "word")
    text = f"{words} of {moment(held['received'])} (receipt {held['receipt']})"
    if held["since"] is None:
        return f"Held back for good, unless it comes twice again: {text}; its page was whole later."
    return f"Held back: {text}; {several(held['known_words'], 'word')} had been known."


def _tag(tag: StoredFacts, labels: Mapping[str, str]) -> str:
    surfaces = dict.fromkeys(span["surface"] for span in tag["spans"])
    surfaces_found = ", ".join(f"“{_shortened(surface, 40)}”" for surface in surfaces)
    match tag["method"]:
        case "implied":
            why = f"because {labels.get(tag['rule'], tag['rule'])} is a part of it"
        case "source":
            why = f"as every article of its source is (rule {tag['rule']})"
        case "feed" | "category":
            why = f"because the source filed it under {surfaces_found}"
        case "model":
            why = f"because of {surfaces_found} (model, probability {tag['score']:.2f})"
        case "crf" | "own" | "gazetteer":
            entry = _LISTS.get(tag["method"], "")
            return f"{_role(tag)} {tag['label']} ({tag['scheme']}{entry}), as {surfaces_found}."
        case "tf-idf":
            return f"Keyphrase {tag['label']}: rare in other articles (score {tag['score']:.2f})."
        case _:
            why = f"because of {surfaces_found} (rule {tag['rule']}, score {tag['score']:.2f})"
    return f"Tagged {tag['label']}, {why}."


def _role(tag: StoredFacts) -> str:
    """Whether an article is about a name or only names it; unknown for tags of old versions."""
    return "Is about" if (tag.get("salience") or 0) >= ABOUT else "Names"


def _cluster(stored: StoredFacts, titles: TitlesById) -> Iterator[str]:
    article_row, members = stored["article"], stored["cluster"]
    others = [member for member in members if member["article_id"] != article_row["article_id"]]
    if article_row["canonical_pending"]:
        yield "The article it is a copy of is not in the store (yet)."
    if not others:
        yield "No copy of it is known."
        return
    named = "; ".join(f"“{_shortened(m['title'])}” ({m['source']})" for m in others[:_MOST_SHOWN])
    more = f"; and {len(others) - _MOST_SHOWN} more" if len(others) > _MOST_SHOWN else ""
    if article_row["cluster_id"] == article_row["article_id"]:
        yield f"It is the first of its cluster. The copies: {named}{more}."
    else:
        first = _title_of(article_row["cluster_id"], titles)
        yield f"It belongs to the cluster of {first}, which has {several(len(members), 'article')}."


def _now(article_row: StoredFacts) -> str:
    if article_row["withdrawn_at"]:
        at = moment(article_row["withdrawn_at"])
        return f"It was taken down {at}: nothing of its content is left. {_way_back(article_row)}"
    return (
        f"Now it is stored as {article_row['verdict']}, revision {article_row['revision']}, "
        f"of {article_row['source']}: "
        f"worker show {short_id(article_row['article_id'])}"
    )


def _way_back(article_row: StoredFacts) -> str:
    if fetched := article_row["withdrawal_fetched_at"]:
        return f"A delivery that was fetched after {moment(fetched)} brings it back."
    return "It was deleted for good: no delivery brings it back."


def _title_of(article_id: str, titles: TitlesById) -> str:
    if not article_id:
        return "another article"
    if article_id not in titles:
        return f"an article that is no longer there ({short_id(article_id)})"
    title = titles[article_id]
    return f"“{_shortened(title.title)}” of {title.source} ({short_id(article_id)})"


def _agreeing_signs(scores: StoredFacts, least: StoredFacts) -> str:
    """The signs of a copy (such as equal numbers) that had to agree and did, as a clause."""
    asked = [name for name in SIGNS if name in least and scores.get(name, 0) >= least[name]]
    return " and the " + _listed([SIGNS[name] for name in asked]) + " agree" if asked else ""


def _failed_signs(scores: StoredFacts, least: StoredFacts) -> str:
    """The signs that would have had to agree for a copy and did not, as a clause."""
    reasons = [
        f"only {_share(scores[name])} of the {SIGNS[name]} agree (threshold {_share(least[name])})"
        for name in SIGNS
        if name in least and scores.get(name, 1) < least[name]
    ]
    if scores.get("days", 0) > least.get("days", float("inf")):
        apart = several(round(scores["days"]), "day")
        reasons.append(f"they are {apart} apart (at most {least['days']:.0f})")
    if not reasons and scores.get("replaced", 0):
        reasons.append(f"{scores['replaced']:.0f} figures between the same words are other ones")
    elif not reasons and "frame" in scores:
        reasons.append("their titles or openings are about something else")
    return _listed(reasons) or "not enough else agrees"


def _share(score: float | None) -> str:
    return "some" if score is None else f"{score:.0%}".replace("%", " %")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def _shortened(text: str, most: int = 80) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
