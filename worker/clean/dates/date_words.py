"""The words of written dates in many languages besides the months: days of the week, words between
the parts of a date, and words for a.m. and p.m.

The tables have these words in lower case and simplified by `fold`, without accents for example.
"""

import re

from worker.clean.dates.letters import fold

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
    "četvrtak petak subota nedjelja понеделник сряда четвъртък петък събота уторак среда "
    "четвртак петак недеља ponedeljek torek sreda četrtek petek nedelja esmaspäev teisipäev "
    "kolmapäev neljapäev reede laupäev pühapäev pirmdiena otrdiena trešdiena ceturtdiena "
    "piektdiena sestdiena svētdiena pirmadienis antradienis trečiadienis ketvirtadienis "
    "penktadienis šeštadienis sekmadienis mánudagur þriðjudagur miðvikudagur fimmtudagur "
    "föstudagur laugardagur sunnudagur isnin khamis jumaat ahad "
    "الاثنين الإثنين الثلاثاء الأربعاء الاربعاء الخميس الجمعة السبت الأحد الاحد اثنين ثلاثاء "
    "أربعاء خميس جمعة سبت أحد دوشنبه سه‌شنبه چهارشنبه پنجشنبه جمعه شنبه یکشنبه ראשון שני שלישי "
    "רביעי חמישי שישי שבת सोमवार मंगलवार बुधवार गुरुवार बृहस्पतिवार शुक्रवार शनिवार रविवार "
    "সোমবার মঙ্গলবার বুধবার বৃহস্পতিবার শুক্রবার শনিবার রবিবার"
)
# Words before a part of a date, and words after an hour or a year.
_BEFORE = (
    "feira on at of the o am um den der dem vom do so le à a du de d l el del la las los il "
    "alle all dell nell ore ora di às as em om op в o godz godzina klokken kl klo v ve saat "
    "pukul jam lúc ngày da to u ob kell saa nam gada في بتاريخ الساعة يوم יום בשעה den о об"
)
_UNITS = (
    "clock hrs hours hour h uhr heures heure hs horas hora uur г год года ч r roku hod óra gada "
    "році року р"
)
_EASTERN_DAY = re.compile(
    r"(?:星期|周|週|礼拜|禮拜)[一二三四五六日天]|[月火水木金土日]曜日?|[월화수목금토일]요일"
    r"|\((?:[月火水木金土日]|[월화수목금토일]|[一二三四五六])\)"
    r"|(?:thu (?:hai|ba|tu|nam|sau|bay)|chu nhat)\b",
    re.I,
)
_EASTERN_NOON = re.compile(
    r"(上午|午前|오전|凌晨|早上|a\.?m\.? ?(?=[0-9]{1,2}:[0-9]))"
    r"|下午|午後|오후|晚上|中午|p\.?m\.? ?(?=[0-9]{1,2}:[0-9])",
    re.I,
)


WEEKDAYS = frozenset(fold(_WEEKDAYS).lower().split())
BEFORE = frozenset(fold(_BEFORE).lower().split())
UNITS = frozenset(fold(_UNITS).lower().split())


def eastern_day(text: str, at: int) -> int:
    """Skip a day of the week in an East Asian language, such as 月曜日, which a date does not need:
    return the offset of its end, if it begins at offset `at` of the text, else `at`."""
    day = _EASTERN_DAY.match(text, at)
    return day.end() if day else at


def eastern_noon(text: str, at: int) -> tuple[bool, int]:
    """Read a word for a.m. or p.m. that stands before its time, such as 午後 or the PM of "PM
    10:13", and begins at offset `at` of a text.

    Returns whether it means p.m., and the offset of its end; False and `at` if none begins there.
    """
    half = _EASTERN_NOON.match(text, at)
    return (half[1] is None, half.end()) if half else (False, at)
