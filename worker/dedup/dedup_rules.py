"""The schema of `config/dedup.toml`. The values and their sources are in the file."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.model.raw_article import WordSet

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class ShingleWidths(Frozen):
    """Widths of shingles: `wide` for all texts, and `narrow` as well for short ones."""

    wide: Count
    narrow: Count


class ShingleRules(Frozen):
    """Fingerprints made under different values of this table can't be compared."""

    sketch: Count  # hashes
    most: Count  # hashes
    words: ShingleWidths  # words
    han: ShingleWidths  # characters
    southeast_asian: ShingleWidths  # characters


class ContentRules(Frozen):
    """Sizes of texts and sets of words that fingerprints are made of."""

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
    """When a text is a copy of another. Shares are of the shorter text's."""

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
    """When a text is a copy of another and one of the two is short."""

    containment: Share
    whole: Share
    numbers: Share
    about: Share
    days: Count


class IdentityRules(Frozen):
    """When a key or an alias leads to the same article."""

    alias_containment: Share
    stranger_containment: Share
    stranger_words: Count
    stranger_title: Share


class RevisionRules(Frozen):
    """How much an edit changed."""

    minor: Share


class SimilarityIndexRules(Frozen):
    """Rules of the similarity index. worker.index names these fields in a protocol of its own."""

    window_days: Count
    rival_ttl_s: Count
    min_hits: Count
    most_rivals: Count
    bucket_bits: Annotated[int, Field(ge=5, le=24)]
    timeout_s: Annotated[float, Field(gt=0)]


class DedupRules(Frozen):
    """All of `config/dedup.toml`."""

    version: str
    shingles: ShingleRules
    content: ContentRules
    copies: CopyRules
    short: ShortTextRules
    identity: IdentityRules
    revisions: RevisionRules
    index: SimilarityIndexRules
