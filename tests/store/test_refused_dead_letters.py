"""Writing dead letters can't fail: a letter that the store refuses is written as plain text."""

import json
from dataclasses import replace

import pytest

from tests.make import NOW, dead
from worker.errors import Unavailable
from worker.model.admission import Payload
from worker.model.records import OutcomeKind
from worker.pipeline.dead_lettering import dead_letter, in_ascii
from worker.store.sql_store import SqlStore


@pytest.mark.parametrize(
    "changes",
    [
        {"payload": Payload(text="kept", sha256="0" * 64, bytes=2**80, whole=False)},
        {"payload": Payload(text="kept", sha256="\ud800\0" * 64, bytes=4, whole=False)},
        {"detail": "\ud800\0" * 1000, "source": "\0" * 5000},
    ],
)
def test_a_letter_whose_own_fields_break_the_store_is_kept_as_text(
    store: SqlStore, changes: dict[str, object]
) -> None:
    odd = replace(dead("odd", receipt="odd"), **changes)
    good = dead("good", receipt="good")
    dead_letter(store, [good, odd], NOW)
    outcomes = store.outcomes(["odd", "good"])
    assert {receipt: o.kind for receipt, o in outcomes.items()} == {
        "odd": OutcomeKind.DEAD,
        "good": OutcomeKind.DEAD,
    }
    [letter] = store.letters([outcomes["odd"].letter_id])
    assert "kept" in letter.payload or "odd" in letter.payload


def test_the_copy_is_ascii_and_says_everything() -> None:
    payload = Payload(text="caf\u00e9 \ud800", sha256="0" * 64, bytes=2**80, whole=True)
    odd = replace(dead("x"), payload=payload, source="\0\u00e9")
    plain = in_ascii(odd)
    assert plain.payload.text.isascii()
    assert json.loads(plain.payload.text) == {"payload": payload.text, "bytes": str(2**80)}
    assert plain.source == r"\x00\xe9"


def test_a_store_that_is_away_is_said_to_be(tmp_path: object) -> None:
    gone = SqlStore("postgresql+psycopg://worker@127.0.0.1:1/none")
    with pytest.raises(Unavailable):
        dead_letter(gone, [dead("x")], NOW)
    gone.close()
