"""Find the names that the operator listed, and drop what the trained model found within them."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from worker.tag.entities.entity_rules import EntityRules, OwnAlias
from worker.tag.entities.mentions import PERSON, Mention
from worker.tag.tokens import Tokens


def own_mentions(tokens: Tokens, rules: EntityRules) -> list[Mention]:
    """Return the mentions in a text of the names that the operator listed in `rules`: the same
    words in a row, in the same case."""
    first = rules.first_word_finder.find(tokens)
    if not first:
        return []
    words, text = tokens.vocabulary.words, tokens.text
    first_words = [words[number] for number in tokens.numbers.take(first).tolist()]
    matches = [
        (at, at + count, kind)
        for at, word in zip(first, first_words, strict=True)
        for count, kind in _own_match(at, rules.aliases_by_first_word[word], tokens)
    ]
    spans = tokens.spans([at for at, _, _ in matches], [stop for _, stop, _ in matches])
    return [
        Mention(start, end, text[start:end], kind, 1.0, "own")
        for (start, end), (_, _, kind) in zip(spans, matches, strict=True)
    ]


def _own_match(at: int, aliases: Sequence[OwnAlias], tokens: Tokens) -> Sequence[tuple[int, str]]:
    """The longest of the operator's own names that begins at a token, as [(number of words, kind)];
    nothing if none does. `aliases` begin with this token, the longest first."""
    longest = len(aliases[0].words)
    words = tokens.run(at, at + longest) if longest > 1 else ()
    for alias in aliases:
        count = len(alias.words)
        if count == 1 or words[:count] == alias.words:
            return ((count, alias.kind),)
    return ()


def without_own(recognised: list[Mention], own: list[Mention]) -> Iterator[Mention]:
    """Drop recognised names that lie within a mention of the operator's own names.

    Longer names around such a mention are kept, but a person's name is cut if it begins with it:
    "Kremlin spokesman Dmitry Peskov" loses "Kremlin" if that is an own name.
    """
    if not own:
        yield from recognised
        return
    starts, ends = [entry.start for entry in own], [entry.end for entry in own]
    for mention in recognised:
        start, end = mention.start, mention.end
        after = bisect_right(ends, start)  # own mentions are in reading order, apart
        if after == len(own) or starts[after] >= end:
            yield mention
            continue
        overlapping = [entry for entry in own if entry.start < end and start < entry.end]
        if any(entry.start <= start and end <= entry.end for entry in overlapping):
            continue
        if overlapping and mention.kind == PERSON and overlapping[0].start == start:
            entry = overlapping[0]
            rest = mention.surface[entry.end - entry.start :].lstrip()
            mention = mention._replace(start=mention.end - len(rest), surface=rest)
        yield mention
