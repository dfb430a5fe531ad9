"""A search for all words with a beginning that too many have is refused in any store."""

import pytest
import sqlalchemy as sa

from tests.make import NOW, article, record
from worker.store.listing_values import TooBroad
from worker.store.reading import broad_words
from worker.store.sql_store import SqlStore
from worker.store.values import Query


def fill(store: SqlStore) -> None:
    texts = [f"harbour harbours word{n} 100% under_score ünder" for n in range(20)]
    made = [article(f"id:{n}", title=f"Story {n}", text=text) for n, text in enumerate(texts)]
    store.write([record(each) for each in made], [], [], now=NOW)
    with store._reading() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ("harb*", True),  # harbour in 20, harbours in 20
        ("HARB*", True),
        ("-harb*", True),
        ('"ships harb"*', True),
        ("word*", False),  # 20 words, each in one
        ("harbour", False),
        ("harbour word3", False),
        ("word3*", False),
        ("nowhere*", False),
        ("100%*", False),
        ("%*", False),
        ("", False),
    ],
)
def test_only_a_beginning_of_frequent_words_is_refused(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, words: str, refused: bool
) -> None:
    monkeypatch.setattr(broad_words, "MOST_JOINED", 30)
    fill(store)
    for read in (store.listings.article_page, store.listings.article_facets):
        if refused:
            with pytest.raises(TooBroad, match="'harb'; write more of the word"):
                read(Query(words=words, limit=5))
        else:
            read(Query(words=words, limit=5))


def test_a_beginning_finds_the_same_articles_as_before(store: SqlStore) -> None:
    fill(store)
    page = store.listings.article_page(Query(words="word1*", limit=50))
    assert len(page.hits) == 11  # word1, word10 … word19
