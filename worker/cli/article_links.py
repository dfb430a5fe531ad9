"""Find stored articles by a web address that a user gives to a command."""

from collections.abc import Sequence

from worker.clean import withdrawn_keys
from worker.clean.links.canonical_link import canonical
from worker.config.loader import load_config
from worker.errors import Rejected
from worker.model.admission import RawArticle
from worker.settings import Settings
from worker.store.ports import ArticleReader


def articles_at(store: ArticleReader, link: str, settings: Settings) -> Sequence[str]:
    """Return the ids of the stored articles that have this web address, the oldest article first.

    It may have tracking parameters, which are left out as the cleaning of `settings` does.
    """
    try:
        keys = withdrawn_keys(RawArticle(link=link))
    except Rejected:  # a home page identifies no article
        keys = ()
    links = {link, canonical(link, load_config(settings.config_dir).cleaning.urls)}
    return store.find_articles(keys, sorted(links))
