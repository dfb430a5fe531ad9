"""The base class of this package's pydantic models, and a type for sets of words in them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer


class Frozen(BaseModel):
    """Base of this package's pydantic models: instances can't be changed, and a field that a model
    does not have raises an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# A set of words. It is written sorted, so that the output does not depend on the run.
WordSet = Annotated[frozenset[str], PlainSerializer(sorted, return_type=list[str])]
