"""Decide whether the external ids that a source gives its articles can be trusted.

The decision rests on counters of missing, reused and changed ids.
"""

from dataclasses import dataclass

MAX_BAD_SHARE = 0.05  # largest share of articles with a bad id at which ids are trusted
MIN_BAD = 3  # fewer bad ids are not enough to distrust a source


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceIds:
    """How many articles a source has delivered, and how many of them with a bad external id.

    If too many are bad, `distrusted` is True. An id of this source then identifies an article only
    if the content agrees. Stored articles keep their article ids. Articles that the source sends
    from then on can also be found by their title and the beginning of their text.
    """

    articles: int
    without_id: int  # articles without an external id
    reused_ids: int  # articles with the external id of an unrelated article
    changed_ids: int  # times that a stored article was received under a new id

    @property
    def distrusted(self) -> bool:
        worst = max(self.without_id, self.reused_ids, self.changed_ids)
        return worst >= MIN_BAD and worst > MAX_BAD_SHARE * self.articles
