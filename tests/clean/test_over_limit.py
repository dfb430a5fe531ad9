"""Markup over a limit of the parser: its text is kept if it has any, and refused if it has none."""

from time import process_time

import pytest

from tests.clean.ordinary import PARAGRAPHS, RULES, cleaned, markup
from worker.errors import Reason, Rejected

PAGE = "<!doctype html><html><body>"
ARTICLE = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
DEEP = RULES.html.max_depth + 100
ATTRIBUTES = " ".join(f"data-{n}=1" for n in range(RULES.html.max_attributes + 50))
PADDING = "<p>The ferry left the harbour at noon, and came back in the evening.</p>" * 80

OVER_LIMIT = {
    "nested too deep": "<div>" * DEEP + ARTICLE + "</div>" * DEEP,
    "a tag with too many attributes": f"<div {ATTRIBUTES}>{ARTICLE}</div>",
    "too many elements left open": ARTICLE + "<ul>" + "<li>One more ferry" * 5_100,
}


@pytest.mark.parametrize("start", [PAGE, ""], ids=["page", "fragment"])
@pytest.mark.parametrize("name", OVER_LIMIT)
def test_the_text_of_an_honest_body_over_a_limit_is_kept(name: str, start: str) -> None:
    script = "<script>var harbour = 'closed'</script><style>p {color: red}</style>"
    article = cleaned(content=markup(f"{start}{script}{OVER_LIMIT[name]}{PADDING}"))
    assert "tags-cut" in article.flags
    for paragraph in PARAGRAPHS:
        assert paragraph in article.text
    assert "<" not in article.text
    assert "var harbour" not in article.text
    assert "color" not in article.text


@pytest.mark.parametrize("name", ["nested too deep", "a tag with too many attributes"])
def test_the_same_body_below_the_limit_is_read_as_usual(name: str) -> None:
    below = OVER_LIMIT[name].replace("<div>" * 200, "").replace("</div>" * 200, "")
    below = below.replace(ATTRIBUTES, ATTRIBUTES[:2_000])
    assert "tags-cut" not in cleaned(content=markup(f"{PAGE}{below}{PADDING}")).flags


@pytest.mark.parametrize(
    "hollow", ["<div>" * 4_000, f"<p {ATTRIBUTES}>" * 9, "<quote> … — " * 2_000]
)
def test_a_body_over_a_limit_without_a_word_is_refused_as_hostile(hollow: str) -> None:
    with pytest.raises(Rejected) as rejected:
        cleaned(content=markup(PAGE + hollow))
    assert rejected.value.reason is Reason.HOSTILE


def test_a_megabyte_of_attributes_takes_less_time_than_a_message_may() -> None:
    tag = f"<p {' '.join(f'a{n}=1' for n in range(280))}>x"
    page = PAGE + tag * (2**20 // len(tag))
    began = process_time()
    article = cleaned(content=markup(page))
    assert article.text
    assert process_time() - began < 1.0  # 0.3 on a calm core; 1.1 if it is searched for a date
