"""The rules of entities: `config/entities.toml`, own names and how far to look."""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.tag.entities.name_model import ModelPath, shipped
from worker.tag.entities.tokens import Tokens, Watch

Kind = Literal["person", "organisation", "place"]


class Entity(Frozen):
    """A name of the operator's own, and what else it is called."""

    name: Annotated[str, Field(min_length=2)]
    kind: Kind
    aliases: tuple[str, ...] = ()


class EntityRules(Frozen):
    """Which names are looked for; units and sources are in config/entities.toml."""

    version: Annotated[str, Field(min_length=1)]
    recognise: bool = True
    path: ModelPath = "fast"
    languages: tuple[str, ...] = ("en",)
    most: Annotated[int, Field(ge=1)] = 30
    most_spans: Annotated[int, Field(ge=1)] = 5
    entities: tuple[Entity, ...] = ()

    @model_validator(mode="after")
    def _aliases_mean_one(self) -> Self:
        owner: dict[str, str] = {}
        for entity in self.entities:
            for alias in (entity.name, *entity.aliases):
                if owner.setdefault(alias, entity.name) != entity.name:
                    raise ValueError(f"{alias!r} means both {owner[alias]} and {entity.name}")
        return self

    @property
    def full_version(self) -> str:
        """Of these rules and of the model they are about."""
        return f"{self.version}+{shipped(self.path).version}" if self.recognise else self.version

    def warm(self) -> None:
        """Make ready what processes forked from this one can share."""
        _ = self.by_first
        if self.recognise:
            shipped(self.path).warm()

    @cached_property
    def by_alias(self) -> dict[str, tuple[str, str]]:
        """(name, kind) by what it may be called."""
        return {a: (e.name, e.kind) for e in self.entities for a in (e.name, *e.aliases)}

    @cached_property
    def first_words(self) -> Watch:
        """Sees where an entry may begin."""
        return Watch(self.by_first)

    @cached_property
    def by_first(self) -> dict[str, list[tuple[tuple[str, ...], Entity]]]:
        """Aliases in words, by their first one, the longest first."""
        found: dict[str, list[tuple[tuple[str, ...], Entity]]] = {}
        for entity in self.entities:
            for alias in (entity.name, *entity.aliases):
                words = tuple(word for word in Tokens(alias).words if word)
                found.setdefault(words[0], []).append((words, entity))
        for its in found.values():
            its.sort(key=lambda pair: -len(pair[0]))
        return found

    @cached_property
    def longest(self) -> int:
        """Words that an own entry has at most."""
        return max(len(words) for its in self.by_first.values() for words, _ in its)
