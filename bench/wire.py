"""Generate a news wire: articles with names and numbers, edited copies, and similar non-copies."""

import random
from datetime import date, timedelta
from typing import Any

from bench.edits import COPIES, LOOKALIKES, Donors
from devtools.generated_articles import vocabulary
from devtools.news_corpora import Text

Raw = dict[str, Any]


def invented(count: int, seed: int) -> list[Text]:
    """Generate `count` articles in random order with up to three edited copies each.

    Three in ten also get a similar article that is no copy. Equal seeds give equal texts.
    """
    rng = random.Random(seed)
    words = vocabulary(rng)
    names = [word.capitalize() for word in rng.sample(words, 300)]

    def paragraph() -> str:
        lists = [rng.choice((words, words, words, names)) for _ in range(rng.randint(20, 45))]
        sentence = [rng.choice(word_list) for word_list in lists]
        for index in rng.sample(range(len(sentence)), 2):
            sentence[index] = str(rng.randint(2, 9999))
        return f"{' '.join(sentence).capitalize()}."

    def make_text(name: str) -> Text:
        text = "\n\n".join(paragraph() for _ in range(rng.choice((1, 3, 4, 6))))
        title = " ".join(rng.sample(text.replace(".", "").split()[:60], 7)).capitalize()
        return Text(name, title, text, date(2026, 11, 1) + timedelta(days=rng.randrange(20)))

    donors = Donors([make_text(f"donor-{n}") for n in range(200)], seed)
    texts = []
    for number in range(count):
        story = [make_text(f"{number}")]
        for copy in range(rng.choice((0, 0, 1, 1, 2, 3))):
            edit = rng.choice([*COPIES.values()])
            story.append(edit(rng.choice(story), donors)._replace(id=f"{number}-copy-{copy}"))
        if rng.random() < 0.3:
            edit = rng.choice([*LOOKALIKES.values()])
            story.append(edit(story[0], donors)._replace(id=f"{number}-other"))
        texts += story
    rng.shuffle(texts)
    return texts


def raw(text: Text) -> Raw:
    """The text as a raw article of a source of its own."""
    return {
        "id": text.id,
        "title": text.title,
        "content": [{"type": "text/plain", "value": text.text}],
        "published": f"{text.day}T12:00:00Z" if text.day else None,
        "source": {"id": f"paper of {text.id}"},  # copies from one source would be revisions
    }
