"""The settings of deduplication in `config/dedup.toml`, as validated values.

Deduplication decides which articles are copies of others. The file explains each setting: its unit,
and where its value comes from.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.model.frozen_model import WordSet

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

    `words`, `han` and `southeast_asian` say how long a shingle is: in words, or for Chinese and
    Japanese and for languages such as Thai in characters. At most `most` hashes of an article are
    stored, to compare it with others. `sketch` of them are put in the index that finds similar
    articles. Up to `alternates` others are put there, too, in place of those that earlier articles
    have. After a change of any setting but `sketch` and `alternates`, old and new hashes can't be
    compared.
    """

    sketch: Count  # hashes
    alternates: Annotated[int, Field(ge=0)] = 16  # hashes
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
    """Thresholds that decide whether two texts, neither of them short, are copies of each other, or
    variants: similar texts that are no copies. All but `near_days` are shares from 0 to 1; the
    first three are of the shorter text's runs of words that are in the other text.

        containment      least share in copies; `far_containment` if over `near_days` days apart
        variant          least share in variants
        whole            with a smaller share, copies must also agree in title and opening:
        about, opening   least shares of the title's words and of the opening that are in the other
        numbers          least share of numbers that are equal in copies,
        numbers_slack    which may be at most this much below the share of runs of words
        strict_numbers   takes the place of `numbers` for texts more than `near_days` days apart,
        same_story       and for titles of which a smaller share than this agrees
        part             a copy shorter than this share of the other text is called a part of it
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
    """Thresholds that tell whether two similar texts are issues of a series, such as the reports of
    two lottery draws, or copies of one text. Shares are from 0 to 1, and lengths are in shingles
    (runs of words). The opening of a text is its first words.

        frame             least share of the text behind the opening that two issues have in common
        figures           least count of numbers that differ between two issues
        figures_same_day  the same for two texts of one day
        agreeing          greatest share of numbers that are equal in two issues
        whole_frame       takes the place of `frame` if too few numbers differ
        least_frame       least length of issues in which too few numbers differ
        longest_frame     greatest length of such issues
        opening           greatest share of an opening that the text of the other issue has
        larger_opening    the same for the opening of which the other text has more
        near_days         for texts that are more days apart, `far_opening` holds
        far_opening       takes the place of `opening` and `larger_opening` for them
        lead_days         greatest number of days between a text and a copy with another opening
        body              least share that such a copy has of the text, openings left out
        least_body        least length of such a copy with `body_figures` numbers or more
        body_figures      a copy with fewer numbers must be longer than `longest_frame`
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
    """Thresholds that tell whether an article with the id or link of a stored article is a new
    version of it or a different article, because publishers reuse ids and links. All but
    `stranger_words` are shares from 0 to 1 of what the two articles have in common. The main key is
    the id, or the link if there is no id.

        alias_containment     with another main key, a new version shares these runs of words,
        alias_title           or these words of the title, if one of the two has no text
        stranger_containment  long texts with the same main key but less in common are different
        stranger_words        texts with fewer words are short, and compared by single words
        stranger_title        titles with less in common tell different articles if their links
                              differ, or if one of them has no text
        stranger_text         short texts with the same main key but less in common are different,
        stranger_short_title  unless their titles have this share of words in common
    """

    alias_containment: Share
    alias_title: Share = 0.75
    stranger_containment: Share
    stranger_words: Count
    stranger_title: Share
    stranger_text: Share = 0.3
    stranger_short_title: Share = 0.6


class PageRules(Frozen):
    """Thresholds that tell when the text of a fetched page is stored but not shown, because it is
    much shorter than the text known of its article.

    A page is too short if it has less than `shrunken_share` (0 to 1) of the words of the known
    text. Its text is shown after all when a later fetch gives the same content, or when all fetches
    for `hold_h` hours were too short.
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

    It finds articles of the last `window_days` days at least. A new article is compared with at
    most `most_rivals` of them, each of which has `min_hits` text hashes in common with it. Redis
    has all text hashes of an article until it is stored, but at most for `rival_ttl_s` seconds. The
    index begins with 2**bucket_bits Redis hashes, and waits up to `timeout_s` seconds for the
    server.
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
