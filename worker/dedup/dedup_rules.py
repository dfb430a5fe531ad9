"""The settings of deduplication that `config/dedup.toml` contains, as validated values.

The values themselves, their units and where they come from are explained in that file.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.model.raw_article import WordSet

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class ShingleWidths(Frozen):
    """How many words (or characters) make one shingle, which is a run of adjacent words of a text.

    All texts get shingles of `wide` words; short texts get shingles of `narrow` words as well.
    """

    wide: Count
    narrow: Count


class ShingleRules(Frozen):
    """How texts are cut into shingles, and how many shingle hashes a fingerprint keeps.

    Fingerprints made under different values of this table can't be compared with each other.
    """

    sketch: Count  # hashes
    most: Count  # hashes
    words: ShingleWidths  # words
    han: ShingleWidths  # characters
    southeast_asian: ShingleWidths  # characters


class ContentRules(Frozen):
    """Which texts count as tiny or short, and how much of a text is hashed.

    `lead_words` is the length of the opening that is compared on its own, `most_words` and
    `most_figures` limit how many content words and figures are kept. `number_words` are compared as
    figures; `stop_words` are not content words.
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
    """Thresholds from which two texts of ordinary length are a copy or a variant of each other.

    `containment`, `variant`, `whole` and `far_containment` are shares of the shorter text's
    shingles. config/dedup.toml explains each field.
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
    """Thresholds from which two texts are a copy or a variant if at least one of them is short.

    They mean the same as those of `CopyRules`. `days` is how many days apart two copies may be
    published; a text found again later counts as a variant.
    """

    containment: Share
    whole: Share
    numbers: Share
    about: Share
    days: Count


class IdentityRules(Frozen):
    """Thresholds that decide whether an article with a known link or id is that article or another
    one, because publishers reuse links and ids.

    The `alias_` value applies to further keys of an article, such as a second address; the
    `stranger_` values say when the text is that of another article.
    """

    alias_containment: Share
    stranger_containment: Share
    stranger_words: Count
    stranger_title: Share


class RevisionRules(Frozen):
    """The share of shingles (runs of words) that two revisions must have in common for a minor
    edit."""

    minor: Share


class SimilarityIndexRules(Frozen):
    """Settings of the index that finds candidate copies in Redis.

    worker.index reads them; it may not import this module and describes the fields by a Protocol.
    """

    window_days: Count
    rival_ttl_s: Count
    min_hits: Count
    most_rivals: Count
    bucket_bits: Annotated[int, Field(ge=5, le=24)]
    timeout_s: Annotated[float, Field(gt=0)]


class DedupRules(Frozen):
    """All settings of deduplication: the contents of `config/dedup.toml`."""

    version: str
    shingles: ShingleRules
    content: ContentRules
    copies: CopyRules
    short: ShortTextRules
    identity: IdentityRules
    revisions: RevisionRules
    index: SimilarityIndexRules
