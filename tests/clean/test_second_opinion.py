"""The main text of the classifier is used only where it is reliable."""

import pytest

from tests.clean.ordinary import PARAGRAPHS, RULES
from worker.clean.page.agreement import is_sure
from worker.clean.page.main_text import main_text, parse

RULES_OF_PAGES = RULES.html
ARTICLE = " ".join(PARAGRAPHS * 3)
MENU = "".join(f"<li><a href='/{n}'>Section {n} of the site</a></li>" for n in range(40))
PAGE = (
    "<html><body><nav><ul>" + MENU + "</ul></nav><main><article><h1>Harbour reopens</h1>"
    + "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS * 3)
    + "</article></main></body></html>"
)  # fmt: skip
MENU_TEXT = " ".join(f"Section {n} of the site" for n in range(40))


@pytest.mark.parametrize(
    ("text", "doubt", "language", "sure"),
    [
        (ARTICLE, 0.01, "de", True),
        (ARTICLE, 0.3, "de", True),  # resiliparse finds the same
        (MENU_TEXT, 0.3, "de-AT", False),  # resiliparse finds something else
        (MENU_TEXT, 0.3, "", False),
        (MENU_TEXT, 0.3, "en-GB", True),  # it is not asked about what the trees know
        (MENU_TEXT, 0.01, "de", True),  # nor where they are sure
        (ARTICLE, 0.5, "en", False),
        (ARTICLE[:200], 0.01, "en", False),
        ("港湾は月曜日に再開した。" * 40, 0.01, "ja", False),  # no script that the trees know
        ("Порт снова открылся в понедельник. " * 20, 0.01, "ru", True),
    ],
)
def test_trees_are_relied_upon_where_they_are_sure_or_not_alone(
    text: str, doubt: float, language: str, sure: bool
) -> None:
    assert is_sure(text, doubt, PAGE, language, RULES_OF_PAGES) is sure


def test_an_article_in_a_script_that_the_classifier_was_not_trained_on_is_found() -> None:
    sentence = "港湾は嵐による損傷の修理が終わり、月曜日に二週間ぶりに再開したと発表した。"
    body = "".join(f"<p>{sentence}{n}</p>" for n in range(12))
    page = f"<html><body><article><h1>港湾再開</h1>{body}</article></body></html>"
    assert sentence in main_text(parse(page), RULES_OF_PAGES)[0]
