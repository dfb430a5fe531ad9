"""A failed fetch is no article, and an article about failed fetches is one."""

import gzip
import tomllib
import zlib
from base64 import b64encode
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from tests.clean.ordinary import CONFIG, NOW, PARAGRAPHS, RULES, TEXT, cleaned, markup, raw
from tests.support.cleaning_tables import FAILED_FETCHES
from worker.clean import CleaningRules, clean
from worker.clean.failed_fetch_rules import NO_PAGE_RULES
from worker.errors import Reason, Rejected
from worker.model.admission import LIMITS
from worker.model.completeness import Extent
from worker.model.records import Article

PAGE = (
    "<!doctype html><html lang='en'><head><title>Harbour reopens</title></head><body><article>"
    f"<h1>Harbour reopens</h1>{''.join(f'<p>{p}</p>' for p in PARAGRAPHS)}</article></body></html>"
)
CHALLENGE = (
    "<html><head><title>Just a moment...</title></head><body><h1>news.example.com</h1>"
    "<p>Verifying you are human. This may take a few seconds.</p></body></html>"
)
TEASER = "Ferries run again from Monday, every hour until the end of March."


def given(case: dict[str, Any]) -> dict[str, Any]:
    """The raw article of a case; one with a page has no title of its own."""
    value = case["page"] if "page" in case else case["content"]
    value = value.replace("{story}", FAILED_FETCHES["story"]) if case.get("story") else value
    content = [{"type": case.get("type", "text/html"), "value": value}]
    return {"title": case.get("title", ""), "content": content}


def failure(**fields: Any) -> str:
    """The detail of the dead letter for this raw article."""
    with pytest.raises(Rejected) as rejected:
        cleaned(**fields)
    assert rejected.value.reason is Reason.FAILED_FETCH
    return rejected.value.detail


def named(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", FAILED_FETCHES["failed"], ids=named)
def test_a_failed_fetch_is_refused_and_says_what_came_instead(case: dict[str, Any]) -> None:
    assert failure(**given(case)) in (case["signal"], f"{case['signal']}: {vendor_of(case)}")


def vendor_of(case: dict[str, Any]) -> str:
    marks = RULES.failed_fetch.vendors
    text = (case.get("page") or case["content"]).lower()
    return next((v for v in marks if any(mark in text for mark in marks[v])), "")


@pytest.mark.parametrize("case", FAILED_FETCHES["honest"], ids=named)
def test_an_article_that_looks_like_one_goes_through(case: dict[str, Any]) -> None:
    assert "no-page" not in cleaned(**given(case)).flags


@pytest.mark.parametrize("teaser", FAILED_FETCHES["teasers"])
def test_a_sentence_that_begins_like_an_error_is_an_article(teaser: str) -> None:
    page = f"<html><head><title>A headline</title></head><body><p>{teaser}</p></body></html>"
    for content in (markup(teaser), markup(teaser, "text/plain"), markup(page)):
        assert cleaned(title="", content=content).text
    assert cleaned(content=(), summary=teaser).text


# -- The status of the response ------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 451, 500, 503, 522, 599, 999])
@pytest.mark.parametrize("value", [PAGE, CHALLENGE, TEXT, ""])
def test_an_error_brings_no_article_whatever_it_brings(status: int, value: str) -> None:
    assert failure(content=markup(value), fetch={"status": status}) == f"HTTP status {status}"


@pytest.mark.parametrize("status", [None, 200, 203, 206, 226, 0, -1, 1, 99, 1000, 2**53, "200"])
def test_other_statuses_say_nothing(status: object) -> None:
    fetch = {"status": status}
    assert cleaned(content=markup(PAGE), fetch=fetch).flags == ()
    assert failure(content=markup(CHALLENGE), fetch=fetch) == "challenge page"
    assert cleaned(content=(), fetch=fetch).text == ""


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
def test_a_redirect_that_was_followed_brings_the_page_it_led_to(status: int) -> None:
    assert cleaned(content=markup(PAGE), fetch={"status": status}).flags == ()
    assert cleaned(content=TEASER, fetch={"status": status}).text == TEASER


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308])
def test_a_redirect_that_was_not_followed_brings_a_stub(status: int) -> None:
    stub = "<html><head><title>Umgezogen</title></head><body><a href='/b'>Weiter</a></body></html>"
    assert failure(content=markup(stub), fetch={"status": status}) == f"HTTP status {status}"


def test_a_page_that_was_not_modified_did_not_come() -> None:
    assert "304" in failure(content=(), fetch={"status": 304})
    assert "304" in failure(content="", title="", fetch={"status": 304})
    assert cleaned(content="", summary=TEASER, fetch={"status": "304"}).flags == ("no-page",)


def test_headlines_of_a_feed_that_moved_are_headlines() -> None:
    assert cleaned(content="", fetch={"status": 301}).title == "Harbour reopens"


# -- The feed's content is used instead ----------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"content": markup(CHALLENGE), "summary": TEASER}, TEASER),
        ({"content": markup(PAGE), "summary": TEASER, "fetch": {"status": 503}}, TEASER),
        ({"content": (), "summary": TEASER, "fetch": {"status": 404}}, TEASER),
        ({"content": [*markup(CHALLENGE), *markup(f"<p>{TEASER}</p>")]}, TEASER),
        ({"content": [*markup(f"<p>{TEASER}</p>"), *markup(CHALLENGE)]}, TEASER),
        (
            {"content": [*markup(PAGE), *markup(TEASER)], "fetch": {"status": 500}},
            TEASER,
        ),
        ({"content": markup("<p>Enable JavaScript to continue</p>"), "summary": TEASER}, TEASER),
        ({"content": [{"value": b64encode(b"%PDF-1.7\n%\xe2\xe3").decode(), "encoding": "base64"}],
          "summary": TEASER}, TEASER),
    ],
)  # fmt: skip
def test_title_and_text_of_the_feed_make_an_article_without_page(
    fields: dict[str, Any], text: str
) -> None:
    article = cleaned(**fields)
    assert (article.title, article.text, article.flags) == ("Harbour reopens", text, ("no-page",))
    assert article.extent is Extent.TEASER


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "", "summary": TEASER},
        {"title": "—", "summary": TEASER, "fetch": {"status": 404}},
        {"summary": ""},
        {"summary": " \n "},
        {"title": "Just a moment...", "summary": TEASER},
        {"title": "404 - Page not found", "summary": TEASER},
        {"summary": "Verifying you are human. This may take a few seconds."},
        {"title": "", "content": [*markup(CHALLENGE), *markup(TEASER)]},
        {"content": [*markup(CHALLENGE), *markup("Enable JavaScript and cookies to continue")]},
        {"content": [*markup(TEASER), *markup(TEXT)], "fetch": {"status": 502}},
    ],
)
def test_without_title_and_text_of_its_feed_a_failed_fetch_is_nothing(
    fields: dict[str, Any],
) -> None:
    assert failure(**({"content": markup(CHALLENGE)} | fields))


def test_nothing_of_the_page_that_came_instead_is_taken() -> None:
    page = CHALLENGE.replace(
        "<head>",
        '<head><meta name="author" content="Ann Lee"><meta property="article:section" '
        'content="Security"><link rel="canonical" href="https://news.example.com/challenge">'
        '<meta property="og:image" content="/robot.png">',
    )
    article = cleaned(content=markup(page), summary=TEASER)
    assert (article.authors, article.categories, article.image) == ((), (), "")
    assert article.aliases == ()


def test_a_page_that_came_counts_whatever_came_besides() -> None:
    article = cleaned(content=[*markup(CHALLENGE), *markup(PAGE)], summary=TEASER)
    assert (article.text.endswith(PARAGRAPHS[-1]), article.flags) == (True, ())


def test_a_summary_that_is_an_error_is_not_read() -> None:
    summary = "Error establishing a database connection"
    assert failure(content=(), summary=summary) == "error page"
    assert failure(content=markup(CHALLENGE), summary=summary) == "challenge page"


@pytest.mark.parametrize(
    ("fields", "extent"),
    [
        ({}, Extent.TEXT),
        ({"content": markup(PAGE)}, Extent.TEXT),
        ({"content": (), "summary": TEASER}, Extent.TEASER),
        ({"content": ""}, Extent.TITLE),
        ({"content": "<img src=a.png>"}, Extent.TITLE),
    ],
)
def test_how_much_of_an_article_came(fields: dict[str, Any], extent: Extent) -> None:
    assert cleaned(**fields).extent is extent


# -- Bytes ---------------------------------------------------------------------------------------

NOISE = Random(7).randbytes(700)
FILES = {
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n",
    "zip": b"PK\x03\x04\x14\x00\x08\x08\x08\x00" + NOISE,
    "PNG": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + NOISE,
    "JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + NOISE,
    "GIF": b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + NOISE,
    "WebP": b"RIFF\x24\x00\x00\x00WEBPVP8 " + NOISE,
    "brotli": b"\x1b\xff\x07\x00" + NOISE,
    "zstd": b"\x28\xb5\x2f\xfd\x04\x58" + NOISE,
    "RTF": b"{\\rtf1\\ansi\\deff0 {\\fonttbl {\\f0 Times;}}\\f0 The harbour reopens.}",
    "film": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00" + NOISE,
    "broken gzip": b"\x1f\x8b\x08\x00" + NOISE,
    "gzip that breaks off": gzip.compress(PAGE.encode() + NOISE.hex().encode())[:-60],
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("encoding", ["base64", "latin-1", "utf-8", "cp1252", "no controls"])
def test_a_file_that_is_typed_as_a_page_is_none(name: str, encoding: str) -> None:
    data, content = FILES[name], {"type": "text/html"}
    match encoding:
        case "base64":
            content |= {"encoding": "base64", "value": b64encode(data).decode()}
        case "no controls":  # as some clients clean what they store
            text = data.decode("utf-8", "replace")
            content |= {"value": "".join(c for c in text if c.isprintable() or c in "\r\n\t")}
        case _:
            content |= {"value": data.decode(encoding, "replace")}
    assert failure(content=[content]).startswith("no page: ")


PACKED = {
    "gzip": gzip.compress(PAGE.encode()),
    "zlib": zlib.compress(PAGE.encode()),
    "gzip twice": gzip.compress(gzip.compress(PAGE.encode())),
}


@pytest.mark.parametrize("data", PACKED.values(), ids=PACKED)
def test_a_page_that_nobody_unpacked_is_unpacked(data: bytes) -> None:
    content = [{"type": "text/html", "encoding": "base64", "value": b64encode(data).decode()}]
    assert cleaned(content=content).text == cleaned(content=markup(PAGE)).text


def test_an_error_that_nobody_unpacked_is_an_error() -> None:
    value = b64encode(gzip.compress(CHALLENGE.encode())).decode()
    assert failure(content=[{"encoding": "base64", "value": value}]) == "challenge page"


def test_bytes_that_would_become_too_many_are_not_unpacked() -> None:
    value = b64encode(gzip.compress(b"a" * (LIMITS.article_bytes + 1))).decode()
    assert "5,242,880" in failure(content=[{"encoding": "base64", "value": value}])


@pytest.mark.parametrize(
    "text",
    [
        "x" * 40 + " marks the spot, says the harbour master.",
        "x^2 is what the graffiti on the quay says.",
        "GIF89a turns forty.",
        "PK Rao won the election.",
        "%PDF files are what the town archive prints.",
        "\x01\x02WIRE\x03 The harbour reopened on Monday after two weeks of repairs.",
        "T\x00h\x00e\x00 harbour reopened on Monday.",
        "Гавань снова открыта, сообщил капитан порта.".encode().decode("latin-1"),
        "The harbour \ufffd\ufffd reopened on Monday after two weeks of repairs.",
    ],
)
def test_a_text_that_looks_like_a_file_is_a_text(text: str) -> None:
    assert cleaned(content=markup(text, "text/plain")).text
    data = b64encode(text.encode("utf-8")).decode()
    assert cleaned(content=[{"type": "text/plain", "encoding": "base64", "value": data}]).text


# -- The rules -----------------------------------------------------------------------------------


def changed(**table: Any) -> dict[str, Any]:
    given_rules = tomllib.loads(CONFIG.read_text("utf-8"))
    return {**given_rules, "failed_fetch": {**given_rules["failed_fetch"], **table}}


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("not (found", "missing \\)"),
        ("(?:not found)?", "empty line"),
        ("(not) found", "groups must not capture"),
    ],
)
def test_a_pattern_that_cannot_work_is_refused_with_its_place(pattern: str, problem: str) -> None:
    page = {"name": "lost page", "titles": {"en": pattern}}
    with pytest.raises(ValidationError, match=f"page kind lost page, en: .*{problem}"):
        CleaningRules.model_validate(changed(pages=[page]))


def test_a_page_of_ones_own_is_known_by_ones_own_rules() -> None:
    page = {"name": "strike", "lines": {"en": "our reporters are on strike"}}
    rules = CleaningRules.model_validate(changed(pages=[page]))
    with pytest.raises(Rejected) as rejected:
        clean(raw(content="<p>Our reporters are on strike!</p>"), rules, NOW)
    assert rejected.value.detail == "strike"


def test_rules_of_before_know_status_and_bytes() -> None:
    older = tomllib.loads(CONFIG.read_text("utf-8"))
    del older["failed_fetch"]
    rules = CleaningRules.model_validate(older)
    assert rules.failed_fetch == NO_PAGE_RULES
    assert article(rules, content=markup(CHALLENGE)).text
    for fields in ({"fetch": {"status": 503}}, {"content": FILES["PDF"].decode("latin-1")}):
        with pytest.raises(Rejected):
            article(rules, **fields)


def article(rules: CleaningRules, **fields: Any) -> Article:
    return clean(raw(**fields), rules, NOW)
