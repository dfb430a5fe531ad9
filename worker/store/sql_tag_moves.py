"""Convert tags that an earlier version of this package has stored to the form of this version."""

from worker.store.database.engine import Transaction
from worker.store.writing.tag_writing import move_tags


class SqlTagMoves:
    """Converts tags in an SQL database, of which an earlier version stored one row for each tag, to
    one row for each article.

    It implements the protocol TagMover, whose docstrings describe the methods. `writing` is a
    function that opens a transaction of the database.
    """

    def __init__(self, writing: Transaction) -> None:
        self._writing = writing

    def move(self, most: int) -> int:
        with self._writing() as connection:
            return move_tags(connection, most)
