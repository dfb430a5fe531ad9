"""Convert tags that an earlier version of this package has stored to the form of this version."""

from worker.store.database.engine import Transaction
from worker.store.writing.tag_writing import count_unmoved, move_tags


class SqlTagMoves:
    """Converts tags in an SQL database, of which an earlier version stored one row for each tag, to
    one row for each article.

    It implements the protocol TagMover, whose docstrings describe the methods. `reading` and
    `writing` are functions that open a transaction of the database.
    """

    def __init__(
        self,
        reading: Transaction,
        writing: Transaction,
    ) -> None:
        self._reading = reading
        self._writing = writing

    def count(self) -> int:
        with self._reading() as connection:
            return count_unmoved(connection)

    def move(self, most: int) -> int:
        with self._writing() as connection:
            return move_tags(connection, most)
