"""What is no raw article is told by its content and its name, and nothing else is taken for it."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.cli.file_kinds import (
    HEAD_BYTES,
    NotRawArticle,
    begins_json,
    content_kind,
    kind_of,
    value_kind,
)
from worker.cli.file_reading import read_file, read_input

RSS = '<?xml version="1.0"?>\n<!-- made by hand -->\n<rss version="2.0"><channel/></rss>'
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title></feed>'
RDF = '<?xml version="1.0"?>\n<rdf:RDF xmlns="http://purl.org/rss/1.0/"><channel/></rdf:RDF>'
JSON_FEED = {"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": []}


def zipped(member: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(member, "text")
    return data.getvalue()


def tarred() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("story.txt"))
    return data.getvalue()


CONTENTS = [
    (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "PDF document"),
    (b"\xef\xbb\xbf\n%PDF-1.7 all in letters", "PDF document"),
    (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image"),
    (b"GIF89a\x01\0\x01\0", "image"),
    (b"RIFF\x24\0\0\0WEBPVP8 ", "image"),
    (b"\0\0\0\x1cftypavif\0\0", "image"),
    (b"ID3\x03\0\0\0\0\x0f", "audio or video file"),
    (b"\0\0\0\x18ftypmp42\0\0", "audio or video file"),
    (zipped("story.txt"), "archive"),
    (tarred(), "archive"),
    (zipped("[Content_Types].xml"), "Office document"),
    (zipped("xl/workbook.xml"), "Office document"),
    (b"{\\rtf1\\ansi Hello}", "Office document"),
    (gzip.compress(b'{"title": "a"}\n', mtime=0), "compressed file"),
    (b"\x28\xb5\x2f\xfd\x24\x0f\x79\0\0", "compressed file"),
    (b"SQLite format 3\0\x10\0\x01\x01", "table"),
    (b"\x7fELF\x02\x01\x01\0\0", "program"),
    (b"#!/usr/bin/env python3\nprint()\n", "program"),
    (bytes(range(256)) * 4, "binary file"),
    (b"some letters and then a \0 zero", "binary file"),
    (RSS.encode(), "RSS or Atom feed"),
    (RSS.encode("utf-16"), "RSS or Atom feed"),
    (RSS.encode("utf-16-le"), "RSS or Atom feed"),
    (b"\xef\xbb\xbf\n  " + ATOM.encode(), "RSS or Atom feed"),
    (b"<atom:feed xmlns:atom='http://www.w3.org/2005/Atom'/>", "RSS or Atom feed"),
    (RDF.encode(), "RSS or Atom feed"),
    (
        b"<?xml version='1.0'?><?xml-stylesheet href='a'?><!DOCTYPE rss [ ]><rss/>",
        "RSS or Atom feed",
    ),
    (b"<opml version='2.0'><body/></opml>", "OPML list of feeds"),
    (b"<?xml version='1.0'?><urlset/>", "sitemap"),
    (b"<sitemapindex/>", "sitemap"),
    (b"<newsItem xmlns='http://iptc.org/std/nar/2006-10-01/'/>", "NewsML document"),
    (b"<nitf/>", "NewsML document"),
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image"),
]


@pytest.mark.parametrize(("head", "name"), CONTENTS, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("file", ["a.txt", "a", "a.html", "a.json", "a.jsonl", "a.md", "a.foo"])
def test_contents_tell_what_a_file_is_whatever_it_is_called(
    head: bytes, name: str, file: str, tmp_path: Path
) -> None:
    kind = kind_of(file, head[:HEAD_BYTES])
    assert kind is not None
    assert kind.name == name
    (tmp_path / file).write_bytes(head)
    assert list(read_file(tmp_path / file, file)) == [(file, NotRawArticle(kind))]


@pytest.mark.parametrize(
    ("endings", "name"),
    [
        ("pdf", "PDF document"),
        ("csv tsv parquet", "table"),
        ("toml yaml ini", "configuration file"),
        ("py js sh ipynb", "program"),
        ("xml nitf", "XML document"),
        ("rss atom rdf", "RSS or Atom feed"),
        ("opml", "OPML list of feeds"),
        ("png jpg svg", "image"),
        ("mp3 mp4", "audio or video file"),
        ("zip tar 7z", "archive"),
        ("gz zst", "compressed file"),
        ("doc docx xlsx odt epub", "Office document"),
        ("foo log eml 2026", "file of another kind"),
    ],
)
def test_where_contents_say_nothing_the_ending_does(endings: str, name: str) -> None:
    for ending in endings.split():
        for file in (f"a.{ending}", f"A.{ending.upper()}"):
            for head in (b"", b"A text of some words,\nin two lines.\n"):
                kind = kind_of(file, head)
                assert kind is not None
                assert (kind.name, bool(kind.do)) == (name, True)


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [
        ("a.txt", '{"title": "a"}', "JSON document"),
        ("a.txt", '[\n  {"title": "a"}\n]', "JSON document"),
        ("a.md", '{"title": "a"}\n{"title": "b"}\n', "JSON document"),
        ("a.txt", '{"title": "' + "a" * HEAD_BYTES, "JSON document"),
        ("a.txt", "<!DOCTYPE html>\n<title>a</title>", "HTML page"),
        ("a.text", "<html><p>a</html>", "HTML page"),
        ("a.xml", "<html xmlns='http://www.w3.org/1999/xhtml'/>", "XML document"),
    ],
)
def test_what_is_called_a_text_and_is_another_kind_of_article_is_told_its_name(
    file: str, text: str, name: str
) -> None:
    kind = kind_of(file, text.encode()[:HEAD_BYTES])
    assert kind is not None
    assert kind.name == name


TEXTS = [
    "",
    "Council opens bridge\n\nThe council opened it on Monday.",
    "MZ reports, BM agrees, ID3 and RIFF and OggS do, too",
    "[1] Smith says so {as others do}.",
    "{Breaking} news today",
    "[AP] Something happened",
    "<b>Bold</b> words begin this text",
    "< 5 percent of voters, said the council",
    "# A title\n\nA text.",
    "#! is no program without a path",
    "PDF files are refused, %PDF- comes later",
    "Grüße aus Köln, très élégant, Привет, 你好",
    "\x1b[1mwith an escape\x1b[0m",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_text_is_a_text(text: str, charset: str) -> None:
    for file in ("a.txt", "a", "a.md", "a.html"):
        assert kind_of(file, text.encode(charset)[:HEAD_BYTES]) is None


@given(st.text(st.characters(categories=["L", "N", "P", "Z"]), max_size=300))
def test_no_words_are_taken_for_another_kind_because_a_letter_was_cut(text: str) -> None:
    data = ("A " + text).encode()
    for end in range(max(0, len(data) - 4), len(data)):
        assert content_kind(data[:end]) is None


@given(st.binary(max_size=200), st.sampled_from(["a.txt", "a.json", "a.xml", "a", "a.pdf"]))
def test_whatever_a_file_begins_with_is_answered(head: bytes, name: str) -> None:
    kind_of(name, head)
    kind_of(name, b"<!" + head)
    kind_of(name, b'{"' + head)


def test_hostile_beginnings_take_no_time() -> None:
    for part in (b"<?a?>", b"<!-- -->", b"<!a>", b"<!DOCTYPE a [", b"{\n", b"[{", b'"version":'):
        kind_of("a.txt", (part * HEAD_BYTES)[:HEAD_BYTES])


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (JSON_FEED, "JSON Feed"),
        ({"version": "http://jsonfeed.org/version/1", "items": []}, "JSON Feed"),
        ({"feed": {"title": "News"}, "entries": [], "bozo": False}, "RSS or Atom feed"),
        ({"title": "a", "feed": {"version": JSON_FEED["version"]}}, ""),
        ({"title": "jsonfeed.org/version", "version": 3}, ""),
        ({"title": "a", "feed": {"title": "News"}}, ""),
        ([JSON_FEED], ""),
        ("text", ""),
    ],
)
def test_documents_of_feeds_are_known_by_their_keys(value: object, name: str) -> None:
    kind = value_kind(value)
    assert (kind.name if kind else "") == name


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("{", True),
        ("[", True),
        ('{"a":', True),
        ('{"a": "b', True),
        ('{"a": 1}\n{"a": 2}', True),
        ("[{}", True),
        ("[1, 2]", False),
        ("{broken", False),
        ('{"a" 1}', False),
        ("[" * 100_000, False),
        ('{"a":' * 100_000, True),
    ],
)
def test_json_is_known_by_its_beginning(text: str, answer: bool) -> None:
    assert begins_json(text) is answer


def stories(stream: bytes) -> list[object]:
    return [raw for _, raw in read_input(io.BytesIO(stream))]


ARTICLE = {"title": "a", "content": []}


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", []),
        (b"\n \n", []),
        (json.dumps(ARTICLE).encode(), [ARTICLE]),
        (
            b"\n\n" + json.dumps(ARTICLE).encode() + b"\n\n" + json.dumps(ARTICLE).encode(),
            [ARTICLE] * 2,
        ),
        (json.dumps(ARTICLE, indent=2).encode(), [ARTICLE]),
        (json.dumps([ARTICLE, ARTICLE]).encode(), [ARTICLE] * 2),
        (json.dumps([ARTICLE, ARTICLE], indent=2).encode(), [ARTICLE] * 2),
        (b"\xef\xbb\xbf" + json.dumps(ARTICLE, indent=2).encode(), [ARTICLE]),
        (b"{broken\n" + json.dumps(ARTICLE).encode(), ["{broken", ARTICLE]),
        (b'{\n"title": "a",\n}', ["{", '"title": "a",', "}"]),
    ],
)
def test_standard_input_is_read_as_what_it_is(stream: bytes, expected: list[object]) -> None:
    assert stories(stream) == expected


def test_lines_are_counted_from_the_first_even_if_it_is_blank() -> None:
    found = read_input(io.BytesIO(b'\n\n{"title": "a"}\n\n{"title": "b"}\n'))
    assert [where for where, _ in found] == ["-:3", "-:5"]


def test_a_poller_that_goes_on_for_ever_is_read_line_by_line() -> None:
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("waits for an end that never comes")

    lines = read_input(Endless(b'{broken\n{"title": "a"}\n'))
    assert [raw for _, raw in lines] == ["{broken", {"title": "a"}]


def test_texts_are_read_in_the_charset_they_were_saved_in(tmp_path: Path) -> None:
    for charset in ("utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"):
        (tmp_path / "a.txt").write_bytes("Grüße\n\nSchöne Grüße aus Köln, äöü.".encode(charset))
        [(_, raw)] = read_file(tmp_path / "a.txt")
        assert isinstance(raw, dict)
        assert raw["title"] == "Grüße"
        assert raw["content"][0]["value"] == "Schöne Grüße aus Köln, äöü."


def test_a_file_without_an_ending_is_read_as_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "story"
    for data, keys in (
        ("A title\n\nA text.", {"title", "content"}),
        ('{"title": "a"}', {"title"}),
        ('{"title": "a"}\n{"title": "b"}', {"title"}),
        ("<html><p>A text.</html>", {"content"}),
    ):
        file.write_text(data)
        for _, raw in read_file(file):
            assert isinstance(raw, dict)
            assert set(raw) == keys
