"""The thorough model of names reads the same words, whatever was read before."""

from worker.tag.entities import recognise_names
from worker.tag.entities.name_model import shipped
from worker.tag.tokens import Tokens, reset_vocabulary

TEXT = "Maria Lindqvist of Northwind Holdings met Peter Oduya in Tallinn on Friday."


def test_words_that_another_model_has_read_change_no_names() -> None:
    reset_vocabulary()
    alone = recognise_names(Tokens(TEXT), shipped("thorough").recogniser)
    reset_vocabulary()
    Tokens("Ships waited outside the harbour while dockers struck over pay and hours.")
    assert recognise_names(Tokens(TEXT), shipped("thorough").recogniser) == alone
    assert alone
