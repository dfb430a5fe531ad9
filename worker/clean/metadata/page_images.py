"""Find the picture that illustrates an article, among its media, in metadata, and in markup."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.metadata.article_scope import ArticleScope
from worker.clean.metadata.json_ld import urls_of
from worker.clean.metadata.page_elements import PageElements, attribute
from worker.model.admission import LIMITS, Media

_IMAGE = ("og:image:secure_url", "og:image", "twitter:image", "twitter:image:src", "thumbnailurl")
_PICTURE_ENDINGS = tuple(".jpg .jpeg .png .gif .webp .avif .bmp .tif .tiff .jfif .heic".split())
_OTHER_ENDINGS = tuple(
    ".mp3 .m4a .ogg .oga .opus .wav .flac .aac .mp4 .m4v .webm .mov .avi .mkv .m3u8 .pdf .epub .zip"
    " .svg .ico .html .htm .js".split()
)
# Pictures that do not illustrate the article: of people, of characters, or invisible ones.
_NO_PICTURE = re.compile(
    r"gravatar\.com/|/avatars?/|/avatar[-_]?\d{0,12}\.|/(?:profile[-_]?(?:pic|photo|image)s?)/|/emojis?/"
    r"|/smil(?:ies|eys?)/|/(?:tracking|track|pixel|spacer|blank|transparent|clear|empty|dot|1x1|1px|grey|gray"
    r"|placeholder|lazy|loading|loader|spinner|default|no[-_]?image)\.(?:gif|png|svg|webp|jpe?g)"
    r"|/[a-z]\.gif(?:$|\?)|[/_-]1x1[/_.-]|/(?:pixel|beacon|track(?:er|ing)?)(?:[/?]|$)|feedburner\.com/~|feedsportal\.com/"
    r"|doubleclick\.net/|stats\.wordpress\.com/|pixel\.wp\.com/|/favicon|placeholder\.(?:svg|gif|png)",
    re.I,
)
_NO_PICTURE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:avatar|emoji|wp-smiley|smiley|gravatar|logo|icon|pixel|tracking)(?:$|[\s_-])",
    re.I,
)
_LAZY = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-orig-file", "data-url")
_SETS = ("data-srcset", "data-lazy-srcset", "srcset")
_CANDIDATE = re.compile(r"([^\s,]\S*[^\s,]|[^\s,])(?:\s+(\d{1,5}(?:\.\d{1,3})?)[wx])?\s*(?:,|$)")
_MIN_SIDE = 50  # pixels; smaller pictures are icons
_MAX_IMAGES = 20
_MAX_MARKUP_CHARS = 200_000


def is_picture(medium: Media) -> bool:
    """Whether a medium of a feed is a picture. If its type is missing or wrong, the ending of its
    address decides."""
    kind, path = medium.type.strip().lower(), _path(medium.url)
    if path.endswith(_OTHER_ENDINGS):
        return False
    return kind.startswith("image") or path.endswith(_PICTURE_ENDINGS)


def illustrates(url: str) -> bool:
    """Whether a picture may illustrate an article, judged by its address. Placeholders, portraits
    of users, invisible pictures that count readers, and addresses longer than a link may be do
    not."""
    url = url.strip()
    return (
        0 < len(url) <= LIMITS.link_bytes
        and not url.startswith(("data:", "about:", "blob:"))
        and (_NO_PICTURE.search(url) is None)
    )


def page_image(elements: PageElements, scope: ArticleScope) -> str:
    """Return the address of the picture of an article: the one that its page declares, else the
    first one inside of the article, "" if there is none.

    `elements` are the elements of the page with metadata; `scope` tells which parts of the page
    belong to the article.
    """
    declared = (
        *(("json-ld", url) for url in urls_of(elements.json_ld.get("image"))),
        *elements.of_meta(_IMAGE),
    )
    if url := elements.first("image", *(pair for pair in declared if illustrates(pair[1]))):
        return url
    images = elements.tree.css("article img,main img,[itemprop=articleBody] img")[:_MAX_IMAGES]
    return elements.first("image", *(("img", url) for url in _urls(images, scope)))


def markup_image(markup: str) -> str:
    """Return the address of the first picture in the markup of a text from a feed; "" if it has
    none that illustrates it."""
    if "<img" not in markup or len(markup) > _MAX_MARKUP_CHARS:
        return ""
    start = markup.index("<img")
    images = LexborHTMLParser(markup[start : start + 4 * 4096].replace("noscript", "div"))
    return next(_urls(images.css("img")[:_MAX_IMAGES]), "")


def _urls(images: Iterable[LexborNode], scope: ArticleScope | None = None) -> Iterator[str]:
    for image in images:
        url = _url(image)
        if url and _is_large(image) and (scope is None or scope.holds(image)):
            yield url


def _url(image: LexborNode) -> str:
    """The address of an <img>. Pages load pictures late: `src` then has a placeholder."""
    urls = (attribute(image, name) for name in (*_LAZY, "src"))
    sets = (_largest(attribute(image, name)) for name in _SETS)
    return next((url.strip() for url in (*urls, *sets) if illustrates(url)), "")


def _largest(srcset: str) -> str:
    """The address of the largest picture in a `srcset`: "a.jpg 320w, b.jpg 640w"."""
    found = [(float(size or 1), url) for url, size in _CANDIDATE.findall(srcset[:8_000])]
    return max(found, key=lambda pair: pair[0], default=(0.0, ""))[1]


def _is_large(image: LexborNode) -> bool:
    if _NO_PICTURE_CLASS.search(attribute(image, "class")):
        return False
    sides = (attribute(image, name).removesuffix("px") for name in ("width", "height"))
    return all(int(side) >= _MIN_SIDE for side in sides if side.isdecimal())


def _path(url: str) -> str:
    try:
        return urlsplit(url.strip()).path.lower()
    except ValueError:
        return ""
