"""Warn of raw articles in one input that share an id or a link although they are different
articles.

The worker recognises an article by its id, or by its link if it has no id. Two different articles
with the same id are therefore stored as two versions of one article, and so are two with the same
link if one of them has no id. If both have ids, and only the link is the same, a search by this
link may find the wrong one.
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
    """What is remembered of a raw article of the input, to compare later articles with it.

    `location` is where it stands, such as a file and a line. `id_key` is made of its id ("" if it
    has none), and `link_keys` are made of its link; equal keys mean the same id or link. `trigrams`
    are all sequences of three letters in its title, by which titles are compared.
    """

    location: str
    id_key: str
    link_keys: frozenset[str]
    trigrams: frozenset[str]


EarlierArticles = dict[tuple[str, str], EarlierArticle]  # by source and key, the first with each


def shared_identity(
    article: RawArticle, location: str, earlier: EarlierArticles
) -> Iterator[LintFinding]:
    """Yield a warning if an earlier article of the same source has the id or the link of this
    article, but another title.

    Titles that have many sequences of three letters in common count as the same: so an article that
    comes twice, or with an edited title, gives no warning. `location` is where the article stands,
    such as a file and a line. `earlier` has the first article with each id and each link; this
    function adds the article to it.
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
