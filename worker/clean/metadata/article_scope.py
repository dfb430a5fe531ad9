"""Tell which parts of a page belong to its article, and which are menus, side bars, comments or
lists of other articles. Authors and dates in such other parts are not those of the article."""

import re
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.metadata.page_elements import attribute
from worker.clean.text.plain_text import bare

_ROOTS = frozenset(("html", "body", "main"))
# Classes and ids of parts about something else: nothing in them describes the article.
_OF_OTHERS = re.compile(
    r"(?:^|[^a-z])(?:comments?|comment-?list|disqus|respond|repl(?:y|ies)|related|recommend(?:ed|ations)"
    r"|more-(?:stories|articles|news|from|posts|by)|read-next|most-(?:read|popular|viewed)|upcoming"
    r"|(?<!pointer-)events|see-also|(?:next|prev|previous)-post"
    r"|newsletter-?(?:box|form|promo|signup|widget)|current-?(?:date|day)|todays?-?date|date-?today)"
    r"(?:$|[^a-z])|(?:^|\s)(?:newsletter|today)(?:$|\s)",
    re.I,
)
# Those of the frame of a page. Some pages have the date of the article there, but other names, too.
_FRAME_TAGS = frozenset(("nav", "aside", "menu"))
_OF_FRAME = re.compile(
    r"(?:^|[\s_-])(?:nav(?:igation|bar|link|links|item|menu|s)?|menu|menus|side-?bar|teasers?|masthead"
    r"|site-?header|page-?footer|site-?footer|footer|top-?bar|breadcrumbs?|trending|recommend"
    r"|related-?(?:posts?|articles?|stories|content|links)|read-?(?:next|more)|most-?(?:read|popular)"
    r"|more-?(?:stories|articles|news)|popular-?posts?)"
    r"(?:$|[\s_-])|(?:^|\s)(?:page-|site-|main-|global-)?header(?:$|\s)",
    re.I,
)
_OTHERS = re.compile(
    r"\W{0,3}(?:(?:most|more) (?:read|popular|viewed|shared|stories|articles|news|by|from|on|like)"
    r"|popular|trending|related|recommended|read (?:next|more|also)|also read|latest|recent"
    r"|you (?:may|might) (?:also )?like|top stories|don't miss|our columnists|columnists"
    r"|editors?['’]? picks?|meistgelesen|am meisten gelesen|lesen sie auch|mehr zum thema"
    r"|das könnte|weitere|neueste|à lire aussi|les plus lus|sur le même|lire aussi"
    r"|lo más (?:leído|visto)|más leíd|también|te puede|noticias relacionadas|più letti"
    r"|leggi anche|potrebbe|mais lidas|leia também|veja também|самое|читайте|相关|推荐|関連"
    r"|おすすめ)",
    re.I,
)
_OF_ARTICLE = re.compile(r"(?:^|[\s_-])(?:entry|post|article|meta|byline)(?:$|[\s_-])", re.I)
_HEADINGS = ("h2", "h3", "h4", "h5", "h6")
_LABEL_TAGS = (*_HEADINGS, "p", "div", "span", "header")
_MAX_MARK_CHARS = 200  # of the classes and ids of one element
_MAX_SIBLINGS = 20
_MAX_CARD_CHARS, _MIN_TITLE_WORDS = 500, 3
_MAX_TEASER_CHARS, _MAX_LINKED_TEASER_CHARS = 1_500, 600
_MAX_DEPTH = 40  # elements around one
_MAX_LABEL_LEVELS = 5  # elements around one whose heading is looked at
_MAX_HEADING_CHARS = 60
_MAX_HEADINGS = 10  # of an element, that are compared with the title


class ArticleScope:
    """Tells which elements of a page belong to its article, and which to menus, side bars, comments
    or lists of other articles.

    An element that contains the heading of the article belongs to the article, whatever its class
    names are. The heading is recognised by `title`, the title of the article. If no heading has
    this text, every <h1> is taken for the heading.
    """

    def __init__(self, tree: LexborHTMLParser, title: str) -> None:
        self._tree = tree
        self._title = bare(title)
        self._has_heading: bool | None = None
        self._by_id: dict[int, bool] = {}  # of elements that were looked at before

    def holds(self, node: LexborNode) -> bool:
        """Whether an element is part of the article. An element is not if it, or an element around
        it, is a menu, a side bar, comments, a footer, the header of the site, or a list or teaser
        of other articles."""
        path: list[int] = []
        around: LexborNode | None = node
        level, inside = 0, True
        while around is not None and level < _MAX_DEPTH:
            decided = self._by_id.get(around.mem_id)
            if decided is not None:
                inside = decided
                break
            path.append(around.mem_id)
            if around.tag in ("body", "html"):
                break
            if self._is_outside(around, level):
                inside = False
                break
            around, level = around.parent, level + 1
        self._by_id.update(dict.fromkeys(path, inside))
        return inside

    def may_date(self, node: LexborNode) -> bool:
        """Whether the date in an element may be the date of the article.

        It can't be if an element around it is about something else, such as comments, a teaser of
        another article or a list with the heading "Latest news". But it may be in a side bar or in
        the header of the page.
        """
        around = node.parent
        for level in range(_MAX_DEPTH):
            if around is None or (tag := around.tag or "") in _ROOTS:
                break
            if self.is_of_others(around, tag):
                return False
            listed = 0 < level < _MAX_LABEL_LEVELS and _is_list_of_others(around)
            if listed and not self._titled(around):
                return False
            around = around.parent
        return True

    def is_of_others(self, node: LexborNode, tag: str) -> bool:
        """Whether an element is about something else than the article: comments, a teaser of
        another article, a list of other articles or of events, or the footer of the page.

        It is judged by its tag (`tag`), its classes and its id, and by its content, but not by the
        elements around it. An element that contains the heading of the article is never about
        something else.
        """
        if tag in _ROOTS:
            return False
        if tag == "article":
            return self._is_teaser(node)
        marks = _marks_of(node)
        if not (marks and _are_of_others(marks)) and (
            tag != "footer" or _OF_ARTICLE.search(marks) or _inside_article(node)
        ):
            return False
        return not self._titled(node)

    def _is_outside(self, element: LexborNode, level: int) -> bool:
        tag = element.tag or ""
        if self.is_of_others(element, tag):
            return True
        if tag == "header":
            return not (_inside_article(element) or self._titled(element))
        if tag in ("article", "footer") or (tag == "aside" and level == 0):
            return False
        marked = tag in _FRAME_TAGS or _are_of_frame(_marks_of(element))
        if not marked and 0 < level < _MAX_LABEL_LEVELS:
            marked = _is_list_of_others(element) or _is_card(element)
        return marked and not self._titled(element)

    def _is_teaser(self, article: LexborNode) -> bool:
        """Whether an <article> is a teaser of another article: it is short, and has a heading that
        is not the title of the page."""
        if article.css_first("h1,h2,h3,h4") is None or self._titled(article):
            return False
        if self._page_is_titled():
            return len(article.text()) <= _MAX_TEASER_CHARS
        linked = article.css_first("h2 a,h3 a,h4 a,a h2,a h3,a h4")
        return linked is not None and len(article.text()) <= _MAX_LINKED_TEASER_CHARS

    def _page_is_titled(self) -> bool:
        if self._has_heading is None:
            body = self._tree.body
            self._has_heading = body is not None and self._has_title(body)
        return self._has_heading

    def _titled(self, element: LexborNode) -> bool:
        """Whether an element has the heading of the article in it."""
        if self._page_is_titled():
            return self._has_title(element)
        return element.css_first("h1") is not None

    def _has_title(self, element: LexborNode) -> bool:
        return any(self._is_title(heading) for heading in element.css("h1,h2")[:_MAX_HEADINGS])

    def _is_title(self, heading: LexborNode) -> bool:
        own = bare(heading.text())
        if not own or not self._title:
            return False
        return own == self._title or (
            heading.tag == "h1" and (own in self._title or self._title in own)
        )


def _marks_of(element: LexborNode) -> str:
    """The classes and the id of an element, at most 200 characters, "" if it has none."""
    attributes = element.attributes
    class_, id_ = attributes.get("class"), attributes.get("id")
    return f"{class_ or ''} {id_ or ''}"[:_MAX_MARK_CHARS] if class_ or id_ else ""


# The pages of a site have the same names, and a page the same ones many times.
@lru_cache(maxsize=20_000)
def _are_of_others(marks: str) -> bool:
    return _OF_OTHERS.search(marks) is not None


@lru_cache(maxsize=20_000)
def _are_of_frame(marks: str) -> bool:
    return _OF_FRAME.search(marks) is not None


def _inside_article(element: LexborNode) -> bool:
    around = element.parent
    for _ in range(_MAX_DEPTH):
        if around is None:
            return False
        if around.tag in ("article", "main"):
            return True
        around = around.parent
    return False


def _is_list_of_others(element: LexborNode) -> bool:
    """Whether an element begins with a heading such as "Most read", or follows such a heading."""
    child = element.child
    while child is not None and (child.tag in ("-text", "-comment")):
        child = child.next
    if child is not None and child.tag in _LABEL_TAGS and _announces_others(child):
        return True
    before = element.prev
    for _ in range(_MAX_SIBLINGS):
        if before is None:
            return False
        if before.tag in _HEADINGS:
            return _announces_others(before)
        before = before.prev
    return False


def _announces_others(label: LexborNode) -> bool:
    text = " ".join(label.text()[: 4 * _MAX_HEADING_CHARS].split())
    return len(text) <= _MAX_HEADING_CHARS and _OTHERS.match(text) is not None


def _is_card(element: LexborNode) -> bool:
    """Whether a short element has a heading that links to another article."""
    link = element.css_first("h2 a[href],h3 a[href],h4 a[href],a[href] h2,a[href] h3,a[href] h4")
    if link is None or "author" in attribute(link, "href"):
        return False
    is_title = len(link.text().split()) >= _MIN_TITLE_WORDS
    return is_title and len(element.text()) <= _MAX_CARD_CHARS
