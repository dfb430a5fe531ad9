"""How places are written in German, French, Spanish, Portuguese and Italian, and which names of
places are also common nouns there.

The gazetteer (list of known names) has cities under one name, with other names whose language it
does not know. The words here are this project's own list.
"""

from collections.abc import Sequence

# Countries whose cities have their own names in texts in the language.
_COUNTRIES = {
    "de": frozenset(("DE", "AT", "CH", "LI", "LU")),
    "fr": frozenset(("FR", "FX", "BE", "CH", "LU", "MC")),
    "es": frozenset(("ES",)),
    "pt": frozenset(("PT", "BR", "AO", "MZ")),
    "it": frozenset(("IT", "SM")),
}
_ACRONYM = 4  # letters of one that is hardly another one too
# Usual names of large cities, capitals and other well-known places; "_" stands for a space.
_SPELLINGS = {
    language: frozenset(name.replace("_", " ") for name in names.split())
    for language, names in {
        "de": """Afrika Asien Athen Belgrad Breslau Brüssel Bukarest Danzig Europa
            Florenz Frankfurt Genf Genua Hannover Havanna Israel Jerusalem Kairo
            Kapstadt Kiew Kopenhagen Krakau Köln Lissabon Luzern Mailand Moskau
            München Neapel New_York Nürnberg Padua Peking Pjöngjang Prag Sevilla
            Singapur Stettin Straßburg Teheran Tiflis Tokio Tripolis Turin Venedig
            Warschau Wien Zürich""",
        "fr": """Afrique Alger Asie Anvers Athènes Bagdad Barcelone Bâle Belgrade Berne
            Beyrouth Bruxelles Bucarest Copenhague Cracovie Damas Dresde Édimbourg
            Europe Florence Francfort Gand Gênes Genève Hambourg Israël Jérusalem
            Kaboul Kiev Lausanne Lisbonne Londres Luxembourg Marseille Mexico
            Montréal Moscou Munich Naples Pékin Prague Québec Rome Séoul Séville
            Singapour Strasbourg Téhéran Turin Varsovie Venise Vienne Zurich""",
        "es": """África Amberes Asia Argel Atenas Bagdad Basilea Belgrado Berlín Berna
            Bruselas Bucarest Burdeos Colonia Copenhague Dresde Estocolmo Europa
            Florencia Fráncfort Ginebra Hamburgo Israel Jerusalén Kiev Lisboa
            Londres Lyon Marsella Milán Moscú Múnich Nápoles Nueva_York París Pekín
            Praga Roma Seúl Singapur Teherán Tokio Turín Varsovia Venecia Viena
            Zúrich""",
        "pt": """África Amazônia Amazónia Antuérpia Ásia Argel Atenas Bagdá Bagdade
            Barcelona Belgrado Berlim Berna Bósnia Bruxelas Bucareste Copenhaga
            Copenhague Estocolmo Europa Florença Frankfurt Genebra Hamburgo Havana
            Israel Jerusalém Kiev Lisboa Londres Macedônia Madri Madrid Marselha
            Mediterrâneo Milão Moscou Moscovo Munique Nápoles Nova_Iorque Nova_York
            Paris Pequim Praga Roma Seul Sevilha Sicília Singapura Teerã Teerão
            Tóquio Turim Varsóvia Veneza Viena Zurique""",
        "it": """Africa Algeri Anversa Asia Atene Barcellona Basilea Belgrado Berlino
            Berna Bologna Bruxelles Bucarest Catania Copenaghen Dresda Edimburgo
            Europa Firenze Francoforte Genova Ginevra Gerusalemme Israele Kiev Lione
            Lisbona Londra Lubiana Madrid Marsiglia Milano Mosca Napoli Nizza Parigi
            Pechino Praga Roma Seul Siviglia Stoccolma Strasburgo Torino Varsavia
            Venezia Vienna Zagabria Zurigo""",
    }.items()
}
_NOUNS = {
    language: frozenset(names.split())
    for language, names in {
        "de": """Bern Eschen Essen Favoriten Fürth Gera Hagen Halle Hamm Herne Jura
            Mauren Mitte Münster Planken Posen Singen Siegen Speyer Veen Worms""",
        "fr": "Angers Laval Moulins Nancy Nice Orange Tours Vienne",
        "es": """Caldas Cartago Cerro Chile Colonia Concepción Concordia Cordillera
            Coronel Delicias Eixample Ejido Elche Esmeraldas Florencia Granada
            Guerrero Heredia Latina Limón León Portuguesa Rosario Salta Salto
            Santander Valle Victoria""",
        "pt": """Alvorada Amadora Araras Balsas Barcarena Barreiras Barretos Beira Breves
            Brusque Caxias Cascavel Castanhal Catalão Contagem Crato Desterro
            Diadema Dourados Faro Feira Fortaleza Golfe Guarda Imperatriz Lagarto
            Lavras Limeira Linhares Natal Navegantes Palmas Passos Pedreira Perdizes
            Pinhais Porto Para Praia Queimados Resende Reunião Salvador Samambaia
            Serra Sobral Sorriso Viana Vitória""",
        "it": "Bari Lecce Marche Novara Parma Pisa Prato Terni Trento",
    }.items()
}
_ALL_SPELLINGS: frozenset[str] = frozenset().union(*_SPELLINGS.values())
# Cities whose name is oftener a surname, a club or an adjective.
_OFTEN_OTHERS = {
    "pt": frozenset("Americana Assis Benfica Gama Neves Paulista Rangel Santana Santos".split())
}
_PREPOSITIONS = {  # of places, not followed by a common noun without an article
    "de": frozenset(("in", "aus", "nach", "bei", "In", "Aus", "Nach", "Bei")),
}
_CAPITALISED_NOUNS = {"pt": frozenset(("Natal",))}
_CITY_OF = frozenset("cidade capital prefeitura prefeito município aeroporto bairro praia".split())
_OPENING = frozenset(".!?:;\"'„“”«»‹›([–—-*•|…")
_ARTICLES = frozenset("der die das le la les l' l’ el los las o os a as il lo i gli".split())


def is_usual_name(words: Sequence[str], label: str, country: str, language: str) -> bool:
    """Whether a name, given as its `words`, is one that texts in a language usually give to a place
    with the main name `label` in a `country` (code of two letters).

    So it is if the language is spoken in that country and the words are the main name, such as
    Osnabrück in German, unless that is often something else; or if the words are a well-known name
    of a place in that language, such as Mosca for Moscow in Italian.
    """
    if language not in _COUNTRIES:
        return False
    name = " ".join(words)
    own = country in _COUNTRIES[language] and name == label
    return (own and name not in _OFTEN_OTHERS.get(language, ())) or is_spelling(words, language)


def is_spelling(words: Sequence[str], language: str) -> bool:
    """Whether these words are the well-known name of a place in a language: "Mosca" in Italian."""
    return " ".join(words) in _SPELLINGS.get(language, ())


def is_spelling_anywhere(words: Sequence[str]) -> bool:
    """Whether these words are the well-known name of a place in one of the languages, so that it
    counts in its letters with accents."""
    return " ".join(words) in _ALL_SPELLINGS


def is_home_acronym(words: Sequence[str], country: str, language: str) -> bool:
    """Whether these words are an acronym that readers of a language know, if it is that of an
    organisation in this country: SNCF in French."""
    acronym = len(words) == 1 and len(words[0]) >= _ACRONYM and words[0].isupper()
    return acronym and country in _COUNTRIES.get(language, ())


def is_noun(words: Sequence[str], language: str) -> bool:
    """Whether the name of a place is also a common noun of the language, or a surname: "Essen"."""
    return len(words) == 1 and words[0] in _NOUNS.get(language, ())


def has_nouns(language: str) -> bool:
    """Whether names of places are known here that are also nouns of the language."""
    return language in _NOUNS


def stands_as_place(before: Sequence[str], noun: str, language: str) -> bool:
    """Whether such a noun is a place after these words: after "in" in German, where all nouns are
    capitalised; else anywhere but at the beginning of a sentence, even after an article. Nouns
    that are capitalised in their own meaning too, Portuguese "Natal" (Christmas), are places only
    after words for a place."""
    if not before:
        return False
    if noun in _CAPITALISED_NOUNS.get(language, ()):
        return before[-1] in ("em", "Em") or (before[-1] == "de" and before[0] in _CITY_OF)
    if language in _PREPOSITIONS:
        return before[-1] in _PREPOSITIONS[language]
    opens = [not word or word[-1] in _OPENING or word.isspace() for word in before]
    if opens[-1]:
        return False
    after_opening = len(before) < 2 or opens[-2]
    return not (after_opening and before[-1].lower() in _ARTICLES)
