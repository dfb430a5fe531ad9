"""Function words of English, German, French, Spanish, Portuguese and Italian, and verbs that any
news has.

They say how a text is written and not what it is about, so they are no evidence of a topic.
"""

from collections.abc import Collection

_BY_LANGUAGE = {
    "en": """a about above according across after again against ago all almost along already
        also although always am among amid an and another any anyone anything are around
        as at away be because become been before behind being below beside besides
        between beyond both but by can can't cannot could couldn't did didn't do does
        doesn't doing don't done down during each either else enough even ever every
        everyone everything except few for from further had hadn't has hasn't have
        haven't having he he's her here hers herself him himself his how however i i'm
        if in indeed inside instead into is isn't it it's its itself just least less let
        like many may me might mine more most much must my myself near nearly neither
        never no nobody none nor not nothing now of off often on once one only onto or
        other others our ours ourselves out outside over own per perhaps quite rather
        really s said say saying says several shall she she's should shouldn't since so
        some someone something sometimes still such t than that that's the their theirs
        them themselves then there there's these they they're this those though through
        throughout thus to together too toward towards under until up upon us very via
        was wasn't we we're were weren't what whatever when where whether which while
        who whom whose why will with within without won't would wouldn't yes yet you
        your yours yourself""",
    "de": """ab aber alle allem allen aller alles als also am an ander andere anderen auch
        auf aus außer bald bei beide beim bereits bis bisher da dabei dadurch dafür
        dagegen daher dahin damals damit danach daneben dann daran darauf daraus darf
        darin darüber darum das dass davon davor dazu dein dem den denen denn dennoch
        der deren des dessen die dies diese diesem diesen dieser dieses doch dort du
        durch ein eine einem einen einer eines einige einmal er erst es etwa etwas euch
        fast für gab ganz gar gegen gegenüber geht gehen gibt haben hat hatte hatten
        hätte hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in
        indem ins irgend ist ja je jede jedem jeden jeder jedes jedoch jetzt kann kein
        keine keinen knapp kommen kommt könnte können lassen lässt laut machen macht mal
        man mehr mehrere mein mich mir mit mittlerweile muss müssen nach nachdem neben
        nicht nichts nie noch nun nur ob oben oder oft ohne rund sagen sagt sagte schon
        sehr seien sein seine seinem seinen seiner seit selbst sich sie sind so sogar
        solche soll sollen sollte sondern sonst sowie statt trotz über um und uns unser
        unsere unter viel viele vielen vom von vor wann war waren warum was wegen weil
        weiter weitere weiteren weiterhin welche wenig wenige wenn wer werden wie wieder
        will wir wird wo wohl wollen worden wurde wurden würde während zu zudem zum zur
        zwar zwischen""",
    "fr": """afin ai ainsi alors après au aucun aucune aujourd'hui auprès auquel aussi autant
        autour autre autres aux avaient avait avant avec avoir beaucoup bien car ce ceci
        cela celle celles celui cependant certains ces cet cette ceux chaque chez
        combien comme comment contre dans de déjà delà depuis derrière des dès dessous
        dessus devant devrait dit dire doit doivent donc dont du durant elle elles en
        encore enfin ensuite entre envers environ est et étaient était été être eu eux
        faire fait faut font fut grâce hors ici il ils jamais je jusqu jusque la là le
        lequel les leur leurs loin lors lorsque lui ma mais malgré mes mieux moins mon
        ne ni non nos notre nous on ont or ou où par parce parfois parmi pas pendant peu
        peut peuvent plus plusieurs plutôt pour pourquoi pourrait pourtant pouvoir près
        presque puis puisque quand quant que quel quelle quelles quelque quelques quels
        qui quoi rien sa sans sauf se selon sera seront ses seulement si sinon soit son
        sont sous souvent suis sur surtout ta tandis tant tel telle tels tes ton
        toujours tous tout toute toutes très trop tu un une va vers voici voilà vont vos
        votre vous y""",
    "es": """a acerca además ahí ahora al algo alguien algún alguna algunas alguno algunos
        allá allí ambos ante antes apenas aquel aquella aquellos aquí así aún aunque
        bajo bien cada casi cerca como cómo con contra cual cuál cuales cualquier cuando
        cuándo cuanto de debe deben debido decir del demás dentro desde después detrás
        dice dicen dicho dijo donde dónde durante e el él ella ellas ello ellos en
        encima entonces entre era eran es esa esas ese eso esos esta está están estar
        estas este esto estos fue fueron fuera ha había han hace hacen hacer hacia hasta
        hay haya incluso jamás junto la las le lejos les lo los luego mas más me
        mediante menos mientras mi mis mismo misma mucho mucha muchos muy nada nadie ni
        ningún ninguna no nos nosotros nuestra nuestro nunca o os otra otras otro otros
        para pero poco pocos podría por porque pronto pues puede pueden que qué quien
        quién quienes se sea según ser será si sí siempre sido sin sino sobre solo sólo
        son su sus tal también tampoco tan tanto te tiene tienen toda todas todavía todo
        todos tras tu tus un una unas uno unos va van varias varios y ya yo""",
    "pt": """à às a abaixo acima afirma afirmou agora ainda além algo alguém algum alguma
        algumas alguns ali ambos ante antes ao aos apenas após aquela aquele aquilo aqui
        as assim até através atinge atingem atingir atingiu bem cada cerca com como
        conforme conta contra contudo cuja cujo da das de debaixo dela dele deles depois
        desde dessa desse desta deste deve devem devido diante disse disso dito diz
        dizem dizer do dos durante e é ela elas ele eles em embora enquanto entanto
        então entre era eram essa essas esse esses esta está estão estar estas estava
        este estes eu faz fazem fazer fez fica ficam ficar ficou foi fora foram há isso
        isto já junto lá lhe lhes logo longe mais mas me mediante menos mesma mesmo meu
        minha muita muitas muito muitos na nada não nas nem nenhum nenhuma nessa nesse
        nesta neste ninguém no nos nós nossa nosso num numa nunca o onde ontem os ou
        outra outras outro outros para pela pelas pelo pelos perante perto pode podem
        poderá pois por porém porque portanto pouco poucos próprio própria qual quais
        qualquer quando quanto quase que quem são se segundo seja sem sempre sendo ser
        será seu seus si sido sob sobre sua suas tal também tampouco tanta tanto tem têm
        ter tinha toda todas todavia todo todos tudo um uma umas uns vai vão vários você""",
    "it": """a accanto adesso affinché agli ai al alcun alcuna alcune alcuni all alla alle
        allo allora altra altre altri altro anche ancora anzi appena attraverso avanti
        avere aveva avevano ben bene benché c che chi ci ciascuno ciò circa coi col come
        con contro cosa così cui da dagli dai dal dall dalla dalle davanti degli dei del
        dell della delle dello dentro deve devono di dice dicono dietro dire dopo dove
        dovrebbe due dunque durante e è ecco ed era erano essa esse essere essi fa fanno
        fare fatto fin finché fino fra fu fuori già gli grazie ha hanno ho i ieri il in
        inoltre insieme intanto intorno invece io la là le lei li lì lo lontano loro lui
        lungo ma mai malgrado me meno mentre mi mia mio molta molte molti molto ne né
        negli nei nel nell nella nelle nemmeno nessun nessuna niente no noi non nostra
        nostro nulla o ogni oggi oltre oppure ora per perché perciò però più poco poi
        possono presso prima può pure qualche qualcosa qualcuno quale quali quando
        quanto quasi quella quelle quelli quello questa queste questi questo qui quindi
        sarà se secondo sei sempre senza si sì sia siamo sino solo sono sopra sotto sta
        stanno stata stati stato su sua subito sue sugli sui sul sull sulla sulle suo
        suoi tale tanto te ti tra tramite troppo tu tutta tutte tutti tutto un una uno
        va vanno verso vi via vicino voi""",
}
_WORDS = {language: frozenset(words.split()) for language, words in _BY_LANGUAGE.items()}


def function_words(languages: Collection[str]) -> frozenset[str]:
    """The function words of these languages; none of a language that has no list here."""
    return frozenset().union(*(_WORDS.get(language, frozenset()) for language in languages))
