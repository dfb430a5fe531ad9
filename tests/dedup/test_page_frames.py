"""What is only the frame of a page is no article, and similar to nothing."""

import pytest

from tests.dedup.texts import RULES, STORY, fingerprint_of
from worker.dedup import compare
from worker.dedup.page_frames import is_frame

MENU = "Home News Sport|Culture and events|Weather for the coast|Tide tables|Jobs|Homes to let"
LINKS = (
    "A hundred years of the eastern wall|Readers and their boats|Winter on the outer banks"
    "|Divers below the quay|Old postcards from Oster|Sheep on the dike|The longest table"
)
FRAME = "\n\n".join(f"{MENU}|{LINKS}".split("|"))


@pytest.mark.parametrize(
    "text",
    [
        FRAME,
        FRAME.replace("\n\n", "\n"),
        FRAME + "\n\nPhoto 3 of 12\n\n© 2019 Northmouth Post",
        FRAME + "\n\nAll rights reserved.",
        "\n\n".join("首页|新闻|体育|财经|娱乐|科技|汽车|房产|更多图片|上一页|下一页".split("|")),
        "\n\n".join(
            "Accueil|Politique|Monde|Sports|Culture|Météo|Emploi|Diaporama|Vidéos|Aide".split("|")
        ),
        "\n\n".join(
            "Главная|Новости|Спорт|Погода|Афиша|Работа|Фото|Видео|Контакты|Поиск".split("|")
        ),
    ],
)
def test_menus_and_lists_of_links_are_a_frame(text: str) -> None:
    assert is_frame(text)


TABLE = "\n".join(f"Northmouth {n} Oster {n + 1}" for n in range(20))
POEM = "\n".join(
    ["The harbour sleeps beneath the snow,", "and boats are dreaming, row by row;"] * 8
)
STEPS = "\n\n".join("Fold the dough once more and let it rest for an hour." for _ in range(12))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Harbour reopens",
        STORY,
        STORY.replace("\n\n", "\n" * 20),
        "\n\n".join(["Home", "News", "Sport"]) + "\n\n" + STORY,
        FRAME + "\n\n" + STORY[:300],
        TABLE,
        POEM,
        STEPS,
        "\n\n".join("東京の港は火曜日に再開した。" for _ in range(12)),
        "\n\n".join(STORY.split("\n\n") + ["Oster", "Brenn", "Vestfjord", "Northmouth"] * 3),
    ],
)
def test_articles_tables_poems_and_short_lists_are_none(text: str) -> None:
    assert not is_frame(text)


@pytest.mark.parametrize("other", [FRAME, FRAME + "\n\nA dancer in Basel"])
def test_pages_that_share_only_their_frame_are_no_copies(other: str) -> None:
    carnival = fingerprint_of(FRAME, "Carnival in Basel")
    assert compare(carnival, fingerprint_of(other, "Floods along the Oder"), RULES) is None


def test_one_page_of_one_day_is_a_copy_of_itself_frame_or_not() -> None:
    page = fingerprint_of(FRAME, "Carnival in Basel")
    match = compare(page, fingerprint_of(FRAME, "Carnival in Basel"), RULES)
    assert match is not None
    assert match.signal == "exact"


NOTICE = (
    "This picture is shown by kind permission of its owner. Use the arrow keys to go on, or touch "
    "the edge of the screen. Prints can be ordered from the desk in the market hall, which is open "
    "every morning except on Sundays. Readers may send their own views of the coast; the best hang "
    "in our window for a week, and their makers get a jar of honey and a calendar. Whoever finds a "
    "mistake below a picture may write to the archive, where two volunteers answer all letters by "
    "hand. Older pictures, among them glass plates of the first steamers, lie in a fireproof vault."
)


@pytest.mark.parametrize(
    ("days", "title", "kind"),
    [
        (900, "Floods along the Oder", "variant"),
        (900, "Carnival in Basel", "duplicate"),
        (900, "Prints from the desk in the market hall", "duplicate"),
        (1, "Floods along the Oder", "duplicate"),
    ],
)
@pytest.mark.parametrize("caption", ["", " A view to the south."])
def test_a_notice_on_pages_years_apart_is_no_copy_unless_a_title_speaks_of_it(
    days: int, title: str, kind: str, caption: str
) -> None:
    first = fingerprint_of(NOTICE, "Carnival in Basel")
    later = fingerprint_of(NOTICE + caption, title, days=days)
    match = compare(first, later, RULES)
    assert match is not None
    assert match.kind.value == kind


BAR = " | ".join(f"{MENU}|{LINKS}".split("|"))


def test_a_menu_in_one_line_is_a_frame_and_a_bar_in_a_sentence_is_none() -> None:
    assert is_frame(BAR)
    assert not is_frame(STORY.replace(", ", " | "))
