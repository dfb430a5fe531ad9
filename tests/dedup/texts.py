"""Texts to compare, the packaged rules, and factories of fingerprints and of generated texts."""

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tests import make
from worker.dedup import DedupRules, fingerprint
from worker.model.records import Fingerprint

CONFIG = Path(__file__).parents[2] / "config" / "dedup.toml"
RULES = DedupRules.model_validate(tomllib.loads(CONFIG.read_text()))

TITLE = "Port of Rotterdam closes gates as storm Ida nears"
PARAGRAPHS = [
    "The port of Rotterdam closed its 2 largest gates on Friday evening as storm Ida moved in from "
    "the North Sea, the harbour authority said, and asked ships to stay 30 miles off the coast.",
    "Wind speeds of up to 115 kilometres an hour were expected overnight, with waves of 9 metres "
    "at the mouth of the Maas, according to the national weather service in De Bilt.",
    '"We do not take this step lightly," harbour master Anneke de Vries told reporters. "Every '
    'hour that the gates stay shut costs the terminals about 1.4 million euros."',
    "Some 46 vessels were waiting at anchor by midnight, among them 3 tankers with crude oil for "
    "the refinery at Pernis. Rail freight to Germany went on with delays of 2 hours.",
    "The barrier was last closed in January 2018, when two storms crossed the Netherlands within "
    "one week. Its builders had expected a closure once in ten years; engineers now expect one "
    "every five, because the sea rises faster than was thought when the barrier was designed.",
    "Farmers on the islands of Zeeland moved cattle to higher ground, and schools in seven towns "
    "will stay closed on Monday while crews inspect dikes, bridges and power lines.",
]
STORY = "\n\n".join(PARAGRAPHS)

OTHER_TITLE = "Parliament passes budget after all-night debate"
OTHER = (
    "Lawmakers in Lisbon approved next year's budget at dawn after fourteen hours of debate, with "
    "the governing coalition keeping its majority by 5 votes. Finance minister Rui Matos called "
    "the outcome a victory for patients and nurses, since hospitals receive 900 million euros "
    "more. The opposition said it would challenge a clause on property tax in court, and unions "
    "announced a strike of railway staff for the second week of December over frozen wages."
)

ISSUE = (
    "{who} is issuing a {amount} mln Australian dlr eurobond due {due} paying {coupon} pct and "
    "priced at {price}, lead manager {lead} said. The non-callable bond is available in "
    "denominations of {unit} Australian dlrs and will be listed in Luxembourg. The selling "
    "concession is one pct while management and underwriting combined pays {fee} pct. The payment "
    "date is {pays} and the issue is not guaranteed. It is the borrower's first on this market."
)
ISSUES = [
    {"who": "Elektra Lorenz Finanz", "amount": 40, "due": "May 11, 1990", "coupon": "14-1/4"}
    | {"price": "101-1/2", "lead": "Credit Romand", "unit": 1000, "fee": "5/8", "pays": "May 11"},
    {"who": "Hanse Bank Kiel", "amount": 75, "due": "July 3, 1994", "coupon": "12-5/7"}
    | {"price": "99-3/4", "lead": "Banque Parisot", "unit": 5000, "fee": "9/16", "pays": "July 3"},
]

CHINESE = (
    "荷兰鹿特丹港周五晚间关闭了两座最大的闸门,因为风暴艾达正从北海逼近。港务局表示,所有船只应停留在离岸三十海里之外。"
    "气象部门预计夜间风速将达到每小时一百一十五公里,河口浪高九米。港务长对记者说,做出这一决定并不轻松,"
    "因为闸门每关闭一小时,码头就要损失约一百四十万欧元。午夜时分约有四十六艘船在锚地等候,其中包括三艘油轮。"
)
CHINESE_OTHER = (
    "葡萄牙议会经过十四个小时的辩论,于凌晨通过了明年的预算案,执政联盟以五票优势保住多数。财政部长称这一结果是病人和护士的胜利,"
    "医院将多得到九亿欧元。反对派表示将就房产税条款向法院提出诉讼,工会则宣布铁路员工将在十二月第二周罢工,以抗议工资冻结。"
)

DAY = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def fingerprint_of(text: str, title: str = TITLE, days: int | None = 0) -> Fingerprint:
    """The fingerprint of a text published `days` after DAY; without a date if `days` is None."""
    published = None if days is None else DAY + timedelta(days=days)
    return fingerprint(make.article(title=title, text=text, published=published), RULES)


def invented(seed: int, words: int = 150) -> str:
    """A generated text; texts of different seeds have no words in common but by chance."""
    random = Random(seed)
    syllables = ["ka", "lo", "mi", "ter", "sun", "ver", "dra", "pel", "qui", "zo", "nab", "rif"]
    spoken = ("".join(random.choices(syllables, k=random.randint(2, 4))) for _ in range(words))
    return " ".join(spoken)
