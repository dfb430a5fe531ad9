"""Addresses as feeds and pages write them, and the article that each leads to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clean.ordinary import RULES, TEXT, cleaned, markup
from worker.clean.links.absolute_link import absolute_link
from worker.clean.links.canonical_link import canonical
from worker.clean.links.declared_link import page_canonical
from worker.clean.links.link_variants import cached_page, is_variant, usual_version
from worker.clean.links.redirect_targets import redirect_target
from worker.clean.links.sites import site_of

ARTICLE = "https://np.example/a/1"
FEED = "https://np.example/rss/all.xml"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("np.example/a/1", ARTICLE),
        ("www.np.example/a/1", "https://www.np.example/a/1"),
        ("www.np.example", "https://www.np.example"),
        ("news.np.example:8080/a?x=1", "https://news.np.example:8080/a?x=1"),
        ("//np.example/a/1", ARTICLE),
        ("/a/1", ARTICLE),
        ("../a/1", ARTICLE),
        ("article.html", "https://np.example/rss/article.html"),
        ("index.php/a/1", "https://np.example/rss/index.php/a/1"),
        ("?p=12", "https://np.example/rss/all.xml?p=12"),
        ("http:/np.example/a/1", "http://np.example/a/1"),
        ("https:np.example/a/1", ARTICLE),
        ("https://https://np.example/a/1", ARTICLE),
        ("http://https://np.example/a/1", ARTICLE),
        ("feed:https://np.example/a/1", ARTICLE),
        ("feed://np.example/a/1", ARTICLE),
        ("https://np.example/a/1?x=1&#038;y=2", "https://np.example/a/1?x=1&y=2"),
        # Nothing to complete.
        (ARTICLE, ARTICLE),
        ("http://feedproxy.example/~r/np", "http://feedproxy.example/~r/np"),
        ("https://np.example/https://x.example/a", "https://np.example/https://x.example/a"),
        ("mailto:a@np.example", "mailto:a@np.example"),
        ("urn:uuid:1", "urn:uuid:1"),
        ("tag:np.example,2026:/a/1", "tag:np.example,2026:/a/1"),
        ("data:text/html,<script>", "data:text/html,<script>"),
        ("javascript:void(0)", "javascript:void(0)"),
        ("#top", "#top"),
        ("", ""),
    ],
)
def test_a_link_is_completed_by_its_feed(link: str, expected: str) -> None:
    assert absolute_link(link, FEED) == expected


def test_without_a_feed_a_relative_link_stays_as_it_is() -> None:
    assert absolute_link("/a/1", "") == "/a/1"
    assert cleaned(link="/a/1").url == ""
    assert cleaned(link="/a/1", feed={"url": FEED}).url == ARTICLE
    assert cleaned(link="/a/1", source={"id": "np", "url": "np.example/"}).url == ARTICLE


@pytest.mark.parametrize(
    ("fragment", "kept"),
    [
        ("item-2", "item-2"),
        ("a1", "a1"),
        ("!/news/5", "!/news/5"),
        ("/news/5", "/news/5"),
        ("2026-11-29", "2026-11-29"),
        ("stadtfest-am-samstag", "stadtfest-am-samstag"),
        ("id=12", "id=12"),
        ("item-2:~:text=harbour", "item-2"),
        ("top", ""),
        ("comments", ""),
        ("comment-1234", ""),
        ("respond", ""),
        ("more-123", ""),
        ("fnref1", ""),
        ("photo-5", ""),
        ("disqus_thread", ""),
        ("utm_source=rss", ""),
        ("utm_source=rss&utm_medium=feed", ""),
        ("xtor=RSS-3208", ""),
        ("Echobox=1699", ""),
        ("ref=rss", ""),
        ("gsc.tab=0", ""),
        ("ixzz4abcdef01", ""),
        (":~:text=harbour", ""),
        ("", ""),
        ("_", ""),
        ("/", ""),
    ],
)
def test_a_fragment_stays_if_it_selects_content(fragment: str, kept: str) -> None:
    expected = f"{ARTICLE}#{kept}" if kept else ARTICLE
    assert canonical(f"{ARTICLE}#{fragment}", RULES.urls) == expected


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("srsltid=AfmB&gad_source=1&gclid=1", ""),
        ("smid=tw-nyt&CMP=rss", ""),
        ("id=7&jsessionid=0A1B", "?id=7"),
        ("PHPSESSID=0a1b&id=7", "?id=7"),
        ("sid=0123456789abcdef0123", ""),
        ("sid=12", "?sid=12"),
        ("source=rss", ""),
        ("ref=rss_feed", ""),
        ("source=mayor", "?source=mayor"),
        ("from=2026-01-01", "?from=2026-01-01"),
    ],
)
def test_a_parameter_that_only_tells_of_the_visit_is_removed(query: str, kept: str) -> None:
    assert canonical(f"{ARTICLE}?{query}", RULES.urls) == ARTICLE + kept


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        (";jsessionid=ABC?x=1", "?x=1"),
        (";JSESSIONID=ABC.node1", ""),
        (";sid=1/b", "/b"),
        (";v=2", ";v=2"),
    ],
)
def test_an_identifier_of_a_visit_in_the_path_is_removed(path: str, kept: str) -> None:
    assert canonical(ARTICLE + path, RULES.urls) == ARTICLE + kept


@pytest.mark.parametrize(
    "link",
    [
        f"https://www.google.com/url?rct=j&sa=t&url={ARTICLE}&ct=ga",
        f"https://www.google.co.uk/url?q={ARTICLE}&sa=U",
        "http://www.bing.com/news/apiclick.aspx?ref=FexRss&url=https%3a%2f%2fnp.example%2fa%2f1&c=1",
        "https://www.bing.com/ck/a?p=1&u=a1aHR0cHM6Ly9ucC5leGFtcGxlL2EvMQ&ntb=1",
        "https://r.search.yahoo.com/_ylt=A0/RV=2/RU=https%3a%2f%2fnp.example%2fa%2f1/RK=2/RS=x-",
        f"http://us.rd.yahoo.com/dailynews/rss/search/*{ARTICLE}",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fnp.example%2Fa%2F1&h=AT0",
        "https://www.facebook.com/l.php?u=https%3A%2F%2Fnp.example%2Fa%2F1",
        "https://l.instagram.com/?u=https%3A%2F%2Fnp.example%2Fa%2F1&e=1",
        "https://out.reddit.com/t3_1?url=https%3A%2F%2Fnp.example%2Fa%2F1&token=1",
        "https://duckduckgo.com/l/?uddg=https%3A%2F%2Fnp.example%2Fa%2F1&rut=1",
        "https://www.youtube.com/redirect?q=https%3A%2F%2Fnp.example%2Fa%2F1",
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fnp.example%2Fa%2F1&data=1",
        f"https://www.google.com/url?url=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3D{ARTICLE}",
    ],
)
def test_the_target_of_a_redirecting_link_is_the_address(link: str) -> None:
    assert redirect_target(link) == ARTICLE
    article = cleaned(link=link)
    assert article.url == ARTICLE
    assert "url:np.example/a/1" in article.aliases


@pytest.mark.parametrize(
    "link",
    [
        "https://np.example/url?url=https://x.example/a",
        "https://www.google.com/search?q=https://np.example/a/1",
        "https://www.google.com/url?q=harbour",
        "https://www.facebook.com/np/posts/1?u=https://np.example/a/1",
        "https://r.search.yahoo.com/a/RU=harbour/RK=2",
        "https://www.bing.com/ck/a?u=a1!!!!",
        "https://notgoogle.com/url?url=https://np.example/a/1",
        "https://google.com.evil.example/url?url=https://np.example/a/1",
        "http://feedproxy.google.com/~r/np/~3/abc/",
        "http://[google.com/url?url=https://np.example",
    ],
)
def test_a_link_that_only_looks_like_a_redirect_stays(link: str) -> None:
    assert redirect_target(link) == link


@given(st.text().map("https://www.google.com/url?url=".__add__) | st.text())
def test_any_text_may_be_a_redirect(link: str) -> None:
    assert isinstance(redirect_target(link), str)
    assert isinstance(usual_version(link), str)
    assert isinstance(cached_page(link), str)
    assert isinstance(absolute_link(link, FEED), str)


@pytest.mark.parametrize(
    "link",
    [
        f"{ARTICLE}/print",
        f"{ARTICLE}/print/",
        f"{ARTICLE}?print=1",
        f"{ARTICLE}?view=1&print=true".replace("view=1&", ""),
        f"{ARTICLE}/amp/",
        f"{ARTICLE}?output=amp".replace("output", "amp"),
        "https://np.example/print/a/1",
        "https://m.np.example/a/1",
        "https://np.example/amp/a/1",
    ],
)
def test_versions_of_a_page_lead_to_its_usual_version(link: str) -> None:
    assert usual_version(link) == ARTICLE
    assert "url:np.example/a/1" in cleaned(link=link).aliases


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://np.example/a/index.html", "https://np.example/a/"),
        ("https://np.example/a/default.aspx?id=3", "https://np.example/a/?id=3"),
        ("https://np.example/a-print.html", "https://np.example/a.html"),
        # These are names of articles and parameters that select content.
        ("https://np.example/print-is-dead", "https://np.example/print-is-dead"),
        ("https://np.example/news/print-shops", "https://np.example/news/print-shops"),
        ("https://np.example/fingerprint", "https://np.example/fingerprint"),
        ("https://np.example/a?print=12345", "https://np.example/a?print=12345"),
        ("https://np.example/reindex.html", "https://np.example/reindex.html"),
    ],
)
def test_only_whole_names_are_versions(link: str, expected: str) -> None:
    assert usual_version(link) == expected


def test_a_copy_in_an_amp_cache_is_that_of_its_publisher() -> None:
    cached = "https://np-example.cdn.ampproject.org/c/s/np.example/a/1/amp/"
    assert cached_page(cached) == "https://np.example/a/1/amp/"
    assert cached_page("https://www.google.com/amp/s/np.example/a/1") == ARTICLE
    google_site = "https://sites.google.com/a/np.example/page"
    assert cached_page(google_site) == google_site
    assert is_variant("https://np.example/amp/a/1")
    assert not is_variant("https://np.example/camp/1")


def test_an_alias_is_added_and_no_key_changes() -> None:
    for link, key in (
        (f"{ARTICLE}?srsltid=1", "url:np.example/a/1?srsltid=1"),
        (f"{ARTICLE}#item-2", "url:np.example/a/1"),
        (f"{ARTICLE}/print", "url:np.example/a/1/print"),
    ):
        assert cleaned(link=link).key == key
    assert cleaned(link=f"{ARTICLE}#item-2").aliases == ("url:np.example/a/1#item-2",)
    assert cleaned(link=f"{ARTICLE}#comments").aliases == ()
    assert cleaned(link="https://np.example/#item-2").aliases == ("url:np.example#item-2",)


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.vg.no/a", "vg.no"),
        ("https://m.vg.no/a", "vg.no"),
        ("https://alice.blogspot.com/", "alice.blogspot.com"),
        ("https://bob.github.io/", "bob.github.io"),
        ("https://alice.wordpress.com/", "alice.wordpress.com"),
        ("https://www.wordpress.com/", "wordpress.com"),
        ("https://en.alice.substack.com/", "alice.substack.com"),
        ("https://www.abc.net.au/", "abc.net.au"),
        ("https://news.example.co.uk/", "example.co.uk"),
        ("https://a.b.example/", "b.example"),
        ("https://localhost/", "localhost"),
        ("https://127.0.0.1/", "127.0.0.1"),
        ("https://[::1]/", "::1"),
        ("http://[broken", ""),
        ("", ""),
    ],
)
def test_the_registered_domain_is_the_site(url: str, site: str) -> None:
    assert site_of(url) == site


@pytest.mark.parametrize(
    ("href", "link", "expected"),
    [
        ("https://www.vg.no/a", "https://m.vg.no/a", "https://www.vg.no/a"),
        ("https://alice.blogspot.com/a", "https://bob.blogspot.com/a", ""),
        (ARTICLE, "https://news.google.com/rss/articles/CBMi", ARTICLE),
        (ARTICLE, "https://t.co/abc", ARTICLE),
        (ARTICLE, "https://x.example/a", ""),
        ("https://bit.ly/abc", "https://t.co/abc", ""),
        ("https://np.example/", "https://t.co/abc", ""),
        ("https://np.example/index.html", f"{ARTICLE}", ""),
    ],
)
def test_the_page_may_name_an_address_of_its_site_or_behind_a_redirect(
    href: str, link: str, expected: str
) -> None:
    assert page_canonical(href, link, RULES.urls) == expected


def page(head: str = "", body: str = "") -> list[dict[str, str]]:
    paragraphs = "".join(f"<p>{line}</p>" for line in TEXT.split("\n\n"))
    return markup(
        f"<!doctype html><html><head><title>Harbour reopens</title>{head}</head>"
        f"<body><article>{paragraphs}</article>{body}</body></html>"
    )


@pytest.mark.parametrize(
    ("link", "head", "body", "url"),
    [
        ("", f'<link rel="canonical" href="{ARTICLE}">', "", ARTICLE),
        ("", "", f'<link rel="canonical" href="{ARTICLE}">', ""),
        ("", "", f'<base href="{ARTICLE}"><link rel="canonical" href="x">', ""),
        ("", f'<link rel="alternate canonical" href="{ARTICLE}">', "", ARTICLE),
        ("", '<base href="https://np.example/"><link rel="canonical" href="a/1">', "", ARTICLE),
        (
            "",
            '<base href="https://np.example/"><meta property="og:url" content="/a/1">',
            "",
            ARTICLE,
        ),
        (
            "",
            f'<link rel="canonical" href="{ARTICLE}"><link rel="canonical" href="/x">',
            "",
            ARTICLE,
        ),
        ("https://np.example/x/amp/", '<link rel="canonical" href="/a/1">', "", ARTICLE),
        ("https://np.example/amp/a/1", f'<link rel="canonical" href="{ARTICLE}">', "", ARTICLE),
        (
            "https://np-example.cdn.ampproject.org/c/s/np.example/a/1/amp/",
            "",
            "",
            f"{ARTICLE}/amp/",
        ),
        (
            "https://news.google.com/rss/articles/C",
            f'<link rel="canonical" href="{ARTICLE}">',
            "",
            ARTICLE,
        ),
        (
            "https://np.example/b",
            f'<link rel="canonical" href="{ARTICLE}">',
            "",
            "https://np.example/b",
        ),
        ("https://np.example/b", '<link rel="canonical" href="/">', "", "https://np.example/b"),
    ],
)
def test_the_address_of_a_page(link: str, head: str, body: str, url: str) -> None:
    assert cleaned(link=link, content=page(head, body)).url == url
