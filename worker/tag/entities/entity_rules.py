"""The settings of entity tagging in `config/entities.toml`, with the operator's own names."""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.tag.entities.name_model import ModelPath, shipped
from worker.tag.entities.tokens import Tokens, WordFinder

EntityKind = Literal["person", "organisation", "place"]


class Entity(Frozen):
    """A name that the operator listed (an own entry), with its kind and its aliases."""

    name: Annotated[str, Field(min_length=2)]
    kind: EntityKind
    aliases: tuple[str, ...] = ()


class EntityRules(Frozen):
    """Whether and how names become tags, and which names are the operator's own.

    The comments in config/entities.toml explain each value, and its unit.
    """

    version: Annotated[str, Field(min_length=1)]
    recognise: bool = True
    path: ModelPath = "fast"
    languages: tuple[str, ...] = ("en",)
    most: Annotated[int, Field(ge=1)] = 30
    most_spans: Annotated[int, Field(ge=1)] = 5
    entities: tuple[Entity, ...] = ()

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
        """The version of these rules and, if names are recognised, that of the model."""
        return f"{self.version}+{shipped(self.path).version}" if self.recognise else self.version

    def warm(self) -> None:
        """Compute tables and load the model, so that processes forked from this one share them."""
        _ = self.aliases_by_first_word
        if self.recognise:
            shipped(self.path).warm()

    @cached_property
    def by_alias(self) -> dict[str, tuple[str, str]]:
        """The (name, kind) of each of the operator's own entries, by its name and its aliases."""
        return {a: (e.name, e.kind) for e in self.entities for a in (e.name, *e.aliases)}

    @cached_property
    def first_word_finder(self) -> WordFinder:
        """A finder of the tokens with which a name or alias of the operator's own may begin."""
        return WordFinder(self.aliases_by_first_word)

    @cached_property
    def aliases_by_first_word(self) -> dict[str, list[tuple[tuple[str, ...], Entity]]]:
        """The operator's own names and aliases as words, with their entries, by first word.

        Of those with the same first word, the longest comes first.
        """
        by_first_word: dict[str, list[tuple[tuple[str, ...], Entity]]] = {}
        for entity in self.entities:
            for alias in (entity.name, *entity.aliases):
                words = tuple(word for word in Tokens(alias).words if word)
                by_first_word.setdefault(words[0], []).append((words, entity))
        for aliases in by_first_word.values():
            aliases.sort(key=lambda pair: -len(pair[0]))
        return by_first_word

    @cached_property
    def max_alias_words(self) -> int:
        """The number of words of the longest name or alias of the operator's own."""
        by_first_word = self.aliases_by_first_word
        return max(len(words) for aliases in by_first_word.values() for words, _ in aliases)
