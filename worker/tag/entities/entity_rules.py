"""The settings in `config/entities.toml`: how names in articles become tags.

They include names that the operator listed, which are found without a trained model.
"""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from worker.model.admission import Frozen
from worker.tag.entities.name_model import ModelPath, shipped
from worker.tag.entities.tokens import Tokens, WordFinder

EntityKind = Literal["person", "organisation", "place"]


class Entity(Frozen):
    """A name that the operator listed in config/entities.toml, to be found in every article.

    `name` is the label of its tag, `kind` person, organisation or place. Mentions of `aliases`
    count as mentions of the name.
    """

    name: Annotated[str, Field(min_length=2)]
    kind: EntityKind
    aliases: tuple[str, ...] = ()


class EntityRules(Frozen):
    """Whether and how names in articles become tags, and the names that the operator listed
    (`entities`).

    `recognise` switches on the trained model that finds other names, in texts in `languages`;
    `path` chooses the fast or the more accurate one. At most `most` names of an article become
    tags. Each has at most `most_spans` passages as evidence.
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
        """The version that is stored with each tag of a name: that of these settings, followed by
        that of the trained model if it is used."""
        return f"{self.version}+{shipped(self.path).version}" if self.recognise else self.version

    def warm(self) -> None:
        """Load the model and make look-up tables of the operator's names, before the worker forks.

        So the processes of the worker share the memory of both.
        """
        _ = self.aliases_by_first_word
        if self.recognise:
            shipped(self.path).warm()

    @cached_property
    def by_alias(self) -> dict[str, tuple[str, str]]:
        """A dict from each name that the operator listed, and from each alias, to its (name, kind).

        The kind is person, organisation or place.
        """
        return {a: (e.name, e.kind) for e in self.entities for a in (e.name, *e.aliases)}

    @cached_property
    def first_word_finder(self) -> WordFinder:
        """Finds all words of a text that are the first word of a name or alias that the operator
        listed. Only at these words the complete names are looked for."""
        return WordFinder(self.aliases_by_first_word)

    @cached_property
    def aliases_by_first_word(self) -> dict[str, list[tuple[tuple[str, ...], Entity]]]:
        """A dict from a word to those names and aliases in the operator's list that begin with it.

        Each of them is a pair: its words, and its entry in the list. The longest comes first.
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
        """How many words the longest name or alias has that the operator listed."""
        by_first_word = self.aliases_by_first_word
        return max(len(words) for aliases in by_first_word.values() for words, _ in aliases)
