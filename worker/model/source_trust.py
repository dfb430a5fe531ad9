"""Decide whether the ids that a source gives its articles identify them reliably.

The decision rests on counts of articles without an id, with the id of another article, or with an
id that changed.
"""

from dataclasses import dataclass

MAX_BAD_SHARE = 0.05  # largest share of articles with a bad id at which ids are trusted
MIN_BAD = 3  # fewer bad ids are not enough to distrust a source


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceIds:
    """How many articles of a source came with a bad external id, the id that the source itself
    gives.

    An id is bad if it is missing, belongs to an unrelated article, or has changed for the same
    article. If one of these happens too often, the source is `distrusted`: then an id identifies an
    article only if the content agrees.
    """

    articles: int
    without_id: int  # articles without an external id
    reused_ids: int  # articles with the external id of an unrelated article
    changed_ids: int  # times that a stored article was received under a new id

    @property
    def distrusted(self) -> bool:
        worst = max(self.without_id, self.reused_ids, self.changed_ids)
        return worst >= MIN_BAD and worst > MAX_BAD_SHARE * self.articles
