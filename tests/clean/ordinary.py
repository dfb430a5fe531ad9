"""Factories with usual values, so that a test states only the values that it is about."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from worker.clean import CleaningRules, clean
from worker.model.admission import RawArticle
from worker.model.records import Article

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CONFIG = Path(__file__).parents[2] / "config" / "cleaning.toml"
RULES = CleaningRules.model_validate(tomllib.loads(CONFIG.read_text(encoding="utf-8")))

PARAGRAPHS = (
    "The harbour reopened on Monday after two weeks of repairs to its eastern wall.",
    "Engineers said the storm had moved stones of more than four tonnes each.",
    "Ferries will run every hour until the end of March, the operator announced.",
)
TEXT = "\n\n".join(PARAGRAPHS)
# An ordinary sentence in each language that line rules are written for.
BODIES = {
    "en": "The harbour reopened on Monday.",
    "de": "Der Hafen öffnete am Montag wieder.",
    "fr": "Le port a rouvert ses portes lundi.",
    "es": "El puerto reabrió sus puertas el lunes.",
    "pt": "O porto reabriu na segunda-feira.",
    "it": "Il porto ha riaperto lunedì mattina.",
    "nl": "De haven ging maandag weer open.",
    "ru": "Порт снова открылся в понедельник.",
}


def raw(**fields: Any) -> RawArticle:
    ordinary = {"link": "https://news.example.com/2026/harbour", "title": "Harbour reopens"}
    return RawArticle.model_validate(ordinary | {"content": TEXT} | fields)


def markup(value: str, media_type: str = "text/html") -> list[dict[str, str]]:
    return [{"type": media_type, "value": value}]


def cleaned(**fields: Any) -> Article:
    return clean(raw(**fields), RULES, NOW)
