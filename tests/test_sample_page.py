"""The sample of tags: articles of this project in six languages, and the tags marked as wrong."""

from collections import Counter

from bench.sample_page import page, sample_articles, wrong_tags


def test_the_sample_has_ten_articles_in_each_of_six_languages() -> None:
    languages = Counter(sample.language for sample in sample_articles())
    assert languages == dict.fromkeys(("en", "de", "fr", "es", "pt", "it"), 10)


def test_the_page_marks_each_tag_that_was_found_wrong_and_counts_the_others_as_right() -> None:
    lines = list(page())
    marks = sum(line.count("**wrong: ") for line in lines)
    assert 0 < marks <= len(wrong_tags())
    counts = [
        line.split("|")[2:4] for line in lines if line.startswith("| ") and "kind" not in line
    ]
    assert sum(int(shown) - int(right) for shown, right in counts) == marks
