"""Which elements of a page belong to its article: for authors and pictures, and for dates."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from worker.clean.metadata.article_scope import ArticleScope

H1 = "<h1>Harbour reopens after storm</h1>"
CASES = [
    # An element <b>, whether it is of the article, and whether its date may be the article's.
    (f"<article>{H1}<p><b>x</b></p></article>", True, True),
    (f"{H1}<div class=comments><p><b>x</b></p></div>", False, False),
    (f"<div class=comments>{H1}<p><b>x</b></p></div>", True, True),
    (f"{H1}<div id=comment-list-12><p><b>x</b></p></div>", False, False),
    (f"{H1}<div class='upcoming-events'><p><b>x</b></p></div>", False, False),
    (f"{H1}<div class='flex pointer-events-none'><p><b>x</b></p></div>", True, True),
    (f"{H1}<div class=prevents><p><b>x</b></p></div>", True, True),
    (f"{H1}<div class='next-post'><a><b>x</b></a></div>", False, False),
    (f"{H1}<article><h3><a href=/o>Other news today</a></h3><b>x</b></article>", False, False),
    (f"{H1}<article><p><b>x</b></p></article>", True, True),
    (f"{H1}<footer><p><b>x</b></p></footer>", False, False),
    (f"<article>{H1}<footer><p><b>x</b></p></footer></article>", True, True),
    (f"{H1}<footer class=entry-meta><p><b>x</b></p></footer>", True, True),
    # The frame of a page has dates of its article, but names of others.
    (f"{H1}<div class=sidebar><p><b>x</b></p></div>", False, True),
    (f"{H1}<aside><p><b>x</b></p></aside>", False, True),
    (f"<header><p><b>x</b></p></header>{H1}", False, True),
    (f"<header>{H1}<p><b>x</b></p></header>", True, True),
    (f"<div class=has-sidebar>{H1}<p><b>x</b></p></div>", True, True),
    # Without a heading that has the title, a main heading stands for the article.
    ("<div class=related><h1>Opera tonight</h1><p><b>x</b></p></div>", True, True),
    (f"{H1}<div class=related><h1>Opera tonight</h1><p><b>x</b></p></div>", False, False),
]


@pytest.mark.parametrize(("body", "inside", "dated"), CASES)
def test_an_element_is_of_the_article_or_not(body: str, inside: bool, dated: bool) -> None:
    tree = LexborHTMLParser(f"<html><body>{body}<p>Text.</p></body></html>")
    scope = ArticleScope(tree, "Harbour reopens after storm")
    node = tree.css_first("b")
    assert node is not None
    assert scope.holds(node) is inside
    assert scope.may_date(node) is dated
