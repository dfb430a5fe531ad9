"""Generate a news wire: articles with names and numbers, edited copies, and look-alikes."""

import random
from datetime import date, timedelta
from typing import Any

from bench.edits import COPIES, LOOKALIKES, Donors
from devtools.generated_articles import vocabulary
from devtools.news_corpora import Text

Raw = dict[str, Any]


def invented(count: int, seed: int) -> list[Text]:
    """A wire of stories that are edited and cut, of copies of these, and of look-alikes."""
    rng = random.Random(seed)
    words = vocabulary(rng)
    names = [word.capitalize() for word in rng.sample(words, 300)]

    def paragraph() -> str:
        its = [rng.choice((words, words, words, names)) for _ in range(rng.randint(20, 45))]
        said = [rng.choice(some) for some in its]
        for place in rng.sample(range(len(said)), 2):
            said[place] = str(rng.randint(2, 9999))
        return f"{' '.join(said).capitalize()}."

    def story(name: str) -> Text:
        text = "\n\n".join(paragraph() for _ in range(rng.choice((1, 3, 4, 6))))
        title = " ".join(rng.sample(text.replace(".", "").split()[:60], 7)).capitalize()
        return Text(name, title, text, date(2026, 11, 1) + timedelta(days=rng.randrange(20)))

    donors = Donors([story(f"donor-{n}") for n in range(200)], seed)
    texts = []
    for number in range(count):
        told = [story(f"{number}")]
        for copy in range(rng.choice((0, 0, 1, 1, 2, 3))):
            edit = rng.choice([*COPIES.values()])
            told.append(edit(rng.choice(told), donors)._replace(id=f"{number}-copy-{copy}"))
        if rng.random() < 0.3:
            like = rng.choice([*LOOKALIKES.values()])
            told.append(like(told[0], donors)._replace(id=f"{number}-other"))
        texts += told
    rng.shuffle(texts)
    return texts


def raw(text: Text) -> Raw:
    return {
        "id": text.id,
        "title": text.title,
        "content": [{"type": "text/plain", "value": text.text}],
        "published": f"{text.day}T12:00:00Z" if text.day else None,
        "source": {"id": f"paper of {text.id}"},  # in one source copies would be revisions
    }
