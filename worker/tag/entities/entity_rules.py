"""The settings in `config/entities.toml`: how names in articles become tags.

They include names that the operator listed, which are found without a trained model.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, NamedTuple, Self, get_args

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.tag.entities.gazetteer_names import Gazetteer, packaged_gazetteer
from worker.tag.entities.name_model import ENGLISH, MODEL_LANGUAGES, ModelPath, shipped
from worker.tag.entities.word_keys import folded_name
from worker.tag.tokens import Tokens, WordFinder

EntityKind = Literal["person", "organisation", "place"]


class Entity(Frozen):
    """A name that the operator listed in config/entities.toml, to be found in every article.

    `name` is the label of its tag, `kind` person, organisation or place. Mentions of `aliases`
    count as mentions of the name. `id` is the code of the tag, such as wd:Q183; without one it is
    the id in the gazetteer, or else a normal form of the name. An entry without a kind is not
    looked for: it only says of which `refused_kinds` the name never is.
    """

    name: Annotated[str, Field(min_length=2)]
    kind: EntityKind | None = None
    id: Annotated[str, Field(pattern=r"^(\S+)?$")] = ""
    aliases: tuple[str, ...] = ()
    refused_kinds: tuple[EntityKind, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.kind is None and not self.refused_kinds:
            raise ValueError(f"{self.name}: needs `kind`, or `refused_kinds`")
        if self.kind in self.refused_kinds:
            raise ValueError(f"{self.name}: is of a kind that is among its `refused_kinds`")
        return self


class OwnAlias(NamedTuple):
    """A name or alias that the operator listed, as the `words` (tokens) that it consists of, and
    its kind: person, organisation or place."""

    words: tuple[str, ...]
    kind: str


class EntityRules(Frozen):
    """Whether and how names in articles become tags, and the names that the operator listed
    (`entities`).

    `recognise` switches on the trained models that find other names, in texts in `languages`;
    `path` chooses the fast or the more accurate one for English. `gazetteer` uses the list of names
    in this package beside the models. A name becomes a tag if the probability that it is right is
    at least `min_score`, or the number that `min_scores` has for the language. At most `most` names
    of an article become tags. Each has at most `most_spans` passages as evidence. `stop_names`
    never become a tag.
    """

    version: Annotated[str, Field(min_length=1)]
    recognise: bool = True
    gazetteer: bool = True
    path: ModelPath = "fast"
    languages: tuple[str, ...] = MODEL_LANGUAGES
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.65
    min_scores: Mapping[str, Annotated[float, Field(ge=0, le=1)]] = {}
    most: Annotated[int, Field(ge=1)] = 30
    most_spans: Annotated[int, Field(ge=1)] = 5
    stop_names: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()

    def least_score(self, language: str) -> float:
        """Return the probability of being right from which a name in an article in this language
        becomes a tag."""
        return self.min_scores.get(language, self.min_score)

    @model_validator(mode="after")
    def _aliases_are_unambiguous(self) -> Self:
        owner: dict[str, str] = {}
        for entity in self.entities:
            for alias in (entity.name, *entity.aliases):
                if owner.setdefault(alias, entity.name) != entity.name:
                    raise ValueError(f"{alias!r} means both {owner[alias]} and {entity.name}")
        return self

    @property
    def full_version(self) -> str:
        """The version that is stored with each tag of a name: that of these settings, followed
        by those of the trained models and of the gazetteer (the list of known names) if they are
        used."""
        parts = [self.version]
        if self.recognise:
            parts.append(shipped(self.path).version)
            others = [each for each in self.languages if each in MODEL_LANGUAGES[1:]]
            if others:
                parts.append(shipped(language=others[0]).version)
        if self.listed_names is not None:
            parts.append(f"names-{self.listed_names.as_of}")
        return "+".join(parts)

    @property
    def listed_names(self) -> Gazetteer | None:
        """The gazetteer of this package; None if only the operator's names, or those of the model,
        become tags."""
        return packaged_gazetteer() if self.recognise and self.gazetteer else None

    def warm(self) -> None:
        """Load the models and the gazetteer, and make look-up tables of the operator's names,
        before the worker forks.

        So the processes of the worker share the memory of all these.
        """
        _ = self.aliases_by_first_word, self.own_ids, self.refused
        for language in (ENGLISH, *self.languages) if self.recognise else ():
            shipped(self.path, language).warm()

    @cached_property
    def by_alias(self) -> dict[str, tuple[str, str]]:
        """A dict from each name that the operator listed, and from each alias, to its (name, kind).

        The kind is person, organisation or place. Entries without a kind are left out.
        """
        found = [(e, e.kind) for e in self.entities if e.kind is not None]
        return {alias: (e.name, kind) for e, kind in found for alias in (e.name, *e.aliases)}

    @cached_property
    def own_ids(self) -> dict[str, str]:
        """A dict from each name that the operator listed to its id; "" if it has none.

        An entry without an id has that of the only entry in the gazetteer with its name and kind.
        """
        return {e.name: e.id or self._listed_id(e) for e in self.entities if e.kind is not None}

    def _listed_id(self, own: Entity) -> str:
        if self.listed_names is None:
            return ""
        named = self.listed_names.look_up(own.name)
        ids = [n.entry.id for n in named if n.entry.kind == own.kind]
        return ids[0] if len(ids) == 1 else ""

    @cached_property
    def refused(self) -> dict[str, frozenset[str]]:
        """A dict of the names that the operator has refused, each with the kinds, such as
        person, of which it is no name. The names are in a form without letter case and accents."""
        kinds = {folded_name(name): frozenset(get_args(EntityKind)) for name in self.stop_names}
        for entity in self.entities:
            for name in (entity.name, *entity.aliases) if entity.refused_kinds else ():
                form = folded_name(name)
                kinds[form] = kinds.get(form, frozenset()) | frozenset(entity.refused_kinds)
        return kinds

    @cached_property
    def first_word_finder(self) -> WordFinder:
        """Finds all words of a text that are the first word of a name or alias that the operator
        listed. Only at these words the complete names are looked for."""
        return WordFinder(self.aliases_by_first_word)

    @cached_property
    def aliases_by_first_word(self) -> dict[str, list[OwnAlias]]:
        """A dict from a word to those names and aliases in the operator's list that begin with it,
        the longest first."""
        by_first_word: dict[str, list[OwnAlias]] = {}
        for entity in self.entities:
            for alias in (entity.name, *entity.aliases) if entity.kind else ():
                words = tuple(word for word in Tokens(alias).words if word)
                own = OwnAlias(words, entity.kind or "")
                by_first_word.setdefault(words[0], []).append(own)
        for aliases in by_first_word.values():
            aliases.sort(key=lambda alias: -len(alias.words))
        return by_first_word
