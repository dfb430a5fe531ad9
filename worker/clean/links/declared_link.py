"""Read the address that a web page declares for itself, and decide whether it can be that of the
article."""

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from worker.clean.cleaning_rules import UrlRules
from worker.clean.links.canonical_link import canonical
from worker.clean.links.sites import site_of, site_of_host

_HOME = ("", "/", "/index.html", "/index.php", "/index.htm")


def declared_link(tree: LexborHTMLParser) -> str:
    """Return the address that a page declares for itself: that of the first <link rel=canonical> in
    its head, completed by the page's <base> element; "" if the head has none.

    Such elements in the body are ignored, because a reader's comment may contain one.
    """
    for node in _in_head(tree, "link[rel][href]"):
        if "canonical" in (node.attributes.get("rel") or "").lower().split():
            return resolved(tree, node.attributes.get("href") or "")
    return ""


def resolved(tree: LexborHTMLParser, address: str) -> str:
    """Complete a relative address in a page by the <base> element of the page; without one, return
    the address unchanged."""
    address = address.strip()
    base = next(_in_head(tree, "base[href]"), None)
    try:
        return urljoin((base.attributes.get("href") or "").strip(), address) if base else address
    except ValueError:  # "http://[broken"
        return address


def page_canonical(href: str, link: str, rules: UrlRules) -> str:
    """Normalise the address `href` that the page at `link` declares as its own (<link
    rel=canonical>).

    Returns "" if this can't be the address of the article: it is a home page, belongs to another
    site, or is no web address. An address of another site is accepted only if `link` is that of a
    service which redirects to articles, such as a service for short links.
    """
    try:
        url = canonical(urljoin(link, href.strip()), rules)
    except ValueError:
        return ""
    if not url or is_home_page(url):
        return ""
    if not link or site_of(url) == site_of(link):
        return url
    return url if is_redirector(link, rules) and not is_redirector(url, rules) else ""


def is_home_page(url: str) -> bool:
    """Whether an address is the home page of a site: it has no path except "/" or "/index.html",
    and neither a query ("?…") nor a fragment ("#…")."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    return parts.path.lower() in _HOME and not parts.query and not parts.fragment


def is_redirector(link: str, rules: UrlRules) -> bool:
    """Whether a link belongs to a service that redirects to articles of other sites, such as a
    service for short links."""
    try:
        host = urlsplit(link).hostname or ""
    except ValueError:
        return False
    return host in rules.redirectors or site_of_host(host) in rules.redirectors


def _in_head(tree: LexborHTMLParser, selector: str) -> Iterator[LexborNode]:
    head = tree.head
    return iter(head.css(selector)) if head is not None else iter(())
