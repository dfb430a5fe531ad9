"""Words that stand around articles, not in them; by what they are about, in several languages.

A feature, not a rule: the trees weigh how much of a block these words are. A new phrase needs the
trees to be trained again.
"""

from functools import cache

from ahocorasick_rs import AhoCorasick, MatchKind

PHRASES = {
    "related": """read more|read also|read next|also read|see also|related|more from|more on
        |continue reading|recommended|trending|most read|most popular|popular|you may like
        |you might like|you may also like|you might also like|don't miss|don’t miss|up next
        |latest|top stories|editor's picks|editors' picks|more stories|more news
        |similar articles|related posts|related articles|lesen sie auch|mehr zum thema
        |auch interessant|weitere artikel|meistgelesen|empfohlen|das könnte sie|siehe auch
        |lire aussi|sur le même sujet|les plus lus|voir aussi|à découvrir|te puede interesar
        |lea también|más leídas|más leído|noticias relacionadas|más información|leia também
        |veja também|mais lidas|leggi anche|potrebbe interessarti|articoli correlati
        |i più letti|читайте также|по теме|популярное|lees ook|meer nieuws|czytaj też
        |zobacz także|przeczytaj także|polecane|powiązane""",
    "subscribe": """sign up|sign in|subscribe|subscription|newsletter|newsletters|log in
        |login|register
        |create an account|your inbox|your email|email address|free trial|already a member
        |abonnieren|anmelden|registrieren|jetzt testen|s'abonner|abonnez-vous|inscrivez-vous
        |se connecter|suscríbete|suscribirse|regístrate|iniciar sesión|assine|cadastre-se
        |iscriviti|abbonati|accedi|подписаться|подпишитесь|войти|zapisz się|zaloguj
        |inschrijven""",
    "legal": """copyright|©|all rights reserved|terms of use|terms of service|terms and conditions
        |privacy policy|privacy|cookie|cookies|disclaimer|accessibility|impressum
        |datenschutz|nutzungsbedingungen|agb|alle rechte vorbehalten|mentions légales
        |tous droits réservés|confidentialité|aviso legal|todos los derechos
        |política de privacidad|todos os direitos|tutti i diritti|все права|sitemap
        |contact us|about us|kontakt|contact|advertise with us""",
    "image": """photo|photos|image|images|picture|getty|reuters|afp|courtesy|credit|photograph
        |photographer|illustration|screenshot|shutterstock|unsplash|istock|file photo|foto
        |fotos|bild|bilder|crédit|imagen|imagem|immagine|фото|gallery|slideshow|video|watch
        |enlarge""",
    "share": """share|tweet|facebook|twitter|whatsapp|pinterest|linkedin|email|e-mail|print|telegram
        |reddit|instagram|youtube|tiktok|threads|bluesky|copy link|share this|teilen|drucken
        |partager|imprimer|compartir|imprimir|condividi|stampa|поделиться|compartilhar|delen
        |udostępnij""",
    "comments": """comment|comments|reply|replies|leave a comment|leave a reply|your comment
        |add comment|required fields|kommentar|kommentare|antworten|commentaire|commentaires
        |répondre|comentario|comentarios|responder|commenti|комментарии|ответить|komentarze
        |reacties""",
    "byline": """by|posted|published|updated|written|written by|reviewed by|edited by
        |medically reviewed|fact checked|author|editor|staff writer|last updated|von
        |veröffentlicht|aktualisiert|autor|redaktion|par|publié|mis à jour|por|publicado
        |actualizado|atualizado|autore|pubblicato|автор|about the author|view all posts
        |contributor|correspondent""",
    "time": """min read|minute read|minutes read|hours ago|days ago|day ago|hour ago|ago|january
        |february|march|april|june|july|august|september|october|november|december|jan|feb
        |mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|januar|februar|märz|juni|juli|oktober
        |dezember|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre
        |décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre
        |noviembre|diciembre|uhr|et|gmt|utc""",
    "promotion": """follow us|follow|download the app|get the app|advertisement|sponsored|affiliate
        |commission|click here|learn more|get started|shop now|buy now|add to cart|book now
        |view all|see all|show more|load more|back to top|next|previous|menu|search|skip to
        |join|donate|support us|werbung|anzeige|publicité|publicidad|pubblicità|реклама
        |app store|google play|podcast|discount|coupon|price""",
    "reference": """references|sources|footnotes|bibliography|further reading
        |table of contents|contents
        |in this article|faq|key takeaways|summary|conclusion|tags|tagged|filed under|topics
        |categories|quellen|inhaltsverzeichnis|schlagwörter|sommaire|étiquettes|etiquetas
        |archives|doi|pubmed""",
}  # fmt: skip


@cache
def _automaton() -> AhoCorasick:
    phrases = {" ".join(p.split()) for listed in PHRASES.values() for p in listed.split("|")}
    return AhoCorasick(sorted(phrases), matchkind=MatchKind.LeftmostLongest)


def find_phrases(text: str) -> list[tuple[int, int]]:
    """Start and stop of each phrase in a text in lower case; also inside of words."""
    return [(start, stop) for _, start, stop in _automaton().find_matches_as_indexes(text)]
