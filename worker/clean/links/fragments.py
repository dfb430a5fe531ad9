"""Tell whether the fragment of an address, such as "#item-2", selects content of the page, or only
scrolls to a place on it or starts a script."""

import re
from collections.abc import Collection

_ROUTE = ("!", "/")  # addresses of applications: "#!/news/5", "#/news/5"
_TEXT_DIRECTIVE = ":~:"  # of browsers: "#:~:text=harbour"
_MAX_CHARS = 200
# Anchors of the frame of a page, in lower case.
_POSITIONS = frozenset(
    "top up start begin main content contents maincontent main-content page-content body text "
    "article story story-body article-body page wrapper site-content primary skip skip-nav nav "
    "menu header footer search share social related more read view new print amp play live video "
    "videos gallery galerie galeria photos photo slideshow images bilder fotostrecke diaporama "
    "comments comment comment-form commentform respond reply replies discussion disqus_thread "
    "kommentare kommentar commentaires comentarios comentários commenti reacties rss feed "
    "newsletter subscribe subscription login signin register rssowlmlink toc summary author "
    "authors tags cookie consent close anchor back".split()
)
_NUMBERED_POSITION = re.compile(
    r"(?:comments?|commento|comentario|commentaire|kommentar|reactie|reply|respond|more|ixzz"
    r"|pages?|slides?|photos?|images?|imgs?|fotos?|bilder|gallery|galerie|fn|fnref|footnotes?|ref"
    r"|cite_(?:note|ref)|notes?|_ftn|_ftnref|sections?|headings?|toc|tabs?|gsc|rss|scroll|t)"
    r"[-_:.]?[0-9a-f]{0,40}(?:-[0-9]{1,6})?",
    re.I,
)
_SELECTS = frozenset("id p article articleid item itemid post postid story news nid entry".split())


def meaningful_fragment(fragment: str, tracking: Collection[str]) -> str:
    """Return a fragment if it may select content, as "item-2" of a page of short news or
    "!/news/5" of an application; else "".

    Positions of the page ("top", "comments"), parameters that track readers ("utm_source=rss") and
    directives of browsers select nothing. `tracking` has the names of tracking parameters.
    """
    fragment = fragment.partition(_TEXT_DIRECTIVE)[0]
    if not fragment or len(fragment) > _MAX_CHARS:
        return ""
    if fragment.startswith(_ROUTE):
        return fragment if len(fragment) > 1 else ""
    name = fragment.lower()
    if "=" in name:
        names = {pair.partition("=")[0] for pair in name.split("&")}
        return fragment if names <= _SELECTS and not names & set(tracking) else ""
    if name in _POSITIONS or _NUMBERED_POSITION.fullmatch(name) or not name.strip("_-.%0"):
        return ""
    return fragment
