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
    """How many words one shingle has. A shingle is a run of adjacent words of a text, by which
    texts are compared; in scripts without spaces it is a run of characters.

    Shingles of `wide` words are made of all but tiny texts. Short texts also get shingles of
    `narrow` words, fewer of which are changed by an edit.
    """

    wide: Count
    narrow: Count


class ShingleRules(Frozen):
    """How texts are cut into shingles (runs of adjacent words), whose hashes make a fingerprint.

    A fingerprint has at most `most` of these hashes to compare texts, and `sketch` hashes to find
    similar articles in the index. `words`, `han` and `southeast_asian` are the lengths of shingles
    by script. After a change here, old and new fingerprints can't be compared.
    """

    sketch: Count  # hashes
    most: Count  # hashes
    words: ShingleWidths  # words
    han: ShingleWidths  # characters
    southeast_asian: ShingleWidths  # characters


class ContentRules(Frozen):
    """Which texts count as tiny or short, and how much of a text is hashed.

    Content words are all words but `stop_words`, such as "the". A text with fewer than `tiny_words`
    of them is tiny, one with up to `short_words` is short. The first `lead_words` words are its
    opening, which is compared on its own. At most `most_words` content words and `most_figures`
    numbers are hashed; `number_words`, such as "two", count as numbers.
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
    """Thresholds that decide whether two texts that are not short are copies, or variants of each
    other. All but `near_days` are shares from 0 to 1.

    In a copy, `containment` of the shorter text's runs of words are in the longer one;
    `far_containment`, if the articles are over `near_days` days apart; in a variant, `variant`.
    Below `whole`, title (`about`) and opening (`opening`) must agree, too. The other shares say how
    many numbers must agree (more if titles agree less than `same_story`), and which texts (shorter
    than `part` of the other) are called a part of the other.
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
    """Thresholds that decide whether two texts are copies if at least one of them is short. All but
    `days` are shares from 0 to 1.

    In a copy, `containment` of the shorter text's runs of words are in the other, or `whole` if
    titles agree less than `about`; `numbers` of the numbers agree; and the articles were published
    at most `days` days apart. If not, the texts can at most be variants.
    """

    containment: Share
    whole: Share
    numbers: Share
    about: Share
    days: Count


class IdentityRules(Frozen):
    """Thresholds that decide whether an article is the stored article with the same id or link. It
    may be another one, because publishers reuse ids and links.

    If only a further key matches, such as a second address, the texts must share
    `alias_containment` (0 to 1) of the shorter one's runs of words. If the main key matches, it is
    still another article if both texts have `stranger_words` words and share less than
    `stranger_containment`. If the links differ, unrelated titles (below `stranger_title`) over
    texts that are no copies are enough.
    """

    alias_containment: Share
    stranger_containment: Share
    stranger_words: Count
    stranger_title: Share


class RevisionRules(Frozen):
    """The threshold between a minor and a substantial edit of an article: an edit is minor if the
    two texts share at least `minor` (0 to 1) of the longer one's runs of words."""

    minor: Share


class SimilarityIndexRules(Frozen):
    """Settings of the index in Redis that finds articles of which a new article may be a copy.

    Copies are found for at least `window_days` days. A candidate must share `min_hits` hashes with
    the new article; at most `most_rivals` candidates are compared with it. Fingerprints stay in
    Redis for `rival_ttl_s` seconds, for articles that arrive at about the same time. The index is
    spread over 2 ** `bucket_bits` Redis hashes at first. `timeout_s` limits each connection attempt
    and round trip.
    """

    window_days: Count
    rival_ttl_s: Count
    min_hits: Count
    most_rivals: Count
    bucket_bits: Annotated[int, Field(ge=5, le=24)]
    timeout_s: Annotated[float, Field(gt=0)]


class DedupRules(Frozen):
    """All settings of deduplication. Each field but `version` is one table of `config/dedup.toml`;
    `version` is stored with each decision, and must be raised with every change of the file."""

    version: str
    shingles: ShingleRules
    content: ContentRules
    copies: CopyRules
    short: ShortTextRules
    identity: IdentityRules
    revisions: RevisionRules
    index: SimilarityIndexRules
