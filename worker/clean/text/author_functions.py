"""Tell the functions of people ("Senior Reporter") and texts that name nobody ("admin") from the
names of authors."""

import re
from functools import lru_cache

# What authors are called who have no name, in lower case.
_NO_NAMES = frozenset(
    name.strip()
    for name in """
    admin|administrator|adm|root|webmaster|web master|sysadmin|superuser|super user|system|test
    |unknown|unbekannt|inconnu|desconocido|sconosciuto|desconhecido|неизвестно|none|null|nil|nan
    |n/a|na|undefined|default|no author|not specified|author|authors|autor|auteur|by|name|user
    |guest|guest author|guest post|post author|posted by|written by|staff|the staff|team
    |the team|our team|editor|editors|the editor|the editors|editorial|editorial team
    |editorial staff|editorial desk|the editorial team|newsroom|news room|redaktion
    |die redaktion|online-redaktion|onlineredaktion|redaktion online|unsere redaktion
    |unserer redaktion|newsredaktion|news-redaktion|webredaktion|web-redaktion|lokalredaktion
    |rédaction|la rédaction|redaction|la redaction|rédaction web|redacción|la redacción
    |redaccion|la redaccion|redacción web|redazione|la redazione|redazione web|redação
    |da redação|redacção|a redação|redakcja|redakce|redakcia|redakcija|szerkesztőség|redaksi
    |редакція|редакцията|wpadmin|wp-admin|wordpress|nobody|편집부|편집국|취재팀|온라인뉴스팀
    |redactie|de redactie|redaktionen|redaksjonen|toimitus
    |редакция|редактор|автор|админ|администратор|编辑|编辑部|編輯|編輯部|編集部|本站编辑|小编|佚名|未知|匿名|info|support
    |contributor|contributors|columnist|columnists|writers|more authors|all authors|supplied
    |contributed|member|members|login|sign in|view all posts|see more|read more
    |unknown author|no name|staff report|staff reports|from staff reports|staff and wire reports
    |wire reports|wire services|news staff|news service|news services|sponsored|advertorial
    |sponsored content|advertisement|anzeige|press release|pressemitteilung|object object|updated
    |published|posted|last updated|aktualisiert|publié|publicado|yesterday|today""".split("|")
)
# Editorial offices: "Sportredaktion", "Redaktion Sport", "La rédaction du Post".
_EDITORIAL = re.compile(
    r"(?:die |unsere )?[\w-]{0,30}redaktion(?:\s\w{1,30})?"
    r"|(?:la )?(?:redacci[oó]n|redazione|r[eé]daction|reda[cç]ção|redação)(?:\s.{1,60})?",
    re.I,
)
_TEMPLATE = re.compile(r"[{}%\\]|[a-z]{3}\.[a-z]{3,}\.[a-z]{3}")
_NUMBERED = re.compile(
    r"(?:user|author|editor|admin|member|guest|contributor|autor|profile)[-_ .#]?\d{1,12}"
    r"|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=[^\s]{0,40}\d)[0-9a-f]{12,40}|[\W\d_]*",
    re.I,
)
FIELD = (
    "staff|senior|sr|junior|jr|chief|lead|deputy|assistant|associate|contributing|managing"
    "|executive|special|freelance|guest|national|international|foreign|local|political|politics"
    "|business|economics?|finance|financial|science|health|medical|sports?|football|world|news"
    "|digital|online|web|features?|investigative|investigations|education|technology|tech"
    "|environment|climate|crime|courts?|legal|culture|arts?|entertainment|travel|food|opinion"
    "|data|night|day|city|metro|regional|video|photo|audience|social|media|copy|content|site"
    "|europe|asia|africa|us|uk|china|russia|washington|former|co|general|principal|global"
    "|energy|security|defen[cs]e|diplomatic|royal|home|affairs|and|&"
)
SURE_OFFICE = (
    "reporters?|correspondents?|columnists?|journalists?|editor-in-chief|editors? in chief|blogger"
    "|commentator|photographer|newscaster|copywriter|freelancer|intern|staffer"
    "|(?:chef|online-?|sport-?|politik-?|wirtschafts-?)?redakteur(?:in)?"
    "|(?:auslands)?korrespondent(?:in)?"
    "|reporterin|journalistin|volontär(?:in)?|freier? (?:journalist|autor)(?:in)?|journaliste"
    "|rédacteur|rédactrice|correspondante?|chroniqueu(?:r|se)|periodista|redactora?|corresponsal"
    "|columnista|giornalista|redattore|redattrice|corrispondente|jornalista|repórter|colunista"
    "|корреспондент|журналист|обозреватель|ceo|cto|cfo|coo|co-founder|founder"
)
OFFICE = (
    f"{SURE_OFFICE}|editors?|writers?|contributors?|producers?|critics?|analysts?|experts?|authors?"
    "|directors?|managers?|presidents?|professors?|strategists?|specialists?|consultants?|head|chief"
)
FIELDS = rf"(?:(?:{FIELD})[.,]?[\s/-]+){{0,5}}"
_FUNCTION = re.compile(rf"{FIELDS}(?:{OFFICE})", re.I)
_AFTER_NAME = re.compile(
    rf"(?:[^\s,]{{1,30}}\s+){{0,5}}(?:{SURE_OFFICE})(?:\s*[,/].*|\s.*)?"
    rf"|(?:[^\s,]{{1,30}}\s+){{2,5}}(?:{OFFICE})(?:\s*[,/].*|\s.*)?"
    rf"|{FIELDS}(?:{OFFICE})(?:\s*[,/].*|\s+(?:at|of|for|in|on|to|bei|für|von|de|di|du)\s.*)?",
    re.I,
)


@lru_cache(maxsize=4096)
def is_no_author(text: str) -> bool:
    """Whether a text that stands for an author names nobody: "admin", "Staff Writer", a number."""
    text = text.strip(" .:*-–—_,;|()<>[]")
    if text.casefold() in _NO_NAMES or _NUMBERED.fullmatch(text) or _TEMPLATE.search(text):
        return True
    return (_FUNCTION.fullmatch(text) or _EDITORIAL.fullmatch(text)) is not None


def is_function(text: str) -> bool:
    """Whether a text after a name is the function of the person, such as "Senior Reporter"."""
    return _AFTER_NAME.fullmatch(text.strip()) is not None
