"""Find raw articles of one input that share an id or a link although they are different articles.

The worker identifies an article by its id, else by its link. It takes such articles for revisions
of one, or finds one of them by the address of another.
"""

from collections.abc import Iterator
from typing import NamedTuple

from worker.clean import withdrawn_keys
from worker.clean.text.plain_text import bare
from worker.client.findings import LintFinding, warning
from worker.errors import Rejected
from worker.model.admission import RawArticle

_GRAM = 3  # letters
# Of 20,000 pairs of unrelated news titles, 99.9 % share fewer of their trigrams.
_SAME_TITLE = 0.4
_MAX_TITLE_CHARS = 300


class EarlierArticle(NamedTuple):
    """An earlier raw article of the input: its location, such as file and line, the key of its id
    ("" for none), those of its link, and the trigrams of its title."""

    location: str
    id_key: str
    link_keys: frozenset[str]
    trigrams: frozenset[str]


EarlierArticles = dict[tuple[str, str], EarlierArticle]  # by source and key, the first with each


def shared_identity(
    article: RawArticle, location: str, earlier: EarlierArticles
) -> Iterator[LintFinding]:
    """Yield a warning if an earlier article of the same source has the same id or the same link,
    and is another article: one whose title has few letters in common.

    An article that comes again, or with an edited title, gives no warning. `earlier` has the first
    article with each id and link; this article is added to it.
    """
    own = _identified(article, location)
    keys = [(article.source_id, key) for key in (own.id_key, *sorted(own.link_keys)) if key]
    firsts = [(key, earlier.setdefault((source, key), own)) for source, key in keys]
    for key, first in firsts:
        if first is own or _is_same(own, first):
            continue
        if key == own.id_key:
            if own.link_keys.isdisjoint(first.link_keys):
                what = f"the id of {first.location} again, for another article: both become one"
                yield warning("shared-id", what, "give each article an id of its own")
                return
        elif not own.id_key or not first.id_key:
            what = f"the link of {first.location} again, for another article: both become one"
            yield warning("shared-link", what, "send an id, or the link of its own page")
            return
        elif own.id_key != first.id_key:
            what = f"the link of {first.location} again, for another article"
            yield warning("shared-link", what, "send the link of its own page")
            return


def _identified(article: RawArticle, location: str) -> EarlierArticle:
    try:
        keys = withdrawn_keys(article)
    except Rejected:  # neither id nor link
        keys = ()
    links = frozenset(key for key in keys if key.startswith("url:"))
    if any("#" in key for key in links):  # items of a page, told apart by their fragments
        links = frozenset(key for key in links if "#" in key)
    id_key = next((key for key in keys if key.startswith("id:")), "")
    return EarlierArticle(location, id_key, links, _trigrams(article.title or article.summary))


def _trigrams(title: str) -> frozenset[str]:
    text = bare(title[:_MAX_TITLE_CHARS])
    return frozenset(text[at : at + _GRAM] for at in range(max(1, len(text) - _GRAM + 1)) if text)


def _is_same(one: EarlierArticle, other: EarlierArticle) -> bool:
    """Whether two titles may be those of one article. A missing title may be any."""
    if not one.trigrams or not other.trigrams:
        return True
    shared = len(one.trigrams & other.trigrams)
    return shared >= _SAME_TITLE * min(len(one.trigrams), len(other.trigrams))
