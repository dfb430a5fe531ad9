import pytest
from pydantic import ValidationError

from tests.clean.ordinary import PARAGRAPHS, RULES, TEXT, cleaned
from worker.clean.cleaning_rules import CleaningRules
from worker.clean.line_rule_config import LineRule
from worker.clean.lines.line_rules import ArticleMetadata, SweptText, breaks_off, sweep


def swept(text: str, title: str = "A title", language: str = "en") -> SweptText:
    return sweep(text, ArticleMetadata(title), language, RULES)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Read More About: World News", ("World News",)),
        ("READ MORE ABOUT: Politics, World | Ukraine", ("Politics", "World", "Ukraine")),
        ("Filed under: Local; Harbours", ("Local", "Harbours")),
        ("Keywords: harbour, storm", ("harbour", "storm")),
    ],
)
def test_section_lines_become_categories(line: str, names: tuple[str, ...]) -> None:
    result = swept(f"{TEXT}\n\n{line}")
    assert (result.text, result.categories) == (TEXT, names)


def test_tail_rules_leave_the_middle_alone() -> None:
    prompt = "Follow us on Facebook"
    text = f"{TEXT}\n\n{prompt}\n\n" + "\n\n".join(PARAGRAPHS * 4)
    assert swept(text).text == text


def test_a_tail_is_as_long_as_its_boilerplate() -> None:
    prompts = "\n\n".join(["Follow us on Facebook"] * 30)
    assert swept(f"{TEXT}\n\n{prompts}").text == TEXT


POST = "The post Harbour reopens appeared first on Example News."


@pytest.mark.parametrize(
    ("end", "rules", "truncated"),
    [
        (f"\n\n{POST}", ["appeared-first"], False),
        (f" {POST}", ["appeared-first"], False),
        ("\n\nDer Beitrag Hafen erschien zuerst auf Beispiel.", ["appeared-first"], False),
        (" […]", ["teaser-end"], True),
        (" [...]", ["teaser-end"], True),
        ("… [+1234 chars]", ["teaser-end"], True),
        ("… Continue reading", ["teaser-end"], True),
        (f" […]\n\n{POST}", ["appeared-first", "teaser-end"], True),
    ],
)
def test_what_feeds_append_is_cut_from_the_end(end: str, rules: list[str], truncated: bool) -> None:
    result = swept(TEXT + end)
    assert result.text == TEXT
    assert [dropped.rule for dropped in result.dropped] == rules
    assert result.truncated is truncated


def test_an_ellipsis_of_the_author_stays() -> None:
    assert swept(f"{TEXT}\n\nAnd then…").text.endswith("And then…")


def test_a_title_repeated_as_first_line_is_dropped() -> None:
    result = swept(f"HARBOUR REOPENS!\n\n{TEXT}", title="Harbour reopens")
    assert result.text == TEXT
    assert result.dropped[0].rule == "title-echo"


def test_a_text_that_is_only_its_title_stays() -> None:
    assert swept("Harbour reopens", title="Harbour reopens").text == "Harbour reopens"


def test_a_text_of_boilerplate_alone_becomes_empty() -> None:
    assert swept("Continue reading\n\nAdvertisement").text == ""


def line_rule(**fields: object) -> LineRule:
    ordinary = {"name": "x", "patterns": {"any": "x"}, "position": "any", "max_chars": 10}
    return LineRule.model_validate(ordinary | fields)


def only(*rules: LineRule) -> CleaningRules:
    lines = RULES.lines.model_dump() | {"rules": rules}
    return CleaningRules.model_validate(RULES.model_dump() | {"lines": lines})


def left(text: str, rules: CleaningRules, language: str = "en") -> str:
    return sweep(text, ArticleMetadata(), language, rules).text


def test_a_rule_for_one_language_leaves_the_others_alone() -> None:
    rules = only(line_rule(patterns={"de": "x", "fr": "z", "en": "w"}))
    assert [left("x\n\ny", rules, code) for code in ("de", "fr", "en")] == ["y", "x\n\ny", "x\n\ny"]


def test_english_rules_hold_everywhere_for_sites_are_built_in_english() -> None:
    rules = only(line_rule(patterns={"en": "x", "de": "y"}))
    assert left("x\n\ny\n\nz", rules, "de") == "z"


def test_where_no_rule_speaks_the_language_all_of_them_do() -> None:
    rules = only(line_rule(patterns={"de": "x", "fr": "y"}))
    assert [left("x\n\ny\n\nz", rules, code) for code in ("und", "uk")] == ["z", "z"]


def test_a_line_longer_than_its_rule_allows_stays() -> None:
    long = line_rule(patterns={"any": "x+"}, max_chars=3)
    rules = only(long, line_rule(name="y", patterns={"any": "y+"}))
    assert left("xxx\n\nxxxx\n\nyyyy", rules) == "xxxx"


def test_a_rule_reaches_as_far_as_it_says() -> None:
    rules = only(line_rule(position="tail", within=2))
    assert left("x\n\na\n\nx\n\nb", rules) == "x\n\na\n\nb"


def test_the_first_rule_that_holds_has_the_line() -> None:
    narrow = line_rule(position="head", within=1)
    rules = only(narrow, line_rule(name="wide", position="head"))
    dropped = sweep("x\n\nx\n\ny", ArticleMetadata(), "en", rules).dropped
    assert [each.rule for each in dropped] == ["x", "wide"]


def test_a_byline_names_the_authors_and_a_sentence_does_not() -> None:
    assert swept(f"By Ann Lee and Bo van der Berg\n\n{TEXT}").authors == (
        "Ann Lee",
        "Bo van der Berg",
    )
    assert swept(f"By the old harbour\n\n{TEXT}") == SweptText(f"By the old harbour\n\n{TEXT}")


@pytest.mark.parametrize(
    ("credit", "contributors"),
    [
        (
            "(Reporting by Ann Lee and Bo Chen in Paris; Additional reporting by Cy Dee; "
            "Editing by Eve Fox)",
            ["reporting: Ann Lee", "reporting: Bo Chen", "reporting: Cy Dee", "editing: Eve Fox"],
        ),
        ("Reporting by Ann Lee; editing by Bo Chen", ["reporting: Ann Lee", "editing: Bo Chen"]),
        (
            "(Bericht von Max Mustermann, redigiert von Eva Kern.)",
            ["reporting: Max Mustermann", "editing: Eva Kern"],
        ),
    ],
)
def test_credits_become_contributors(credit: str, contributors: list[str]) -> None:
    for text in (
        f"{TEXT}\n\n{credit}",
        f"{TEXT} {credit}" if credit[0] == "(" else f"{TEXT}\n\n{credit}",
    ):
        result = swept(text)
        assert result.text == TEXT
        assert [f"{c.role}: {c.name}" for c in result.contributors] == contributors
        assert [dropped.rule for dropped in result.dropped] == ["credits"]


@pytest.mark.parametrize(
    ("dateline", "place", "agency"),
    [
        ("MOSCOW, Feb 5 (Reuters) - ", "MOSCOW", "Reuters"),
        ("NEW YORK (AP) — ", "NEW YORK", "AP"),
        ("WASHINGTON, D.C. — ", "WASHINGTON, D.C", ""),
        ("LONDON, Feb. 5, 2026 /PRNewswire/ -- ", "LONDON", "PRNewswire"),
        ("Berlin/Hamburg (dpa/lno) - ", "Berlin/Hamburg", "dpa"),
        ("BERLIN taz | ", "BERLIN", "taz"),
        ("Madrid, 5 feb (EFE).- ", "Madrid", "EFE"),
        ("(ANSA) - ROMA, 05 FEB - ", "ROMA", "ANSA"),
        ("МОСКВА, 5 февраля. /ТАСС/. ", "МОСКВА", "ТАСС"),
        ("(Reuters) - ", "", "Reuters"),
    ],
)
def test_a_dateline_becomes_place_and_agency(dateline: str, place: str, agency: str) -> None:
    result = swept(dateline + TEXT)
    assert (result.text, result.place, result.agency) == (TEXT, place, agency)
    assert [(d.rule, d.line) for d in result.dropped] == [("dateline", dateline.strip())]


@pytest.mark.parametrize(
    "opening",
    [
        "Ann Lee (Greens) - ",
        "The harbour – ",
        "Q: Who pays? A: ",
        "BREAKING NEWS — ",
        "Berlin - ",
        "5 things to know (AP) - ",
    ],
)
def test_what_is_no_dateline_stays(opening: str) -> None:
    assert swept(opening + TEXT).text == opening + TEXT


def test_a_line_that_names_the_source_gives_the_agency() -> None:
    assert swept(f"{TEXT}\n\nSource: Reuters").agency == "Reuters"


@pytest.mark.parametrize(
    "fields",
    [
        {"patterns": {"en": "("}},
        {"patterns": {"en": "x*"}},
        {"patterns": {"en": "Read more"}},
        {"patterns": {"en": "(?P<name>x)"}},
        {"patterns": {}},
        {"effect": "category"},
        {"position": "middle"},
        {"name": "Read more"},
        {"max_chars": 10_000},
    ],
)
def test_a_rule_that_could_not_work_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        line_rule(**fields)


def test_two_rules_of_one_name_are_refused() -> None:
    twice = [line_rule().model_dump()] * 2
    with pytest.raises(ValidationError, match="named twice: x"):
        type(RULES.lines).model_validate({"head_lines": 1, "tail_lines": 1, "rules": twice})


@pytest.mark.parametrize(
    ("text", "truncated"),
    [
        ("The harbour board said on Monday that the…", True),
        ("The harbour board said on Monday that...", True),
        ("The harbour board said on Monday ...", True),
        ("“And then…”", False),
        ("The harbour reopened. Then what?…", False),
        ("The harbour reopened.", False),
        ("The harbour reopened, " * 60 + "and so on…", False),
        ("…", False),
    ],
)
def test_a_short_text_that_breaks_off_is_a_teaser_and_stays_as_it_is(
    text: str, truncated: bool
) -> None:
    assert breaks_off(text) is truncated
    assert ("truncated" in cleaned(content=text).flags) is (truncated or text == "…")
