"""Six paragraphs of an article, and templates of markup that name them."""

ARTICLE = {
    "a": "The harbour at Northmouth reopened on Tuesday after engineers finished repairing the "
    "eastern wall, which had been damaged by the winter storms of the previous season.",
    "b": "Fishing crews returned before dawn, and the first boats left for the outer banks shortly "
    "after six, according to the harbour master, who counted fourteen departures in an hour.",
    "c": "The city council said the repairs had cost four million crowns, a fifth more than "
    "planned, because the foundations were weaker than the surveys had suggested.",
    "d": "A second phase, which will deepen the inner basin and replace the old crane, is to begin "
    "next spring if the regional government approves the money in January.",
    "e": "Residents had waited for the day since November, when the sea tore a gap of thirty "
    "metres into the wall and sank two boats of the pilots.",
    "f": "The ferry company wants to run its ships every hour until the end of September, and has "
    "hired twenty people for the summer.",
}  # fmt: skip
ALL = "".join(f"<p>{paragraph}</p>" for paragraph in ARTICLE.values())


def filled(text: str) -> str:
    """Put the paragraphs in the place of {a} to {f}, and all of them in that of {all}."""
    for name, paragraph in ARTICLE.items():
        text = text.replace(f"{{{name}}}", paragraph)
    return text.replace("{all}", ALL)
