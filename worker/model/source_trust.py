"""Counts of a source's bad ids come in; goes out whether its ids are worth anything."""

from dataclasses import dataclass

MOST_BAD = 0.05  # of a source's articles may have a bad id before its ids are distrusted
ENOUGH = 3  # bad ids before that share means anything


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceIds:
    """What a source's external ids have been worth. Distrusted, an id counts no more than a link:
    content has to confirm it. Ids of articles never change, there are only more keys to them."""

    articles: int
    without_id: int  # articles that came without one
    reused_ids: int  # articles that came with the id of another story
    changed_ids: int  # times that a known article came under a new one

    @property
    def distrusted(self) -> bool:
        worst = max(self.without_id, self.reused_ids, self.changed_ids)
        return worst >= ENOUGH and worst > MOST_BAD * self.articles
