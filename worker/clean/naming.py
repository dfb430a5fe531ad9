"""Class names and ids come in, what sites mean by them goes out: a learned score and known kinds.

The score is learned: how much of what an element of that name holds belongs to the article, over
many sites, as log odds. The kinds are written by hand, so that names no page of training had count.
"""

import re
from collections.abc import Mapping

_WORD = re.compile(r"[a-zA-Z][a-z]+|[A-Z]{2,}")
_REMEMBERED = 50_000  # classes
_MAX_CHARS = 160  # of a name that are read
_MAX_WHOLE = 40  # characters of a class that may be a token as it stands

Meaning = tuple[float, float, int]
_NOTHING: Meaning = (0.0, 0.0, 0)

# Whole words of a name.
_KINDS = {
    "comments": "comment|comments|disqus|respond|reply|replies|discussion|kommentar|kommentare",
    "picture": "caption|captions|credit|photo|image|media|slide|slider|gallery|figure"
    "|carousel|video",
    "related": "related|recirc|recommend|recommended|recommendations|trending|popular|outbrain"
    "|taboola|more|latest|similar|teaser|teasers|card|cards|promo|feed|next|prev|previous"
    "|list|grid|also",
    "advert": "ad|ads|advert|advertisement|sponsor|sponsored|dfp|banner|affiliate|promotion"
    "|commercial",
    "subscribe": "newsletter|subscribe|subscription|signup|paywall|login|register|membership|optin"
    "|form",
    "share": "share|sharing|social|follow|tools|toolbar|buttons|button|actions|tag|tags|topics"
    "|labels",
    "byline": "author|authors|byline|bio|meta|metadata|date|time|timestamp|published|dateline|info"
    "|kicker",
    "frame": "nav|navbar|navigation|menu|header|footer|masthead|breadcrumb|breadcrumbs|topbar"
    "|bottom|site",
    "aside": "sidebar|aside|widget|widgets|rail|secondary|complementary|sticky|toc|contents",
    "notice": "cookie|cookies|consent|gdpr|modal|popup|overlay|dialog|alert|notice|disclaimer"
    "|hidden",
    "article": "article|story|post|entry|body|content|text|paragraph|prose|copy|richtext"
    "|rte|wysiwyg"
    "|main|beitrag|artikel|articulo|noticia|corps|cuerpo",
}  # fmt: skip
_BODY = re.compile(
    r"article-?_?body|articlebody|entry-?_?content|post-?_?content|story-?_?body|article-?_?content"
    r"|content-?_?body|article__body|body-?_?text|body-?_?copy|article-?_?text|main-?_?content"
    r"|post-?_?body|story-?_?text|story-?_?content|rich-?_?text|article-?_?copy|blog-?_?content"
    r"|news-?_?content|text-?_?content|single-?_?content|field-name-body|artikel-?text|cuerpo-?nota"
    r"|article-?_?detail|news-?_?body|wp-block-post-content|td-post-content|articletext"
)
KINDS = (*_KINDS, "article-body")
_BODY_HINTS = ("body", "content", "text", "copy", "detail", "cuerpo")
_KIND_OF = {
    word: 1 << number for number, words in enumerate(_KINDS.values()) for word in words.split("|")
}
_BODY_KIND = 1 << len(_KINDS)


class Naming:
    """Learned scores of tokens; what a class said once is remembered, for sites come again."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = scores
        self._known: dict[str, Meaning] = {}

    def read(self, name: str) -> Meaning:
        """Lowest and highest score of the tokens of a name, and its kinds as bits."""
        if not name:
            return _NOTHING
        low = high = 0.0
        kinds = 0
        for one in name[:_MAX_CHARS].split():
            meaning = self._known.get(one) or self._learn(one)
            low, high = min(low, meaning[0]), max(high, meaning[1])
            kinds |= meaning[2]
        return low, high, kinds

    def _learn(self, one: str) -> Meaning:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        lower = one.lower()
        hinted = any(hint in lower for hint in _BODY_HINTS)
        kinds = _BODY_KIND if hinted and _BODY.search(lower) else 0
        low = high = 0.0
        for token in _tokens(one, lower):
            kinds |= _KIND_OF.get(token, 0)
            score = self.scores.get(token, 0.0)
            low, high = min(low, score), max(high, score)
        meaning = self._known[one] = (low, high, kinds)
        return meaning


def tokens(name: str) -> set[str]:
    """Each class of a name and each word in them, in lower case."""
    return {t for one in name[:_MAX_CHARS].split() for t in _tokens(one, one.lower())}


def _tokens(one: str, lower: str) -> list[str]:
    words = [word.lower() for word in _WORD.findall(one)]
    return [*words, lower] if len(lower) <= _MAX_WHOLE else words
