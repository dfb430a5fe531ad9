"""Program code in an article keeps the indentation of its lines."""

import pytest

from tests.clean.ordinary import RULES
from worker.clean.body import read_body
from worker.model.admission import Content

PROSE = (
    "<p>The gauge is read every three minutes, and the gates of the harbour close by themselves if "
    "the tide is too high, as the engineers explained to the council.</p>"
)
PAGE = "<!doctype html><html lang=en><body><article><h1>Gauges</h1>{}</article></body></html>"


def text_of(markup: str) -> str:
    return read_body(Content(type="text/html", value=markup), RULES).text


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("<pre>if tide:\n    close()\n        now()</pre>", "if tide:|    close()|        now()"),
        ("<pre><code>if tide:\n\tclose()\n\n\nend</code></pre>", "if tide:|    close()|end"),
        (
            "<pre><span class=k>if</span> tide:\n<span class=w>    </span>close(1,   2)</pre>",
            "if tide:|    close(1, 2)",
        ),
        ("<pre>a:\r\n  b</pre>", "a:|  b"),
        ("<pre>x = 1</pre>", "x = 1"),
        ("<pre>a:\n" + " " * 70 + "b</pre>", "a:|" + " " * 40 + "b"),
        # Elsewhere spaces are those of the source of the page.
        ("<p>if tide:\n    close()</p>", "if tide: close()"),
        ("<p>if tide:<br>\n    close()</p>", "if tide:|close()"),
        ("<p>\x1f\x1fif tide</p>", "if tide"),
    ],
)
@pytest.mark.parametrize("form", [PAGE, "{}"], ids=["page", "fragment"])
def test_code_keeps_its_indentation(form: str, code: str, lines: str) -> None:
    text = text_of(form.format(PROSE * 2 + code + PROSE * 3))
    assert "\n\n" + lines.replace("|", "\n\n") + "\n\n" in text
    assert "\x1f" not in text
