"""Recognise by its class names what an element of a page is for: for example a caption, a box with
related articles, a hidden copy, or an entry of a live blog.

The classifier that finds the article also looks at class names, but it knows only those of the
pages it was trained on. The names listed here are in use at many sites, in several languages. They
are sure enough to decide without looking at the text.
"""

import re
from functools import lru_cache

from ahocorasick_rs import AhoCorasick

# The roles of an element, one bit each.
CAPTION, BOX, HIDDEN, PULL_QUOTE, LIVE_ENTRY, LEAD = (1 << n for n in range(6))

MAX_CHARS = 400  # of the names of one element; callers read no more
_MAX_NAME_CHARS = 48  # of one name; longer ones are made from sentences
_MAX_NAME_WORDS = 6
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_JOINS = re.compile(r"[_-]+")
_NAME = re.compile(r"[A-Za-z][\w-]*+")
# A name that begins so tells how a page is arranged, or on what an article is.
_ARRANGED = (
    "has-",
    "no-",
    "with-",
    "without-",
    "is-",
    "single-",
    "post-type-",
    "category-",
    "tag-",
)
_SHOWN_LATER = re.compile(r"(?:^|\s)(?:\S+:\S+|d-[a-z]{2}-\S+)")  # shown on wide or narrow screens
_PICTURE = "(?:photo|image|img|foto|picture|pic|media|figure|fig|bild|imagem|imagen|immagine|thumb)"
_MORE = "(?:articles?|posts?|stor(?:y|ies)|contents?|links?|news|topics?|items?|readings?|pages?)"

# Names in lower case, with a hyphen between two words. Parts in (?:.*-)? and (?:-.*)? are free.
_PATTERNS = {
    CAPTION: rf"""
        (?:.*-)?captions?(?:-.*)?|captiontext|legend|legende|legenda|(?:.*-)?bildunterschrift(?:-.*)?
        |bildtext|bildnachweis|bildquelle|bild-?info|leyenda|epigrafe|pie-?(?:de-)?(?:foto|imagen)
        |didascalia|(?:foto-?)?bijschrift|fotobijschrift|podpis-zdjecia
        |{_PICTURE}s?-?(?:source|byline|author|desc|description|agency|unterschrift|nachweis)
        |(?:.*-)?{_PICTURE}s?-?(?:credits?|copyright|legend[ea]?)(?:-.*)?
        |credits?|creditos?|crédito?s?|fotocredits?|fotograf[oa]|autor-foto""",
    BOX: rf"""
        related|related-(?:{_MORE}|tags|box|list|block|section|wrap(?:per)?|container|videos?)(?:-.*)?
        |(?:article|post|story|content|entry|news|single)s?-related|yarpp.*|jp-relatedposts|recirc.*
        |also-?read|see-also|more-(?:from|on|stories|news|articles|posts)
        |most-(?:read|popular|viewed)
        |trending|recommended|recommendations?|recommended-(?:{_MORE})|don-?t-miss|up-next
        |you-(?:may|might)-(?:also-)?like|(?:next|previous|prev)-(?:article|post|story)
        |post-navigation
        |lesen-sie-auch|mehr-zum-thema|das-koennte-sie-(?:auch-)?interessieren|weitere-artikel
        |(?:box-)?(?:a-|à-)?lire-aussi|(?:a-)?lire-(?:egalement|plus)|sur-le-meme-(?:sujet|theme)
        |articles-(?:lies|similaires)
        |(?:te|le)-puede-interesar|lea-tambien|lee-tambien|ver-tambien
        |(?:notas|noticias|articulos)-relacionad[ao]s
        |contenidos?-relacionad[ao]s?|relacionad[ao]s?|mas-(?:leidas?|leidos?|noticias)
        |(?:box-)?(?:leia|veja|confira)-?(?:tambem|mais)|saiba-?mais|mais-(?:lidas?|lidos?|noticias)
        |(?:materias?|artigos?|posts?|links?)-relacionad[ao]s?|ultimas-noticias
        |leggi-anche|(?:articoli|notizie|contenuti)-correlat[ei]|correlati|potrebbe-interessarti
        |lees-(?:ook|verder|meer)|gerelateerd(?:e-artikelen)?|meer-(?:nieuws|over|lezen)
        |(?:czytaj|zobacz|przeczytaj)-(?:tez|takze|wiecej)
        |newsletters?|newsletter-.*|.*-newsletter|subscribe|subscri(?:be|ption)-.*|sign-?up
        |sign-?up-.*
        |mailing-list|boletim|boletin|infolettre|nieuwsbrief
        |shar(?:e|ing)|shar(?:e|ing)-.*|socials?|social-.*|sharedaddy|addtoany.*
        |sd-(?:sharing|social|block|like|rating)|(?:post|article|entry|content)-shar(?:e|ing)
        |compartilh(?:ar|e|amento)|compartir|partag(?:e|er)|condividi|teilen|redes-socia(?:is|les)
        |comments?|comments?-(?:list|area|section|form|wrap|wrapper|container|body|text|content
        |box|respond)
        |commentlist|commentform|postcomment|nocomments|disqus.*|respond|comentarios?|commentaires?
        |kommentare?|leserkommentare|reacties|commenti|komentarze
        |tags|tags-(?:links|list)|(?:tag|topic)s?-(?:list|cloud|links)|tagcloud|etiquetas|mots-cles
        |(?:post|entry|article|story|news)-tags|schlagworte|schlagwoerter
        |(?:post-|entry-|article-)?author-(?:bio|box|info|card|desc|description|about|profile
        |details|block)
        |author-bio-.*|about-(?:the-)?author|authorbox|bio-?box|autor(?:en)?-?(?:box|bio|info)
        |sobre-(?:o|el)-autor|a-propos-de-l-auteur|over-de-auteur
        |promo|promo(?:tion)?-(?:box|block|banner|text|unit)|promoted|sponsor(?:ed|s)?
        |advert(?:s|isement|ising|orial)?|ad-(?:unit|slot|container|wrapper|block|box|label)
        |affiliate-?(?:links?|disclaimer|disclosure|note)(?:-.*)?|cta|cta-.*|.*-cta|call-to-action
        |publicida[d]e?|publicite|pubblicita|werbung|anzeige|reklama|advertentie
        |donat(?:e|ion)|donat(?:e|ion)-.*|spenden?|spendenbox|support-us|membership-.*
        |no-?print|not-?for-?print|(?:hide|hidden)-(?:on-|for-|in-)?print|print-(?:hide|hidden|none)
        |d-print-none|do-?not-?print|robots-nocontent
        |breadcrumbs?|breadcrumb-.*|pagination|pager|page-links|skip-links?|cookie-.*|gdpr
        |consent-.*
        |(?:.*-)?pop-?up(?:-.*)?|modal|modal-(?:content|body|dialog|window|box)|hover-?card
        |tooltip.*
        |flyout|(?:post|entry|article)-meta|postmetadata|copyright|copyright-.*
        |sidebar|side-bar|(?:left|right)-sidebar|region-sidebar-.*|widget-area|sidebar-widget
        |sidebar-(?:block|widget|content|inner|item|box|left|right|primary|secondary|first|second
        |module)
        |subscription-widget.*""",
    HIDDEN: r"""
        sr-only|visually-?hidden|screen-reader.*|print-only|only-print|visible-print|printonly|hidden
        |print-version|is-hidden|d-none|hide|invisible|u-hidden|display-none|nodisplay
        |element-invisible""",
    PULL_QUOTE: r"""
        (?:.*-)?(?:pull-?quotes?|pullout|pulled-quote|zitat-?box|destaque|olho)(?:-.*)?""",
    LIVE_ENTRY: r"""
        liveblogupdate|key-event-entry|(?:ticker|lb)-?(?:entry|post|item|event|eintrag)
        |(?:.*-)?live-?(?:blog|ticker|feed|stream|page|text|update|coverage)-?
        (?:entry|entries|post|item|update|card|message|event|eintrag|article|block|row)(?:-.*)?
        |live-(?:update|entry|post|item)|minuto-a-minuto-item|(?:blog|direct)-?(?:update|entree)""",
    LEAD: r"""
        (?:.*-)?(?:lead|lede|intro|introduction|introtext|standfirst|dek|teaser|excerpt|subtitle
        |sub-?headline|subtitulo|chapo|chapeau|sapo|linha-?fina|entradilla|bajada|copete|sommario
        |occhiello|vorspann)(?:-(?:text|copy|paragraph|content|title))?""",
}  # fmt: skip
_EXPANDABLE = r"""
    (?:.*-)?(?:more|full|rest|expand|expandable|expanded|collapse|collapsed|collapsible|accordion|faq
    |paywall|premium|locked|restricted|subscribers?|truncated?|remaining|lazy|answers?|toggle|spoiler
    |details|body|content|article|story|entry|fulltext)(?:-.*)?|articlebody|tab-?panel"""
# Each pattern has one of these in all its names. Most elements have none of them.
_HINTS = """
    aption legend unterschrift bildtext nachweis bildquelle bild leyenda epigrafe pie didascalia
    schrift podpis source byline author desc agency redit copyright fotograf foto relat yarpp
    recirc read also more- most- trending recommend miss up-next like next- prev navigation
    lesen mehr interess weitere lire sujet theme articles- puede tambien tambem relacionad mas-
    leia veja confira mais materia ultimas leggi correlat lees gerelateerd meer czytaj zobacz
    newsletter subscri sign mailing boletim boletin infolettre nieuwsbrief shar social addtoany
    sd- compart partag condividi teilen redes comment disqus respond comentario komment reacties
    commenti komentarze tag topic etiquetas mots schlagw bio autor auteur promo sponsor advert
    ad- affiliate cta call- public pubblicita werbung anzeige reklama donat spende support
    member print robots breadcrumb pagination pager page-links skip cookie gdpr consent pop
    modal hover tooltip flyout meta sidebar side-bar widget sr-only hidden screen d-none hide
    invisible none nodisplay pull zitat destaque olho live key- ticker lb minuto blog direct
    lead lede intro standfirst dek teaser excerpt subtit sub-head subhead chap sapo linha
    entradilla bajada copete sommario occhiello vorspann saiba
""".split()


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(pattern.split()))


_ROLES = {role: _compiled(pattern) for role, pattern in _PATTERNS.items()}
_MAY_EXPAND = _compiled(_EXPANDABLE)
_HINT_FINDER = AhoCorasick(_HINTS)


@lru_cache(maxsize=20_000)
def roles_of(names: str) -> int:
    """Return what an element of a page is for: a sum of the constants CAPTION, BOX, HIDDEN and so
    on that apply to it, or 0 if none does.

    `names` are the class names, ids and role of the element, joined by spaces, at most `MAX_CHARS`
    characters. The results are cached, because all pages of a site have the same names.
    """
    roles = 0
    for written in names.split():
        roles |= _roles_of_name(written)
    if roles & HIDDEN and _SHOWN_LATER.search(names):
        roles &= ~HIDDEN
    return roles


@lru_cache(maxsize=50_000)
def _roles_of_name(written: str) -> int:
    if not _HINT_FINDER.find_matches_as_indexes(written.lower().replace("_", "-")):
        return 0
    name = _normal(written)
    return sum(role for role, pattern in _ROLES.items() if pattern.fullmatch(name)) if name else 0


def may_expand(names: str) -> bool:
    """Whether an element may hold a part of the article that readers see only after a click or a
    login, to judge by its class names and ids (`names`), such as "more" or "accordion-panel"."""
    normal = map(_normal, names[:MAX_CHARS].split())
    return any(name and _MAY_EXPAND.fullmatch(name) for name in normal)


def _normal(written: str) -> str:
    """Write a class name in lower case, with hyphens between words: "photoCredit" gives
    photo-credit. A name that says nothing about its element gives ""."""
    if len(written) > _MAX_NAME_CHARS or not _NAME.fullmatch(written):
        return ""
    name = _JOINS.sub("-", _CAPITAL.sub("-", written)).lower().strip("-")
    return "" if name.count("-") >= _MAX_NAME_WORDS or name.startswith(_ARRANGED) else name
