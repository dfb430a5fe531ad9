"""Find stored articles by a web address that a person gives."""

from collections.abc import Sequence

from worker.clean import withdrawn_keys
from worker.clean.cleaning_rules import UrlRules
from worker.clean.links.canonical_link import canonical
from worker.errors import Rejected
from worker.model.admission import RawArticle
from worker.store.ports import ArticleReader


def articles_at(store: ArticleReader, link: str, rules: UrlRules) -> Sequence[str]:
    """Return the ids of the stored articles that have this web address, the oldest article first.

    It may have tracking parameters; `rules` say which are left out.
    """
    try:
        keys = withdrawn_keys(RawArticle(link=link))
    except Rejected:  # a home page identifies no article
        keys = ()
    return store.find_articles(keys, sorted({link, canonical(link, rules)}))
