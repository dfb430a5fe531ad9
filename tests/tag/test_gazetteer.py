"""The gazetteer: which names decide the kind, which need evidence, and which ids names get."""

import pytest

from worker.config.loader import load_config
from worker.model.records import Article, Tag
from worker.tag.entities import EntityRules, entity_tags
from worker.tag.entities.entity_rules import Entity
from worker.tag.entities.gazetteer_names import packaged_gazetteer
from worker.tag.tokens import Tokens

_CONFIG = load_config().tagging.entities
assert _CONFIG is not None
RULES: EntityRules = _CONFIG


def tags_of(text: str, title: str = "", language: str = "en") -> list[Tag]:
    article = Article(source="wire", key="", title=title, text=text, language=language)
    return entity_tags(article, RULES)


def codes(text: str, title: str = "", language: str = "en") -> set[str]:
    return {f"{tag.scheme} {tag.code}" for tag in tags_of(text, title, language)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The canal made Panama rich, and Panama knows it.", "place iso:PA"),
        ("Voters in Benin go to the polls on Sunday.", "place iso:BJ"),
        ("The government of Luxembourg resigned.", "place iso:LU"),
        ("Peugeot closes a plant near Paris.", "organisation wd:Q6742"),
        ("Peugeot closes a plant near Paris.", "place geonames:2988507"),
        ("A spokeswoman for Nestle declined to comment.", "organisation wd:Q160746"),
        ("Lidl opens its first shop in the town.", "organisation wd:Q151954"),
        ("Rosneft buys the refinery.", "organisation wd:Q1141123"),
        ("He worked for IBM and later for Boeing in Seattle.", "organisation wd:Q37156"),
        ("He worked for IBM and later for Boeing in Seattle.", "organisation wd:Q66"),
        ("Rain fell on Monday in Bombay, India, officials said.", "place geonames:1275339"),
        ("Officials in Kiev said on Monday that it was over.", "place geonames:703448"),
        ("The European Union and the UN met.", "organisation wd:Q458"),
        ("The European Union and the UN met.", "organisation wd:Q1065"),
        ("Vladimir Putin spoke to reporters.", "person wd:Q7747"),
        ("Nasa delayed the launch.", "organisation nasa"),
    ],
)
def test_a_name_that_means_one_thing_decides_kind_and_id(text: str, code: str) -> None:
    assert code in codes(text)


@pytest.mark.parametrize(
    "text",
    [
        "On Tuesday Apple said it would open a plant.",
        "Sales of Apple Inc rose.",
        "The stake in Apple is now worth more.",
        "Investors sold Apple shares after the news.",
        "Apple's chief executive Tim Cook was there, and Apple shares fell.",
        "Apple (AAPL) fell by two per cent.",
        "The ruling hits Google, Apple and Facebook.",
    ],
)
def test_a_name_that_is_also_a_word_is_found_with_evidence(text: str) -> None:
    assert "organisation wd:Q312" in codes(text)


@pytest.mark.parametrize(
    ("title", "text", "code"),
    [
        ("How To Bake An Apple Pie At Home", "Peel the fruit and wait.", "wd:Q312"),
        ("Shell Found On The Beach Of Brighton", "A child found it in the sand.", "wd:Q154950"),
        ("Orange Is The New Black Returns To The Screen", "The series goes on.", "wd:Q1431486"),
        ("", "Target practice begins at noon. Target the weak first.", "wd:Q1046951"),
        ("", "Visa rules for students change in May.", "wd:Q328840"),
        ("", "Meta descriptions help search engines.", "wd:Q380"),
    ],
)
def test_capitals_alone_do_not_make_a_word_a_company(title: str, text: str, code: str) -> None:
    assert f"organisation {code}" not in codes(text, title)


def test_evidence_in_the_text_counts_for_the_title_too() -> None:
    found = tags_of("Sales of Meta Platforms rose.", title="Meta Beats What Analysts Expect")
    (meta,) = [tag for tag in found if tag.code == "wd:Q380"]
    assert [span.field for span in meta.spans] == ["title", "text"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The Labour Party won in London, and Britain votes again.", "partyfacts:1516"),
        ("The Labour Party lost in New Zealand.", "partyfacts:1049"),
        ("The Labour Party met and the Labour Party voted.", "labour-party"),
        ("The Irish and the British Labour Party met; the Labour Party won.", "labour-party"),
    ],
)
def test_a_shared_name_gets_the_id_of_the_country_in_the_article(text: str, code: str) -> None:
    assert f"organisation {code}" in codes(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Voters in Georgia and Alabama, in the American South, decide.", "iso:US-GA"),
        ("Protesters in Georgia filled the streets of Tbilisi.", "iso:GE"),
        ("Protesters filled the streets of Georgia.", "georgia"),
    ],
)
def test_a_country_and_a_state_of_one_name_are_told_apart(text: str, code: str) -> None:
    assert f"place {code}" in codes(text)


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("Mohammed Bin Salman met the king. Later Mohammed bin Salman left.", 2),
        ("ATHENS, Monday. Officials in Athens were silent.", 2),
        ("Nestle and Nestlé are one. Nestle shares fell.", 3),
        ("The U.S. and the US and the United States are one.", 3),
        ("Officials in Kyiv spoke; in Kiev, they said, it was quiet.", 2),
    ],
)
def test_spellings_of_one_name_are_one_tag(text: str, mentions: int) -> None:
    assert [len(tag.spans) for tag in tags_of(text)] == [mentions]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("God knows what the Tory rebels want, said Tory whips.", {"person"}),
        ("The Queen spoke in May, and the Queen was well.", {"person"}),
        ("Thank God for that, said the priest. God is great.", {"person", "place", "organisation"}),
        ("The Prime Minister and the President met.", {"person"}),
    ],
)
def test_titles_and_gods_are_no_persons(text: str, wrong: set[str]) -> None:
    assert not {tag.scheme for tag in tags_of(text)} & wrong


def test_a_title_before_a_name_is_not_refused() -> None:
    assert "person wd:Q9682" in codes("Queen Elizabeth II opened the bridge.")


def test_a_small_city_gets_its_id_only_with_its_country() -> None:
    text = "A man was stabbed in a park in Reading, police in Reading said."
    assert "place geonames:2639577" in codes(f"{text} Britain was shocked.")
    assert "place geonames:2639577" not in codes(text)


def test_one_code_has_one_kind_in_an_article() -> None:
    text = "Ford said it would close. Harrison Ford was there. Washington and George Washington."
    found = [tag.code for tag in tags_of(text)]
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("Deutschland und Frankreich einigen sich.", "de", "place iso:DE"),
        ("Путин прибыл в Пекин.", "ru", "person wd:Q7747"),
        ("Le groupe Peugeot ferme une usine.", "fr", "organisation wd:Q6742"),
    ],
)
def test_names_are_found_in_other_languages(text: str, language: str, code: str) -> None:
    assert code in codes(text, language=language)


def test_a_foreign_name_of_a_place_proves_nothing_in_english() -> None:
    assert not {c for c in codes("Chine is a verb in no language; Inde neither.") if "iso" in c}
    assert not codes("Über den Fluss führt kein Weg, o golfe sabe.", language="de")
    assert "place iso:CN" in codes("La Chine répond.", language="fr")


def test_names_of_the_operator_count_more_than_the_gazetteer() -> None:
    own = Entity(name="Apple", kind="organisation", id="desk:apple", aliases=("Lidl",))
    article = Article(
        source="wire", key="", title="", text="Lidl sells fruit. Apple shares.", language="en"
    )
    found = entity_tags(article, EntityRules(version="1", entities=(own,)))
    assert [(tag.code, tag.label, tag.method) for tag in found] == [("desk:apple", "Apple", "own")]


def test_without_the_gazetteer_only_the_model_and_own_names_are_left() -> None:
    rules = EntityRules(version="1", gazetteer=False)
    article = Article(source="w", key="", title="", text="Kiev and Lidl.", language="de")
    assert entity_tags(article, rules) == []
    assert "names-" not in rules.full_version
    assert f"names-{packaged_gazetteer().as_of}" in RULES.full_version


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"name": "Tory"}, "needs `kind`"),
        ({"name": "Tory", "kind": "person", "refused_kinds": ["person"]}, "refused_kinds"),
    ],
)
def test_an_entry_that_says_nothing_is_refused(entry: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Entity.model_validate(entry)


def test_only_verified_names_match_whatever_their_hash_is() -> None:
    gazetteer = packaged_gazetteer()
    tokens = Tokens("the united states of mind will orange apple in on at ing us who it")
    assert gazetteer.find(tokens, "en") == []
    assert gazetteer.look_up("no such name at all") == ()
    assert gazetteer.look_up("") == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Deutsche Bank", [(0, 2)]),
        ("of Deutsche Bank", [(1, 3)]),
        ("Deutsche", []),
        ("Deutsche Bank Deutsche Bank", [(0, 2), (2, 4)]),
        ("", []),
    ],
)
def test_names_of_several_words_are_found_up_to_the_last_word_of_a_text(
    text: str, found: list[tuple[int, int]]
) -> None:
    matches = packaged_gazetteer().find(Tokens(text), "en")
    assert [(match.first, match.stop) for match in matches if match.stop > match.first + 1] == found
