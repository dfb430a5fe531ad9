"""The names of the months in many languages.

The names are simplified by `fold`: in lower case, without accents, with ASCII digits.
"""

from functools import lru_cache

from worker.clean.dates.letters import fold

# One row for each month: its names in many languages, in the grammatical cases used in dates.
# Prefixes of these names are names, too, if they belong to one month only.
_MONTHS = (
    "january januar jänner janner januari janvier enero janeiro gennaio gener января январь "
    "січня януари stycznia styczeń ledna leden januára ianuarie ocak tammikuuta január "
    "ιανουαρίου|"
    "february februar feber februari pebruari février fevrier febrero fevereiro febbraio "
    "febrer февраля февраль лютого февруари lutego luty února únor februára februarie şubat "
    "subat helmikuuta február φεβρουαρίου febuary|"
    "march märz maerz maart mrt mars marzo março marco març марта март березня marca marzec března "
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
    "november nopember novembre noviembre novembro ноября ноябрь листопада ноември listopada "
    "listopad listopadu novembra noiembrie kasım marraskuuta νοεμβρίου|"
    "december dezember décembre decembre diciembre dezembro dicembre desembre desember декабря "
    "декабрь грудня декември grudnia grudzień prosince prosinec decembra decembrie aralık "
    "joulukuuta δεκεμβρίου"
)
_SHORT = "jan feb mar apr may jun jul aug sep oct nov dec"  # outrank the prefixes of other names

# Names of further languages, January to December, one line each. Only whole names count.
_FURTHER = """
يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
جانفي فيفري مارس أفريل ماي جوان جويلية أوت سبتمبر أكتوبر نوفمبر ديسمبر
يناير فبراير مارس إبريل ماي يونيه يوليوز غشت شتنبر أكتوبر نونبر دجنبر
- شباط آذار نيسان أيار حزيران تموز آب أيلول - - -
ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر
جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر
ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר
בינואר בפברואר במרץ באפריל במאי ביוני ביולי באוגוסט בספטמבר באוקטובר בנובמבר בדצמבר
जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर
- फ़रवरी - अप्रेल - - - - सितम्बर अक्तूबर नवम्बर दिसम्बर
जानेवारी फेब्रुवारी मार्च एप्रिल - जून जुलै ऑगस्ट सप्टेंबर ऑक्टोबर नोव्हेंबर डिसेंबर
জানুয়ারি ফেব্রুয়ারি মার্চ এপ্রিল মে জুন জুলাই আগস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর
জানুয়ারী ফেব্রুয়ারী মার্চ এপ্রিল মে জুন জুলাই অগাস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর
ஜனவரி பிப்ரவரி மார்ச் ஏப்ரல் மே ஜூன் ஜூலை ஆகஸ்ட் செப்டம்பர் அக்டோபர் நவம்பர் டிசம்பர்
జనవరి ఫిబ్రవరి మార్చి ఏప్రిల్ మే జూన్ జులై ఆగస్టు సెప్టెంబర్ అక్టోబర్ నవంబర్ డిసెంబర్
มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม
იანვარი თებერვალი მარტი აპრილი მაისი ივნისი ივლისი აგვისტო სექტემბერი ოქტომბერი ნოემბერი დეკემბერი
հունվար փետրվար մարտ ապրիլ մայիս հունիս հուլիս օգոստոս սեպտեմբեր հոկտեմբեր նոյեմբեր դեկտեմբեր
հունվարի փետրվարի մարտի ապրիլի մայիսի հունիսի հուլիսի օգոստոսի - - - -
- - - - - - - - սեպտեմբերի հոկտեմբերի նոյեմբերի դեկտեմբերի
siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna - studenoga prosinca
siječanj veljača ožujak travanj svibanj lipanj srpanj kolovoz rujan - studenog prosinac
januara februara marta aprila maja juna jula avgusta septembra oktobra novembra decembra
januarja februarja marca aprila maja junija julija avgusta septembra oktobra novembra decembra
januar februar marec april maj junij julij avgust septembar oktobar novembar decembar
јануара фебруара марта априла маја јуна јула августа септембра октобра новембра децембра
јануар фебруар март април мај јун јул август септембар октобар новембар децембар
јануари февруари март април мај јуни јули август септември октомври ноември декември
студзеня лютага сакавіка красавіка мая чэрвеня ліпеня жніўня верасня кастрычніка лістапада снежня
jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember
sausio vasario kovo balandžio gegužės birželio liepos rugpjūčio rugsėjo spalio lapkričio gruodžio
janvāris februāris marts aprīlis maijs jūnijs jūlijs augusts septembris oktobris novembris decembris
janvārī februārī martā aprīlī maijā jūnijā jūlijā augustā septembrī oktobrī novembrī decembrī
janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember
janar shkurt mars prill maj qershor korrik gusht shtator tetor nëntor dhjetor
januari februari mac april mei jun julai ogos september oktober november disember
enero pebrero marso abril mayo hunyo hulyo agosto setyembre oktubre nobyembre disyembre
januari februari machi aprili mei juni julai agosti septemba oktoba novemba desemba
januarie februarie maart april mei junie julie augustus september oktober november desember
xaneiro febreiro marzo abril maio xuño xullo agosto setembro outubro novembro decembro
yanvar fevral mart aprel may iyun iyul avqust sentyabr oktyabr noyabr dekabr
yanvar fevral mart aprel may iyun iyul avgust sentabr oktabr noyabr dekabr
қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан
urtarrila otsaila martxoa apirila maiatza ekaina uztaila abuztua iraila urria azaroa abendua
ionawr chwefror mawrth ebrill mai mehefin gorffennaf awst medi hydref tachwedd rhagfyr
eanáir feabhra márta aibreán bealtaine meitheamh iúil lúnasa - - samhain nollaig
jan feb mar apr maj jun jul avg sep okt nov dec
jaan veebr märts apr mai juuni juuli aug sept okt nov dets
saus vas kov bal geg birž liep rugp rugs spal lapkr gruod
gen febr març abr maig juny jul ag set oct nov des
ιανουάριος φεβρουάριος μάρτιος απρίλιος μάιος ιούνιος ιούλιος αύγουστος - - - -
- - - - - - - - σεπτέμβριος οκτώβριος νοέμβριος δεκέμβριος
jan feb mrz apr mei jun jul agt sep okt nop des
јан феб мар апр мај јун јул авг сеп окт нов дец
- - - - - čvn čvc - - - - -
"""
_ENGLISH = (
    "january february march april may june july august september october november december".split()
)
_LEAST_MISSPELT = 5  # letters; shorter words are too close to other words


def _common_names() -> dict[str, int]:
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


def _further_names() -> dict[str, int]:
    rows = [row.split() for row in _FURTHER.strip().splitlines()]
    return {name: number for row in rows for number, name in enumerate(row, 1) if name != "-"}


def _folded(names: dict[str, int]) -> dict[str, int]:
    return {fold(name).lower(): number for name, number in names.items()}


MONTH_NAMES = _common_names()
MONTHS = _folded(_further_names()) | _folded(MONTH_NAMES)


def month_of(word: str) -> int:
    """Return the number of the month that a word in lower case names, such as 2 for "feb" or the
    misspelt "febuary"; 0 if it names none."""
    return MONTHS.get(word) or (_misspelt(word) if len(word) >= _LEAST_MISSPELT else 0)


@lru_cache(maxsize=1024)  # bounded: words are untrusted
def _misspelt(word: str) -> int:
    """Return the number of the month whose English name differs from a word by one slip: a letter
    too many, too few or wrong, or two letters in the wrong order. The first letter must be right.
    """
    for number, name in enumerate(_ENGLISH, 1):
        if name[0] == word[0] and len(name) >= _LEAST_MISSPELT and _one_slip(word, name):
            return number
    return 0


def _one_slip(word: str, name: str) -> bool:
    """Whether one edit turns a word into a name (Damerau's four kinds of spelling errors, 1964)."""
    if abs(len(word) - len(name)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(word, name, strict=False)) if a != b), None)
    if start is None:
        return len(word) != len(name)
    rest, expected = word[start:], name[start:]
    return (
        rest[1:] == expected[1:]
        or rest[1:] == expected
        or rest == expected[1:]
        or (rest[:2] == expected[1::-1] and rest[2:] == expected[2:])
    )
