"""The templates of the sentences by which `worker explain` tells what happened to an article.

They tell when it was received, why it was judged to be new or a copy, when it moved from one group
of copies to another, and what cleaning noticed in it.
"""

from worker.model.records import OutcomeKind

FOUND_UNCHANGED = (
    "The raw article was the same as one that was processed before, under the same rules: it was "
    "found unchanged without being cleaned."
)

WITHDRAWN_UNSEEN = (
    "No article had its id or link yet. A delivery of it that was fetched before the withdrawal is "
    "refused when it comes; one that was fetched later is stored."
)

DECISIONS = {
    ("new", "unseen"): "Neither its id nor its address was known, and it is the first with this "
    "text: it is new.",
    ("new", "alias-conflict"): "Its address is known from {rival}, but its text contains only "
    "{containment} of the words of that ({least_containment} would do): the address was used for "
    "another text, and this article is new.",
    ("new", "reused-id"): "Its id or link is that of {rival}, but its text contains only "
    "{containment} of the words of that and the title is another: the source used the id or link "
    "twice. It is an article of its own, and the other one stays as it was.",
    ("unchanged", "content-hash"): "Title and text are exactly what was stored before: nothing "
    "changed.",
    ("unchanged", "less-text"): "It came with less than is stored: without its text, or with a "
    "summary in place of it. What is stored stays.",
    ("unchanged", "shrunken"): "Its page gave only {words} of the words that are known (at least "
    "{least_words} are asked): the known text stays, and what came is held back until it comes "
    "again, or pages have been that short for hours.",
    ("revision", "shrunken-twice"): "Its page gave only {words} of the words that were known, but "
    "the same content as an earlier fetch: it is revision {revision}.",
    ("revision", "shrunken-long"): "Its page gave only {words} of the words that were known, but "
    "has been that short for hours: it is revision {revision}.",
    ("revision", "key"): "Its id or address is known, its title or text is not: it is revision "
    "{revision} of the same article.",
    ("revision", "identity"): "Its id or address is known, but its text has only {containment} of "
    "its words in common with what was stored, and no word of the title: it became revision "
    "{revision}, and the source may have used the id for another article.",
    ("revision", "alias"): "One of its addresses leads to this article, and its text contains "
    "{containment} of the same words (threshold {least_containment}): it is revision {revision}.",
    ("revision", "alias-title"): "One of its addresses leads to this article, of which one version "
    "has no text, and the titles agree: it is revision {revision}.",
    ("revision", "opening"): "Its id and address are new, but title and opening are those of this "
    "article, and so is {containment} of the text (threshold {least_containment}): it is revision "
    "{revision}.",
    ("revision", "cleaned-again"): "It was cleaned again by newer rules, and reads differently: "
    "that is revision {revision}.",
    ("revision", "race"): "Another version of it was stored at the same moment: this one became "
    "revision {revision}.",
    ("revision", "returned"): "Its publisher had withdrawn it and has delivered it again since: it "
    "came back as revision {revision}.",
    ("duplicate", "exact"): "Its text is word for word that of {rival}, so it is a copy.",
    ("duplicate", "near"): "Its text contains {containment} of the words of {rival} (threshold "
    "{least_containment}){agreeing}, so it is a copy.",
    ("duplicate", "contained"): "{containment} of its text is in {rival} (threshold "
    "{least_containment}){agreeing}, and that is longer: it is a shortened copy.",
    ("duplicate", "extended"): "It contains {containment} of the text of {rival} (threshold "
    "{least_containment}){agreeing}, and more besides: it is an extended copy.",
    ("duplicate", "settled"): "It came at the same moment as {rival}, which was compared with it "
    "and was settled on as the first of the two: it is a copy.",
    ("variant", "series"): "Its text contains {containment} of the words of {rival}, but {unlike}: "
    "it is the next of a series, not a copy.",
    ("variant", "template"): "Its text contains {containment} of the words of {rival}, but "
    "{unlike}: they share a template or background, and it is not a copy.",
}
EXPLAINED = DECISIONS.keys()  # (verdict, signal); decisions of other releases use ANY_SIGNAL
MOVES = {
    "promoted": "The article it was a copy of is gone; it took that place as the first copy.",
    "inherited": "The article it was a copy of is gone; {joined}, the first copy, took its place.",
    "released": "The article it was a copy of is gone, and it is no copy of any that is left.",
    "followed": "The article it was a copy of had joined {joined}: it followed.",
    "left": "After an edit it was no copy of {rival} any more{unlike}: it left that cluster.",
    "twin": "It was found to be a copy of {rival}, {containment} of the words are the same "
    "(threshold {least_containment}): it joined {joined}.",
    "split": "An operator took it out of the cluster of {left}.",
    "merged": "An operator put it into the cluster of {joined}.",
    "replayed": "By other thresholds (rules {version}) it is a copy of {rival}, {containment} of "
    "the words are the same (threshold {least_containment}): it joined {joined}.",
    "replayed apart": "By other thresholds (rules {version}) it is no copy of {rival}: it stands "
    "by itself.",
}
ANY_SIGNAL = {
    "new": "It was not known before: it is new.",
    "unchanged": "It was known, and nothing changed.",
    "revision": "It was known with another text: it is revision {revision}.",
    "duplicate": "It is a copy of {rival}.",
    "variant": "It is similar to {rival}, but not a copy.",
}
SIGNS = {
    "numbers": "figures",
    "about": "titles",
    "opening": "openings",
    "title": "titles",  # the name in version 1 of the rules, whose decisions are still stored
    "lead": "openings",
}
FLAGS = {
    "truncated": "The source gave only a teaser, not the whole text.",
    "paywalled": "The article is for subscribers only, as its page or its text says.",
    "summary-only": "The source gave no text: its summary stands in for it.",
    "no-page": "Its page could not be fetched: what the feed gave stands in for it.",
    "no-title": "The source gave no title: it was taken from the text.",
    "no-text": "The source gave no text: only the title is stored.",
    "whole-page": "No main text was found on its page: the text is all of the page.",
    "tags-cut": "Its markup was too much to read in full: the tags were cut out.",
    "mojibake": "Garbled characters were repaired.",
    "bad-date": "A date could not be read and was left out.",
    "ambiguous-date": "Day and month of a date may be in the other order.",
    "future-date": "A date lay in the future and was set to when it was received.",
}
LEFT_OUT = {
    "learned": ": the source repeats it around its articles; version {learned}",
    "pinned": ": cleaning.toml pins it for this source",
}
SIGHTINGS = {
    OutcomeKind.NEW: "stored as new",
    OutcomeKind.REVISION: "stored as revision {revision}",
    OutcomeKind.DUPLICATE: "stored as a copy",
    OutcomeKind.VARIANT: "stored as a variant",
    OutcomeKind.UNCHANGED: "seen again, unchanged",
    OutcomeKind.WITHDRAWN: "withdrawn",
    OutcomeKind.DEAD: "could not be processed",
}
