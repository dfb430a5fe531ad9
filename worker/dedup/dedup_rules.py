"""The settings of deduplication in `config/dedup.toml`, as validated values.

Deduplication decides which articles are copies of others. The file explains each setting: its unit,
and where its value comes from.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.model.raw_article import WordSet

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class ShingleWidths(Frozen):
    """How many words one shingle has. A shingle is a run of adjacent words of a text (of
    characters, in scripts without spaces), by which texts are compared.

    All texts but the tiniest get shingles of `wide` words; short texts also get shingles of
    `narrow` words, because one edit of a short text breaks a large part of its wide shingles.
    """

    wide: Count
    narrow: Count


class ShingleRules(Frozen):
    """How texts are cut into shingles (runs of adjacent words), whose hashes make a fingerprint.

    A fingerprint keeps at most `most` hashes for comparing texts, and `sketch` hashes for finding
    candidates in the index. `words`, `han` and `southeast_asian` are the lengths of shingles by
    script. Fingerprints made under different values of this table can't be compared with each
    other.
    """

    sketch: Count  # hashes
    most: Count  # hashes
    words: ShingleWidths  # words
    han: ShingleWidths  # characters
    southeast_asian: ShingleWidths  # characters


class ContentRules(Frozen):
    """Which texts count as tiny or short, and how much of a text is hashed.

    A text with fewer than `tiny_words` content words is tiny, one with up to `short_words` is
    short. Content words are all but the `stop_words`, such as "the". `lead_words` is the length of
    the opening that is compared on its own; at most `most_words` content words and `most_figures`
    figures are hashed. `number_words`, such as "two", count as figures.
    """

    tiny_words: Count
    short_words: Count
    lead_words: Count
    most_words: Count
    most_figures: Count
    number_words: WordSet
    stop_words: WordSet

    @model_validator(mode="after")
    def _tiny_below_short(self) -> Self:
        if self.tiny_words >= self.short_words:
            raise ValueError("tiny_words must be below short_words")
        return self


class CopyRules(Frozen):
    """Thresholds that decide whether two texts of ordinary length are copies or variants. Most are
    shares from 0 to 1; config/dedup.toml explains each.

    A copy needs the share `containment` of the shorter text's shingles (runs of words), or
    `far_containment` if published over `near_days` days apart; a variant needs `variant`. Below
    `whole`, the title (`about`) and the opening must be found in the other text as well. `numbers`,
    `numbers_slack` and `strict_numbers` say how many figures must agree: the strict one applies if
    titles agree less than `same_story`. A text shorter than the share `part` of the other is called
    a part of it.
    """

    containment: Share
    variant: Share
    whole: Share
    numbers: Share
    numbers_slack: Share
    strict_numbers: Share
    same_story: Share
    about: Share
    opening: Share
    near_days: Count
    far_containment: Share
    part: Share


class ShortTextRules(Frozen):
    """Thresholds that decide whether two texts are copies if at least one of them is short.

    `containment` is the share of the shorter text's shingles (runs of words) that the other text
    must have, or `whole` if less than the share `about` of a title's words is in the other article.
    `numbers` is the share of the figures that must agree. `days` is how many days apart two copies
    may be published. With other figures or more days apart, they can only be variants.
    """

    containment: Share
    whole: Share
    numbers: Share
    about: Share
    days: Count


class IdentityRules(Frozen):
    """Thresholds that decide whether an article with the id or link of a stored article is that
    article, because publishers reuse ids and links for other articles.

    If only a further key matches, such as a second address, the texts must share at least
    `alias_containment` of the shorter one's shingles (runs of words). If the main key matches, it
    is still another article when both texts have `stranger_words` words, share less than
    `stranger_containment`, and their titles no word; or, if the links differ too, when the titles
    share less than `stranger_title` of their words and the texts are no copies.
    """

    alias_containment: Share
    stranger_containment: Share
    stranger_words: Count
    stranger_title: Share


class RevisionRules(Frozen):
    """The threshold between a minor and a substantial edit of an article.

    An edit is minor if the two revisions share at least `minor` (0 to 1) of the longer one's
    shingles (runs of words), and substantial below that.
    """

    minor: Share


class SimilarityIndexRules(Frozen):
    """Settings of the index in Redis that finds articles of which a new article may be a copy.

    Copies are found for at least `window_days` days. A candidate must share `min_hits` hashes with
    the new article, which is compared with at most `most_rivals` candidates. A fingerprint waits
    `rival_ttl_s` seconds for candidates that arrive at the same time. The index begins with 2 **
    `bucket_bits` Redis hashes; `timeout_s` limits each connection attempt and round trip.
    """

    window_days: Count
    rival_ttl_s: Count
    min_hits: Count
    most_rivals: Count
    bucket_bits: Annotated[int, Field(ge=5, le=24)]
    timeout_s: Annotated[float, Field(gt=0)]


class DedupRules(Frozen):
    """All settings of deduplication, one field per table of `config/dedup.toml`. `version` is
    stored with each decision, and must be raised with every change of the file."""

    version: str
    shingles: ShingleRules
    content: ContentRules
    copies: CopyRules
    short: ShortTextRules
    identity: IdentityRules
    revisions: RevisionRules
    index: SimilarityIndexRules
