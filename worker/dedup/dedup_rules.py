<<<<<<< HEAD
"""The settings of deduplication that `config/dedup.toml` contains, as validated values.

The values themselves, their units and where they come from are explained in that file.
"""
=======
"""The schema of `config/dedup.toml`. The values and their sources are in the file."""
>>>>>>> wt-index

from typing import Annotated, Self

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.model.raw_article import WordSet

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


<<<<<<< HEAD
class Widths(Frozen):
    """How many words (or characters) make one shingle, which is a run of adjacent words of a text.

    All texts get shingles of `wide` words; short texts get shingles of `narrow` words as well.
    """
=======
class ShingleWidths(Frozen):
    """Widths of shingles: `wide` for all texts, and `narrow` as well for short ones."""
>>>>>>> wt-index

    wide: Count
    narrow: Count


<<<<<<< HEAD
class Shingles(Frozen):
    """How texts are cut into shingles, and how many shingle hashes a fingerprint keeps.

    Fingerprints made under different values of this table can't be compared with each other.
    """
=======
class ShingleRules(Frozen):
    """Fingerprints made under different values of this table can't be compared."""
>>>>>>> wt-index

    sketch: Count  # hashes
    most: Count  # hashes
    words: ShingleWidths  # words
    han: ShingleWidths  # characters
    southeast_asian: ShingleWidths  # characters


class ContentRules(Frozen):
<<<<<<< HEAD
    """Which texts count as tiny or short, and how much of a text is hashed.

    `number_words` are compared as figures; `stop_words` are not content words.
    """
=======
    """Sizes of texts and sets of words that fingerprints are made of."""
>>>>>>> wt-index

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


<<<<<<< HEAD
class Copies(Frozen):
    """Thresholds from which two texts of ordinary length are a copy or a variant of each other.

    `containment`, `variant`, `whole` and `far_containment` are shares of the shorter text's
    shingles. config/dedup.toml explains each field.
    """
=======
class CopyRules(Frozen):
    """When a text is a copy of another. Shares are of the shorter text's."""
>>>>>>> wt-index

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


<<<<<<< HEAD
class Short(Frozen):
    """Thresholds as in Copies, for pairs of which at least one text is short."""
=======
class ShortTextRules(Frozen):
    """When a text is a copy of another and one of the two is short."""
>>>>>>> wt-index

    containment: Share
    whole: Share
    numbers: Share
    about: Share
    days: Count


<<<<<<< HEAD
class Identity(Frozen):
    """Thresholds that decide whether a reused link or id leads to the same article or another."""
=======
class IdentityRules(Frozen):
    """When a key or an alias leads to the same article."""
>>>>>>> wt-index

    alias_containment: Share
    stranger_containment: Share
    stranger_words: Count
    stranger_title: Share


<<<<<<< HEAD
class Revisions(Frozen):
    """Share of shingles that two revisions must have in common for a minor edit."""
=======
class RevisionRules(Frozen):
    """How much an edit changed."""
>>>>>>> wt-index

    minor: Share


<<<<<<< HEAD
class LikenessIndex(Frozen):
    """Settings of the index that finds candidate copies in Redis.

    worker.index reads them; it may not import this module and describes the fields by a Protocol.
    """
=======
class SimilarityIndexRules(Frozen):
    """Rules of the similarity index. worker.index names these fields in a protocol of its own."""
>>>>>>> wt-index

    window_days: Count
    rival_ttl_s: Count
    min_hits: Count
    most_rivals: Count
    bucket_bits: Annotated[int, Field(ge=5, le=24)]
    timeout_s: Annotated[float, Field(gt=0)]


class DedupRules(Frozen):
<<<<<<< HEAD
    """All settings of deduplication: the contents of `config/dedup.toml`."""
=======
    """All of `config/dedup.toml`."""
>>>>>>> wt-index

    version: str
    shingles: ShingleRules
    content: ContentRules
    copies: CopyRules
    short: ShortTextRules
    identity: IdentityRules
    revisions: RevisionRules
    index: SimilarityIndexRules
