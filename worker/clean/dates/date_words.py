"""The words of written dates in many languages: months, days of the week, and words between the
parts of a date.

The tables have these words in lower case and simplified by `fold`, without accents for example.
"""

import re
import unicodedata

# One row for each month: its names in many languages, in the grammatical cases used in dates.
_MONTHS = (
    "january januar jänner janner januari janvier enero janeiro gennaio gener января январь "
    "січня януари stycznia styczeń ledna leden januára ianuarie ocak tammikuuta január "
    "ιανουαρίου|"
    "february februar feber februari février fevrier febrero fevereiro febbraio febrer февраля "
    "февраль лютого февруари lutego luty února únor februára februarie şubat subat helmikuuta "
    "február φεβρουαρίου febuary|"
    "march märz maerz maart mars marzo março marco març марта март березня marca marzec března "
    "březen marts martie mart maret maaliskuuta március μαρτίου|"
    "april avril abril aprile апреля апрель април квітня kwietnia kwiecień dubna duben apríla "
    "aprilie nisan huhtikuuta április απριλίου|"
    "may mai mei mayo maio maggio maig мая май травня maja maj května květen mája mayıs "
    "toukokuuta május μαΐου|"
    "june juni juin junio junho giugno juny июня июнь червня юни czerwca czerwiec června červen "
    "júna iunie haziran kesäkuuta június ιουνίου|"
    "july juli juillet julio julho luglio juliol июля июль липня юли lipca lipiec července "
    "červenec júla iulie temmuz heinäkuuta július ιουλίου|"
    "august augustus augusti août aout agosto agost августа август серпня sierpnia sierpień "
    "srpna srpen augusta ağustos agustus elokuuta augusztus αυγούστου|"
    "september septembre septiembre setiembre setembro settembre setembre сентября сентябрь "
    "вересня септември września wrzesień září septembra septembrie eylül syyskuuta szeptember "
    "σεπτεμβρίου|"
    "october oktober octobre octubre outubro ottobre октября октябрь жовтня октомври "
    "października październik října říjen októbra octombrie ekim lokakuuta október οκτωβρίου|"
    "november novembre noviembre novembro ноября ноябрь листопада ноември listopada listopad "
    "listopadu novembra noiembrie kasım marraskuuta νοεμβρίου|"
    "december dezember décembre decembre diciembre dezembro dicembre desembre desember декабря "
    "декабрь грудня декември grudnia grudzień prosince prosinec decembra decembrie aralık "
    "joulukuuta δεκεμβρίου"
)
_SHORT = "jan feb mar apr may jun jul aug sep oct nov dec"  # outrank the prefixes of other names

_WEEKDAYS = (
    "monday mon tuesday tues tue wednesday wed thursday thurs thur thu friday fri saturday sat "
    "sunday sun montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo mi fr "
    "sa lundi mardi mercredi jeudi vendredi samedi dimanche lun mar mer jeu ven sam dim lunes "
    "martes miércoles jueves viernes sábado domingo mie jue vie sab dom lunedì martedì mercoledì "
    "giovedì venerdì gio segunda terça quarta quinta sexta seg ter qua qui sex maandag "
    "dinsdag woensdag donderdag vrijdag zaterdag zondag ma wo vr za zo понедельник вторник среда "
    "четверг пятница суббота воскресенье понеділок вівторок середа пʼятниця субота неділя неделя "
    "пн вт ср чт пт сб вс нд poniedziałek wtorek środa czwartek piątek sobota niedziela pon wt "
    "śr czw pt sob nd ndz niedz måndag tisdag onsdag torsdag fredag lördag söndag mån tis ons "
    "tors tor fre lör sön mandag tirsdag lørdag søndag man tir lør søn maanantai tiistai "
    "keskiviikko torstai perjantai lauantai sunnuntai maanantaina tiistaina keskiviikkona "
    "torstaina perjantaina lauantaina sunnuntaina ti ke pe su pondělí úterý středa čtvrtek pátek "
    "neděle po út st čt pá pazartesi salı çarşamba perşembe cuma cumartesi pazar pzt sal çar per "
    "cum cmt paz hétfő kedd szerda csütörtök péntek szombat vasárnap senin selasa rabu kamis "
    "jumat sabtu minggu luni marți miercuri joi vineri sâmbătă duminică dilluns dimarts dimecres "
    "dijous divendres dissabte diumenge δευτέρα τρίτη τετάρτη πέμπτη παρασκευή σάββατο κυριακή "
    "δευ τρι τετ πεμ παρ σαβ κυρ tu we th tus weds sabato domenica din woe don vri "
    "zat zon tirs pondelok utorok streda štvrtok piatok nedeľa ponedjeljak utorak srijeda "
    "četvrtak petak subota nedjelja понеделник сряда четвъртък петък събота"
)
# Words before a part of a date, and words after an hour or a year.
_BEFORE = (
    "feira on at of the o am um den der dem vom do so le à a du de d l el del la las los il "
    "alle all dell nell ore ora di às as em om op в o godz godzina klokken kl klo v ve saat "
    "pukul jam lúc ngày da to"
)
_UNITS = (
    "clock hrs hours hour h uhr heures heure hs horas hora uur г год года ч r roku hod óra gada"
)
_FOLDED = str.maketrans(
    {**dict.fromkeys("‐‑‒–—―−﹣－", "-"), **dict.fromkeys("’‘ʼʻ`´", "'")}
    | {"ı": "i", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "、": ","}
)
_EASTERN_DAY = re.compile(
    r"(?:星期|周|週|礼拜|禮拜)[一二三四五六日天]|[月火水木金土日]曜日?|[월화수목금토일]요일"
    r"|\((?:[月火水木金土日]|[월화수목금토일]|[一二三四五六])\)"
    r"|(?:thu (?:hai|ba|tu|nam|sau|bay)|chu nhat)\b",
    re.I,
)
_EASTERN_NOON = re.compile(r"(上午|午前|오전|凌晨|早上)|下午|午後|오후|晚上")


def fold(text: str) -> str:
    """Simplify a text so that the words of a date can be looked up in it, such as "Marz" for
    "März".

    Letters lose their accents, digits of other scripts become ASCII digits, and each run of white
    space becomes one space.
    """
    if not text.isascii():
        apart = unicodedata.normalize("NFKD", text.translate(_FOLDED))
        kept = (c for c in apart if unicodedata.category(c) not in ("Mn", "Cf"))
        text = unicodedata.normalize("NFC", "".join(kept))
    return " ".join(text.split())


def _months() -> dict[str, int]:
    """The number of each month by its names, and by each prefix that only one month has (sept,
    janv)."""
    rows = [row.split() for row in _MONTHS.split("|")]
    names = {name: number for number, row in enumerate(rows, 1) for name in row}
    names |= {name: number for number, name in enumerate(_SHORT.split(), 1)}
    prefixes: dict[str, set[int]] = {}
    for name, number in names.items():
        for end in range(3, len(name)):
            prefixes.setdefault(name[:end], set()).add(number)
    return {name: min(of) for name, of in prefixes.items() if len(of) == 1} | names


MONTH_NAMES = _months()
MONTHS = {fold(name).lower(): number for name, number in MONTH_NAMES.items()}
WEEKDAYS = frozenset(fold(_WEEKDAYS).lower().split())
BEFORE = frozenset(fold(_BEFORE).lower().split())
UNITS = frozenset(fold(_UNITS).lower().split())


def eastern_day(text: str, at: int) -> int:
    """Skip a day of the week in an East Asian language, such as 月曜日, which a date does not need:
    return the offset of its end, if it begins at offset `at` of the text, else `at`."""
    day = _EASTERN_DAY.match(text, at)
    return day.end() if day else at


def eastern_noon(text: str, at: int) -> tuple[bool, int]:
    """Read an East Asian word for a.m. or p.m., such as 午後, that begins at offset `at` of a text.

    Returns whether it means p.m., and the offset of its end; False and `at` if none begins there.
    """
    half = _EASTERN_NOON.match(text, at)
    return (half[1] is None, half.end()) if half else (False, at)
