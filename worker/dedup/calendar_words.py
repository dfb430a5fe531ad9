"""Names of days and months in English, German, French, Spanish, Italian, Portuguese and Dutch,
in lower case. By them a date in a text is told from other numbers and words."""

WEEKDAYS = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday
    montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag
    lundi mardi mercredi jeudi vendredi samedi dimanche
    lunes martes miércoles jueves viernes sábado domingo
    lunedì martedì mercoledì giovedì venerdì sabato domenica
    segunda terça quarta quinta sexta
    maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
    """.split()
)
MONTHS = frozenset(
    """
    january february march april may june july august september october november december
    januar jänner feber februar märz mai juni juli oktober dezember
    janvier février mars avril juin juillet août septembre octobre novembre décembre
    enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre
    diciembre
    gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre
    janeiro fevereiro março maio junho julho setembro outubro novembro dezembro
    januari februari maart mei augustus
    """.split()
)
MONTHS_CUT_SHORT = frozenset(
    """
    jan feb mar apr jun jul aug sep sept oct okt nov dec dez janv févr avr juil déc ene abr ago
    dic gen mag giu lug ott fev set out
    """.split()
)
OTHER_NAMES = {
    "jänner": "januar",
    "feber": "februar",
    "sonnabend": "samstag",
    "setiembre": "septiembre",
}  # of the same day or month
