import pytest

from tests.clean.ordinary import raw
from worker.clean.links.article_keys import MAX_KEY_BYTES, keys_of

LINK = "url:news.example.com/2026/harbour"
PAGE = "https://news.example.com/harbour"


@pytest.mark.parametrize(
    ("fields", "page_url", "key", "aliases"),
    [
        ({"id": "a-1"}, "", "id:a-1", (LINK,)),
        ({"id": " a-1 "}, "", "id:a-1", (LINK,)),
        (
            {"id": "https://x.example/1?utm_source=y"},
            "",
            "id:https://x.example/1?utm_source=y",
            (LINK,),
        ),
        ({"id": "a-1"}, PAGE, "id:a-1", (LINK, "url:news.example.com/harbour")),
        ({}, "", LINK, ()),
        ({}, PAGE, LINK, ("url:news.example.com/harbour",)),
        ({}, "https://www.news.example.com/2026/harbour/", LINK, ()),
        ({"id": "a-1", "link": ""}, "", "id:a-1", ()),
    ],
)
def test_an_id_outranks_a_link_and_the_page_only_adds_an_alias(
    fields: dict[str, str], page_url: str, key: str, aliases: tuple[str, ...]
) -> None:
    assert keys_of(raw(**fields), "Title", "Text", page_url) == (key, aliases)


def test_without_id_and_link_the_words_identify() -> None:
    nameless = raw(link="", title="")
    key, _ = keys_of(nameless, "Harbour reopens", "Ferries run, again.", "")
    assert key == "text:~91e9522ad06d1acaedb190619313419f"
    assert keys_of(nameless, "HARBOUR reopens!", "Ferries “run” again", "") == (key, ())
    assert keys_of(nameless, "Harbour reopens", "Ferries stop again", "")[0] != key


def test_the_page_of_an_article_without_link_leads_to_it() -> None:
    key, aliases = keys_of(raw(link=""), "Harbour", "Ferries", PAGE)
    assert key.startswith("text:~")
    assert aliases == ("url:news.example.com/harbour",)


def test_a_link_to_a_home_page_identifies_nothing() -> None:
    key, aliases = keys_of(raw(link="https://example.com/?utm_source=rss"), "Harbour", "x", "")
    assert key.startswith("text:~")
    assert aliases == ()


def test_long_keys_are_hashed() -> None:
    fits, too_long = "x" * MAX_KEY_BYTES, "x" * (MAX_KEY_BYTES + 1)
    assert keys_of(raw(id=fits), "", "", "")[0] == f"id:{fits}"
    assert keys_of(raw(id=too_long), "", "", "")[0] == "id:~df26187773c64d90c4630dd273cc3bf6"
