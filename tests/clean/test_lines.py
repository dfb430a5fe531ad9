import pytest
from pydantic import ValidationError

from tests.clean.ordinary import PARAGRAPHS, RULES, TEXT
from worker.clean.lines import Swept, sweep
from worker.clean.rules import CleaningRules, LineRule


def swept(text: str, title: str = "A title", language: str = "en") -> Swept:
    return sweep(text, title, language, RULES)


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ("read-more", "Read more: Harbour costs rise again"),
        ("read-more", "RELATED: Five storms that changed the coast"),
        ("read-more", "Lesen Sie auch: Der Hafen öffnet wieder"),
        ("read-more", "À lire aussi : Le port rouvre"),
        ("read-more", "Lea también: El puerto reabre"),
        ("read-more", "Читайте также: Порт открыт"),
        ("related-heading", "You may also like"),
        ("related-heading", "Mehr zum Thema"),
        ("continue-reading", "Continue reading"),
        ("continue-reading", "Continue reading Harbour reopens"),
        ("continue-reading", "Weiterlesen …"),
        ("continue-reading", "Lire la suite →"),
        ("continue-reading", "Seguir leyendo"),
        ("newsletter", "Sign up for our daily newsletter"),
        ("newsletter", "Subscribe to our newsletter to get the news in your inbox."),
        ("newsletter", "Abonnieren Sie unseren Newsletter"),
        ("newsletter", "Inscrivez-vous à notre lettre d’information"),
        ("newsletter", "Suscríbete a nuestro boletín"),
        ("follow-us", "Follow us on Facebook and X"),
        ("follow-us", "Folgen Sie uns auf Instagram"),
        ("follow-us", "Suivez-nous sur Twitter"),
        ("follow-us", "Síguenos en Telegram"),
        ("share", "Share this article"),
        ("share", "Artikel teilen"),
        ("comment-prompt", "Leave a comment"),
        ("comment-prompt", "12 Comments"),
        ("cookies", "We use cookies to improve your experience."),
        ("cookies", "Diese Website verwendet Cookies."),
        ("advertisement", "ADVERTISEMENT"),
        ("advertisement", "Story continues below advertisement"),
        ("advertisement", "- Anzeige -"),
        ("advertisement", "Publicité"),
        ("photo-credit", "Photo: Ann Lee/Reuters"),
        ("photo-credit", "Image credit: Getty Images"),
        ("photo-credit", "Foto: dpa"),
        ("photo-credit", "Crédit photo : AFP"),
        ("copyright", "© 2026 Example Media. All rights reserved."),
        ("copyright", "Alle Rechte vorbehalten."),
        ("back-to-top", "Back to top"),
        ("javascript", "Please enable JavaScript to view the comments."),
        ("download-app", "Download our free app for iPhone and Android"),
    ],
)
def test_boilerplate_lines_at_the_end_are_dropped_and_named(rule: str, line: str) -> None:
    result = swept(f"{TEXT}\n\n{line}")
    assert result.text == TEXT
    assert [(d.rule, d.line) for d in result.dropped] == [(rule, line)]


@pytest.mark.parametrize(
    "line", ["3 min read", "Reading time: 4 minutes", "Lesezeit: 3 Min.", "5 min de lectura"]
)
def test_reading_times_at_the_start_are_dropped(line: str) -> None:
    assert swept(f"{line}\n\n{TEXT}").text == TEXT


@pytest.mark.parametrize(
    "line",
    [
        "Follow the path to the old lighthouse, past the harbour.",
        "Read more books, she told the children, and they did.",
        "Share prices fell by four percent on Monday.",
        "Advertising revenue doubled.",
        "The photo showed a harbour in ruins.",
        "Cookies are baked twice in this region.",
        "Related companies were not affected.",
        "Watching the storm, they waited.",
        "“We use every hour we have,” he said.",
        "Comment from the ministry was not available.",
        "More than 200 people were evacuated.",
        "Die Anzeige wurde am Montag erstattet.",
    ],
)
def test_sentences_that_begin_like_boilerplate_stay(line: str) -> None:
    text = f"{line}\n\n{TEXT}\n\n{line}"
    assert swept(text) == Swept(text)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Read More About: World News", ("World News",)),
        ("READ MORE ABOUT: Politics, World | Ukraine", ("Politics", "World", "Ukraine")),
        ("Filed under: Local; Harbours", ("Local", "Harbours")),
        ("Schlagwörter: Hafen, Sturm", ("Hafen", "Sturm")),
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
    ordinary = {"name": "x", "pattern": "x", "position": "any", "max_chars": 10}
    return LineRule.model_validate(ordinary | fields)


def only(*rules: LineRule) -> CleaningRules:
    lines = RULES.lines.model_dump() | {"rules": rules}
    return CleaningRules.model_validate(RULES.model_dump() | {"lines": lines})


def test_a_rule_for_one_language_leaves_the_others_alone() -> None:
    rules = only(line_rule(languages=["de"]))
    assert [sweep("x\n\ny", "", code, rules).text for code in ("de", "und", "en")] == [
        "y",
        "y",
        "x\n\ny",
    ]


def test_a_line_longer_than_its_rule_allows_stays() -> None:
    rules = only(line_rule(pattern="x+", max_chars=3), line_rule(name="y", pattern="y+"))
    assert sweep("xxx\n\nxxxx\n\nyyyy", "", "en", rules).text == "xxxx"


@pytest.mark.parametrize(
    "fields",
    [
        {"pattern": "("},
        {"pattern": "x*"},
        {"pattern": "Read more"},
        {"effect": "category"},
        {"effect": "cut"},
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
