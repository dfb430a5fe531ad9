"""Read the address of an article out of the link of a service that redirects to it, such as
"https://www.google.com/url?url=https://np.example/a/1".

Services that hide the target, such as short links, need a request, which cleaning never makes.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

# Host, beginning of the path, and the parameters that may hold the target.
_SERVICES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (r"(?:www\.|news\.)?google\.[a-z]{2,3}(?:\.[a-z]{2})?", "/url", ("url", "q")),
    (r"(?:www\.)?bing\.com", "/news/apiclick.aspx", ("url",)),
    (r"(?:www\.)?bing\.com", "/ck/a", ("u",)),
    (r"(?:www\.|l\.|lm\.|m\.)?facebook\.com", "/l.php", ("u",)),
    (r"(?:www\.|m\.)?facebook\.com", "/flx/warn", ("u",)),
    (r"l\.(?:instagram|messenger|threads)\.(?:com|net)", "/", ("u",)),
    (r"(?:www\.|m\.)?youtube\.com", "/redirect", ("q",)),
    (r"out\.reddit\.com", "/", ("url",)),
    (r"(?:www\.)?linkedin\.com", "/redir/redirect", ("url",)),
    (r"(?:www\.)?linkedin\.com", "/safety/go", ("url",)),
    (r"(?:[a-z]{1,3}\.)?vk\.com", "/away.php", ("to",)),
    (r"(?:html\.|lite\.)?duckduckgo\.com", "/l/", ("uddg",)),
    (r"t\.umblr\.com", "/redirect", ("z",)),
    (r"disq\.us", "/", ("url",)),
    (r"(?:[a-z0-9-]{1,63}\.)?safelinks\.protection\.outlook\.com", "/", ("url",)),
    (r"slack-redir\.net", "/link", ("url",)),
    (r"(?:www\.)?medium\.com", "/r/", ("url",)),
    (r"(?:www\.)?steamcommunity\.com", "/linkfilter/", ("url", "u")),
    (r"(?:www\.)?(?:msn|live)\.com", "/redirect", ("url",)),
    (r"news\.yahoo\.co\.jp", "/redirect", ("url",)),
    (r"exit\.sc", "/", ("url",)),
    (r"go\.skimresources\.com", "/", ("url",)),
    (r"click\.linksynergy\.com", "/", ("murl",)),
)
_COMPILED = tuple((re.compile(host), path, names) for host, path, names in _SERVICES)
_HINTS = tuple(
    "google. bing. yahoo. facebook. l.instagram. l.messenger. l.threads. youtube.com/redirect "
    "out.reddit. linkedin.com/ vk.com/away duckduckgo. t.umblr. disq.us safelinks. slack-redir. "
    "medium.com/r/ linkfilter /redirect exit.sc skimresources. linksynergy.".split()
)
# Yahoo writes the target into the path: "/RU=https%3a%2f%2fnp.example%2fa/RK=2", "/*http://…".
_YAHOO_PATH = re.compile(r"/RU=([^/?#]+)|/\*{1,2}(https?(?::|%3a).+)", re.I | re.S)
_WEB = re.compile(r"https?://[^/\s]", re.I)
_BASE64 = re.compile(r"a1([A-Za-z0-9_-]{8,})")
_MAX_NESTED = 3


def redirect_target(link: str) -> str:
    """Return the address that the link of a known service redirects to, if the link holds it; any
    other link is returned unchanged."""
    for _ in range(_MAX_NESTED):
        target = _target(link)
        if not target:
            break
        link = target
    return link


def _target(link: str) -> str:
    lower = link[:200].lower()
    if not any(map(lower.__contains__, _HINTS)):
        return ""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").lower()
    except ValueError:
        return ""
    return next((target for target in _candidates(parts, host) if _WEB.match(target)), "")


def _candidates(parts: SplitResult, host: str) -> Iterator[str]:
    if host.endswith(".yahoo.com") and (match := _YAHOO_PATH.search(parts.path)):
        yield unquote(match[1] or match[2])
    for pattern, path, names in _COMPILED:
        if parts.path.startswith(path) and pattern.fullmatch(host):
            values = parse_qs(parts.query.replace("&amp;", "&"), max_num_fields=None)
            for name in names:
                for value in values.get(name, ()):
                    yield value
                    yield _decoded(value)


def _decoded(value: str) -> str:
    """Decode the target of a search result of Bing, which is "a1" and base64."""
    match = _BASE64.fullmatch(value)
    if not match:
        return ""
    try:
        return urlsafe_b64decode(match[1] + "=" * (-len(match[1]) % 4)).decode()
    except ValueError:
        return ""
