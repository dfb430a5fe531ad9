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
    """The lengths of shingles: the runs of adjacent words by which texts are compared. In scripts
    without spaces between words, lengths are in characters.

    Nearly all texts are cut into runs of `wide` words. Short texts are also cut into runs of
    `narrow` words, because an edit of one word changes fewer of these.
    """

    wide: Count
    narrow: Count


class ShingleRules(Frozen):
    """How texts are cut into shingles (runs of adjacent words), whose hashes show which texts are
    similar.

    Of each article, `sketch` hashes are put in the index to find similar articles, and at most
    `most` are stored to compare it with them. `words`, `han` and `southeast_asian` are the lengths
    of shingles by script. After a change of these, or of `most`, old and new hashes can't be
    compared.
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
    """Thresholds that decide whether two texts, neither of them short, are copies, or variants
    (similar texts) of each other. All but `near_days` are shares from 0 to 1.

    In a copy, the share `containment` of the shorter text's runs of words is in the other text, or
    `far_containment` if the texts are over `near_days` days apart; in a variant, `variant`. If less
    than `whole` is, titles and openings must agree, too, by `about` and `opening`. `numbers`,
    `numbers_slack` and `strict_numbers` say how many numbers must agree; the last is for titles
    that agree less than `same_story`. A text shorter than `part` of the other is named a part of
    it.
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


class SeriesRules(Frozen):
    """Thresholds that tell the next issue of a series, such as the report of another lottery draw,
    from a copy. Shares are from 0 to 1, lengths of texts are in shingles (runs of words).

    A text is the next issue if `figures` of its numbers were replaced (on the same day
    `figures_same_day`), at most the share `agreeing` was not, and the share `frame` of the text
    behind its opening is unchanged. On another day it also is if `whole_frame` of this is unchanged
    in a text of `least_frame` to `longest_frame` shingles, while of the openings at most `opening`
    is found in the other text (of the more similar one `larger_opening`), or `far_opening` if the
    texts are over `near_days` days apart.

    A text with another opening is a copy within `lead_days` if the share `body` of the rest is
    found, and the text is longer than `longest_frame`, or has `least_body` shingles and
    `body_figures` numbers.
    """

    frame: Share = 0.85
    figures: Count = 2
    figures_same_day: Count = 3
    agreeing: Share = 0.91
    whole_frame: Share = 0.97
    least_frame: Count = 60
    longest_frame: Count = 150
    opening: Share = 0.76
    larger_opening: Share = 0.85
    near_days: Count = 3
    far_opening: Share = 0.9
    lead_days: Count = 1
    body: Share = 0.9
    least_body: Count = 100
    body_figures: Count = 3


class ShortTextRules(Frozen):
    """Thresholds that decide whether two texts, of which at least one is short, are copies. All but
    `days` are shares from 0 to 1.

    In a copy, the share `containment` of the shorter text's runs of words is in the other text; if
    titles agree less than `about`, it must be `whole`. The share `numbers` of their numbers must
    agree, too, and the articles may be at most `days` days apart. Texts that fail this are variants
    of each other (similar, but no copies) or unrelated.
    """

    containment: Share
    whole: Share
    numbers: Share
    about: Share
    days: Count


class IdentityRules(Frozen):
    """Thresholds that decide whether an article with the id or link of a stored article is a new
    version of it, or a different article, because publishers reuse ids and links.

    If only a further key agrees, such as a second link, a new version must share
    `alias_containment` (0 to 1) of its runs of words with the stored text, or `alias_title` of the
    title's words if one has no text. If the main key agrees, the article is a new version unless
    the texts share less than `stranger_containment`, and both have `stranger_words` words; or
    unless the links differ, the titles agree less than `stranger_title`, and the texts are no
    copies. If a text is shorter, the article is a new version unless the texts share less than
    `stranger_text` of their words and the titles less than `stranger_short_title`; or, if one has
    no text, unless the titles share less than `stranger_title`.
    """

    alias_containment: Share
    alias_title: Share = 0.75
    stranger_containment: Share
    stranger_words: Count
    stranger_title: Share
    stranger_text: Share = 0.3
    stranger_short_title: Share = 0.6


class PageRules(Frozen):
    """When the text of a fetched page is held back because it is much shorter than the text known
    of its article.

    A page is shrunken if it has less than `shrunken_share` (0 to 1) of the known words. Its text is
    shown when the same content comes again, or when shrunken pages have come for `hold_h` hours.
    """

    shrunken_share: Share = 0.33333
    hold_h: Annotated[float, Field(ge=0)] = 6.0


class RevisionRules(Frozen):
    """The threshold between a minor and a substantial edit of an article: an edit is minor if the
    two texts share at least `minor` (0 to 1) of the longer one's runs of words."""

    minor: Share


class SimilarityIndexRules(Frozen):
    """Settings of the index in Redis that finds, for a new article, stored articles of which it may
    be a copy.

    They are found for at least `window_days` days. Each must share `min_hits` text hashes with the
    new article; at most `most_rivals` are compared with it. Until an article is stored, but at most
    for `rival_ttl_s` seconds, Redis has all its hashes; later they are read from the store. At
    first the index is spread over 2 ** `bucket_bits` Redis hashes. `timeout_s` limits each
    connection attempt and round trip.
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
    series: SeriesRules = SeriesRules()
    short: ShortTextRules
    identity: IdentityRules
    pages: PageRules = PageRules()  # files of version 0.2.0 have no such table
    revisions: RevisionRules
    index: SimilarityIndexRules
