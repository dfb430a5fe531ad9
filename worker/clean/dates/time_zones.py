"""Parse the time zone after a time: an offset ("+02:00"), an abbreviation ("CEST"), a name
("Central European Summer Time") or a region ("Eastern Time").

GMT+0200, UTC+2 and +02:00 all mean two hours ahead of UTC. An abbreviation that is not in the table
of this module is not read as a zone. `date_words.fold` must have simplified the text before.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MAX_OFFSET = timedelta(hours=14)  # as in XML Schema; Kiribati has it

# Hours ahead of UTC. An abbreviation with two meanings has the one of English news, or of the
# larger audience; if neither is larger (AMT, SST, WST …), it is omitted.
_HOURS = (
    "wet:0 wez:0 west:1 wesz:1 bst:1 cet:1 mez:1 met:1 wat:1 cest:2 mesz:2 mest:2 cedt:2 eet:2 "
    "oez:2 cat:2 sast:2 wast:2 eest:3 oesz:3 eedt:3 idt:3 msk:3 мск:3 msd:4 eat:3 trt:3 irst:3.5 "
    "irdt:4.5 gst:4 azt:4 get:4 samt:4 mut:4 aft:4.5 pkt:5 uzt:5 tmt:5 tjt:5 yekt:5 mvt:5 "
    "ist:5.5 slst:5.5 npt:5.75 bdt:6 btt:6 omst:6 kgt:6 mmt:6.5 wib:7 ict:7 krat:7 novt:7 hovt:7 "
    "hkt:8 sgt:8 pht:8 phst:8 myt:8 bnt:8 awst:8 irkt:8 wita:8 ulat:8 jst:9 kst:9 wit:9 yakt:9 "
    "tlt:9 acst:9.5 acdt:10.5 aest:10 aedt:11 pgt:10 chst:10 vlat:10 magt:11 sakt:11 sret:11 "
    "nct:11 sbt:11 vut:11 nzst:12 nzdt:13 fjt:12 pett:12 anat:12 tot:13 cvt:-1 azost:0 azot:-1 "
    "fnt:-2 brst:-2 ndt:-2.5 hat:-2.5 nst:-3.5 hnt:-3.5 brt:-3 art:-3 uyt:-3 gft:-3 srt:-3 "
    "clst:-3 pmst:-3 pmdt:-2 ast:-4 adt:-3 haa:-3 hna:-4 clt:-4 bot:-4 vet:-4 gyt:-4 est:-5 "
    "edt:-4 hne:-5 hae:-4 cot:-5 pet:-5 cst:-6 cdt:-5 hnc:-6 hac:-5 galt:-6 mst:-7 mdt:-6 hnr:-7 "
    "har:-6 pst:-8 pdt:-7 hnp:-8 hap:-7 akst:-9 akdt:-8 gamt:-9 hst:-10 hast:-10 hdt:-9 hadt:-9 "
    "taht:-10 ckt:-10"
)
_PHRASES = (
    "universal time:0 greenwich mean time:0 coordinated universal time:0 western european time:0 "
    "western european summer time:1 british summer time:1 irish standard time:1 central european "
    "time:1 central european standard time:1 west africa time:1 central european summer time:2 "
    "eastern european time:2 eastern european summer time:3 central africa time:2 south africa "
    "time:2 south africa standard time:2 east africa time:3 moscow time:3 moscow standard time:3 "
    "turkey time:3 israel standard time:2 israel daylight time:3 gulf standard time:4 pakistan "
    "standard time:5 india time:5.5 india standard time:5.5 indian standard time:5.5 nepal "
    "time:5.75 bangladesh standard time:6 indochina time:7 china standard time:8 hong kong "
    "time:8 hong kong standard time:8 singapore time:8 singapore standard time:8 philippine "
    "standard time:8 australian western standard time:8 japan time:9 japan standard time:9 korea "
    "standard time:9 korean standard time:9 australian eastern standard time:10 australian "
    "eastern daylight time:11 new zealand standard time:12 new zealand daylight time:13 brasilia "
    "time:-3 brasilia standard time:-3 argentina time:-3 eastern standard time:-5 eastern "
    "daylight time:-4 central standard time:-6 central daylight time:-5 mountain standard "
    "time:-7 mountain daylight time:-6 pacific standard time:-8 pacific daylight time:-7 alaska "
    "standard time:-9 alaska daylight time:-8 atlantic standard time:-4 atlantic daylight "
    "time:-3 hawaii standard time:-10 hawaii-aleutian standard time:-10"
)
# Names without a word for summer time: the date decides the offset.
_REGIONS = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
    "akt": "America/Anchorage",
    "at": "America/Halifax",
    "nt": "America/St_Johns",
    "aet": "Australia/Sydney",
    "eastern time": "America/New_York",
    "central time": "America/Chicago",
    "mountain time": "America/Denver",
    "pacific time": "America/Los_Angeles",
    "alaska time": "America/Anchorage",
    "atlantic time": "America/Halifax",
    "uk time": "Europe/London",
}
_UNIVERSAL = frozenset(("utc", "gmt", "ut", "z", "tu", "zulu"))


def _fixed(hours: float) -> tzinfo:
    return timezone(timedelta(hours=hours)) if hours else UTC


def _table() -> dict[str, tzinfo]:
    phrases = re.findall(r"([a-z -]+):(-?[0-9.]+) ?", _PHRASES)
    pairs = [*(pair.split(":") for pair in _HOURS.split()), *phrases]
    return {name.strip(): _fixed(float(hours)) for name, hours in pairs}


_FIXED = _table() | dict.fromkeys(_UNIVERSAL, UTC)
_NUMBERS = r"([0-9]{1,2})(?::?([0-9]{2})(?::?([0-9]{2}))?)?(?![0-9:./])"
_OFFSET = re.compile(rf"(\+|--?|\+ (?=[0-9]{{2}}:?[0-9]{{2}}(?![0-9:]))){_NUMBERS}")
# "GMT+2", "GMT + 2" and "(GMT - 2)"; in "10:00 GMT - 4 May" the dash is a separator.
_AFTER_NAME = re.compile(rf" ?(\+ ?|-(?=[0-9])|- (?=[0-9:]+(?:$|[)\]]))){_NUMBERS}")
# Not in "EST5EDT". In "2025-12-17UTC07:30" a program wrote the zone instead of the T of ISO 8601.
_ONE_WORD = re.compile(r"[^\W\d_]{1,5}(?![^\W\d_]|[0-9](?![0-9]:))")
_WORDS = re.compile(r"[a-z]+(?:[ -][a-z]+){1,3}(?![^\W_])")
_REGION = re.compile(
    r"[A-Z]{2,12}(?:/[A-Z_]{2,20}(?:-[A-Z_]{1,20}){0,3}){1,2}(?:[+-]?[0-9]{1,2}(?![0-9:]))?", re.I
)
_COMMENT = re.compile(r"[(\[][^()\[\]0-9]{2,60}[)\]]$")


class Zone(NamedTuple):
    """One time zone that a date names. A date may name several, as in "10:00 GMT+2 (CEST)".

    `exact` says that it is written as a number of hours, which is preferred to a name. `universal`
    says that it is written as GMT, UTC or the like: the "GMT" of "GMT+2" is no second zone.
    """

    zone: tzinfo
    exact: bool  # a numeric offset, which outranks a name next to it
    universal: bool = False  # GMT or the like: next to an offset it is only its base


def read_zone(text: str, at: int, *, previous: Zone | None) -> tuple[Zone, int] | None:
    """Parse the time zone that begins at offset `at` of a written date. Returns the zone and the
    offset of its end; None if no zone begins there.

    `previous` is the zone that was read just before it, None if there was none. After a number such
    as "+0200", words in brackets are taken for another name of that zone. Raises ValueError for a
    distance from UTC that no place on earth has.
    """
    if text[at] in "([":
        return _in_brackets(text, at, previous)
    if offset := _OFFSET.match(text, at):
        return Zone(_offset(*offset.groups()), exact=True), offset.end()
    if (region := _REGION.match(text, at)) and (zone := _region(region[0])):
        return Zone(zone, exact=False), region.end()
    return _named(text, at)


def _in_brackets(text: str, at: int, previous: Zone | None) -> tuple[Zone, int] | None:
    """Parse a zone in brackets. After a numeric offset, any words in brackets at the end of the
    text are accepted as the name of the same zone: "+0200 (Central European Summer Time)"."""
    if previous and previous.exact and (comment := _COMMENT.match(text, at)):
        return previous, comment.end()
    inner = read_zone(text, at + 1, previous=None) if at + 1 < len(text) else None
    if not inner or text[inner[1] : inner[1] + 1] not in (")", "]"):
        return None
    return inner[0], inner[1] + 1


def _named(text: str, at: int) -> tuple[Zone, int] | None:
    low = text.lower()
    name, end = _name_at(low, at)
    if not name:
        return None
    zone = Zone(_zone_of_name(name), exact=False, universal=name in _UNIVERSAL)
    if not (offset := _AFTER_NAME.match(low, end)):
        return zone, end
    numbers = Zone(_offset(*offset.groups()), exact=True)
    if zone.universal:
        return numbers, offset.end()
    # "EST-0500" repeats the offset of EST; "MSK+3" may mean three hours ahead of Moscow.
    return (zone, end) if offset[3] else None


def _name_at(low: str, at: int) -> tuple[str, int]:
    """Find the longest zone name at offset `at` of a lower-case text; return it with its end.

    Returns "" and `at` if there is none.
    """
    if words := _WORDS.match(low, at):
        name = words[0]
        while " " in name:
            if name in _FIXED or name in _REGIONS:
                return name, at + len(name)
            name = name.rpartition(" ")[0]
    word = _ONE_WORD.match(low, at)
    if not word or (word[0] == "at" and word.end() < len(low)):  # "10:00 at …"
        return "", at
    return (word[0], word.end()) if word[0] in _FIXED or word[0] in _REGIONS else ("", at)


def fixed_offset(name: str) -> timedelta:
    """Return the offset from UTC of a time zone name that means the same offset all year, such as
    "EST" or "Central European Summer Time".

    Raises ValueError for any other name.
    """
    zone = _FIXED.get(name.lower())
    if zone is None:
        raise ValueError(f"no time zone with a fixed offset: {name}")
    return zone.utcoffset(None) or timedelta()


def _zone_of_name(name: str) -> tzinfo:
    return _FIXED.get(name) or ZoneInfo(_REGIONS[name])


def _offset(sign: str, hours: str, minutes: str | None, seconds: str | None) -> tzinfo:
    ahead = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
    if ahead > _MAX_OFFSET or int(minutes or 0) > 59 or int(seconds or 0) > 59:
        raise ValueError(f"no time zone has the offset {sign}{hours}:{minutes or '00'}")
    return timezone(-ahead if sign.startswith("-") else ahead)


@lru_cache(maxsize=1024)  # bounded: names are untrusted, and each look-up reads a file
def _region(name: str) -> tzinfo | None:
    for spelling in (name, name.title()):
        try:
            return ZoneInfo(spelling)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            continue
    return None


def name_of(zone: tzinfo | None) -> str:
    """Return the name under which a time zone is stored: "Europe/Paris", "+02:00" or "UTC"; "" for
    None, an unknown zone."""
    if zone is None:
        return ""
    if isinstance(zone, ZoneInfo):
        return zone.key
    return offset_name(zone.utcoffset(None) or timedelta())


def offset_name(ahead: timedelta) -> str:
    """Return an offset from UTC as ±HH:MM, "UTC" if it is zero. Seconds are left out."""
    minutes = abs(ahead) // timedelta(minutes=1)
    sign = "-" if ahead < timedelta() else "+"
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}" if minutes else "UTC"


def agreed(zones: Sequence[Zone], local: datetime) -> tzinfo:
    """Choose one of the time zones that a date names: the first that is a number of hours, else the
    first.

    `local` is the date without a zone. Raises ValueError if the zones contradict each other on that
    day; "GMT" next to a number, as in "GMT+2", contradicts nothing.
    """
    exact = [zone for zone in zones if zone.exact]
    chosen = (exact or zones)[0].zone
    for zone in zones:
        if zone.universal and exact:
            continue
        if zone.zone.utcoffset(local) != chosen.utcoffset(local):
            raise ValueError(f"two different time zones: {chosen} and {zone.zone}")
    return chosen
