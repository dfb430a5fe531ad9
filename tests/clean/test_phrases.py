"""The share of a block that is phrases which stand around articles."""

import pytest

from worker.clean.page.character_features import phrase_shares


@pytest.mark.parametrize(
    ("around", "inside"),
    [
        ("Leave a comment", "The comment surprised his party"),
        ("Hinterlasse einen Kommentar", "Sein Kommentar hat die eigene Partei überrascht"),
        ("Das könnte dich auch interessieren", "Das könnte der Regierung bald schwerfallen"),
        ("Laisser un commentaire", "Le maire refuse tout commentaire depuis lundi"),
        ("Deja un comentario", "El ministro evitó cualquier comentario ayer"),
        ("Deixe um comentário", "O comentário do ministro irritou os aliados"),
        ("Lascia un commento", "Il commento del ministro non convince nessuno"),
        ("Добавить комментарий", "Такой комментарий удивил всех его союзников"),
        ("Najczęściej czytane", "Książki czytane przez dzieci zmieniają szkołę"),
        ("Gerelateerde artikelen", "De artikelen van de wet gelden vanaf morgen"),
    ],
)
def test_a_line_around_an_article_is_mostly_such_words(around: str, inside: str) -> None:
    most, few = phrase_shares([around, inside])
    assert most > 0.8
    assert few < 0.35
